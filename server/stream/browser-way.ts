import { assertNever } from '../../shared/result.ts';
import type { AudioFormat, TrackFormat } from './unit.ts';

/**
 * How browsers can be given a track over WebRTC: as it is, by a leg of that kind, or not at all. Opus is always signalled as
 * 48000/2 (RFC 7587 section 7); the other codecs of sound are known to WebRTC in mono and at 8 kHz only.
 */
export type BrowserWay = 'as-is' | 'h264' | 'opus' | 'unavailable';

export function browserWay(format: TrackFormat): BrowserWay {
  if (format.kind === 'video') return format.codec === 'h264' ? 'as-is' : 'h264';
  if (isBrowserSound(format)) return 'as-is';
  switch (format.codec) {
    case 'aac':
      return format.config === undefined ? 'unavailable' : 'opus';
    case 'pcma':
    case 'pcmu':
      return 'opus';
    // FFmpeg decodes no G.722 but the usual one.
    case 'g722':
    case 'opus':
      return 'unavailable';
    default:
      return assertNever(format);
  }
}

function isBrowserSound({ codec, clockRate, channels }: AudioFormat): boolean {
  if (codec === 'aac') return false;
  if (codec === 'opus') return clockRate === 48_000;
  return clockRate === 8000 && channels === 1;
}
