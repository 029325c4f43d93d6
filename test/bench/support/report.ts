/** One measured figure. A figure with a target passes when it is at most that. */
export interface Figure {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
}

export interface Report {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** What a reader of the table has to know besides. */
  readonly notes?: readonly string[];
}

export function passes(figure: Figure): boolean {
  return figure.target === undefined || figure.value <= figure.target;
}

/** A report as a table for a terminal; also valid Markdown. Pure. */
export function renderReport(report: Report): string {
  const header = ['measured', 'value', 'target', ''];
  const rows = report.figures.map((figure) => [
    figure.what,
    `${formatNumber(figure.value)} ${figure.unit}`.trim(),
    figure.target === undefined ? '' : `<= ${formatNumber(figure.target)} ${figure.unit}`.trim(),
    figure.target === undefined ? '' : passes(figure) ? 'pass' : 'FAIL',
  ]);
  const widths = header.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell[column === 1 || column === 2 ? 'padStart' : 'padEnd'](widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths
    .map((width, column) => '-'.repeat(width + 1) + (column === 1 || column === 2 ? ':' : '-'))
    .join('|')}|`;
  const table = [line(header), rule, ...rows.map(line)];
  return [
    `## ${report.title}`,
    '',
    ...table,
    '',
    ...(report.notes ?? []).map((note) => `- ${note}`),
    '',
  ].join('\n');
}

export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Number.isInteger(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/^-(0(\.0+)?)$/, '$1');
}
