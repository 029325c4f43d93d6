import { randomInt } from 'node:crypto';
import type { types } from 'mediasoup';
import { RtpPacketiser, type TrackFormat, type Unit, writeSenderReport } from '../stream/index.ts';
import { PromisesOrder } from './picture-order.ts';
import type { ReportTime } from './report-clock.ts';
import type { RouterRef } from './router-set.ts';
import {
  PLAYOUT_DELAY_BLOCK,
  type PlayableFormat,
  payloadTypeOf,
  producerKey,
  producerParameters,
} from './rtp-parameters.ts';
import type { RtpSender } from './rtp-sender.ts';

/** Whole RTP packets; what a worker adds for a viewer (extensions, RTX, SRTP) still fits the usual path. */
const MAX_PACKET_BYTES = 1200;

/**
 * mediasoup needs three reports before it tells viewers times by them; till then it goes by arrivals, and what it told
 * of sound that way stands for up to 5 s. So the first units of a track bring one each.
 */
const EARLY_REPORTS = 4;

/** A track as viewers find it: its producer and the router that has it. */
export interface FeedTrack {
  readonly kind: 'video' | 'audio';
  readonly producerId: string;
  readonly router: RouterRef;
  readonly format: PlayableFormat;
}

/** Where packets go; false when it has no room for more after these. */
export interface PacketSink {
  send(packets: readonly Buffer[]): boolean;
}

/**
 * The outgoing RTP of one track: one SSRC and one sequence for as long as it lives, through camera
 * reconnections and from worker to worker.
 */
export class TrackRtp {
  readonly key: string;
  readonly ssrc: number;
  readonly #packetiser: RtpPacketiser;
  readonly #cname: string;
  readonly #format: TrackFormat;
  readonly #order = new PromisesOrder();
  #reportedPackets = 0;
  #reports = 0;

  constructor(format: TrackFormat, cname: string) {
    this.key = producerKey(format);
    this.#format = format;
    this.#cname = cname;
    this.ssrc = randomInt(1, 0xffff_ffff);
    this.#packetiser = new RtpPacketiser({
      payloadType: payloadTypeOf(format),
      ssrc: this.ssrc,
      clockRate: format.kind === 'video' ? 90_000 : format.clockRate,
      maxPacketBytes: MAX_PACKET_BYTES,
      // Below half: SRTP counts wraps from what it sees first (RFC 3711 section 3.3.1).
      firstSequence: randomInt(0, 0x8000),
      timestampOffset: randomInt(0, 0xffff_ffff),
      parameterSets: 'stap-a-before-idr',
      ...(format.kind === 'video' ? { headerExtension: PLAYOUT_DELAY_BLOCK } : {}),
    });
  }

  produce(sender: RtpSender): Promise<types.Producer> {
    this.#reports = 0;
    return sender.transport.produce({
      kind: this.#format.kind,
      rtpParameters: producerParameters(this.#format, this.ssrc, this.#cname),
    });
  }

  /** False when the sink has no room for more after this unit. */
  send(unit: Unit, sink: PacketSink): boolean {
    return sink.send(this.#packetiser.packetise(this.#order.unit(unit)));
  }

  /** Not to wait for the second: the worker knows too little yet to align sound and picture. */
  get needsReport(): boolean {
    return this.#reports < EARLY_REPORTS;
  }

  /** Ties the RTP timestamps to the hub's clock (RFC 3550 section 6.4.1); nothing while nothing is sent. */
  report(sink: PacketSink, time: ReportTime): void {
    const { packetCount, octetCount } = this.#packetiser;
    if (packetCount === this.#reportedPackets) {
      // A pause: what was reported before it is too old to count on, so the first unit after it brings the next.
      this.#reports = Math.min(this.#reports, EARLY_REPORTS - 1);
      return;
    }
    this.#reportedPackets = packetCount;
    this.#reports += 1;
    sink.send([
      writeSenderReport({
        ssrc: this.ssrc,
        cname: this.#cname,
        ntpMs: time.ntpMs,
        rtpTimestamp: this.#packetiser.timestampOf(time.pts90k),
        packetCount,
        octetCount,
      }),
    ]);
  }
}
