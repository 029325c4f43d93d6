import { ApiError } from '../../../shared/errors.ts';
import { isInternalStream, parentStreamId, type StreamId, streamId } from '../../../shared/names.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { StreamDefinition } from '../../../shared/stream.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import type { Hub } from '../../stream/index.ts';
import { accessOf, isOnvif, keyOf, namesProfile } from './camera-access.ts';
import { HeldCamera, type NewsDesk } from './held-camera.ts';
import { type CameraAccess, type OnvifCamera, type OpenedCamera, waitOf } from './ports.ts';
import type { PtzCamera } from './ptz-desk.ts';

/** A device that no stream has any more is kept so long, for a stream that is changed has it again at once. */
const IDLE_MS = 60_000;
/** A key frame that comes later than this is of no use to who asked. */
const KEY_FRAME_TIMEOUT_MS = 5_000;

export interface OnvifCamerasOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes one; dials nothing yet. Throws where the access cannot be read. */
  open(access: CameraAccess): OpenedCamera;
  /** Whether what the stream names may be on this machine. */
  mayBeLocal(stream: StreamId): boolean;
  readonly events: NewsDesk;
}

interface Held {
  readonly camera: HeldCamera;
  cancelIdle: () => void;
}

/**
 * The ONVIF devices behind the gateway's streams, one for each address however many streams come from it: those of
 * `onvif://` sources, and of others whose source names an `onvif` beside their URL. They are dialled when they are needed, and
 * asked for their events as long as they have a stream.
 */
export class OnvifCameras {
  readonly #options: OnvifCamerasOptions;
  readonly #held = new Map<string, Held>();
  /** Tokens of the profiles that streams were dialled with last: whose key frames are asked for. */
  readonly #dialled = new Map<StreamId, string>();
  readonly #undo: Array<() => void> = [];
  #hub: Hub | undefined;
  #dropped = 0;
  #isClosed = false;

  constructor(options: OnvifCamerasOptions) {
    this.#options = options;
  }

