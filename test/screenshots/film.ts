import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { SCENE_SECONDS, type Scene } from './scenes.ts';

const run = promisify(execFile);
const FFMPEG = process.env.FFMPEG_PATH ?? 'ffmpeg';
const WIDTH = 1280;
const HEIGHT = 720;

export const FILM_FPS = 15;

/** Draws a scene in the browser and gives the path of a film of it, without sound; the caller removes `dir`. */
export async function filmOf(browser: Browser, scene: Scene, dir: string): Promise<string> {
  const back = join(dir, `${scene.name}-back.png`);
  const front = join(dir, `${scene.name}-front.png`);
  const film = join(dir, `${scene.name}.mp4`);
  await writeFile(back, await drawn(browser, scene.back, WIDTH, HEIGHT));
  await writeFile(front, await drawn(browser, scene.front.svg, scene.front.width, scene.front.height));
  await run(FFMPEG, [
    ...['-v', 'error', '-nostdin', '-y', '-loop', '1', '-r', String(FILM_FPS), '-i', back, '-i', front],
    ...['-filter_complex', `overlay=x='${scene.x}':y='${scene.y}':eval=frame`],
    ...['-t', String(SCENE_SECONDS), '-c:v', 'libx264', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'],
    // A key frame each second, as docs/cameras.md advises.
    ...['-crf', '20', '-g', String(FILM_FPS), '-sc_threshold', '0', film],
  ]);
  return film;
}

/** A film over and over as the TS that a recorder writes. */
export async function repeated(film: string, seconds: number): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-film-'));
  try {
    const out = join(dir, 'film.ts');
    await run(FFMPEG, [
      ...['-v', 'error', '-nostdin', '-stream_loop', '-1', '-i', film, '-t', String(seconds), '-c', 'copy'],
      ...['-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0', out],
    ]);
    return await readFile(out);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** With as many colours as a screenshot has need of, which takes a fraction of the space. */
export async function smallPng(png: Buffer, path: string): Promise<void> {
  const child = run(FFMPEG, [
    ...['-v', 'error', '-y', '-f', 'png_pipe', '-i', 'pipe:0', '-filter_complex'],
    ...[
      'split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=bayer:bayer_scale=5',
      '-frames:v',
      '1',
      path,
    ],
  ]);
  child.child.stdin?.end(png);
  await child;
}

async function drawn(browser: Browser, svg: string, width: number, height: number): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width, height } });
  try {
    await page.setContent(
      `<body style="margin:0"><svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" style="display:block">${svg}</svg>`,
    );
    return await page.screenshot({ omitBackground: true });
  } finally {
    await page.close();
  }
}
