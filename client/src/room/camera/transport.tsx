import { Clock, LiveButton, PlayButtons, TimeJump, TimeSpans } from '../recordings/time-controls.tsx';
import { IconButton } from '../ui/index.ts';
import { DayPicker } from './day-picker.tsx';
import type { CameraModel } from './model.ts';
import { t } from './texts.ts';

/** Buttons below the picture: live, play, steps, speed, sound, picture to keep, window. A camera that is gone has no now. */
export function Transport({
  model,
  isGone,
  onFullscreen,
}: {
  model: CameraModel;
  isGone: boolean;
  onFullscreen: () => void;
}) {
  return (
    <div class="time-bar camera-transport">
      {isGone ? undefined : <LiveButton model={model} />}
      <PlayButtons model={model} />
      {model.isLive.value ? undefined : <Clock model={model} />}
      <div class="time-group time-bar-end">
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
  return (
    <div class="time-bar">
      <TimeJump model={model}>
        <DayPicker model={model} />
      </TimeJump>
      <TimeSpans model={model}>
        <IconButton icon="mark-in" label={t('mark-in')} onClick={() => model.markIn()} />
        <IconButton icon="mark-out" label={t('mark-out')} onClick={() => model.markOut()} />
      </TimeSpans>
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
