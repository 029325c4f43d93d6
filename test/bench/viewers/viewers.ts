import { startChild } from '../support/child.ts';
import type { ReceivedLog } from './received-log.ts';

export interface Viewers {
  readonly pid: number;
  /** Adds one viewer of a camera's stream; resolves when it is connected. */
  watch(url: string, camera: number): Promise<{ connectMs: number }>;
  takeLogs(): Promise<ReceivedLog[]>;
  close(): Promise<void>;
}

/** Starts a process for WHEP viewers. */
export function startViewers(): Viewers {
  const child = startChild(new URL('./viewer-process.ts', import.meta.url));
  return {
    pid: child.pid,
    watch: (url, camera) => child.call('watch', { url, camera }),
    takeLogs: () => child.call('takeLogs'),
    async close() {
      await child.call('stop').catch(() => {});
      await child.close();
    },
  };
}

/** Starts a process that takes the packets of all cameras at one UDP port. */
export async function startUdpReceiver(cameras: number) {
  const child = startChild(new URL('./viewer-process.ts', import.meta.url));
  const { port } = await child.call<{ port: number }>('receiveUdp', { cameras });
  return {
    pid: child.pid,
    port,
    takeLogs: () => child.call<ReceivedLog[]>('takeLogs'),
    close: () => child.close(),
  };
}
