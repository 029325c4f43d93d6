import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findFfmpeg, findProgram } from '../../server/setup/programs.mjs';
import { SetupError } from '../../server/setup/setup-error.mjs';
import { tempDir } from './temp-dir.ts';

function program(dir: string, name: string): string {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

test('a program is the one named by its variable, else the first in PATH', () => {
  const dir = tempDir();
  const first = program(join(dir, 'one'), 'tool');
  program(join(dir, 'two'), 'tool');
  const own = program(join(dir, 'own'), 'my-tool');
  const PATH = `${dir}/none:relative:${dir}/one:${dir}/two`;
  expect(findProgram({ variable: 'TOOL', names: ['other', 'tool'], env: { PATH } })).toBe(first);
  expect(findProgram({ variable: 'TOOL', names: ['tool'], env: { PATH, TOOL: own } })).toBe(own);
  expect(findProgram({ variable: 'TOOL', names: ['absent'], env: { PATH } })).toBeUndefined();
});

test('a variable that names nothing runnable is an error and not passed over', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'text'), '');
  const find = () =>
    findProgram({ variable: 'TOOL', names: ['sh'], env: { PATH: '/bin', TOOL: join(dir, 'text') } });
  expect(find).toThrow(SetupError);
  expect(find).toThrow(/^TOOL is set to/);
});

test("an FFmpeg of one's own brings the ffprobe beside it", () => {
  const dir = tempDir();
  const ffmpeg = program(join(dir, 'own'), 'ffmpeg');
  const ffprobe = program(join(dir, 'own'), 'ffprobe');
  program(join(dir, 'system'), 'ffmpeg');
  const PATH = join(dir, 'system');
  expect(findFfmpeg({ PATH, FFMPEG_PATH: ffmpeg })).toEqual({ ffmpeg, ffprobe });
  expect(findFfmpeg({ PATH })).toEqual({ ffmpeg: join(PATH, 'ffmpeg'), ffprobe: undefined });
  expect(findFfmpeg({ PATH: dir })).toBeUndefined();
});
