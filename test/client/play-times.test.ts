import { expect, test } from 'vitest';
import { failureOfAnswer } from '../../client/src/hls/failure.ts';
import { playlistFor, playlistUrl } from '../../client/src/hls/playlist-address.ts';
import { askedTime, clockText, parseTime } from '../../client/src/player/play-times.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const HOUR = 3_600_000;

test('times are Unix milliseconds or ISO dates, and nothing else', () => {
  expect(parseTime('1790000000000')).toBe(1_790_000_000_000);
  expect(parseTime('2026-11-21T12:00:00Z')).toBe(NOW);
  expect(['', 'yesterday', '-5', '1e3x'].map(parseTime)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('the attributes ask for live, for a range, or for nothing that makes sense', () => {
  expect(askedTime(null, null)).toEqual({ kind: 'live' });
  expect(askedTime('1000', null)).toEqual({ kind: 'recorded', range: { startMs: 1000, endMs: undefined } });
  expect(askedTime('1000', '2000')).toEqual({ kind: 'recorded', range: { startMs: 1000, endMs: 2000 } });
  expect(askedTime(null, '2000').kind).toBe('bad');
  expect(askedTime('2000', '2000')).toMatchObject({ message: 'end-time has to be later than start-time.' });
  expect(askedTime('soon', null)).toMatchObject({
    message: expect.stringContaining('start-time "soon" is no time'),
  });
});

test('an open end is one growing playlist when it is near, else an hour at a time', () => {
  expect(playlistFor(undefined, NOW)).toEqual({ kind: 'live' });
  const open = (startMs: number) => playlistFor({ startMs, endMs: undefined }, NOW);
  expect(open(NOW - HOUR)).toEqual({ kind: 'into-live', startMs: NOW - HOUR });
  expect(open(NOW - 30 * HOUR)).toEqual({
    kind: 'recorded',
    startMs: NOW - 30 * HOUR,
    endMs: NOW - 29 * HOUR,
    after: 'next',
  });
  expect(playlistFor({ startMs: 1, endMs: 2 }, NOW)).toMatchObject({ kind: 'recorded', after: 'end' });
});

test('addresses of playlists are those of the contract, in whole milliseconds', () => {
  const target = { server: 'https://host/sub', token: 'secret' };
  expect(playlistUrl(target, 'live/cam', { kind: 'live' })).toBe('https://host/sub/live/cam/playlist.m3u8');
  expect(playlistUrl(target, 'live/cam', { kind: 'recorded', startMs: 1.4, endMs: 9.6, after: 'end' })).toBe(
    'https://host/sub/live/cam/playlist.m3u8?start_time=1&end_time=10',
  );
  expect(playlistUrl(target, 'live/cam', { kind: 'into-live', startMs: 7 })).toBe(
    'https://host/sub/live/cam/playlist.m3u8?start_time=7',
  );
});

test('what the gateway answers decides whether to wait, to ask again, or to tell', () => {
  const body = (code: string) => JSON.stringify({ error: { code, message: 'A sentence.' } });
  expect(failureOfAnswer(503, body('STREAM_NOT_LIVE')).kind).toBe('wait');
  expect(failureOfAnswer(503, body('STORAGE_UNAVAILABLE')).kind).toBe('retry');
  expect(failureOfAnswer(404, body('NOT_RECORDED'))).toEqual({
    kind: 'fail',
    reason: { code: 'NOT_RECORDED', message: 'A sentence.' },
  });
  expect(failureOfAnswer(401, body('UNAUTHORIZED')).kind).toBe('fail');
  expect(failureOfAnswer(0, '').reason.code).toBe('SERVER_UNREACHABLE');
  expect(failureOfAnswer(502, '<html>Bad gateway</html>').kind).toBe('retry');
});

test('times are shown in the order of time', () => {
  expect(clockText(NOW)).toMatch(/^2026-11-2[12] \d\d:00:00$/);
});
