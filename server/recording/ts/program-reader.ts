import type { VideoCodec } from '../segment.ts';
import { beginsUnit, NULL_PID, PAT_PID, pidOf } from './packet.ts';
import { AUDIO_PID, CLOCK_PID, parsePat, parsePmt, VIDEO_PID } from './tables.ts';

/** What a packet belongs to; also the index of what is kept for each track. */
export const TRACK = { none: -1, video: 0, audio: 1, clock: 2 } as const;
export type Track = (typeof TRACK)[keyof typeof TRACK];
export const TRACKS = 3;
/** The PIDs that segments use, by track. */
export const TRACK_PIDS: readonly number[] = [VIDEO_PID, AUDIO_PID, CLOCK_PID];

/** Follows PAT and PMT and tells which track a packet belongs to; what is not H.264 or H.265, AAC or their clock is of no track. */
export class ProgramReader {
  #pmtPid = -1;
  #videoPid = -1;
  #audioPid = -1;
  #pcrPid = -1;
  #videoCodec: VideoCodec = 'h264';

  /** Of the video track, where there is one. */
  get videoCodec(): VideoCodec {
    return this.#videoCodec;
  }

  get hasVideo(): boolean {
    return this.#videoPid >= 0;
  }

  get hasAudio(): boolean {
    return this.#audioPid >= 0;
  }

  /** Which track carries the clock. */
  get clockTrack(): number {
    if (this.#pcrPid === this.#audioPid && this.hasAudio) return TRACK.audio;
    return this.#pcrPid === this.#videoPid || this.#pcrPid === NULL_PID ? TRACK.video : TRACK.clock;
  }

  reset(): void {
    this.#pmtPid = -1;
    this.#videoPid = -1;
    this.#audioPid = -1;
    this.#pcrPid = -1;
  }

  take(data: Buffer, at: number): Track {
    const pid = pidOf(data, at);
    if (pid === this.#videoPid) return TRACK.video;
    if (pid === this.#audioPid) return TRACK.audio;
    if (pid === this.#pcrPid) return pid === NULL_PID ? TRACK.none : TRACK.clock;
    if (pid === PAT_PID) {
      if (beginsUnit(data, at)) this.#pmtPid = parsePat(data, at) ?? this.#pmtPid;
    } else if (pid === this.#pmtPid && beginsUnit(data, at)) this.#readMap(data, at);
    return TRACK.none;
  }

  #readMap(data: Buffer, at: number): void {
    const program = parsePmt(data, at);
    if (program === undefined) return;
    this.#videoPid = program.videoPid ?? -1;
    this.#videoCodec = program.videoCodec;
    this.#audioPid = program.audioPid ?? -1;
    this.#pcrPid = program.pcrPid;
  }
}