  /** The hub's streams are followed from here on; those that it has are looked at once. */
  follow(hub: Hub): void {
    this.#hub = hub;
    this.#undo.push(
      hub.onChange(({ kind, stream }) => {
        if (kind === 'removed') this.#dialled.delete(stream.id);
        const isDeclared = !isInternalStream(stream.id) && parentStreamId(stream.id) === stream.id;
        if (isDeclared) this.#match();
      }),
    );
    this.#match();
  }

  /** For the metrics. */
  get counts(): { readonly cameras: number; readonly subscribed: number; readonly droppedEvents: number } {
    const cameras = [...this.#held.values()].map(({ camera }) => camera).filter(({ isInUse }) => isInUse);
    const subscribed = cameras.filter(({ isSubscribed }) => isSubscribed).length;
    return { cameras: cameras.length, subscribed, droppedEvents: this.#dropped };
  }

  /** Where a source of `onvif://` is to be dialled; asked of the camera each time. Never rejects. */
  async resolve(
    definition: StreamDefinition,
    signal: AbortSignal,
  ): Promise<Result<{ readonly url: string }, ReturnType<typeof waitOf>>> {
    const id = streamId(definition.app, definition.name);
    const isSub = parentStreamId(id) !== id;
    const { url } = definition.source;
    try {
      const access = this.#accessOf(definition);
      if (access === undefined) throw new Error(`${id} is no ONVIF camera`);
      const held = this.#hold(access);
      // A second stream of its own profile, as `source.sub` names it, is just that profile.
      const isNamed = isSub && namesProfile(url) && url !== this.#mainUrlOf(id);
      const found = await held.camera.streamUri({ as: isSub && !isNamed ? 'sub' : 'main' }, signal);
      this.#dialled.set(id, found.profile.token);
      if (!isSub) void held.readProfiles();
      return ok({ url: found.url });
    } catch (failure) {
      const wait = waitOf(failure);
      if (wait.reason === 'INTERNAL')
        this.#options.log.error(
          { err: failure, stream: id },
          'asking an ONVIF camera failed in an unforeseen way',
        );
      return err(wait);
    }
  }

  /** Whether the camera has a smaller stream beside the one that its source names; known once it was asked. */
  hasOwnSub(definition: StreamDefinition): boolean {
    const access = isOnvif(definition.source.url) ? this.#accessOf(definition) : undefined;
    return access !== undefined && this.#held.get(keyOf(access))?.camera.hasSub === true;
  }

  /** Asks a playing camera for a key frame, where it can be asked. */
  askKeyFrame(definition: StreamDefinition): void {
    const access = this.#accessOf(definition);
    const held = access === undefined ? undefined : this.#tryToHold(access);
    if (held === undefined) return;
    const token = this.#dialled.get(streamId(definition.app, definition.name));
    const isSub = definition.name.includes('~');
    // Of a second stream whose profile is not known the main one's key frame is of no use.
    if (token === undefined && isSub) return;
    const { clock, log } = this.#options;
    const stop = new AbortController();
    const cancel = clock.after(KEY_FRAME_TIMEOUT_MS, () => stop.abort());
    held.camera
      .askKeyFrame(token, stop.signal)
      .catch((failure: unknown) => log.debug({ err: failure }, 'the camera was not asked for a key frame'))
      .finally(cancel);
  }

  /** Somebody has the stream connect anew: its camera is asked for its events at once too. */
  askAnew(stream: StreamId): void {
    const definition = this.#hub?.get(stream)?.definition;
    const access = definition === undefined ? undefined : this.#accessOf(definition);
    if (access !== undefined) this.#held.get(keyOf(access))?.camera.askAnew();
  }

  /** What steers the camera of a stream, the same for all streams of it. STREAM_NOT_FOUND, ONVIF_UNSUPPORTED. */
  steering(stream: StreamId): PtzCamera {
    return this.#of(stream).ptz;
  }

  /** STREAM_NOT_FOUND, ONVIF_UNSUPPORTED. */
  cameraOf(stream: StreamId): OnvifCamera {
    return this.#of(stream).camera;
  }

  #of(stream: StreamId): HeldCamera {
    const found = this.#hub?.get(stream);
    if (found === undefined || isInternalStream(stream) || parentStreamId(stream) !== stream) {
      throw noSuchStream(stream);
    }
    const access = this.#accessOf(found.definition);
    if (access === undefined) {
      throw new ApiError(
        'ONVIF_UNSUPPORTED',
        `The source of ${stream} is no ONVIF camera. Give it the URL onvif://… of its camera, or source.onvif beside its rtsp:// URL.`,
      );
    }
    return this.#hold(access);
  }

  /** Ends all that runs; subscriptions are given back, for which there is a little time. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const undo of this.#undo) undo();
    const all = [...this.#held.values()];
    this.#held.clear();
    for (const { cancelIdle } of all) cancelIdle();
    await Promise.all(all.map(({ camera }) => camera.end()));
  }

  /** Brings the held devices in line with the streams there are. */
  #match(): void {
    if (this.#isClosed) return;
    const wanted = new Map<string, { access: CameraAccess; streams: Set<StreamId> }>();
    for (const { id, definition } of this.#hub?.list() ?? []) {
      if (isInternalStream(id) || parentStreamId(id) !== id) continue;
      const access = this.#accessOf(definition);
      if (access === undefined) continue;
      const entry = wanted.get(keyOf(access)) ?? { access, streams: new Set() };
      entry.streams.add(id);
      wanted.set(keyOf(access), entry);
    }
    for (const [key, held] of this.#held) {
      if (!held.camera.isInUse || wanted.has(key)) continue;
      held.camera.serve(new Set());
      this.#idle(key, held);
    }
    for (const [key, { access, streams }] of wanted) {
      const camera = this.#tryToHold(access);
      if (camera === undefined) continue;
      this.#held.get(key)?.cancelIdle();
      camera.serve(streams);
    }
  }

  #tryToHold(access: CameraAccess): HeldCamera | undefined {
    try {
      return this.#hold(access);
    } catch (failure) {
      // Its stream waits with the same words.
      this.#options.log.debug({ err: failure }, 'this is no ONVIF device');
      return undefined;
    }
  }

  #hold(access: CameraAccess): HeldCamera {
    if (this.#isClosed) throw new ApiError('SHUTTING_DOWN', 'The gateway is shutting down.');
    const key = keyOf(access);
    let held = this.#held.get(key);
    if (held === undefined) {
      const { clock, log, events } = this.#options;
      const opened = this.#options.open(access);
      const onDropped = () => {
        this.#dropped += 1;
      };
      held = { camera: new HeldCamera({ opened, clock, log, events, onDropped }), cancelIdle: () => {} };
      this.#held.set(key, held);
    }
    if (!held.camera.isInUse) this.#idle(key, held);
    return held.camera;
  }

  #idle(key: string, held: Held): void {
    held.cancelIdle();
    held.cancelIdle = this.#options.clock.after(IDLE_MS, () => {
      if (this.#held.get(key) !== held) return;
      this.#held.delete(key);
      void held.camera.end();
    });
  }

  #accessOf(definition: StreamDefinition): CameraAccess | undefined {
    return accessOf(definition, this.#options.mayBeLocal);
  }

  #mainUrlOf(sub: StreamId): string | undefined {
    return this.#hub?.get(parentStreamId(sub))?.definition.source.url;
  }
}
