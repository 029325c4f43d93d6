import type { ErrorCode, WaitReason } from '../../../shared/errors.ts';
import { ApiError, ERROR_TABLE } from '../../../shared/errors.ts';
import type { EventKind } from '../../../shared/events.ts';
import type {
  DeviceFacts,
  DiscoveredDevice,
  MediaProfile,
  Preset,
  PtzCommand,
  PtzStatus,
  Scan,
} from '../../../shared/onvif.ts';

/** What is needed of an ONVIF device. All reject with an error that has a `code` and a `reason`, and words for people. */
export interface OnvifCamera {
  facts(signal?: AbortSignal): Promise<DeviceFacts>;
  profiles(signal?: AbortSignal): Promise<readonly MediaProfile[]>;
  /** Of the profile that its URL names, else of the best one. */
  streamUri(
    asked: { readonly as: 'main' | 'sub' },
    signal?: AbortSignal,
  ): Promise<{ readonly url: string; readonly profile: MediaProfile }>;
  snapshot(
    profile?: string,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: Buffer; readonly contentType: string }>;
  askKeyFrame(profileToken?: string, signal?: AbortSignal): Promise<void>;
  readonly ptz: {
    status(signal?: AbortSignal): Promise<PtzStatus>;
    do(command: PtzCommand, signal?: AbortSignal): Promise<void>;
    setPreset(name: string, signal?: AbortSignal): Promise<Preset>;
    removePreset(token: string, signal?: AbortSignal): Promise<void>;
  };
  /** Gives up all that runs. */
  close(): void;
}

/** How to get at a device. */
export interface CameraAccess {
  /** `onvif://host[:port][/path]`. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tlsFingerprint?: string | undefined;
  /** It may be on this machine. */
  readonly mayBeLocal: boolean;
  /** Somebody waits for its answer: a log-in that it refused is tried again sooner. */
  readonly isAsked?: boolean | undefined;
}

/** What a device tells of by itself. */
export interface OnvifNews {
  readonly key: string;
  readonly kind: EventKind;
  readonly topic: string;
  readonly label?: string | undefined;
  readonly state: 'start' | 'end' | 'moment';
  /** Of the gateway's clock. */
  readonly atMs: number;
  /** Told at the subscription: how things stand, no news. */
  readonly isInitial: boolean;
}

export type EventsState = 'subscribed' | 'waiting' | 'unsupported';

/** A device, and what it tells of by itself. */
export interface OpenedCamera {
  readonly camera: OnvifCamera;
  /** Runs until aborted, and then has told the end of all that went on. Never rejects. */
  listen(options: {
    onEvent(news: OnvifNews): void;
    onStateChange(state: EventsState, message?: string): void;
    readonly signal: AbortSignal;
  }): Promise<void>;
}

/** A search for devices. */
export interface RunningScan {
  run(signal: AbortSignal): Promise<void>;
  progress(): Pick<Scan, 'asked' | 'toAsk'> & {
    readonly interfaces: readonly string[];
    readonly notes: readonly string[];
    readonly devices: ReadonlyArray<Omit<DiscoveredDevice, 'knownAs'>>;
  };
}

/** What `server/onvif` rejects with, as an error for whoever asked; what is none is passed on as it is. */
export function deviceError(failure: unknown): unknown {
  if (failure instanceof ApiError || !(failure instanceof Error)) return failure;
  const { code } = failure as { code?: unknown };
  return isErrorCode(code) ? new ApiError(code, failure.message) : failure;
}

/** Why a stream of it has to wait; what no device is to blame for is a bug of ours. */
export function waitOf(failure: unknown): { reason: WaitReason; message: string } {
  if (failure instanceof ApiError && failure.code === 'SHUTTING_DOWN') {
    return { reason: 'STOPPED', message: failure.message };
  }
  const { reason } = failure as { reason?: unknown };
  const message = failure instanceof Error ? failure.message : String(failure);
  if (typeof reason === 'string') return { reason: reason as WaitReason, message };
  return { reason: 'INTERNAL', message: `The gateway failed while it asked the camera: ${message}.` };
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code);
}
