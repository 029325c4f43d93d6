import type { IndexWriter } from './index-writer.ts';

/**
 * Takes segments out of the index, and the recordings of which nothing is left with them; their files become garbage. To be called in a
 * transaction; what has no row is passed over.
 */
export function giveUp(index: IndexWriter, streamRowId: number, startsMs: readonly number[]): void {
  const recordings = recordingsOf(index, streamRowId, startsMs);
  index.toGarbage(streamRowId, startsMs);
  for (const recording of recordings) dropIfEmpty(index, streamRowId, recording);
}

function recordingsOf({ reader }: IndexWriter, id: number, startsMs: readonly number[]): readonly number[] {
  const find = reader.arrays('SELECT recording_id FROM segments WHERE stream_id = ? AND start_ms = ?');
  const found = startsMs.map((startMs) => find.get(id, startMs) as unknown as [number] | undefined);
  return [...new Set(found.flatMap((row) => row?.[0] ?? []))];
}

/** Forgets a recording of which nothing is left; not the newest of its stream, which may go on. */
function dropIfEmpty({ reader }: IndexWriter, id: number, recordingId: number): void {
  const next = reader
    .arrays('SELECT id, start_ms FROM recordings WHERE stream_id = ? AND id > ? ORDER BY id LIMIT 1')
    .get(id, recordingId) as unknown as [number, number] | undefined;
  if (next === undefined) return;
  const own = reader.arrays('SELECT start_ms FROM recordings WHERE id = ?').get(recordingId);
  const startMs = Number((own as unknown as [number] | undefined)?.[0] ?? 0);
  // Its segments end where the next recording begins, unless the clock was set back between the two.
  const endMs = next[1] > startMs ? next[1] : Number.MAX_SAFE_INTEGER;
  const left = reader
    .statement(
      'SELECT 1 FROM segments WHERE stream_id = ? AND start_ms >= ? AND start_ms < ? AND recording_id = ? LIMIT 1',
    )
    .get(id, startMs, endMs, recordingId);
  if (left === undefined) reader.statement('DELETE FROM recordings WHERE id = ?').run(recordingId);
}
