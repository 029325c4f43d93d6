import type { BitReader } from '../h264/index.ts';

/** What a decoder must be able to do (ITU-T H.265 section 7.3.3). */
export interface ProfileTierLevel {
  /** 0, or which other table `profileIdc` is from. */
  readonly profileSpace: number;
  readonly isHighTier: boolean;
  readonly profileIdc: number;
  /** Bit 31 is `general_profile_compatibility_flag[0]`. */
  readonly compatibility: number;
  /** The six bytes that follow it: progressive, interlaced and other constraints. */
  readonly constraints: readonly number[];
  /** 30 times the level. */
  readonly levelIdc: number;
}

/** Of the general part. */
export const H265_PROFILE_BYTES = 12;

/** Reads the general part, and skips those of the sub-layers. */
export function readProfileTierLevel(reader: BitReader, maxSubLayersMinus1: number): ProfileTierLevel {
  const profileSpace = reader.bits(2);
  const isHighTier = reader.bit() === 1;
  const profileIdc = reader.bits(5);
  const compatibility = reader.bits(32);
  const constraints = Array.from({ length: 6 }, () => reader.bits(8));
  const levelIdc = reader.bits(8);
  const present: [profile: boolean, level: boolean][] = [];
  for (let layer = 0; layer < maxSubLayersMinus1; layer += 1) {
    present.push([reader.bit() === 1, reader.bit() === 1]);
  }
  if (maxSubLayersMinus1 > 0) reader.skip(2 * (8 - maxSubLayersMinus1));
  for (const [hasProfile, hasLevel] of present) reader.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0));
  return { profileSpace, isHighTier, profileIdc, compatibility, constraints, levelIdc };
}

const SPACES = ['', 'A', 'B', 'C'];

/** `hvc1.1.6.L93.B0`, as HLS and MP4 name it (ISO/IEC 14496-15 annex E.3). */
export function h265CodecString(profile: ProfileTierLevel): string {
  const { profileSpace, profileIdc, levelIdc } = profile;
  const constraints = profile.constraints.map((byte) => byte.toString(16).toUpperCase());
  while (constraints.at(-1) === '0') constraints.pop();
  return [
    'hvc1',
    `${SPACES[profileSpace] ?? ''}${profileIdc}`,
    reversedBits(profile.compatibility).toString(16).toUpperCase(),
    `${profile.isHighTier ? 'H' : 'L'}${levelIdc}`,
    ...constraints,
  ].join('.');
}

function reversedBits(word: number): number {
  let result = 0;
  for (let bit = 0; bit < 32; bit += 1) result = ((result << 1) | ((word >>> bit) & 1)) >>> 0;
  return result;
}

const PROFILES = new Map([
  [1, 'Main'],
  [2, 'Main 10'],
  [3, 'Main Still Picture'],
  [4, 'Range Extensions'],
  [5, 'High Throughput'],
  [9, 'Screen Content'],
  [11, 'High Throughput Screen Content'],
]);

/** As camera settings pages write it, e.g. `Main 4.0`. */
export function h265ProfileName({ profileIdc, isHighTier, levelIdc }: ProfileTierLevel): string {
  const name = PROFILES.get(profileIdc) ?? `profile ${profileIdc}`;
  return `${name} ${(levelIdc / 30).toFixed(1)}${isHighTier ? ' High tier' : ''}`;
}
