import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import type { IndexWriter } from './index-writer.ts';

/**
 * For the store's thread, once it is known after a start which streams are recorded: those that were recorded by the run
 * before, and are not any more, are not missing because of the stop from now on. Gives how many there were.
 */
export function noteSwitchedOff(index: IndexWriter, args: { recorded: readonly StreamId[] }): number {
  const recorded = new Set(args.recorded);
  const nowMs = Math.round(index.clock.wallMs());
  let count = 0;
  index.transaction(() => {
    for (const { id, stream } of index.reader.streams()) {
      if (recorded.has(stream)) continue;
      const last = index.reader
        .arrays('SELECT at_ms, reason FROM notes WHERE stream_id = ? ORDER BY at_ms DESC LIMIT 1')
        .get(id) as unknown as [number, GapReason] | undefined;
      if (last?.[1] !== 'SERVER_STOPPED') continue;
      index.note(id, Math.max(nowMs, last[0] + 1), 'RECORDING_OFF');
      count += 1;
    }
  });
  return count;
}
