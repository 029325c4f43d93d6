import type { BulkRequest, BulkResult, NewProbe, Probe } from '../../shared/probe.ts';
import type { FrameAnswer } from './ports-frames.ts';

/** Sources that are tried before they are saved. Failures reject with `ApiError`. */
export interface ProbesPort {
  /** BAD_REQUEST, TOO_MANY_PROBES, STREAM_NOT_FOUND (of `passwordOf`). */
  create(probe: NewProbe): Probe;
  /** PROBE_NOT_FOUND. */
  get(id: string): Probe;
  /** PROBE_NOT_FOUND, STREAM_NOT_LIVE, PICTURE_DAMAGED, RATE_LIMITED. */
  frame(id: string): Promise<FrameAnswer>;
  /** PROBE_NOT_FOUND. */
  remove(id: string): Promise<void>;
}

/** Lists of cameras. Failures reject with `ApiError`. */
export interface BulkPort {
  /** BAD_REQUEST where there is nothing to add, or too much. */
  add(request: BulkRequest): Promise<BulkResult>;
}
