import type { Quality } from '../../../../shared/signaling.ts';
import { clockText } from '../play-times.ts';
import type { PlayerState } from '../player-state.ts';
import type { QualityChoice } from '../quality.ts';
import { needsKeyFrames, SPEEDS, speedText } from '../speed.ts';
import type { TextKey, Translate } from '../texts.ts';
import { Icon, IconButton } from './icon.tsx';
import type { ViewActions, ViewModel } from './model.ts';
import { SeekBar } from './seek-bar.tsx';

const STATES: Readonly<Record<PlayerState, TextKey>> = {
  idle: 'stateIdle',
  connecting: 'stateConnecting',
  playing: 'live',
  paused: 'statePaused',
  waiting: 'stateWaiting',
  reconnecting: 'stateReconnecting',
  ended: 'stateEnded',
  failed: 'stateFailed',
};

export interface PartProps {
  readonly model: ViewModel;
  readonly actions: ViewActions;
  readonly t: Translate;
}

/** A player that is off screen pauses by itself and needs no button to go on. */
export function isStopped({ shown: { state, reason } }: ViewModel): boolean {
  return state === 'idle' || state === 'ended' || (state === 'paused' && reason === undefined);
}

interface ControlsProps extends PartProps {
  readonly menuOpen: boolean;
  setMenuOpen(open: boolean): void;
}

export function Controls({ model, actions, t, menuOpen, setMenuOpen }: ControlsProps) {
  const { recorded, muted, fullscreen, playhead } = model;
  const stopped = isStopped(model);
  const seekable = recorded || playhead !== undefined;
  return (
    <fieldset class="controls" part="controls" aria-label={t('controls')} hidden={!model.controls}>
      {seekable ? <SeekBar label={t('seek')} playhead={playhead} onSeek={actions.seek} /> : undefined}
      <IconButton
        name={stopped ? 'play' : 'pause'}
        label={t(stopped ? 'play' : 'pause')}
        onClick={() => actions.do('toggle-play')}
      />
      {seekable ? (
        <IconButton name="back" class="skip" label={t('back')} onClick={() => actions.do('back')} />
      ) : undefined}
      {recorded ? (
        <IconButton name="forward" class="skip" label={t('forward')} onClick={() => actions.do('forward')} />
      ) : undefined}
      <IconButton
        name={muted ? 'muted' : 'sound'}
        label={t(muted ? 'unmute' : 'mute')}
        onClick={() => actions.do('toggle-muted')}
      />
      <Badge model={model} t={t} />
      {recorded ? (
        <button
          type="button"
          class="live-button"
          aria-label={t('backToLive')}
          onClick={() => actions.do('go-live')}
        >
          <span class="long">{t('backToLive')}</span>
          <span class="short">Live</span>
        </button>
      ) : undefined}
      {recorded ? <SpeedChoice model={model} actions={actions} t={t} /> : undefined}
      <IconButton
        name="camera"
        class="wide"
        label={t('snapshot')}
        onClick={() => actions.do('save-snapshot')}
      />
      <IconButton
        name="more"
        class="more"
        label={t('more')}
        aria-expanded={menuOpen}
        onClick={() => setMenuOpen(!menuOpen)}
      />
      <IconButton
        name={fullscreen ? 'leaveFullscreen' : 'enterFullscreen'}
        label={t(fullscreen ? 'leaveFullscreen' : 'fullscreen')}
        onClick={() => actions.do('toggle-fullscreen')}
      />
    </fieldset>
  );
}

/** `LIVE`, another state, or the time of what is recorded. */
function Badge({ model: { shown, recorded, playhead }, t }: Pick<PartProps, 'model' | 't'>) {
  if (recorded) return <span class="badge">{playhead === undefined ? '' : clockText(playhead.timeMs)}</span>;
  return <span class={shown.state === 'playing' ? 'badge live' : 'badge'}>{t(STATES[shown.state])}</span>;
}

function SpeedChoice({ model: { speed }, actions, t }: PartProps) {
  const offered = SPEEDS.includes(speed) ? SPEEDS : [...SPEEDS, speed].sort((one, other) => one - other);
  return (
    <select
      class="speed"
      aria-label={t('speed')}
      title={t('speed')}
      value={String(speed)}
      onChange={({ currentTarget }) => actions.setSpeed(Number(currentTarget.value))}
    >
      {offered.map((one) => (
        <option
          key={one}
          value={String(one)}
          title={needsKeyFrames(one) ? t('speedSound', { speed: speedText(one) }) : undefined}
        >
          {speedText(one)}
        </option>
      ))}
    </select>
  );
}

/** What is wanted less often, and on a small screen what has no room. */
export function Menu({ model, actions, t, close }: PartProps & { close(): void }) {
  const run = (work: () => void) => () => {
    close();
    work();
  };
  const { recorded, qualities } = model;
  return (
    <fieldset class="menu" aria-label={t('more')}>
      {qualities.offered.length > 1 ? <QualityChoices model={model} actions={actions} t={t} /> : undefined}
      {recorded ? (
        <div class="pair">
          <IconButton name="frameBack" label={t('frameBack')} onClick={() => actions.do('frame-back')} />
          <IconButton
            name="frameForward"
            label={t('frameForward')}
            onClick={() => actions.do('frame-forward')}
          />
        </div>
      ) : undefined}
      <MenuItem name="camera" text={t('snapshot')} onClick={run(() => actions.do('save-snapshot'))} />
      {document.pictureInPictureEnabled ? (
        <MenuItem name="floating" text={t('floating')} onClick={run(() => actions.do('toggle-floating'))} />
      ) : undefined}
      <MenuItem name="figures" text={t('figures')} onClick={run(() => actions.do('toggle-stats'))} />
      <MenuItem name="keyboard" text={t('keys')} onClick={run(() => actions.do('toggle-help'))} />
    </fieldset>
  );
}

function MenuItem({
  name,
  text,
  onClick,
}: {
  name: Parameters<typeof Icon>[0]['name'];
  text: string;
  onClick(): void;
}) {
  return (
    <button type="button" class="item" onClick={onClick}>
      <Icon name={name} />
      {text}
    </button>
  );
}

const QUALITY_TEXTS: Readonly<Record<QualityChoice, TextKey>> = {
  auto: 'qualityAuto',
  main: 'qualityMain',
  sub: 'qualitySub',
};

function QualityChoices({ model: { quality, qualities }, actions, t }: PartProps) {
  const choices: readonly QualityChoice[] = [
    'auto',
    ...(['main', 'sub'] as const satisfies readonly Quality[]),
  ];
  return (
    <fieldset class="choices" aria-label={t('quality')}>
      {choices
        .filter((choice) => choice === 'auto' || qualities.offered.includes(choice))
        .map((choice) => (
          <button
            key={choice}
            type="button"
            aria-pressed={choice === quality}
            onClick={() => actions.setQuality(choice)}
          >
            {t(QUALITY_TEXTS[choice])}
          </button>
        ))}
    </fieldset>
  );
}
