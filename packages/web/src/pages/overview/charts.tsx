/** Charts, loaded with the page that shows them. Each is a table too, for whoever would rather read it, or has it read. */
import {
  Bar,
  BarChart,
  CartesianGrid,
  Legend,
  Line,
  LineChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { overview as words } from '../../words/overview.ts';
import styles from './overview.module.css';

type Colour = 'main' | 'good' | 'bad' | 'warn' | 'other';
const COLOURS: Readonly<Record<Colour, string>> = {
  main: 'var(--chart-main)',
  good: 'var(--chart-good)',
  bad: 'var(--tide-bad)',
  warn: 'var(--chart-warn)',
  other: 'var(--chart-other)',
};
const HEIGHT = 210;
const TEXT = { fontSize: 12, fill: 'var(--tide-muted)' };
const TOOLTIP = {
  contentStyle: { background: 'var(--tide-card)', borderColor: 'var(--tide-line)', borderRadius: 3, fontSize: 13 },
  labelStyle: { color: 'var(--mantine-color-text)', fontWeight: 600 },
  itemStyle: { color: 'var(--mantine-color-text)' },
  cursor: { fill: 'var(--tide-hover)', stroke: 'var(--tide-line)' },
  isAnimationActive: false,
};

export interface Series {
  readonly key: string;
  readonly name: string;
  readonly colour: Colour;
}

type Day = Readonly<Record<string, number | string>> & { readonly day: string };

export interface DaysProps {
  readonly label: string;
  readonly since: string;
  readonly until: string;
  readonly data: readonly Day[];
  readonly series: readonly Series[];
  readonly unit?: string;
  /** Lines, instead of bars that stand on each other. */
  readonly lines?: boolean;
}

export function Days({ label, since, until, data, series, unit, lines = false }: DaysProps) {
  if (data.length === 0) return <EmptyState title={words.nothing} />;
  const days = everyDay(data, since, until, lines ? null : series);
  // Never finer than one: thousandths of a minute tell nobody anything.
  const small = lines && days.every((day) => series.every(({ key }) => Number(day[key] ?? 0) <= 1));
  const axes = (
    <>
      <CartesianGrid vertical={false} stroke="var(--tide-line)" />
      <XAxis dataKey="day" tick={TEXT} tickFormatter={shortDay} stroke="var(--tide-line)" minTickGap={24} />
      <YAxis
        tick={TEXT}
        width={44}
        stroke="var(--tide-line)"
        allowDecimals={lines}
        tickFormatter={shortNumber}
        domain={[0, small ? 1 : 'auto']}
      />
      <Tooltip
        {...TOOLTIP}
        formatter={(value) => `${shortNumber(Number(value))}${unit === undefined ? '' : ` ${unit}`}`}
      />
      {series.length > 1 && (
        <Legend wrapperStyle={{ fontSize: 12 }} formatter={(name) => <span className={styles.legend}>{name}</span>} />
      )}
    </>
  );
  return (
    <>
      <div aria-hidden="true">
        <ResponsiveContainer width="100%" height={HEIGHT}>
          {lines ? (
            <LineChart data={days} accessibilityLayer={false}>
              {axes}
              {series.map(({ key, name, colour }) => (
                <Line
                  key={key}
                  dataKey={key}
                  name={name}
                  stroke={COLOURS[colour]}
                  strokeWidth={2}
                  dot={{ r: 2.5 }}
                  connectNulls
                  isAnimationActive={false}
                />
              ))}
            </LineChart>
          ) : (
            <BarChart data={days} accessibilityLayer={false} barCategoryGap="20%">
              {axes}
              {series.map(({ key, name, colour }) => (
                <Bar
                  key={key}
                  dataKey={key}
                  name={name}
                  stackId="day"
                  fill={COLOURS[colour]}
                  maxBarSize={36}
                  isAnimationActive={false}
                />
              ))}
            </BarChart>
          )}
        </ResponsiveContainer>
      </div>
      <AsTable
        label={label}
        heads={['', ...series.map(({ name }) => name)]}
        rows={data.map((day) => [day.day, ...series.map(({ key }) => shortNumber(Number(day[key] ?? 0)))])}
      />
    </>
  );
}

export interface BarsProps {
  readonly label: string;
  readonly data: readonly { readonly value: string; readonly count: number }[];
  /** What is counted. */
  readonly name: string;
  readonly empty?: string;
  /** Where a bar leads. */
  readonly onChoose?: (value: string) => void;
}

/** Few named things, longest bar first: plain boxes, each a button where it leads somewhere. */
export function Bars({ label, data, name, empty = words.nothing, onChoose }: BarsProps) {
  if (data.length === 0) return <EmptyState title={empty} />;
  const most = Math.max(...data.map(({ count }) => count), 1);
  return (
    <ul className={styles.bars} aria-label={`${label}: ${name}`}>
      {data.slice(0, 10).map(({ value, count }) => {
        const bar = (
          <>
            <span className={styles.barName}>{value}</span>
            <span className={styles.barTrack}>
              <span className={styles.barLength} style={{ width: `${Math.max(1, (count / most) * 100)}%` }} />
            </span>
            <span className={styles.barCount}>{shortNumber(count)}</span>
          </>
        );
        return (
          <li key={value}>
            {onChoose === undefined ? (
              <span className={styles.bar}>{bar}</span>
            ) : (
              <button type="button" className={styles.bar} onClick={() => onChoose(value)}>
                {bar}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function AsTable({
  label,
  heads,
  rows,
}: {
  readonly label: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}) {
  return (
    <details className={styles.table}>
      <summary>{words.table}</summary>
      <table aria-label={label}>
        <thead>
          <tr>
            {heads.map((head, index) =>
              index === 0 ? (
                <td key="day" />
              ) : (
                <th key={head} scope="col">
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first = '', ...rest]) => (
            <tr key={first}>
              <th scope="row">{shortDay(first)}</th>
              {rest.map((cell, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its column
                <td key={index}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** Days on which nothing happened are days too. `zero` null: without a figure (there is none to be had). */
function everyDay(data: readonly Day[], since: string, until: string, zero: readonly Series[] | null): Day[] {
  const known = new Map(data.map((day) => [day.day, day]));
  const none = Object.fromEntries((zero ?? []).map(({ key }) => [key, 0]));
  const days: Day[] = [];
  const last = until.slice(0, 10);
  for (let at = Date.parse(`${since.slice(0, 10)}T00:00:00Z`); ; at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push(known.get(day) ?? { day, ...none });
    if (day >= last) return days;
  }
}

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const shortDay = (day: string): string => dayFormat.format(new Date(`${day}T00:00:00Z`));
const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, notation: 'compact' });
const shortNumber = (value: number): string => numbers.format(value);
