import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { isDialogOpen } from '../cameras/dialogs.tsx';
import { dragged } from './drag.ts';
import { layoutDialog } from './layout-dialogs.tsx';
import { large, layout, page, turnLayout, turnTo, view } from './state.ts';
import { readStored, writeStored } from './stored.ts';
import { moving } from './tile-signals.ts';

export const TURN_SECONDS = [0, 10, 20, 30, 60] as const;
const STORED = 'sluice.wall.turn';

/** How often the wall goes on to its next page, or to the next saved wall; 0 is never. */
export const turnSeconds = signal<number>(
  readStored(STORED, (value) => TURN_SECONDS.find((one) => one === value)) ?? 0,
);

/** Turns the pages as long as the wall is seen and nobody is at work on it. */
export function useTurning(): void {
  const seconds = turnSeconds.value;
  useEffect(() => writeStored(STORED, seconds === 0 ? undefined : seconds), [seconds]);
  useEffect(() => {
    if (seconds === 0) return undefined;
    const timer = setInterval(() => {
      if (isBusy()) return;
      if (layout.value !== undefined) turnLayout();
      else if (view.value.pages > 1) turnTo(page.value + 1);
      else turnLayout();
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
}

function isBusy(): boolean {
  return (
    document.visibilityState === 'hidden' ||
    large.value !== undefined ||
    dragged.value !== undefined ||
    moving.value !== undefined ||
    layoutDialog.value !== undefined ||
    isDialogOpen() ||
    document.querySelector(':popover-open') !== null
  );
}
