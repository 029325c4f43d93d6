import type { KeptRecordings } from '../../../shared/recording.ts';
import type { IndexReader } from './index-reader.ts';

/** For the reader thread: every stream of this folder of which something is kept, whether it still exists or not. */
export function keptStreams(index: IndexReader): Omit<KeptRecordings, 'exists'>[] {
  return index
    .streams()
    .filter(({ segments }) => segments > 0)
    .flatMap(({ id, stream, bytes, segments }) => {
      const bounds = index.boundsOf(id);
      if (bounds === undefined) return [];
      const [app = '', name = ''] = stream.split('/');
      return { app, name, bytes, segments, start: bounds.oldestMs, end: bounds.newestMs };
    });
}
