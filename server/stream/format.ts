import type { TrackFormat, VideoFormat } from './unit.ts';

function sameBuffers(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((buffer, index) => b[index]?.equals(buffer) === true);
}

/** Whether two formats say the same, so that the older object can be kept and readers see no change. */
export function sameFormat(a: TrackFormat, b: TrackFormat): boolean {
  if (a === b) return true;
  if (a.kind === 'video') {
    if (b.kind !== 'video' || !sameBuffers(a.sps, b.sps) || !sameBuffers(a.pps, b.pps)) return false;
    return a.codec === 'h264' ? b.codec === 'h264' : b.codec === 'h265' && sameBuffers(a.vps, b.vps);
  }
  return (
    b.kind === 'audio' &&
    a.codec === b.codec &&
    a.clockRate === b.clockRate &&
    a.channels === b.channels &&
    (a.config === undefined ? b.config === undefined : b.config !== undefined && a.config.equals(b.config))
  );
}

const PROFILES = new Map([
  [66, 'Baseline'],
  [77, 'Main'],
  [88, 'Extended'],
  [100, 'High'],
  [110, 'High 10'],
  [122, 'High 4:2:2'],
  [244, 'High 4:4:4 Predictive'],
]);

/** Profile and level of a picture track as people know them, e.g. `Main 4.0`. */
export function profileOf(format: VideoFormat): string {
  return format.codec === 'h265' ? format.profile : profileName(format.profileLevelId);
}

/** `4d0028` becomes `Main 4.0`, as camera settings pages write it (ITU-T H.264 annex A). */
function profileName(profileLevelId: string): string {
  const bits = Number.parseInt(profileLevelId, 16);
  const profileIdc = bits >> 16;
  const constraints = (bits >> 8) & 0xff;
  const level = bits & 0xff;
  const base = PROFILES.get(profileIdc) ?? `profile ${profileIdc}`;
  const name = profileIdc === 66 && (constraints & 0x40) !== 0 ? 'Constrained Baseline' : base;
  return `${name} ${(level / 10).toFixed(1)}`;
}
