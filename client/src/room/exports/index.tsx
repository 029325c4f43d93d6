import { useState } from 'preact/hooks';
import type { ExportJob, KeptRecordings } from '../../../../shared/recording.ts';
import { failureText } from '../api/failure-text.ts';
import type { Place } from '../app/router.ts';
import { size } from '../i18n/formats.ts';
import { listExports } from '../recordings/api.ts';
import { ExportJobs, isBusy } from '../recordings/export-jobs.tsx';
import { isToldAbove, streams } from '../store/streams.ts';
import { usePolled } from '../store/use-polled.ts';
import { Button, Notice } from '../ui/index.ts';
import { listKept, listPeriodFiles } from './api.ts';
import { DeleteRecordings } from './delete-recordings.tsx';
import { ExportForm, type FormStart } from './export-form.tsx';
import { KeptList } from './kept-list.tsx';
import { nameOf } from './names.ts';
import { PeriodFiles } from './period-files.tsx';
import { type Film, PlayFilm } from './play-film.tsx';
import { PlayRecording, type RecordedPiece } from './play-recording.tsx';
import { t } from './texts.ts';
import './exports.css';

const KEPT_MS = 20_000;
const BUSY_MS = 1_000;
const RESTING_MS = 15_000;
const PERIODS_MS = 60_000;
const MAX_PERIODS = 200;
const SHOWN_JOBS = 30;

type Open =
  | { readonly kind: 'recording'; readonly piece: RecordedPiece }
  | { readonly kind: 'film'; readonly film: Film }
  | { readonly kind: 'form'; readonly start: FormStart }
  | { readonly kind: 'delete'; readonly kept: KeptRecordings };

/** What is kept, and the files that were made of it. */
export function Page(_: { place: Extract<Place, { page: 'exports' }> }) {
  const kept = usePolled(listKept, () => KEPT_MS);
  const jobs = usePolled(
    () => listExports(),
    (last) => (last?.some(isBusy) === true ? BUSY_MS : RESTING_MS),
  );
  const periods = usePolled(
    () => listPeriodFiles(MAX_PERIODS),
    () => PERIODS_MS,
  );
  const [open, setOpen] = useState<Open>();
  const close = (): void => setOpen(undefined);
  const play = (piece: RecordedPiece): void => setOpen({ kind: 'recording', piece });
  const exportFrom = (start: FormStart): void => setOpen({ kind: 'form', start });
  const recordings = kept.value ?? [];
  const trouble = kept.failure ?? jobs.failure;
  return (
    <div class="exports-page">
      <header class="exports-head">
        <h1>{t('title')}</h1>
        <Button
          kind="primary"
          icon="exports"
          disabled={recordings.length === 0}
          onClick={() => exportFrom({})}
        >
          {t('new-export')}
        </Button>
      </header>
      {trouble === undefined || isToldAbove(trouble) ? undefined : (
        <Notice kind="trouble">{failureText(trouble)}</Notice>
      )}
      <section class="exports-section" aria-labelledby="exports-jobs">
        <h2 id="exports-jobs">{t('exports')}</h2>
        <Jobs jobs={jobs.value} onChanged={jobs.refresh} onPlay={(film) => setOpen({ kind: 'film', film })} />
      </section>
      <section class="exports-section" aria-labelledby="exports-kept">
        <h2 id="exports-kept">{t('kept')}</h2>
        <KeptSummary kept={kept.value} />
        <KeptList
          kept={recordings}
          onPlay={play}
          onExport={exportFrom}
          onDelete={(one) => setOpen({ kind: 'delete', kept: one })}
        />
      </section>
      <PeriodFiles files={periods.value ?? []} onPlay={(film) => setOpen({ kind: 'film', film })} />
      {open?.kind === 'recording' ? <PlayRecording piece={open.piece} onClose={close} /> : undefined}
      {open?.kind === 'film' ? <PlayFilm film={open.film} onClose={close} /> : undefined}
      {open?.kind === 'delete' ? (
        <DeleteRecordings kept={open.kept} onClose={close} onDeleted={kept.refresh} />
      ) : undefined}
      {open?.kind === 'form' ? (
        <ExportForm kept={recordings} start={open.start} onClose={close} onStarted={jobs.refresh} />
      ) : undefined}
    </div>
  );
}

function KeptSummary({ kept }: { kept: readonly KeptRecordings[] | undefined }) {
  if (kept === undefined) return <p class="quiet">{t('loading')}</p>;
  if (kept.length === 0) {
    return <p class="quiet">{t((streams.value ?? []).length === 0 ? 'no-cameras' : 'kept-none')}</p>;
  }
  const bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
  return <p class="quiet">{t('kept-sum', { size: size(bytes), cameras: kept.length })}</p>;
}

function Jobs({
  jobs,
  onChanged,
  onPlay,
}: {
  jobs: readonly ExportJob[] | undefined;
  onChanged: () => void;
  onPlay: (film: Film) => void;
}) {
  const [isLong, setLong] = useState(false);
  if (jobs === undefined) return <p class="quiet">{t('loading')}</p>;
  if (jobs.length === 0) return <p class="quiet">{t('exports-none')}</p>;
  const shown = isLong ? jobs : jobs.slice(0, SHOWN_JOBS);
  return (
    <>
      <ExportJobs
        jobs={shown}
        onChanged={onChanged}
        more={(job) => (
          <>
            <span class="exports-camera">{nameOf(job)}</span>
            {job.state === 'done' && job.files.length > 0 ? (
              <Button
                class="small"
                icon="play"
                aria-label={t('play-what', { what: job.fileName })}
                onClick={() => onPlay({ kind: 'job', job })}
              >
                {t('play')}
              </Button>
            ) : undefined}
          </>
        )}
      />
      {shown.length < jobs.length ? <Button onClick={() => setLong(true)}>{t('more')}</Button> : undefined}
    </>
  );
}
