import { startChild } from '../support/child.ts';

export interface Relay {
  readonly pid: number;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a process that forwards every UDP packet to `toPort`. */
export async function startRelay(toPort: number): Promise<Relay> {
  const child = startChild(new URL('./relay-process.ts', import.meta.url));
  const { port } = await child.call<{ port: number }>('start', { toPort });
  return { pid: child.pid, port, close: () => child.close() };
}
