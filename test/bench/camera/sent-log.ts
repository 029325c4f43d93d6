/** When the pictures of a camera were sent. Parallel arrays, for they go from process to process. */
export interface SentLog {
  readonly tails: string[];
  readonly sentMs: number[];
  readonly isKeyFrame: boolean[];
}

export function emptySentLog(): SentLog {
  return { tails: [], sentMs: [], isKeyFrame: [] };
}
