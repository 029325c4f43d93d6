import { useEffect, useRef } from 'preact/hooks';
import { draw, HEIGHT_PX, paletteOf } from './draw.ts';
import { keepDrawn } from './keep-drawn.ts';
import { filmCells, instantOf, layoutOf, untoldOf } from './layout.ts';
import { Pointed } from './pointed.tsx';
import { timeAt } from './scale.ts';
import { type TimeSurface, useTimeSurface } from './surface.ts';
import { instantText } from './texts.ts';
import { ticksOf } from './ticks.ts';
import type { TimelineModel } from './time-model.ts';
import { TimeSlider } from './time-slider.tsx';
import './timeline.css';

const PX_PER_TICK = 84;
const CELL_PX = 84;

/** What was recorded and what was not, what was locked and what happened, along a stretch of time of any length. */
export function Timeline({ model, label }: { model: TimelineModel; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useTimeSurface(model);
  useEffect(
    () => (canvas.current === null ? undefined : drawTimeline(canvas.current, model, surface)),
    [model],
  );
  return (
    <div class="timeline">
      <TimeSlider
        class="timeline-slider"
        model={model}
        surface={surface}
        label={label}
        textAt={(timeMs) => textAt(timeMs, model)}
      >
        <canvas ref={canvas} class="timeline-canvas" />
      </TimeSlider>
      <Pointed model={model} surface={surface} />
    </div>
  );
}

function textAt(timeMs: number, model: TimelineModel): string {
  const timeline = model.timeline.peek();
  const untold = untoldOf(timeline, { isRecording: model.isRecording.peek(), nowMs: model.nowMs.peek() });
  return instantText(instantOf(timeMs, timeline, model.events.peek(), 0, untold));
}

function drawTimeline(
  canvas: HTMLCanvasElement,
  model: TimelineModel,
  { widthPx, pointedX }: TimeSurface,
): () => void {
  let wanted = '';
  return keepDrawn(canvas, {
    follow: () => {
      for (const one of [
        ...[model.view, model.nowMs, model.headMs, model.isRecording, model.timeline, model.events],
        ...[model.keptMs, model.marked, model.film.version, widthPx, pointedX],
      ]) {
        void one.value;
      }
    },
    sizePx: () => ({ width: widthPx.peek(), height: HEIGHT_PX }),
    draw: (context, width) => {
      const view = model.view.peek();
      const nowMs = model.nowMs.peek();
      const timeline = model.timeline.peek();
      const events = model.events.peek();
      const cells = filmCells(view, width, CELL_PX, model.keptMs.peek());
      const pointed = pointedX.peek();
      draw(
        context,
        {
          view,
          layout: layoutOf({ view, widthPx: width, timeline, events, marked: model.marked.peek(), nowMs }),
          ticks: ticksOf(view, Math.max(3, Math.floor(width / PX_PER_TICK))),
          cells: cells.map((cell) => ({ ...cell, picture: model.film.at(cell.atMs) })),
          headMs: model.headMs.peek(),
          nowMs,
          pointedMs: pointed === undefined ? undefined : timeAt(pointed, view, width),
          untold: untoldOf(timeline, { isRecording: model.isRecording.peek(), nowMs }),
        },
        { widthPx: width, palette: paletteOf(document.documentElement) },
      );
      const times = cells.map(({ atMs }) => atMs);
      const key = times.join();
      if (key === wanted) return;
      wanted = key;
      model.film.want(times);
    },
  });
}
