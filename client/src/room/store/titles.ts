import { DEFAULT_APP } from '../../../../shared/names.ts';
import type { StreamStatus } from '../../../../shared/stream.ts';

/** What people call the stream: its label `title` where it has one, else its name, with the app where that is not `live`. */
export function titleOf({ app, name, labels }: Pick<StreamStatus, 'app' | 'name' | 'labels'>): string {
  return labels?.title ?? nameOf({ app, name });
}

/** What it is called where nobody gave it a title, as after its removal. */
export function nameOf({ app, name }: Pick<StreamStatus, 'app' | 'name'>): string {
  return app === DEFAULT_APP ? name : `${app} / ${name}`;
}
