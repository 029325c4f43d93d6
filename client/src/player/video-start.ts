/** `silent`: without the sound, until the viewer clicks. `refused`: not even so, for example while the device saves power. */
export type Started = 'playing' | 'silent' | 'refused' | 'interrupted';

/** Has a video play as far as the browser allows it without a click of the viewer. */
export class VideoStart {
  readonly #video: HTMLVideoElement;
  readonly #onChange: () => void;
  #soundBlocked = false;

  constructor(video: HTMLVideoElement, onChange: () => void) {
    this.#video = video;
    this.#onChange = onChange;
  }

  /** Playback was allowed without sound only; a click is needed to hear anything. */
  get soundBlocked(): boolean {
    return this.#soundBlocked;
  }

  /** The viewer clicked. */
  soundAllowed(): void {
    this.#soundBlocked = false;
  }

  async play(): Promise<Started> {
    const video = this.#video;
    try {
      await video.play();
      return 'playing';
    } catch (error) {
      // Something else is to be played, or it has been paused meanwhile.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return 'interrupted';
      if (video.muted) return 'refused';
      this.#soundBlocked = true;
      video.muted = true;
      this.#onChange();
      return video.play().then(
        () => 'silent',
        () => 'refused',
      );
    }
  }
}
