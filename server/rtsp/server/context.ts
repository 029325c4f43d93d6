import type { Socket } from 'node:net';
import { isInternalStream, type StreamId } from '../../../shared/names.ts';
import type { Clock } from '../../base/clock.ts';
import { type Logger, quieted } from '../../base/log.ts';
import type { Stream } from '../../stream/index.ts';
import type { Admissions, Admitted } from './admissions.ts';
import type { Authenticator, RtspCredentials } from './authentication.ts';
import type { ChannelTable } from './channel-table.ts';
import { type Exchange, refuse } from './exchange.ts';
import type { PublisherSession } from './publisher-session.ts';
import type { ReaderSession } from './reader-session.ts';
import { parseStreamAddress, type StreamAddress } from './stream-address.ts';

/** What the server needs of the hub. */
export interface StreamLookup {
  get(id: StreamId): Stream | undefined;
}

/** What all connections share. */
export interface ServerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly streams: StreamLookup;
  readonly udpPorts: { readonly min: number; readonly max: number };
  readonly admissions: Admissions;
  /** Absent: everybody who reaches the server may read. */
  authorize?(credentials: RtspCredentials): boolean;
}

export type Session = ReaderSession | PublisherSession;

/** The log for what a session does. */
export function sessionLog(context: ConnectionContext, session: Session): Logger {
  const log = context.log.child({ stream: session.stream.id, session: session.id.slice(0, 8) });
  return isInternalStream(session.stream.id) ? quieted(log) : log;
}

/** One connection as its request handlers see it. */
export interface ConnectionContext {
  readonly deps: ServerDeps;
  readonly log: Logger;
  readonly socket: Socket;
  readonly authenticator: Authenticator;
  readonly sessions: Map<string, Session>;
  readonly channels: ChannelTable;
  /** Streams that this connection has proved it may read; later requests on it need no more credentials. */
  readonly readable: Set<StreamId>;
  /** Set once the connection has used a ticket. */
  admitted: Admitted | undefined;
  /** Ends all sessions and the connection; what was written before still goes out. */
  close(): void;
  /** Closes a session and lets its connection go as well when it was the last one: readers take that as the end. */
  endSession(session: Session, reason: string): void;
}

export const MAX_SESSIONS = 16;

export function addressOf(exchange: Exchange, withControl = false): StreamAddress {
  const address = parseStreamAddress(exchange.request.uri, withControl);
  if (address === undefined) throw refuse(404, 'Not Found: expected rtsp://host:port/app/name');
  return address;
}

export function streamOf(context: ConnectionContext, address: StreamAddress): Stream {
  const stream = context.deps.streams.get(address.id);
  if (stream === undefined) throw refuse(404, `Stream Not Found: there is no ${address.id}`);
  return stream;
}

/** The session that the request names. */
export function sessionOf(context: ConnectionContext, exchange: Exchange): Session {
  const id = sessionIdOf(exchange);
  const session = id === undefined ? undefined : context.sessions.get(id);
  if (session === undefined) throw refuse(454);
  return session;
}

export function sessionIdOf(exchange: Exchange): string | undefined {
  return exchange.request.headers.get('Session')?.split(';', 1)[0]?.trim();
}
