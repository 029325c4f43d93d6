import { number } from '../i18n/formats.ts';
import { JumpForm } from '../recordings/jump-form.tsx';
import { SPEEDS } from '../recordings/speeds.ts';
import { Button, Choice, IconButton } from '../ui/index.ts';
import { DayPicker } from './day-picker.tsx';
import type { CameraModel } from './model.ts';
import { t } from './texts.ts';
import { lengthOf, moved } from './timeline/scale.ts';

const JUMP_MS = 10_000;
const MINUTE_MS = 60_000;

/** Buttons below the picture: live, play, steps, speed, sound, picture to keep, window. */
export function Transport({ model, onFullscreen }: { model: CameraModel; onFullscreen: () => void }) {
  const isLive = model.isLive.value;
  const isPaused = model.isPaused.value;
  return (
    <div class="camera-transport">
      <div class="camera-group">
        <Button
          class="camera-live"
          aria-pressed={isLive}
          title={isLive ? t('is-live') : undefined}
          onClick={() => model.goLive()}
        >
          <span class="camera-live-dot" aria-hidden="true" />
          {t('go-live')}
        </Button>
      </div>
      <div class="camera-group">
        <IconButton icon="jump-back" label={t('back')} onClick={() => model.jump(-JUMP_MS)} />
        <IconButton icon="step-back" label={t('step-back')} onClick={() => model.step(-1)} />
        <IconButton
          class="camera-play"
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
          class="camera-speed"
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
      <div class="camera-group camera-group-end">
        <IconButton
          icon={model.isMuted.value ? 'muted' : 'sound'}
          label={t(model.isMuted.value ? 'unmute' : 'mute')}
          onClick={() => model.toggleMuted()}
        />
        <IconButton icon="snapshot" label={t('snapshot')} onClick={() => void model.player?.saveSnapshot()} />
        {document.pictureInPictureEnabled ? (
          <IconButton icon="floating" label={t('floating')} onClick={() => void toggleFloating(model)} />
        ) : undefined}
        <IconButton icon="enlarge" label={t('fullscreen')} onClick={onFullscreen} />
      </div>
    </div>
  );
}

/** Where in time: a date to go to, a day to choose, how much is shown, marks. */
export function TimeTools({ model }: { model: CameraModel }) {
  const view = model.view.value;
  const spans = [
    { value: 7 * 24 * 60 * MINUTE_MS, label: `7 d` },
    { value: 24 * 60 * MINUTE_MS, label: '1 d' },
    { value: 6 * 60 * MINUTE_MS, label: '6 h' },
    { value: 60 * MINUTE_MS, label: '1 h' },
    { value: 10 * MINUTE_MS, label: '10 min' },
    { value: MINUTE_MS, label: '1 min' },
  ];
  const shown = spans.find(({ value }) => Math.abs(value - lengthOf(view)) < value / 50)?.value;
  return (
    <div class="camera-time-tools">
      <JumpForm
        class="camera-jump"
        label={t('date-time')}
        button={t('go')}
        headMs={model.headSecondMs}
        onJump={(timeMs) => model.goTo(timeMs)}
      >
        <DayPicker model={model} />
      </JumpForm>
      <div class="camera-group">
        <IconButton icon="mark-in" label={t('mark-in')} onClick={() => model.markIn()} />
        <IconButton icon="mark-out" label={t('mark-out')} onClick={() => model.markOut()} />
      </div>
      <div class="camera-group camera-group-end">
        <IconButton
          icon="back"
          label={t('earlier')}
          onClick={() => model.look(moved(view, -0.8 * lengthOf(view), model.nowMs.value))}
        />
        <Choice
          label={t('shown-time')}
          options={spans}
          value={shown}
          onChoose={(spanMs) => model.span(spanMs)}
        />
        <IconButton
          icon="forward"
          label={t('later')}
          onClick={() => model.look(moved(view, 0.8 * lengthOf(view), model.nowMs.value))}
        />
        <IconButton icon="minus" label={t('zoom-out')} onClick={() => model.zoom(2)} />
        <IconButton icon="add" label={t('zoom-in')} onClick={() => model.zoom(0.5)} />
      </div>
    </div>
  );
}

async function toggleFloating({ player }: CameraModel): Promise<void> {
  try {
    if (document.pictureInPictureElement !== null) await document.exitPictureInPicture();
    else await player?.video.requestPictureInPicture();
  } catch {
    // The page may not be allowed to; then there is nothing to do about it.
  }
}
