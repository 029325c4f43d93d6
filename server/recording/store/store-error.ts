import type { ErrorCode } from '../../../shared/errors.ts';

/**
 * What `ApiError` is, for code that runs in the store's threads: those do without the schema library, which would
 * cost each of them some megabytes. The calling thread makes an `ApiError` of it.
 */
export class StoreError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'StoreError';
    this.code = code;
  }
}
