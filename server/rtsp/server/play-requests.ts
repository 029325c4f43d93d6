import { randomBytes } from 'node:crypto';
import type { StreamId } from '../../../shared/names.ts';
import type { Clock } from '../../base/clock.ts';
import type { Stream, TrackFormat, TrackKind } from '../../stream/index.ts';
import { buildRtpInfo, buildSdp } from '../parse/index.ts';
import { type Admitted, isTicket } from './admissions.ts';
import {
  addressOf,
  type ConnectionContext,
  MAX_SESSIONS,
  sessionIdOf,
  sessionLog,
  streamOf,
} from './context.ts';
import { type Exchange, type Refusal, refuse } from './exchange.ts';
import { LIVE_WAIT_MS, ReaderSession, SESSION_TIMEOUT_S } from './reader-session.ts';
import type { StreamAddress } from './stream-address.ts';
import { controlOf, kindOfControl, payloadTypeOf } from './track-description.ts';
import { chooseTransport, openTransport } from './transport.ts';

const MAX_READABLE = 64;

export async function describe(context: ConnectionContext, exchange: Exchange): Promise<void> {
  const address = addressOf(exchange);
  await requireReadable(context, exchange, address);
  const stream = streamOf(context, address);
  const tracks = await describedTracks(context, exchange, stream);
  exchange.reply({
    statusCode: 200,
    headers: [
      ['Content-Base', `${address.url}/`],
      ['Content-Type', 'application/sdp'],
    ],
    body: buildSdp({
      sessionName: stream.id,
      tracks: tracks.map((format) => ({
        format,
        payloadType: payloadTypeOf(format),
        control: controlOf(format.kind),
      })),
    }),
  });
}

export async function setupReader(context: ConnectionContext, exchange: Exchange): Promise<void> {
  const address = addressOf(exchange, true);
  const kind = kindOfControl(address.control);
  if (kind === undefined) throw refuse(404, 'Not Found: no such track');
  await requireReadable(context, exchange, address);
  const stream = streamOf(context, address);
  const spec = chooseTransport(exchange);
  if (spec.mode === 'record') throw refuse(455, 'Method Not Valid in This State: ANNOUNCE comes before');
  const format = formatOf(await describedTracks(context, exchange, stream), kind);
  const { session, isNew } = readerSessionFor(context, exchange, stream);
  try {
    if (session.state !== 'ready' || session.has(kind)) throw refuse(455);
    const transport = await openTransport(
      context,
      spec,
      { rtp: () => {}, rtcp: () => session.heard() },
      { onDrain: () => session.drained(), onRefused: () => context.endSession(session, 'nobody listens') },
    );
    if (!context.sessions.has(session.id)) {
      transport.out.close();
      return;
    }
    const ssrc = session.addTrack(format, `${address.url}/${address.control}`, transport);
    exchange.reply({
      statusCode: 200,
      headers: [
        ['Transport', transport.answer({ ssrc })],
        ['Session', `${session.id};timeout=${SESSION_TIMEOUT_S}`],
      ],
    });
  } catch (failure) {
    if (isNew) {
      context.sessions.delete(session.id);
      session.close();
    }
    throw failure;
  }
}

/** Answers once the first unit is there, since RTP-Info tells its time. */
export async function play(
  context: ConnectionContext,
  exchange: Exchange,
  session: ReaderSession,
): Promise<void> {
  if (session.state === 'playing') {
    // Some players send PLAY again to keep the session.
    exchange.reply({ statusCode: 200, headers: [['Session', session.id]] });
    return;
  }
  if (session.state !== 'ready') throw refuse(455);
  const hasBegun = await new Promise<boolean>((resolve) => {
    const onAbort = () => session.pause();
    exchange.signal.addEventListener('abort', onAbort, { once: true });
    session.play((info) => {
      exchange.signal.removeEventListener('abort', onAbort);
      if (info !== undefined) {
        // Not after an await: the packets follow in this same call.
        exchange.reply({
          statusCode: 200,
          headers: [
            ['Session', session.id],
            ['Range', 'npt=now-'],
            ['RTP-Info', buildRtpInfo(info)],
          ],
        });
      }
      resolve(info !== undefined);
    });
  });
  if (hasBegun) sessionLog(context, session).info({}, 'reader plays');
  else throw notLive(session.stream);
}

