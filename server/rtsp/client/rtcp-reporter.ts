import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { buildPictureLoss, buildReceiverReport, type ReportBlock } from '../parse/index.ts';

export interface RtcpReporterOptions {
  readonly clock: Clock;
  readonly trackCount: number;
  reportBlock(track: number, nowMs: number): ReportBlock | undefined;
  send(track: number, packet: Buffer): void;
}

/** RFC 3550 section 6.2 recommends 5 s as the least interval. */
const REPORT_EVERY_MS = 5_000;

export interface RtcpReports {
  stop(): void;
  /** Asks the sender of a track for a key frame. */
  pictureLoss(track: number, mediaSsrc: number): void;
}

/**
 * Sends a receiver report with our name (RR and SDES) for each track every 5 s: cameras take it as a sign of life,
 * some end a session without.
 */
export function startRtcpReports(options: RtcpReporterOptions): RtcpReports {
  const { clock, trackCount } = options;
  // RFC 7022 section 4.2: a name for one session that tells nothing about this machine.
  const cname = `sluice-${randomBytes(8).toString('hex')}`;
  const ssrcs = Array.from({ length: trackCount }, () => randomBytes(4).readUInt32BE(0));
  const stop = clock.every(REPORT_EVERY_MS, () => {
    const nowMs = clock.monotonicMs();
    for (const [track, ssrc] of ssrcs.entries()) {
      const block = options.reportBlock(track, nowMs);
      const reports = block === undefined ? [] : [block];
      options.send(track, buildReceiverReport({ ssrc, cname, reports }));
    }
  });
  return {
    stop,
    pictureLoss: (track, mediaSsrc) => {
      const ssrc = ssrcs[track];
      if (ssrc !== undefined) options.send(track, buildPictureLoss({ ssrc, cname, mediaSsrc }));
    },
  };
}
