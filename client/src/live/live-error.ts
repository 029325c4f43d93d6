import { ERROR_TABLE, type ErrorCode } from '../../../shared/errors.ts';

/** What can go wrong on this side of the wire, beside the error codes of the server. */
export type ClientErrorCode =
  | 'SERVER_UNREACHABLE'
  | 'SIGNALING_BLOCKED'
  | 'CONNECTION_LOST'
  | 'TIMED_OUT'
  | 'BAD_ANSWER'
  | 'NO_MEDIA_PATH'
  | 'UNSUPPORTED_BROWSER';

/** A code for programs and a sentence for people. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** A failure of the live path; `retryable` says whether the same again can succeed without a change. */
export class LiveError extends Error implements Reason {
  readonly code: ErrorCode | ClientErrorCode | (string & {});

  constructor(code: ErrorCode | ClientErrorCode | (string & {}), message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LiveError';
    this.code = code;
  }

  get retryable(): boolean {
    if (this.code === 'UNSUPPORTED_BROWSER') return false;
    return isServerCode(this.code) ? ERROR_TABLE[this.code].retryable : true;
  }

  get reason(): Reason {
    return { code: this.code, message: this.message };
  }
}

export function toLiveError(error: unknown): LiveError {
  if (error instanceof LiveError) return error;
  return new LiveError('BAD_ANSWER', error instanceof Error ? error.message : String(error), error);
}

function isServerCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, code);
}
