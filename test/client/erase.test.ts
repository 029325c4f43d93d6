import { expect, it } from 'vitest';
import { eraseAll } from '../../client/src/room/exports/erase.ts';
import type { ErasedRecordings } from '../../shared/recording.ts';
import { err, ok } from '../../shared/result.ts';

const step = (bytes: number, more: boolean, locked = 0): ErasedRecordings => ({
  ...{ segments: bytes / 100, bytes, locked, more },
});

/** Answers one after the other; what is asked beyond them fails the test. */
function answers(...steps: readonly (ErasedRecordings | string)[]) {
  const left = [...steps];
  return async () => {
    const next = left.shift();
    if (next === undefined) throw new Error('asked once too often');
    return typeof next === 'string' ? err({ code: next, message: next, issues: [] }) : ok(next);
  };
}

it('asks for the rest until nothing is left, and tells how far it is', async () => {
  const told: number[] = [];
  const ask = answers(step(500, true), step(300, true), step(100, false, 2));
  const answer = await eraseAll(ask, new AbortController().signal, ({ bytes }) => told.push(bytes));
  expect(answer).toEqual(ok({ bytes: 900, locked: 2 }));
  expect(told).toEqual([500, 800, 900]);
});

it('stops between two steps when it is told to, and where it gets nowhere', async () => {
  const stop = new AbortController();
  const stopped = await eraseAll(answers(step(500, true)), stop.signal, () => stop.abort());
  expect(stopped).toEqual(ok({ bytes: 500, locked: 0 }));
  const { signal } = new AbortController();
  expect(await eraseAll(answers(step(0, true)), signal, () => {})).toEqual(ok({ bytes: 0, locked: 0 }));
});

it('is done where nothing is left of a camera that was removed, and tells other failures', async () => {
  const { signal } = new AbortController();
  const gone = await eraseAll(answers(step(500, true), 'STREAM_NOT_FOUND'), signal, () => {});
  expect(gone).toEqual(ok({ bytes: 500, locked: 0 }));
  const failed = await eraseAll(answers('STORAGE_UNAVAILABLE'), signal, () => {});
  expect(failed).toMatchObject({ ok: false, error: { code: 'STORAGE_UNAVAILABLE' } });
});
