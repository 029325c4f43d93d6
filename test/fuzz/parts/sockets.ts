import fc from 'fast-check';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { startRtspSource } from '../../../server/rtsp/client/source.ts';
import type { SourceSink } from '../../../server/stream/index.ts';
import { streamDefinitionSchema } from '../../../shared/stream.ts';
import {
  type FakeConnection,
  type FakeReply,
  type FakeRequest,
  interleaved,
  startFakeRtspServer,
} from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';
import { keepInput } from '../support/kept-input.ts';
import { mutatedPackets, mutatedText, plainPackets, revivePackets } from '../support/mutations.ts';
import { cameraReplies, h264Streams, h265Streams, words } from '../support/seeds.ts';
import { Broken, must, plainBytes, reviveBytes } from '../support/target.ts';
import type { FuzzPart } from './part.ts';

/** What one camera does in a session of its own. */
export interface Session {
  /** Instead of the right answer to its nth request, where there is one. */
  readonly replies: readonly (Buffer | undefined)[];
  readonly packets: readonly Buffer[];
  /** After the packets: the bytes that end it. */
  readonly last: Buffer;
}

export const anySession: fc.Arbitrary<Session> = fc.record({
  replies: fc.array(fc.option(mutatedText(cameraReplies, words), { nil: undefined, freq: 2 }), {
    maxLength: 5,
  }),
  packets: mutatedPackets([...h264Streams, ...h265Streams]),
  last: mutatedText(cameraReplies, words),
});

const PASSWORD = 'canary-5up3r';
const SESSIONS = 1_500;
const AT_ONCE = 8;

/** Whole cameras over sockets, whose answers and packets are changed at random, against the source that dials them. */
export const sockets: FuzzPart = {
  name: 'sockets',
  summary: 'whole connections of cameras that answer and send anything',
  isWished: (context) => context.isWished('sockets'),
  async run(context) {
    const sessions = fc.sample(anySession, { numRuns: SESSIONS, seed: context.seed });
    let failures = 0;
    const notes: string[] = [];
    const startedAtMs = performance.now();
    for (let n = 0; n < sessions.length; n += AT_ONCE) {
      const results = await Promise.allSettled(sessions.slice(n, n + AT_ONCE).map(runSession));
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        failures += 1;
        const session = sessions[n + index];
        const message = String(result.reason);
        const input = session === undefined ? undefined : plainSession(session);
        const kept = { seed: context.seed, path: String(n + index), message, input };
        const file = keepInput(context.keepIn, 'sockets', kept, `session-${n + index}`);
        notes.push(`${message}; kept as ${file}, try it with --replay`);
      }
      if (n % 200 === 0) context.progress(`sockets: ${n} of ${sessions.length}`);
    }
    const seconds = (performance.now() - startedAtMs) / 1000;
    const what = `${sessions.length} connections in ${seconds.toFixed(0)} s that did not end as they must`;
    return {
      title: 'Cameras over sockets',
      figures: [{ id: 'fuzz.sockets.failures', what, value: failures, unit: '', target: 0 }],
      notes,
    };
  },
};

/** As JSON can hold it. */
export function plainSession({ replies, packets, last }: Session): unknown {
  return {
    replies: replies.map((reply) => (reply === undefined ? null : plainBytes(reply))),
    packets: plainPackets(packets),
    last: plainBytes(last),
  };
}

export function reviveSession(plain: unknown): Session {
  const { replies, packets, last } = plain as { replies: unknown[]; packets: unknown; last: unknown };
  return {
    replies: replies.map((reply) => (reply === null ? undefined : reviveBytes(reply))),
    packets: revivePackets(packets),
    last: reviveBytes(last),
  };
}

/** Plays one session. Rejects where the source does not end its first connection, or tells its stream what cannot be. */
export async function runSession({ replies, packets, last }: Session): Promise<void> {
  let nth = 0;
  const server = await startFakeRtspServer({
    onRequest: (request, connection) => {
      const changed = replies[nth++];
      return changed === undefined ? undefined : sendChanged(changed, request, connection);
    },
    onPlay: (connection) => {
      for (const packet of packets) connection.write(interleaved(0, packet.subarray(0, 65_535)));
      connection.write(last);
      connection.socket.end();
    },
  });
  const definition = streamDefinitionSchema.parse({
    name: 'cam',
    source: {
      url: server.url(),
      transport: 'tcp',
      username: 'u',
      password: PASSWORD,
      connectTimeoutMs: 500,
      silenceTimeoutMs: 500,
    },
  });
  const watch = new SinkWatch();
  const source = startRtspSource(definition, watch, {
    clock: systemClock,
    log: silentLogger,
    // Redirects lead nowhere.
    resolveRedirect: async (host) => ({
      ok: false,
      error: { kind: 'address-forbidden', message: `${host} is not dialled` },
    }),
  });
  try {
    await waitFor('the connection to end', () => watch.ends > 0, 15_000);
  } finally {
    await source.close();
    await server.close();
  }
  if (watch.broken !== undefined) throw watch.broken;
  for (const { raw } of server.requests) must(!raw.includes(PASSWORD), 'the password is not sent as it is');
}

function sendChanged(bytes: Buffer, request: FakeRequest, connection: FakeConnection): FakeReply | 'silent' {
  const cseq = request.headers.get('cseq') ?? '1';
  connection.write(Buffer.from(bytes.toString('latin1').replace(/^CSeq: *\d+/im, `CSeq: ${cseq}`), 'latin1'));
  return 'silent';
}

/** Takes the stream's place, and holds the source to what it may tell it. */
class SinkWatch implements SourceSink {
  ends = 0;
  broken: Broken | undefined;
  #isPlaying = false;

  connecting(): void {
    this.#isPlaying = false;
  }

  playing(): void {
    this.#isPlaying = true;
  }

  format(): void {
    this.#check(this.#isPlaying, 'no format before its tracks');
  }

  unit({ payloads, rtpTimestamp }: Parameters<SourceSink['unit']>[0]): void {
    this.#check(this.#isPlaying, 'no unit before its tracks');
    this.#check(payloads.length > 0 && rtpTimestamp >= 0, 'a unit has bytes and a time');
  }

  senderReport({ ntpMs }: Parameters<SourceSink['senderReport']>[0]): void {
    this.#check(Number.isFinite(ntpMs), 'a report has a time');
  }

  waiting(reason: string, message: string): void {
    this.#isPlaying = false;
    this.ends += 1;
    this.#check(reason !== '' && message !== '', 'an end has its reason');
    this.#check(!message.includes(PASSWORD), 'the password is not told');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey must not get through.
    this.#check(!/[\x00-\x1f]/.test(message), 'no control characters are told');
    this.#check(message.length < 1_000, 'a reason is a sentence');
  }

  counters(): void {}

  #check(holds: boolean, what: string): void {
    if (!holds) this.broken ??= new Broken(what);
  }
}
