import { describe, expect, it } from 'vitest';
import { type PlayerLook, posterOf, tileState } from '../../client/src/room/wall/tile-state.ts';
import type { StreamStatus } from '../../shared/stream.ts';

const live = { state: 'live' } as const;
const reason = { code: 'CAMERA_UNREACHABLE', message: '10.0.0.5 does not answer.' } as const;
const waiting: Pick<StreamStatus, 'state' | 'reason'> = { state: 'waiting', reason };
const player = (state: string, why?: PlayerLook['reason']): PlayerLook => ({ state, reason: why });
const hidden = { code: 'HIDDEN', message: 'Paused while it cannot be seen.' };
const slow = { code: 'VIEWER_TOO_SLOW', message: 'Your connection is too slow.' };

describe('a tile', () => {
  it('is live as soon as its player plays, whatever was last told', () => {
    expect(tileState(waiting, player('playing'), true)).toEqual({ kind: 'live', hint: undefined });
    expect(tileState(live, player('playing', slow), false)).toEqual({ kind: 'live', hint: slow });
  });

  it('says why the camera is not there before its player knows', () => {
    for (const early of [undefined, player('idle'), player('connecting')]) {
      expect(tileState(waiting, early, false)).toMatchObject(
        early?.state === 'idle' ? { kind: 'paused' } : { kind: 'waiting', reason },
      );
    }
  });

  it('is connecting while the player comes back, though the list is still of before', () => {
    expect(tileState(waiting, player('reconnecting'), false)).toEqual({
      kind: 'connecting',
      reason: undefined,
    });
    expect(tileState({ state: 'idle' }, player('connecting'), false)).toMatchObject({ kind: 'connecting' });
  });

  it('says what the viewer’s own link does, which no list tells', () => {
    expect(tileState(live, player('waiting', slow), false)).toEqual({ kind: 'waiting', reason: slow });
  });

  it('has the words of the list where both know the same', () => {
    const known = { ...reason, retryInMs: 900 };
    const told = player('waiting', { code: reason.code, message: 'older words' });
    expect(tileState({ state: 'waiting', reason: known }, told, false)).toEqual({
      kind: 'waiting',
      reason: known,
    });
  });

  it('goes on saying why while the camera is tried again', () => {
    const trying = player('waiting', { code: 'CAMERA_CONNECTING', message: 'Connecting to the camera.' });
    expect(tileState(waiting, trying, false)).toEqual({ kind: 'waiting', reason });
  });

  it('tells of a camera that is gone though nobody can see the tile', () => {
    expect(tileState(waiting, player('paused', hidden), false)).toEqual({ kind: 'waiting', reason });
    expect(tileState(live, player('paused', hidden), false)).toEqual({ kind: 'paused' });
    expect(tileState(waiting, player('paused'), false)).toEqual({ kind: 'paused' });
  });

  it('is out of reach with its gateway, but not while it plays or cannot play anyway', () => {
    expect(tileState(live, player('reconnecting'), true)).toEqual({ kind: 'away' });
    expect(tileState(waiting, undefined, true)).toEqual({ kind: 'away' });
    const refused = { code: 'UNAUTHORIZED', message: 'Log in.' };
    expect(tileState(live, player('failed', refused), true)).toEqual({ kind: 'failed', reason: refused });
  });
});

it('stands for a camera that is not there by what was recorded of it last, where that is kept', () => {
  const camera = { app: 'live', name: 'door', state: 'waiting' } as const;
  const recorder = { state: 'waiting', oldestMs: 1_000, newestMs: 100_000 } as const;
  expect(posterOf({ ...camera, recorder })).toBe('api/v1/streams/live/door/thumbnail?at=70000');
  expect(posterOf({ ...camera, recorder: { ...recorder, newestMs: 9_000 } })).toMatch(/at=1000$/);
  expect(posterOf({ ...camera, recorder: { state: 'off' } })).toBeUndefined();
  expect(posterOf({ ...camera, state: 'live', recorder })).toBe('auto');
});
