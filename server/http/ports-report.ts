import type { StreamId } from '../../shared/names.ts';
import type { CameraReport } from '../../shared/report.ts';

/** What is known of the streams' cameras. */
export interface ReportsPort {
  /** Undefined where there is no such stream. */
  report(stream: StreamId): CameraReport | undefined;
}
