import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { SqliteCatalog } from '../../server/catalog/index.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';

const CANARY = 'canary-p4ssword';

function definitionOf(name: string, password?: string) {
  return streamDefinitionSchema.parse({
    name,
    source: { url: 'rtsp://10.0.0.5/s1', ...(password === undefined ? {} : { username: 'admin', password }) },
    labels: { place: 'north' },
  });
}

describe('catalog', () => {
  let dataDir: string;
  const open = () => new SqliteCatalog({ dataDir, clock: systemClock });

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sluice-catalog-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  it('keeps streams over a restart, changes and removes them', async () => {
    const first = open();
    await first.put(definitionOf('b', CANARY));
    await first.put(definitionOf('a'));
    await first.put(definitionOf('gone'));
    await first.put(definitionOf('a', 'other'));
    await first.remove('live/gone');
    await first.close();
    const second = open();
    expect(await second.streams()).toEqual({
      definitions: [definitionOf('a', 'other'), definitionOf('b', CANARY)],
      problems: [],
    });
    await second.close();
  });

  it('holds no password in the clear in any file, and its files are for its user only', async () => {
    const catalog = open();
    await catalog.put(definitionOf('door', CANARY));
    const sub = { url: `rtsp://admin:${CANARY}@10.0.0.5/s2` };
    await catalog.put(
      streamDefinitionSchema.parse({ name: 'yard', source: { url: 'rtsp://10.0.0.5/s1', sub } }),
    );
    const files = readdirSync(dataDir);
    expect(files).toContain('sluice.db');
    for (const file of files) expect(readFileSync(join(dataDir, file)).includes(CANARY)).toBe(false);
    for (const file of ['sluice.db', 'secret.key'])
      expect(statSync(join(dataDir, file)).mode & 0o077).toBe(0);
    await catalog.close();
    for (const file of readdirSync(dataDir))
      expect(readFileSync(join(dataDir, file)).includes(CANARY)).toBe(false);
  });

  it('tells of a row it cannot use, and gives the others', async () => {
    const catalog = open();
    await catalog.put(definitionOf('good', CANARY));
    await catalog.put(definitionOf('moved', CANARY));
    await catalog.close();
    const database = new DatabaseSync(join(dataDir, 'sluice.db'));
    database.exec(
      `UPDATE streams SET password = (SELECT password FROM streams WHERE name = 'good') WHERE name = 'moved'`,
    );
    database.exec(
      `INSERT INTO streams VALUES ('live', 'junk', '{"app": 5', NULL, 0), ('live', 'odd', '{}', NULL, 0)`,
    );
    database.close();
    const again = open();
    const { definitions, problems } = await again.streams();
    expect(definitions.map(({ name }) => name)).toEqual(['good']);
    expect(problems.map(({ id }) => id)).toEqual(['live/junk', 'live/moved', 'live/odd']);
    await again.close();
  });

  it('refuses a database of a newer version and a key that is none, and says what to do', async () => {
    await open().close();
    const database = new DatabaseSync(join(dataDir, 'sluice.db'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(open).toThrow(/newer version of Sluice \(schema 99\); update/);
    writeFileSync(join(dataDir, 'secret.key'), 'short');
    expect(open).toThrow(/secret\.key is no key of 32 bytes; restore/);
  });

  it('remembers which disk was at a folder, until it is told to forget it', async () => {
    const first = open();
    expect(await first.diskOf('/mnt/cams')).toBeUndefined();
    await first.rememberDisk('/mnt/cams', 'one');
    await first.rememberDisk('/mnt/cams', 'two');
    await first.close();
    const second = open();
    expect(await second.diskOf('/mnt/cams')).toBe('two');
    expect(await second.forgetDisk('/mnt/cams')).toBe(true);
    expect(await second.forgetDisk('/mnt/cams')).toBe(false);
    expect(await second.diskOf('/mnt/cams')).toBeUndefined();
    await second.close();
  });
});
