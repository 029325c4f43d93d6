import type { Palette } from '../camera/timeline/draw.ts';
import { layoutOf } from '../camera/timeline/layout.ts';
import { xOf } from '../camera/timeline/scale.ts';
import { labelX, tickText } from '../camera/timeline/tick-label.ts';
import type { Tick } from '../camera/timeline/ticks.ts';

import type { TimeSpan } from '../recordings/api.ts';
import type { Lane } from './lanes-reader.ts';

export const RULER_PX = 26;
export const LANE_PX = 26;
const BAR_PX = 16;
const BAR_TOP_PX = (LANE_PX - BAR_PX) / 2;

export interface LanesScene {
  readonly view: TimeSpan;
  readonly lanes: readonly Lane[];
  readonly ticks: readonly Tick[];
  readonly headMs: number;
  readonly nowMs: number;
  readonly pointedMs: number | undefined;
}

export const heightOf = (lanes: number): number => RULER_PX + Math.max(1, lanes) * LANE_PX;

/** Draws the ruler and a bar for each camera into a canvas of that width in CSS pixels. */
export function drawLanes(
  context: CanvasRenderingContext2D,
  scene: LanesScene,
  { widthPx, palette }: { widthPx: number; palette: Palette },
): void {
  const heightPx = heightOf(scene.lanes.length);
  context.clearRect(0, 0, widthPx, heightPx);
  for (const [index, lane] of scene.lanes.entries())
    drawLane(context, scene, lane, { index, widthPx, palette });
  drawRuler(context, scene, { widthPx, heightPx, palette });
  drawLines(context, scene, { widthPx, heightPx, palette });
}

function drawLane(
  context: CanvasRenderingContext2D,
  { view, nowMs }: LanesScene,
  lane: Lane,
  { index, widthPx, palette }: { index: number; widthPx: number; palette: Palette },
): void {
  const y = RULER_PX + index * LANE_PX + BAR_TOP_PX;
  context.fillStyle = palette.sunken;
  context.fillRect(0, y, widthPx, BAR_PX);
  if (lane.kind !== 'there') return;
  const marked = { fromMs: undefined, toMs: undefined };
  const layout = layoutOf({ view, widthPx, timeline: lane.timeline, events: [], marked, nowMs });
  context.fillStyle = palette.recorded;
  for (const { x, width } of layout.ranges) context.fillRect(x, y, width, BAR_PX);
  context.fillStyle = palette.gap;
  for (const { x, width, isQuiet } of layout.gaps) {
    // A thin line in the middle: told from what was recorded without its colour.
    if (!isQuiet) context.fillRect(x, y + BAR_PX / 2 - 1, width, 2);
  }
  context.fillStyle = palette.locked;
  for (const { x, width } of layout.locks) context.fillRect(x, y + BAR_PX - 3, width, 3);
}

function drawRuler(
  context: CanvasRenderingContext2D,
  { ticks, view }: LanesScene,
  { widthPx, heightPx, palette }: { widthPx: number; heightPx: number; palette: Palette },
): void {
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  let takenPx = 0;
  for (const tick of ticks) {
    const { timeMs, form } = tick;
    const x = xOf(timeMs, view, widthPx);
    const text = tickText(tick);
    context.globalAlpha = 0.6;
    context.fillStyle = palette.line;
    context.fillRect(Math.round(x), 4, 1, heightPx - 4);
    context.globalAlpha = 1;
    context.font = `${form === 'day' ? 650 : 450} 12px ${palette.font}`;
    context.fillStyle = form === 'day' ? palette.ink : palette.quiet;
    const textPx = context.measureText(text).width;
    const textX = labelX(x, textPx, widthPx, takenPx);
    if (textX === undefined) continue;
    context.fillText(text, textX, RULER_PX / 2);
    takenPx = textX + textPx;
  }
}

function drawLines(
  context: CanvasRenderingContext2D,
  { view, headMs, nowMs, pointedMs }: LanesScene,
  { widthPx, heightPx, palette }: { widthPx: number; heightPx: number; palette: Palette },
): void {
  const nowX = xOf(nowMs, view, widthPx);
  // What lies ahead is no time yet.
  if (nowX < widthPx) {
    context.globalAlpha = 0.5;
    context.fillStyle = palette.line;
    context.fillRect(Math.max(0, nowX), RULER_PX, widthPx - Math.max(0, nowX), heightPx - RULER_PX);
    context.globalAlpha = 1;
  }
  if (pointedMs !== undefined) {
    context.fillStyle = palette.quiet;
    context.fillRect(Math.round(xOf(pointedMs, view, widthPx)), RULER_PX - 4, 1, heightPx);
  }
  const headX = xOf(headMs, view, widthPx);
  if (headX < -8 || headX > widthPx + 8) return;
  context.fillStyle = palette.danger;
  context.fillRect(headX - 1, RULER_PX - 6, 2, heightPx);
  context.beginPath();
  context.moveTo(headX - 7, RULER_PX - 8);
  context.lineTo(headX + 7, RULER_PX - 8);
  context.lineTo(headX, RULER_PX + 2);
  context.fill();
}
