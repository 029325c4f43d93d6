import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isoTime } from '../../../shared/time.ts';
import type { ExportedFile, ExportSpec } from './export-messages.ts';
import { ExportStopped } from './make-part.ts';
import type { TimeRange } from './plan.ts';

const HASH_CHUNK_BYTES = 1024 ** 2;
/** Chunks between two looks at what else there is to do. */
const CHUNKS_A_TURN = 32;

/** SHA-256 of each file, piece by piece, so that other work of this thread goes on meanwhile. */
export async function digestsOf(
  paths: readonly string[],
  { stop, onProgress }: { readonly stop: AbortSignal; onProgress(share: number): void },
): Promise<string[]> {
  const digests: string[] = [];
  const chunk = Buffer.allocUnsafeSlow(HASH_CHUNK_BYTES);
  for (const [index, path] of paths.entries()) {
    const hash = createHash('sha256');
    const file = openSync(path, 'r');
    try {
      for (let pieces = 0; ; pieces += 1) {
        const read = readSync(file, chunk, 0, chunk.length, null);
        if (read === 0) break;
        hash.update(chunk.subarray(0, read));
        if (pieces % CHUNKS_A_TURN === CHUNKS_A_TURN - 1)
          await new Promise((resolve) => setImmediate(resolve));
        if (stop.aborted) throw new ExportStopped();
      }
    } finally {
      closeSync(file);
    }
    digests.push(hash.digest('hex'));
    onProgress((index + 1) / paths.length);
  }
  return digests;
}

/**
 * `<name>.sha256`, which `sha256sum -c` checks, and `<name>.json`, which tells what the files show and what is missing; the
 * first holds the digest of the second too.
 */
export function writeManifest(
  spec: ExportSpec,
  baseName: string,
  files: readonly ExportedFile[],
  gaps: readonly TimeRange[],
): void {
  const shown = files.map(({ name, sizeBytes, durationMs, sha256, start, end }) => ({
    name,
    sizeBytes,
    durationMs,
    sha256,
    start: isoTime(start),
    end: isoTime(end),
  }));
  const missing = gaps.map(({ start, end }) => ({ start: isoTime(start), end: isoTime(end) }));
  const asked = { start: isoTime(spec.start), end: isoTime(spec.end), gaps: spec.gapMode };
  const text = `${JSON.stringify({ stream: spec.stream, asked, files: shown, missing }, null, 1)}\n`;
  writeDurably(join(spec.dir, `${baseName}.json`), text);
  const digest = createHash('sha256').update(text).digest('hex');
  const lines = [...files.map(({ name, sha256 }) => `${sha256}  ${name}`), `${digest}  ${baseName}.json`];
  writeDurably(join(spec.dir, `${baseName}.sha256`), `${lines.join('\n')}\n`);
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w');
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
