import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A segment as a recorded playlist lists it. */
export interface ListedSegment {
  readonly url: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What a player is offered of [fromMs, toMs); nothing where nothing was recorded. */
export async function listedSegments(
  gatewayUrl: string,
  stream: string,
  fromMs: number,
  toMs: number,
): Promise<ListedSegment[]> {
  const url = `${gatewayUrl}/${stream}/playlist.m3u8?start_time=${Math.floor(fromMs)}&end_time=${Math.ceil(toMs)}`;
  const answer = await fetch(url);
  const text = await answer.text();
  if (answer.status === 404 && text.includes('NOT_RECORDED')) return [];
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  const segments: ListedSegment[] = [];
  let durationMs = 0;
  for (const line of text.split('\n')) {
    const duration = /^#EXTINF:([\d.]+)/.exec(line)?.[1];
    if (duration !== undefined) durationMs = Number(duration) * 1000;
    if (line === '' || line.startsWith('#')) continue;
    const startMs = Number(/(\d+)\.ts/.exec(line)?.[1]);
    segments.push({ url: new URL(line, url).href, startMs, endMs: startMs + durationMs });
  }
  return segments;
}

/** False where retention has taken it since it was listed. */
export async function isStillListed(
  gatewayUrl: string,
  stream: string,
  { startMs, endMs }: ListedSegment,
): Promise<boolean> {
  const listed = await listedSegments(gatewayUrl, stream, startMs, endMs);
  return listed.some((segment) => segment.startMs === startMs);
}

/** Fetches a segment and decodes it alone; a sentence on what is wrong with it, or undefined. */
export async function whyItDoesNotPlay({ url, startMs, endMs }: ListedSegment): Promise<string | undefined> {
  const answer = await fetch(url);
  if (!answer.ok) return `${url}: status ${answer.status}`;
  const bytes = Buffer.from(await answer.arrayBuffer());
  const { status, stdout, stderr } = await decode(bytes);
  if (status !== 0 || stderr !== '') return `${url}: FFmpeg ended with ${status}: ${stderr}`;
  const frames = Number(/frame=\s*(\d+)(?![\s\S]*frame=)/.exec(stdout)?.[1] ?? 0);
  if (frames === 0) return `${url}: no picture in ${endMs - startMs} ms`;
  return undefined;
}

async function decode(bytes: Buffer): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const args = ['-nostdin', '-v', 'warning', '-xerror', '-f', 'mpegts', '-i', 'pipe:0', '-map', '0'];
  const child = spawn(
    process.env.FFMPEG_PATH ?? 'ffmpeg',
    [...args, '-progress', 'pipe:1', '-nostats', '-f', 'null', '-'],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  // It may end before it has read all.
  child.stdin.on('error', () => {});
  child.stdin.end(bytes);
  await once(child, 'close');
  return { status: child.exitCode, stdout, stderr };
}
