import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Segment } from '../../../server/recording/segment.ts';
import {
  codedFootage,
  probe,
  segmentsOfFootage,
  soundTimes,
  watchFilm,
} from '../../support/coded-footage.ts';
import { waitFor } from '../../support/wait.ts';
import { ExportsHouse, HOST, STREAM } from './exports-house.ts';

/** An hour ago, at a whole minute. */
const START_MS = Math.floor((Date.now() - 3_600_000) / 60_000) * 60_000;

let ten: Segment[];
let four: Segment[];
let other: Segment[];
beforeAll(async () => {
  const footage = async (
    name: string,
    atMs: number,
    seconds: number,
    more: object = {},
    format: object = {},
  ) =>
    segmentsOfFootage(await codedFootage({ seconds, startPts90k: 900_000, ...more }), {
      name,
      startMs: START_MS + atMs,
      startPts90k: 900_000,
      ...format,
    });
  ten = await footage('ten', 0, 10);
  four = await footage('four', 13_000, 4, { firstCode: 1000 });
  other = await footage(
    'other',
    17_000,
    4,
    { firstCode: 2000, width: 320, height: 192 },
    { parameterSetsId: 'x' },
  );
});

let house: ExportsHouse;
beforeEach(() => {
  house = new ExportsHouse();
});
afterEach(() => house.close());

