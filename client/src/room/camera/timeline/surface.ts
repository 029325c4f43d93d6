import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { listenForGestures } from './gestures.ts';
import { useTimeKeys } from './keys.ts';
import type { TimeModel } from './time-model.ts';

/** What a drawing of time needs to be used by mouse, finger and keyboard. */
export interface TimeSurface {
  /** For the element that is pointed at. */
  readonly slider: RefObject<HTMLDivElement | null>;
  readonly widthPx: ReadonlySignal<number>;
  /** Where in it the mouse is. */
  readonly pointedX: ReadonlySignal<number | undefined>;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** `scrubsAt`: see `GestureHost`. */
export function useTimeSurface(model: TimeModel, scrubsAt?: (y: number) => boolean): TimeSurface {
  const slider = useRef<HTMLDivElement>(null);
  const widthPx = useSignal(0);
  const pointedX = useSignal<number | undefined>(undefined);
  const onKeyDown = useTimeKeys(model);
  useEffect(() => {
    const target = slider.current;
    if (target === null) return;
    const measure = (): void => {
      widthPx.value = target.clientWidth;
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    const undo = listenForGestures(target, {
      view: () => model.view.peek(),
      nowMs: () => model.nowMs.peek(),
      look: (view) => model.look(view),
      scrub: (timeMs) => model.scrub(timeMs),
      drop: (timeMs) => model.drop(timeMs),
      cancel: () => model.cancel(),
      point: (x) => {
        pointedX.value = x;
      },
      ...(scrubsAt === undefined ? {} : { scrubsAt }),
    });
    return () => {
      observer.disconnect();
      undo();
    };
  }, [model]);
  return { slider, widthPx, pointedX, onKeyDown };
}
