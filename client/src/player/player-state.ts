import { assertNever } from '../../../shared/result.ts';
import type { StreamState } from '../../../shared/stream.ts';
import type { Reason, WatchStatus } from '../live/index.ts';
import type { TextKey } from './texts.ts';

/**
 * What a player does, as its viewer sees it.
 * - `idle`: not asked to play yet
 * - `connecting`: on its way to a first picture
 * - `playing`: pictures arrive
 * - `paused`: by the viewer, or because nobody can see it
 * - `waiting`: the server is fine, the camera is not there; or this viewer's link is too slow for its picture
 * - `reconnecting`: it has played before and is on its way back
 * - `ended`: the recorded time is over; `play()` begins it again
 * - `failed`: something has to be changed first; it is tried again now and then all the same
 */
export type PlayerState =
  | 'idle'
  | 'connecting'
  | 'playing'
  | 'paused'
  | 'waiting'
  | 'reconnecting'
  | 'ended'
  | 'failed';

/** What a playback engine says about itself, without knowledge of what was on the screen before. */
export type EngineStatus =
  | { readonly kind: 'connecting'; readonly reason: Reason | undefined }
  | { readonly kind: 'waiting'; readonly reason: Reason }
  /** `hint`: it is not all that it could be. */
  | { readonly kind: 'live'; readonly hint?: Reason }
  /** The recorded time that was asked for is over. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly reason: Reason };

export interface PlayerFacts {
  /** The viewer, or `autoplay`, asked for playback. */
  readonly wanted: boolean;
  /** Nobody can see it and it makes no sound. */
  readonly hidden: boolean;
  readonly status: EngineStatus;
  /** A picture arrived since the stream became live. */
  readonly hasPicture: boolean;
  readonly everPlayed: boolean;
}

export interface StateAndReason {
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
}

const HIDDEN: Reason = { code: 'HIDDEN', message: 'Paused while it cannot be seen.' };
/** A picture can only begin with a key frame, and some cameras send one in ten seconds. */
const KEY_FRAME: Reason = {
  code: 'AWAITING_KEY_FRAME',
  message: "Waiting for the camera's next key frame.",
};

/** The one place where a player's state is decided. */
export function playerState(facts: PlayerFacts): StateAndReason {
  const { wanted, hidden, status, hasPicture, everPlayed } = facts;
  if (status.kind === 'ended') return { state: 'ended', reason: undefined };
  if (!wanted) return { state: everPlayed ? 'paused' : 'idle', reason: undefined };
  // What the camera does behind a picture that nobody sees is no news: an on-demand camera rests, for one.
  if (hidden && status.kind !== 'failed') return { state: 'paused', reason: HIDDEN };
  const onTheWay = everPlayed ? 'reconnecting' : 'connecting';
  switch (status.kind) {
    case 'failed':
      return { state: 'failed', reason: status.reason };
    case 'connecting':
      return { state: onTheWay, reason: status.reason };
    case 'waiting':
      return { state: 'waiting', reason: status.reason };
    case 'live':
      return hasPicture
        ? { state: 'playing', reason: status.hint }
        : { state: onTheWay, reason: status.hint ?? KEY_FRAME };
    default:
      return assertNever(status);
  }
}

/** How a watch's status looks to a player. */
export function engineStatusOf(status: WatchStatus, lastReason: Reason | undefined): EngineStatus {
  switch (status.kind) {
    case 'connecting':
      return { kind: 'connecting', reason: lastReason };
    case 'lost':
    case 'refused':
      return status.error.retryable
        ? { kind: 'connecting', reason: status.error.reason }
        : { kind: 'failed', reason: status.error.reason };
    case 'started':
      if (status.state === 'live') return liveStatusOf(status);
      return { kind: 'waiting', reason: status.reason ?? defaultReason(status.state) };
    default:
      return assertNever(status);
  }
}

function liveStatusOf({ congestion }: Extract<WatchStatus, { kind: 'started' }>): EngineStatus {
  if (congestion === undefined) return { kind: 'live' };
  const { action, reason } = congestion;
  return action === 'sub' ? { kind: 'live', hint: reason } : { kind: 'waiting', reason };
}

/** A player in a group whose clock is at a time of which nothing is recorded here. */
export const NOT_THEN = 'NOT_RECORDED_THEN';

/** Codes of what is wrong with the viewer's own connection begin like this. */
const OF_VIEWER = 'VIEWER_';

/** The camera's smaller picture comes, since the viewer's link is too slow for the other. */
export function isSmallerPicture({ state, reason }: StateAndReason): boolean {
  return state === 'playing' && reason?.code.startsWith(OF_VIEWER) === true;
}

function defaultReason(state: StreamState): Reason {
  switch (state) {
    case 'connecting':
    case 'live':
      return { code: 'CAMERA_CONNECTING', message: 'Connecting to the camera.' };
    case 'idle':
      return { code: 'CAMERA_IDLE', message: 'The camera is being woken up.' };
    case 'waiting':
      return { code: 'CAMERA_WAITING', message: 'The camera is not sending a picture.' };
    default:
      return assertNever(state);
  }
}

/** The title of what covers the picture; undefined where nothing is to be said. */
export function overlayTitle({ state, reason }: StateAndReason): TextKey | undefined {
  switch (state) {
    case 'idle':
    case 'playing':
    case 'paused':
    case 'ended':
      return undefined;
    case 'connecting':
    case 'reconnecting':
      return state;
    case 'waiting':
      if (reason?.code === NOT_THEN) return 'notThen';
      return reason?.code.startsWith(OF_VIEWER) ? 'tooSlow' : 'waiting';
    case 'failed':
      return 'failed';
    default:
      return assertNever(state);
  }
}
