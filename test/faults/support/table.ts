import { type Limits, lostMs, type Outcome } from './fault.ts';
import type { RunResult } from './run.ts';

const HEADER = [
  '#',
  'fault',
  'noticed after',
  'picture again after the camera’s first key frame',
  'longest pause of its viewer',
  'recording: missing (of that the camera was away)',
  'reason in the recording',
  'the other camera',
  '',
];

/** The results as a Markdown table. Pure. */
export function faultTable(results: readonly RunResult[]): string {
  const rows = results.map(row);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|${HEADER.map((_, column) => (column >= 2 && column <= 4 ? '--:' : '---')).join('|')}|`;
  return [line(HEADER), rule, ...rows.map(line)].join('\n');
}

function row(run: RunResult): string[] {
  const { fault } = run;
  const head = [fault.id, fault.what];
  if ('missing' in run) return [...head, '', '', '', '', '', '', `left out: ${run.missing}`];
  if ('error' in run) return [...head, '', '', '', '', '', '', `FAIL: ${run.error}`];
  const { outcome, others } = run.result;
  const { limits } = fault;
  return [
    ...head,
    within(outcome.detectedMs, limits.detectedMs),
    within(outcome.recoveredMs, limits.recoveredMs),
    within(outcome.pauseMs, limits.pauseMs),
    recorded(outcome, limits),
    (outcome.gapReasons ?? []).join(', '),
    `pause ${Math.round(others.pauseMs)} ms, ${others.lostPackets} of its packets lost`,
    [run.failures.length === 0 ? 'pass' : `FAIL: ${run.failures.join('; ')}`, outcome.note ?? '']
      .filter((part) => part !== '')
      .join('. '),
  ];
}

function recorded(outcome: Outcome, { lostMs: limit }: Limits): string {
  const { gapMs, awayMs } = outcome;
  if (gapMs === undefined) return '';
  if (gapMs === 0) return 'nothing';
  const away = awayMs === undefined ? '' : ` (${time(awayMs)})`;
  const lost = lostMs(outcome) ?? 0;
  const isOver = limit !== undefined && lost > limit;
  return `${time(gapMs)}${away}${isOver ? `, over ${time(limit)}` : ''}`;
}

function within(value: number | undefined, limit: number | undefined): string {
  if (value === undefined) return '';
  return limit === undefined ? time(value) : `${time(value)} (≤ ${time(limit)})`;
}

function time(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  return ms < 1_000 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
