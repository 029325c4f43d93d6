import type { MediaProfile } from '../../shared/onvif.ts';
import { OnvifError } from './errors.ts';
import { type ProfileRecord, readProfiles } from './read/profiles.ts';
import type { AskOptions } from './soap/asking.ts';
import { type PlaceOnDevice, placeOnDevice } from './soap/camera-address.ts';
import type { SafeCam } from './soap/safe-cam.ts';
import { textAt } from './xml/find.ts';
import type { XmlElement } from './xml/parse.ts';

/** A device's profiles, and which of the two media services gave them. */
export interface Media {
  readonly isMedia2: boolean;
  readonly records: readonly ProfileRecord[];
}

/** What a service cannot do, the older one may. */
const MAY_BE_IN_MEDIA1: ReadonlySet<string> = new Set(['refused', 'unsupported', 'not-onvif']);

/** @throws {OnvifError} unsupported: it has no media service */
export async function readMedia(cam: SafeCam, device: string, signal?: AbortSignal): Promise<Media> {
  const media2 = cam.has('media2') ? await tryMedia2(cam, signal) : undefined;
  if (media2 !== undefined) return media2;
  if (cam.has('media')) {
    return { isMedia2: false, records: readProfiles(await cam.ask('getProfiles', undefined, { signal })) };
  }
  const message = `The camera at ${device} has no media service for ONVIF: it has no picture to give. Use its rtsp:// address, if it has one.`;
  throw new OnvifError('unsupported', message);
}

/** A D-Link DCS-8635LH names a Media2 service that does not work. */
async function tryMedia2(cam: SafeCam, signal: AbortSignal | undefined): Promise<Media | undefined> {
  try {
    const records = readProfiles(await cam.ask('getProfiles', undefined, { signal, media2: true }));
    if (records.length > 0 || !cam.has('media')) return { isMedia2: true, records };
  } catch (failure) {
    const mayBeThere = failure instanceof OnvifError && MAY_BE_IN_MEDIA1.has(failure.kind);
    if (!mayBeThere || !cam.has('media')) throw failure;
  }
  return undefined;
}

/** The RTSP address of a profile, as the device wrote it. */
export async function streamAddress(
  cam: SafeCam,
  media: Media,
  profileToken: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const reply = await byMedia(cam, media, signal, (options) => {
    const protocol = options.media2 ? 'RtspUnicast' : 'RTSP';
    return cam.ask('getStreamUri', { profileToken, protocol, stream: 'RTP-Unicast' }, options);
  });
  return uriOf(reply);
}

/** Where on the device a picture of a profile is to be had. */
export async function snapshotPlace(
  cam: SafeCam,
  media: Media,
  profileToken: string,
  signal?: AbortSignal,
): Promise<PlaceOnDevice | undefined> {
  const reply = await byMedia(cam, media, signal, (options) =>
    cam.ask('getSnapshotUri', { profileToken }, options),
  );
  const address = uriOf(reply);
  return address === undefined ? undefined : placeOnDevice(address, cam.endpoint);
}

/** Asks for a key frame of a profile (ONVIF Media section 5.16, Media2 section 5.10). */
export async function askKeyFrame(
  cam: SafeCam,
  media: Media,
  profileToken: string,
  signal?: AbortSignal,
): Promise<void> {
  await byMedia(cam, media, signal, (options) =>
    cam.ask('setSynchronizationPoint', { profileToken }, options),
  );
}

/** By Media2 where the profiles came from there, then by the media service: some devices have a method in one of them only. */
async function byMedia(
  cam: SafeCam,
  { isMedia2 }: Media,
  signal: AbortSignal | undefined,
  ask: (options: AskOptions) => Promise<XmlElement>,
): Promise<XmlElement> {
  if (!isMedia2) return ask({ signal });
  try {
    return await ask({ signal, media2: true });
  } catch (failure) {
    const mayBeThere = failure instanceof OnvifError && MAY_BE_IN_MEDIA1.has(failure.kind);
    if (!mayBeThere || !cam.has('media')) throw failure;
    return ask({ signal }).catch(() => {
      throw failure;
    });
  }
}

/** Media2 has it one level higher. */
function uriOf(reply: XmlElement): string | undefined {
  return textAt(reply, 'MediaUri', 'Uri') ?? textAt(reply, 'Uri');
}

export function shownProfile(record: ProfileRecord): MediaProfile {
  const { videoSource: _source, videoSourceConfiguration: _configuration, ptz: _ptz, ...profile } = record;
  return profile;
}

/** Why there is no such profile, with those that there are. */
export function noProfile(
  device: string,
  { records }: Media,
  as: 'main' | 'sub',
  asked: string | undefined,
): OnvifError {
  const names = records
    .slice(0, 8)
    .map(({ name }) => `"${name}"`)
    .join(', ');
  const has = records.length === 0 ? 'It has none at all.' : `It has ${names}.`;
  if (asked !== undefined && !records.some(({ token, name }) => token === asked || name === asked)) {
    return new OnvifError('unsupported', `The camera at ${device} has no profile "${asked}". ${has}`);
  }
  const message =
    as === 'sub'
      ? `The camera at ${device} has no smaller H.264 or H.265 picture beside its main one. ${has}`
      : `The camera at ${device} has no profile with an H.264 or H.265 picture. ${has} Set one up in the camera's own settings.`;
  return new OnvifError('unsupported', message);
}
