import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const TIMEOUT_MS = 5_000;

export interface Versions {
  readonly mediasoup?: string;
  readonly ffmpeg?: string;
}

/** What the gateway works with, found out once when somebody first asks. What cannot be found out is left out. */
export function versionsOf(ffmpegPath: string): () => Promise<Versions> {
  let asked: Promise<Versions> | undefined;
  return () => {
    asked ??= Promise.all([mediasoupVersion(), ffmpegVersion(ffmpegPath)]).then(([mediasoup, ffmpeg]) => ({
      ...(mediasoup === undefined ? {} : { mediasoup }),
      ...(ffmpeg === undefined ? {} : { ffmpeg }),
    }));
    return asked;
  };
}

/** `ffmpeg version 5.1.9-0+deb12u1 Copyright ...`, or `ffmpeg version n7.1 ...`. */
export function parseFfmpegVersion(output: string): string | undefined {
  return /^ffmpeg version (\S{1,64})/.exec(output)?.[1];
}

function ffmpegVersion(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(path, ['-hide_banner', '-version'], { timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 }, (_, stdout) =>
      resolve(parseFfmpegVersion(stdout)),
    );
  });
}

/** Its package does not export its own description. */
async function mediasoupVersion(): Promise<string | undefined> {
  try {
    const entry = createRequire(import.meta.url).resolve('mediasoup');
    for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
      const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
      if (name === 'mediasoup' && typeof version === 'string') return version;
    }
  } catch {
    // It is there, or nothing would run; only how it is laid out is other than thought.
  }
  return undefined;
}
