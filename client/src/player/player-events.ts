import type { Reason } from '../live/index.ts';
import type { PlayerState, StateAndReason } from './player-state.ts';

/** `detail` of `statechange`. */
export interface StateChangeDetail extends StateAndReason {
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
}

/** `detail` of `timechange`. */
export interface TimeChangeDetail {
  /** Unix milliseconds of the picture; undefined where that is now. */
  readonly timeMs: number | undefined;
  readonly live: boolean;
}

/** Why a group has a player stand still: nothing was recorded there at that time, or it is ahead of the others. */
export type HoldCause = 'not recorded' | 'early';
export const HOLD = Symbol('hold');

/** Times between which one can seek, in Unix milliseconds. */
export interface SeekableRange {
  readonly startMs: number;
  readonly endMs: number;
}
