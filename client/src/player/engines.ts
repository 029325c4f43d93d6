import { AutoEngine } from './auto-engine.ts';
import { LazyEngine } from './lazy-engine.ts';
import type { StartEngine } from './playback-engine.ts';
import { WebRtcEngine } from './webrtc-engine.ts';

const startHls: StartEngine = LazyEngine.starter(
  async () => (await import('../hls/index.ts')).HlsEngine.start,
);

/** The ways to play live that `mode` can name. */
const LIVE_ENGINES: ReadonlyMap<string, StartEngine> = new Map([
  [
    'auto',
    canPlayHls() ? AutoEngine.starter({ webrtc: WebRtcEngine.start, hls: startHls }) : WebRtcEngine.start,
  ],
  ['webrtc', WebRtcEngine.start],
  ['hls', startHls],
]);

/** What plays that: a recorded time always over HLS, live as `mode` says. */
export function engineFor(mode: string | null, recorded: boolean): StartEngine {
  if (recorded) return startHls;
  return LIVE_ENGINES.get(mode ?? 'auto') ?? engineFor('auto', false);
}

/** Whether this browser has any way to play HLS. */
function canPlayHls(): boolean {
  if ('MediaSource' in globalThis || 'ManagedMediaSource' in globalThis) return true;
  return document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== '';
}
