/** What is offered of recorded time: the full stream up to 4, key frames above. */
export const SPEEDS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8, 16];
