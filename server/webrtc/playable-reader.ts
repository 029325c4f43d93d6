import type { DerivedKind } from '../../shared/names.ts';
import type { AudioFormat, Reader, StateReason, TrackFormat, TrackKind, Unit } from '../stream/index.ts';
import { browserWay } from '../stream/index.ts';
import type { WatchableStream } from './ports.ts';
import { isPlayable, type PlayableFormat } from './rtp-parameters.ts';

/** What FFmpeg makes of a track that browsers do not take. */
export type LegKind = Exclude<DerivedKind, 'sub'>;

export interface PlayableReaderOptions {
  readonly stream: WatchableStream;
  /** The stream's leg; undefined where none can be had. */
  leg(kind: LegKind): WatchableStream | undefined;
  readonly start: 'cached' | 'next';
  /** As in ReaderOptions; only of tracks that browsers take. */
  write(unit: Unit): boolean;
  /** Tracks became known, changed or went. */
  onFormats(formats: readonly PlayableFormat[]): void;
  /** Why there is no picture although the stream has one, or that there is one again. */
  onPictureTrouble(reason: StateReason | undefined): void;
}

interface OpenLeg {
  readonly stream: WatchableStream;
  readonly reader: Reader;
  /** Undefined until FFmpeg has told it. */
  format: PlayableFormat | undefined;
}

/** What every leg of sound makes, so a viewer can be told of it before FFmpeg runs. */
const LEG_SOUND: AudioFormat = { kind: 'audio', codec: 'opus', clockRate: 48_000, channels: 2 };

/** Which leg makes a track playable; undefined where it is so already, or nothing does. */
function legOf(format: TrackFormat): LegKind | undefined {
  const way = browserWay(format);
  return way === 'h264' || way === 'opus' ? way : undefined;
}

/** Those of a stream's tracks that viewers can be told of before anything is read. */
export function foreseenFormats(
  tracks: readonly TrackFormat[],
  leg: (kind: LegKind) => unknown,
): readonly PlayableFormat[] {
  return tracks.flatMap((track) => {
    if (isPlayable(track)) return [track];
    return legOf(track) === 'opus' && leg('opus') !== undefined ? [LEG_SOUND] : [];
  });
}

/**
 * Reads a stream as browsers can take it: its own tracks where they can, what its legs make of the others. All lie on
 * one timeline, so sound and picture stay together whichever way they come; a leg that fails costs its own track alone.
 */
export class PlayableReader {
  readonly #options: PlayableReaderOptions;
  readonly #legs = new Map<LegKind, OpenLeg>();
  readonly #main: Reader;
  #tracks: readonly TrackFormat[] = [];
  #isClosed = false;

  constructor(options: PlayableReaderOptions) {
    this.#options = options;
    this.#main = options.stream.read({
      name: 'webrtc',
      role: 'service',
      start: options.start,
      write: (unit) => (isPlayable(unit.format) ? options.write(unit) : true),
      onTracks: (tracks) => this.#onTracks(tracks),
    });
  }

  /** There is room again. */
  drained(): void {
    this.#main.drained();
    for (const { reader } of [...this.#legs.values()]) reader.drained();
  }

  /** Of whoever makes the picture. */
  requestKeyFrame(): void {
    (this.#legs.get('h264')?.stream ?? this.#options.stream).requestKeyFrame();
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#main.close();
    for (const { reader } of this.#legs.values()) reader.close();
    this.#legs.clear();
  }

  #onTracks(tracks: readonly TrackFormat[]): void {
    if (this.#isClosed) return;
    this.#tracks = tracks;
    this.#match();
    this.#tell();
  }

  /** Opens and closes legs as the tracks need them. */
  #match(): void {
    const needed = new Set(this.#tracks.map(legOf));
    for (const [kind, { reader }] of [...this.#legs]) {
      if (needed.has(kind)) continue;
      this.#legs.delete(kind);
      reader.close();
      if (kind === 'h264') this.#options.onPictureTrouble(undefined);
    }
    for (const kind of needed) if (kind !== undefined && !this.#legs.has(kind)) this.#open(kind);
  }

  #open(kind: LegKind): void {
    const stream = this.#options.leg(kind);
    if (stream === undefined) return;
    const reader = stream.read({
      name: 'webrtc',
      role: 'service',
      start: this.#options.start,
      write: (unit) => this.#options.write(unit),
      onTracks: ([format]) => {
        leg.format = format !== undefined && isPlayable(format) ? format : undefined;
        this.#tell();
      },
      onState: ({ state, reason }) => {
        if (kind !== 'h264') return;
        if (state === 'waiting') this.#options.onPictureTrouble(reason);
        else if (state === 'live') this.#options.onPictureTrouble(undefined);
      },
      onEnd: () => this.#onLegEnded(kind, leg),
    });
    const leg: OpenLeg = { stream, reader, format: kind === 'opus' ? LEG_SOUND : undefined };
    this.#legs.set(kind, leg);
  }

  /** The stream has another source now: its legs were made of the one before. */
  #onLegEnded(kind: LegKind, leg: OpenLeg): void {
    if (this.#legs.get(kind) === leg) this.#legs.delete(kind);
    queueMicrotask(() => {
      if (!this.#isClosed) this.#match();
    });
  }

  #tell(): void {
    if (this.#isClosed) return;
    const formatOf = (kind: TrackKind): PlayableFormat | undefined => {
      const track = this.#tracks.find((one) => one.kind === kind);
      if (track === undefined || isPlayable(track)) return track;
      return this.#legs.get(kind === 'video' ? 'h264' : 'opus')?.format;
    };
    const formats = [formatOf('video'), formatOf('audio')];
    this.#options.onFormats(formats.flatMap((format) => (format === undefined ? [] : [format])));
  }
}
