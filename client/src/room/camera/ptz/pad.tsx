import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PtzStatus } from '../../../../../shared/onvif.ts';
import { Button, Icon, IconButton, type IconName, Notice, toast } from '../../ui/index.ts';
import type { CameraModel } from '../model.ts';
import { placeInPicture, stickVector, type Vector } from './hold.ts';
import type { Steering } from './steering.ts';
import { t } from './texts.ts';
import './ptz.css';

const STILL: Vector = { pan: 0, tilt: 0, zoom: 0 };
const KEY_SPEED = 0.6;
const ZOOM_SPEED = 0.6;
const KEYS: Readonly<Record<string, Vector>> = {
  ArrowLeft: { ...STILL, pan: -KEY_SPEED },
  ArrowRight: { ...STILL, pan: KEY_SPEED },
  ArrowUp: { ...STILL, tilt: KEY_SPEED },
  ArrowDown: { ...STILL, tilt: -KEY_SPEED },
  '+': { ...STILL, zoom: ZOOM_SPEED },
  '-': { ...STILL, zoom: -ZOOM_SPEED },
};

/** What a camera with motors can: move while held, zoom, home, centre by a click, positions. */
export function PtzPad({ steering, model }: { steering: Steering; model: CameraModel }) {
  const status = steering.status.value;
  if (status === undefined) return <p class="quiet">{steering.trouble.value ?? t('asking')}</p>;
  const { can } = status;
  return (
    <section class="ptz" aria-label={t('steer')}>
      {steering.trouble.value === undefined ? undefined : (
        <Notice kind="trouble">{steering.trouble.value}</Notice>
      )}
      {model.isLive.value ? undefined : <p class="quiet">{t('not-live')}</p>}
      <div class="ptz-row">
        {can.panTilt && can.continuous ? <Stick steering={steering} /> : undefined}
        <div class="ptz-buttons">
          {can.zoom && can.continuous ? (
            <>
              <HoldButton steering={steering} icon="add" label={t('zoom-in')} zoom={ZOOM_SPEED} />
              <HoldButton steering={steering} icon="minus" label={t('zoom-out')} zoom={-ZOOM_SPEED} />
            </>
          ) : undefined}
          {can.home ? (
            <IconButton
              icon="home"
              class="ptz-button"
              label={t('home')}
              onClick={() => void steering.send({ action: 'home' })}
            />
          ) : undefined}
        </div>
      </div>
      {can.centre ? (
        <Button
          class="small"
          aria-pressed={steering.isCentring.value}
          onClick={() => steering.toggleCentring()}
        >
          {t('centre')}
        </Button>
      ) : undefined}
      {can.presets ? <Presets steering={steering} presets={status.presets} /> : undefined}
    </section>
  );
}

/** A stick: how far it is pulled is how fast the camera moves. */
function Stick({ steering }: { steering: Steering }) {
  const pad = useRef<HTMLButtonElement>(null);
  const knob = useRef<HTMLSpanElement>(null);
  const put = (right: number, down: number): void => {
    knob.current?.style.setProperty('transform', `translate(${right}px, ${down}px)`);
  };
  const release = (): void => {
    put(0, 0);
    steering.hold.release();
  };
  const follow = (event: PointerEvent): void => {
    if (pad.current === null) return;
    const { left, top, width, height } = pad.current.getBoundingClientRect();
    const radius = width / 2;
    const [right, down] = [event.clientX - left - width / 2, event.clientY - top - height / 2];
    const scale = Math.min(1, (radius * 0.62) / Math.max(1, Math.hypot(right, down)));
    put(right * scale, down * scale);
    steering.hold.hold(stickVector(right, down, radius));
  };
  useReleaseOnLeave(release);
  return (
    <button
      ref={pad}
      type="button"
      class="ptz-stick"
      aria-label={t('stick')}
      title={t('stick')}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onLostPointerCapture={release}
      onBlur={release}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        const vector = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : undefined;
        if (vector === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        steering.hold.hold(vector);
      }}
      onKeyUp={(event) => {
        if (Object.hasOwn(KEYS, event.key)) release();
      }}
    >
      <span class="ptz-arrows" aria-hidden="true">
        <i>▲</i>
        <i>▶</i>
        <i>▼</i>
        <i>◀</i>
      </span>
      <span ref={knob} class="ptz-knob" aria-hidden="true" />
    </button>
  );
}

