import { expect, test } from 'vitest';
import { LiveError } from '../../client/src/live/live-error.ts';
import {
  engineStatusOf,
  isSmallerPicture,
  overlayTitle,
  type PlayerFacts,
  playerState,
} from '../../client/src/player/player-state.ts';

const MAIN = { offered: ['main'], given: 'main' } as const;
const NEW: PlayerFacts = {
  wanted: true,
  hidden: false,
  status: { kind: 'connecting', reason: undefined },
  hasPicture: false,
  everPlayed: false,
};

function stateOf(facts: Partial<PlayerFacts>): string {
  return playerState({ ...NEW, ...facts }).state;
}

test('a viewer who waits for a picture is told what for', () => {
  const facts = {
    wanted: true,
    hidden: false,
    status: { kind: 'live' },
    hasPicture: false,
    everPlayed: false,
  } as const;
  expect(playerState(facts)).toMatchObject({ state: 'connecting', reason: { code: 'AWAITING_KEY_FRAME' } });
  expect(playerState({ ...facts, hasPicture: true }).reason).toBeUndefined();
});

test('a player goes from idle over connecting to playing', () => {
  expect(stateOf({ wanted: false })).toBe('idle');
  expect(stateOf({})).toBe('connecting');
  expect(stateOf({ status: { kind: 'live' } })).toBe('connecting');
  expect(stateOf({ status: { kind: 'live' }, hasPicture: true, everPlayed: true })).toBe('playing');
});

test('what has played before reconnects', () => {
  expect(stateOf({ everPlayed: true })).toBe('reconnecting');
  expect(stateOf({ everPlayed: true, status: { kind: 'live' } })).toBe('reconnecting');
});

test('a viewer who paused sees paused, whatever goes on behind', () => {
  const reason = { code: 'X', message: 'x' };
  expect(stateOf({ wanted: false, everPlayed: true, status: { kind: 'failed', reason } })).toBe('paused');
});

test('out of sight is paused with a reason of its own, but a failure is told', () => {
  const live = { status: { kind: 'live' }, hasPicture: true, everPlayed: true } as const;
  expect(playerState({ ...NEW, ...live, hidden: true })).toMatchObject({
    state: 'paused',
    reason: { code: 'HIDDEN' },
  });
  const reason = { code: 'UNAUTHORIZED', message: 'no' };
  expect(stateOf({ hidden: true, status: { kind: 'failed', reason } })).toBe('failed');
});

test('a camera that is away is waiting, with the words of the server', () => {
  const reason = { code: 'CAMERA_AUTH_FAILED', message: 'The camera refuses the password.' };
  const status = engineStatusOf({ kind: 'started', state: 'waiting', reason, qualities: MAIN }, undefined);
  const shown = playerState({ ...NEW, status });
  expect(shown).toEqual({ state: 'waiting', reason });
  expect(overlayTitle(shown)).toBe('waiting');
});

test('errors that a retry can mend are on the way, others fail', () => {
  const gone = new LiveError('SERVER_UNREACHABLE', 'The server cannot be reached.');
  expect(engineStatusOf({ kind: 'lost', error: gone }, undefined)).toEqual({
    kind: 'connecting',
    reason: gone.reason,
  });
  const refused = new LiveError('STREAM_NOT_FOUND', 'There is no stream.');
  expect(engineStatusOf({ kind: 'refused', error: refused }, undefined)).toEqual({
    kind: 'failed',
    reason: refused.reason,
  });
});

test('the reason of the last loss is kept while the next try runs', () => {
  const reason = { code: 'CONNECTION_LOST', message: 'The connection to the server was lost.' };
  expect(engineStatusOf({ kind: 'connecting' }, reason)).toEqual({ kind: 'connecting', reason });
});

test('a viewer whose connection is too slow is told so, and not that the camera is away', () => {
  const reason = { code: 'VIEWER_LOSES_DATA', message: 'This connection loses 40 %.' };
  const paused = engineStatusOf(
    {
      kind: 'started',
      state: 'live',
      reason: undefined,
      congestion: { action: 'paused', reason },
      qualities: MAIN,
    },
    undefined,
  );
  const shown = playerState({ ...NEW, status: paused, hasPicture: true, everPlayed: true });
  expect(shown).toEqual({ state: 'waiting', reason });
  expect(overlayTitle(shown)).toBe('tooSlow');
  expect(isSmallerPicture(shown)).toBe(false);
});

test('one that gets the smaller picture plays, with a note', () => {
  const reason = { code: 'VIEWER_LOSES_DATA', message: 'This connection loses 40 %.' };
  const congestion = { action: 'sub', reason } as const;
  const status = engineStatusOf(
    { kind: 'started', state: 'live', reason: undefined, congestion, qualities: MAIN },
    undefined,
  );
  const shown = playerState({ ...NEW, status, hasPicture: true, everPlayed: true });
  expect(shown).toEqual({ state: 'playing', reason });
  expect(overlayTitle(shown)).toBeUndefined();
  expect(isSmallerPicture(shown)).toBe(true);
  expect(isSmallerPicture({ state: 'playing', reason: undefined })).toBe(false);
});

test("a camera that is away counts for more than the viewer's connection", () => {
  const congestion = { action: 'paused', reason: { code: 'VIEWER_SILENT', message: 'x' } } as const;
  const reason = { code: 'CAMERA_SILENT', message: 'The camera sends nothing.' };
  const status = engineStatusOf(
    { kind: 'started', state: 'waiting', reason, congestion, qualities: MAIN },
    undefined,
  );
  expect(status).toEqual({ kind: 'waiting', reason });
});
