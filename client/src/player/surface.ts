/** Where pictures are: the video element, and above it a still one that stays while the video has nothing to show. */
export class Surface {
  readonly video: HTMLVideoElement;
  readonly still: HTMLCanvasElement;
  #isPoster = false;

  constructor() {
    this.video = document.createElement('video');
    this.video.playsInline = true;
    this.video.setAttribute('disableremoteplayback', '');
    this.still = document.createElement('canvas');
    this.still.className = 'still';
    this.still.setAttribute('aria-hidden', 'true');
    this.still.hidden = true;
  }

  /** Keeps the picture that is on the screen now, because its track is about to go: ended tracks are black. */
  keepPicture(): void {
    const { video } = this;
    if (video.videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#show(video, video.videoWidth, video.videoHeight);
    this.#isPoster = false;
  }

  showPoster(image: CanvasImageSource, width: number, height: number): void {
    this.#show(image, width, height);
    this.#isPoster = true;
  }

  /** The picture of the video itself that the viewer sees, and its size; undefined where there is none. */
  get picture():
    | { readonly image: CanvasImageSource; readonly width: number; readonly height: number }
    | undefined {
    const { video, still } = this;
    if (this.keepsPicture) {
      return this.#isPoster ? undefined : { image: still, width: still.width, height: still.height };
    }
    if (video.videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
    return { image: video, width: video.videoWidth, height: video.videoHeight };
  }

  #show(image: CanvasImageSource, width: number, height: number): void {
    this.still.width = width;
    this.still.height = height;
    this.still.getContext('2d')?.drawImage(image, 0, 0, width, height);
    this.still.hidden = false;
  }

  get keepsPicture(): boolean {
    return !this.still.hidden;
  }

  /** Whether there is anything to look at. */
  get hasPicture(): boolean {
    return this.keepsPicture || this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  /** The video shows something newer. */
  dropPicture(): void {
    this.still.hidden = true;
    // Gives the memory back.
    this.still.width = 0;
    this.still.height = 0;
  }
}
