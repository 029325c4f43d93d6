import type { EventKind } from '../../../../../shared/events.ts';

import type { TimeSpan } from '../../recordings/api.ts';
import type { Box, FilmCell, TimelineLayout } from './layout.ts';
import { xOf } from './scale.ts';
import { labelX, tickText } from './tick-label.ts';
import type { Tick } from './ticks.ts';

/** Rows of the time line from its top, in CSS pixels. */
export const ROWS = {
  ruler: { y: 0, height: 24 },
  events: { y: 25, height: 9 },
  band: { y: 36, height: 32 },
  film: { y: 72, height: 50 },
} as const;
export const HEIGHT_PX = 122;

/** Colours of the theme that the page is in. */
export interface Palette {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly sunken: string;
  readonly accent: string;
  readonly recorded: string;
  readonly gap: string;
  readonly locked: string;
  readonly danger: string;
  readonly event: string;
  readonly font: string;
}

export function paletteOf(root: Element): Palette {
  const style = getComputedStyle(root);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour('ink'),
    quiet: colour('quiet'),
    line: colour('line'),
    sunken: colour('sunken'),
    accent: colour('accent'),
    recorded: colour('recorded'),
    gap: colour('gap'),
    locked: colour('locked'),
    danger: colour('danger'),
    event: colour('event'),
    font: style.fontFamily,
  };
}

export interface Scene {
  readonly view: TimeSpan;
  readonly layout: TimelineLayout;
  readonly ticks: readonly Tick[];
  readonly cells: readonly (FilmCell & { readonly picture: CanvasImageSource | undefined })[];
  /** Where the picture is. */
  readonly headMs: number;
  readonly nowMs: number;
  /** What is pointed at. */
  readonly pointedMs: number | undefined;
  /** What is recorded, but newer than the newest piece that is written. */
  readonly untold: TimeSpan | undefined;
}

/** Draws the time line into a canvas of that width in CSS pixels. */
export function draw(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { widthPx, palette }: { widthPx: number; palette: Palette },
): void {
  context.clearRect(0, 0, widthPx, HEIGHT_PX);
  drawFilm(context, scene, palette);
  drawBand(context, scene, widthPx, palette);
  drawEvents(context, scene, palette);
  drawRuler(context, scene, widthPx, palette);
  drawMarked(context, scene.layout.marked, palette);
  drawLines(context, scene, widthPx, palette);
}

function drawFilm(context: CanvasRenderingContext2D, { cells }: Scene, palette: Palette): void {
  const { y, height } = ROWS.film;
  for (const { x, width, picture } of cells) {
    context.fillStyle = palette.sunken;
    context.fillRect(x, y, width - 1, height);
    if (picture === undefined) continue;
    const { width: full = 0, height: tall = 0 } = picture as { width?: number; height?: number };
    if (full === 0 || tall === 0) continue;
    // As much of its middle as fills the cell.
    const scale = Math.max((width - 1) / full, height / tall);
    const [cutWidth, cutHeight] = [(width - 1) / scale, height / scale];
    const [left, top] = [(full - cutWidth) / 2, (tall - cutHeight) / 2];
    context.drawImage(picture, left, top, cutWidth, cutHeight, x, y, width - 1, height);
  }
}

function drawBand(context: CanvasRenderingContext2D, scene: Scene, widthPx: number, palette: Palette): void {
  const { y, height } = ROWS.band;
  const { layout, view, untold } = scene;
  context.fillStyle = palette.sunken;
  context.fillRect(0, y, widthPx, height);
  context.fillStyle = palette.recorded;
  for (const { x, width } of layout.ranges) context.fillRect(x, y, width, height);
  for (const { x, width, isQuiet } of layout.gaps) {
    if (!isQuiet) hatch(context, { x, width }, { y, height }, palette.gap);
  }
  if (untold !== undefined) {
    const x = xOf(untold.fromMs, view, widthPx);
    context.globalAlpha = 0.45;
    context.fillStyle = palette.recorded;
    context.fillRect(x, y, xOf(untold.toMs, view, widthPx) - x, height);
    context.globalAlpha = 1;
  }
  context.fillStyle = palette.locked;
  for (const { x, width } of layout.locks) context.fillRect(x, y + height - 5, width, 5);
}

