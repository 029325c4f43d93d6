import type { RecordingCause } from '../segment.ts';
import { CutGrid } from './cut-grid.ts';
import type { SegmenterOptions, SegmenterRun } from './cut-segment.ts';
import { readAdts, sameAudio, VideoFormatReader } from './media-format.ts';
import { type Mark, OpenPart, rebase } from './open-part.ts';
import { isRandomAccess, payloadAt, pcrAt, TS_PACKET_BYTES } from './packet.ts';
import { PacketSorter } from './packet-sorter.ts';
import { type HeadVerdict, PictureHead } from './picture-head.ts';
import { TRACK } from './program-reader.ts';
import { SegmentOutput } from './segment-output.ts';
import { type PesHeader, readPesHeader, readTime33, shiftPcr, shiftPes, unwrap33 } from './timestamps.ts';

interface PictureInWork {
  readonly mark: Mark;
  readonly dts90k: number;
  readonly isRandomAccess: boolean;
}

const BACK_90K = 90_000;
/** Two runs that are no further apart than this, or two pictures, leave no gap between them. */
const ADJACENT_90K = 18_000;
/** Without a key frame for so long at the start it is told. */
const KEY_FRAME_WAIT_90K = 10 * 90_000;
/** Sound so far ahead of the last picture is not part of a segment that ends there. */
const SOUND_AHEAD_90K = 90_000;
/** Times that are this near mean the same picture. */
const SAME_90K = 1;

/**
 * Cuts one endless MPEG-TS, as FFmpeg writes it (the packets of one PES packet in a row, H.264 or H.265, and AAC in ADTS), at key
 * frames into segments that play alone. One lives as long as the stream does, through many FFmpeg processes: when one
 * ends, the segment in the making is kept, and since the hub replays its group of pictures to the next one, the recording
 * mostly goes on where it was. Never throws, whatever comes in; what it holds is bounded by `maxSegmentBytes`.
 */
export class Segmenter {
  /** Counts from the next cut on. */
  segmentMs: number;
  readonly #options: SegmenterOptions;
  readonly #maxBytes: number;
  readonly #max90k: number;
  readonly #jump90k: number;
  readonly #packets: PacketSorter;
  readonly #head = new PictureHead();
  readonly #video = new VideoFormatReader();
  readonly #grid = new CutGrid();
  readonly #output: SegmentOutput;
  #part: OpenPart;
  /** The part begins with a key frame; else all is dropped up to one. */
  #isOpen = false;
  /** What the run before left. */
  #held: OpenPart | undefined;
  #picture: PictureInWork | undefined;
  /** Where the last PES packet began, for a run that ends within it. */
  #lastUnit: Mark | undefined;
  #lastUnitMissingBytes = 0;
  /** Where sound began to run ahead of the picture. */
  #soundAhead: Mark | undefined;
  #dropSoundUpTo90k = Number.NEGATIVE_INFINITY;
  #shift90k = 0;
  /** The last decoding time, or where one is expected. */
  #near90k = 0;
  #hasTime = false;
  #waitingSince90k: number | undefined;
  #cause: RecordingCause = 'started';
  #split: RecordingCause | undefined;
  #formatChanges = false;
  #newestPts90k: number | undefined;

