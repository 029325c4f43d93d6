import { afterEach, expect, test } from 'vitest';
import { Closers } from '../../server/base/closers.ts';
import { benches } from './benches/index.ts';
import type { Report } from './support/report.ts';

/** A short slice of every bench: that it runs, leaves nothing behind and finds figures. Speed is not judged here. */
const SLICE = { seconds: 1, settleMs: 300, cameras: 1, joins: 1 };
/** Where a browser or a process that starts late has to come to something in that time. */
const LONGER = { ...SLICE, seconds: 2, settleMs: 1200 };

let closers = new Closers();
afterEach(() => closers.close());

async function runSlice(name: string, slice = SLICE): Promise<Map<string, number>> {
  const bench = benches.find((one) => one.name === name);
  if (bench === undefined) throw new Error(`no bench ${name}`);
  closers = new Closers();
  const report: Report = await bench.run({ ...slice, closers, progress: () => {} });
  await closers.close();
  const values = new Map(report.figures.map((figure) => [figure.id, figure.value]));
  for (const [id, value] of values) expect(value, id).not.toBeNaN();
  return values;
}

test('latency: pictures come through gateway and relay, later than they were sent', async () => {
  const values = await runSlice('latency');
  for (const side of ['gateway', 'relay']) {
    expect(values.get(`latency.1.${side}.p50`)).toBeGreaterThan(0);
    expect(values.get(`latency.1.${side}.p50`)).toBeLessThan(5000);
  }
  expect(values.get('latency.1.pictures')).toBeGreaterThan(10);
}, 90_000);

test('glass: the time code is read back from Chromium, a while after it was painted', async () => {
  const values = await runSlice('glass', LONGER);
  expect(values.get('glass.whep.frames')).toBeGreaterThan(10);
  expect(values.get('glass.whep.total.median')).toBeGreaterThan(0);
  expect(values.get('glass.whep.total.median')).toBeLessThan(5000);
}, 90_000);

test('join: every click brings a picture', async () => {
  const values = await runSlice('join');
  for (const part of ['player.1s', 'whep.1s']) {
    expect(values.get(`join.${part}.click.p95`), part).toBeGreaterThan(0);
    expect(values.get(`join.${part}.click.p95`), part).toBeLessThan(15_000);
  }
}, 90_000);

test('wall: the page shows a still picture at first, and then the live one', async () => {
  const values = await runSlice('wall');
  expect(values.get('wall.first.p95')).toBeGreaterThan(0);
  expect(values.get('wall.first.p95')).toBeLessThanOrEqual(values.get('wall.video.first.p95') ?? 0);
}, 90_000);

test('scrub: a move over the time line brings a kept picture, and where there is none the very one', async () => {
  const values = await runSlice('scrub');
  for (const id of ['scrub.kept.p95', 'scrub.exact.p95', 'scrub.told.exact.p95']) {
    expect(values.get(id), id).toBeGreaterThan(0);
    expect(values.get(id), id).toBeLessThan(30_000);
  }
}, 90_000);

test('cpu: a gateway that serves uses some, and has memory', async () => {
  const values = await runSlice('cpu');
  expect(values.get('cpu.watched')).toBeGreaterThan(0);
  expect(values.get('cpu.watched')).toBeLessThan(1000);
  expect(values.get('memory.rest.rss.gateway')).toBeGreaterThan(10);
  expect(values.get('memory.rest.rss.worker')).toBeGreaterThan(1);
}, 90_000);

test('playlist: a day and a week are told, as gzip much shorter', async () => {
  const values = await runSlice('playlist');
  expect(values.get('playlist.24h.gzip.p99')).toBeGreaterThan(0);
  expect(values.get('playlist.7d.warm')).toBeGreaterThan(0);
  expect(values.get('playlist.24h.plain.size')).toBeGreaterThan(3_000);
  expect(values.get('playlist.24h.gzip.size')).toBeLessThan(500);
}, 90_000);

test('record: recording costs something, and pictures come', async () => {
  const values = await runSlice('record', LONGER);
  expect(values.get('record.thumbnails.cpu')).toBeGreaterThan(0);
  expect(values.get('record.cpu.branches')).toBeGreaterThan(0);
  expect(values.get('record.pss.thumbnails')).toBe(0);
  expect(values.get('record.thumbnails.pss.thumbnails')).toBeGreaterThan(5);
  for (const kind of ['now', 'at', 'thumbnail']) {
    expect(values.get(`record.frame.${kind}.p95`), kind).toBeGreaterThan(0);
  }
}, 120_000);

test('index: rows go in, and a gateway starts with many of them, also after a kill', async () => {
  const values = await runSlice('index', { ...SLICE, seconds: 0.2 });
  for (const id of ['index.rows.1', 'index.rows.100', 'index.segments', 'index.start.full']) {
    expect(values.get(id), id).toBeGreaterThan(0);
  }
  expect(values.get('index.start.killed')).toBeGreaterThan(0);
}, 120_000);

test('export: MP4 files are made, with and without digests', async () => {
  const values = await runSlice('export');
  for (const id of ['export.plain.median', 'export.manifest.median', 'export.cat']) {
    expect(values.get(id), id).toBeGreaterThan(0);
  }
}, 90_000);

test('clip: every clip brings bytes', async () => {
  const values = await runSlice('clip');
  expect(values.get('clip.first.p95')).toBeGreaterThan(0);
  expect(values.get('clip.whole.p50')).toBeGreaterThan(0);
}, 90_000);
