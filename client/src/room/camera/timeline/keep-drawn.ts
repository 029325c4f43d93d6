import { effect } from '@preact/signals';
import { theme } from '../../app/theme.ts';
import { language } from '../../i18n/index.ts';

export interface Drawing {
  /** Reads the `value` of all signals that it shows. */
  follow(): void;
  /** In CSS pixels; nothing is drawn while it has no width. */
  sizePx(): { readonly width: number; readonly height: number };
  draw(context: CanvasRenderingContext2D, widthPx: number): void;
}

/** Draws when something changed that is followed, or the theme, at most once a frame, until what this returns is called. */
export function keepDrawn(canvas: HTMLCanvasElement, drawing: Drawing): () => void {
  const context = canvas.getContext('2d');
  if (context === null) return () => undefined;
  let planned = 0;
  const render = (): void => {
    planned = 0;
    const { width, height } = drawing.sizePx();
    if (width === 0) return;
    const ratio = devicePixelRatio || 1;
    const [pixels, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== pixels || canvas.height !== rows) {
      canvas.width = pixels;
      canvas.height = rows;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawing.draw(context, width);
  };
  const plan = (): void => {
    if (planned === 0) planned = requestAnimationFrame(render);
  };
  const undo = effect(() => {
    drawing.follow();
    void [theme.value, language.value];
    plan();
  });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', plan);
  return () => {
    undo();
    dark.removeEventListener('change', plan);
    cancelAnimationFrame(planned);
  };
}
