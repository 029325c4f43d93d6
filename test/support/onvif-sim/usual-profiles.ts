import type { SimProfile } from './device.ts';
import type { Maker } from './maker.ts';
import type { OnvifSimOptions } from './options.ts';

const LARGE = {
  name: 'mainStream',
  codec: 'H264',
  width: 1920,
  height: 1080,
  fps: 25,
  bitrateKbps: 4_096,
  govLength: 50,
  hasAudio: false,
} as const;
const SMALL = {
  ...LARGE,
  name: 'subStream',
  width: 640,
  height: 360,
  fps: 15,
  bitrateKbps: 512,
  govLength: 30,
} as const;
/** Nobody plays there: who chooses such a profile gets nothing. */
const NOBODY = 'rtsp://127.0.0.1:9/nobody';

/** A main and a sub stream as most cameras have them, in the maker's order. */
export function usualProfiles(
  maker: Maker,
  options: Pick<OnvifSimOptions, 'main' | 'sub' | 'mainFacts' | 'subFacts'>,
): SimProfile[] {
  const [mainToken, subToken] = maker.tokens;
  const main = { token: mainToken, uri: options.main ?? NOBODY, ...LARGE, ...options.mainFacts };
  const both = [
    main,
    ...(options.sub === undefined
      ? []
      : [{ token: subToken, uri: options.sub, ...SMALL, ...options.subFacts }]),
  ];
  if (!maker.jumblesProfiles) return both;
  return [
    { ...main, token: 'profile_0_bare', name: 'not set up', codec: 'none', uri: NOBODY },
    { ...main, token: 'profile_0_jpeg', name: 'mainStream jpeg', codec: 'JPEG', uri: NOBODY },
    ...both.reverse(),
  ];
}
