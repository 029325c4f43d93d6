/** Where nothing tells how long a frame lasts. */
const DEFAULT_FRAME_S = 0.04;
/** Frames of cameras last between that and that. */
const MIN_FRAME_S = 0.005;
const MAX_FRAME_S = 2;
/** A camera whose frames last longer than was thought is stepped through in so many tries. */
const MAX_TRIES = 8;
const TRY_MS = 700;
/** What was told to be on the screen is not, where the video's position is further from it. */
const MAX_OFF_S = 0.3;

/** Learns how long a frame lasts from the times of those that were shown: the shortest lately, as some are passed over. */
export class FrameLength {
  #lastS: number | undefined;
  #recent: readonly number[] = [];

  get seconds(): number {
    return this.#recent.length === 0 ? DEFAULT_FRAME_S : Math.min(...this.#recent);
  }

  /** What is shown next is no neighbour of what was shown last. */
  jumped(): void {
    this.#lastS = undefined;
  }

  shown(mediaTimeS: number): void {
    const stepS = Math.abs(mediaTimeS - (this.#lastS ?? mediaTimeS));
    this.#lastS = mediaTimeS;
    if (stepS >= MIN_FRAME_S && stepS <= MAX_FRAME_S) this.#recent = [stepS, ...this.#recent].slice(0, 30);
  }
}

/** Goes through a video that stands still frame by frame. */
export class FrameStepper {
  readonly #video: HTMLVideoElement;
  readonly #length = new FrameLength();
  #shownS: number | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Of the browser's answer that is awaited while it watches. */
  #asked: number | undefined;
  readonly #onSeeking = (): void => this.#length.jumped();

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  /** To be called when pictures of recorded time come: from then on it learns of each that is shown. */
  watch(): void {
    if (this.#asked !== undefined || this.#video.requestVideoFrameCallback === undefined) return;
    this.#video.addEventListener('seeking', this.#onSeeking);
    this.#next();
  }

  /** The answer that is still awaited is given up: a video may stand still, and be watched again, before it comes. */
  unwatch(): void {
    if (this.#asked !== undefined) this.#video.cancelVideoFrameCallback(this.#asked);
    this.#video.removeEventListener('seeking', this.#onSeeking);
    this.#length.jumped();
    this.#asked = undefined;
    this.#shownS = undefined;
  }

  /** One step after the other, however fast they are asked for. */
  step(by: 1 | -1): Promise<void> {
    this.#running = this.#running.then(() => this.#step(by));
    return this.#running;
  }

  #next(): void {
    this.#asked = this.#video.requestVideoFrameCallback((_now, { mediaTime }) => {
      this.#shownS = mediaTime;
      this.#length.shown(mediaTime);
      this.#next();
    });
  }

  async #step(by: 1 | -1): Promise<void> {
    const video = this.#video;
    const fromS = this.#fromS();
    // Into the middle of a frame: its edges belong to either side.
    for (let reach = by === 1 ? 1.5 : 0.5; reach < MAX_TRIES; reach += 1) {
      const toS = fromS + by * reach * this.#length.seconds;
      if (toS < 0 || toS > video.duration) return;
      const shown = this.#nextShown();
      video.currentTime = toS;
      const nowS = await shown;
      if (nowS === undefined || Math.abs(nowS - fromS) > MIN_FRAME_S) return;
    }
  }

  /** The frame on the screen; a busy browser, or one that has just sought, has not told of it. */
  #fromS(): number {
    const { currentTime } = this.#video;
    const offS = Math.abs(currentTime - (this.#shownS ?? Number.NaN));
    return offS <= Math.max(MAX_OFF_S, 3 * this.#length.seconds)
      ? (this.#shownS ?? currentTime)
      : currentTime;
  }

  /** The time of the next frame on the screen; undefined where none comes. */
  #nextShown(): Promise<number | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), TRY_MS);
      if (this.#video.requestVideoFrameCallback === undefined) return;
      this.#video.requestVideoFrameCallback((_now, { mediaTime }) => {
        clearTimeout(timer);
        resolve(mediaTime);
      });
    });
  }
}
