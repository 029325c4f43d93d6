/** Where media goes out and comes in: a part of `main.ts`, which alone imports it. */

import type { Clock } from './base/clock.ts';
import type { Settings } from './base/config/settings.ts';
import type { Logger } from './base/log.ts';
import { listening } from './gateway/index.ts';
import { RtspServer } from './rtsp/index.ts';
import type { Hub } from './stream/index.ts';
import { WebRtc } from './webrtc/index.ts';

export async function startWebRtc(parts: {
  settings: Settings;
  clock: Clock;
  log: Logger;
  hub: Hub;
}): Promise<WebRtc> {
  const { settings, clock, log, hub } = parts;
  const host = settings.webrtc.host ?? settings.http.host;
  const start = WebRtc.start({
    clock,
    log,
    streams: hub,
    listen: {
      hosts: [host === 'localhost' ? '127.0.0.1' : host],
      port: settings.webrtc.port,
      announcedAddresses: settings.webrtc.announcedAddresses ?? [],
    },
    ...(settings.webrtc.workers === undefined ? {} : { workers: settings.webrtc.workers }),
  });
  return listening('webrtc.port', `${host}:${settings.webrtc.port} (UDP and TCP)`, start);
}

export async function startRtspServer(parts: { settings: Settings; clock: Clock; log: Logger; hub: Hub }) {
  const { settings, clock, log, hub } = parts;
  const { host, port, udpPorts } = settings.rtsp;
  const token = settings.auth.apiToken;
  const server = new RtspServer({
    clock,
    log,
    host,
    port,
    udpPorts,
    streams: hub,
    ...(token === undefined ? {} : { authorize: (credentials) => credentials.matches(token) }),
  });
  const bound = await listening('rtsp.port', `${host}:${port}`, server.listen());
  return { server, port: bound.port };
}

/** How this machine reaches a server that it listens with at `host`, as it stands in a URL. */
export function hostForOwnUse(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
