import { useSignal } from '@preact/signals';
import { EVENT_KINDS, type EventKind } from '../../../../shared/events.ts';
import { number, shortTime, timeOfDay } from '../i18n/formats.ts';
import { durationText } from '../recordings/times.ts';
import { Notice } from '../ui/index.ts';
import { eventKind, eventText } from './event-texts.ts';
import { MAX_EVENTS } from './footage.ts';
import type { CameraModel } from './model.ts';
import { t } from './texts.ts';
import { type Bundle, bundlesOf } from './timeline/bundles.ts';
import { type Gap, isQuiet } from './timeline/layout.ts';
import { lengthOf } from './timeline/scale.ts';
import { gapText } from './timeline/texts.ts';
import './happenings.css';

const MAX_SHOWN = 120;
/** From so many on, what happened again and again is one line. */
const BUNDLE_FROM = 30;
/** Of the shown time: what lies no further apart belongs together then, but for no longer than this. */
const APART_SHARE = 1 / 60;
const SPREAD_SHARE = 1 / 24;
/** What led to it is shown too. */
const LEAD_MS = 3_000;
/** Gaps that are no wider on the time line are not worth a line. */
const MIN_GAP_SHARE = 1 / 1000;

type Happening =
  | { readonly kind: 'event'; readonly atMs: number; readonly bundle: Bundle }
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
  const apartMs = lengthOf(view) * APART_SHARE;
  const spreadMs = events.length < BUNDLE_FROM ? 0 : lengthOf(view) * SPREAD_SHARE;
  const bundles = bundlesOf(events, { apartMs, spreadMs }, model.nowMs.peek());
  const all: Happening[] = [
    ...bundles.map((bundle) => ({ kind: 'event' as const, atMs: bundle.startMs, bundle })),
    ...gaps.map((gap) => ({ kind: 'gap' as const, atMs: gap.start, gap })),
  ];
  const kinds = EVENT_KINDS.filter((kind) => events.some((event) => event.kind === kind));
  const shown = all
    .filter(
      (one) =>
        chosen.value === 'all' ||
        (one.kind === 'gap' ? chosen.value === 'gap' : one.bundle.kind === chosen.value),
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
      {shown.length === 0 ? <p class="quiet">{t('no-events')}</p> : undefined}
      <ul class="happenings">
        {shown.map((one) => (
          <li key={one.kind === 'event' ? one.bundle.first.id : `gap ${one.gap.start}`}>
            {one.kind === 'event' ? (
              <EventButton model={model} bundle={one.bundle} />
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
      {shown.length >= MAX_SHOWN || model.events.value.length >= MAX_EVENTS ? (
        <p class="quiet">{t('more-events')}</p>
      ) : undefined}
    </section>
  );
}

function EventButton({ model, bundle }: { model: CameraModel; bundle: Bundle }) {
  const { first, count, startMs, endMs, isActive, kind } = bundle;
  const length = isActive ? t('event-active') : endMs - startMs < 1000 ? '' : durationText(endMs - startMs);
  const nowMs = model.nowMs.peek();
  const time = shortTime(startMs, nowMs);
  return (
    <button class="happening" data-kind={kind} type="button" onClick={() => model.goTo(startMs - LEAD_MS)}>
      <span class="happening-mark" aria-hidden="true" />
      <span class="happening-time">
        {count === 1 ? time : `${toMinute(time)} – ${toMinute(timeOfDay(endMs))}`}
      </span>
      <span class="happening-what">{eventText(first)}</span>
      <span class="happening-length">{count === 1 ? length : `× ${number(count)}`}</span>
    </button>
  );
}

/** All times end with their seconds. */
function toMinute(time: string): string {
  return time.slice(0, -':00'.length);
}
