import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { lengthOf, moved } from '../camera/timeline/scale.ts';
import type { TimeModel } from '../camera/timeline/time-model.ts';
import { dateTime, number } from '../i18n/formats.ts';
import { texts } from '../i18n/index.ts';
import { Button, Choice, IconButton } from '../ui/index.ts';
import { JumpForm } from './jump-form.tsx';
import { SPEEDS } from './speeds.ts';
import './time-controls.css';

export const JUMP_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Time that is played as well as looked at: of one camera, or of several on one clock. */
export interface PlayedTime extends TimeModel {
  readonly isPaused: ReadonlySignal<boolean>;
  readonly speed: ReadonlySignal<number>;
  goLive(): void;
  goTo(timeMs: number): void;
  /** So many milliseconds forth or back. */
  jump(byMs: number): void;
  /** One picture forth (1) or back (-1). */
  step(direction: 1 | -1): void;
  togglePlay(): void;
  setSpeed(speed: number): void;
  /** So much time is shown from now on. */
  span(spanMs: number): void;
  zoom(factor: number): void;
}

const t = texts({
  en: {
    live: 'Live',
    'is-live': 'You are watching live',
    play: 'Play',
    pause: 'Pause',
    back: 'Back 10 seconds',
    forward: 'Forward 10 seconds',
    'step-back': 'One picture back',
    'step-forward': 'One picture forward',
    speed: 'Speed',
    'date-time': 'Date and time',
    go: 'Go',
    'shown-time': 'Shown time',
    earlier: 'Earlier',
    later: 'Later',
    'zoom-in': 'Show less time',
    'zoom-out': 'Show more time',
  },
  de: {
    live: 'Live',
    'is-live': 'Sie sehen live',
    play: 'Abspielen',
    pause: 'Anhalten',
    back: '10 Sekunden zurück',
    forward: '10 Sekunden vor',
    'step-back': 'Ein Bild zurück',
    'step-forward': 'Ein Bild vor',
    speed: 'Geschwindigkeit',
    'date-time': 'Datum und Uhrzeit',
    go: 'Los',
    'shown-time': 'Gezeigte Zeit',
    earlier: 'Früher',
    later: 'Später',
    'zoom-in': 'Weniger Zeit zeigen',
    'zoom-out': 'Mehr Zeit zeigen',
  },
});

/** Back to now, and whether one is there. */
export function LiveButton({ model }: { model: PlayedTime }) {
  const isLive = model.isLive.value;
  return (
    <Button
      class="time-live"
      aria-pressed={isLive}
      title={isLive ? t('is-live') : undefined}
      onClick={() => model.goLive()}
    >
      <span class="time-live-dot" aria-hidden="true" />
      {t('live')}
    </Button>
  );
}

/** Play, steps and speed. */
export function PlayButtons({ model }: { model: PlayedTime }) {
  const isLive = model.isLive.value;
  const isPaused = model.isPaused.value;
  return (
    <div class="time-group time-play-buttons">
      <IconButton icon="jump-back" label={t('back')} onClick={() => model.jump(-JUMP_MS)} />
      <IconButton icon="step-back" label={t('step-back')} onClick={() => model.step(-1)} />
      <IconButton
        class="time-play"
        icon={isPaused ? 'play' : 'pause'}
        label={t(isPaused ? 'play' : 'pause')}
        onClick={() => model.togglePlay()}
      />
      <IconButton icon="step-forward" label={t('step-forward')} onClick={() => model.step(1)} />
      <IconButton
        icon="jump-forward"
        label={t('forward')}
        disabled={isLive}
        onClick={() => model.jump(JUMP_MS)}
      />
      <select
        class="compact"
        aria-label={t('speed')}
        title={t('speed')}
        // There is no more of now than comes.
        disabled={isLive}
        value={String(model.speed.value)}
        onChange={({ currentTarget }) => model.setSpeed(Number(currentTarget.value))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={String(speed)}>
            {number(speed, 2)} ×
          </option>
        ))}
      </select>
    </div>
  );
}

/** The time of the picture; apart, as it changes with every second. */
export function Clock({ model }: { model: PlayedTime }) {
  const text = dateTime(model.headSecondMs.value);
  return (
    <time class="time-clock" role="timer" aria-live="off">
      {text}
    </time>
  );
}

/** A date to go to; `children` stand beside it. */
export function TimeJump({ model, children }: { model: PlayedTime; children?: ComponentChildren }) {
  return (
    <JumpForm
      class="time-jump"
      label={t('date-time')}
      button={t('go')}
      headMs={model.headSecondMs}
      onJump={(timeMs) => model.goTo(timeMs)}
    >
      {children}
    </JumpForm>
  );
}

/** How much time is shown, and which; `children` stand before it. */
export function TimeSpans({ model, children }: { model: PlayedTime; children?: ComponentChildren }) {
  const view = model.view.value;
  const spans = [
    { value: 7 * 24 * HOUR_MS, label: '7 d' },
    { value: 24 * HOUR_MS, label: '1 d' },
    { value: 6 * HOUR_MS, label: '6 h' },
    { value: HOUR_MS, label: '1 h' },
    { value: 10 * MINUTE_MS, label: '10 min' },
    { value: MINUTE_MS, label: '1 min' },
  ];
  const shown = spans.find(({ value }) => Math.abs(value - lengthOf(view)) < value / 50)?.value;
  const turn = (by: number): void => model.look(moved(view, by * lengthOf(view), model.nowMs.peek()));
  return (
    <div class="time-group time-spans time-bar-end">
      {children}
      <IconButton icon="back" label={t('earlier')} onClick={() => turn(-0.8)} />
      <Choice
        label={t('shown-time')}
        options={spans}
        value={shown}
        onChoose={(spanMs) => model.span(spanMs)}
      />
      <IconButton icon="forward" label={t('later')} onClick={() => turn(0.8)} />
      <IconButton icon="minus" label={t('zoom-out')} onClick={() => model.zoom(2)} />
      <IconButton icon="add" label={t('zoom-in')} onClick={() => model.zoom(0.5)} />
    </div>
  );
}
