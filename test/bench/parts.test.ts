import { expect, test } from 'vitest';
import { matchPictures } from './benches/match.ts';
import { timeCodeBits, timeCodeValue } from './camera/time-code.ts';
import { CAMERA_FOOTAGE } from './media/footage.ts';
import { packetiseFootage } from './media/packets.ts';
import { parseOptions } from './support/options.ts';
import { formatNumber, renderReport } from './support/report.ts';
import { percentile, slope } from './support/stats.ts';
import { Reception } from './viewers/received-log.ts';

const KNOWN = ['latency', 'glass'];
const window = { fromMs: 0, toMs: 1000 };

function sent(...pictures: [tail: string, sentMs: number][]) {
  return {
    tails: pictures.map(([tail]) => tail),
    sentMs: pictures.map(([, sentMs]) => sentMs),
    isKeyFrame: pictures.map(() => false),
  };
}

function received(...pictures: [tail: string, receivedMs: number][]) {
  return {
    camera: 0,
    tails: pictures.map(([tail]) => tail),
    receivedMs: pictures.map(([, receivedMs]) => receivedMs),
  };
}

test('a picture of a loop is matched with its last sending before it came', () => {
  const match = matchPictures(sent(['a', 0], ['b', 40], ['a', 80]), received(['b', 43], ['a', 85]), window);
  expect(match.latenciesMs).toEqual([3, 5]);
  expect(match.lost).toBe(1);
});

test('pictures sent outside the window count neither as timed nor as lost', () => {
  const log = sent(['a', 0], ['b', 40], ['c', 80]);
  const match = matchPictures(log, received(['b', 41], ['c', 99]), { fromMs: 30, toMs: 50 });
  expect(match).toEqual({ latenciesMs: [1], lost: 0 });
});

test('a picture that comes twice, or was never sent, is not timed', () => {
  const match = matchPictures(sent(['a', 10]), received(['x', 5], ['a', 12], ['a', 30]), window);
  expect(match).toEqual({ latenciesMs: [2], lost: 0 });
});

test('percentiles are those of the nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([50, 99, 100]);
  expect(percentile([], 0.5)).toBeNaN();
});

test('the slope is what one more costs', () => {
  expect(
    slope([
      { x: 20, y: 14 },
      { x: 40, y: 24 },
      { x: 60, y: 34 },
    ]),
  ).toBeCloseTo(0.5);
});

test('a time code holds the low 32 bits of its time and a check sum', () => {
  const bits = timeCodeBits(2 ** 32 + 5.9);
  expect(bits).toHaveLength(40);
  expect(timeCodeValue(2 ** 32 + 5.9)).toBe(5);
  expect(bits.map(Number).join('')).toBe('00000000000000000000000000000101' + '10100000');
});

test('the command line is checked', () => {
  const parsed = parseOptions(['glass', '--seconds', '5'], KNOWN);
  expect(parsed).toMatchObject({ ok: true, value: { names: ['glass'], seconds: 5, cameras: 20 } });
  expect(parseOptions([], KNOWN)).toMatchObject({ value: { names: KNOWN } });
  for (const args of [
    ['nonsense'],
    ['--seconds', '0'],
    ['--seconds', '1e9'],
    ['--cameras', '-1'],
    ['--what'],
  ]) {
    expect(parseOptions(args, KNOWN).ok, args.join(' ')).toBe(false);
  }
});

test('the table says which targets were met', () => {
  const text = renderReport({
    title: 'Title',
    figures: [
      { id: 'a', what: 'good', value: 1.234, unit: 'ms', target: 2 },
      { id: 'b', what: 'bad', value: 2.5, unit: 'ms', target: 2 },
      { id: 'c', what: 'free', value: 120.4, unit: '' },
    ],
  });
  expect(text).toMatch(/good +\| +1\.23 ms \| <= 2 ms \| pass \|/);
  expect(text).toMatch(/bad +\| +2\.50 ms \| <= 2 ms \| FAIL \|/);
  expect(text).toMatch(/free +\| +120 \| +\| +\|/);
  expect(formatNumber(Number.NaN)).toBe('-');
});

test('a picture is known again however its packets are cut', () => {
  const nal = Buffer.from([0x61, ...Array.from({ length: 2999 }, (_, index) => index % 251)]);
  const footage = (pictures: { nals: Buffer[]; isKeyFrame: boolean }[]) => ({
    spec: CAMERA_FOOTAGE,
    pictures,
    sps: nal,
    pps: nal,
  });
  // 1511 leaves 5 bytes for the last fragment, fewer than name a picture.
  const seen = [1400, 1200, 1511, 1013, 3100].map((maxPacketBytes) => {
    const [template] = packetiseFootage(footage([{ nals: [nal], isKeyFrame: false }]), maxPacketBytes);
    const reception = new Reception(0);
    for (const packet of template?.packets ?? []) reception.note(packet);
    const { tails } = reception.take();
    return { tails, expected: [template?.tail] };
  });
  for (const { tails, expected } of seen) expect(tails).toEqual(expected);
});
