import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AliveChore } from '../../../server/recording/store/alive.ts';
import { noteServerStopped } from '../../../server/recording/store/repair.ts';
import { noteSwitchedOff } from '../../../server/recording/store/switched-off.ts';
import { IndexHouse } from '../support/index-house.ts';

const MINUTE_MS = 60_000;

describe('why something is missing', () => {
  let house: IndexHouse;
  let startMs: number;
  const notes = (stream: `${string}/${string}`) =>
    house.index.reader
      .notes(stream, 0, Number.MAX_SAFE_INTEGER)
      .map(({ atMs, reason }) => [atMs - startMs, reason]);

  beforeEach(() => {
    house = new IndexHouse();
    startMs = house.clock.wallMs();
  });
  afterEach(() => house.close());

  it('a crash while all cameras are away began when the gateway last ran, not when they went', () => {
    house.record('live/door', { startMs: startMs - 4_000, count: 2 });
    house.note('live/door', startMs, 'CAMERA_UNREACHABLE');
    const alive = new AliveChore(house.index);
    const step = () => alive.step({ nowMs: house.clock.wallMs(), diskFull: false });
    house.clock.advance(10 * MINUTE_MS);
    expect(step()).toBe(false);
    house.clock.advance(9_000);
    step();
    house.clock.advance(60 * MINUTE_MS);
    noteServerStopped(house.index);
    expect(notes('live/door')).toEqual([
      [0, 'CAMERA_UNREACHABLE'],
      [10 * MINUTE_MS, 'SERVER_STOPPED'],
    ]);
  });

  it('what is not to be recorded any more since the gateway was started again is switched off, not stopped', () => {
    for (const stream of ['live/off', 'live/on'] as const)
      house.record(stream, { startMs: startMs - 4_000, count: 2 });
    house.note('live/other', startMs - 4_000, 'RECORDING_OFF');
    house.clock.advance(MINUTE_MS);
    noteServerStopped(house.index);
    expect(noteSwitchedOff(house.index, { recorded: ['live/on'] })).toBe(1);
    house.clock.advance(MINUTE_MS);
    expect(noteSwitchedOff(house.index, { recorded: ['live/on'] })).toBe(0);
    expect(notes('live/off')).toEqual([
      [0, 'SERVER_STOPPED'],
      [MINUTE_MS, 'RECORDING_OFF'],
    ]);
    expect(notes('live/on')).toEqual([[0, 'SERVER_STOPPED']]);
    expect(notes('live/other')).toEqual([[-4_000, 'RECORDING_OFF']]);
  });

  it('[R2] an hour in which a failed batch has left files stays open when an earlier one is written', () => {
    const hourMs = Math.floor(startMs / 3_600_000) * 3_600_000;
    house.record('live/door', { startMs: hourMs, count: 1 });
    const id = house.index.streamId('live/door');
    house.index.openHour(id, hourMs + 3_600_000);
    house.record('live/door', { startMs: hourMs + 2_000, count: 1 });
    const open = () => house.index.openHours().map((one) => one.hourMs - hourMs);
    expect(open()).toEqual([0, 3_600_000]);
    house.record('live/door', { startMs: hourMs + 2 * 3_600_000, count: 1 });
    expect(open()).toEqual([2 * 3_600_000]);
  });
});

it('an index of a newer version of Sluice is left alone, and told of', () => {
  const house = new IndexHouse();
  house.index.database.exec('PRAGMA user_version = 999');
  house.index.close();
  expect(() => house.open()).toThrow(/written by a newer version of Sluice \(schema 999\)\. Update Sluice/);
  house.close();
});
