import fc from 'fast-check';
import { SourceTally } from '../../../server/rtsp/client/tally.ts';
import { TrackReceiver } from '../../../server/rtsp/client/track-receiver.ts';
import { buildReceiverReport } from '../../../server/rtsp/parse/index.ts';
import { mutatedPackets, plainPackets, revivePackets } from '../support/mutations.ts';
import { audioStreams, h264Streams, h265Streams, rtcpPackets } from '../support/seeds.ts';
import { type FuzzTarget, must } from '../support/target.ts';
import { trackOf } from './payloads.ts';

interface Input {
  readonly packets: readonly Buffer[];
  readonly transport: 'tcp' | 'udp';
  readonly track: number;
  /** Between packets, in turn. */
  readonly gapsMs: readonly number[];
}

const tracks = [
  trackOf('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000'),
  trackOf('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000'),
  trackOf('m=audio 0 RTP/AVP 98', 'a=rtpmap:98 PCMU/8000'),
].filter((track) => track !== undefined);

const streams = [...h264Streams, ...h265Streams, ...audioStreams].map((stream) =>
  stream.flatMap((packet, n) => {
    const report = rtcpPackets[n % rtcpPackets.length];
    return n % 7 === 6 && report !== undefined ? [report, packet] : [packet];
  }),
);

/** All that one track's packets go through: reordering, SSRCs, counting, reports. */
export const receiver: FuzzTarget<Input> = {
  name: 'receiver',
  summary: "a track's packets and reports over TCP and UDP, with time going by",
  share: 3,
  maxCpuMs: 60,
  input: fc.record({
    packets: mutatedPackets(streams),
    transport: fc.constantFrom('tcp', 'udp'),
    track: fc.nat(tracks.length - 1),
    gapsMs: fc.array(fc.nat(150), { minLength: 1, maxLength: 4 }),
  }),
  run({ packets, transport, track: index, gapsMs }) {
    const track = tracks[index % tracks.length];
    if (track === undefined) return;
    const tally = new SourceTally();
    let nowMs = 5_000;
    const receiver = new TrackReceiver({
      track,
      transport,
      tally,
      onUnit: (unit) => must(unit.receivedAtMs <= nowMs, 'no unit before its packets'),
      onFormat: () => {},
      onSenderReport: ({ ntpMs }) => must(Number.isFinite(ntpMs) && ntpMs > 0, 'a report has a time'),
      onBye: () => {},
    });
    for (const [n, packet] of packets.entries()) {
      nowMs += gapsMs[n % gapsMs.length] ?? 0;
      receiver.rtp(packet, nowMs);
      receiver.rtcp(packet, nowMs);
      if (n % 5 !== 0) continue;
      receiver.tick(nowMs);
      receiver.count();
      const block = receiver.reportBlock(nowMs);
      buildReceiverReport({ ssrc: 1, cname: 'sluice', reports: block === undefined ? [] : [block] });
    }
    receiver.tick(nowMs + 1_000);
    receiver.count();
    const { receivedPackets, lostPackets, droppedUnits, ignoredPackets } = tally;
    must(receivedPackets === packets.length, 'every packet is counted');
    must(lostPackets >= 0 && droppedUnits >= 0 && ignoredPackets >= 0, 'counters count up');
  },
  plain: ({ packets, ...rest }) => ({ ...rest, packets: plainPackets(packets) }),
  revive: (plain) => {
    const { packets, ...rest } = plain as Omit<Input, 'packets'> & { packets: string[] };
    return { ...rest, packets: revivePackets(packets) };
  },
};
