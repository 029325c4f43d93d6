import {
  createDepacketiser,
  describeTracks,
  parseSdp,
  type RtspTrack,
} from '../../../server/rtsp/parse/index.ts';
import { mutatedText } from '../support/mutations.ts';
import { descriptions, words } from '../support/seeds.ts';
import { type FuzzTarget, must, plainBytes, reviveBytes } from '../support/target.ts';

/** A camera's session description, its tracks, and the depacketisers that they ask for. */
export const sdp: FuzzTarget<Buffer> = {
  name: 'sdp',
  summary: 'session descriptions, tracks, parameter sets in them',
  share: 3,
  maxCpuMs: 60,
  input: mutatedText(descriptions, words),
  run(bytes) {
    const session = parseSdp(bytes.toString('utf8'));
    if (!session.ok) {
      must(session.error.length > 0 && session.error.length < 200, 'an error says why, in a few words');
      return;
    }
    must(session.value.media.length <= 64, 'no more media than anybody has');
    for (const track of describeTracks(session.value, 'rtsp://10.0.0.5/s')) tryTrack(track);
  },
  plain: plainBytes,
  revive: reviveBytes,
};

function tryTrack(track: RtspTrack): void {
  must(!/\s/.test(track.controlUrl), 'no blank in the URL of a track');
  must(!/^[a-z]+:\/\/[^/?#]*@/i.test(track.controlUrl), 'no credentials in the URL of a track');
  must(track.payloadType >= 0 && track.payloadType <= 127, 'a payload type has seven bits');
  if (!track.supported) return;
  must(track.clockRate > 0 && Number.isInteger(track.clockRate), 'a clock rate is a whole number');
  const { format } = track;
  if (format?.kind === 'video') {
    const { width, height, sps, pps } = format;
    must(width > 0 && width <= 16_384 && height > 0 && height <= 16_384, 'a picture has a size');
    const heldBytes = [...sps, ...pps].reduce((sum, nal) => sum + nal.length, 0);
    must(heldBytes <= (32 + 64) * 4096, 'parameter sets keep their bounds');
  } else if (format !== undefined) {
    must(format.channels >= 1 && format.channels <= 8, 'sound has one to eight channels');
  }
  createDepacketiser(track, { onUnit: () => {}, onFormat: () => {} });
}
