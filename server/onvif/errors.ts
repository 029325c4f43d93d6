import type { ErrorCode, WaitReason } from '../../shared/errors.ts';

/** Everything that can go wrong with a device, what a stream then shows, and what the API answers. */
const KINDS = {
  'bad-url': { reason: 'CAMERA_NOT_ONVIF', code: 'BAD_REQUEST' },
  'name-not-found': { reason: 'CAMERA_UNREACHABLE', code: 'DEVICE_UNREACHABLE' },
  'address-forbidden': { reason: 'ADDRESS_FORBIDDEN', code: 'FORBIDDEN' },
  'connect-failed': { reason: 'CAMERA_UNREACHABLE', code: 'DEVICE_UNREACHABLE' },
  'tls-failed': { reason: 'CAMERA_UNREACHABLE', code: 'DEVICE_UNREACHABLE' },
  certificate: { reason: 'CAMERA_CERTIFICATE', code: 'DEVICE_UNREACHABLE' },
  /** It did not answer whole in time. */
  timeout: { reason: 'CAMERA_UNREACHABLE', code: 'DEVICE_UNREACHABLE' },
  /** It closed the connection within an answer. */
  closed: { reason: 'CAMERA_UNREACHABLE', code: 'DEVICE_UNREACHABLE' },
  'auth-failed': { reason: 'CAMERA_AUTH_FAILED', code: 'DEVICE_AUTH_FAILED' },
  /** Something else answers there, or what answers is too long, too deep or no XML. */
  'not-onvif': { reason: 'CAMERA_NOT_ONVIF', code: 'DEVICE_REFUSED' },
  /** A SOAP fault. */
  refused: { reason: 'CAMERA_REFUSED', code: 'DEVICE_REFUSED' },
  /** The device has no such service, profile or preset. */
  unsupported: { reason: 'CAMERA_NOT_ONVIF', code: 'ONVIF_UNSUPPORTED' },
  /** A bug of ours. */
  internal: { reason: 'INTERNAL', code: 'INTERNAL' },
  /** We gave up on it ourselves. */
  stopped: { reason: 'STOPPED', code: 'DEVICE_UNREACHABLE' },
} as const satisfies Record<string, { reason: WaitReason; code: ErrorCode }>;

export type OnvifErrorKind = keyof typeof KINDS;

export interface OnvifErrorContext {
  /** Host and port of the device. */
  readonly peer?: string;
  /** The ONVIF operation, e.g. `GetProfiles`. */
  readonly action?: string;
  /** HTTP status of the answer. */
  readonly status?: number;
  /** Codes of a SOAP fault from the outermost in, without prefixes, e.g. `Sender`, `InvalidArgVal`, `NoProfile`. */
  readonly faultCodes?: readonly string[];
}

/** Why a device did not do what it was asked. The message is for people, says what to do next, and holds no secret. */
export class OnvifError extends Error {
  readonly kind: OnvifErrorKind;
  readonly context: OnvifErrorContext;

  constructor(kind: OnvifErrorKind, message: string, context: OnvifErrorContext = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'OnvifError';
    this.kind = kind;
    this.context = context;
  }

  /** What a stream shows while it waits. */
  get reason(): WaitReason {
    return KINDS[this.kind].reason;
  }

  /** What the API answers. */
  get code(): ErrorCode {
    return KINDS[this.kind].code;
  }
}

/** Any thrown thing as an OnvifError; what is none is a bug of ours and says so. */
export function asOnvifError(thrown: unknown): OnvifError {
  if (thrown instanceof OnvifError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new OnvifError('internal', `The gateway failed while talking to the camera: ${text}.`, {}, thrown);
}
