import type { SegmentRow } from '../archive.ts';

const COLUMNS = 6;

/** Rows as plain numbers: a thread can hand those on without copying each row. */
export function packSegments(rows: readonly SegmentRow[]): Float64Array<ArrayBuffer> {
  const columns = new Float64Array(rows.length * COLUMNS);
  let at = 0;
  for (const row of rows) {
    columns[at] = row.startMs;
    columns[at + 1] = row.endMs;
    columns[at + 2] = row.recordingId;
    columns[at + 3] = row.startPts90k;
    columns[at + 4] = row.duration90k;
    columns[at + 5] = row.sizeBytes;
    at += COLUMNS;
  }
  return columns;
}

export function unpackSegments(columns: Float64Array): SegmentRow[] {
  const rows: SegmentRow[] = [];
  for (let at = 0; at < columns.length; at += COLUMNS) {
    const cell = (column: number) => columns[at + column] ?? 0;
    rows.push({
      startMs: cell(0),
      endMs: cell(1),
      recordingId: cell(2),
      startPts90k: cell(3),
      duration90k: cell(4),
      sizeBytes: cell(5),
    });
  }
  return rows;
}
