import type { Arbitrary } from 'fast-check';
import {
  createDepacketiser,
  describeTracks,
  parseRtp,
  parseSdp,
  type RtspTrack,
} from '../../../server/rtsp/parse/index.ts';
import { RtpPacketiser, type SourceUnit, type TrackFormat, type Unit } from '../../../server/stream/index.ts';
import { mutatedPackets, plainPackets, revivePackets } from '../support/mutations.ts';
import { audioStreams, h264Nals, h264Streams, h265Streams } from '../support/seeds.ts';
import { type FuzzTarget, must } from '../support/target.ts';

const MAX_UNIT_BYTES = 8 * 1024 * 1024;
/** What viewers' packets have at most. */
const MAX_PACKET_BYTES = 1200;

type SupportedTrack = Extract<RtspTrack, { supported: true }>;

export function trackOf(...lines: readonly string[]): SupportedTrack | undefined {
  const session = parseSdp(['v=0', ...lines, 'a=control:t'].join('\r\n'));
  const [track] = session.ok ? describeTracks(session.value, 'rtsp://10.0.0.5/s') : [];
  return track?.supported ? track : undefined;
}

/** What came out of a depacketiser, with the format that held for it. */
interface Given {
  readonly unit: SourceUnit;
  readonly format: TrackFormat | undefined;
}

function depacketise(track: SupportedTrack, packets: readonly Buffer[]): Given[] {
  const given: Given[] = [];
  let format: TrackFormat | undefined = track.format;
  const depacketiser = createDepacketiser(track, {
    onUnit: (unit) => given.push({ unit, format }),
    onFormat: (next) => {
      must(next.width > 0 && next.height > 0, 'a picture has a size');
      format = next;
    },
  });
  for (const bytes of packets) {
    const packet = parseRtp(bytes);
    if (packet !== undefined) depacketiser.push(packet, 1_000);
  }
  const { lostPackets, droppedUnits, unsupportedPackets } = depacketiser;
  for (const count of [lostPackets, droppedUnits, unsupportedPackets]) {
    must(Number.isInteger(count) && count >= 0, 'counters count');
  }
  return given;
}

function checkUnit({ kind, rtpTimestamp, payloads }: SourceUnit): void {
  must(
    rtpTimestamp >= 0 && rtpTimestamp <= 0xffff_ffff && Number.isInteger(rtpTimestamp),
    'a time has 32 bits',
  );
  must(payloads.length > 0 && payloads.every((payload) => payload.length > 0), 'no unit without bytes');
  must(payloads.reduce((sum, { length }) => sum + length, 0) <= MAX_UNIT_BYTES, 'no unit over its bound');
  must(kind === 'video' || payloads.length === 1, 'one frame of sound in a unit');
}

/** A unit as the hub would hand it on, cut into packets again: each fits, and says the same. */
function checkPackets(track: SupportedTrack, { unit, format }: Given): void {
  must(format !== undefined, 'no unit before its format');
  const asHubUnit: Unit = {
    format,
    payloads: unit.payloads,
    isKeyFrame: unit.isKeyFrame,
    isDisposable: false,
    pts90k: 0,
    wallMs: 0,
    receivedAtMs: 0,
    sizeBytes: unit.payloads.reduce((sum, { length }) => sum + length, 0),
  };
  const packets = new RtpPacketiser({
    payloadType: track.payloadType,
    ssrc: 1,
    clockRate: track.clockRate,
    maxPacketBytes: MAX_PACKET_BYTES,
    firstSequence: 0,
    parameterSets: 'stap-a-before-idr',
  }).packetise(asHubUnit);
  must(packets.length > 0, 'a unit makes packets');
  const isCut = format.codec !== 'opus';
  must(!isCut || packets.every(({ length }) => length <= MAX_PACKET_BYTES), 'packets fit');
  if (!unit.isKeyFrame || track.kind !== 'video' || format.kind !== 'video') return;
  const [again] = depacketise({ ...track, format } as SupportedTrack, packets);
  must(again !== undefined, 'what goes out can be read');
  const same = again.unit.payloads.length === unit.payloads.length;
  must(
    same && again.unit.payloads.every((nal, n) => nal.equals(unit.payloads[n] ?? nal)),
    'and says the same',
  );
}

function payloadTarget(options: {
  readonly name: string;
  readonly summary: string;
  readonly share: number;
  readonly tracks: readonly (SupportedTrack | undefined)[];
  readonly input: Arbitrary<Buffer[]>;
}): FuzzTarget<Buffer[]> {
  const tracks = options.tracks.filter((track) => track !== undefined);
  return {
    name: options.name,
    summary: options.summary,
    share: options.share,
    maxCpuMs: 60,
    input: options.input,
    run(packets) {
      for (const track of tracks) {
        const given = depacketise(track, packets);
        must(
          track.kind !== 'video' || given[0]?.unit.isKeyFrame !== false,
          'the first picture can be decoded',
        );
        for (const one of given) {
          checkUnit(one.unit);
          checkPackets(track, one);
        }
      }
    },
    plain: plainPackets,
    revive: revivePackets,
  };
}

const H264_LINES = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000'];
const sets = (type: number) =>
  h264Nals.find((nal) => ((nal[0] ?? 0) & 31) === type)?.toString('base64') ?? '';

export const h264 = payloadTarget({
  name: 'h264',
  summary: 'H.264 in RTP (RFC 6184), with and without parameter sets in the description',
  share: 4,
  tracks: [
    trackOf(...H264_LINES),
    trackOf(...H264_LINES, `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sets(7)},${sets(8)}`),
  ],
  input: mutatedPackets(h264Streams),
});

export const h265 = payloadTarget({
  name: 'h265',
  summary: 'H.265 in RTP (RFC 7798)',
  share: 4,
  tracks: [trackOf('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000')],
  input: mutatedPackets(h265Streams),
});

const audio = (encoding: string, ...more: readonly string[]) =>
  trackOf('m=audio 0 RTP/AVP 98', `a=rtpmap:98 ${encoding}`, ...more);

export const sound = payloadTarget({
  name: 'sound',
  summary: 'AAC (RFC 3640), G.711, G.722, Opus',
  share: 3,
  tracks: [
    audio(
      'MPEG4-GENERIC/16000/1',
      'a=fmtp:98 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408',
    ),
    audio('MPEG4-GENERIC/48000/2', 'a=fmtp:98 mode=AAC-lbr;sizelength=6;indexlength=2;indexdeltalength=2'),
    audio('PCMA/8000'),
    audio('PCMU/16000/2'),
    audio('opus/48000/2'),
  ],
  input: mutatedPackets(audioStreams),
});
