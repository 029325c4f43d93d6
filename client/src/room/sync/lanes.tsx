import { effect, type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { StreamId } from '../../../../shared/names.ts';
import { failureText } from '../api/failure-text.ts';
import { theme } from '../app/theme.ts';
import { paletteOf } from '../camera/timeline/draw.ts';
import { listenForGestures } from '../camera/timeline/gestures.ts';
import { lengthOf, timeAt, xOf, zoomed } from '../camera/timeline/scale.ts';
import { ticksOf } from '../camera/timeline/ticks.ts';
import { dateTime, timeOfDay } from '../i18n/formats.ts';
import { language } from '../i18n/index.ts';
import { Notice } from '../ui/index.ts';
import { drawLanes, heightOf, RULER_PX } from './draw-lanes.ts';
import type { Lane } from './lanes-reader.ts';
import type { SyncModel } from './model.ts';
import { nameOf } from './names.ts';
import { t } from './texts.ts';

const PX_PER_TICK = 84;
/** A key that is held down leads to one seek, not to thirty. */
const KEY_SEEK_MS = 350;
const STEP_MS = 10_000;

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
        if (lane?.kind !== 'failed') return undefined;
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
  const slider = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const widthPx = useSignal(0);
  const pointedX = useSignal<number | undefined>(undefined);
  const keys = useRef<{ ms: number | undefined; timer: ReturnType<typeof setTimeout> | undefined }>({
    ms: undefined,
    timer: undefined,
  });
  const count = model.chosen.value.length;
  useEffect(() => {
    const target = slider.current;
    if (target === null) return;
    const observer = new ResizeObserver(() => {
      widthPx.value = target.clientWidth;
    });
    observer.observe(target);
    const undo = listenForGestures(target, {
      view: () => model.view.peek(),
      nowMs: () => model.nowMs.peek(),
      look: (view) => model.look(view),
      scrub: (timeMs) => model.scrub(timeMs),
      drop: (timeMs) => model.drop(timeMs),
      cancel: () => model.cancel(),
      point: (x) => {
        pointedX.value = x;
      },
      scrubsAt: (y) => y >= RULER_PX,
    });
    return () => {
      observer.disconnect();
      undo();
    };
  }, [model]);
  useEffect(
    () => (canvas.current === null ? undefined : keepDrawn(canvas.current, model, { widthPx, pointedX })),
    [model],
  );
  useEffect(() => () => clearTimeout(keys.current.timer), []);
  useEffect(() => {
    slider.current?.style.setProperty('height', `${heightOf(count)}px`);
  }, [count]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const view = model.view.peek();
    const fromMs = keys.current.ms ?? model.headMs.peek();
    const factor = event.key === '+' || event.key === '=' ? 0.5 : event.key === '-' ? 2 : undefined;
    const target = factor === undefined ? keyTarget(event, fromMs, view) : undefined;
    if (factor === undefined && target === undefined) return;
    event.preventDefault();
    if (factor !== undefined) {
      const anchorMs = Math.min(view.toMs, Math.max(view.fromMs, fromMs));
      model.look(zoomed(view, factor, anchorMs, model.nowMs.peek()));
      return;
    }
    const timeMs = Math.round(Math.min(target ?? 0, model.nowMs.peek()));
    keys.current.ms = timeMs;
    model.scrub(timeMs);
    clearTimeout(keys.current.timer);
    keys.current.timer = setTimeout(() => {
      keys.current.ms = undefined;
      model.drop(timeMs);
    }, KEY_SEEK_MS);
  };

  return (
    <div class="sync-track">
      <Slider model={model} sliderRef={slider} canvasRef={canvas} onKeyDown={onKeyDown} />
      <Pointed model={model} x={pointedX} widthPx={widthPx} />
    </div>
  );
}

