import { startChild } from '../support/child.ts';
import type { EncodedLog, TimeCodeOptions } from './time-code-process.ts';

export interface TimeCodeCamera {
  readonly url: string;
  takeLog(): Promise<EncodedLog>;
  close(): Promise<void>;
}

/** Starts a camera that sees nothing but a clock: it paints the time into its picture and encodes that live. */
export async function startTimeCodeCamera(options: TimeCodeOptions): Promise<TimeCodeCamera> {
  const child = startChild(new URL('./time-code-process.ts', import.meta.url));
  const { port } = await child.call<{ port: number }>('serve', options);
  return {
    url: `rtsp://127.0.0.1:${port}/clock`,
    takeLog: () => child.call('takeLog'),
    close: () => child.close(),
  };
}
