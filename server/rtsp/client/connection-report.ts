import type { ConnectionReport } from '../../../shared/report.ts';
import type { RtspTrack } from '../parse/index.ts';
import type { CameraLink } from './camera-link.ts';
import { type KeepAlive, keepAliveIntervalMs } from './keep-alive.ts';
import { offeredTrack } from './offered-track.ts';
import { printable } from './refusals.ts';

/** What a connection has learnt of its camera so far. */
export interface ConnectionKnowledge {
  readonly link: CameraLink;
  readonly configuredTransport: ConnectionReport['transport']['configured'];
  readonly server: string | undefined;
  readonly publicMethods: ReadonlySet<string>;
  readonly offered: readonly RtspTrack[];
  readonly keepAlive: KeepAlive | undefined;
  readonly sessionTimeoutMs: number;
}

/** A camera may offer methods without end. */
const MAX_METHODS = 32;

/** How a camera is spoken to, for its report: what it says of itself goes in with its control characters taken out. */
export function connectionReport(knowledge: ConnectionKnowledge): ConnectionReport {
  const { link, server, keepAlive, sessionTimeoutMs } = knowledge;
  const used = new Set(link.links.tracks.map(({ mediaIndex }) => mediaIndex));
  return {
    address: link.addresses.peer,
    ...(server === undefined ? {} : { server: printable(server) }),
    encrypted: link.isEncrypted,
    authentication: link.authenticator.challenge ?? { scheme: 'none' },
    ...(keepAlive === undefined
      ? {}
      : {
          keepAlive: {
            method: keepAlive.method,
            everyMs: keepAliveIntervalMs(sessionTimeoutMs),
            sessionTimeoutMs,
          },
        }),
    methods: [...knowledge.publicMethods].slice(0, MAX_METHODS).map(printable),
    transport: {
      configured: knowledge.configuredTransport,
      ...(used.size === 0 ? {} : { used: link.links.lower }),
    },
    offered: knowledge.offered.map((track) => offeredTrack(track, used.has(track.mediaIndex))),
  };
}
