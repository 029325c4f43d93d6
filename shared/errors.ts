import { z } from 'zod';

/**
 * Every error code that leaves the gateway, over HTTP and signaling alike: its HTTP status and whether trying
 * again without a change can help. Codes are never renamed and never used again for something else.
 */
export const ERROR_TABLE = {
  BAD_REQUEST: { status: 400, retryable: false },
  UNAUTHORIZED: { status: 401, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  STREAM_NOT_FOUND: { status: 404, retryable: false },
  SESSION_NOT_FOUND: { status: 404, retryable: false },
  METHOD_NOT_FOUND: { status: 404, retryable: false },
  /** Nothing was recorded at that time, or it is gone again. */
  NOT_RECORDED: { status: 404, retryable: false },
  EXPORT_NOT_FOUND: { status: 404, retryable: false },
  LOCK_NOT_FOUND: { status: 404, retryable: false },
  PERIOD_FILE_NOT_FOUND: { status: 404, retryable: false },
  /** A scan, probe, layout or preset of that id or token. */
  SCAN_NOT_FOUND: { status: 404, retryable: false },
  PROBE_NOT_FOUND: { status: 404, retryable: false },
  LAYOUT_NOT_FOUND: { status: 404, retryable: false },
  EVENT_NOT_FOUND: { status: 404, retryable: false },
  /** The stream's source is no ONVIF device, or the device cannot do that. */
  ONVIF_UNSUPPORTED: { status: 409, retryable: false },
  /** Somebody else moves the camera just now. */
  PTZ_BUSY: { status: 409, retryable: true },
  STREAM_EXISTS: { status: 409, retryable: false },
  STREAM_READ_ONLY: { status: 409, retryable: false },
  CONFLICT: { status: 409, retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false },
  /** The asked bytes lie beyond the end. */
  RANGE_NOT_SATISFIABLE: { status: 416, retryable: false },
  NO_COMMON_CODEC: { status: 406, retryable: false },
  /** The stream's pictures cannot be shown over WebRTC by any browser; HLS has them. */
  WEBRTC_UNSUITABLE: { status: 406, retryable: false },
  RATE_LIMITED: { status: 429, retryable: true },
  TOO_MANY_VIEWERS: { status: 503, retryable: true },
  /** The job has no file (yet): it waits, runs, failed or was cancelled. */
  EXPORT_NOT_READY: { status: 409, retryable: true },
  TOO_MANY_EXPORTS: { status: 429, retryable: true },
  INSUFFICIENT_STORAGE: { status: 507, retryable: true },
  /** The disk with the recordings is missing, hangs or fails. */
  STORAGE_UNAVAILABLE: { status: 503, retryable: true },
  /** What the camera sent cannot be decoded. */
  PICTURE_DAMAGED: { status: 500, retryable: false },
  /** The device does not take the user name and password. */
  DEVICE_AUTH_FAILED: { status: 502, retryable: false },
  /** The device does not answer, or not as ONVIF has it. */
  DEVICE_UNREACHABLE: { status: 504, retryable: true },
  DEVICE_REFUSED: { status: 502, retryable: false },
  TOO_MANY_SCANS: { status: 429, retryable: true },
  TOO_MANY_PROBES: { status: 429, retryable: true },
  STREAM_NOT_LIVE: { status: 503, retryable: true },
  WORKER_DIED: { status: 503, retryable: true },
  SHUTTING_DOWN: { status: 503, retryable: true },
  INTERNAL: { status: 500, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** An error that may be shown to whoever asked: its message holds no secret and says what to do next. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, details?: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERROR_TABLE[this.code].status;
  }

  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable;
  }
}

export const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
});

/**
 * Why a stream is not live. The code is for programs, the message beside it for people.
 */
export const WAIT_REASONS = [
  'CAMERA_UNREACHABLE',
  'CAMERA_AUTH_FAILED',
  /** rtsps: nobody vouches for the camera's certificate, or it is not the pinned one. */
  'CAMERA_CERTIFICATE',
  'CAMERA_NOT_RTSP',
  'CAMERA_REFUSED',
  'CAMERA_NO_H264',
  'CAMERA_BAD_DATA',
  /** It sends pictures, but none to begin with. */
  'CAMERA_NO_KEY_FRAME',
  'CAMERA_SILENT',
  'CAMERA_CLOSED',
  'ADDRESS_FORBIDDEN',
  /** onvif: the device names no stream, or answers not as ONVIF has it. */
  'CAMERA_NOT_ONVIF',
  'NO_PUBLISHER',
  /** Only of what is made of another stream's track: no room for one more, or FFmpeg does not do it. */
  'TRANSCODER_BUSY',
  'TRANSCODER_FAILED',
  /** A fault of the gateway's own, which its log tells; or it has no port or file left. */
  'INTERNAL',
  'STOPPED',
] as const;

export type WaitReason = (typeof WAIT_REASONS)[number];
export const waitReasonSchema = z.enum(WAIT_REASONS);
