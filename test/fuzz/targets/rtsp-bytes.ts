import fc from 'fast-check';
import { type FramerError, RtspFramer, serializeRequest } from '../../../server/rtsp/parse/index.ts';
import { mutatedText } from '../support/mutations.ts';
import { cameraReplies, clientRequests, rtp, seedsOf, words } from '../support/seeds.ts';
import { type FuzzTarget, must, plainBytes, reviveBytes } from '../support/target.ts';
import { tryFields } from './try-fields.ts';

interface Input {
  readonly bytes: Buffer;
  /** Where the second reading cuts them, as parts of 65536. */
  readonly cuts: readonly number[];
  readonly resync: boolean;
}

const packet = rtp({
  sequence: 1,
  timestamp: 2,
  marker: true,
  payloadType: 96,
  payload: Buffer.alloc(40, 0x65),
});
const frame = Buffer.concat([Buffer.from([0x24, 0, 0, packet.length]), packet]);
/** Replies and requests, alone and as they follow each other on a connection, with packets in between. */
const seeds: readonly Buffer[] = [
  ...cameraReplies,
  ...clientRequests,
  ...seedsOf(/^base\./),
  Buffer.concat([...cameraReplies.slice(0, 4), frame, frame, ...cameraReplies.slice(4, 6), frame]),
  Buffer.concat([
    frame,
    Buffer.from('\r\n'),
    frame,
    Buffer.from('stray bytes'),
    frame,
    ...cameraReplies.slice(0, 1),
  ]),
];

const MAX_HEAD_FIELDS = 100;
const MAX_BODY_BYTES = 64 * 1024;

/** The events of one reading, as text that can be compared. */
function read(chunks: readonly Buffer[], resync: boolean, onFields: (text: string) => void): string[] {
  const events: string[] = [];
  let isOver = false;
  const note = (event: string) => {
    must(!isOver, 'nothing comes after an error');
    events.push(event);
  };
  const framer = new RtspFramer(
    {
      request({ method, uri, headers, body }) {
        must(headers.size <= MAX_HEAD_FIELDS && body.length <= MAX_BODY_BYTES, 'a request keeps its bounds');
        must(!/\s/.test(uri) && !/\s/.test(method), 'no blank in a request line');
        note(`request ${method} ${uri} ${[...headers].join('|')} ${body.toString('latin1')}`);
        for (const [, value] of headers) onFields(value);
        const lines = serializeRequest({ method, uri, headers }).toString('latin1').split('\r\n').length;
        must(lines <= headers.size + 3, 'a field sent back makes no field of its own');
      },
      response({ statusCode, reason, headers, body }) {
        must(headers.size <= MAX_HEAD_FIELDS && body.length <= MAX_BODY_BYTES, 'a response keeps its bounds');
        must(statusCode >= 0 && statusCode <= 999, 'a status has three digits');
        note(`response ${statusCode} ${reason} ${[...headers].join('|')} ${body.toString('latin1')}`);
        for (const [, value] of headers) onFields(value);
      },
      interleaved(channel, payload) {
        must(channel >= 0 && channel <= 255 && payload.length <= 65_535, 'a packet keeps its bounds');
        note(`packet ${channel} ${payload.toString('latin1')}`);
      },
      error(error: FramerError) {
        note(`error ${error.code}`);
        isOver = true;
      },
    },
    // As a client does that has asked for a description.
    { resync, mayLackLength: () => resync },
  );
  for (const chunk of chunks) framer.push(chunk);
  framer.endOpenBody();
  return events;
}

/** One connection's bytes: messages and packets, garbage, and where they are cut. */
export const rtspBytes: FuzzTarget<Input> = {
  name: 'rtsp',
  summary: "a connection's bytes: messages, packets, and what is between them",
  share: 4,
  maxCpuMs: 60,
  input: fc.record({
    bytes: mutatedText(seeds, words),
    cuts: fc.array(fc.nat(65_535), { maxLength: 6 }),
    resync: fc.boolean(),
  }),
  run({ bytes, cuts, resync }) {
    const whole = read([bytes], resync, tryFields);
    const places = cuts.map((cut) => (cut * bytes.length) >>> 16).sort((a, b) => a - b);
    const chunks = [0, ...places].map((from, n) => bytes.subarray(from, places[n] ?? bytes.length));
    const cut = read(chunks, resync, () => {});
    must(whole.length === cut.length && whole.every((event, n) => event === cut[n]), 'cuts change nothing');
  },
  plain: ({ bytes, ...rest }) => ({ ...rest, bytes: plainBytes(bytes) }),
  revive: (plain) => {
    const { bytes, cuts, resync } = plain as { bytes: string; cuts: number[]; resync: boolean };
    return { bytes: reviveBytes(bytes), cuts, resync };
  },
};
