import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, parseConfig } from '../../server/base/config/load.ts';

function problemsOf(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    parseConfig(text, 'sluice.yaml', env);
  } catch (failure) {
    if (failure instanceof ConfigError) return failure.problems;
    throw failure;
  }
  return [];
}

describe('configuration', () => {
  it('has a default for every setting', () => {
    const { settings, streams } = parseConfig('', 'sluice.yaml', {});
    expect(settings).toMatchObject({
      dataDir: './data',
      http: { host: '127.0.0.1', port: 8080, allowedOrigins: [] },
      rtsp: { host: '127.0.0.1', port: 8554, udpPorts: { min: 20_000, max: 29_999 } },
      webrtc: { port: 8189 },
      recording: { segmentMs: 2000, keepDays: 7, minFreeBytes: 1024 ** 3 },
      sources: { allowLoopback: false },
      log: { level: 'info' },
    });
    expect(streams).toEqual([]);
  });

  it('takes what recording will use: its own section, and one for each app', () => {
    const shop = { record: true, segmentMs: 4000, keepDays: 30, maxBytes: 1e9, dir: '/srv/shop' };
    const { settings } = parseConfig(JSON.stringify({ apps: { shop } }), 'sluice.yaml', {
      SLUICE_SEGMENT_MS: '5000',
      SLUICE_KEEP_DAYS: '1.5',
      SLUICE_MAX_BYTES: '1000000',
      SLUICE_MIN_FREE_BYTES: '0',
    });
    expect(settings.apps).toEqual({ shop });
    expect(settings.recording).toEqual({
      segmentMs: 5000,
      keepDays: 1.5,
      maxBytes: 1_000_000,
      minFreeBytes: 0,
      thumbnails: true,
    });
  });

  it('reads streams, and takes credentials out of their URLs', () => {
    const { streams } = parseConfig(
      'streams:\n  live/door:\n    source: { url: "rtsp://admin:p%40ss@10.0.0.5/s1?a=b" }\n    onDemand: true\n',
      'sluice.yaml',
      {},
    );
    expect(streams).toMatchObject([
      {
        app: 'live',
        name: 'door',
        onDemand: true,
        source: { url: 'rtsp://10.0.0.5/s1?a=b', username: 'admin', password: 'p@ss', transport: 'auto' },
      },
    ]);
  });

  it('lets the environment win over the file', () => {
    const { settings } = parseConfig('http:\n  port: 9000\n  host: 127.0.0.2\n', 'sluice.yaml', {
      SLUICE_HTTP_PORT: '9001',
      SLUICE_DEMO: 'off',
      SLUICE_ANNOUNCED_ADDRESSES: '10.0.0.1, cams.example.com',
      SLUICE_API_TOKEN: '',
      PATH: '/bin',
    });
    expect(settings.http).toMatchObject({ port: 9001, host: '127.0.0.2' });
    expect(settings.demo).toBe(false);
    expect(settings.webrtc.announcedAddresses).toEqual(['10.0.0.1', 'cams.example.com']);
    expect(settings.auth.apiToken).toBeUndefined();
  });

  it.each([
    [
      'an unknown key',
      'http:\n  prot: 1\n',
      /^sluice\.yaml:2: http has unknown keys: "prot"; known are host, port, allowedOrigins$/,
    ],
    [
      'an unknown section',
      '\n\nstream: {}\n',
      /^sluice\.yaml:3: the file has unknown keys: "stream"; known are dataDir, http, .*, streams$/,
    ],
    [
      'an app that is reserved',
      'apps:\n  whep: { record: true }\n',
      /^sluice\.yaml:2: apps\.whep is reserved; choose another app/,
    ],
    ['a wrong type', 'http:\n  port: "x"\n', /^sluice\.yaml:2: http\.port must be a number/],
    [
      'a port that no browser opens',
      'http:\n  port: 6666\n',
      /^sluice\.yaml:2: http\.port is a port that browsers refuse to open pages from; take another one, such as 8080/,
    ],
    [
      'a port out of range',
      'http:\n  host: 127.0.0.1\n  port: 70000\n',
      /^sluice\.yaml:3: http\.port is too big/,
    ],
    [
      'a short token',
      'auth:\n  apiToken: abc\n',
      /^sluice\.yaml:2: auth\.apiToken must be at least 16 characters/,
    ],
    ['a range that is none', 'rtsp:\n  udpPorts: 5\n', /^sluice\.yaml:2: rtsp\.udpPorts must be a string/],
    [
      'a source that is no camera',
      'streams:\n  live/a:\n    source:\n      url: "exec:rm -rf /"\n',
      /^sluice\.yaml:4: streams\.live\/a\.source\.url has the scheme "exec:"; expected rtsp:/,
    ],
    [
      'a reserved app',
      'streams:\n  api/a:\n    source: { url: "rtsp://h/" }\n',
      /^sluice\.yaml:2: streams\.api\/a has an app that is reserved \(api, /,
    ],
    [
      'a stream without an app',
      'streams:\n  door:\n    source: { url: "rtsp://h/" }\n',
      /^sluice\.yaml:2: streams\.door must be named app\/name, such as live\/front-door$/,
    ],
    ['a broken file', 'http: [\n', /^sluice\.yaml:\d+: /],
    ['a key written twice', 'demo: true\ndemo: false\n', /^sluice\.yaml:2: .*unique/],
    ['a list instead of a map', '- a\n', /^sluice\.yaml:1: the file must be a map/],
  ])('stops at %s, with file, line, key and what was expected', (_name, text, expected) => {
    expect(problemsOf(text).join('\n')).toMatch(expected);
  });

  it('names the variable where the environment is wrong, and every problem at once', () => {
    const problems = problemsOf('http:\n  port: -1\n', {
      SLUICE_RTSP_PORT: 'x',
      SLUICE_API_TOKN: 'secret-secret-secret',
    });
    expect(problems).toHaveLength(3);
    expect(problems.join('\n')).toMatch(/environment: SLUICE_RTSP_PORT must be a number/);
    expect(problems.join('\n')).toMatch(/environment: SLUICE_API_TOKN is no setting/);
    expect(problems.join('\n')).not.toContain('secret-secret');
    expect(problemsOf('', { SLUICE_HTTP_PORT: '99999' })[0]).toMatch(
      /^environment: SLUICE_HTTP_PORT: http\.port is too big/,
    );
  });

  it('never repeats a value, which may be a password', () => {
    const text = 'streams:\n  live/a:\n    source: { url: "rtsp://h/", password: [canary-password] }\n';
    expect(problemsOf(text).join()).toMatch(/password must be a string/);
    expect(problemsOf(text).join()).not.toContain('canary');
  });

  it('says so when the file named on the command line is not there; the default one may be missing', () => {
    expect(() => loadConfig({ file: '/nowhere/sluice.yaml', env: {} })).toThrow(/there is no such file/);
  });
});
