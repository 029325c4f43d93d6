import { useState } from 'preact/hooks';
import type { ExportJob, PeriodFile } from '../../../../shared/recording.ts';
import { exportFileUrl } from '../recordings/api.ts';
import { Button, Choice, Dialog, Icon, Notice } from '../ui/index.ts';
import { periodFileUrl } from './api.ts';
import { t } from './texts.ts';

/** A file that can be played. */
export type Film =
  | { readonly kind: 'job'; readonly job: ExportJob }
  | { readonly kind: 'period'; readonly file: PeriodFile };

/** Plays an MP4 in place, and its parts where the camera changed its format. */
export function PlayFilm({ film, onClose }: { film: Film; onClose: () => void }) {
  const [part, setPart] = useState(1);
  const [isPlayable, setPlayable] = useState(true);
  const parts = film.kind === 'job' ? film.job.files.map(({ name }) => name) : [film.file.fileName];
  const name = parts[part - 1] ?? '';
  const url = film.kind === 'job' ? exportFileUrl(film.job.id, part) : periodFileUrl(film.file.id);
  return (
    <Dialog title={name} wide onClose={onClose}>
      {parts.length > 1 ? (
        <Choice
          label={t('parts')}
          value={part}
          options={parts.map((_, index) => ({ value: index + 1, label: t('part', { part: index + 1 }) }))}
          onChoose={(chosen) => {
            setPart(chosen);
            setPlayable(true);
          }}
        />
      ) : undefined}
      {isPlayable ? (
        // biome-ignore lint/a11y/useMediaCaption: a camera speaks no words that are known.
        <video
          key={url}
          class="exports-film"
          src={url}
          controls
          autoplay
          playsInline
          aria-label={name}
          onError={() => setPlayable(false)}
        />
      ) : (
        <Notice kind="trouble">{t('cannot-play')}</Notice>
      )}
      <div class="form-actions">
        <a class="button primary" href={url} download={name} aria-label={t('download-what', { what: name })}>
          <Icon name="exports" />
          {t('download')}
        </a>
        <Button onClick={onClose}>{t('close')}</Button>
      </div>
    </Dialog>
  );
}
