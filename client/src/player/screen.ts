import type { Picture, PictureSource } from './playback-engine.ts';
import type { Surface } from './surface.ts';

/**
 * Puts pictures on the video element without ever showing black: the last one stays until the first one of what
 * comes next is there.
 */
export class Screen {
  readonly #surface: Surface;
  readonly #onPicture: () => void;
  #stream = new MediaStream();
  #source: { readonly source: PictureSource; readonly detach: () => void } | undefined;
  /** Counts attachments, so that a frame of an older one is not taken for the new one's first. */
  #generation = 0;

  constructor(surface: Surface, onPicture: () => void) {
    this.#surface = surface;
    this.#onPicture = onPicture;
  }

  get hasAudio(): boolean {
    return this.#source?.source.hasAudio ?? this.#stream.getAudioTracks().length > 0;
  }

  /** Whether the video element has anything that it could play. */
  get isFilled(): boolean {
    return this.#source !== undefined || this.#surface.video.srcObject !== null;
  }

  /** To be called before any of the present tracks ends. Returns whether the video has something new to play. */
  show(picture: Picture): boolean {
    if (picture.kind === 'source') return this.#showSource(picture.source);
    return this.#showTracks(picture.kind === 'tracks' ? picture.tracks : []);
  }

  /** Waits for the next picture that is really new. */
  awaitPicture(): void {
    this.#generation += 1;
    const generation = this.#generation;
    // Browsers without it learn of pictures by the engine's progress.
    this.#surface.video.requestVideoFrameCallback?.(() => {
      if (generation === this.#generation) this.pictureArrived();
    });
  }

  pictureArrived(): void {
    if (this.#surface.keepsPicture) this.#surface.dropPicture();
    this.#onPicture();
  }

  clear(): void {
    this.#generation += 1;
    this.#stream = new MediaStream();
    this.#detachSource();
    this.#surface.video.srcObject = null;
    this.#surface.dropPicture();
  }

  #showSource(source: PictureSource): boolean {
    if (this.#source?.source === source) return false;
    const { video } = this.#surface;
    // What is covered by a kept picture is no picture any more.
    if (!this.#surface.keepsPicture) this.#surface.keepPicture();
    this.#detachSource();
    this.#stream = new MediaStream();
    video.srcObject = null;
    this.#source = { source, detach: source.attach(video) };
    this.awaitPicture();
    return true;
  }

  #showTracks(tracks: readonly MediaStreamTrack[]): boolean {
    const { video } = this.#surface;
    if (this.#source !== undefined) {
      this.#surface.keepPicture();
      this.#detachSource();
    }
    const newVideo = tracks.find((track) => track.kind === 'video');
    const sameVideo = newVideo !== undefined && this.#stream.getVideoTracks().includes(newVideo);
    if (sameVideo || this.#stream.getVideoTracks().length === 0) {
      this.#swap(tracks);
      if (video.srcObject === this.#stream || tracks.length === 0) return false;
    } else {
      this.#surface.keepPicture();
      this.#stream = new MediaStream([...tracks]);
      // Without tracks the old ones stay attached; they are covered by the kept picture.
      if (tracks.length === 0) return false;
    }
    video.srcObject = this.#stream;
    this.awaitPicture();
    return true;
  }

  #detachSource(): void {
    this.#source?.detach();
    this.#source = undefined;
  }

  #swap(tracks: readonly MediaStreamTrack[]): void {
    for (const old of this.#stream.getTracks()) if (!tracks.includes(old)) this.#stream.removeTrack(old);
    for (const track of tracks) this.#stream.addTrack(track);
  }
}
