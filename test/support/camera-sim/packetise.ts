import { roleOf, type SimPicture, type SimVideoCodec } from './access-units.ts';
import type { SimAudio } from './media.ts';

/**
 * How this camera puts pictures into packets. Every field has the habit of a well-behaved camera as its default; the others
 * are habits of real ones.
 */
export interface Packetisation {
  /** Of the RTP payload. Default 1400. */
  readonly maxPayloadBytes?: number;
  /** `aggregate`: parameter sets and SEI of a picture share a packet (STAP-A, AP). Default `single`. */
  readonly smallNals?: 'single' | 'aggregate';
  /** `sdp`: taken out of the stream; `both`: also put before each key frame; `in-band`: not in the SDP. Default `both`. */
  readonly parameterSets?: 'sdp' | 'in-band' | 'both' | 'first-only';
  /** `none`: never set; `every-packet`; `sei`: on SEI too, as if that ended the picture. Default `last`. */
  readonly markers?: 'last' | 'none' | 'every-packet' | 'sei';
  /** The whole picture with start codes as one "NAL unit", as V380 cameras do. */
  readonly annexB?: boolean;
}

export interface SimPayload {
  readonly data: Buffer;
  readonly marker: boolean;
}

const START_CODE = Buffer.from([0, 0, 0, 1]);

/** RFC 6184 and RFC 7798, with the habits asked for; written apart from the gateway's own packetiser. */
export function packetisePicture(
  picture: SimPicture,
  codec: SimVideoCodec,
  habits: Packetisation,
  sets: readonly Buffer[],
  isFirst: boolean,
): SimPayload[] {
  const { maxPayloadBytes = 1400, smallNals = 'single', markers = 'last' } = habits;
  const nals = withParameterSets(picture, codec, habits, sets, isFirst);
  if (habits.annexB === true) {
    const joined = Buffer.concat(nals.flatMap((nal) => [START_CODE, nal]));
    // The first NAL unit gives the header of the "NAL unit" that holds them all.
    return marked(split(joined.subarray(START_CODE.length), codec, maxPayloadBytes), markers, []);
  }
  const payloads: Buffer[] = [];
  const endsSei: number[] = [];
  let small: Buffer[] = [];
  const flush = (): void => {
    if (small.length > 1) payloads.push(aggregated(small, codec));
    else payloads.push(...small);
    small = [];
  };
  for (const nal of nals) {
    const role = roleOf(nal, codec);
    const isSlice = role === 'slice' || role === 'key-slice';
    const smallBytes = small.reduce((sum, one) => sum + 2 + one.length, 2);
    if (smallNals === 'aggregate' && !isSlice && smallBytes + 2 + nal.length <= maxPayloadBytes) {
      small.push(nal);
      continue;
    }
    flush();
    payloads.push(...split(nal, codec, maxPayloadBytes));
    if (role === 'prefix') endsSei.push(payloads.length - 1);
  }
  flush();
  return marked(payloads, markers, endsSei);
}

function withParameterSets(
  picture: SimPicture,
  codec: SimVideoCodec,
  habits: Packetisation,
  sets: readonly Buffer[],
  isFirst: boolean,
): Buffer[] {
  const { parameterSets = 'both' } = habits;
  const own = picture.nals.filter((nal) => roleOf(nal, codec) === 'parameter-set');
  const rest = picture.nals.filter((nal) => roleOf(nal, codec) !== 'parameter-set');
  // Other sets than the first picture's may come at any picture; only a camera that never sends any leaves those out.
  const isInBand = parameterSets === 'both' || parameterSets === 'in-band';
  const isWanted = isInBand
    ? picture.isKeyFrame || own.length > 0
    : parameterSets === 'first-only' && isFirst && picture.isKeyFrame;
  if (!isWanted) return rest;
  const delimiters = rest.filter((nal) => roleOf(nal, codec) === 'delimiter');
  const others = rest.filter((nal) => roleOf(nal, codec) !== 'delimiter');
  return [...delimiters, ...(own.length > 0 ? own : sets), ...others];
}

function split(nal: Buffer, codec: SimVideoCodec, maxPayloadBytes: number): Buffer[] {
  if (nal.length <= maxPayloadBytes) return [nal];
  const headerBytes = codec === 'h264' ? 1 : 2;
  const fuHeaderBytes = headerBytes + 1;
  const payloads: Buffer[] = [];
  const stepBytes = maxPayloadBytes - fuHeaderBytes;
  for (let at = headerBytes; at < nal.length; at += stepBytes) {
    const end = Math.min(nal.length, at + stepBytes);
    const flags = (at === headerBytes ? 0x80 : 0) | (end === nal.length ? 0x40 : 0);
    const first = nal[0] ?? 0;
    const prefix =
      codec === 'h264'
        ? [(first & 0xe0) | 28, flags | (first & 0x1f)]
        : [(first & 0x81) | (49 << 1), nal[1] ?? 0, flags | ((first >> 1) & 0x3f)];
    payloads.push(Buffer.concat([Buffer.from(prefix), nal.subarray(at, end)]));
  }
  return payloads;
}

function aggregated(nals: readonly Buffer[], codec: SimVideoCodec): Buffer {
  const header =
    codec === 'h264'
      ? [24 | Math.max(...nals.map((nal) => (nal[0] ?? 0) & 0x60))]
      : [(48 << 1) | ((nals[0]?.[0] ?? 0) & 0x01), nals[0]?.[1] ?? 1];
  const parts: Buffer[] = [Buffer.from(header)];
  for (const nal of nals) parts.push(Buffer.from([nal.length >> 8, nal.length & 0xff]), nal);
  return Buffer.concat(parts);
}

function marked(
  payloads: readonly Buffer[],
  markers: NonNullable<Packetisation['markers']>,
  endsSei: readonly number[],
): SimPayload[] {
  return payloads.map((data, index) => {
    const isLast = index === payloads.length - 1;
    const marker =
      markers === 'every-packet' ||
      (markers !== 'none' && isLast) ||
      (markers === 'sei' && endsSei.includes(index));
    return { data, marker };
  });
}

/** One audio frame, which is one packet (AAC: RFC 3640, AAC-hbr). */
export function packetiseAudio(frame: Buffer, codec: SimAudio['codec']): SimPayload {
  if (codec !== 'aac') return { data: frame, marker: false };
  const header = Buffer.from([0, 16, frame.length >> 5, (frame.length << 3) & 0xff]);
  return { data: Buffer.concat([header, frame]), marker: true };
}