describe('export jobs', () => {
  it('make an exact MP4 with its digests, listed with gaps and reasons, served in parts', async () => {
    await house.open();
    await house.keep([...ten, ...four, ...other]);
    house.archives.archive.note(STREAM, START_MS + 9_000, 'CAMERA_SILENT');
    await house.archives.archive.flush();
    const begun = await house.send('POST', '/v1/nvr/convert2mp4', {
      ...{ app_name: 'live', stream_name: 'door', file_name: 'Einfahrt Ü.mp4' },
      ...{ start_time: START_MS + 1_000, duration: 19_000 },
    });
    expect(begun.statusCode).toBe(202);
    const { job_id, file_name, status_url } = begun.json();
    expect({ file_name, status_url }).toEqual({
      file_name: 'Einfahrt Ü.mp4',
      status_url: `/api/v1/exports/${job_id}`,
    });
    const job = await house.ended(job_id);
    expect(job).toMatchObject({ state: 'done', progress: 1, attempts: 1, gapMode: 'skip' });
    expect(job.gaps).toEqual([{ start: START_MS + 10_000, end: START_MS + 13_000, reason: 'CAMERA_SILENT' }]);
    expect(job.files.map(({ name, durationMs }) => [name, durationMs])).toEqual([
      ['Einfahrt Ü.mp4', 13_000],
      ['Einfahrt Ü.part2.mp4', 3_000],
    ]);
    const film = await watchFilm(join(house.dir, 'Einfahrt Ü.mp4'));
    expect(film.pictures.map(({ code }) => code)).toEqual([
      ...Array.from({ length: 225 }, (_, i) => 25 + i),
      ...Array.from({ length: 100 }, (_, i) => 1000 + i),
    ]);
    expect(readdirSync(house.dir).sort()).toEqual([
      'Einfahrt Ü.json',
      'Einfahrt Ü.mp4',
      'Einfahrt Ü.part2.mp4',
      'Einfahrt Ü.sha256',
    ]);

    const bytes = readFileSync(join(house.dir, 'Einfahrt Ü.mp4'));
    const url = `/api/v1/exports/${job_id}/file`;
    const whole = await house.get(url);
    expect(whole.statusCode).toBe(200);
    expect(whole.rawPayload.equals(bytes)).toBe(true);
    expect(whole.headers).toMatchObject({ 'content-type': 'video/mp4', 'accept-ranges': 'bytes' });
    expect(whole.headers['content-disposition']).toBe(
      'attachment; filename="Einfahrt U_.mp4"; filename*=UTF-8\'\'Einfahrt%20%C3%9C.mp4',
    );
    const part = await house.get(url, { range: 'bytes=1000-1999' });
    expect(part.statusCode).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes 1000-1999/${bytes.length}`);
    expect(part.rawPayload.equals(bytes.subarray(1000, 2000))).toBe(true);
    expect((await house.get(url, { range: `bytes=${bytes.length}-` })).statusCode).toBe(416);
    const etag = String(whole.headers.etag);
    expect((await house.get(url, { 'if-none-match': etag })).statusCode).toBe(304);
    const head = await house.app.inject({ method: 'HEAD', url, headers: { host: '127.0.0.1' } });
    expect([head.statusCode, head.headers['content-length'], head.rawPayload.length]).toEqual([
      200,
      String(bytes.length),
      0,
    ]);
    expect((await house.get(`${url}?part=2`)).rawPayload.length).toBe(job.files[1]?.sizeBytes);
    expect((await house.get(`${url}?part=3`)).statusCode).toBe(404);

    const manifest = (await house.get(`/api/v1/exports/${job_id}/manifest`)).body;
    const lines = manifest
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  '));
    expect(lines.map(([, name]) => name)).toEqual([
      'Einfahrt Ü.mp4',
      'Einfahrt Ü.part2.mp4',
      'Einfahrt Ü.json',
    ]);
    for (const [digest, name = ''] of lines) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(house.dir, name)))
          .digest('hex'),
      ).toBe(digest);
    }
    expect(job.files[0]?.sha256).toBe(lines[0]?.[0]);

    expect((await house.send('DELETE', `/api/v1/exports/${job_id}`)).statusCode).toBe(204);
    expect(readdirSync(house.dir)).toEqual([]);
    expect((await house.get(`/api/v1/exports/${job_id}`)).statusCode).toBe(404);
  });

  it('are for their owner and group alone, and so many are sent at once, a few chunks at a time', async () => {
    await house.open();
    await house.keep(ten);
    const { id } = await house.create({ start: START_MS, durationMs: 8_000 });
    const [file] = (await house.ended(id)).files;
    expect(statSync(house.dir).mode & 0o777).toBe(0o750);

    const served = await house.exports.file(id, 1);
    const open = Array.from({ length: 64 }, () => served.read(0, served.sizeBytes));
    const url = `/api/v1/exports/${id}/file`;
    const refused = await house.get(url);
    expect([refused.statusCode, refused.json().error.code]).toEqual([429, 'RATE_LIMITED']);
    expect(refused.headers).not.toHaveProperty('content-disposition');
    expect((await house.app.inject({ method: 'HEAD', url, headers: { host: HOST } })).statusCode).toBe(200);
    const sizes = await Promise.all(
      open.slice(0, 60).map(async (body) => {
        let bytes = 0;
        for await (const chunk of body) bytes += chunk.length;
        return bytes;
      }),
    );
    expect(new Set(sizes)).toEqual(new Set([file?.sizeBytes]));
    for (const body of open) body.destroy();
    await waitFor('room again', async () => (await house.get(url)).statusCode === 200);
  });

  it('never write over a file, and keep names within their folder', async () => {
    await house.open();
    await house.keep(ten);
    mkdirSync(house.dir, { recursive: true });
    writeFileSync(join(house.dir, 'door.mp4'), 'of somebody else');
    const range = { start: START_MS, end: START_MS + 2_000, manifest: false };
    const [first, second] = await Promise.all([
      house.create({ ...range, fileName: 'door' }),
      house.create({ ...range, fileName: 'door' }),
    ]);
    expect([first?.fileName, second?.fileName].sort()).toEqual(['door-2.mp4', 'door-3.mp4']);
    await house.ended(first?.id ?? '');
    await house.ended(second?.id ?? '');
    expect(readdirSync(house.dir).sort()).toEqual(['door-2.mp4', 'door-3.mp4', 'door.mp4']);
    expect(readFileSync(join(house.dir, 'door.mp4'), 'utf8')).toBe('of somebody else');
    // Taken after it was promised.
    const late = await house.create({ ...range, start: START_MS + 1, fileName: 'late' });
    writeFileSync(join(house.dir, 'late.mp4'), 'quicker');
    const done = await house.ended(late.id);
    expect(['late.mp4', 'late-2.mp4']).toContain(done.fileName);
    expect(done.files[0]?.name).toBe(done.fileName);
    const unnamed = await house.create(range);
    expect(unnamed.fileName).toMatch(/^live_door_\d{8}T\d{6}Z\.mp4$/);
    for (const fileName of [
      '../x',
      'a/b',
      'a\\b',
      '.hidden',
      '..',
      'x\u0000',
      'x\n',
      'a'.repeat(101),
      'con:',
      ' ',
    ]) {
      const answer = await house.send('POST', '/api/v1/exports', { name: 'door', ...range, fileName });
      expect([fileName, answer.statusCode]).toEqual([fileName, 400]);
    }
  });

  it('are refused with a clear error where the request cannot be met', async () => {
    await house.open();
    await house.keep(ten);
    const cases: Array<[object, number, string]> = [
      [{ start: START_MS }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, end: START_MS }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, end: START_MS - 1 }, 400, 'BAD_REQUEST'],
      [{ start: -1, end: START_MS }, 400, 'BAD_REQUEST'],
      [{ start: 1.5, end: START_MS }, 400, 'BAD_REQUEST'],
      [{ start: Math.floor(START_MS / 1000), durationMs: 600 }, 400, 'BAD_REQUEST'],
      [{ start: '0', end: START_MS }, 400, 'BAD_REQUEST'],
      [{ start: START_MS - 10 * 365 * 86_400_000, end: START_MS }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, end: START_MS + 5_000, durationMs: 4_000 }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, durationMs: 1e308 }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, end: START_MS + 7_200_000 }, 400, 'BAD_REQUEST'],
      [{ start: START_MS + 86_400_000, durationMs: 1_000 }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, durationMs: 1_000, gaps: 'fill' }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, durationMs: 1_000, name: '..' }, 400, 'BAD_REQUEST'],
      [{ start: START_MS, durationMs: 1_000, name: 'nobody' }, 404, 'STREAM_NOT_FOUND'],
      [{ start: START_MS, durationMs: 1_000, app: 'internal' }, 404, 'STREAM_NOT_FOUND'],
      [{ start: START_MS - 60_000, durationMs: 1_000 }, 404, 'NOT_RECORDED'],
    ];
    for (const [wish, status, code] of cases) {
      const answer = await house.send('POST', '/api/v1/exports', { name: 'door', ...wish });
      expect([wish, answer.statusCode, answer.json().error.code]).toEqual([wish, status, code]);
    }
    const agreed = await house.create({ start: START_MS, end: START_MS + 5_000, durationMs: 5_000 });
    expect((await house.ended(agreed.id)).state).toBe('done');
    for (const url of ['/api/v1/exports/abc', '/api/v1/exports/abc/file', '/api/v1/exports/abc/manifest']) {
      expect((await house.get(url)).json().error.code).toBe('EXPORT_NOT_FOUND');
    }
    expect((await house.get('/api/v1/exports/..%2f..%2fetc')).statusCode).toBe(400);
  });

  it('wait for their turn, are cancelled, and tried again', async () => {
    await house.open({ maxRunning: 1 });
    await house.keep(ten);
    const jobs = [];
    for (let i = 0; i < 4; i += 1) jobs.push(await house.create({ start: START_MS, durationMs: 8_000 }));
    const [, , third, fourth] = jobs;
    const listed = (await house.get('/api/v1/exports')).json().exports;
    expect(listed.filter(({ state }: { state: string }) => state === 'running').length).toBeLessThanOrEqual(
      1,
    );
    expect(listed.map(({ id }: { id: string }) => id)).toEqual(jobs.map(({ id }) => id).reverse());
    const cancelled = await house.send('DELETE', `/api/v1/exports/${fourth?.id}`);
    expect([cancelled.statusCode, cancelled.json().state]).toEqual([200, 'cancelled']);
    expect((await house.get(`/api/v1/exports/${fourth?.id}/file`)).json().error.code).toBe(
      'EXPORT_NOT_READY',
    );
    expect((await house.ended(third?.id ?? '')).state).toBe('done');
    const again = await house.send('POST', `/api/v1/exports/${third?.id}/retry`);
    expect(again.json().error.code).toBe('CONFLICT');
    expect((await house.send('POST', `/api/v1/exports/${fourth?.id}/retry`)).statusCode).toBe(202);
    expect((await house.ended(fourth?.id ?? '', ['done', 'failed'])).state).toBe('done');
  });

  it('leave nothing behind when cancelled in the middle', async () => {
    await house.open();
    await house.keep(ten);
    const job = await house.create({ start: START_MS, durationMs: 8_000 });
    await house.ended(job.id, ['running']);
    await house.send('DELETE', `/api/v1/exports/${job.id}`);
    // The next one runs only when the first has ended.
    const next = await house.create({
      start: START_MS,
      durationMs: 8_000,
      fileName: 'next',
      manifest: false,
    });
    await house.ended(next.id);
    expect(readdirSync(house.dir)).toEqual(['next.mp4']);
  });

  it('go on after a stop and after a crash, and are not tried for ever', async () => {
    await house.open();
    await house.keep(ten);
    const stopped = await house.create({ start: START_MS, durationMs: 8_000, fileName: 'stopped' });
    await house.ended(stopped.id, ['running']);
    await house.stop();
    // What kill -9 leaves: jobs that run by the database, and half of a file.
    const database = new DatabaseSync(join(house.archives.dataDir, 'exports.db'));
    const row = database.prepare('SELECT job FROM jobs').get();
    const job = JSON.parse(String(row?.job));
    expect(job).toMatchObject({ state: 'queued', attempts: 0 });
    const put = database.prepare('INSERT INTO jobs (id, created_ms, job, manifest) VALUES (?, ?, ?, 0)');
    for (const [id, attempts] of [
      ['aa', 1],
      ['bb', 3],
    ] as const) {
      const killed = {
        ...job,
        id,
        attempts,
        state: 'running',
        fileName: `${id}.mp4`,
        createdAt: job.createdAt + attempts,
      };
      put.run(id, killed.createdAt, JSON.stringify(killed));
    }
    database.close();
    mkdirSync(house.dir, { recursive: true });
    writeFileSync(join(house.dir, '.7.1.mp4.partial'), 'half');
    await house.open();
    expect((await house.ended(stopped.id)).state).toBe('done');
    expect(await house.ended('aa')).toMatchObject({ state: 'done', attempts: 2, fileName: 'aa.mp4' });
    expect(await house.ended('bb')).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
    expect(readdirSync(house.dir).sort()).toEqual([
      'aa.mp4',
      'stopped.json',
      'stopped.mp4',
      'stopped.sha256',
    ]);
  });

  it('begin with an empty list where the database is damaged, and keep the damaged one', async () => {
    await house.open();
    await house.stop();
    writeFileSync(
      join(house.archives.dataDir, 'exports.db'),
      'no database at all, but long enough to be read'.repeat(50),
    );
    await house.open();
    expect((await house.get('/api/v1/exports')).json()).toEqual({ exports: [] });
    expect(readdirSync(house.archives.dataDir).some((name) => name.startsWith('exports.db.damaged-'))).toBe(
      true,
    );
  });

  it('fail with what to do where space is short, the footage is gone, or the file is removed', async () => {
    await house.open({ minFreeBytes: 1e15 });
    await house.keep(ten);
    const short = await house.ended((await house.create({ start: START_MS, durationMs: 8_000 })).id);
    expect(short).toMatchObject({ state: 'failed', error: { code: 'INSUFFICIENT_STORAGE' } });
    expect(short.error?.message).toMatch(/needs \d+ MB; \d+ MB are free/);
    await house.stop();
    await house.open();
    const gone = house.archives.recordingsDir;
    // Two of the files disappear behind the store's back.
    const folder = readdirSync(gone, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.ts'))
      .sort();
    for (const name of folder.slice(1, 3)) {
      rmSync(join(gone, name));
    }
    const holed = await house.ended(
      (await house.create({ start: START_MS, durationMs: 10_000, fileName: 'holed' })).id,
    );
    expect(holed).toMatchObject({ state: 'done', files: [{ durationMs: 6_000 }] });
    expect(holed.gaps).toHaveLength(1);
    expect(holed.gaps[0]).toMatchObject({ start: START_MS + 2_000, end: START_MS + 6_000 });
    rmSync(join(house.dir, 'holed.mp4'));
    const missing = await house.get(`/api/v1/exports/${holed.id}/file`);
    expect([missing.statusCode, missing.json().error.code]).toEqual([404, 'NOT_FOUND']);
  });

  it('wait for the newest segment while the stream is being recorded', async () => {
    await house.open();
    await house.keep(ten.slice(0, 4));
    house.isRecording = true;
    const job = await house.create({ start: START_MS, end: START_MS + 9_500 });
    await house.ended(job.id, ['running']);
    await house.keep(ten.slice(4));
    const done = await house.ended(job.id);
    expect(done.files[0]?.durationMs).toBe(9_500);
    expect(done.gaps).toEqual([]);
  });

  it('are removed with their files after keepDays', async () => {
    await house.open({ keepDays: 2 });
    await house.keep(ten);
    const job = await house.create({ start: START_MS, durationMs: 2_000 });
    await house.ended(job.id);
    house.wallOffsetMs = 2 * 86_400_000 + 1_000;
    await waitFor('the old job to go', () => house.exports.get(job.id) === undefined);
    expect(readdirSync(house.dir)).toEqual([]);
  });
});

describe('clips', () => {
  const clip = (query: string) => house.get(`/api/v1/streams/live/door/clip.mp4?${query}`);

  it('begin with the key frame before, and tell how much earlier that is', async () => {
    await house.open();
    await house.keep([...ten, ...four, ...other]);
    const answer = await clip(`start_time=${START_MS + 3_300}&duration=5000`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ 'content-type': 'video/mp4', 'x-leading-media-duration': '1300' });
    const path = join(house.archives.dir, 'clip.mp4');
    writeFileSync(path, answer.rawPayload);
    const film = await watchFilm(path);
    expect(film.pictures.map(({ code }) => code)).toEqual(Array.from({ length: 158 }, (_, i) => 50 + i));
    expect(film.pictures[0]?.atSeconds).toBeCloseTo(0, 1);
    // Sound and picture begin and stay together.
    expect(film.beeps.length).toBeGreaterThanOrEqual(6);
    const offsetSeconds = film.pictures[0]?.atSeconds ?? 0;
    for (const [index, beep] of film.beeps.entries())
      expect(Math.abs(beep - offsetSeconds - index)).toBeLessThan(0.03);
    // The first sound comes when it was heard, not at 0 with a hole behind it: many players do not mind holes.
    const times = await soundTimes(path);
    for (const [index, atSeconds] of times.slice(1).entries())
      expect(atSeconds - (times[index] ?? 0)).toBeCloseTo(1024 / 48_000, 4);
    expect(answer.rawPayload.indexOf('moof')).toBeGreaterThan(0);
    // Over a gap, up to the change of the format.
    const long = await clip(`start_time=${START_MS + 8_000}&end_time=${START_MS + 21_000}`);
    writeFileSync(path, long.rawPayload);
    expect(Number((await probe(path)).format.duration)).toBeCloseTo(6, 0);
    const head = await house.app.inject({
      method: 'HEAD',
      url: `/api/v1/streams/live/door/clip.mp4?start_time=${START_MS}&duration=1000`,
      headers: { host: '127.0.0.1' },
    });
    expect([head.statusCode, head.headers['x-leading-media-duration']]).toEqual([200, '0']);
  });

  it('of the last seconds wait for the segment that is being cut', async () => {
    await house.open();
    await house.keep(ten.slice(0, 4));
    house.isRecording = true;
    house.wallOffsetMs = START_MS + 9_600 - Date.now();
    let hasAnswer = false;
    const answer = clip(`start_time=${START_MS + 8_500}&duration=1000`).finally(() => {
      hasAnswer = true;
    });
    await house.get('/api/v1/exports');
    expect(hasAnswer).toBe(false);
    await house.keep(ten.slice(4));
    expect((await answer).statusCode).toBe(200);
    const path = join(house.archives.dir, 'clip.mp4');
    writeFileSync(path, (await answer).rawPayload);
    const film = await watchFilm(path);
    expect(film.pictures.map(({ code }) => code)).toEqual(Array.from({ length: 38 }, (_, i) => 200 + i));
  });

  it('are refused as exports are, and where too many run', async () => {
    await house.open();
    await house.keep(ten);
    const refused: Array<[string, string]> = [
      ['', 'BAD_REQUEST'],
      [`start_time=${START_MS}`, 'BAD_REQUEST'],
      [`start_time=${START_MS}&end_time=${START_MS - 1}`, 'BAD_REQUEST'],
      [`start_time=${START_MS}&end_time=${START_MS + 1}&duration=2`, 'BAD_REQUEST'],
      [`start_time=-5&duration=2`, 'BAD_REQUEST'],
      [`start_time=${START_MS - 90_000_000}&duration=80000000`, 'BAD_REQUEST'],
      [`start_time=${START_MS - 60_000}&duration=1000`, 'NOT_RECORDED'],
    ];
    for (const [query, code] of refused)
      expect([query, (await clip(query)).json().error.code]).toEqual([query, code]);
    const open = await Promise.all(
      Array.from({ length: 8 }, () => house.exports.clip(STREAM, { start: START_MS, durationMs: 5_000 })),
    );
    const ninth = house.exports.clip(STREAM, { start: START_MS, durationMs: 5_000 });
    await expect(ninth).rejects.toMatchObject({ code: 'TOO_MANY_EXPORTS' });
    for (const { body } of open) body.destroy();
    await waitFor('a place', () =>
      house.exports.clip(STREAM, { start: START_MS, durationMs: 100 }).then(
        ({ body }) => {
          body.destroy();
          return true;
        },
        () => false,
      ),
    );
  });
});

describe('period files', () => {
  it('are made when their period is over, caught up after a stop, and go with the rules of the footage', async () => {
    house.wallOffsetMs = START_MS - Date.now() + 5_000;
    house.periodStreams = [{ stream: STREAM, everyMs: 60_000 }];
    await house.open();
    await house.keep(ten);
    const files = async () => (await house.get('/api/v1/period-files?name=door')).json().files;
    expect(await files()).toEqual([]);
    house.wallOffsetMs += 60_000;
    const [first] = await waitFor('the first file', async () =>
      (await files()).length === 1 ? files() : undefined,
    );
    expect(first).toMatchObject({ start: START_MS, end: START_MS + 60_000, durationMs: 10_000 });
    expect(first.fileName).toMatch(/^door_\d{8}T\d{4}00Z_1m\.mp4$/);
    const path = join(house.archives.dataDir, 'period-files/live/door', first.fileName);
    const served = await house.get(`/api/v1/period-files/${encodeURIComponent(first.id)}/file`);
    expect(served.rawPayload.equals(readFileSync(path))).toBe(true);
    await house.stop();
    // Three periods go by without the gateway; in the last of them something was recorded.
    house.wallOffsetMs += 180_000;
    const later = segmentsOfFootage(await codedFootage({ seconds: 4 }), {
      name: 'later',
      startMs: START_MS + 185_000,
    });
    await house.open();
    await house.keep(later);
    const all = await waitFor('the missed file', async () =>
      (await files()).length === 2 ? files() : undefined,
    );
    expect(all.map(({ start }: { start: number }) => start)).toEqual([START_MS + 180_000, START_MS]);
    expect((await house.get(`/api/v1/period-files?from=${START_MS + 100_000}`)).json().files).toHaveLength(1);
    house.policy = { ...house.policy, maxBytes: all[0].sizeBytes };
    await waitFor('the oldest file to go', async () => (await files()).length === 1);
    expect(existsSync(path)).toBe(false);
    expect((await house.get(`/api/v1/period-files/${first.id}/file`)).json().error.code).toBe(
      'PERIOD_FILE_NOT_FOUND',
    );
  });
});