/** Slanted lines, so that a gap is told from what was recorded without its colour. */
function hatch(
  context: CanvasRenderingContext2D,
  { x, width }: Box,
  { y, height }: { y: number; height: number },
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.globalAlpha = 0.22;
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let left = Math.floor((x - height) / 7) * 7; left < x + width; left += 7) {
    context.moveTo(left, y + height);
    context.lineTo(left + height, y);
  }
  context.stroke();
  context.restore();
}

function drawEvents(context: CanvasRenderingContext2D, { layout }: Scene, palette: Palette): void {
  const { y, height } = ROWS.events;
  for (const { x, width, kind, isActive } of layout.events) {
    context.fillStyle = eventColour(kind, palette);
    context.globalAlpha = isActive ? 1 : 0.85;
    context.beginPath();
    context.roundRect(x, y, Math.max(4, width), height, 2);
    context.fill();
  }
  context.globalAlpha = 1;
}

function eventColour(kind: EventKind, palette: Palette): string {
  return kind === 'tamper' ? palette.danger : kind === 'input' ? palette.accent : palette.event;
}

function drawRuler(
  context: CanvasRenderingContext2D,
  { ticks, view }: Scene,
  widthPx: number,
  palette: Palette,
): void {
  const { y, height } = ROWS.ruler;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillStyle = palette.line;
  for (const { timeMs } of ticks) {
    context.fillRect(Math.round(xOf(timeMs, view, widthPx)), y + 4, 1, ROWS.band.y - y - 4);
  }
  let takenPx = 0;
  for (const tick of ticks) {
    const { timeMs, form } = tick;
    const text = tickText(tick);
    context.font = `${form === 'day' ? 650 : 450} 12px ${palette.font}`;
    context.fillStyle = form === 'day' ? palette.ink : palette.quiet;
    const textPx = context.measureText(text).width;
    const x = labelX(xOf(timeMs, view, widthPx), textPx, widthPx, takenPx);
    if (x === undefined) continue;
    context.fillText(text, x, y + height / 2);
    takenPx = x + textPx;
  }
}

function drawMarked(context: CanvasRenderingContext2D, marked: Box | undefined, palette: Palette): void {
  if (marked === undefined) return;
  const { y } = ROWS.events;
  const height = ROWS.band.y + ROWS.band.height - y;
  context.globalAlpha = 0.28;
  context.fillStyle = palette.ink;
  context.fillRect(marked.x, y, marked.width, height);
  context.globalAlpha = 1;
  context.fillRect(marked.x, y, 2, height);
  context.fillRect(marked.x + marked.width - 2, y, 2, height);
}

function drawLines(context: CanvasRenderingContext2D, scene: Scene, widthPx: number, palette: Palette): void {
  const { view, nowMs, headMs, pointedMs } = scene;
  const nowX = xOf(nowMs, view, widthPx);
  // What lies ahead is no time yet.
  if (nowX < widthPx) {
    context.globalAlpha = 0.5;
    context.fillStyle = palette.line;
    context.fillRect(nowX, ROWS.band.y, widthPx - nowX, ROWS.band.height);
    context.globalAlpha = 1;
  }
  if (pointedMs !== undefined) {
    context.fillStyle = palette.quiet;
    context.fillRect(Math.round(xOf(pointedMs, view, widthPx)), ROWS.events.y, 1, HEIGHT_PX - ROWS.events.y);
  }
  const headX = xOf(headMs, view, widthPx);
  if (headX < -8 || headX > widthPx + 8) return;
  context.fillStyle = palette.danger;
  context.fillRect(headX - 1, ROWS.events.y - 4, 2, HEIGHT_PX - ROWS.events.y + 4);
  context.beginPath();
  context.moveTo(headX - 7, ROWS.events.y - 6);
  context.lineTo(headX + 7, ROWS.events.y - 6);
  context.lineTo(headX, ROWS.events.y + 4);
  context.fill();
}
