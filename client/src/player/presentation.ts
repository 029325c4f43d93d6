/** iPhones have full screen for video elements only, by a method of their own. */
function enterVideoFullscreen(video: HTMLVideoElement & { webkitEnterFullscreen?: () => void }): void {
  video.webkitEnterFullscreen?.();
}

export async function toggleFullscreen(player: HTMLElement, video: HTMLVideoElement): Promise<void> {
  try {
    if (document.fullscreenElement !== null) await document.exitFullscreen();
    else if (document.fullscreenEnabled) await player.requestFullscreen();
    else enterVideoFullscreen(video);
  } catch {
    // The page may not be allowed to; then there is nothing to do about it.
  }
}

/** A window of its own that stays above others. */
export async function toggleFloating(video: HTMLVideoElement): Promise<void> {
  try {
    if (document.pictureInPictureElement !== null) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // As above.
  }
}
