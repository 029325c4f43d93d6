import { useEffect, useState } from 'preact/hooks';
import type { RecordingLock } from '../../../../shared/recording.ts';
import type { Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { dateTime } from '../i18n/formats.ts';
import { removeLock, type StreamKey } from '../recordings/api.ts';
import { durationText } from '../recordings/times.ts';
import { Button, Dialog, Notice, toast } from '../ui/index.ts';
import { listLocks } from './api.ts';
import type { FormStart } from './export-form.tsx';
import { nameOf, spanText } from './names.ts';
import type { RecordedPiece } from './play-recording.tsx';
import { t } from './texts.ts';

interface Actions {
  readonly onPlay: (piece: RecordedPiece) => void;
  readonly onExport: (start: FormStart) => void;
}

/** The locked times of a camera, asked for when they are opened. */
export function Locks({ stream, ...actions }: { stream: StreamKey } & Actions) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="exports-locks" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary aria-label={t('locks-what', { what: nameOf(stream) })}>{t('locks')}</summary>
      {isOpen ? <LockList stream={stream} {...actions} /> : undefined}
    </details>
  );
}

function LockList({ stream, onPlay, onExport }: { stream: StreamKey } & Actions) {
  const [locks, setLocks] = useState<readonly RecordingLock[]>();
  const [failure, setFailure] = useState<Failure>();
  const [asked, setAsked] = useState<RecordingLock>();
  const { app, name } = stream;
  const load = async (): Promise<void> => {
    const answer = await listLocks({ app, name });
    if (answer.ok) setLocks(answer.value);
    setFailure(answer.ok ? undefined : answer.error);
  };
  useEffect(() => void load(), [app, name]);
  if (failure !== undefined) return <Notice kind="trouble">{failureText(failure)}</Notice>;
  if (locks === undefined) return <p class="quiet">{t('loading')}</p>;
  if (locks.length === 0) return <p class="quiet">{t('locks-none')}</p>;
  return (
    <>
      <ul class="exports-list" aria-label={t('locks-what', { what: nameOf(stream) })}>
        {locks.map((lock) => {
          const what = lock.label ?? spanOf(lock);
          return (
            <li key={lock.id} class="exports-lock">
              <div class="exports-text">
                <span class="exports-title">{what}</span>
                <span class="exports-about">
                  {lock.label === undefined ? '' : `${spanOf(lock)} · `}
                  {t('lock-about', {
                    length: durationText(lock.end - lock.start),
                    when: dateTime(lock.createdAt),
                  })}
                </span>
              </div>
              <div class="exports-actions">
                <Button
                  class="small"
                  icon="play"
                  aria-label={t('play-what', { what })}
                  onClick={() =>
                    onPlay({
                      app,
                      name,
                      startMs: lock.start,
                      first: lock.start,
                      last: lock.end,
                      endMs: lock.end,
                    })
                  }
                >
                  {t('play')}
                </Button>
                <Button
                  class="small"
                  icon="exports"
                  aria-label={t('export-what', { what })}
                  onClick={() => onExport({ stream: { app, name }, fromMs: lock.start, toMs: lock.end })}
                >
                  {t('export')}
                </Button>
                <Button class="small" aria-label={t('unlock-what', { what })} onClick={() => setAsked(lock)}>
                  {t('unlock')}
                </Button>
              </div>
            </li>
          );
        })}
      </ul>
      {asked === undefined ? undefined : (
        <Unlock
          stream={stream}
          lock={asked}
          onClose={() => setAsked(undefined)}
          onUnlocked={() => void load()}
        />
      )}
    </>
  );
}

function Unlock({
  stream,
  lock,
  onClose,
  onUnlocked,
}: {
  stream: StreamKey;
  lock: RecordingLock;
  onClose: () => void;
  onUnlocked: () => void;
}) {
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const unlock = async (): Promise<void> => {
    setBusy(true);
    const answer = await removeLock(stream, lock.id);
    setBusy(false);
    // Somebody was quicker.
    if (!answer.ok && answer.error.code !== 'LOCK_NOT_FOUND') {
      setFailure(answer.error);
      return;
    }
    toast(t('unlocked'));
    onUnlocked();
    onClose();
  };
  return (
    <Dialog title={t('unlock-title')} onClose={onClose}>
      <p>{t('unlock-text', { what: `${nameOf(stream)}, ${spanOf(lock)}` })}</p>
      {failure === undefined ? undefined : <Notice kind="trouble">{failureText(failure)}</Notice>}
      <div class="form-actions">
        <Button kind="danger" disabled={isBusy} onClick={() => void unlock()}>
          {t('unlock')}
        </Button>
        <Button autofocus onClick={onClose}>
          {t('keep')}
        </Button>
      </div>
    </Dialog>
  );
}

function spanOf({ start, end }: RecordingLock): string {
  return spanText(start, end);
}
