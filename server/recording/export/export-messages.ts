import type { StreamId } from '../../../shared/names.ts';
import type { GapMode, TimeRange } from './plan.ts';

/** What an export's thread is started with. */
export interface ExportThreadData {
  readonly recordingsDir: string;
  /** `PATH` and the like: FFmpeg gets these and no others. */
  readonly env: Readonly<Record<string, string>>;
  readonly ffmpegPath: string | undefined;
}

/** What is to be made of which time. */
export interface ExportSpec {
  readonly stream: StreamId;
  readonly start: number;
  readonly end: number;
  readonly gapMode: GapMode;
  /** Folder of the files; made where it is missing. */
  readonly dir: string;
  /** The file's name without `.mp4`. */
  readonly baseName: string;
  /** `suffix`: a name that is taken gets a number; `replace`: what is there was made before and goes. */
  readonly whenTaken: 'suffix' | 'replace';
  /** Whether to write digests beside the files. */
  readonly manifest: boolean;
  /** What has to stay free on the disk. */
  readonly minFreeBytes: number;
  readonly niceness: number;
}

/** A file that was made. */
export interface ExportedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly durationMs: number;
  readonly start: number;
  readonly end: number;
  readonly sha256?: string;
}

export interface ExportOutcome {
  readonly files: readonly ExportedFile[];
  /** What of the asked time is in none of them; the reasons are looked up elsewhere. */
  readonly gaps: readonly TimeRange[];
  readonly baseName: string;
}

export interface ClipSpec {
  readonly stream: StreamId;
  readonly start: number;
  readonly end: number;
}

/** Ids are chosen by whoever asks, one sequence for jobs and clips. */
export type ToExportThread =
  | { readonly kind: 'export'; readonly id: number; readonly spec: ExportSpec }
  | { readonly kind: 'clip'; readonly id: number; readonly spec: ClipSpec }
  /** So many more chunks of a clip may be sent. */
  | { readonly kind: 'more'; readonly id: number; readonly chunks: number }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'close' };

export type FromExportThread =
  | { readonly kind: 'progress'; readonly id: number; readonly progress: number }
  | { readonly kind: 'exported'; readonly id: number; readonly outcome: ExportOutcome }
  /** The clip begins `leadMs` before what was asked for, and ends at `endMs`. */
  | {
      readonly kind: 'clip-begins';
      readonly id: number;
      readonly leadMs: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'chunk'; readonly id: number; readonly data: Uint8Array }
  | { readonly kind: 'clip-ends'; readonly id: number }
  | { readonly kind: 'stopped'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string };
