import { effect, type ReadonlySignal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { CameraEvent } from '../../../../../shared/events.ts';
import type { RecordingTimeline } from '../../../../../shared/recording.ts';
import { theme } from '../../app/theme.ts';
import { dateTime, timeOfDay } from '../../i18n/formats.ts';
import { language } from '../../i18n/index.ts';
import type { TimeSpan } from '../../recordings/api.ts';
import { draw, HEIGHT_PX, paletteOf } from './draw.ts';
import type { Film } from './film.ts';
import { listenForGestures } from './gestures.ts';
import { filmCells, instantOf, layoutOf, type Marked, nearest } from './layout.ts';
import { lengthOf, timeAt, zoomed } from './scale.ts';
import { instantText, t } from './texts.ts';
import { ticksOf } from './ticks.ts';
import './timeline.css';

const PX_PER_TICK = 84;
const CELL_PX = 84;
/** A key that is held down leads to one seek, not to thirty. */
const KEY_SEEK_MS = 350;
const STEP_MS = 10_000;
/** Half an event's mark. */
const NEAR_PX = 4;
/** Of what is pointed at the small picture may be that far from it. */
const THUMBNAIL_REACH_MS = 15_000;

/** What a time line shows, and whom it tells what is done on it. Times are Unix milliseconds. */
export interface TimelineModel {
  readonly view: ReadonlySignal<TimeSpan>;
  readonly nowMs: ReadonlySignal<number>;
  /** Where the picture is, or is being dragged to. */
  readonly headMs: ReadonlySignal<number>;
  /** The same, to the second. */
  readonly headSecondMs: ReadonlySignal<number>;
  readonly isLive: ReadonlySignal<boolean>;
  readonly isRecording: ReadonlySignal<boolean>;
  readonly timeline: ReadonlySignal<RecordingTimeline | undefined>;
  readonly events: ReadonlySignal<readonly CameraEvent[]>;
  /** Times of which small pictures are kept, oldest first. */
  readonly keptMs: ReadonlySignal<readonly number[]>;
  readonly marked: ReadonlySignal<Marked>;
  readonly film: Film;
  /** The view is moved or zoomed. */
  look(view: TimeSpan): void;
  scrub(timeMs: number): void;
  drop(timeMs: number): void;
  cancel(): void;
}

/** What was recorded and what was not, what was locked and what happened, along a stretch of time of any length. */
export function Timeline({ model, label }: { model: TimelineModel; label: string }) {
  const slider = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const widthPx = useSignal(0);
  const pointedX = useSignal<number | undefined>(undefined);
  const keyTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const keyMs = useSignal<number | undefined>(undefined);

  useEffect(() => {
    const target = slider.current;
    if (target === null) return;
    const measure = (): void => {
      widthPx.value = target.clientWidth;
    };
    measure();
    const observer = new ResizeObserver(measure);
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
  useEffect(() => () => clearTimeout(keyTimer.current), []);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const view = model.view.peek();
    const nowMs = model.nowMs.peek();
    const factor = event.key === '+' || event.key === '=' ? 0.5 : event.key === '-' ? 2 : undefined;
    const fromMs = keyMs.peek() ?? model.headMs.peek();
    if (factor !== undefined) {
      event.preventDefault();
      model.look(zoomed(view, factor, Math.min(view.toMs, Math.max(view.fromMs, fromMs)), nowMs));
      return;
    }
    const target = keyTarget(event, fromMs, view);
    if (target === undefined) return;
    event.preventDefault();
    const timeMs = Math.round(Math.min(target, nowMs));
    keyMs.value = timeMs;
    model.scrub(timeMs);
    clearTimeout(keyTimer.current);
    keyTimer.current = setTimeout(() => {
      keyMs.value = undefined;
      model.drop(timeMs);
    }, KEY_SEEK_MS);
  };

  return (
    <div class="timeline">
      <TimelineSlider model={model} label={label} sliderRef={slider} onKeyDown={onKeyDown}>
        <canvas ref={canvas} class="timeline-canvas" />
      </TimelineSlider>
      <Pointed model={model} x={pointedX} widthPx={widthPx} />
    </div>
  );
}

function TimelineSlider({
  model,
  label,
  sliderRef,
  onKeyDown,
  children,
}: {
  model: TimelineModel;
  label: string;
  sliderRef: { current: HTMLDivElement | null };
  onKeyDown: (event: KeyboardEvent) => void;
  children: ComponentChildren;
}) {
  const { fromMs, toMs } = model.view.value;
  const headMs = model.headSecondMs.value;
  const spoken = useRef({ text: '', headMs: 0, isLive: false });
  const isLive = model.isLive.value;
  const told = spoken.current;
  // While it plays the value changes every second; it is said again when it was moved, or after a while.
  if (told.isLive !== isLive || told.text === '' || Math.abs(headMs - told.headMs) >= 5_000) {
    const instant = instantOf(headMs, model.timeline.peek(), model.events.peek(), 0);
    const text = isLive ? t('live') : `${dateTime(headMs)}, ${instantText(instant)}`;
    spoken.current = { text, headMs, isLive };
  }
  return (
    <div
      ref={sliderRef}
      class="timeline-slider"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-orientation="horizontal"
      aria-valuemin={Math.round(fromMs / 1000)}
      aria-valuemax={Math.round(toMs / 1000)}
      aria-valuenow={Math.round(Math.min(toMs, Math.max(fromMs, headMs)) / 1000)}
      aria-valuetext={spoken.current.text}
      onKeyDown={onKeyDown}
    >
      {children}
    </div>
  );
}

/** The time that is pointed at, what there is to say of it, and its small picture where one is kept. */
function Pointed({
  model,
  x,
  widthPx,
}: {
  model: TimelineModel;
  x: ReadonlySignal<number | undefined>;
  widthPx: ReadonlySignal<number>;
}) {
  const place = useRef<HTMLDivElement>(null);
  const pointed = x.value;
  const width = widthPx.value;
  const shownX = pointed === undefined ? 0 : Math.min(width - 84, Math.max(84, pointed));
  useEffect(() => place.current?.style.setProperty('--x', `${shownX}px`), [shownX, pointed === undefined]);
  if (pointed === undefined || width === 0) return null;
  const timeMs = timeAt(pointed, model.view.value, width);
  const pixelMs = lengthOf(model.view.value) / width;
  const instant = instantOf(timeMs, model.timeline.value, model.events.value, NEAR_PX * pixelMs);
  void model.film.version.value;
  const keptMs = nearest(model.keptMs.value, timeMs);
  const isNear =
    keptMs !== undefined && Math.abs(keptMs - timeMs) < Math.max(THUMBNAIL_REACH_MS, 4 * pixelMs);
  if (isNear && instant.recorded === 'yes' && model.film.at(keptMs) === undefined)
    model.film.wantFirst(keptMs);
  const picture = isNear && instant.recorded === 'yes' ? model.film.at(keptMs) : undefined;
  const isToday = timeMs > model.nowMs.value - 18 * 3_600_000;
  return (
    <div class="timeline-pointed" ref={place}>
      {picture === undefined ? undefined : <img src={picture.src} alt="" />}
      <strong>{isToday ? timeOfDay(timeMs) : dateTime(timeMs)}</strong>
      {timeMs > model.nowMs.value ? undefined : <span>{instantText(instant)}</span>}
    </div>
  );
}

function keyTarget(event: KeyboardEvent, fromMs: number, view: TimeSpan): number | undefined {
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

/** Draws when something changed, at most once a frame, for as long as nobody calls what this returns. */
function keepDrawn(
  canvas: HTMLCanvasElement,
  model: TimelineModel,
  { widthPx, pointedX }: { widthPx: ReadonlySignal<number>; pointedX: ReadonlySignal<number | undefined> },
): () => void {
  const context = canvas.getContext('2d');
  if (context === null) return () => undefined;
  let planned = 0;
  let wanted = '';
  const render = (): void => {
    planned = 0;
    const width = widthPx.peek();
    if (width === 0) return;
    const ratio = devicePixelRatio || 1;
    const [pixels, rows] = [Math.round(width * ratio), Math.round(HEIGHT_PX * ratio)];
    if (canvas.width !== pixels || canvas.height !== rows) {
      canvas.width = pixels;
      canvas.height = rows;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
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
        isRecording: model.isRecording.peek(),
      },
      { widthPx: width, palette: paletteOf(document.documentElement) },
    );
    const times = cells.map(({ atMs }) => atMs);
    const key = times.join();
    if (key === wanted) return;
    wanted = key;
    model.film.want(times);
  };
  const undo = effect(() => {
    // Whatever of these changes, it is to be drawn again.
    for (const one of [
      ...[model.view, model.nowMs, model.headMs, model.isRecording, model.timeline, model.events],
      ...[model.keptMs, model.marked, model.film.version, widthPx, pointedX, theme, language],
    ]) {
      void one.value;
    }
    if (planned === 0) planned = requestAnimationFrame(render);
  });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const again = (): void => {
    if (planned === 0) planned = requestAnimationFrame(render);
  };
  dark.addEventListener('change', again);
  return () => {
    undo();
    dark.removeEventListener('change', again);
    cancelAnimationFrame(planned);
  };
}
