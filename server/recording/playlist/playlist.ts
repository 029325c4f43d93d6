import { systemClock } from '../../base/clock.ts';
import type { IndexReader } from '../store/index-reader.ts';
import { transfer } from '../store/rpc.ts';
import { type RecordedListArgs, RecordedLists } from './recorded-list.ts';

/** Makes playlists of recorded time in the thread that reads the index, and keeps closed hours there. */
export function playlist(index: IndexReader, args: RecordedListArgs) {
  const lists = index.attach('playlists', () => new RecordedLists(systemClock));
  const result = lists.build(index, args);
  return transfer(result, result.kind === 'list' ? [result.body.buffer] : []);
}
