import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import type { Archive } from '../archive.ts';
import type { Recording } from '../segment.ts';

/** Tells the archive why a stream is not recorded, each reason once. */
export class RecorderLedger {
  readonly #stream: StreamId;
  readonly #archive: Pick<Archive, 'note'>;
  #noted: GapReason | undefined;
  /** Whether the stream is recorded at all; else nothing is noted. */
  isOn = false;
  /** End of the newest segment. */
  lastEndMs: number | undefined;

  constructor(stream: StreamId, archive: Pick<Archive, 'note'>) {
    this.#stream = stream;
    this.#archive = archive;
  }

  /** From `atMs` on, what is not recorded is missing for `reason`. */
  note(atMs: number, reason: GapReason): void {
    if (!this.isOn || this.#noted === reason) return;
    this.#noted = reason;
    this.#archive.note(this.#stream, Math.round(atMs), reason);
  }

  /** A recording begins: what is missing from now on, and not told otherwise, is FFmpeg's doing. */
  began({ startMs, cause }: Recording): void {
    const endMs = this.lastEndMs;
    if (endMs !== undefined && endMs < startMs) {
      if (cause === 'clock-stepped') this.note(endMs, 'CLOCK_STEPPED');
      // The camera was connected all the time, yet its pictures stopped for some seconds.
      if (cause === 'timeline-jumped') this.note(endMs, 'CAMERA_SILENT');
    }
    this.#noted = undefined;
    this.note(startMs, 'RECORDER_RESTARTED');
  }
}
