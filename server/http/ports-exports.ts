import type { Readable } from 'node:stream';
import type { StreamId } from '../../shared/names.ts';
import type { ExportJob, PeriodFile } from '../../shared/recording.ts';

/** A finished file. */
export interface ServedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** A strong entity tag with its quotes. */
  readonly etag: string;
  /** The bytes from `start` up to but without `end`. */
  read(start: number, end: number): Readable;
}

export interface Clip {
  /** How much earlier than asked it begins, in milliseconds. */
  readonly leadMs: number;
  /** Destroying it ends the work. */
  readonly body: Readable;
}

/** A time to be exported, in Unix milliseconds; `end` or `durationMs`. */
export interface ExportWish {
  readonly stream: StreamId;
  readonly start: number;
  readonly end?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly fileName?: string | undefined;
  readonly gaps?: 'skip' | 'keep' | undefined;
  readonly manifest?: boolean | undefined;
}

/** MP4 of what is recorded. Failures reject with `ApiError`. */
export interface ExportsPort {
  /** BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED, TOO_MANY_EXPORTS, STORAGE_UNAVAILABLE. */
  create(wish: ExportWish): Promise<ExportJob>;
  /** Newest first. */
  list(): readonly ExportJob[];
  get(id: string): ExportJob | undefined;
  /** A job that waits or runs is cancelled and given back; any other is removed with its files. EXPORT_NOT_FOUND. */
  remove(id: string): Promise<ExportJob | undefined>;
  /** EXPORT_NOT_FOUND, CONFLICT, TOO_MANY_EXPORTS. */
  retry(id: string): Promise<ExportJob>;
  /** `part` counts from 1. EXPORT_NOT_FOUND, EXPORT_NOT_READY, NOT_FOUND, STORAGE_UNAVAILABLE. */
  file(id: string, part: number): Promise<ServedFile>;
  manifest(id: string): Promise<ServedFile>;
  /** BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED, TOO_MANY_EXPORTS, STORAGE_UNAVAILABLE. */
  clip(
    stream: StreamId,
    asked: {
      readonly start: number;
      readonly end?: number | undefined;
      readonly durationMs?: number | undefined;
    },
  ): Promise<Clip>;
  /** Newest first. STORAGE_UNAVAILABLE. */
  periodFiles(filter: {
    readonly stream?: StreamId | undefined;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
    readonly limit: number;
  }): Promise<readonly PeriodFile[]>;
  /** PERIOD_FILE_NOT_FOUND, NOT_FOUND, STORAGE_UNAVAILABLE. */
  periodFile(id: string): Promise<ServedFile>;
}
