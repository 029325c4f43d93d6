import { useEffect, useRef, useState } from 'preact/hooks';
import { parseStreamId } from '../../../../shared/names.ts';
import { go, type Place } from '../app/router.ts';
import { JUMP_MS } from '../recordings/time-controls.tsx';
import { Button, Notice } from '../ui/index.ts';
import { Chooser } from './chooser.tsx';
import { Lanes } from './lanes.tsx';
import { SyncModel } from './model.ts';
import { t } from './texts.ts';
import { Tiles } from './tiles.tsx';
import { TimeTools, Transport } from './transport.tsx';
import './sync.css';

type SyncPlace = Extract<Place, { page: 'sync' }>;

/** Several cameras on one clock: their recordings side by side, or all of them live. */
export function Page({ place }: { place: SyncPlace }) {
  const [model, setModel] = useState<SyncModel>();
  const [isChoosing, setChoosing] = useState(false);
  // What the page itself wrote into the address leads nowhere new.
  const written = useRef('');
  useEffect(() => {
    if (written.current === keyOf(place)) return;
    const made = new SyncModel({
      streams: place.streams.flatMap((text) => parseStreamId(text)?.id ?? []),
      timeMs: place.timeMs,
      onPlace: (streams, timeMs) => {
        const to: SyncPlace = { page: 'sync', streams, ...(timeMs === undefined ? {} : { timeMs }) };
        written.current = keyOf(to);
        // Never while the page is being drawn.
        queueMicrotask(() => go(to, { replace: true }));
      },
    });
    setModel((before) => {
      before?.close();
      return made;
    });
  }, [keyOf(place)]);
  useEffect(() => () => model?.close(), [model]);
  useEffect(() => (model === undefined ? undefined : listenForKeys(model)), [model]);
  if (model === undefined) return null;
  const count = model.chosen.value.length;
  return (
    <div class="sync-page">
      <header class="sync-head">
        <h1>{t('title')}</h1>
        <Button icon="camera" onClick={() => setChoosing(true)}>
          {t('cameras', { count })}
        </Button>
      </header>
      {model.isBroken.value ? <Notice kind="trouble">{t('player-missing')}</Notice> : undefined}
      {count === 0 ? (
        <div class="panel sync-empty">
          <h2>{t('empty-title')}</h2>
          <p>{t('empty-text')}</p>
          <div class="form-actions">
            <Button kind="primary" icon="camera" onClick={() => setChoosing(true)}>
              {t('choose')}
            </Button>
          </div>
        </div>
      ) : (
        <>
          <Tiles model={model} />
          <section class="sync-controls">
            <Transport model={model} />
            <Lanes model={model} />
            <TimeTools model={model} />
            <p class="quiet sync-keys">{t('keys')}</p>
          </section>
        </>
      )}
      {isChoosing ? <Chooser model={model} onClose={() => setChoosing(false)} /> : undefined}
    </div>
  );
}

function keyOf({ streams, timeMs }: SyncPlace): string {
  return `${streams.join()} ${timeMs ?? ''}`;
}

/** Keys of the page, wherever one is on it but in a field or on a button that has keys of its own. */
function listenForKeys(model: SyncModel): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target } = event;
    if (!(target instanceof Element) || target.closest('input, select, textarea, dialog, [role="menu"]'))
      return;
    const isButton = target.closest('button, a, summary') !== null;
    switch (event.key) {
      case ' ':
        if (isButton) return;
        model.togglePlay();
        break;
      case 'k':
        model.togglePlay();
        break;
      case 'j':
        model.jump(-JUMP_MS);
        break;
      case 'l':
        model.jump(JUMP_MS);
        break;
      case ',':
        model.step(-1);
        break;
      case '.':
        model.step(1);
        break;
      case '<':
        model.nudgeSpeed(-1);
        break;
      case '>':
        model.nudgeSpeed(1);
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}
