import type { Closers } from '../../../server/base/closers.ts';
import { startViewers } from '../../bench/viewers/viewers.ts';
import type { Site } from './site.ts';

const HLS_POLL_MS = 300;

/** How those who watched live fared since the last look. */
export interface LiveLook {
  /** The longest time without a picture over WebRTC. */
  readonly webrtcPauseMs: number;
  readonly picturesSent: number;
  readonly picturesLost: number;
  /** The longest time without a new segment in the live playlist. */
  readonly hlsPauseMs: number;
  /** Answers that were none, of playlists and segments. */
  readonly hlsFailures: number;
}

/** Watches the first stream over WebRTC and as live HLS, all the while. */
export async function watchLive(site: Site, closers: Closers): Promise<{ look(): Promise<LiveLook> }> {
  const stream = site.streams[0] ?? '';
  const viewers = startViewers();
  closers.add(() => viewers.close());
  await viewers.watch(`${site.gateway.url}/whep/${stream}`, 0);
  const hls = new HlsWatch(`${site.gateway.url}/${stream}/playlist.m3u8`);
  closers.add(() => hls.close());
  const take = async () => {
    const [sent] = await site.cameras.takeLogs();
    const [received] = await viewers.takeLogs();
    return { sent, received };
  };
  await take();
  return {
    async look() {
      const { sent, received } = await take();
      const times = received?.receivedMs ?? [];
      const picturesSent = sent?.sentMs.length ?? 0;
      // One may be under way when the two are asked.
      const missing = picturesSent - times.length;
      return {
        webrtcPauseMs: longestPause(times),
        picturesSent,
        picturesLost: Math.max(0, missing - 1),
        ...hls.look(),
      };
    },
  };
}

function longestPause(timesMs: readonly number[]): number {
  let longest = timesMs.length === 0 ? Number.POSITIVE_INFINITY : 0;
  for (let index = 1; index < timesMs.length; index += 1) {
    longest = Math.max(longest, (timesMs[index] ?? 0) - (timesMs[index - 1] ?? 0));
  }
  return longest;
}

/** A player of the live playlist: it asks for it again and again and fetches what is new. */
class HlsWatch {
  readonly #url: string;
  readonly #fetched = new Set<string>();
  readonly #done: Promise<void>;
  #isClosed = false;
  #newestAtMs = performance.now();
  #longestPauseMs = 0;
  #failures = 0;

  constructor(url: string) {
    this.#url = url;
    this.#done = this.#run();
  }

  look(): { hlsPauseMs: number; hlsFailures: number } {
    const hlsPauseMs = Math.max(this.#longestPauseMs, performance.now() - this.#newestAtMs);
    const hlsFailures = this.#failures;
    this.#longestPauseMs = 0;
    this.#failures = 0;
    return { hlsPauseMs, hlsFailures };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      await this.#poll().catch(() => {
        this.#failures += 1;
      });
      await new Promise((resolve) => setTimeout(resolve, HLS_POLL_MS));
    }
  }

  async #poll(): Promise<void> {
    const answer = await fetch(this.#url);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    const listed = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of listed) {
      if (this.#fetched.has(line)) continue;
      // What was listed when it began is no news.
      const isNews = this.#fetched.size > 0;
      this.#fetched.add(line);
      const segment = await fetch(new URL(line, this.#url));
      if (!segment.ok || (await segment.arrayBuffer()).byteLength === 0) this.#failures += 1;
      const nowMs = performance.now();
      if (isNews) this.#longestPauseMs = Math.max(this.#longestPauseMs, nowMs - this.#newestAtMs);
      this.#newestAtMs = nowMs;
    }
  }
}
