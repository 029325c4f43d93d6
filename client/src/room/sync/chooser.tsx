import { useEffect, useState } from 'preact/hooks';
import { type StreamId, streamId } from '../../../../shared/names.ts';
import type { KeptRecordings } from '../../../../shared/recording.ts';
import { listKept } from '../exports/api.ts';
import { idOf, streams } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Button, Dialog, Field } from '../ui/index.ts';
import { MAX_CAMERAS, type SyncModel } from './model.ts';
import { t } from './texts.ts';

/** With so many a name is found faster by typing. */
const SEARCH_FROM = 10;

interface Candidate {
  readonly id: StreamId;
  readonly title: string;
  readonly hasRecordings: boolean;
}

/** Which cameras play together; those that were removed too, as long as something of them is kept. */
export function Chooser({ model, onClose }: { model: SyncModel; onClose: () => void }) {
  const [kept, setKept] = useState<readonly KeptRecordings[]>();
  const [search, setSearch] = useState('');
  useEffect(() => {
    void listKept().then((answer) => setKept(answer.ok ? answer.value : []));
  }, []);
  const all = candidates(kept);
  const words = search.trim().toLowerCase();
  const shown = all.filter(({ title, id }) => `${title} ${id}`.toLowerCase().includes(words));
  const chosen = model.chosen.value;
  const toggle = (id: StreamId): void => {
    const isOut = chosen.includes(id);
    const newestMs = kept?.find((one) => idOf(one) === id)?.end;
    model.choose(isOut ? chosen.filter((one) => one !== id) : [...chosen, id], isOut ? undefined : newestMs);
  };
  return (
    <Dialog title={t('choose-title')} onClose={onClose}>
      <p>{t('choose-hint', { most: MAX_CAMERAS })}</p>
      {all.length >= SEARCH_FROM ? (
        <Field
          label={t('search')}
          control={(ids) => (
            <input
              {...ids}
              type="search"
              value={search}
              onInput={({ currentTarget }) => setSearch(currentTarget.value)}
            />
          )}
        />
      ) : undefined}
      {shown.length === 0 ? (
        <p>{t(all.length === 0 ? 'no-cameras' : 'none-found')}</p>
      ) : (
        <ul class="sync-candidates">
          {shown.map(({ id, title, hasRecordings }) => {
            const isChosen = chosen.includes(id);
            return (
              <li key={id}>
                <label class="check">
                  <input
                    type="checkbox"
                    checked={isChosen}
                    disabled={!isChosen && chosen.length >= MAX_CAMERAS}
                    onChange={() => toggle(id)}
                  />
                  <span>
                    {title}
                    {hasRecordings || kept === undefined ? undefined : (
                      <span class="quiet"> · {t('not-recorded-mark')}</span>
                    )}
                  </span>
                </label>
              </li>
            );
          })}
        </ul>
      )}
      <div class="form-actions">
        <Button kind="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </div>
    </Dialog>
  );
}

function candidates(kept: readonly KeptRecordings[] | undefined): Candidate[] {
  const there = new Set(kept?.map(idOf));
  const now = (streams.value ?? []).map((status) => ({
    id: streamId(status.app, status.name),
    title: titleOf(status),
    hasRecordings: there.has(idOf(status)),
  }));
  const gone = (kept ?? [])
    .filter(({ exists }) => !exists)
    .map(({ app, name }) => ({
      id: streamId(app, name),
      title: titleOf({ app, name }),
      hasRecordings: true,
    }));
  const byTitle = (a: Candidate, b: Candidate): number => a.title.localeCompare(b.title);
  return [...now.toSorted(byTitle), ...gone.toSorted(byTitle)];
}
