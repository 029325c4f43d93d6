import type { HlsMedia, HlsMediaOptions } from './hls-media.ts';
import { HlsJsMedia } from './hlsjs-media.ts';
import { HLS_TYPE, NativeMedia } from './native-media.ts';

/** By MediaSource where there is one, else by the browser's own HLS; undefined where there is neither. */
export function openMedia(options: HlsMediaOptions): HlsMedia | undefined {
  if (HlsJsMedia.isSupported) return new HlsJsMedia(options);
  return document.createElement('video').canPlayType(HLS_TYPE) === '' ? undefined : new NativeMedia(options);
}
