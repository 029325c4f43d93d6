import { useState } from 'preact/hooks';
import type { KeptRecordings } from '../../../../shared/recording.ts';
import { hrefOf } from '../app/router.ts';
import { size } from '../i18n/formats.ts';
import { thumbnailUrl } from '../recordings/api.ts';
import { Button, Icon, IconButton } from '../ui/index.ts';
import type { FormStart } from './export-form.tsx';
import { Locks } from './locks.tsx';
import { nameOf, spanText } from './names.ts';
import type { RecordedPiece } from './play-recording.tsx';
import { t } from './texts.ts';

/** The newest picture that a small one was surely kept of. */
const THUMBNAIL_BEFORE_MS = 30_000;
/** What is played of a camera whose recordings are still being made: its last minutes. */
const LAST_MS = 10 * 60_000;

interface Actions {
  readonly onPlay: (piece: RecordedPiece) => void;
  readonly onExport: (start: FormStart) => void;
  readonly onDelete: (kept: KeptRecordings) => void;
}

/** Of which cameras something is kept: those that are there, then those that were removed. */
export function KeptList({ kept, ...actions }: { kept: readonly KeptRecordings[] } & Actions) {
  const sorted = kept.toSorted(
    (a, b) => Number(b.exists) - Number(a.exists) || nameOf(a).localeCompare(nameOf(b)),
  );
  return (
    <ul class="exports-list" aria-label={t('kept')}>
      {sorted.map((one) => (
        <Row key={`${one.app}/${one.name}`} kept={one} {...actions} />
      ))}
    </ul>
  );
}

function Row({ kept, onPlay, onExport, onDelete }: { kept: KeptRecordings } & Actions) {
  const { app, name, exists, bytes, start, end } = kept;
  const title = nameOf(kept);
  return (
    <li class="exports-item">
      <div class="exports-item-main">
        <Thumbnail kept={kept} />
        <div class="exports-text">
          <span class="exports-title">
            {title}
            {exists ? undefined : <span class="exports-badge">{t('removed')}</span>}
          </span>
          <span class="exports-about">
            {spanText(start, end)} · {size(bytes)}
          </span>
        </div>
        <div class="exports-actions">
          <Button
            class="small"
            icon="play"
            aria-label={t('play-what', { what: title })}
            onClick={() =>
              onPlay({ app, name, startMs: Math.max(start, end - LAST_MS), first: start, last: end })
            }
          >
            {t('play')}
          </Button>
          <Button
            class="small"
            icon="exports"
            aria-label={t('export-what', { what: title })}
            onClick={() => onExport({ stream: { app, name } })}
          >
            {t('export')}
          </Button>
          <a
            class="button small"
            href={hrefOf({ page: 'camera', app, name })}
            aria-label={t('open-camera-what', { what: title })}
          >
            <Icon name="camera" />
            {t('open-camera')}
          </a>
          <IconButton
            class="exports-delete"
            icon="bin"
            label={t('delete-what', { what: title })}
            onClick={() => onDelete(kept)}
          />
        </div>
      </div>
      <Locks stream={kept} onPlay={onPlay} onExport={onExport} />
    </li>
  );
}

/** Its words stand beside it. */
function Thumbnail({ kept: { app, name, start, end } }: { kept: KeptRecordings }) {
  const [isThere, setThere] = useState(true);
  // The same address for a while, or it would be fetched anew with each new segment.
  const [atMs] = useState(Math.max(start, end - THUMBNAIL_BEFORE_MS));
  return (
    <div class="exports-thumbnail">
      {isThere ? (
        <img
          src={thumbnailUrl({ app, name }, atMs)}
          alt=""
          loading="lazy"
          width={128}
          height={72}
          onError={() => setThere(false)}
        />
      ) : undefined}
    </div>
  );
}
