import { useEffect, useRef } from 'preact/hooks';
import { dateTime, timeOfDay } from '../../i18n/formats.ts';
import { instantOf, nearest, untoldOf } from './layout.ts';
import { lengthOf, timeAt } from './scale.ts';
import type { TimeSurface } from './surface.ts';
import { instantText } from './texts.ts';
import type { TimelineModel } from './time-model.ts';

/** Half an event's mark. */
const NEAR_PX = 4;
/** Of what is pointed at the small picture may be that far from it. */
const THUMBNAIL_REACH_MS = 15_000;

/** The time that is pointed at, what there is to say of it, and its small picture where one is kept. */
export function Pointed({
  model,
  surface: { pointedX, widthPx },
}: {
  model: TimelineModel;
  surface: TimeSurface;
}) {
  const place = useRef<HTMLDivElement>(null);
  const pointed = pointedX.value;
  const width = widthPx.value;
  const shownX = pointed === undefined ? 0 : Math.min(width - 84, Math.max(84, pointed));
  useEffect(() => place.current?.style.setProperty('--x', `${shownX}px`), [shownX, pointed === undefined]);
  if (pointed === undefined || width === 0) return null;
  const timeMs = timeAt(pointed, model.view.value, width);
  const pixelMs = lengthOf(model.view.value) / width;
  const timeline = model.timeline.value;
  const untold = untoldOf(timeline, { isRecording: model.isRecording.value, nowMs: model.nowMs.value });
  const instant = instantOf(timeMs, timeline, model.events.value, NEAR_PX * pixelMs, untold);
  void model.film.version.value;
  const keptMs = nearest(model.keptMs.value, timeMs);
  const isNear =
    keptMs !== undefined && Math.abs(keptMs - timeMs) < Math.max(THUMBNAIL_REACH_MS, 4 * pixelMs);
  if (isNear && instant.recorded === 'yes' && model.film.at(keptMs) === undefined)
    model.film.wantFirst(keptMs);
  const picture = isNear && instant.recorded === 'yes' ? model.film.at(keptMs) : undefined;
  const isToday = timeMs > model.nowMs.value - 18 * 3_600_000;
  return (
    <div class="pointed timeline-pointed" ref={place}>
      {picture === undefined ? undefined : <img src={picture.src} alt="" />}
      <strong>{isToday ? timeOfDay(timeMs) : dateTime(timeMs)}</strong>
      {timeMs > model.nowMs.value ? undefined : <span>{instantText(instant)}</span>}
    </div>
  );
}
