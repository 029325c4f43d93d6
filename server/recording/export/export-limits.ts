/** What the settings say of exports; it changes with them. */
export interface ExportLimits {
  /** On each disk. */
  minFreeBytes: number;
  /** Finished jobs and their files go after so long; undefined: when somebody removes them. */
  keepMs: number | undefined;
}
