import { useEffect, useRef } from 'preact/hooks';
import { parseStreamId, type StreamId } from '../../../../shared/names.ts';
import type { SluicePlayer } from '../../player/index.ts';
import { hrefOf } from '../app/router.ts';
import { streamOf } from '../store/streams.ts';
import { Icon, IconButton } from '../ui/index.ts';
import { columnsFor, narrowColumns, tileWidthPx } from './columns.ts';
import { Cover, useLook } from './cover.tsx';
import { LANE_PX } from './draw-lanes.ts';
import type { SyncModel } from './model.ts';
import { nameOf } from './names.ts';
import { t } from './texts.ts';

/** What of the window's height is left to all else, without a camera's row below; and least to the pictures. */
const ELSE_PX = 335;
const LEAST_PX = 260;
const NARROW_PX = 700;

/** The pictures of the chosen cameras, as large as there is room. */
export function Tiles({ model }: { model: SyncModel }) {
  const list = useRef<HTMLUListElement>(null);
  const chosen = model.chosen.value;
  const count = chosen.length;
  useEffect(() => {
    const shown = list.current;
    if (shown === null) return;
    const makeRoom = (): void => {
      const widthPx = shown.parentElement?.clientWidth ?? innerWidth;
      const isNarrow = widthPx < NARROW_PX;
      const heightPx = Math.max(LEAST_PX, innerHeight - ELSE_PX - count * LANE_PX);
      // On a phone they are as wide as can be while not too many have to be scrolled to: those rest.
      const room = { widthPx, heightPx: isNarrow ? Number.POSITIVE_INFINITY : heightPx };
      const columns = isNarrow ? narrowColumns(count) : columnsFor(count, room);
      shown.style.setProperty('--columns', String(columns));
      shown.style.setProperty('max-width', `${Math.ceil(columns * tileWidthPx(count, columns, room))}px`);
    };
    makeRoom();
    addEventListener('resize', makeRoom);
    return () => removeEventListener('resize', makeRoom);
  }, [count]);
  return (
    <ul ref={list} class="sync-tiles" aria-label={t('pictures')}>
      {chosen.map((id) => (
        <Tile key={id} id={id} model={model} />
      ))}
    </ul>
  );
}

function Tile({ id, model }: { id: StreamId; model: SyncModel }) {
  const player = useRef<SluicePlayer>(null);
  useEffect(() => {
    model.attach(id, player.current ?? undefined);
    return () => model.attach(id, undefined);
  }, [id, model]);
  const look = useLook(player);
  const isHeard = model.heard.value === id;
  useEffect(() => {
    if (player.current !== null) player.current.muted = !isHeard;
  }, [isHeard]);
  const camera = nameOf(id);
  const parsed = parseStreamId(id);
  const isThere = parsed !== undefined && streamOf(parsed.app, parsed.name) !== undefined;
  return (
    <li class="sync-tile">
      <sluice-player ref={player} src={`/${id}`} quality="auto" bare muted />
      <Cover look={look} />
      <div class="sync-tile-bar">
        <span class="sync-tile-name">{camera}</span>
        <IconButton
          icon={isHeard ? 'sound' : 'muted'}
          label={t(isHeard ? 'sound-off' : 'sound-on', { camera })}
          aria-pressed={isHeard}
          onClick={() => model.hear(isHeard ? undefined : id)}
        />
        {!isThere ? undefined : (
          <a
            class="icon-button"
            href={hrefOf({ page: 'camera', app: parsed.app, name: parsed.name })}
            aria-label={t('open-camera', { camera })}
            title={t('open-camera', { camera })}
            // To the very time, which the address of a link that changes all the time would not help to find.
            onClick={(event) => {
              if (model.isLive.peek()) return;
              event.currentTarget.href = hrefOf({
                page: 'camera',
                app: parsed.app,
                name: parsed.name,
                timeMs: model.headMs.peek(),
              });
            }}
          >
            <Icon name="enlarge" />
          </a>
        )}
        <IconButton
          icon="close"
          label={t('remove', { camera })}
          onClick={() => model.choose(model.chosen.peek().filter((one) => one !== id))}
        />
      </div>
    </li>
  );
}
