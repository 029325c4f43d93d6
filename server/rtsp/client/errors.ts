import type { WaitReason } from '../../../shared/errors.ts';

/** Everything that can end a connection to a camera, and the reason that the stream then shows. */
const REASON_OF_KIND = {
  'connect-failed': 'CAMERA_UNREACHABLE',
  'connect-timeout': 'CAMERA_UNREACHABLE',
  'name-not-found': 'CAMERA_UNREACHABLE',
  'tls-failed': 'CAMERA_UNREACHABLE',
  certificate: 'CAMERA_CERTIFICATE',
  'address-forbidden': 'ADDRESS_FORBIDDEN',
  'bad-url': 'CAMERA_NOT_RTSP',
  'not-rtsp': 'CAMERA_NOT_RTSP',
  'not-onvif': 'CAMERA_NOT_ONVIF',
  'auth-failed': 'CAMERA_AUTH_FAILED',
  refused: 'CAMERA_REFUSED',
  'unsupported-transport': 'CAMERA_REFUSED',
  'redirect-refused': 'CAMERA_REFUSED',
  redirected: 'CAMERA_REFUSED',
  'session-lost': 'CAMERA_CLOSED',
  'no-h264': 'CAMERA_NO_H264',
  'bad-data': 'CAMERA_BAD_DATA',
  // The connection stands: a key frame may come yet.
  'no-key-frame': 'CAMERA_NO_KEY_FRAME',
  'request-timeout': 'CAMERA_SILENT',
  'no-packets': 'CAMERA_SILENT',
  silent: 'CAMERA_SILENT',
  'peer-closed': 'CAMERA_CLOSED',
  'peer-reset': 'CAMERA_CLOSED',
  // Never shown: what follows is a connection over TCP.
  lossy: 'CAMERA_CLOSED',
  ended: 'CAMERA_CLOSED',
  'local-failure': 'INTERNAL',
  stopped: 'STOPPED',
} as const satisfies Record<string, WaitReason>;

export type RtspErrorKind = keyof typeof REASON_OF_KIND;

/** Enough to find the exchange in a packet capture. Never holds a secret. */
export interface RtspErrorContext {
  /** Address and port of the camera. */
  readonly peer?: string;
  /** Our own address and port. */
  readonly local?: string;
  readonly method?: string;
  readonly cseq?: number;
  readonly status?: number;
  /** Where the camera sent us to. */
  readonly location?: string;
}

/** Why a connection to a camera failed or ended. The message is for people and says what to do next. */
export class RtspError extends Error {
  readonly kind: RtspErrorKind;
  readonly context: RtspErrorContext;

  constructor(kind: RtspErrorKind, message: string, context: RtspErrorContext = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RtspError';
    this.kind = kind;
    this.context = context;
  }

  get reason(): WaitReason {
    return REASON_OF_KIND[this.kind];
  }
}

/** Any thrown thing as an RtspError; what is none is a bug of ours and says so. */
export function asRtspError(thrown: unknown): RtspError {
  if (thrown instanceof RtspError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new RtspError(
    'local-failure',
    `The gateway failed while talking to the camera: ${text}.`,
    {},
    thrown,
  );
}
