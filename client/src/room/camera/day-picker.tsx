import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { day } from '../i18n/formats.ts';
import { language } from '../i18n/index.ts';
import { readTimeline, type StreamKey } from '../recordings/api.ts';
import { Icon, IconButton } from '../ui/index.ts';
import type { CameraModel } from './model.ts';
import { t } from './texts.ts';
import { dayOf } from './timeline/scale.ts';
import './day-picker.css';

const DAY_KEYS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -7,
  ArrowDown: 7,
};

/** A month to choose a day from; days of which something was recorded are marked. */
export function DayPicker({ model }: { model: CameraModel }) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  // Gone with what is shown, or an Escape that comes right after would still be taken for it.
  useLayoutEffect(() => {
    if (!isOpen) return;
    const close = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    const onEscape = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      setOpen(false);
      button.current?.focus();
    };
    const place = root.current;
    document.addEventListener('pointerdown', close);
    place?.addEventListener('keydown', onEscape);
    return () => {
      document.removeEventListener('pointerdown', close);
      place?.removeEventListener('keydown', onEscape);
    };
  }, [isOpen]);
  return (
    <div class="day-picker" ref={root}>
      <button
        ref={button}
        type="button"
        class="icon-button"
        title={t('pick-day')}
        aria-label={t('pick-day')}
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="day" />
      </button>
      {isOpen ? (
        <Month
          model={model}
          onChosen={() => {
            setOpen(false);
            button.current?.focus();
          }}
        />
      ) : undefined}
    </div>
  );
}

function Month({ model, onChosen }: { model: CameraModel; onChosen: () => void }) {
  const [focusMs, setFocusMs] = useState(() => dayOf(model.headMs.peek()).fromMs);
  const [recorded, setRecorded] = useState<ReadonlySet<number>>(new Set());
  const grid = useRef<HTMLTableSectionElement>(null);
  const focus = new Date(focusMs);
  const firstMs = new Date(focus.getFullYear(), focus.getMonth(), 1).getTime();
  const nowMs = model.nowMs.peek();
  useEffect(() => {
    let isGone = false;
    void recordedDays(model.stream, firstMs).then((days) => {
      if (!isGone) setRecorded(days);
    });
    return () => {
      isGone = true;
    };
  }, [model, firstMs]);
  useEffect(() => {
    grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }, [focusMs]);

  const choose = (dayMs: number): void => {
    const first = firstRecorded(model, dayMs);
    model.span(24 * 3_600_000);
    model.goTo(first);
    onChosen();
  };
  const monthBy = (by: number): void =>
    setFocusMs(new Date(focus.getFullYear(), focus.getMonth() + by, 1).getTime());
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = Object.hasOwn(DAY_KEYS, event.key) ? DAY_KEYS[event.key] : undefined;
    if (by !== undefined) {
      event.preventDefault();
      setFocusMs(new Date(focus.getFullYear(), focus.getMonth(), focus.getDate() + by).getTime());
    } else if (event.key === 'PageUp' || event.key === 'PageDown') {
      event.preventDefault();
      monthBy(event.key === 'PageUp' ? -1 : 1);
    }
  };
  const monthName = new Intl.DateTimeFormat(language.value, { month: 'long', year: 'numeric' }).format(focus);
  return (
    <div class="day-picker-month" role="dialog" aria-label={t('pick-day')}>
      <div class="day-picker-head">
        <IconButton icon="back" label={t('previous-month')} onClick={() => monthBy(-1)} />
        <strong aria-live="polite">{monthName}</strong>
        <IconButton icon="forward" label={t('next-month')} onClick={() => monthBy(1)} />
      </div>
      <table>
        <thead>
          <tr>
            {weekdays().map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={grid} onKeyDown={onKeyDown}>
          {weeksOf(firstMs).map((week) => (
            <tr key={week[0]}>
              {week.map((dayMs) => {
                const date = new Date(dayMs);
                const isHere = date.getMonth() === focus.getMonth();
                return (
                  <td key={dayMs}>
                    {isHere ? (
                      <button
                        type="button"
                        class={recorded.has(dayMs) ? 'day-picker-day recorded' : 'day-picker-day'}
                        tabIndex={dayMs === focusMs ? 0 : -1}
                        disabled={dayMs > nowMs}
                        aria-current={dayMs === dayOf(nowMs).fromMs ? 'date' : undefined}
                        aria-label={recorded.has(dayMs) ? t('day-recorded', { day: day(dayMs) }) : day(dayMs)}
                        onClick={() => choose(dayMs)}
                      >
                        {date.getDate()}
                      </button>
                    ) : undefined}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Where a day's recording begins, as far as that is known; else its midnight, from where the player finds what is next. */
function firstRecorded(model: CameraModel, dayMs: number): number {
  const { toMs } = dayOf(dayMs);
  const range = model.timeline.peek()?.ranges.find(({ start, end }) => end > dayMs && start < toMs);
  return Math.max(dayMs, range?.start ?? dayMs);
}

/** Monday first, as most of the world has it. */
function weeksOf(firstMs: number): number[][] {
  const first = new Date(firstMs);
  const lead = (first.getDay() + 6) % 7;
  const days = new Date(first.getFullYear(), first.getMonth() + 1, 0).getDate();
  const weeks: number[][] = [];
  for (let offset = -lead; offset < days; offset += 7) {
    weeks.push(
      Array.from({ length: 7 }, (_, index) =>
        new Date(first.getFullYear(), first.getMonth(), 1 + offset + index).getTime(),
      ),
    );
  }
  return weeks;
}

function weekdays(): string[] {
  const format = new Intl.DateTimeFormat(language.value, { weekday: 'short', timeZone: 'UTC' });
  // 1 January 2024 was a Monday.
  return Array.from({ length: 7 }, (_, index) => format.format(Date.UTC(2024, 0, 1 + index)));
}

/** Beginnings of the days of a month of which something was recorded. In two, as a month may be longer than one may ask. */
async function recordedDays(stream: StreamKey, firstMs: number): Promise<ReadonlySet<number>> {
  const first = new Date(firstMs);
  const middleMs = new Date(first.getFullYear(), first.getMonth(), 16).getTime();
  const endMs = new Date(first.getFullYear(), first.getMonth() + 1, 1).getTime();
  const answers = await Promise.all([
    readTimeline(stream, { fromMs: firstMs, toMs: middleMs }),
    readTimeline(stream, { fromMs: middleMs, toMs: endMs }),
  ]);
  const ranges = answers.flatMap((answer) => (answer.ok ? answer.value.ranges : []));
  const days = new Set<number>();
  for (let one = dayOf(firstMs); one.fromMs < endMs; one = dayOf(one.toMs)) {
    if (ranges.some(({ start, end }) => end > one.fromMs && start < one.toMs)) days.add(one.fromMs);
  }
  return days;
}
