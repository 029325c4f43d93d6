import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, quieted } from '../../server/base/log.ts';
import { prettyLine, prettyStream } from '../../server/base/log-pretty.ts';
import { redactUrl } from '../../server/base/redact.ts';

describe('log', () => {
  it('censors fields that are secret by name', () => {
    const sink = new PassThrough();
    createLogger('info', sink)
      .child({ stream: 'live/door' })
      .warn({ password: 'canary-1', source: { password: 'canary-2', token: 'canary-3' } }, 'no');
    const text = String(sink.read());
    expect(text).toContain('live/door');
    expect(text).not.toContain('canary');
  });

  it('can be quieted, children too, but for errors', () => {
    const sink = new PassThrough();
    const log = quieted(createLogger('info', sink)).child({ stream: 'internal/demo' });
    log.info({}, 'news');
    log.warn({}, 'trouble');
    expect(sink.read()).toBeNull();
    log.error({}, 'a bug');
    expect(String(sink.read())).toMatch(/internal\/demo.*a bug/);
    const all = new PassThrough();
    quieted(createLogger('debug', all)).info({}, 'news');
    expect(String(all.read())).toMatch(/"debug".*news/);
  });

  it('is readable in a terminal', () => {
    const line =
      '{"level":"warn","time":"2026-03-01T12:34:56.789Z","stream":"live/door","reason":"X","msg":"waiting"}';
    expect(prettyLine(line, false)).toBe('12:34:56 warn  live/door: waiting  (reason=X)');
    expect(prettyLine('no json', false)).toBe('no json');
    const target = new PassThrough();
    prettyStream(target, false).write(`${line}\n${line}\n`);
    expect(String(target.read()).trim().split('\n')).toHaveLength(2);
  });

  it('lets nobody write to the terminal with escape sequences or line ends of theirs', () => {
    const line = JSON.stringify({
      level: 'warn',
      msg: 'said \x1b[2J\x9b31m\u202ereversed\r\n12:00:00 info  forged',
      reason: '\x07\nforged',
      err: { stack: 'Error: \x1b]0;title\x07\n at x' },
    });
    const text = prettyLine(line, false);
    expect(text).not.toMatch(/[^\P{C}\n]/u);
    expect(text.split('\n')).toHaveLength(3);
  });

  it('shows where a failure came from', () => {
    const line =
      '{"level":"error","time":"2026-03-01T12:34:56.789Z","err":{"message":"boom","stack":"Error: boom\\n at x"},"msg":"bad"}';
    expect(prettyLine(line, false)).toBe('12:34:56 error bad\nError: boom\n at x');
  });

  it.each([
    ['rtsp://admin:pa@ss@10.0.0.5/s1', 'rtsp://10.0.0.5/s1'],
    [
      'rtsp://10.0.0.5/s1?user=admin&password=x&channel=1',
      'rtsp://10.0.0.5/s1?user=***&password=***&channel=1',
    ],
    [
      'rtsp://10.0.0.5/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream',
      'rtsp://10.0.0.5/user=***_password=***_channel=1_stream=0.sdp?real_stream',
    ],
    ['rtsp://10.0.0.5/user=admin&password=x/y&channel=1', 'rtsp://10.0.0.5/user=***&password=***&channel=1'],
    ['http://h/api?access_token=abc', 'http://h/api?access_token=***'],
    ['publish:', 'publish:'],
  ])('takes secrets out of %s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });
});
