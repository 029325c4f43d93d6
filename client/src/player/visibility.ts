/** How long a player may be out of sight before it rests: scrolling past is no reason to stop it. */
const GRACE_MS = 2_000;
/** Players that are about to be scrolled into view start a little earlier. */
const MARGIN = '200px';

/** Tells when a viewer can no longer see an element, and at once when they can again. Returns the undo. */
export function watchVisibility(target: Element, onChange: (visible: boolean) => void): () => void {
  let onScreen = true;
  let told = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const update = (): void => {
    const visible = onScreen && document.visibilityState === 'visible';
    clearTimeout(timer);
    if (visible === told) return;
    const tell = (): void => {
      told = visible;
      onChange(visible);
    };
    if (visible) tell();
    else timer = setTimeout(tell, GRACE_MS);
  };
  const observer = new IntersectionObserver(
    (entries) => {
      onScreen = entries.at(-1)?.isIntersecting ?? true;
      update();
    },
    { rootMargin: MARGIN },
  );
  observer.observe(target);
  document.addEventListener('visibilitychange', update);
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    document.removeEventListener('visibilitychange', update);
  };
}
