import { parseStreamId } from '../../../../shared/names.ts';
import { streamOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';

/** What a stream is called; it may be gone while its recordings are still kept. */
export function nameOf(id: string): string {
  const parsed = parseStreamId(id);
  return parsed === undefined ? id : titleOf(streamOf(parsed.app, parsed.name) ?? parsed);
}
