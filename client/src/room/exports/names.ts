import { streamOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';

/** What a stream is called; it may be gone while something of it is still kept. */
export function nameOf({ app, name }: { readonly app: string; readonly name: string }): string {
  return titleOf(streamOf(app, name) ?? { app, name });
}
