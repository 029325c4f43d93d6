import { useSignal } from '@preact/signals';
import { type CameraEvent, EVENT_KINDS, type EventKind } from '../../../../shared/events.ts';
import { dateTime, timeOfDay } from '../i18n/formats.ts';
import { durationText, localIso } from '../recordings/times.ts';
import { Notice } from '../ui/index.ts';
import { eventKind, eventText } from './event-texts.ts';
import type { CameraModel } from './model.ts';
import { t } from './texts.ts';
import { type Gap, isQuiet } from './timeline/layout.ts';
import { lengthOf } from './timeline/scale.ts';
import { gapText } from './timeline/texts.ts';
import './happenings.css';

const MAX_SHOWN = 120;
/** What led to it is shown too. */
const LEAD_MS = 3_000;
/** Gaps that are no wider on the time line are not worth a line. */
const MIN_GAP_SHARE = 1 / 1000;

type Happening =
  | { readonly kind: 'event'; readonly atMs: number; readonly event: CameraEvent }
  | { readonly kind: 'gap'; readonly atMs: number; readonly gap: Gap };

/** What happened in the shown time, newest first: events, and why nothing was recorded; a click goes there. */
export function Happenings({ model }: { model: CameraModel }) {
  const chosen = useSignal<EventKind | 'gap' | 'all'>('all');
  const view = model.view.value;
  const events = model.events.value.filter(
    ({ start, end, isActive }) => start < view.toMs && (isActive || (end ?? start) >= view.fromMs),
  );
  const gaps = (model.timeline.value?.gaps ?? []).filter(
    (gap) =>
      gap.end > view.fromMs &&
      gap.start < view.toMs &&
      !isQuiet(gap) &&
      gap.end - gap.start >= lengthOf(view) * MIN_GAP_SHARE,
  );
  const all: Happening[] = [
    ...events.map((event) => ({ kind: 'event' as const, atMs: event.start, event })),
    ...gaps.map((gap) => ({ kind: 'gap' as const, atMs: gap.start, gap })),
  ];
  const kinds = EVENT_KINDS.filter((kind) => events.some((event) => event.kind === kind));
  const shown = all
    .filter(
      (one) =>
        chosen.value === 'all' ||
        (one.kind === 'gap' ? chosen.value === 'gap' : one.event.kind === chosen.value),
    )
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, MAX_SHOWN);
  const { trouble } = model.footage;
  return (
    <section class="camera-happenings" aria-label={t('events')}>
      {trouble.value === undefined ? undefined : <Notice kind="trouble">{trouble.value}</Notice>}
      {kinds.length + (gaps.length > 0 ? 1 : 0) > 1 ? (
        <label>
          <span class="unseen">{t('kind-filter')}</span>
          <select
            class="compact"
            value={chosen.value}
            onChange={({ currentTarget }) => {
              chosen.value = currentTarget.value as EventKind | 'gap' | 'all';
            }}
          >
            <option value="all">{t('all-kinds')}</option>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {eventKind(kind)}
              </option>
            ))}
            {gaps.length === 0 ? undefined : <option value="gap">{t('gaps')}</option>}
          </select>
        </label>
      ) : undefined}
      {shown.length === 0 ? <p class="quiet">{emptyText(model)}</p> : undefined}
      <ul class="happenings">
        {shown.map((one) => (
          <li key={one.kind === 'event' ? one.event.id : `gap ${one.gap.start}`}>
            {one.kind === 'event' ? (
              <EventButton model={model} event={one.event} />
            ) : (
              // Where it ends there is a picture again.
              <button class="happening gap" type="button" onClick={() => model.goTo(one.gap.end)}>
                <span class="happening-mark" aria-hidden="true" />
                <span>{gapText(one.gap)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function EventButton({ model, event }: { model: CameraModel; event: CameraEvent }) {
  const { start, end, isActive, kind } = event;
  const isToday = localIso(start).slice(0, 10) === localIso(model.nowMs.peek()).slice(0, 10);
  const length = isActive
    ? t('event-active')
    : end === undefined || end - start < 1000
      ? ''
      : durationText(end - start);
  return (
    <button class="happening" data-kind={kind} type="button" onClick={() => model.goTo(start - LEAD_MS)}>
      <span class="happening-mark" aria-hidden="true" />
      <span class="happening-time">{isToday ? timeOfDay(start) : dateTime(start)}</span>
      <span class="happening-what">{eventText(event)}</span>
      <span class="happening-length">{length}</span>
    </button>
  );
}

function emptyText(model: CameraModel): string {
  const timeline = model.timeline.value;
  const view = model.view.value;
  const isRecorded = timeline?.ranges.some(({ start, end }) => end > view.fromMs && start < view.toMs);
  return t(timeline !== undefined && isRecorded !== true ? 'nothing-recorded' : 'no-events');
}
