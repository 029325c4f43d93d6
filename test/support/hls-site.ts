import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLIENT = fileURLToPath(new URL('../../client/dist/', import.meta.url));
const TYPES = new Map([
  ['.js', 'text/javascript'],
  ['.ts', 'video/mp2t'],
  ['.css', 'text/css'],
  ['.html', 'text/html; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);
const CLIP_SEGMENTS = 15;
const RING = 6;
const ASSET = /^\/(sluice-player\.js|assets\/[A-Za-z0-9_-][A-Za-z0-9._-]*)$/;

/** What the segments of a made-up camera are meant to last. */
export const SEGMENT_MS = 2_000;
/** Of the recording, in milliseconds after its begin. */
export const GAP = { fromMs: 20_000, toMs: 40_000 } as const;
/** How long the camera has been recorded when the site starts. */
export const RECORDED_MS = 80_000;

/**
 * A gateway's HLS as its contract has it, without a gateway: the stream `live/cam` was recorded from `beganMs` on with
 * one gap and goes on live. There is no signaling, as behind a proxy that knows no WebSockets.
 */
export class HlsSite {
  readonly beganMs: number;
  /** Every request's method and target. */
  readonly requests: string[] = [];
  /** The camera went away at that time. */
  goneSinceMs: number | undefined;
  token: string | undefined;
  /** What `/` answers; the control room where it is empty. */
  html = '';
  recorded = true;
  /** Start times of segments that are noise. */
  readonly damaged = new Set<number>();
  /** Jobs as the API gives them; each look at them takes them on a step. */
  readonly jobs: Array<{ id: string; state: string; progress: number; [key: string]: unknown }> = [];
  readonly #dir: string;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<HlsSite> {
    clip ??= makeClip();
    const site = new HlsSite(await clip);
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  private constructor(dir: string) {
    this.#dir = dir;
    // Whole seconds read better in a failed test.
    this.beganMs = Math.floor(Date.now() / 1000) * 1000 - RECORDED_MS;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    this.requests.push(`${request.method} ${request.url}`);
    const { pathname } = url;
    if (pathname === '/' && this.html === '') return sendFile(response, join(CLIENT, 'index.html'));
    if (pathname === '/') return send(response, 200, 'text/html; charset=utf-8', this.html);
    if (ASSET.test(pathname)) return sendFile(response, join(CLIENT, pathname));
    const bearer = request.headers.authorization ?? `Bearer ${url.searchParams.get('access_token')}`;
    if (this.token !== undefined && bearer !== `Bearer ${this.token}`) {
      return sendError(response, 401, 'UNAUTHORIZED', 'This gateway asks for a token.');
    }
    if (pathname === '/api/v1/session')
      return sendJson(response, { authRequired: false, authenticated: true });
    if (pathname === '/api/v1/streams') return sendJson(response, { streams: [this.#status()] });
    if (pathname === '/v1/nvr/convert2mp4' || pathname.startsWith('/api/v1/exports')) {
      return this.#exports(request, pathname, response);
    }
    if (request.method === 'PATCH') this.recorded = JSON.parse(await bodyOf(request)).record !== false;
    if (pathname === '/api/v1/streams/live/cam/timeline') return sendJson(response, this.#timeline());
    if (pathname === '/api/v1/streams/live/cam') return sendJson(response, this.#status());
    if (pathname === '/live/cam/playlist.m3u8') return this.#playlist(url, response);
    const startMs = Number(/^\/live\/cam\/segments\/(\d+)\.ts$/.exec(pathname)?.[1]);
    const index = (startMs - this.beganMs) / SEGMENT_MS;
    if (this.damaged.has(startMs)) return send(response, 200, 'video/mp2t', randomBytes(188 * 200));
    if (Number.isInteger(index)) return sendFile(response, join(this.#dir, `${index % CLIP_SEGMENTS}.ts`));
    return sendError(response, 404, 'STREAM_NOT_FOUND', 'There is no such stream.');
  }

  #playlist({ searchParams }: URL, response: ServerResponse): void {
    const start = searchParams.get('start_time');
    const fromMs = Number(start);
    const endMs = searchParams.has('end_time') ? Number(searchParams.get('end_time')) : undefined;
    const all = this.#segments();
    const live = start === null;
    const chosen = live
      ? all.slice(-RING)
      : all.filter((ms) => ms + SEGMENT_MS > fromMs && ms < (endMs ?? Number.POSITIVE_INFINITY));
    if (chosen.length === 0) {
      sendError(response, 404, 'NOT_RECORDED', 'Nothing was recorded at that time.');
      return;
    }
    const text = this.#text(chosen, live ? '' : endMs === undefined ? 'EVENT' : 'VOD');
    // A player that cannot send headers has its token carried on.
    const token = searchParams.get('access_token');
    const carried = token === null ? text : text.replaceAll('.ts\n', `.ts?access_token=${token}\n`);
    send(response, 200, 'application/vnd.apple.mpegurl', carried);
  }

  #text(segments: readonly number[], type: '' | 'EVENT' | 'VOD'): string {
    const first = ((segments[0] ?? 0) - this.beganMs) / SEGMENT_MS;
    const lines = ['#EXTM3U', '#EXT-X-VERSION:6', `#EXT-X-TARGETDURATION:${SEGMENT_MS / 1000}`];
    if (type === '') lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`);
    else lines.push(`#EXT-X-PLAYLIST-TYPE:${type}`, '#EXT-X-MEDIA-SEQUENCE:0');
    if (type === '') lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${Math.floor((first - 1) / CLIP_SEGMENTS)}`);
    lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
    segments.forEach((ms, place) => {
      const index = (ms - this.beganMs) / SEGMENT_MS;
      const afterGap = segments[place - 1] !== ms - SEGMENT_MS;
      if (place > 0 && (afterGap || index % CLIP_SEGMENTS === 0)) lines.push('#EXT-X-DISCONTINUITY');
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(ms).toISOString()}`);
      lines.push(`#EXTINF:${SEGMENT_MS / 1000},`, `/live/cam/segments/${ms}.ts`);
    });
    if (type === 'VOD') lines.push('#EXT-X-ENDLIST');
    return `${lines.join('\n')}\n`;
  }

  async #exports(request: IncomingMessage, pathname: string, response: ServerResponse): Promise<void> {
    const id = pathname.split('/')[4] ?? '';
    const job = this.jobs.find((one) => one.id === id);
    if (request.method === 'POST' && job === undefined) {
      const { start_time: start, end_time: end } = JSON.parse(await bodyOf(request));
      const made = newJob(`job-${this.jobs.length + 1}`, start, end);
      this.jobs.push(made);
      return sendJson(response, { job_id: made.id, file_name: made.fileName, status_url: '' }, 202);
    }
    if (request.method === 'DELETE' && job !== undefined) {
      this.jobs.splice(this.jobs.indexOf(job), 1);
      response.writeHead(204).end();
      return;
    }
    if (pathname.endsWith('/file')) return send(response, 200, 'video/mp4', 'an MP4 file');
    for (const one of this.jobs) stepOf(one);
    sendJson(response, { exports: this.jobs });
  }

  /** Start times of what there is, oldest first. */
  #segments(): number[] {
    const untilMs = (this.goneSinceMs ?? Date.now()) - SEGMENT_MS;
    const found: number[] = [];
    for (let ms = this.beganMs; ms <= untilMs; ms += SEGMENT_MS) {
      const atMs = ms - this.beganMs;
      if (atMs < GAP.fromMs || atMs >= GAP.toMs) found.push(ms);
    }
    return found;
  }

  #timeline(): object {
    const start = this.beganMs;
    const gap = { start: start + GAP.fromMs, end: start + GAP.toMs };
    return {
      ranges: [
        { start, end: gap.start },
        { start: gap.end, end: Date.now() },
      ],
      gaps: [{ ...gap, reason: 'CAMERA_UNREACHABLE' }],
      locks: [],
      bytes: 1_000_000,
    };
  }

  #status(): object {
    const away = this.goneSinceMs !== undefined;
    return {
      app: 'live',
      name: 'cam',
      source: { url: 'rtsp://192.0.2.1/', hasPassword: false, transport: 'auto' },
      onDemand: false,
      readOnly: false,
      state: away ? 'waiting' : 'live',
      ...(away ? { reason: { code: 'CAMERA_UNREACHABLE', message: 'The camera cannot be reached.' } } : {}),
      tracks: [],
      viewers: 0,
      readers: 0,
      recorder: this.recorded
        ? { state: 'recording', bytes: 3_240_000_000, oldestMs: this.beganMs, daysLeft: 12.3 }
        : { state: 'off' },
    };
  }
}

function newJob(id: string, start: number, end: number): HlsSite['jobs'][number] {
  return {
    ...{ id, app: 'live', name: 'cam', state: 'queued', progress: 0, start, end, gapMode: 'skip' },
    ...{ createdAt: Date.now(), attempts: 1, gaps: [], files: [], fileName: `live_cam_${id}.mp4` },
  };
}

function stepOf(job: HlsSite['jobs'][number]): void {
  if (job.state === 'queued') job.state = 'running';
  else if (job.state !== 'running') return;
  job.progress = Math.min(1, job.progress + 0.25);
  if (job.progress < 1) return;
  job.state = 'done';
  const { start, end, fileName } = job;
  job.files = [
    { name: fileName, sizeBytes: 11_000_000, durationMs: Number(end) - Number(start), start, end },
  ];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Made once for all sites of a test file. */
let clip: Promise<string> | undefined;

async function makeClip(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-hls-site-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const seconds = String((CLIP_SEGMENTS * SEGMENT_MS) / 1000);
  const args = [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
    ...['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
    ...['-f', 'segment', '-segment_time', '2', '-segment_format', 'mpegts', join(dir, '%d.ts')],
  ];
  const child = spawn(process.env.FFMPEG_PATH ?? 'ffmpeg', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg ended with status ${code}`);
  return dir;
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function sendJson(response: ServerResponse, body: object, status = 200): void {
  send(response, status, 'application/json', JSON.stringify(body));
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, { error: { code, message } }, status);
}

async function sendFile(response: ServerResponse, path: string): Promise<void> {
  const body = await readFile(path).catch(() => undefined);
  if (body === undefined) sendError(response, 404, 'NOT_FOUND', 'There is no such file.');
  else send(response, 200, TYPES.get(extname(path)) ?? 'application/octet-stream', body);
}
