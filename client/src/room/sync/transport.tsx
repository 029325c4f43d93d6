import { lengthOf, moved } from '../camera/timeline/scale.ts';
import { dateTime, number } from '../i18n/formats.ts';
import { JumpForm } from '../recordings/jump-form.tsx';
import { SPEEDS } from '../recordings/speeds.ts';
import { Button, Choice, IconButton } from '../ui/index.ts';
import type { SyncModel } from './model.ts';
import { t } from './texts.ts';

export const JUMP_MS = 10_000;
const MINUTE_MS = 60_000;

/** The clock and what moves it. */
export function Transport({ model }: { model: SyncModel }) {
  const isLive = model.isLive.value;
  const isPaused = model.isPaused.value;
  return (
    <div class="sync-transport">
      <Button
        class="sync-live"
        aria-pressed={isLive}
        title={isLive ? t('is-live') : undefined}
        onClick={() => model.goLive()}
      >
        <span class="sync-live-dot" aria-hidden="true" />
        {t('live')}
      </Button>
      <IconButton icon="jump-back" label={t('back')} onClick={() => model.jump(-JUMP_MS)} />
      <IconButton icon="step-back" label={t('step-back')} onClick={() => model.step(-1)} />
      <IconButton
        class="sync-play"
        icon={isPaused ? 'play' : 'pause'}
        label={t(isPaused ? 'play' : 'pause')}
        onClick={() => model.togglePlay()}
      />
      <IconButton icon="step-forward" label={t('step-forward')} onClick={() => model.step(1)} />
      <IconButton icon="jump-forward" label={t('forward')} onClick={() => model.jump(JUMP_MS)} />
      <select
        class="sync-select"
        aria-label={t('speed')}
        title={t('speed')}
        value={model.speed.value}
        disabled={isLive}
        onChange={({ currentTarget }) => model.setSpeed(Number(currentTarget.value))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {number(speed, 2)}×
          </option>
        ))}
      </select>
      <Clock model={model} />
    </div>
  );
}

/** Apart, as it changes with every tick. */
function Clock({ model }: { model: SyncModel }) {
  const text = dateTime(model.headMs.value);
  return (
    <time class="sync-clock" role="timer" aria-live="off">
      {text}
    </time>
  );
}

/** Where in time: a date to go to, and how much is shown. */
export function TimeTools({ model }: { model: SyncModel }) {
  const view = model.view.value;
  const spans = [
    { value: 24 * 60 * MINUTE_MS, label: '1 d' },
    { value: 6 * 60 * MINUTE_MS, label: '6 h' },
    { value: 60 * MINUTE_MS, label: '1 h' },
    { value: 10 * MINUTE_MS, label: '10 min' },
    { value: MINUTE_MS, label: '1 min' },
  ];
  const shown = spans.find(({ value }) => Math.abs(value - lengthOf(view)) < value / 50)?.value;
  const step = (by: number): void => model.look(moved(view, by * lengthOf(view), model.nowMs.peek()));
  return (
    <div class="sync-tools">
      <JumpForm
        class="sync-jump"
        label={t('date-time')}
        button={t('go')}
        headMs={model.headSecondMs}
        onJump={(timeMs) => model.goTo(timeMs)}
      />
      <div class="sync-spans">
        <IconButton icon="back" label={t('earlier')} onClick={() => step(-0.8)} />
        <Choice
          label={t('shown-time')}
          options={spans}
          value={shown}
          onChoose={(spanMs) => model.span(spanMs)}
        />
        <IconButton icon="forward" label={t('later')} onClick={() => step(0.8)} />
        <IconButton icon="minus" label={t('zoom-out')} onClick={() => model.zoom(2)} />
        <IconButton icon="add" label={t('zoom-in')} onClick={() => model.zoom(0.5)} />
      </div>
    </div>
  );
}
