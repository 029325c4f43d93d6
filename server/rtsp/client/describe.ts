import {
  aggregateUrl,
  describeTracks,
  parsePublic,
  parseSdp,
  type RtspResponse,
  type RtspTrack,
  resolveBase,
} from '../parse/index.ts';
import { asRtspError, RtspError, type RtspErrorContext } from './errors.ts';
import { printable, refusal } from './refusals.ts';
import { selectTracks, type TrackSelection } from './track-selection.ts';

/** What a camera says about a stream before anything is set up. */
export interface CameraDescription {
  readonly selection: TrackSelection;
  /** For PLAY, PAUSE, TEARDOWN and the keep-alive. */
  readonly aggregateUrl: string;
  /** The methods it offers, in capitals; empty where it does not say. */
  readonly publicMethods: ReadonlySet<string>;
  /** It never answered OPTIONS, or is known not to. */
  readonly ignoresOptions: boolean;
}

export interface DescribeOptions {
  readonly requestUrl: string;
  /** For each request. */
  readonly requestTimeoutMs: number;
  /** The camera is known not to answer OPTIONS: it is not asked. */
  readonly ignoresOptions: boolean;
  send(method: string, headers: Record<string, string>, timeoutMs?: number): Promise<RtspResponse>;
  context(method: string): RtspErrorContext;
  /** What the camera offers and can, also where none of it is of use. */
  onOffer(tracks: readonly RtspTrack[], publicMethods: ReadonlySet<string>): void;
}

/** What OPTIONS tells can be done without, so a camera is not waited for as long as with all else. */
const OPTIONS_PATIENCE_MS = 2_000;

/** Asks OPTIONS and DESCRIBE, and chooses the tracks to set up. Rejects with an RtspError. */
export async function describeCamera(options: DescribeOptions): Promise<CameraDescription> {
  const { requestUrl, requestTimeoutMs } = options;
  const patienceMs = Math.min(OPTIONS_PATIENCE_MS, requestTimeoutMs / 2);
  // A camera that refuses OPTIONS is asked for the stream all the same, and so is one that does not answer.
  const offered = options.ignoresOptions ? undefined : await askForMethods(options, patienceMs);
  const isOverdue = offered === undefined && !options.ignoresOptions;
  const isGood = offered !== undefined && offered.statusCode < 300;
  const publicMethods = parsePublic(isGood ? offered.headers.get('Public') : undefined);
  const response = await options.send(
    'DESCRIBE',
    { Accept: 'application/sdp' },
    // A camera that is dead is known to be no later for it.
    isOverdue ? requestTimeoutMs - patienceMs : requestTimeoutMs,
  );
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
  return {
    selection: selection.value,
    aggregateUrl: aggregateUrl(session.value, base),
    publicMethods,
    ignoresOptions: offered === undefined,
  };
}

/** Undefined where no answer comes. */
async function askForMethods(
  { send }: DescribeOptions,
  patienceMs: number,
): Promise<RtspResponse | undefined> {
  try {
    return await send('OPTIONS', {}, patienceMs);
  } catch (thrown) {
    if (asRtspError(thrown).kind === 'request-timeout') return undefined;
    throw thrown;
  }
}
