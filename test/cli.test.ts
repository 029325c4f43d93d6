import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../server/base/clock.ts';
import { SqliteCatalog } from '../server/catalog/index.ts';
import { parseCommandLine } from '../server/cli.ts';

const MAIN = fileURLToPath(new URL('../server/main.ts', import.meta.url));

describe('command line', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  function sluice(args: string[], env: Record<string, string> = {}) {
    return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
      const inherited = Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')),
      );
      const child = spawn(process.execPath, [MAIN, ...args], { cwd: dir, env: { ...inherited, ...env } });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
  }

  it('prints version and help', async () => {
    const [version, help] = await Promise.all([sluice(['--version']), sluice(['--help'])]);
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--config FILE') });
  });

  it('checks settings and says file, line, key and what was expected', async () => {
    writeFileSync(join(dir, 'sluice.yaml'), 'http:\n  port: many\n');
    expect(await sluice(['--check'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice\.yaml:2: http\.port must be a number/),
    });
    writeFileSync(join(dir, 'good.yaml'), 'streams:\n  live/a: { source: { url: "rtsp://10.0.0.5/" } }\n');
    expect(await sluice(['--check', '--config', 'good.yaml'])).toMatchObject({
      code: 0,
      stdout: 'good.yaml: ok, streams: 1.\n',
    });
    expect(await sluice(['--config', 'nowhere.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such file'),
    });
  });

  it.each([
    ['SLUICE_HTTP_HOST', '0.0.0.0', 'http.host'],
    ['SLUICE_HTTP_HOST', '192.168.1.5', 'http.host'],
    ['SLUICE_HTTP_HOST', '::', 'http.host'],
    ['SLUICE_RTSP_HOST', '0.0.0.0', 'rtsp.host'],
  ])('refuses %s=%s without a way to log in, and says what to do', async (name, value, key) => {
    const refused = await sluice([], { [name]: value });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${key} is ${value}`);
    expect(refused.stderr).toContain('SLUICE_API_TOKEN');
  });

  it('listens anywhere with a token', async () => {
    const anywhere = {
      SLUICE_HTTP_HOST: '::',
      SLUICE_RTSP_HOST: '0.0.0.0',
      SLUICE_API_TOKEN: 'x'.repeat(24),
    };
    expect((await sluice(['--check'], anywhere)).code).toBe(0);
  });

  it('refuses a stream to publish that anybody could publish', async () => {
    writeFileSync(join(dir, 'sluice.yaml'), 'streams:\n  live/a: { source: { url: "publish:" } }\n');
    expect((await sluice(['--check'])).stderr).toMatch(
      /streams\.live\/a\.source needs username and password/,
    );
  });

  it('says in a sentence that dataDir cannot be used', async () => {
    writeFileSync(join(dir, 'taken'), 'a file');
    const refused = await sluice([], { SLUICE_DATA_DIR: 'taken' });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^dataDir \(.*\/taken\) cannot be used: .+ It has to be a folder that Sluice may write to\.\n$/,
    );
  });

  it('goes on with another disk where a person says so', async () => {
    const dataDir = join(dir, 'data');
    const catalog = new SqliteCatalog({ dataDir, clock: systemClock });
    await catalog.rememberDisk(dataDir, 'the-old-one');
    await catalog.close();
    const unknown = await sluice(['--accept-disk', join(dir, 'typo')]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('No disk was seen at') });
    expect((await sluice(['--accept-disk', 'data'])).code).toBe(0);
    const after = new SqliteCatalog({ dataDir, clock: systemClock });
    expect(await after.diskOf(dataDir)).toBeUndefined();
    await after.close();
  });

  it('says what is wrong with an argument', () => {
    expect(parseCommandLine(['--conf'])).toMatchObject({
      kind: 'wrong',
      message: expect.stringContaining('--help'),
    });
    expect(parseCommandLine(['--config', 'a.yaml'])).toEqual({ kind: 'run', configFile: 'a.yaml' });
  });
});
