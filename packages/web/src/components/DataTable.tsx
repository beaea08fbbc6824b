/**
 * A table of any length: only the rows in sight are in the document, the next page is read as its end comes near. A real
 * table to assistive technology (roles and counts), each row a link where it has somewhere to lead.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type ReactNode, useEffect, useRef } from 'react';
import { common } from '../words/common.ts';
import styles from './DataTable.module.css';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** As in `grid-template-columns`; default `1fr`. */
  readonly width?: string;
  readonly align?: 'right';
  /** Left out on narrow screens. */
  readonly minor?: boolean;
}

export interface DataTableProps<Row> {
  /** What the table is of, for those who don't see it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Opens the row: on click, and on Enter where the row has the focus. */
  readonly onOpen?: (row: Row) => void;
  /** Called when the end comes near; left out when there is no more. */
  readonly more?: () => void;
  /** Pixels; the table scrolls within. Default: as high as its rows, up to 70 % of the window. */
  readonly height?: number;
  readonly rowHeight?: number;
  /** The key of the row that is shown in full beside the table; it is kept in sight. */
  readonly chosen?: string;
}

const ROW_HEIGHT = 36;

export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  onOpen,
  more,
  height,
  rowHeight = ROW_HEIGHT,
  chosen,
}: DataTableProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    useFlushSync: false,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more !== undefined && last >= rows.length - 20) more();
  }, [last, rows.length, more]);

  const place = chosen === undefined ? -1 : rows.findIndex((row) => rowKey(row) === chosen);
  useEffect(() => {
    if (place >= 0) virtual.scrollToIndex(place, { align: 'auto' });
  }, [place, virtual]);

  const cellClass = ({ align, minor }: Column<Row>) =>
    [styles.cell, align === 'right' ? styles.right : '', minor === true ? styles.minor : ''].join(' ');
  return (
    <div
      ref={scroller}
      className={styles.scroller}
      style={{ ...(height === undefined ? { maxHeight: '70dvh' } : { height }), ...layoutOf(columns) }}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
      tabIndex={0}
    >
      <div role="rowgroup" className={styles.head}>
        <div role="row" className={styles.row} aria-rowindex={1}>
          {columns.map((column) => (
            <div role="columnheader" key={column.key} className={cellClass(column)}>
              {column.title}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          const open = onOpen === undefined ? undefined : () => onOpen(row);
          return (
            <div
              role="row"
              key={rowKey(row)}
              aria-rowindex={index + 2}
              className={open === undefined ? styles.row : styles.opens}
              aria-current={index === place ? 'true' : undefined}
              style={{ height: rowHeight, transform: `translateY(${start}px)` }}
              tabIndex={open === undefined ? undefined : 0}
              onClick={open}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && event.target === event.currentTarget) open?.();
              }}
            >
              {columns.map((column) => (
                <div role="cell" key={column.key} className={cellClass(column)}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {more !== undefined && (
        <div className={styles.more} role="status">
          {common.loading}
        </div>
      )}
    </div>
  );
}

/** One layout for every row, whatever is in it; another one for narrow screens, without what is left out there. */
function layoutOf<Row>(columns: readonly Column<Row>[]): CSSProperties {
  const major = columns.filter(({ minor }) => minor !== true);
  const widths = (of: readonly Column<Row>[]) => of.map(({ width = 'minmax(6rem, 1fr)' }) => width);
  // The least a row takes: narrower than this the table scrolls sideways.
  const least = (of: readonly Column<Row>[]) =>
    `calc(${[...widths(of).map((width) => /minmax\(([^,]+),/.exec(width)?.[1] ?? width), `${0.9 * (of.length + 1)}rem`].join(' + ')})`;
  const layout: Record<`--${string}`, string> = {
    '--columns': widths(columns).join(' '),
    '--columns-narrow': widths(major).join(' '),
    '--least': least(columns),
    '--least-narrow': least(major),
  };
  return layout as CSSProperties;
}
