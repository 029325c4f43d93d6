import { useEffect, useRef, useState } from 'preact/hooks';
import type { SluicePlayer } from '../../player/index.ts';
import type { StreamKey } from '../recordings/api.ts';
import { fromLocalIso, localIso } from '../recordings/times.ts';
import { Button, Dialog, Field } from '../ui/index.ts';
import { nameOf, spanText } from './names.ts';
import { t } from './texts.ts';

/** What is to be played; Unix milliseconds. */
export interface RecordedPiece extends StreamKey {
  readonly startMs: number;
  /** Where it ends; else it goes on to the newest there is. */
  readonly endMs?: number;
  /** One may go to anything from here on … */
  readonly first: number;
  /** … up to here. */
  readonly last: number;
}

/** Plays recorded time in place; the camera may be gone. */
export function PlayRecording({ piece, onClose }: { piece: RecordedPiece; onClose: () => void }) {
  const { app, name, startMs, endMs = piece.last, first, last } = piece;
  const player = useRef<SluicePlayer>(null);
  const field = useRef<HTMLInputElement>(null);
  const [error, setError] = useState('');
  const [beginMs, setBeginMs] = useState(startMs);
  useEffect(() => player.current?.play(), []);
  const jump = (): void => {
    const askedMs = fromLocalIso(field.current?.value ?? '');
    setError(askedMs === undefined ? t('jump-wrong') : '');
    if (askedMs === undefined) return;
    const toMs = Math.min(Math.max(askedMs, first), last - 1);
    // Within the playlist that is open it is quicker to go there.
    if (toMs >= beginMs) player.current?.seek(toMs);
    else setBeginMs(toMs);
  };
  return (
    <Dialog title={nameOf(piece)} wide onClose={onClose}>
      <sluice-player
        ref={player}
        class="exports-player"
        src={`/${app}/${name}`}
        mode="hls"
        start-time={beginMs}
        end-time={endMs}
        autoplay
        controls
      />
      <form
        class="exports-jump"
        onSubmit={(event) => {
          event.preventDefault();
          jump();
        }}
      >
        <Field
          label={t('jump-to')}
          hint={spanText(first, last)}
          error={error}
          control={(ids) => (
            <input
              {...ids}
              ref={field}
              type="datetime-local"
              step="1"
              min={localIso(first)}
              max={localIso(last)}
              defaultValue={localIso(startMs)}
            />
          )}
        />
        <Button type="submit">{t('jump')}</Button>
      </form>
      <div class="form-actions">
        <Button onClick={onClose}>{t('close')}</Button>
      </div>
    </Dialog>
  );
}
