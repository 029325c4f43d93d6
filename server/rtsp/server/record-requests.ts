import { randomBytes } from 'node:crypto';
import type { Stream } from '../../stream/index.ts';
import { describeTracks, parseSdp, type RtspTrack } from '../parse/index.ts';
import { addressOf, type ConnectionContext, sessionLog, sessionOf, streamOf } from './context.ts';
import { type Exchange, refuse } from './exchange.ts';
import { requireReadable } from './play-requests.ts';
import { PublisherSession } from './publisher-session.ts';
import { SESSION_TIMEOUT_S } from './reader-session.ts';
import { chooseTransport, openTransport } from './transport.ts';

const PUBLISH_URL = 'publish:';

/** Only a stream that was declared with the source `publish:` and a password takes a publisher. */
export async function announce(context: ConnectionContext, exchange: Exchange): Promise<void> {
  const address = addressOf(exchange);
  if (context.sessions.size > 0) throw refuse(455);
  if (context.deps.streams.get(address.id)?.definition.source.url !== PUBLISH_URL) {
    // Whoever may not read must not find out what streams there are.
    await requireReadable(context, exchange, address);
  }
  const stream = streamOf(context, address);
  await requirePublisher(context, exchange, stream);
  const tracks = announcedTracks(exchange);
  const session = new PublisherSession({
    id: randomBytes(16).toString('hex'),
    stream,
    clock: context.deps.clock,
    announced: tracks,
    onEnd: (reason) => context.endSession(session, reason),
  });
  context.sessions.set(session.id, session);
  exchange.reply({ statusCode: 200, headers: [['Session', session.id]] });
}

export async function setupPublisher(
  context: ConnectionContext,
  exchange: Exchange,
  session: PublisherSession,
): Promise<void> {
  const track = session.findTrack(exchange.request.uri);
  if (track === undefined) throw refuse(404, 'Not Found: ANNOUNCE described no such track');
  if (session.state !== 'announced' || session.hasTrack(track)) throw refuse(455);
  // RTSP 1.0 publishers should say mode=record; some do not, and after ANNOUNCE nothing else can be meant.
  const spec = { ...chooseTransport(exchange), mode: 'record' as const };
  const receiver = session.receiverFor(track, spec.lower);
  const transport = await openTransport(
    context,
    spec,
    {
      rtp: (payload, receivedAtMs) => {
        session.heard();
        receiver?.rtp(payload, receivedAtMs);
      },
      rtcp: (payload, receivedAtMs) => receiver?.rtcp(payload, receivedAtMs),
    },
    { onDrain: () => {}, onRefused: () => {} },
  );
  if (!context.sessions.has(session.id)) {
    transport.out.close();
    return;
  }
  session.addTrack({ announced: track, receiver, out: transport.out, lower: transport.lower });
  exchange.reply({
    statusCode: 200,
    headers: [
      ['Transport', transport.answer({ mode: 'record' })],
      ['Session', `${session.id};timeout=${SESSION_TIMEOUT_S}`],
    ],
  });
}

export function record(context: ConnectionContext, exchange: Exchange): void {
  const session = sessionOf(context, exchange);
  if (session.kind !== 'publisher' || session.state !== 'announced') throw refuse(455);
  // The stream may have been removed or declared anew since ANNOUNCE.
  const isSame = context.deps.streams.get(session.stream.id) === session.stream;
  if (!isSame || session.stream.definition.source.url !== PUBLISH_URL) throw refuse(404);
  exchange.reply({ statusCode: 200, headers: [['Session', session.id]] });
  sessionLog(context, session).info({}, 'publisher records');
  session.record();
}

async function requirePublisher(
  context: ConnectionContext,
  exchange: Exchange,
  stream: Stream,
): Promise<void> {
  const { url, username, password } = stream.definition.source;
  if (url !== PUBLISH_URL) {
    throw refuse(403, `Forbidden: ${stream.id} has another source; declare it with the source "publish:"`);
  }
  if (password === undefined || password === '') {
    throw refuse(403, `Forbidden: ${stream.id} has no password to publish with`);
  }
  await context.authenticator.require(
    exchange.request,
    undefined,
    (credentials) => {
      const knowsPassword = credentials.matches(password);
      return knowsPassword && (username === undefined || credentials.username === username);
    },
    exchange.signal,
  );
}

function announcedTracks(exchange: Exchange): RtspTrack[] {
  const sdp = parseSdp(exchange.request.body.toString('utf8'));
  if (!sdp.ok) throw refuse(400, 'Bad Request: the SDP cannot be read');
  const tracks = describeTracks(sdp.value, exchange.request.uri);
  if (!tracks.some((track) => track.supported && track.kind === 'video')) {
    throw refuse(415, 'Unsupported Media Type: neither H.264 nor H.265 among the tracks');
  }
  return tracks;
}
