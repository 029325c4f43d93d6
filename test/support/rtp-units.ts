import type { RtpPacket } from '../../server/rtsp/parse/index.ts';
import { parseRtp } from '../../server/rtsp/parse/index.ts';
import type { H264Format, SourceUnit, TrackFormat, Unit } from '../../server/stream/index.ts';
import { RtpPacketiser } from '../../server/stream/index.ts';

/** Real parameter sets of a 240x160 stream, so that readers of them have something to read. */
export const SPS = Buffer.from('Z0LAHtkDxWhAAAADAEAAAAwDxYuS', 'base64');
export const PPS = Buffer.from('aMuMsg==', 'base64');

export const H264: H264Format = {
  kind: 'video',
  codec: 'h264',
  clockRate: 90_000,
  sps: [SPS],
  pps: [PPS],
  profileLevelId: '42c01e',
  width: 240,
  height: 160,
  declaredFps: 24,
  reorderFrames: 0,
};

export function unitOf(
  format: TrackFormat,
  payloads: readonly Buffer[],
  over: { readonly pts90k?: number; readonly isKeyFrame?: boolean } = {},
): Unit {
  return {
    format,
    payloads,
    isKeyFrame: over.isKeyFrame ?? true,
    isDisposable: false,
    pts90k: over.pts90k ?? 0,
    wallMs: 0,
    receivedAtMs: 0,
    sizeBytes: payloads.reduce((sum, payload) => sum + payload.length, 0),
  };
}

export function packetiser(
  over: Partial<ConstructorParameters<typeof RtpPacketiser>[0]> = {},
): RtpPacketiser {
  return new RtpPacketiser({
    payloadType: 96,
    ssrc: 7,
    clockRate: 90_000,
    maxPacketBytes: 1200,
    firstSequence: 65_530,
    parameterSets: 'stap-a-before-idr',
    ...over,
  });
}

/** What a receiver makes of packets from the wire. */
export function received(packets: readonly Buffer[]): RtpPacket[] {
  return packets.map((bytes) => {
    const packet = parseRtp(bytes);
    if (packet === undefined) throw new Error('no RTP packet');
    return packet;
  });
}

/** A unit's payloads as text, for comparing. */
export function hexOf(unit: Pick<SourceUnit, 'payloads'>): string[] {
  return unit.payloads.map((payload) => payload.toString('hex'));
}
