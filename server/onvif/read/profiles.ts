import type { MediaProfile } from '../../../shared/onvif.ts';
import { at, childrenOf, numberAt, shown, textAt, toNumber } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';

/** A profile with what only we need to know of it. */
export interface ProfileRecord extends Omit<MediaProfile, 'usedAs'> {
  /** Of the same lens; undefined where the device does not say. */
  readonly videoSource: string | undefined;
  /** Of that lens's settings, by which events name it. */
  readonly videoSourceConfiguration: string | undefined;
  readonly ptz: { readonly configuration: string; readonly node: string | undefined } | undefined;
}

const MAX_PROFILES = 256;
const MAX_TOKEN_CHARS = 128;

/** The profiles of a GetProfilesResponse of the media service, or of Media2 (ONVIF Profile T), which has the same in other places. */
export function readProfiles(reply: XmlElement): ProfileRecord[] {
  const records: ProfileRecord[] = [];
  for (const profile of childrenOf(reply, 'Profiles').slice(0, MAX_PROFILES)) {
    const token = profile.attributes.get('token');
    if (token === undefined || token === '' || token.length > MAX_TOKEN_CHARS) continue;
    const inner = at(profile, 'Configurations');
    const part = (media1: string, media2: string) => at(profile, media1) ?? at(inner, media2);
    const ptz = part('PTZConfiguration', 'PTZ');
    const lens = part('VideoSourceConfiguration', 'VideoSource');
    const ptzToken = ptz?.attributes.get('token');
    records.push({
      token,
      name: shown(textAt(profile, 'Name')) ?? shown(token) ?? token,
      ...readEncoder(part('VideoEncoderConfiguration', 'VideoEncoder')),
      hasAudio: part('AudioEncoderConfiguration', 'AudioEncoder') !== undefined,
      hasPtz: ptz !== undefined,
      videoSource: textAt(lens, 'SourceToken'),
      videoSourceConfiguration: lens?.attributes.get('token'),
      ptz: ptzToken === undefined ? undefined : { configuration: ptzToken, node: textAt(ptz, 'NodeToken') },
    });
  }
  return records;
}

type Encoder = Pick<MediaProfile, 'codec' | 'width' | 'height' | 'fps' | 'bitrateKbps' | 'govLength'>;

function readEncoder(encoder: XmlElement | undefined): Encoder {
  if (encoder === undefined) return {};
  const codec = codecName(textAt(encoder, 'Encoding'));
  const own = at(encoder, 'H264') ?? at(encoder, 'MPEG4');
  const fields = {
    codec,
    width: numberAt(encoder, 'Resolution', 'Width'),
    height: numberAt(encoder, 'Resolution', 'Height'),
    fps: numberAt(encoder, 'RateControl', 'FrameRateLimit'),
    bitrateKbps: numberAt(encoder, 'RateControl', 'BitrateLimit'),
    govLength: numberAt(own, 'GovLength') ?? toNumber(encoder.attributes.get('GovLength')),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** `H264`, `H265`, `JPEG`; cameras write `H.264` and `video/H265` too. */
function codecName(text: string | undefined): string | undefined {
  const plain = shown(text, 32)
    ?.toUpperCase()
    .replace(/^VIDEO\//, '')
    .replace(/[.\s-]/g, '');
  return plain === 'HEVC' ? 'H265' : plain;
}

/** What a sub-stream is wanted for: tiles of a wall, and viewers whose link is slow. */
const SUB_AREA = 640 * 360;

export interface ChosenProfiles {
  readonly main: ProfileRecord | undefined;
  readonly sub: ProfileRecord | undefined;
}

/**
 * The profiles that `onvif://` takes by itself: as main the largest picture of the first lens, as sub a smaller one of the same lens that is nearest to
 * 640x360. With `asked`, the token or else the name of a profile, that one is main, and its lens the one whose sub is taken.
 */
export function chooseProfiles(records: readonly ProfileRecord[], asked?: string): ChosenProfiles {
  const named =
    asked === undefined
      ? undefined
      : (records.find(({ token }) => token === asked) ?? records.find(({ name }) => name === asked));
  if (asked !== undefined && named === undefined) return { main: undefined, sub: undefined };
  const usable = usableOf(records);
  const lens = (named ?? usable[0])?.videoSource;
  const ofLens = usable.filter(({ videoSource }) => videoSource === lens);
  const main = named ?? ofLens.toSorted(bySize)[0];
  if (main === undefined) return { main: undefined, sub: undefined };
  const smaller = ofLens.filter((record) => areaOf(record) > 0 && areaOf(record) < areaOf(main));
  const distance = (record: ProfileRecord) => Math.abs(Math.log(areaOf(record) / SUB_AREA));
  const sub = smaller.toSorted((one, other) => distance(one) - distance(other))[0];
  return { main, sub };
}

/** What `chooseProfiles` takes of each lens, in the device's order. */
export function chooseChannels(
  records: readonly ProfileRecord[],
): Array<{ main: ProfileRecord; sub?: ProfileRecord }> {
  const lenses = new Map<string | undefined, ProfileRecord[]>();
  for (const record of usableOf(records)) {
    const ofLens = lenses.get(record.videoSource);
    if (ofLens === undefined) lenses.set(record.videoSource, [record]);
    else ofLens.push(record);
  }
  return [...lenses.values()].flatMap((ofLens) => {
    const { main, sub } = chooseProfiles(ofLens);
    return main === undefined ? [] : [{ main, ...(sub === undefined ? {} : { sub }) }];
  });
}

/**
 * The profile whose lens is steered: that of the picture, or another of the same lens that knows of its motors. Never one of another
 * lens: on a recorder that would move somebody else's camera.
 */
export function choosePtzProfile(
  records: readonly ProfileRecord[],
  asked?: string,
): ProfileRecord | undefined {
  const { main } = chooseProfiles(records, asked);
  if (main?.hasPtz) return main;
  return records.find(
    ({ hasPtz, videoSource }) => hasPtz && (main === undefined || videoSource === main.videoSource),
  );
}

/** Those with a picture that can be shown. */
function usableOf(records: readonly ProfileRecord[]): readonly ProfileRecord[] {
  const known = records.filter(({ codec }) => codec === 'H264' || codec === 'H265');
  // Where no profile says, any may be it; beside others one that says nothing has no encoder.
  return known.length > 0 ? known : records.filter(({ codec }) => codec === undefined);
}

/** The largest first; of two as large the one that browsers take as it is. */
function bySize(one: ProfileRecord, other: ProfileRecord): number {
  return areaOf(other) - areaOf(one) || Number(other.codec === 'H264') - Number(one.codec === 'H264');
}

function areaOf({ width = 0, height = 0 }: ProfileRecord): number {
  return width * height;
}
