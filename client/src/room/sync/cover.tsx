import { useEffect, useState } from 'preact/hooks';
import type { SluicePlayer } from '../../player/index.ts';
import { waitText } from '../cameras/wait-text.ts';
import { Icon } from '../ui/index.ts';
import { t } from './texts.ts';

/** What a player says of itself. */
export interface Look {
  readonly state: string;
  readonly reason: { readonly code: string; readonly message: string } | undefined;
}

/** What is said instead of a picture, or over the last one. */
export interface CoverWords {
  readonly title: string;
  /** What to do about it, or more about it. */
  readonly todo: string;
  readonly isBusy: boolean;
}

/** Of what its player tells while it waits, `NOT_RECORDED_THEN`: the others have pictures of that time. */
const NOTHING_THEN: ReadonlySet<string> = new Set(['NOT_RECORDED_THEN', 'NOT_RECORDED']);

/** Undefined where there is nothing to say. */
export function coverWords({ state, reason }: Look): CoverWords | undefined {
  switch (state) {
    case 'connecting':
    case 'reconnecting':
      return { title: t('loading'), todo: '', isBusy: true };
    case 'ended':
      return { title: t('ended'), todo: t('ended-todo'), isBusy: false };
    case 'waiting':
    case 'failed': {
      if (reason !== undefined && NOTHING_THEN.has(reason.code)) {
        return { title: t('nothing-then'), todo: '', isBusy: false };
      }
      const known = reason === undefined ? undefined : waitText(reason.code);
      if (known !== undefined) return { ...known, isBusy: false };
      return { title: t('no-picture'), todo: reason?.message ?? '', isBusy: false };
    }
    default:
      return undefined;
  }
}

export function Cover({ look }: { look: Look | undefined }) {
  const words = look === undefined ? undefined : coverWords(look);
  return (
    <div class="sync-cover" role="status" data-busy={words?.isBusy === true} data-empty={words === undefined}>
      {words === undefined ? undefined : (
        <>
          {words.isBusy ? undefined : <Icon name="camera" />}
          <strong>{words.title}</strong>
          {words.todo === '' ? undefined : <span>{words.todo}</span>}
        </>
      )}
    </div>
  );
}

/** Follows what a player says of itself. */
export function useLook(player: { readonly current: SluicePlayer | null }): Look | undefined {
  const [look, setLook] = useState<Look>();
  useEffect(() => {
    const shown = player.current;
    if (shown === null) return;
    const update = (): void => setLook({ state: shown.state, reason: shown.reason });
    shown.addEventListener('statechange', update);
    update();
    return () => shown.removeEventListener('statechange', update);
  }, []);
  return look;
}
