import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRecordings } from '../../../server/recording/store/check.ts';
import { IndexReader } from '../../../server/recording/store/index-reader.ts';
import { parseStreamId } from '../../../shared/names.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';

const ENDLESS_ARCHIVE = fileURLToPath(new URL('../../support/endless-archive.ts', import.meta.url));
const START_MS = 1_795_255_196_000;
const ROUNDS = 5;

describe('recordings when the gateway is killed', () => {
  let house: ArchiveHouse;

  beforeEach(() => {
    house = new ArchiveHouse();
  });
  afterEach(async () => {
    await house.close();
  });

  /** Records until some segments are durable, then is killed at once, wherever it is; gives those it told of. */
  async function recordAndKill(fromMs: number, segments: number): Promise<string[]> {
    const child = spawn(process.execPath, [ENDLESS_ARCHIVE, house.dataDir, String(fromMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const told: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      told.push(line);
      if (told.length === segments) child.kill('SIGKILL');
    }
    await exited;
    return told;
  }

  it('[R1] [R2] has every segment that it told of, and repairs the rest at its next start', async () => {
    const told: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      told.push(...(await recordAndKill(START_MS + round * 864_000_000, 3 + round * 5)));
      // As the crash has left it: what is not in the index lies in hours that are known to be open.
      expect(checkRecordings(house.dataDir).violations).toEqual([]);
    }
    await house.open();
    await house.stop();
    expect(checkRecordings(house.dataDir, { isStopped: true }).violations).toEqual([]);
    const index = IndexReader.open(house.recordingsDir);
    for (const line of told) {
      const [stream = '', startMs] = line.split(' ');
      const id = parseStreamId(stream)?.id ?? 'live/none';
      expect(index.readSegment(id, Number(startMs))).toHaveLength(188 * 500);
    }
    index.close();
    expect(told.length).toBeGreaterThanOrEqual(ROUNDS * 3);
  });
});
