import { useEffect, useRef } from 'preact/hooks';
import { parseStreamId, type StreamId } from '../../../../shared/names.ts';
import type { SluicePlayer } from '../../player/index.ts';
import { hrefOf } from '../app/router.ts';
import { Icon, IconButton } from '../ui/index.ts';
import type { SyncModel } from './model.ts';
import { nameOf } from './names.ts';
import { t } from './texts.ts';

/** The pictures of the chosen cameras, as large as there is room. */
export function Tiles({ model }: { model: SyncModel }) {
  const list = useRef<HTMLUListElement>(null);
  const chosen = model.chosen.value;
  const columns = Math.ceil(Math.sqrt(chosen.length));
  useEffect(() => list.current?.style.setProperty('--columns', String(columns)), [columns]);
  return (
    <ul ref={list} class="sync-tiles" aria-label={t('pictures')} data-count={chosen.length}>
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
  const isHeard = model.heard.value === id;
  useEffect(() => {
    if (player.current !== null) player.current.muted = !isHeard;
  }, [isHeard]);
  const camera = nameOf(id);
  const parsed = parseStreamId(id);
  return (
    <li class="sync-tile">
      <sluice-player ref={player} src={`/${id}`} muted aria-label={camera} />
      <div class="sync-tile-bar">
        <span class="sync-tile-name">{camera}</span>
        <IconButton
          icon={isHeard ? 'sound' : 'muted'}
          label={t(isHeard ? 'sound-off' : 'sound-on', { camera })}
          aria-pressed={isHeard}
          onClick={() => model.hear(isHeard ? undefined : id)}
        />
        {parsed === undefined ? undefined : (
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
