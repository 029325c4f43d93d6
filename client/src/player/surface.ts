/** Where pictures are: the video element, and above it a still one that stays while the video has nothing to show. */
export class Surface {
  readonly video: HTMLVideoElement;
  readonly still: HTMLCanvasElement;

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
    this.showStill(video, video.videoWidth, video.videoHeight);
  }

  showStill(image: CanvasImageSource, width: number, height: number): void {
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
