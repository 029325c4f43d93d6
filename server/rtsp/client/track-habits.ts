import type { ReceivedTrack } from '../../../shared/report.ts';
import { ClockDrift } from '../../base/clock-drift.ts';
import type { RtpPacket } from '../parse/index.ts';
import { h264Parts, h265Parts, PART, spsIn } from './picture-parts.ts';

export interface TrackHabitsOptions {
  readonly kind: 'video' | 'audio';
  readonly codec: string;
  readonly clockRate: number;
  /** The session description has the parameter sets. */
  readonly setsInSdp: boolean;
}

type Measured = Omit<
  ReceivedTrack,
  'kind' | 'lostPackets' | 'lossPercent' | 'latePackets' | 'jitterMs' | 'droppedUnits'
>;

const RTP_HEADER_BYTES = 12;
/** What of an Ethernet frame's 1500 bytes IPv4 and UDP leave. */
const MTU_UDP_BYTES = 1472;
/** SPS that count as known; a camera that has more says nothing by them. */
const MAX_KNOWN_SPS = 8;
const MAX_SPS_BYTES = 1024;
const FPS_WINDOW_MS = 10_000;
const MIN_FPS_WINDOW_MS = 2_000;

/**
 * What a camera's packets of one track are like: sizes, marks, where the parameter sets are, how its clock runs. Fed
 * with every packet on the media loop, so each costs some additions; what the numbers mean is for the report.
 */
export class TrackHabits {
  readonly #options: TrackHabitsOptions;
  readonly #partsOf: ((payload: Buffer) => number) | undefined;
  readonly #drift = new ClockDrift();
  #packets = 0;
  #bytes = 0;
  #maxBytes = 0;
  #overMtu = 0;
  #restarts = 0;
  #mediaTicks = 0;
  #timestamp: number | undefined;
  /** Parts, slices and last marker of the picture under way. */
  #parts = 0;
  #slices = 0;
  #marked = false;
  #pictures = 0;
  #unmarked = 0;
  #maxSlices = 0;
  #keyFrames = 0;
  #keyFramesWithSets = 0;
  #setsBefore = false;
  #inBand = false;
  #spsChanges = 0;
  #knownSps: Buffer[] = [];
  #windowStartMs: number | undefined;
  #windowTicks = 0;
  #windowPictures = 0;
  #timestampFps: number | undefined;
  #senderReports = 0;
  #firstReportMs = 0;
  #lastReportMs = 0;

  constructor(options: TrackHabitsOptions) {
    this.#options = options;
    if (options.codec === 'h264') this.#partsOf = h264Parts;
    else if (options.codec === 'h265') this.#partsOf = h265Parts;
  }

