/** Figures of interleaved runs: medians, and ratios of medians under stable keys. */

export interface Run {
  readonly part: string;
  readonly what: string;
  readonly contestant: string;
  readonly round: number;
  readonly unit: string;
  readonly value: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value below which a share `p` (0–1) of the values lies. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

export class Figures {
  readonly runs: Run[] = [];

  add(run: Run): void {
    this.runs.push(run);
  }

  median(what: string, contestant: string): number {
    return median(
      this.runs.filter((run) => run.what === what && run.contestant === contestant).map((run) => run.value),
    );
  }

  /** `what.a/b` for every contestant against each of the others that one might use instead. */
  ratios(): Record<string, number> {
    const ratios: Record<string, number> = {};
    // A proxy's growth in memory may well be nothing, and nothing makes no ratio: those figures stand alone.
    const compared = this.runs.map((run) => run.what).filter((what) => !what.includes('memory'));
    for (const what of new Set(compared)) {
      for (const other of ['pgbouncer', 'haproxy', 'direct']) {
        const ratio = this.median(what, 'tidegate') / this.median(what, other);
        if (Number.isFinite(ratio)) ratios[`${what}.tidegate/${other}`] = Number(ratio.toFixed(3));
      }
    }
    return ratios;
  }

  /** Figures that stand alone (no other contestant has them), by name. */
  values(): Record<string, number> {
    const values: Record<string, number> = {};
    for (const { what, contestant } of this.runs) {
      values[`${what}.${contestant}`] = Number(this.median(what, contestant).toPrecision(4));
    }
    return values;
  }

  table(part: string): string {
    const runs = this.runs.filter((run) => run.part === part);
    const names = ['direct', 'haproxy', 'pgbouncer', 'tidegate'].filter((name) =>
      runs.some((run) => run.contestant === name),
    );
    const rival = names.includes('pgbouncer') ? 'pgbouncer' : 'haproxy';
    const cell = (value: number): string =>
      Number.isFinite(value) ? value.toLocaleString('en', { maximumSignificantDigits: 4 }) : '–';
    const rows = [...new Set(runs.map((run) => run.what))].map((what) => {
      const unit = runs.find((run) => run.what === what)?.unit ?? '';
      const ratio = this.median(what, 'tidegate') / this.median(what, rival);
      return [
        what,
        unit,
        ...names.map((name) => cell(this.median(what, name))),
        Number.isFinite(ratio) ? ratio.toFixed(2) : '',
      ];
    });
    const head = ['', '', ...names, names.includes(rival) && names.includes('tidegate') ? `tidegate/${rival}` : ''];
    const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
    const line = (row: readonly string[]): string =>
      row
        .map((text, column) => (column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd();
    return [head, ...rows].map(line).join('\n');
  }
}
