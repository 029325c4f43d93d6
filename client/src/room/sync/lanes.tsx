import { useEffect, useRef } from 'preact/hooks';
import { failureText } from '../api/failure-text.ts';
import { paletteOf } from '../camera/timeline/draw.ts';
import { keepDrawn } from '../camera/timeline/keep-drawn.ts';
import { timeAt, xOf } from '../camera/timeline/scale.ts';
import { type TimeSurface, useTimeSurface } from '../camera/timeline/surface.ts';
import { ticksOf } from '../camera/timeline/ticks.ts';
import { TimeSlider } from '../camera/timeline/time-slider.tsx';
import { dateTime, timeOfDay } from '../i18n/formats.ts';
import { isToldAbove } from '../store/streams.ts';
import { Notice } from '../ui/index.ts';
import { drawLanes, heightOf, RULER_PX } from './draw-lanes.ts';
import type { Lane } from './lanes-reader.ts';
import type { SyncModel } from './model.ts';
import { nameOf } from './names.ts';
import { t } from './texts.ts';

const PX_PER_TICK = 84;

/** What was recorded of each camera, one below the other on one scale, to be pointed at, dragged and zoomed. */
export function Lanes({ model }: { model: SyncModel }) {
  const chosen = model.chosen.value;
  const lanes = model.lanes.lanes.value;
  return (
    <div class="sync-lanes">
      <ul class="sync-lane-names" aria-hidden="true">
        {chosen.map((id) => (
          <li key={id}>{nameOf(id)}</li>
        ))}
      </ul>
      <Track model={model} />
      {chosen.map((id) => {
        const lane = lanes.get(id);
        if (lane?.kind !== 'failed' || isToldAbove(lane.failure)) return undefined;
        const message = failureText(lane.failure);
        return (
          <Notice key={id} kind="trouble">
            {t('timeline-trouble', { camera: nameOf(id), message })}
          </Notice>
        );
      })}
    </div>
  );
}

function Track({ model }: { model: SyncModel }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useTimeSurface(model, (y) => y >= RULER_PX);
  const count = model.chosen.value.length;
  useEffect(() => (canvas.current === null ? undefined : drawTrack(canvas.current, model, surface)), [model]);
  useEffect(() => {
    for (const one of [surface.slider, canvas])
      one.current?.style.setProperty('height', `${heightOf(count)}px`);
  }, [count]);
  return (
    <div class="sync-track">
      <TimeSlider
        class="sync-slider"
        model={model}
        surface={surface}
        label={t('timeline')}
        textAt={(timeMs) => recordedText(model, timeMs)}
      >
        <canvas ref={canvas} class="sync-canvas" />
      </TimeSlider>
      <Pointed model={model} surface={surface} />
    </div>
  );
}

function drawTrack(
  canvas: HTMLCanvasElement,
  model: SyncModel,
  { widthPx, pointedX }: TimeSurface,
): () => void {
  return keepDrawn(canvas, {
    follow: () => {
      const width = widthPx.value;
      const view = model.view.value;
      // A clock that goes on moves nothing until it is a pixel further.
      const pixel = (ms: number): number => Math.round(xOf(ms, view, width) * 2);
      void [pixel(model.headMs.value), pixel(model.nowMs.value)];
      for (const one of [model.lanes.lanes, model.chosen, pointedX]) void one.value;
    },
    sizePx: () => ({ width: widthPx.peek(), height: heightOf(model.chosen.peek().length) }),
    draw: (context, width) => {
      const known = model.lanes.lanes.peek();
      const view = model.view.peek();
      const pointed = pointedX.peek();
      drawLanes(
        context,
        {
          view,
          lanes: model.chosen.peek().map((id) => known.get(id) ?? { kind: 'loading' }),
          ticks: ticksOf(view, Math.max(3, Math.floor(width / PX_PER_TICK))),
          headMs: model.headMs.peek(),
          nowMs: model.nowMs.peek(),
          pointedMs: pointed === undefined ? undefined : timeAt(pointed, view, width),
        },
        { widthPx: width, palette: paletteOf(document.documentElement) },
      );
    },
  });
}

/** The time that is pointed at, and which cameras have something of it. */
function Pointed({ model, surface: { pointedX, widthPx } }: { model: SyncModel; surface: TimeSurface }) {
  const place = useRef<HTMLDivElement>(null);
  const pointed = pointedX.value;
  const width = widthPx.value;
  const shownX = pointed === undefined ? 0 : Math.min(width - 90, Math.max(90, pointed));
  useEffect(() => place.current?.style.setProperty('--x', `${shownX}px`), [shownX, pointed === undefined]);
  if (pointed === undefined || width === 0) return null;
  const timeMs = timeAt(pointed, model.view.value, width);
  const isToday = timeMs > model.nowMs.value - 18 * 3_600_000;
  return (
    <div class="pointed" ref={place}>
      <strong>{isToday ? timeOfDay(timeMs) : dateTime(timeMs)}</strong>
      {timeMs > model.nowMs.value ? undefined : <span>{recordedText(model, timeMs)}</span>}
    </div>
  );
}

/** `recorded: Front door, Yard`. */
function recordedText(model: SyncModel, timeMs: number): string {
  const names = [...model.lanes.lanes.value]
    .filter(([, lane]) => hasRecorded(lane, timeMs))
    .map(([id]) => nameOf(id));
  return names.length === 0 ? t('recorded-none') : t('recorded', { cameras: names.join(', ') });
}

function hasRecorded(lane: Lane, timeMs: number): boolean {
  return (
    lane.kind === 'there' && lane.timeline.ranges.some(({ start, end }) => timeMs >= start && timeMs < end)
  );
}
