import { useState } from 'preact/hooks';
import type { PeriodFile } from '../../../../shared/recording.ts';
import { dateTime, size } from '../i18n/formats.ts';
import { durationText } from '../recordings/times.ts';
import { Button, Icon } from '../ui/index.ts';
import { periodFileUrl } from './api.ts';
import { nameOf } from './names.ts';
import type { Film } from './play-film.tsx';
import { t } from './texts.ts';

const SHOWN = 12;
const keyOf = ({ app, name }: PeriodFile): string => `${app}/${name}`;

/** The files that are made by the clock; nothing where no camera has any. */
export function PeriodFiles({
  files,
  onPlay,
}: {
  files: readonly PeriodFile[];
  onPlay: (film: Film) => void;
}) {
  const [shown, setShown] = useState(SHOWN);
  const [camera, setCamera] = useState('');
  if (files.length === 0) return null;
  const cameras = new Map(files.map((file) => [keyOf(file), nameOf(file)]));
  const chosen = files.filter((file) => camera === '' || keyOf(file) === camera);
  return (
    <section class="exports-section" aria-labelledby="exports-periods">
      <div class="exports-section-head">
        <h2 id="exports-periods">{t('periods')}</h2>
        {cameras.size > 1 ? (
          <select
            class="compact"
            aria-label={t('filter')}
            value={camera}
            onChange={({ currentTarget }) => setCamera(currentTarget.value)}
          >
            <option value="">{t('all')}</option>
            {[...cameras].map(([key, title]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        ) : undefined}
      </div>
      <p class="quiet">{t('periods-hint')}</p>
      {chosen.length === 0 ? <p class="quiet">{t('periods-none')}</p> : undefined}
      <ul class="exports-list" aria-label={t('periods')}>
        {chosen.slice(0, shown).map((file) => (
          <Row key={file.id} file={file} onPlay={onPlay} />
        ))}
      </ul>
      {shown < chosen.length ? (
        <Button onClick={() => setShown(shown + 5 * SHOWN)}>{t('more')}</Button>
      ) : undefined}
    </section>
  );
}

function Row({ file, onPlay }: { file: PeriodFile; onPlay: (film: Film) => void }) {
  const { id, start, fileName, sizeBytes, durationMs } = file;
  return (
    <li class="exports-item exports-item-main">
      <div class="exports-text">
        <span class="exports-title">{nameOf(file)}</span>
        <span class="exports-about">
          {dateTime(start)} · {durationText(durationMs)} · {size(sizeBytes)}
        </span>
      </div>
      <div class="exports-actions">
        <Button
          class="small"
          icon="play"
          aria-label={t('play-what', { what: fileName })}
          onClick={() => onPlay({ kind: 'period', file })}
        >
          {t('play')}
        </Button>
        <a
          class="button small primary"
          href={periodFileUrl(id)}
          download={fileName}
          aria-label={t('download-what', { what: fileName })}
        >
          <Icon name="exports" />
          {t('download')}
        </a>
      </div>
    </li>
  );
}
