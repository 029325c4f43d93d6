import { createHash, randomUUID } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { findFfmpeg } from '../../server/setup/programs.mjs';

const DIR = join(tmpdir(), 'sluice-test-media');

/**
 * What FFmpeg made of `words`, kept in the temporary folder for all test files and later runs: many tests want the same clip, and
 * none of them is about how it is made.
 *
 * @param maker The calling module's `import.meta.url`; another wording of it makes everything anew, as another FFmpeg does.
 * @param words All that the outcome depends on besides.
 * @param make Gives buffers, text, numbers, and objects and lists of these.
 */
export async function madeOnce<T>(maker: string, words: unknown, make: () => Promise<T>): Promise<T> {
  const path = join(DIR, await keyOf(maker, words));
  const kept = await readFile(path).catch(() => undefined);
  if (kept !== undefined) return deserialize(kept) as T;
  const made = await make();
  const partial = `${path}.${randomUUID()}`;
  try {
    await mkdir(DIR, { recursive: true });
    // Test files that run at the same time may both make it: whoever reads gets the whole of one.
    await writeFile(partial, serialize(made), { flag: 'wx' });
    await rename(partial, path);
  } catch {
    // No room, or the folder is another user's: then it is made each time.
  }
  return made;
}

async function keyOf(maker: string, words: unknown): Promise<string> {
  const source = await readFile(new URL(maker));
  const program = realpathSync(findFfmpeg()?.ffmpeg ?? '/');
  const { size, mtimeMs } = statSync(program);
  return createHash('sha256')
    .update(source)
    .update(JSON.stringify([program, size, mtimeMs, words]))
    .digest('hex');
}