/** Zooms for as long as it is held, by finger, mouse or the space bar. */
function HoldButton({
  steering,
  icon,
  label,
  zoom,
}: {
  steering: Steering;
  icon: IconName;
  label: string;
  zoom: number;
}) {
  const release = (): void => steering.hold.release();
  const hold = (): void => steering.hold.hold({ ...STILL, zoom });
  useReleaseOnLeave(release);
  return (
    <button
      type="button"
      class="icon-button ptz-button"
      aria-label={label}
      title={label}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        hold();
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onLostPointerCapture={release}
      onBlur={release}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (event.key !== ' ' && event.key !== 'Enter') return;
        event.preventDefault();
        hold();
      }}
      onKeyUp={release}
    >
      <Icon name={icon} />
    </button>
  );
}

/** A window that loses the focus tells of no key or finger that is lifted. */
function useReleaseOnLeave(release: () => void): void {
  const latest = useRef(release);
  latest.current = release;
  useEffect(() => {
    const leave = (): void => latest.current();
    addEventListener('blur', leave);
    document.addEventListener('visibilitychange', leave);
    return () => {
      removeEventListener('blur', leave);
      document.removeEventListener('visibilitychange', leave);
      leave();
    };
  }, []);
}

function Presets({ steering, presets }: { steering: Steering; presets: PtzStatus['presets'] }) {
  const name = useSignal('');
  const keep = async (): Promise<void> => {
    const preset = name.value.trim();
    if (preset === '' || !(await steering.keepPreset(preset))) return;
    name.value = '';
    toast(t('preset-saved', { preset }));
  };
  return (
    <div class="ptz-presets">
      <h2>{t('presets')}</h2>
      {presets.length === 0 ? <p class="quiet">{t('no-presets')}</p> : undefined}
      <ul aria-label={t('presets')}>
        {presets.map(({ token, name: title }) => (
          <li key={token}>
            <Button
              class="small"
              aria-label={t('go-to', { preset: title || token })}
              onClick={() => void steering.send({ action: 'preset', token })}
            >
              {title || token}
            </Button>
            <IconButton
              icon="bin"
              label={t('remove-preset', { preset: title || token })}
              onClick={() => void steering.forgetPreset(token)}
            />
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void keep();
        }}
      >
        <input
          class="compact"
          type="text"
          maxLength={64}
          aria-label={t('preset-name')}
          placeholder={t('preset-name')}
          value={name.value}
          onInput={({ currentTarget }) => {
            name.value = currentTarget.value;
          }}
        />
        <Button type="submit" class="small" disabled={name.value.trim() === ''}>
          {t('save-preset')}
        </Button>
      </form>
    </div>
  );
}

/** Lies over the picture while a click into it steers. */
export function CentringLayer({ steering, model }: { steering: Steering; model: CameraModel }) {
  if (!steering.isCentring.value || !model.isLive.value) return null;
  return (
    <button
      type="button"
      class="ptz-centring"
      aria-label={t('centre-on')}
      onClick={(event) => {
        const video = model.player?.video;
        if (video === undefined) return;
        const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
        // By key it is pressed nowhere: the middle is there already.
        if (event.detail === 0) return;
        const place = placeInPicture(
          { x: event.clientX - left, y: event.clientY - top },
          { width, height },
          { width: video.videoWidth, height: video.videoHeight },
        );
        if (place !== undefined) void steering.send({ action: 'centre', ...place });
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') steering.toggleCentring();
      }}
    >
      <span>{t('centre-on')}</span>
    </button>
  );
}
