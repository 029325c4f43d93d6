import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogGate } from '../../server/base/log.ts';
import { LogRing, teeToRing } from '../../server/base/log-ring.ts';
import { logLineSchema } from '../../shared/system.ts';

function house(gate: LogGate = { level: 'debug' }, maxLines?: number) {
  const ring = new LogRing(maxLines);
  const target = new PassThrough();
  return { ring, target, gate, log: createLogger(gate, teeToRing(ring, target)) };
}

describe('the newest lines of the log', () => {
  it('are those that were printed, with part, stream and fields', () => {
    const { ring, log, target } = house();
    log.child({ part: 'rtsp' }).child({ stream: 'live/door' }).warn({ tries: 3, why: 'none' }, 'waiting');
    log.error({ err: new Error('boom') }, 'bad');
    const { lines, newest } = ring.tail({ max: 10 });
    expect(lines.map((line) => logLineSchema.parse(line))).toMatchObject([
      { seq: 1, level: 'warn', stream: 'live/door', message: 'rtsp: waiting  (tries=3 why=none)' },
      { seq: 2, level: 'error', message: 'bad: boom' },
    ]);
    expect(newest).toBe(2);
    expect(Math.abs((lines[0]?.time ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(String(target.read()).trim().split('\n')).toHaveLength(2);
  });

  it('hold no secret, even where one was written by mistake', () => {
    const { ring, log } = house();
    log.info(
      { password: 'canary-1', source: { token: 'canary-2' } },
      'dialling rtsp://admin:canary-3@10.0.0.5/s?password=canary-4 now',
    );
    log.warn(
      { url: 'http://10.0.0.5/x?access_token=canary-5', err: new Error('at onvif://u:canary-6@h/') },
      'no',
    );
    const text = JSON.stringify(ring.tail({ max: 10 }));
    expect(text).toContain('rtsp://10.0.0.5/s?password=*** now');
    expect(text).not.toContain('canary');
  });

  it('are few enough, and can be followed', () => {
    const { ring, log } = house({ level: 'info' }, 100);
    for (let n = 1; n <= 1000; n += 1) log.info({}, `line ${n}`);
    log.debug({}, 'not told');
    expect(ring.tail({ max: 5 }).lines.map(({ message }) => message)).toEqual(
      [996, 997, 998, 999, 1000].map((n) => `line ${n}`),
    );
    expect(ring.tail({ max: 5000 }).lines).toHaveLength(100);
    const { newest } = ring.tail({ max: 1 });
    expect(ring.tail({ after: newest, max: 10 }).lines).toEqual([]);
    log.info({}, 'one more');
    expect(ring.tail({ after: newest, max: 10 }).lines).toMatchObject([{ message: 'one more' }]);
  });

  it('take long lines and odd ones', () => {
    const ring = new LogRing();
    for (const line of [
      'no json',
      '7',
      'null',
      '{"level":"x","time":"y"}',
      `{"msg":"${'a'.repeat(100_000)}"}`,
    ]) {
      ring.push(line);
    }
    const { lines } = ring.tail({ max: 10 });
    expect(lines.map((line) => logLineSchema.parse(line).level)).toEqual(Array(5).fill('info'));
    expect(JSON.stringify(lines).length).toBeLessThan(10_000);
  });
});

it('tells more or less from one moment to the next, children too', () => {
  const { ring, log, gate } = house({ level: 'warn' });
  const child = log.child({ part: 'x' });
  child.info({}, 'before');
  gate.level = 'info';
  child.info({}, 'after');
  child.debug({}, 'too much');
  gate.level = 'silent';
  child.error({}, 'quiet');
  expect(ring.tail({ max: 10 }).lines.map(({ message }) => message)).toEqual(['x: after']);
});
