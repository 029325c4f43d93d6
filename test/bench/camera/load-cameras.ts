import { type FootageSpec, footageFile } from '../media/footage.ts';
import { type Child, startChild } from '../support/child.ts';
import type { LoadOptions } from './load-process.ts';
import type { SentLog } from './sent-log.ts';

export interface LoadCameras {
  readonly pid: number;
  readonly urls: readonly string[];
  takeLogs(): Promise<SentLog[]>;
  close(): Promise<void>;
}

export interface LoadCamerasOptions {
  readonly cameras: number;
  readonly spec: FootageSpec;
}

/** Starts a process that serves cameras over RTSP. */
export async function startLoadCameras({ cameras, spec }: LoadCamerasOptions): Promise<LoadCameras> {
  const { child, options } = await startProcess(cameras, spec);
  const { port } = await child.call<{ port: number }>('serve', options);
  const urls = Array.from({ length: cameras }, (_, index) => `rtsp://127.0.0.1:${port}/cam${index}`);
  return { pid: child.pid, urls, takeLogs: () => child.call('takeLogs'), close: () => child.close() };
}

/** Starts the same cameras, but each sends its packets to a UDP port from the start. */
export async function startUdpCameras(
  options: LoadCamerasOptions & { readonly port: number },
): Promise<Omit<LoadCameras, 'urls'>> {
  const { child, options: load } = await startProcess(options.cameras, options.spec);
  await child.call('sendUdp', { ...load, port: options.port });
  return { pid: child.pid, takeLogs: () => child.call('takeLogs'), close: () => child.close() };
}

async function startProcess(
  cameras: number,
  spec: FootageSpec,
): Promise<{ child: Child; options: LoadOptions }> {
  const options = { cameras, spec, footagePath: await footageFile(spec) };
  return { child: startChild(new URL('./load-process.ts', import.meta.url)), options };
}
