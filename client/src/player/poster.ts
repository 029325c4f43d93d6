import type { StreamId } from '../../../shared/names.ts';
import type { Target } from '../live/index.ts';
import type { Surface } from './surface.ts';

/** The gateway keeps a decoder up for each width in demand, so there are few of them. */
const WIDTHS = [320, 640, 1280] as const;
/** A page of many cameras asks for that many at once; the gateway decodes two at a time, and refuses more than 64. */
const MAX_AT_ONCE = 4;
const TIMEOUT_MS = 8_000;

export interface PosterOptions {
  readonly target: Target;
  readonly stream: StreamId;
  /** A picture's address, or `auto` for the camera's newest key frame, or the picture of `atMs`. */
  readonly poster: string;
  readonly atMs: number | undefined;
  readonly widthPx: number;
}

let running = 0;
const queue: Array<() => void> = [];

/** The address of the picture that stands for a stream until it plays. */
export function posterAddress({ target, stream, atMs, widthPx }: Omit<PosterOptions, 'poster'>): string {
  const width = WIDTHS.find((one) => one >= widthPx * 0.8) ?? 1280;
  const at = atMs === undefined ? '' : `&at=${Math.round(atMs)}`;
  return `${target.server}/api/v1/streams/${stream}/frame?width=${width}${at}`;
}

/**
 * Shows a picture on the surface while the video has none yet. Where it does not come, nothing is lost. Returns the undo,
 * to be called when the video has its first picture.
 */
export function showPoster(options: PosterOptions, surface: Surface, onShown: () => void): () => void {
  const asking = new AbortController();
  const load = options.poster === 'auto' ? inTurn(() => keyFrame(options, asking.signal)) : image(options);
  load.then(
    (picture) => {
      if (!asking.signal.aborted && !surface.hasPicture) {
        surface.showPoster(picture, picture.width, picture.height);
        onShown();
      }
      if (picture instanceof ImageBitmap) picture.close();
    },
    () => undefined,
  );
  return () => asking.abort();
}

async function keyFrame(options: PosterOptions, signal: AbortSignal): Promise<ImageBitmap> {
  const { token } = options.target;
  const response = await fetch(posterAddress(options), {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return createImageBitmap(await response.blob());
}

async function image({ poster }: PosterOptions): Promise<HTMLImageElement> {
  const picture = new Image();
  picture.src = poster;
  await picture.decode();
  return picture;
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    queue.shift()?.();
  }
}