export async function requireReadable(
  context: ConnectionContext,
  exchange: Exchange,
  address: StreamAddress,
): Promise<void> {
  const { deps, readable } = context;
  const { authorize } = deps;
  if (useTicket(context, address)) return;
  if (authorize === undefined || readable.has(address.id)) return;
  await context.authenticator.require(
    exchange.request,
    address.token,
    (credentials) => authorize(credentials),
    exchange.signal,
  );
  remember(readable, address.id);
}

/** Whether the connection reads this stream by a ticket. Throws a `Refusal` for one that is not good any more. */
function useTicket(context: ConnectionContext, { id, token }: StreamAddress): boolean {
  if (context.admitted?.stream === id) return true;
  if (token === undefined || !isTicket(token) || context.admitted !== undefined) return false;
  const admitted = context.deps.admissions.take(token, id, () => context.close());
  if (admitted !== undefined) context.admitted = admitted;
  else if (context.deps.authorize === undefined) {
    throw refuse(401, 'Unauthorized: this ticket was used already, or withdrawn');
  }
  return admitted !== undefined;
}

function admittedTo(context: ConnectionContext, stream: Stream): Admitted | undefined {
  return context.admitted?.stream === stream.id ? context.admitted : undefined;
}

function remember(readable: Set<StreamId>, id: StreamId): void {
  if (readable.size >= MAX_READABLE) readable.clear();
  readable.add(id);
}

function readerSessionFor(
  context: ConnectionContext,
  exchange: Exchange,
  stream: Stream,
): { session: ReaderSession; isNew: boolean } {
  const id = sessionIdOf(exchange);
  if (id !== undefined) {
    const session = context.sessions.get(id);
    if (session?.kind !== 'reader') throw refuse(454);
    if (session.stream !== stream) throw refuse(459, 'Aggregate Operation Not Allowed: one stream a session');
    return { session, isNew: false };
  }
  if (context.sessions.size >= MAX_SESSIONS) throw refuse(453, 'Not Enough Bandwidth: too many sessions');
  const admitted = admittedTo(context, stream);
  const session = new ReaderSession({
    id: randomBytes(16).toString('hex'),
    stream,
    address: context.socket.remoteAddress,
    ...(admitted === undefined ? {} : { admitted }),
    clock: context.deps.clock,
    onEnd: (reason) => context.endSession(session, reason),
  });
  context.sessions.set(session.id, session);
  return { session, isNew: true };
}

function formatOf(tracks: readonly TrackFormat[], kind: TrackKind): TrackFormat {
  const format = tracks.find((track) => track.kind === kind);
  if (format === undefined) throw refuse(404, `Not Found: the stream has no ${kind}`);
  return format;
}

async function describedTracks(
  context: ConnectionContext,
  exchange: Exchange,
  stream: Stream,
): Promise<readonly TrackFormat[]> {
  const tracks = await liveTracks(stream, context.deps.clock, exchange.signal);
  return admittedTo(context, stream)?.tracksOf(tracks) ?? tracks;
}

/** The stream's tracks, once it is live; being asked for them counts as demand for an on-demand stream. */
async function liveTracks(
  stream: Stream,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly TrackFormat[]> {
  if (isLive(stream)) return stream.tracks;
  await new Promise<void>((resolve) => {
    const done = () => {
      for (const step of undo.splice(0)) step();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const demand = stream.read({
      name: 'rtsp-describe',
      role: 'service',
      start: 'cached',
      write: () => true,
    });
    const undo = [
      () => demand.close(),
      clock.after(LIVE_WAIT_MS, done),
      stream.onRemoved(done),
      stream.onState(({ state }) => {
        if (state === 'live') done();
      }),
    ];
    signal.addEventListener('abort', done, { once: true });
  });
  if (!isLive(stream)) throw notLive(stream);
  return stream.tracks;
}

function isLive(stream: Stream): boolean {
  return stream.state.state === 'live';
}

function notLive(stream: Stream): Refusal {
  const { state, reason } = stream.state;
  const why = reason === undefined ? state : `${reason.code}, ${reason.message}`;
  return refuse(503, `Stream Not Live: ${why}`);
}
