import {
  aggregateUrl,
  describeTracks,
  parsePublic,
  parseSdp,
  type RtspResponse,
  type RtspTrack,
  resolveBase,
} from '../parse/index.ts';
import { RtspError, type RtspErrorContext } from './errors.ts';
import { printable, refusal } from './refusals.ts';
import { selectTracks, type TrackSelection } from './track-selection.ts';

/** What a camera says about a stream before anything is set up. */
export interface CameraDescription {
  readonly selection: TrackSelection;
  /** For PLAY, PAUSE, TEARDOWN and the keep-alive. */
  readonly aggregateUrl: string;
  /** The methods it offers, in capitals; empty where it does not say. */
  readonly publicMethods: ReadonlySet<string>;
}

export interface DescribeOptions {
  readonly requestUrl: string;
  send(method: string, headers: Record<string, string>): Promise<RtspResponse>;
  context(method: string): RtspErrorContext;
  /** What the camera offers and can, also where none of it is of use. */
  onOffer(tracks: readonly RtspTrack[], publicMethods: ReadonlySet<string>): void;
}

/** Asks OPTIONS and DESCRIBE, and chooses the tracks to set up. Rejects with an RtspError. */
export async function describeCamera(options: DescribeOptions): Promise<CameraDescription> {
  const { requestUrl } = options;
  // A camera that refuses OPTIONS is asked for the stream all the same.
  const offered = await options.send('OPTIONS', {});
  const publicMethods = parsePublic(offered.statusCode < 300 ? offered.headers.get('Public') : undefined);
  const response = await options.send('DESCRIBE', { Accept: 'application/sdp' });
  if (response.statusCode >= 300) throw refusal(response, options.context('DESCRIBE'));
  const session = parseSdp(response.body.toString('utf8'));
  if (!session.ok) {
    const message = `The camera's description of its stream (SDP) cannot be read: ${printable(session.error)}.`;
    throw new RtspError('bad-data', message, options.context('DESCRIBE'));
  }
  const contentBase = response.headers.get('Content-Base');
  const contentLocation = response.headers.get('Content-Location');
  const base = resolveBase({
    requestUrl,
    ...(contentBase === undefined ? {} : { contentBase }),
    ...(contentLocation === undefined ? {} : { contentLocation }),
  });
  const tracks = describeTracks(session.value, base);
  options.onOffer(tracks, publicMethods);
  const selection = selectTracks(tracks);
  if (!selection.ok) throw selection.error;
  return { selection: selection.value, aggregateUrl: aggregateUrl(session.value, base), publicMethods };
}
