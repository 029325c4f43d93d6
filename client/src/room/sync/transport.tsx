import { Clock, LiveButton, PlayButtons, TimeJump, TimeSpans } from '../recordings/time-controls.tsx';
import type { SyncModel } from './model.ts';

/** The clock and what moves it. */
export function Transport({ model }: { model: SyncModel }) {
  return (
    <div class="time-bar">
      <LiveButton model={model} />
      <PlayButtons model={model} />
      <div class="time-bar-end">
        <Clock model={model} />
      </div>
    </div>
  );
}

/** Where in time: a date to go to, and how much is shown. */
export function TimeTools({ model }: { model: SyncModel }) {
  return (
    <div class="time-bar">
      <TimeJump model={model} />
      <TimeSpans model={model} />
    </div>
  );
}