  constructor(options: SegmenterOptions) {
    this.#options = options;
    this.segmentMs = options.segmentMs;
    this.#output = new SegmentOutput(options.onSegment);
    this.#packets = new PacketSorter({
      onUnit: (track, data, at, pes) => {
        if (track === TRACK.video) this.#beginPicture(data, at, pes);
        else this.#beginSound(data, at, pes);
      },
      onPacket: (track, data, at, lost, pes) => this.#append(track, data, at, lost, pes),
      onSkipped: (skippedBytes) => options.onTrouble?.({ kind: 'sync-lost', skippedBytes }),
    });
    this.#maxBytes = options.maxSegmentBytes ?? 48 * 1024 * 1024;
    this.#max90k = (options.maxSegmentMs ?? 120_000) * 90;
    this.#jump90k = (options.jumpMs ?? 10_000) * 90;
    this.#part = this.#newPart(0);
  }

  /** Memory held. */
  get openBytes(): number {
    return this.#part.heldBytes + (this.#held?.heldBytes ?? 0);
  }

  /** Start of the segment in the making. */
  get openStartPts90k(): number | undefined {
    return this.#isOpen ? this.#part.startPts90k : this.#held?.startPts90k;
  }

  /** Of the last picture that came in, wanted or not. */
  get newestPts90k(): number | undefined {
    return this.#newestPts90k;
  }

  get counters(): Readonly<{
    packets: number;
    skippedBytes: number;
    lostPackets: number;
    droppedUnits: number;
  }> {
    return this.#packets.counters;
  }

  /** A new process is about to write. */
  begin(run: SegmenterRun): void {
    this.interrupt({ isWhole: false });
    this.#cause = run.cause;
    this.#shift90k = run.shift90k ?? 0;
    this.#near90k = run.expectedPts90k;
  }

  /** Takes what comes from the process, in pieces of any size. They are copied. */
  push(chunk: Buffer): void {
    this.#packets.push(chunk);
  }

  /**
   * The process has ended. The segment in the making is kept for the next one. Where it did not end in order, its last
   * picture or sound may be half written and is thrown away.
   */
  interrupt(options: { readonly isWhole: boolean }): void {
    if (options.isWhole) this.#decide('other');
    this.#packets.reset();
    if (this.#isOpen) {
      const from = this.#picture?.mark ?? (this.#lastUnitMissingBytes > 0 ? this.#lastUnit : undefined);
      if (from !== undefined && !options.isWhole) this.#part.rollTo(from);
      if (this.#part.pictures > 0) this.#held = this.#part;
      this.#part = this.#newPart(this.#part.counters);
    }
    this.#wait();
    this.#hasTime = false;
    this.#dropSoundUpTo90k = Number.NEGATIVE_INFINITY;
  }

  /** Gives out the segment in the making: the recording ends here. */
  end(): void {
    this.interrupt({ isWhole: true });
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#output.giveAll(held);
    this.#split = undefined;
  }

  /** The next key frame begins a new recording, and the one before goes on up to it. */
  split(cause: RecordingCause): void {
    this.#split = cause;
  }

  #newPart(counters: number): OpenPart {
    // Twice as much, since what is held may be joined with what comes.
    return new OpenPart({ maxBytes: 2 * this.#maxBytes, counters });
  }

  #append(track: number, data: Buffer, at: number, lost: number, pes: PesHeader | undefined): void {
    if (!this.#isOpen && this.#picture === undefined) return;
    if (this.#part.size + TS_PACKET_BYTES > this.#maxBytes) {
      this.#overflow();
      return;
    }
    const offset = this.#part.append(data, at, track, lost);
    if (this.#shift90k !== 0) {
      const { bytes } = this.#part;
      if (pes !== undefined) shiftPes(bytes, readPesHeader(bytes, offset) ?? pes, this.#shift90k);
      if (pcrAt(data, at) >= 0) shiftPcr(bytes, offset, this.#shift90k);
    }
    const end = at + TS_PACKET_BYTES;
    const payload = pes === undefined ? payloadAt(data, at) : pes.payloadAt;
    if (pes === undefined) this.#lastUnitMissingBytes -= Math.max(0, end - payload);
    if (track !== TRACK.video || this.#picture === undefined) return;
    this.#decide(this.#head.push(data, payload, end));
  }

  #beginPicture(data: Buffer, at: number, pes: PesHeader): void {
    // The one before had no slice.
    this.#decide('other');
    this.#packets.setSkipped(TRACK.video, false);
    if (pes.ptsAt < 0) {
      // Without a time of its own it is the rest of what came before.
      this.#packets.setSkipped(TRACK.video, !this.#isOpen);
      return;
    }
    const timeAt = pes.dtsAt < 0 ? pes.ptsAt : pes.dtsAt;
    const dts90k = unwrap33(readTime33(data, timeAt) + this.#shift90k, this.#near90k);
    const pts90k = unwrap33(readTime33(data, pes.ptsAt) + this.#shift90k, dts90k);
    this.#checkTimeline(dts90k);
    this.#near90k = dts90k;
    this.#hasTime = true;
    this.#newestPts90k = pts90k;
    const start90k = this.#isOpen ? this.#part.startPts90k : undefined;
    if (start90k !== undefined && pts90k - start90k > this.#max90k) this.#overflow();
    if (!this.#isOpen) {
      this.#clearPart();
      this.#waitingSince90k ??= pts90k;
      if (pts90k - this.#waitingSince90k > KEY_FRAME_WAIT_90K) {
        this.#options.onTrouble?.({ kind: 'no-key-frame', fromPts90k: this.#waitingSince90k });
        this.#waitingSince90k = Number.POSITIVE_INFINITY;
      }
    }
    const mark = this.#part.mark(pts90k);
    this.#noteUnit(mark, at, pes);
    this.#picture = { mark, dts90k, isRandomAccess: isRandomAccess(data, at) };
    this.#soundAhead = undefined;
    this.#head.begin(this.#packets.videoCodec);
  }

  #beginSound(data: Buffer, at: number, pes: PesHeader): void {
    const part = this.#part;
    const isWanted = this.#isOpen || this.#picture !== undefined;
    this.#packets.setSkipped(TRACK.audio, true);
    if (!isWanted || pes.ptsAt < 0 || !this.#hasTime) return;
    const pts90k = unwrap33(readTime33(data, pes.ptsAt) + this.#shift90k, this.#near90k);
    // The hub has replayed sound that the segment has already.
    if (pts90k <= this.#dropSoundUpTo90k) return;
    this.#dropSoundUpTo90k = Number.NEGATIVE_INFINITY;
    const found = readAdts(data, pes.payloadAt, at + TS_PACKET_BYTES);
    if (found !== undefined) this.#output.audio = found;
    if (this.#isOpen) {
      if (
        !part.hasAudio ||
        (found !== undefined && part.audio !== undefined && !sameAudio(found, part.audio))
      ) {
        this.#formatChanges = true;
      }
      if (!part.hasAudio) return;
      if (pts90k - part.maxPts90k > SOUND_AHEAD_90K) this.#soundAhead ??= part.mark(pts90k);
      if (pts90k - part.maxPts90k > this.#jump90k) {
        // The camera goes on without a picture.
        this.#overflow();
        return;
      }
    }
    part.audio ??= found;
    this.#noteUnit(part.mark(pts90k), at, pes);
    part.lastAudioPts90k = pts90k;
    this.#packets.setSkipped(TRACK.audio, false);
  }

  #noteUnit(mark: Mark, at: number, pes: PesHeader): void {
    this.#lastUnit = mark;
    // The length counts what follows its field.
    const here = at + TS_PACKET_BYTES - (pes.startAt + 6);
    // Without a length only the next unit tells that this one is whole.
    this.#lastUnitMissingBytes = pes.length === 0 ? Number.POSITIVE_INFINITY : pes.length - here;
  }

  /** Ends the recording where times have nothing to do with those before. */
  #checkTimeline(dts90k: number): void {
    const last90k = this.#part.lastDts90k;
    if (!this.#isOpen || last90k === Number.NEGATIVE_INFINITY) return;
    if (dts90k - last90k <= this.#jump90k && dts90k >= last90k - BACK_90K) return;
    this.#close();
    this.#cause = 'timeline-jumped';
    this.#options.onTrouble?.({ kind: 'timeline-jumped', fromPts90k: last90k, toPts90k: dts90k });
  }

  /** Too long or too large without a key frame. */
  #overflow(): void {
    const fromPts90k = this.#isOpen ? this.#part.endPts90k : (this.#waitingSince90k ?? this.#near90k);
    if (this.#isOpen) {
      if (this.#picture !== undefined) this.#part.rollTo(this.#picture.mark);
      this.#close();
    }
    this.#clearPart();
    this.#wait();
    this.#cause = 'recovered';
    this.#waitingSince90k = Number.POSITIVE_INFINITY;
    this.#options.onTrouble?.({ kind: 'no-key-frame', fromPts90k });
  }

  /** The part in work ends with its last picture. */
  #close(): void {
    const part = this.#part;
    if (this.#soundAhead !== undefined) part.rollTo(this.#soundAhead);
    this.#output.giveAll(part);
    this.#part = this.#newPart(part.counters);
    this.#wait();
  }

  #wait(): void {
    this.#isOpen = false;
    this.#picture = undefined;
    this.#lastUnit = undefined;
    this.#lastUnitMissingBytes = 0;
    this.#soundAhead = undefined;
    this.#waitingSince90k = undefined;
  }

  #clearPart(): void {
    this.#part.clear();
    this.#part.hasAudio = this.#packets.hasAudio;
    this.#part.clockTrack = this.#packets.clockTrack;
  }

  /** It is known now what kind of picture the one in work is. */
  #decide(verdict: HeadVerdict): void {
    const picture = this.#picture;
    if (picture === undefined || verdict === 'more') return;
    this.#picture = undefined;
    const { mark } = picture;
    const isIdr = verdict === 'key';
    // Cameras with recovery points instead of IDR pictures: better than no recording.
    const isKey = isIdr || (picture.isRandomAccess && this.#head.hasSps);
    const format = isKey ? this.#video.read(this.#head.sets) : undefined;
    if (format !== undefined && !this.#onKeyFrame(mark, isIdr)) return;
    if (format === undefined && !this.#isOpen) {
      this.#packets.setSkipped(TRACK.video, true);
      return;
    }
    this.#part.addPicture(mark.pts90k, picture.dts90k);
  }

  /** False: it was thrown away. */
  #onKeyFrame(mark: Mark, isIdr: boolean): boolean {
    if (!this.#isOpen) return this.#open(mark);
    const part = this.#part;
    const format = this.#video.format;
    const start90k = part.startPts90k;
    if (format === undefined || start90k === undefined || mark.pts90k <= start90k) return true;
    const isOtherFormat =
      this.#formatChanges ||
      part.video?.parameterSetsId !== format.parameterSetsId ||
      part.hasAudio !== this.#packets.hasAudio;
    this.#grid.onKeyFrame(mark.pts90k);
    const isLarge = part.size > this.#maxBytes / 2;
    const isDue = isIdr ? this.#grid.isDue(mark.pts90k) : this.#grid.isOverdue(mark.pts90k);
    if (isOtherFormat || isLarge || isDue || this.#split !== undefined) this.#cut(mark, isOtherFormat);
    else part.addKey(mark);
    return true;
  }

  #cut(mark: Mark, isOtherFormat: boolean): void {
    const part = this.#part;
    this.#output.giveUpTo(part, mark);
    const next = part.follower(mark);
    this.#grid.cut(mark.pts90k, this.segmentMs * 90);
    this.#start(next, mark, this.#split ?? (isOtherFormat ? 'format-changed' : undefined));
  }

  /** A part begins with this key frame, whose packets are in it already. */
  #start(part: OpenPart, mark: Mark, begins: RecordingCause | undefined): void {
    const first = rebase(mark, mark);
    if (this.#lastUnit !== undefined) this.#lastUnit = rebase(this.#lastUnit, mark);
    this.#part = part;
    this.#isOpen = true;
    this.#output.begins = begins;
    this.#split = undefined;
    this.#formatChanges = false;
    this.#waitingSince90k = undefined;
    part.video = this.#video.format;
    part.hasAudio = this.#packets.hasAudio;
    part.clockTrack = this.#packets.clockTrack;
    part.lastAudioPts90k = mark.lastAudioPts90k;
    part.addKey(first);
  }

  /** The first key frame of a run, or after a wait. */
  #open(mark: Mark): boolean {
    const held = this.#held;
    if (held !== undefined) return this.#resume(held, mark);
    const end90k = this.#output.end90k;
    if (end90k !== undefined && mark.pts90k < end90k - SAME_90K && mark.pts90k > end90k - 2 * this.#max90k) {
      this.#drop();
      return false;
    }
    const goesOn =
      this.#output.endsAtKeyFrame && end90k !== undefined && Math.abs(mark.pts90k - end90k) <= SAME_90K;
    if (!goesOn) this.#grid.begin(mark.pts90k, this.segmentMs * 90);
    this.#start(this.#part, mark, this.#split ?? (goesOn ? this.#output.begins : this.#cause));
    return true;
  }

  #drop(): void {
    this.#packets.counters.droppedUnits += 1;
    this.#packets.setSkipped(TRACK.video, true);
    this.#clearPart();
  }

  /** The first key frame after a restart, while a part of the run before is still there. */
  #resume(held: OpenPart, mark: Mark): boolean {
    const { pts90k } = mark;
    const start90k = held.startPts90k ?? pts90k;
    const again = held.keys.find((key) => Math.abs(key.pts90k - pts90k) <= SAME_90K);
    const isNext = pts90k > held.maxPts90k && pts90k - held.maxPts90k <= 2 * held.frame90k + ADJACENT_90K;
    if (again === undefined && !isNext) {
      if (pts90k <= held.maxPts90k && pts90k > start90k - this.#max90k) {
        this.#drop();
        return false;
      }
      // Later than what is held, or of another time altogether.
      this.#held = undefined;
      this.#output.giveAll(held);
      if (pts90k < start90k) this.#cause = 'timeline-jumped';
      return this.#open(mark);
    }
    this.#held = undefined;
    const head = this.#part;
    if (again !== undefined) held.rollTo(again);
    this.#dropSoundUpTo90k = held.lastAudioPts90k;
    const isOtherFormat =
      held.video?.parameterSetsId !== this.#video.format?.parameterSetsId ||
      held.hasAudio !== this.#packets.hasAudio;
    if (held.keys.length === 0) {
      // Its very first key frame comes again: as if it had not been there.
      const fresh = this.#newPart(held.counters);
      fresh.absorb(head, mark.offset);
      const begins = this.#split ?? this.#output.begins ?? (isOtherFormat ? 'format-changed' : undefined);
      const first = { ...mark, counters: held.counters };
      this.#lastUnit = first;
      this.#start(fresh, first, begins);
      return true;
    }
    const here = held.mark(pts90k);
    held.absorb(head, mark.offset);
    this.#part = held;
    this.#isOpen = true;
    this.#lastUnit = here;
    this.#onKeyFrame(here, true);
    return true;
  }
}
