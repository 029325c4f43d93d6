import type { StreamStatus } from '../../../../shared/stream.ts';
import { thumbnailUrl } from '../recordings/api.ts';

/** The newest picture that a small one was surely kept of. */
const THUMBNAIL_BEFORE_MS = 30_000;

/** A code for programs, a sentence for people. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** What a tile shows beside, or instead of, the picture. */
export type TileState =
  /** `hint`: it is not all that it could be. */
  | { readonly kind: 'live'; readonly hint: Reason | undefined }
  | { readonly kind: 'connecting'; readonly reason: Reason | undefined }
  | { readonly kind: 'waiting'; readonly reason: Reason | undefined }
  /** Something has to be changed before it can play. */
  | { readonly kind: 'failed'; readonly reason: Reason | undefined }
  | { readonly kind: 'paused' }
  /** The gateway cannot be reached. */
  | { readonly kind: 'away' };

/** The player of a tile, by its public face. */
export interface PlayerLook {
  readonly state: string;
  readonly reason: Reason | undefined;
}

/** The player knows at once how its picture is; the list knows why a camera is not there, some seconds later. */
export function tileState(
  { state, reason }: Pick<StreamStatus, 'state' | 'reason'>,
  player: PlayerLook | undefined,
  gatewayIsAway: boolean,
): TileState {
  switch (player?.state) {
    case 'playing':
      return { kind: 'live', hint: player.reason };
    case 'failed':
      return { kind: 'failed', reason: player.reason };
    case 'paused':
    case 'idle':
    case 'ended':
      // Off the screen it rests by itself; what the camera does is told all the same.
      if (player.reason === undefined || state === 'live') return { kind: 'paused' };
      break;
    default:
      break;
  }
  if (gatewayIsAway) return { kind: 'away' };
  if (player?.state === 'waiting') return { kind: 'waiting', reason: knownReason(reason, player.reason) };
  // What the list told last is older than a player that comes back.
  if (state === 'waiting' && player?.state !== 'reconnecting') return { kind: 'waiting', reason };
  return { kind: 'connecting', reason: player?.reason };
}

/** Both know why; the list's reason has the code that there are words for in every language. */
function knownReason(ofList: Reason | undefined, ofPlayer: Reason | undefined): Reason | undefined {
  // A next try is no news: words that come and go at each of them would flicker.
  if (ofPlayer === undefined || (ofPlayer.code === 'CAMERA_CONNECTING' && ofList !== undefined))
    return ofList;
  return ofList?.code === ofPlayer.code ? ofList : ofPlayer;
}

/** Of a camera that is not there only what was recorded can be shown: how it looked there last. */
export function posterOf({
  state,
  app,
  name,
  recorder,
}: Pick<StreamStatus, 'state' | 'app' | 'name' | 'recorder'>): string | undefined {
  if (state === 'live') return 'auto';
  const { oldestMs, newestMs } = recorder;
  if (newestMs === undefined) return undefined;
  return thumbnailUrl({ app, name }, Math.max(oldestMs ?? newestMs, newestMs - THUMBNAIL_BEFORE_MS));
}
