import { useEffect, useRef, useState } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import type { SluicePlayer } from '../../player/index.ts';
import { waitText } from '../cameras/wait-text.ts';
import { askSoon, idOf, reach } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Icon, IconButton } from '../ui/index.ts';
import { dragged } from './drag.ts';
import { LargePanel } from './large-panel.tsx';
import { canArrange, enlarge, enlargeNext, shrink } from './state.ts';
import { t } from './texts.ts';
import { TileMenu } from './tile-menu.tsx';
import { heard } from './tile-signals.ts';
import { type PlayerLook, posterOf, type Reason, type TileState, tileState } from './tile-state.ts';

/** One camera of the wall. */
export function Tile({ status, index, isLarge }: { status: StreamStatus; index: number; isLarge: boolean }) {
  const id = idOf(status);
  const title = titleOf(status);
  const player = useRef<SluicePlayer>(null);
  const look = usePlayer(player, id);
  const state = tileState(status, look, reach.value.kind === 'away');
  const drag = dragged.value;
  const [poster] = useState(() => posterOf(status));
  const { recorder } = status;
  return (
    <li
      class={`wall-tile ${isLarge ? 'large' : ''}`}
      data-place={index}
      data-stream={id}
      data-state={state.kind}
      data-dragged={drag?.from === index}
      data-over={drag !== undefined && drag.from !== drag.over && drag.over === index}
    >
      <div class="wall-picture" data-movable={canArrange.value && !isLarge}>
        <sluice-player
          ref={player}
          src={`/${id}`}
          server={document.baseURI}
          muted
          autoplay
          poster={poster}
          bare={!isLarge}
          controls={isLarge}
          quality={isLarge ? 'main' : 'auto'}
        />
        {/* The enlarged one speaks for itself. */}
        {isLarge ? undefined : <Cover state={state} />}
      </div>
      <div class="wall-caption">
        <h2 title={id}>{title}</h2>
        <span class="wall-state" data-state={state.kind}>
          {t(state.kind)}
        </span>
        {recorder.state === 'recording' || recorder.state === 'waiting' ? (
          <span
            class="wall-recorder"
            data-state={recorder.state}
            title={
              recorder.state === 'waiting'
                ? t('recording-waits', { why: recorder.reason?.message ?? '' })
                : t('recording')
            }
          >
            REC
          </span>
        ) : undefined}
        <span class="wall-tools">
          {isLarge ? (
            <>
              <IconButton icon="back" label={t('before')} onClick={() => enlargeNext(-1)} />
              <IconButton icon="forward" label={t('after')} onClick={() => enlargeNext(1)} />
              <TileMenu status={status} index={index} player={player} isLarge />
              <IconButton icon="close" label={t('shrink')} class="wall-shrink" onClick={shrink} />
            </>
          ) : (
            <>
              <IconButton
                icon="enlarge"
                class="wall-enlarge"
                label={t('enlarge', { camera: title })}
                onClick={() => enlarge(id)}
              />
              <TileMenu status={status} index={index} player={player} isLarge={false} />
            </>
          )}
        </span>
      </div>
      {isLarge ? <LargePanel status={status} player={player} state={state} /> : undefined}
    </li>
  );
}

/** What the player does, as it says itself; and sound for one camera alone. */
function usePlayer(ref: { readonly current: SluicePlayer | null }, id: string): PlayerLook | undefined {
  const [look, setLook] = useState<PlayerLook>();
  useEffect(() => {
    const player = ref.current;
    if (player === null) return undefined;
    const undo = new AbortController();
    const { signal: ended } = undo;
    const update = (): void => setLook({ state: player.state, reason: player.reason });
    player.addEventListener(
      'statechange',
      () => {
        update();
        askSoon();
      },
      { signal: ended },
    );
    update();
    player.video?.addEventListener(
      'volumechange',
      () => {
        if (!player.muted) heard.value = id;
        else if (heard.value === id) heard.value = undefined;
      },
      { signal: ended },
    );
    const unsubscribe = heard.subscribe((one) => {
      if (one !== id && player.muted === false) player.muted = true;
    });
    return () => {
      undo.abort();
      unsubscribe();
      if (heard.value === id) heard.value = undefined;
    };
  }, [id]);
  return look;
}

/** What is said instead of a picture, or over the last one. */
function Cover({ state }: { state: TileState }) {
  const words = coverWords(state);
  if (words === undefined) return null;
  const busy = state.kind === 'connecting';
  return (
    <div class={`wall-cover ${busy ? 'busy' : ''}`} title={words.detail}>
      {busy ? <span class="wall-spinner" /> : <Icon name={state.kind === 'failed' ? 'alert' : 'camera'} />}
      <strong>{words.title}</strong>
      {words.todo === '' ? undefined : <p>{words.todo}</p>}
    </div>
  );
}

interface CoverWords {
  readonly title: string;
  readonly todo: string;
  /** All that the gateway says, for the tooltip. */
  readonly detail: string;
}

function coverWords(state: TileState): CoverWords | undefined {
  switch (state.kind) {
    case 'live':
    case 'paused':
      return undefined;
    case 'away':
      return { title: t('away'), todo: t('away-todo'), detail: '' };
    case 'connecting':
      return {
        title: t(state.reason?.code === 'AWAITING_KEY_FRAME' ? 'connecting-key' : 'connecting'),
        todo: '',
        detail: state.reason?.message ?? '',
      };
    case 'waiting':
    case 'failed':
      return reasonWords(state.reason, t(state.kind === 'failed' ? 'failed' : 'waiting-camera'));
  }
}

function reasonWords(reason: Reason | undefined, otherwise: string): CoverWords {
  if (reason === undefined) return { title: otherwise, todo: '', detail: '' };
  const known = waitText(reason.code);
  if (known !== undefined) return { ...known, detail: reason.message };
  if (reason.code === 'CAMERA_CONNECTING')
    return { title: t('connecting'), todo: '', detail: reason.message };
  const title = reason.code.startsWith('VIEWER_') ? t('slow-title') : otherwise;
  return { title, todo: reason.message, detail: reason.message };
}