function Slider({
  model,
  sliderRef,
  canvasRef,
  onKeyDown,
}: {
  model: SyncModel;
  sliderRef: { current: HTMLDivElement | null };
  canvasRef: { current: HTMLCanvasElement | null };
  onKeyDown: (event: KeyboardEvent) => void;
}) {
  const { fromMs, toMs } = model.view.value;
  const headMs = Math.round(model.headMs.value / 1000) * 1000;
  const spoken = useRef({ text: '', headMs: 0, isLive: false });
  const isLive = model.isLive.value;
  const told = spoken.current;
  // While it plays the value changes every second; it is said again when it was moved, or after a while.
  if (told.isLive !== isLive || told.text === '' || Math.abs(headMs - told.headMs) >= 5_000) {
    const text = isLive ? t('live') : `${dateTime(headMs)}, ${recordedText(model, headMs)}`;
    spoken.current = { text, headMs, isLive };
  }
  return (
    <div
      ref={sliderRef}
      class="sync-slider"
      role="slider"
      tabIndex={0}
      aria-label={t('timeline')}
      aria-orientation="horizontal"
      aria-valuemin={Math.round(fromMs / 1000)}
      aria-valuemax={Math.round(toMs / 1000)}
      aria-valuenow={Math.round(Math.min(toMs, Math.max(fromMs, headMs)) / 1000)}
      aria-valuetext={spoken.current.text}
      onKeyDown={onKeyDown}
    >
      {/* A slider hides from readers what is in it. */}
      <canvas ref={canvasRef} class="sync-canvas" />
    </div>
  );
}

/** The time that is pointed at, and which cameras have something of it. */
function Pointed({
  model,
  x,
  widthPx,
}: {
  model: SyncModel;
  x: ReadonlySignal<number | undefined>;
  widthPx: ReadonlySignal<number>;
}) {
  const place = useRef<HTMLDivElement>(null);
  const pointed = x.value;
  const width = widthPx.value;
  const shownX = pointed === undefined ? 0 : Math.min(width - 90, Math.max(90, pointed));
  useEffect(() => place.current?.style.setProperty('--x', `${shownX}px`), [shownX, pointed === undefined]);
  if (pointed === undefined || width === 0) return null;
  const timeMs = timeAt(pointed, model.view.value, width);
  const isToday = timeMs > model.nowMs.value - 18 * 3_600_000;
  return (
    <div class="sync-pointed" ref={place}>
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

function keyTarget(
  event: KeyboardEvent,
  fromMs: number,
  view: { fromMs: number; toMs: number },
): number | undefined {
  const step = event.shiftKey ? 6 * STEP_MS : STEP_MS;
  const page = lengthOf(view) / 10;
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return fromMs - step;
    case 'ArrowRight':
    case 'ArrowUp':
      return fromMs + step;
    case 'PageDown':
      return fromMs - page;
    case 'PageUp':
      return fromMs + page;
    case 'Home':
      return view.fromMs;
    case 'End':
      return view.toMs;
    default:
      return undefined;
  }
}

/** Draws when something changed that can be seen, at most once a frame, until what this returns is called. */
function keepDrawn(
  canvas: HTMLCanvasElement,
  model: SyncModel,
  { widthPx, pointedX }: { widthPx: ReadonlySignal<number>; pointedX: ReadonlySignal<number | undefined> },
): () => void {
  const context = canvas.getContext('2d');
  if (context === null) return () => undefined;
  let planned = 0;
  const render = (): void => {
    planned = 0;
    const width = widthPx.peek();
    if (width === 0) return;
    const chosen = model.chosen.peek();
    const known = model.lanes.lanes.peek();
    const ratio = devicePixelRatio || 1;
    const [pixels, rows] = [Math.round(width * ratio), Math.round(heightOf(chosen.length) * ratio)];
    if (canvas.width !== pixels || canvas.height !== rows) {
      canvas.width = pixels;
      canvas.height = rows;
    }
    canvas.style.setProperty('height', `${heightOf(chosen.length)}px`);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const view = model.view.peek();
    const pointed = pointedX.peek();
    drawLanes(
      context,
      {
        view,
        lanes: chosen.map((id: StreamId) => known.get(id) ?? { kind: 'loading' }),
        ticks: ticksOf(view, Math.max(3, Math.floor(width / PX_PER_TICK))),
        headMs: model.headMs.peek(),
        nowMs: model.nowMs.peek(),
        pointedMs: pointed === undefined ? undefined : timeAt(pointed, view, width),
      },
      { widthPx: width, palette: paletteOf(document.documentElement) },
    );
  };
  const again = (): void => {
    if (planned === 0) planned = requestAnimationFrame(render);
  };
  const undo = effect(() => {
    const width = widthPx.value;
    const view = model.view.value;
    // A clock that goes on moves nothing until it is a pixel further.
    const pixel = (ms: number): number => Math.round(xOf(ms, view, width) * 2);
    void [pixel(model.headMs.value), pixel(model.nowMs.value)];
    for (const one of [model.lanes.lanes, model.chosen, pointedX, theme, language]) void one.value;
    again();
  });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', again);
  return () => {
    undo();
    dark.removeEventListener('change', again);
    cancelAnimationFrame(planned);
  };
}
