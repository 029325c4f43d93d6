import fc from 'fast-check';
import {
  buildReceiverReport,
  parseRtcp,
  parseRtp,
  ReceptionStats,
} from '../../../server/rtsp/parse/index.ts';
import { mutatedBytes } from '../support/mutations.ts';
import { h264Streams, rtcpPackets } from '../support/seeds.ts';
import { type FuzzTarget, must, plainBytes, reviveBytes } from '../support/target.ts';

const packets = [...rtcpPackets, ...h264Streams.flatMap((stream) => stream.slice(0, 6))];

/** Heads of RTP packets, compound RTCP packets, and the report that answers them. */
export const rtcp: FuzzTarget<Buffer> = {
  name: 'rtcp',
  summary: 'RTP heads, RTCP, and the reports that answer them',
  share: 3,
  maxCpuMs: 20,
  input: fc.oneof(mutatedBytes(packets), mutatedBytes(rtcpPackets)),
  run(bytes) {
    const parts = parseRtcp(bytes);
    must(parts.length * 4 <= bytes.length, 'each part has a head');
    const stats = new ReceptionStats(90_000);
    const packet = parseRtp(bytes);
    if (packet !== undefined) {
      const { payload, sequence, timestamp, ssrc, payloadType } = packet;
      must(payload.length <= bytes.length - 12, 'a payload is what is behind the head');
      must(sequence <= 0xffff && payloadType <= 127, 'fields have their bits');
      must(timestamp <= 0xffff_ffff && timestamp >= 0 && ssrc >= 0, 'no number below zero');
      stats.packet(packet, 1_000);
    }
    for (const part of parts) {
      if (part.kind === 'sdes') must((part.cname?.length ?? 0) <= 255, 'a name has 255 bytes at most');
      if (part.kind !== 'sr') continue;
      must(Number.isFinite(part.ntpMs), 'a time is a number');
      stats.senderReport(part, 1_000);
    }
    const block = stats.reportBlock(1e9);
    const told = parts.flatMap((part) => ('reports' in part ? part.reports : []));
    // What was read can be written: numbers out of range would throw here.
    buildReceiverReport({
      ssrc: 1,
      cname: 'sluice',
      reports: [...(block === undefined ? [] : [block]), ...told],
    });
  },
  plain: plainBytes,
  revive: reviveBytes,
};