  packet(packet: RtpPacket, receivedAtMs: number): void {
    const sizeBytes = packet.payload.length + RTP_HEADER_BYTES;
    this.#packets += 1;
    this.#bytes += sizeBytes;
    if (sizeBytes > this.#maxBytes) this.#maxBytes = sizeBytes;
    if (sizeBytes > MTU_UDP_BYTES) this.#overMtu += 1;
    if (packet.timestamp !== this.#timestamp) this.#newTime(packet.timestamp, receivedAtMs);
    if (this.#partsOf === undefined) return;
    const parts = this.#partsOf(packet.payload);
    this.#parts |= parts;
    if ((parts & PART.slice) !== 0) this.#slices += 1;
    if ((parts & PART.sps) !== 0) this.#sps(packet.payload);
    if (packet.marker) this.#marked = true;
  }

  senderReport(receivedAtMs: number): void {
    if (this.#senderReports === 0) this.#firstReportMs = receivedAtMs;
    this.#lastReportMs = receivedAtMs;
    this.#senderReports += 1;
  }

  /** The camera began a new RTP stream. */
  restarted(): void {
    this.#restarts += 1;
    this.#timestamp = undefined;
    this.#drift.restart();
    this.#windowStartMs = undefined;
  }

  get report(): Measured {
    const drift = this.#drift.drift;
    const everyMs =
      this.#senderReports < 2
        ? undefined
        : Math.round((this.#lastReportMs - this.#firstReportMs) / (this.#senderReports - 1));
    return {
      packets: {
        count: this.#packets,
        meanBytes: this.#packets === 0 ? 0 : Math.round(this.#bytes / this.#packets),
        maxBytes: this.#maxBytes,
        overMtu: this.#overMtu,
      },
      restarts: this.#restarts,
      timestampJumps: this.#drift.jumps,
      ...(drift === undefined ? {} : { clockDrift: drift }),
      senderReports: { count: this.#senderReports, ...(everyMs === undefined ? {} : { everyMs }) },
      ...(this.#options.kind === 'video' ? this.#video() : {}),
    };
  }

  #video(): Partial<Measured> {
    return {
      parameterSets: {
        inSdp: this.#options.setsInSdp,
        inBand: this.#inBand,
        keyFrames: this.#keyFrames,
        keyFramesWithSets: this.#keyFramesWithSets,
        changes: this.#spsChanges,
      },
      ...(this.#timestampFps === undefined
        ? {}
        : { timestampFps: Math.round(this.#timestampFps * 100) / 100 }),
      ...(this.#pictures === 0
        ? {}
        : {
            withoutMarker: Math.round((this.#unmarked / this.#pictures) * 1000) / 1000,
            maxSlices: this.#maxSlices,
          }),
    };
  }

  #newTime(timestamp: number, receivedAtMs: number): void {
    if (this.#timestamp !== undefined) {
      if (this.#slices > 0) this.#closePicture();
      // Parameter sets may have a time of their own: they belong to the picture that follows.
      else if ((this.#parts & PART.parameterSet) !== 0) this.#setsBefore = true;
      const ticks = (timestamp - this.#timestamp) | 0;
      this.#mediaTicks += ticks;
      this.#windowTicks += ticks;
    }
    this.#timestamp = timestamp;
    this.#parts = 0;
    this.#slices = 0;
    this.#marked = false;
    const { clockRate, kind } = this.#options;
    const jumps = this.#drift.jumps;
    this.#drift.add((this.#mediaTicks * 1000) / clockRate, receivedAtMs);
    const { isInDoubt } = this.#drift;
    if (kind === 'video') this.#addRate(receivedAtMs, isInDoubt || this.#drift.jumps !== jumps);
  }

  #closePicture(): void {
    this.#pictures += 1;
    this.#windowPictures += 1;
    if (!this.#marked) this.#unmarked += 1;
    this.#maxSlices = Math.max(this.#maxSlices, this.#slices);
    const hasSets = this.#setsBefore || (this.#parts & PART.parameterSet) !== 0;
    if (hasSets) this.#inBand = true;
    this.#setsBefore = false;
    if ((this.#parts & PART.keyPicture) === 0) return;
    this.#keyFrames += 1;
    if (hasSets) this.#keyFramesWithSets += 1;
  }

  #addRate(atMs: number, jumped: boolean): void {
    if (this.#windowStartMs === undefined || jumped) {
      this.#windowStartMs = atMs;
      this.#windowTicks = 0;
      this.#windowPictures = 0;
      return;
    }
    const windowMs = atMs - this.#windowStartMs;
    const isFirst = this.#timestampFps === undefined;
    if (windowMs < (isFirst ? MIN_FPS_WINDOW_MS : FPS_WINDOW_MS) || this.#windowTicks <= 0) return;
    this.#timestampFps = (this.#windowPictures * this.#options.clockRate) / this.#windowTicks;
    this.#windowStartMs = atMs;
    this.#windowTicks = 0;
    this.#windowPictures = 0;
  }

  #sps(payload: Buffer): void {
    const sps = spsIn(payload, this.#options.codec === 'h264' ? 'h264' : 'h265');
    if (sps === undefined || sps.length > MAX_SPS_BYTES) return;
    if (this.#knownSps.some((known) => known.equals(sps))) return;
    if (this.#knownSps.length > 0) this.#spsChanges += 1;
    if (this.#knownSps.length >= MAX_KNOWN_SPS) this.#knownSps.shift();
    this.#knownSps.push(Buffer.from(sps));
  }
}
