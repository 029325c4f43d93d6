import { useRef, useState } from 'preact/hooks';
import { clockText } from '../play-times.ts';
import type { Playhead } from '../playback-engine.ts';

/** Fine enough for a frame of an hour, and a number that sliders take. */
const STEP_S = 0.04;

interface SeekBarProps {
  readonly label: string;
  readonly playhead: Playhead | undefined;
  onSeek(timeMs: number): void;
}

/** The slider of a recorded time. Dragging shows the time it leads to, and goes there when it is let go. */
export function SeekBar({ label, playhead, onSeek }: SeekBarProps) {
  const root = useRef<HTMLDivElement>(null);
  const [draggedS, setDragged] = useState<number>();
  const [pointedS, setPointed] = useState<number>();
  const lengthS = playhead?.lengthS ?? 0;
  const positionS = draggedS ?? playhead?.positionS ?? 0;
  const bubbleS = draggedS ?? pointedS;
  const percent = (atS: number): string => `${Math.min(100, Math.max(0, (atS / (lengthS || 1)) * 100))}%`;
  const bubble = playhead !== undefined && lengthS > 0 && bubbleS !== undefined;
  return (
    <div
      ref={root}
      class="seek"
      style={{ '--played': percent(positionS), '--pointed': percent(bubbleS ?? 0) }}
    >
      <input
        type="range"
        aria-label={label}
        aria-valuetext={playhead === undefined ? '' : clockText(playhead.timeAt(positionS))}
        min={0}
        max={lengthS}
        step={STEP_S}
        value={positionS}
        disabled={playhead === undefined}
        onInput={({ currentTarget }) => setDragged(currentTarget.valueAsNumber)}
        onChange={({ currentTarget }) => {
          if (playhead !== undefined) onSeek(playhead.timeAt(currentTarget.valueAsNumber));
          setDragged(undefined);
        }}
        onPointerMove={({ currentTarget, pointerType, clientX }) => {
          if (pointerType !== 'mouse') return;
          const { left, width } = currentTarget.getBoundingClientRect();
          setPointed(((clientX - left) / width) * lengthS);
        }}
        onPointerLeave={() => setPointed(undefined)}
      />
      <output class="bubble" hidden={!bubble}>
        {bubble ? clockText(playhead.timeAt(Math.min(lengthS, Math.max(0, bubbleS)))) : ''}
      </output>
    </div>
  );
}
