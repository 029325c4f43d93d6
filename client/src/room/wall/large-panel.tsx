import { useEffect, useState } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import type { SluicePlayer } from '../../player/index.ts';
import { hrefOf } from '../app/router.ts';
import { factsLine, notesOf, viewersText } from '../store/facts.ts';
import { Icon } from '../ui/index.ts';
import { t } from './texts.ts';
import type { TileState } from './tile-state.ts';

const REFRESH_MS = 2_000;

/** What is to be known of the enlarged camera, below its picture. */
export function LargePanel({
  status,
  player,
  state,
}: {
  status: StreamStatus;
  player: { readonly current: SluicePlayer | null };
  state: TileState;
}) {
  const fallback = useFallback(player);
  const facts = [factsLine(status), viewersText(status.viewers)].filter((part) => part !== '');
  const hint = state.kind === 'live' ? state.hint?.message : undefined;
  const notes = [
    fallback === undefined ? undefined : t('over-hls', { why: fallback }),
    hint === fallback ? undefined : hint,
    ...notesOf(status),
  ].filter((note) => note !== undefined);
  return (
    <div class="wall-about">
      <p class="wall-facts">{facts.join(' · ')}</p>
      <a class="button small primary" href={hrefOf({ page: 'camera', app: status.app, name: status.name })}>
        <Icon name="exports" />
        {t('open')}
      </a>
      {notes.length === 0 ? undefined : (
        <ul class="wall-notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Why HLS is played although WebRTC was wanted. */
function useFallback(ref: { readonly current: SluicePlayer | null }): string | undefined {
  const [fallback, setFallback] = useState<string>();
  useEffect(() => {
    const ask = async (): Promise<void> => {
      const stats = await ref.current?.stats;
      setFallback(stats?.fallback?.message);
    };
    void ask();
    const timer = setInterval(() => void ask(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return fallback;
}
