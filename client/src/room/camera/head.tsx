import { useRef } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { go, hrefOf } from '../app/router.ts';
import { isMendedByChange, openDialog, restartCamera, waitText } from '../cameras/index.ts';
import { language } from '../i18n/index.ts';
import type { StreamKey } from '../recordings/api.ts';
import { diskWords } from '../recordings/disk-words.ts';
import { factsLine, keptText, notesOf, stateName, viewersText } from '../store/facts.ts';
import { reach } from '../store/streams.ts';
import { nameOf, titleOf } from '../store/titles.ts';
import { Button, Icon, Menu, toast } from '../ui/index.ts';
import type { CameraModel } from './model.ts';
import { RecordSwitch } from './record-switch.tsx';
import { t } from './texts.ts';
import './head.css';

/** What the camera is called, how it stands with it, and what can be done about it. */
export function Head({
  stream,
  status,
  model,
}: {
  stream: StreamKey;
  status: StreamStatus | undefined;
  model: CameraModel;
}) {
  const id = `${stream.app}/${stream.name}`;
  const title = status === undefined ? nameOf(stream) : titleOf(status);
  const isAway = reach.value.kind !== 'there';
  const state = isAway ? 'unknown' : (status?.state ?? 'idle');
  const facts = status === undefined ? [] : [factsLine(status), viewersText(status.viewers)];
  const reason = useLastReason(isAway ? undefined : status);
  const why = reason === undefined ? undefined : waitText(reason);
  const disk = status?.recorder.state === 'waiting' ? diskWords(status.recorder.reason?.code) : undefined;
  const notes = status === undefined ? [] : notesOf(status);
  return (
    <div class="camera-head">
      <div class="camera-title">
        <a
          class="icon-button"
          href={hrefOf({ page: 'wall' })}
          aria-label={t('back-to-wall')}
          title={t('back-to-wall')}
        >
          <Icon name="back" />
        </a>
        <h1 title={id}>{title}</h1>
        {status === undefined ? undefined : (
          <span class="camera-state" data-state={state}>
            {isAway ? t('out-of-reach') : stateName(status.state)}
          </span>
        )}
        {status === undefined ? undefined : (
          <div class="camera-actions">
            <RecordSwitch status={status} />
            <Menu label={t('menu', { camera: title })} items={() => menuItems(status, model)} />
          </div>
        )}
      </div>
      {status === undefined ? undefined : (
        <p class="camera-facts">
          <span class="camera-media">{facts.filter((part) => part !== '').join(' · ')}</span>
          <span>{keptText(status.recorder)}</span>
        </p>
      )}
      {why === undefined ? undefined : (
        <p class="camera-why" role="status">
          {/* The gateway's own words tell what to do as well, and the address too, but in English. */}
          <strong>{why.title}.</strong> {language.value === 'en' ? (reason?.message ?? why.todo) : why.todo}{' '}
          {status?.readOnly === false && isMendedByChange(reason?.code) ? (
            <Button class="small" onClick={() => openDialog({ kind: 'edit', stream: id })}>
              {t('edit')}
            </Button>
          ) : undefined}
        </p>
      )}
      {disk === undefined ? undefined : (
        <p class="camera-why" role="status">
          <strong>{disk.title}</strong> {disk.todo} <a href={hrefOf({ page: 'system' })}>{t('to-disks')}</a>
        </p>
      )}
      {notes.length === 0 ? undefined : (
        <ul class="camera-notes" aria-label={t('notes')}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Why there is no picture, also while it is tried again: words that come and go would move all below them up and down. */
function useLastReason(status: StreamStatus | undefined): StreamStatus['reason'] {
  const last = useRef<StreamStatus['reason']>(undefined);
  const isTried = status?.state === 'connecting' && status.reason === undefined;
  if (!isTried) last.current = status?.reason;
  return last.current;
}

function menuItems(status: StreamStatus, model: CameraModel) {
  const id = `${status.app}/${status.name}`;
  const timeMs = model.isLive.peek() ? {} : { timeMs: model.headMs.peek() };
  return [
    {
      key: 'sync',
      label: t('open-sync'),
      icon: 'sync' as const,
      href: hrefOf({ page: 'sync', streams: [id], ...timeMs }),
    },
    {
      key: 'link',
      label: t('timeMs' in timeMs ? 'copy-link' : 'copy-link-live'),
      icon: 'link' as const,
      onChoose: () =>
        void copyLink(hrefOf({ page: 'camera', app: status.app, name: status.name, ...timeMs })),
    },
    {
      key: 'restart',
      label: t('restart'),
      icon: 'restart' as const,
      onChoose: () => void restartCamera(status),
    },
    ...(status.readOnly
      ? []
      : [
          {
            key: 'edit',
            label: t('edit'),
            icon: 'pencil' as const,
            onChoose: () => openDialog({ kind: 'edit', stream: id }),
          },
          {
            key: 'remove',
            label: t('remove'),
            icon: 'bin' as const,
            danger: true,
            onChoose: () => openDialog({ kind: 'remove', stream: id, onDone: () => go({ page: 'wall' }) }),
          },
        ]),
  ];
}

async function copyLink(href: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(new URL(href, document.baseURI).href);
    toast(t('link-copied'));
  } catch {
    // The clipboard is there in secure contexts only.
    toast(t('link-by-hand'));
  }
}
