import { resolve } from 'node:path';
import type { StreamId } from '../../shared/names.ts';
import type { RecorderStatus } from '../../shared/recording.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import type { Clock } from '../base/clock.ts';
import type { Settings } from '../base/config/settings.ts';
import type { Logger } from '../base/log.ts';
import type { DiskCatalog } from '../catalog/index.ts';
import type { Hub } from '../stream/index.ts';
import type { Admit } from './branch/branch.ts';
import { Recorder, type RecorderFigures } from './branch/recorder.ts';
import { type RecordingDisk, recordingDisks } from './disks.ts';
import { Events } from './events/events.ts';
import { Exports } from './export/exports.ts';
import type { PeriodStream } from './export/period-files.ts';
import { Frames } from './frames/frames.ts';
import type { Frame, PictureDecoder } from './frames/recorded-frames.ts';
import { Hls } from './playlist/hls.ts';
import { RecordingsDesk } from './recordings-desk.ts';
import { RecordingArchive } from './store/recording-archive.ts';
import { policyOf, retentionPolicies } from './store/retention-policies.ts';
import { readTimeline } from './timeline-reader.ts';

export interface RecordingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: Pick<Settings, 'dataDir' | 'recording' | 'apps' | 'exports'>;
  readonly hub: Hub;
  readonly disks: DiskCatalog;
  /** A place on the gateway's own RTSP server. */
  readonly admit: Admit;
  /** Default `ffmpeg`, found by PATH. */
  readonly ffmpegPath?: string | undefined;
  /** Makes JPEGs, and pictures of now: what recording itself cannot. */
  readonly pictures: PictureDecoder & { now(stream: StreamId, width?: number): Promise<Frame> };
}

/**
 * All of recording: streams become segments, segments are kept, and what is kept is played and exported. Built from parts
 * that know each other only through `segment.ts`, `archive.ts` and `live.ts`.
 */
export class Recording {
  readonly archive: RecordingArchive;
  readonly recorder: Recorder;
  readonly hls: Hls;
  readonly desk: RecordingsDesk;
  readonly frames: Frames;
  readonly exports: Exports;
  readonly events: Events;
  readonly #settings: RecordingOptions['settings'];
  readonly #clock: Clock;
  #isOpen = false;

  /** Begins at once with the streams that the hub has; those that come later follow by themselves. */
  constructor(options: RecordingOptions) {
    const { clock, log, settings, hub, admit } = options;
    this.#settings = settings;
    this.#clock = clock;
    const archive = new RecordingArchive({
      clock,
      log,
      dataDir: settings.dataDir,
      appDirs: appDirs(settings),
      disks: options.disks,
    });
    const opened = archive.open();
    void opened.then(() => {
      this.#isOpen = true;
    });
    this.archive = archive;
    this.recorder = new Recorder({
      clock,
      log,
      hub,
      settings,
      admit,
      ffmpegPath: options.ffmpegPath ?? 'ffmpeg',
      archive: {
        append: (stream, segment) => archive.append(stream, segment),
        note: (stream, atMs, reason) => archive.note(stream, atMs, reason),
        kept: (stream) => archive.kept(stream),
        newestEndMs: async (stream) => {
          await opened;
          return archive.newestEndMs(stream);
        },
        segments: (stream, fromMs, toMs) => archive.segments(stream, fromMs, toMs),
      },
    });
    this.hls = new Hls({
      clock,
      live: this.recorder,
      archive: {
        readSegment: (stream, startMs) => archive.readSegment(stream, startMs),
        timeline: (stream, fromMs, toMs) => readTimeline(archive, stream, fromMs, toMs),
        queued: (stream) => archive.queued(stream),
        query: (stream, name, args) => archive.query(stream, name, args),
        keyFrames: (stream, fromMs, toMs) => archive.query(stream, 'keyFrames', { stream, fromMs, toMs }),
      },
      hasStream: (stream) => hub.get(stream) !== undefined,
      isRecorded: (stream) => this.recorder.status(stream).state !== 'off',
    });
    this.desk = new RecordingsDesk({
      clock,
      log,
      archive,
      live: this.recorder,
      settings,
      streams: () => hub.list().map(({ id, definition }) => ({ stream: id, record: definition.record })),
      isRecorded: (stream) => this.recorder.status(stream).state !== 'off',
    });
    this.frames = new Frames({
      clock,
      log,
      decoder: options.pictures,
      now: (stream, width) => options.pictures.now(stream, width),
      archive,
      live: this.recorder,
      hasStream: (stream) => hub.get(stream) !== undefined,
      keepThumbnails: settings.recording.thumbnails,
    });
    const streams = () => hub.list().map(({ id, definition }) => ({ stream: id, record: definition.record }));
    this.exports = new Exports({
      clock,
      log,
      footage: {
        archive,
        live: this.recorder,
        timeline: (stream, fromMs, toMs) => readTimeline(archive, stream, fromMs, toMs),
        hasStream: (stream) => hub.get(stream) !== undefined,
      },
      dataDir: resolve(settings.dataDir),
      ffmpegPath: options.ffmpegPath,
      minFreeBytes: settings.recording.minFreeBytes,
      maxRunning: settings.exports.maxRunning,
      keepDays: settings.exports.keepDays,
      streams: () => streams().flatMap(periodStream),
      policyOf: (stream) => policyOf(retentionPolicies(settings, streams()), stream),
    });
    this.events = new Events({ clock, log, archive, hasStream: (stream) => hub.get(stream) !== undefined });
    hub.onChange(({ kind, stream }) => {
      if (kind === 'removed') {
        this.hls.forget(stream.id);
        this.events.endAll(stream.id);
      }
      this.desk.updatePolicies();
    });
  }

  /** Whether what was kept can be asked for; a disk that is missing or fails is not waited for. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The recorder's part of a stream's status. */
  status(stream: StreamId): RecorderStatus {
    return this.recorder.status(stream);
  }

  figures(): RecorderFigures[] {
    return this.recorder.figures();
  }

  /** Settings were changed in the object that was given at the start: what can follow without a new start does. */
  settingsChanged(): void {
    const { recording, exports } = this.#settings;
    this.recorder.updatePolicies();
    this.desk.updatePolicies();
    this.exports.update({ ...exports, minFreeBytes: recording.minFreeBytes });
  }

  /** The folders that are recorded to. */
  disks(): Promise<RecordingDisk[]> {
    return recordingDisks(this.#clock, this.archive);
  }

  /** Every open segment is cut and persisted (bounded wait), every FFmpeg and thread ends. Idempotent. */
  async close(): Promise<void> {
    this.desk.close();
    this.frames.close();
    await Promise.all([this.recorder.close(), this.events.close()]);
    await this.archive.close();
  }
}

function appDirs({ apps }: Pick<Settings, 'apps'>): ReadonlyMap<string, string> {
  return new Map(Object.entries(apps).flatMap(([app, { dir }]) => (dir === undefined ? [] : [[app, dir]])));
}

/** A stream that wants a file of each period. */
function periodStream({
  stream,
  record,
}: {
  stream: StreamId;
  record?: StreamDefinition['record'];
}): PeriodStream[] {
  const everyMs = typeof record === 'object' ? record.mp4EveryMs : undefined;
  return everyMs === undefined ? [] : [{ stream, everyMs }];
}
