import type { StreamDefinition } from '../../shared/stream.ts';
import { isLoopback } from '../base/addresses.ts';
import type { Settings } from '../base/config/settings.ts';

/** Something a person has to mend before the gateway can start; the message says how. */
export class StartError extends Error {}

/** Throws where other machines could watch without logging in. */
export function requireLogin(settings: Settings): void {
  const open = [
    ['http.host', settings.http.host],
    ['rtsp.host', settings.rtsp.host],
  ] as const;
  for (const [key, host] of open) {
    if (settings.auth.apiToken !== undefined || host === 'localhost' || isLoopback(host)) continue;
    throw new StartError(
      `${key} is ${host}, so other machines could watch without logging in. Set auth.apiToken (SLUICE_API_TOKEN), ` +
        'for example to the output of "openssl rand -hex 24", or keep the address 127.0.0.1.',
    );
  }
}

/** `what` failed with a system error: says which setting to change. */
export async function listening<T>(key: string, address: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (failure) {
    const code = failure instanceof Error && 'code' in failure ? String(failure.code) : '';
    const text = failure instanceof Error ? failure.message : String(failure);
    if (code === 'EADDRINUSE' || /address already in use|port bind failed/i.test(text)) {
      throw new StartError(
        `${address} is in use by another program. Stop that one, or choose another ${key}.`,
      );
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new StartError(`Cannot listen at ${address} (${code}). Choose another ${key}.`);
    }
    throw failure;
  }
}

/** Throws where a stream of the file could be published by anybody. */
export function checkPublishers(streams: readonly StreamDefinition[], file: string | undefined): void {
  for (const { app, name, source } of streams) {
    if (source.url !== 'publish:' || (source.username !== undefined && source.password !== undefined))
      continue;
    throw new StartError(
      `${file}: streams.${app}/${name}.source needs username and password; publishers log in with them.`,
    );
  }
}
