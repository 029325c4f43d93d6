import type { AudioFormat, TrackFormat, TrackKind } from '../../stream/index.ts';

const VIDEO_CONTROL = 'track1';
const AUDIO_CONTROL = 'track2';

export function controlOf(kind: TrackKind): string {
  return kind === 'video' ? VIDEO_CONTROL : AUDIO_CONTROL;
}

export function kindOfControl(control: string): TrackKind | undefined {
  if (control === VIDEO_CONTROL) return 'video';
  return control === AUDIO_CONTROL ? 'audio' : undefined;
}

/** Static payload types where RFC 3551 has one, else a dynamic one for each kind. */
export function payloadTypeOf(format: TrackFormat): number {
  switch (format.codec) {
    case 'pcmu':
      return format.channels === 1 && format.clockRate === 8000 ? 0 : 97;
    case 'pcma':
      return format.channels === 1 && format.clockRate === 8000 ? 8 : 97;
    case 'g722':
      return format.channels === 1 ? 9 : 97;
    case 'opus':
    case 'aac':
      return 97;
    case 'h264':
    case 'h265':
      return 96;
  }
}

/**
 * Whether readers who were told of `described` can take `now`. New H.264 parameter sets are no change, since
 * they are sent before each IDR picture.
 */
export function sameTracks(described: readonly TrackFormat[], now: readonly TrackFormat[]): boolean {
  if (described.length !== now.length) return false;
  return described.every((format, index) => {
    const other = now[index];
    if (other === undefined || format.codec !== other.codec) return false;
    return format.kind === 'video' || (other.kind === 'audio' && sameAudio(format, other));
  });
}

function sameAudio(a: AudioFormat, b: AudioFormat): boolean {
  const sameConfig = a.config === undefined ? b.config === undefined : b.config?.equals(a.config) === true;
  return a.clockRate === b.clockRate && a.channels === b.channels && sameConfig;
}
