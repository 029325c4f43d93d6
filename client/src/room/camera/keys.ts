import type { CameraModel } from './model.ts';

/** Keys work while the focus is in the picture, on the time line or on a button beside them. */
export function onKey(event: KeyboardEvent, model: CameraModel, main: HTMLElement | null): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
    return;
  const isButton = event.target instanceof HTMLElement && event.target.closest('button') !== null;
  const actions: Readonly<Record<string, () => void>> = {
    ...(isButton ? {} : { ' ': () => model.togglePlay() }),
    k: () => model.togglePlay(),
    l: () => model.goLive(),
    b: () => model.markIn(),
    e: () => model.markOut(),
    m: () => model.toggleMuted(),
    f: () => void toggleFullscreen(main, model),
    s: () => void model.player?.saveSnapshot(),
    ',': () => model.step(-1),
    '.': () => model.step(1),
    '+': () => model.zoom(0.5),
    '-': () => model.zoom(2),
  };
  const key = event.key.toLowerCase();
  const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
  if (action === undefined) return;
  event.preventDefault();
  action();
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  );
}

/** Picture, buttons and time line together; where a page's part cannot fill the screen (iPhones), the video alone. */
export async function toggleFullscreen(main: HTMLElement | null, model: CameraModel): Promise<void> {
  try {
    if (document.fullscreenElement !== null) await document.exitFullscreen();
    else if (document.fullscreenEnabled) await main?.requestFullscreen();
    else
      (model.player?.video as { webkitEnterFullscreen?: () => void } | undefined)?.webkitEnterFullscreen?.();
  } catch {
    // The page may not be allowed to; then there is nothing to do about it.
  }
}
