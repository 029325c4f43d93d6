import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { dateTime } from '../../i18n/formats.ts';
import type { TimeSurface } from './surface.ts';
import { t } from './texts.ts';
import type { TimeModel } from './time-model.ts';

/** While it plays the value changes every second; it is said again when it was moved so far, or after so long. */
const SAY_AGAIN_MS = 5_000;

/** The drawing in it as a slider for who cannot see it; `textAt` says what there is at an instant. */
export function TimeSlider({
  model,
  surface,
  label,
  class: className,
  textAt,
  children,
}: {
  model: TimeModel;
  surface: TimeSurface;
  label: string;
  class: string;
  textAt: (timeMs: number) => string;
  children: ComponentChildren;
}) {
  const { fromMs, toMs } = model.view.value;
  const headMs = model.headSecondMs.value;
  const isLive = model.isLive.value;
  const spoken = useRef({ text: '', headMs: 0, isLive: false });
  const told = spoken.current;
  if (told.isLive !== isLive || told.text === '' || Math.abs(headMs - told.headMs) >= SAY_AGAIN_MS) {
    const text = isLive ? t('live') : `${dateTime(headMs)}, ${textAt(headMs)}`;
    spoken.current = { text, headMs, isLive };
  }
  return (
    <div
      ref={surface.slider}
      class={className}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-orientation="horizontal"
      aria-valuemin={Math.round(fromMs / 1000)}
      aria-valuemax={Math.round(toMs / 1000)}
      aria-valuenow={Math.round(Math.min(toMs, Math.max(fromMs, headMs)) / 1000)}
      aria-valuetext={spoken.current.text}
      onKeyDown={surface.onKeyDown}
    >
      {/* A slider hides from readers what is in it. */}
      {children}
    </div>
  );
}
