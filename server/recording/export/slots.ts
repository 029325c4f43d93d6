/** So many at once; the rest wait, those that somebody asked for before those that run by themselves. */
export class Slots {
  #max: number;
  readonly #waiting: { readonly first: Array<() => void>; readonly later: Array<() => void> } = {
    first: [],
    later: [],
  };
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** What runs goes on to its end, whatever the new number. */
  set max(max: number) {
    this.#max = max;
    this.#next();
  }

  /** Resolves with its undo when there is a place, or with undefined when `stop` aborts before. */
  take(priority: 'first' | 'later', stop: AbortSignal): Promise<(() => void) | undefined> {
    return new Promise((resolve) => {
      const queue = this.#waiting[priority];
      const onStop = () => {
        const at = queue.indexOf(enter);
        if (at === -1) return;
        queue.splice(at, 1);
        resolve(undefined);
      };
      const enter = () => {
        stop.removeEventListener('abort', onStop);
        this.#taken += 1;
        let isFree = false;
        resolve(() => {
          if (isFree) return;
          isFree = true;
          this.#taken -= 1;
          this.#next();
        });
      };
      if (stop.aborted) {
        resolve(undefined);
        return;
      }
      stop.addEventListener('abort', onStop, { once: true });
      queue.push(enter);
      this.#next();
    });
  }

  #next(): void {
    while (this.#taken < this.#max) {
      const enter = this.#waiting.first.shift() ?? this.#waiting.later.shift();
      if (enter === undefined) return;
      enter();
    }
  }
}
