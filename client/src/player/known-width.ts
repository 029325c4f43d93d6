/** Elements whose width is to be known soon. */
const unmeasured = new Set<Element>();
const widths = new WeakMap<Element, number>();

/**
 * Width of an element in CSS pixels. A page of many players adds them together: they are measured together too, since the
 * page is laid out anew for each that is measured after another one was drawn.
 */
export function widthOf(element: Element): number {
  if (!widths.has(element)) unmeasured.add(element);
  if (unmeasured.size > 0) {
    for (const one of unmeasured) widths.set(one, one.clientWidth);
    unmeasured.clear();
  }
  return widths.get(element) ?? 0;
}

/** To be called when an element comes into the page. Tells of every later width; returns the undo. */
export function followWidth(element: Element, onChange: () => void): () => void {
  unmeasured.add(element);
  const observer = new ResizeObserver((entries) => {
    const width = entries.at(-1)?.contentRect.width;
    if (width === undefined) return;
    widths.set(element, Math.round(width));
    unmeasured.delete(element);
    onChange();
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    unmeasured.delete(element);
    widths.delete(element);
  };
}
