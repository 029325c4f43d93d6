import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { SETTING_FACTS } from '../../server/base/config/changeable.ts';
import { VARIABLES } from '../../server/base/config/environment.ts';
import { parseConfig } from '../../server/base/config/load.ts';
import { silentLogger } from '../../server/base/log.ts';
import { SqliteCatalog } from '../../server/catalog/index.ts';
import { objectToEmptyDisks, SettingsDesk } from '../../server/gateway/index.ts';
import { type SettingsPatch, settingsSchema } from '../../shared/system.ts';

describe('settings on the page', () => {
  let dataDir: string;
  let catalog: SqliteCatalog;
  let heard: string[][];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
    catalog = new SqliteCatalog({ dataDir, clock: systemClock });
    heard = [];
  });
  afterEach(async () => {
    await catalog.close();
    rmSync(dataDir, { recursive: true });
  });

  async function open(file = '', env: Record<string, string> = {}) {
    const { settings, given } = parseConfig(file, 'sluice.yaml', env);
    const desk = await SettingsDesk.open({ catalog, log: silentLogger, given, settings });
    desk.onChange = (keys) => heard.push([...keys]);
    const setting = (key: string) => desk.list().find((each) => each.key === key);
    return { desk, settings, setting };
  }

  it('are all of the settings that are single values, but for the token', async () => {
    const { desk } = await open();
    const keys = [...VARIABLES.values()].map(({ path }) => path.join('.'));
    const left = keys.filter((key) => !SETTING_FACTS.some((facts) => facts.key === key));
    expect(left.sort()).toEqual(['auth.apiToken', 'rtsp.udpPorts']);
    expect(settingsSchema.parse({ settings: desk.list() }).settings).toHaveLength(SETTING_FACTS.length);
  });

  it('are none that the next start would fail with', async () => {
    const { desk, setting } = await open('webrtc: {port: 8078}');
    for (const workers of [3, 64]) {
      await expect(desk.patch({ 'webrtc.workers': workers })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
    await expect(desk.patch({ 'webrtc.workers': 4 })).rejects.toThrow(/8080 of these is http\.port/);
    await desk.patch({ 'webrtc.workers': 2 });
    for (const text of [':', '::::::', '....', '-x', 'a b', 'cam..example'])
      await expect(desk.patch({ 'webrtc.announcedAddresses': text })).rejects.toThrow(
        /IP address or a host name/,
      );
    await desk.patch({ 'webrtc.announcedAddresses': '2001:db8::1, 192.0.2.7, cams.example.com' });
    expect(setting('webrtc.workers')).toMatchObject({ value: 2 });
    // Kept once, and the file changed since.
    const { settings } = await open('webrtc: {port: 8079}');
    expect(settings.webrtc.workers).toBeUndefined();
  });

  it('are none that would delete what is recorded by a slip', async () => {
    const { desk } = await open();
    desk.objection = objectToEmptyDisks(async () => [{ path: '/a' }, { path: '/b', totalBytes: 100e9 }]);
    await desk.patch({ 'recording.minFreeBytes': 50e9 });
    await expect(desk.patch({ 'recording.minFreeBytes': 51e9 })).rejects.toThrow(
      /half of the disk with \/b \(100\.0 GB\)/,
    );
    for (const slip of [{ 'recording.maxBytes': 0 }, { 'recording.keepDays': 1e-9 }])
      await expect(desk.patch(slip)).rejects.toThrow(/has to be at least/);
  });

  it('take effect at once where they can, and are kept for the next start', async () => {
    const { desk, settings, setting } = await open();
    await desk.patch({ 'recording.keepDays': 3, 'log.level': 'debug', demo: false });
    expect(settings).toMatchObject({ recording: { keepDays: 3 }, log: { level: 'debug' }, demo: false });
    expect(heard).toEqual([['recording.keepDays', 'demo', 'log.level']]);
    expect(setting('recording.keepDays')).toMatchObject({
      value: 3,
      default: 7,
      setBy: 'page',
      canChange: true,
    });
    const again = await open();
    expect(again.settings).toMatchObject({
      recording: { keepDays: 3 },
      log: { level: 'debug' },
      demo: false,
    });
    await again.desk.patch({ 'recording.keepDays': null, demo: null });
    expect(again.settings.recording.keepDays).toBe(7);
    expect(again.settings.demo).toBeUndefined();
    expect(again.setting('demo')).toMatchObject({ value: null, setBy: 'default' });
  });

  it('wait for the next start where they have to, and say so', async () => {
    const { desk, settings, setting } = await open();
    await desk.patch({ 'webrtc.announcedAddresses': '203.0.113.7, cams.example.com', 'webrtc.workers': 2 });
    expect(settings.webrtc).toMatchObject({ port: 8189 });
    expect(settings.webrtc.workers).toBeUndefined();
    expect(setting('webrtc.workers')).toMatchObject({ value: 2, running: null, needsRestart: true });
    expect(heard).toEqual([]);
    const next = await open();
    expect(next.settings.webrtc).toMatchObject({
      workers: 2,
      announcedAddresses: ['203.0.113.7', 'cams.example.com'],
    });
    expect(next.setting('webrtc.announcedAddresses')).toMatchObject({
      value: '203.0.113.7, cams.example.com',
    });
    expect(next.setting('webrtc.workers')?.running).toBeUndefined();
  });

  it('rest where the file or the environment says something else', async () => {
    await (await open()).desk.patch({ 'recording.keepDays': 3, 'exports.maxRunning': 4 });
    const { desk, settings, setting } = await open('recording: { keepDays: 9 }', { SLUICE_MAX_EXPORTS: '2' });
    expect(settings).toMatchObject({ recording: { keepDays: 9 }, exports: { maxRunning: 2 } });
    expect(setting('recording.keepDays')).toMatchObject({ value: 9, setBy: 'file', canChange: false });
    expect(setting('exports.maxRunning')).toMatchObject({
      setBy: 'environment',
      variable: 'SLUICE_MAX_EXPORTS',
    });
    await expect(desk.patch({ 'recording.keepDays': 1 })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(desk.patch({ 'exports.maxRunning': 1 })).rejects.toThrow('set by SLUICE_MAX_EXPORTS');
  });

  it.each<[SettingsPatch, string]>([
    [{ 'recording.keepDays': -1 }, 'recording.keepDays'],
    [{ 'recording.keepDays': '3' }, 'recording.keepDays must be a number'],
    [{ 'log.level': 'loud' }, 'log.level must be one of'],
    [{ 'webrtc.workers': 2.5 }, 'webrtc.workers must be a whole number'],
    [{ 'webrtc.announcedAddresses': 'a b' }, 'webrtc.announcedAddresses.0 must be an IP address'],
    [{ 'auth.apiToken': 'x'.repeat(20) }, 'is no setting'],
    [{ 'http.port': 80 }, 'can only be set in the configuration file'],
    [{ __proto__x: 1 }, 'is no setting'],
    [{ constructor: 1 }, 'is no setting'],
    [{ 'recording.segmentMs': 3000, 'exports.maxRunning': 99 }, 'exports.maxRunning'],
  ])('are refused with what is wrong, and nothing is changed: %j', async (changes, message) => {
    const { desk, settings } = await open();
    const before = structuredClone(settings);
    await expect(desk.patch(changes)).rejects.toThrow(message);
    expect(settings).toEqual(before);
    expect(await catalog.settings()).toEqual(new Map());
    expect(heard).toEqual([]);
  });

  it('that were kept and fit no more are left out', async () => {
    await catalog.putSettings(
      new Map<string, unknown>([
        ['recording.keepDays', 'a week'],
        ['http.port', 1],
        ['gone.since', true],
        ['exports.maxRunning', 3],
      ]),
    );
    const { settings } = await open();
    expect(settings).toMatchObject({
      recording: { keepDays: 7 },
      http: { port: 8080 },
      exports: { maxRunning: 3 },
    });
  });

  it('are always such as a file could have, whatever was asked', async () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
    const key = fc.constantFrom(...SETTING_FACTS.map((facts) => facts.key), 'x', '__proto__', 'recording');
    const { desk, settings } = await open();
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 3 }), async (changes) => {
        await desk.patch(changes).catch(() => {});
        expect(() => parseConfig(JSON.stringify({ ...settings, rtsp: {} }), 'sluice.yaml', {})).not.toThrow();
      }),
      { numRuns: 60 },
    );
  });
});
