import type { LogLine, Setting, SettingsPatch, SystemStatus, Viewer } from '../../shared/system.ts';

/** The gateway as a whole. Failures reject with `ApiError`. */
export interface SystemPort {
  status(): Promise<SystemStatus>;
  /** Newest first. */
  viewers(): readonly Viewer[];
  /** Of the newest lines those behind `after`, oldest first, and the number of the newest that there is. */
  log(asked: { after?: number | undefined; max: number }): {
    readonly lines: readonly LogLine[];
    readonly newest: number;
  };
  settings(): readonly Setting[];
  /** BAD_REQUEST, CONFLICT; then nothing is changed. */
  changeSettings(changes: SettingsPatch): Promise<readonly Setting[]>;
}
