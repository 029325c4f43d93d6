import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ExportJob } from '../../../../shared/recording.ts';
import { failureText } from '../api/failure-text.ts';
import { dateTime, number, size } from '../i18n/formats.ts';
import { texts } from '../i18n/index.ts';
import { Button, Notice, Progress } from '../ui/index.ts';
import { exportFileUrl, removeExport, retryExport } from './api.ts';
import { durationText } from './times.ts';
import './export-jobs.css';

const t = texts({
  en: {
    exports: 'Exports',
    progress: 'Progress of {file}',
    queued: 'waits for its turn',
    running: '{percent} %',
    'running-eta': '{percent} %, {left} left',
    missing: '{length} of it were not recorded',
    failed: 'It failed.',
    cancelled: 'cancelled',
    download: 'Download',
    part: 'Part {part}',
    'download-file': 'Download {file}',
    retry: 'Try again',
    'retry-file': 'Try again: {file}',
    cancel: 'Cancel',
    'cancel-file': 'Cancel {file}',
    remove: 'Remove',
    'remove-file': 'Remove {file}',
  },
  de: {
    exports: 'Exporte',
    progress: 'Fortschritt von {file}',
    queued: 'wartet, bis es an der Reihe ist',
    running: '{percent} %',
    'running-eta': '{percent} %, noch {left}',
    missing: '{length} davon wurden nicht aufgenommen',
    failed: 'Es ist misslungen.',
    cancelled: 'abgebrochen',
    download: 'Herunterladen',
    part: 'Teil {part}',
    'download-file': '{file} herunterladen',
    retry: 'Noch einmal',
    'retry-file': '{file} noch einmal versuchen',
    cancel: 'Abbrechen',
    'cancel-file': '{file} abbrechen',
    remove: 'Entfernen',
    'remove-file': '{file} entfernen',
  },
});

export const isBusy = ({ state }: ExportJob): boolean => state === 'queued' || state === 'running';

/** What is to be known of a job beside its name. */
function jobText(job: ExportJob): string {
  const about = `${dateTime(job.start)}, ${durationText(job.end - job.start)}`;
  switch (job.state) {
    case 'queued':
      return `${about} · ${t('queued')}`;
    case 'running': {
      const percent = number(Math.floor(job.progress * 100));
      if (job.etaMs === undefined) return `${about} · ${t('running', { percent })}`;
      return `${about} · ${t('running-eta', { percent, left: durationText(job.etaMs) })}`;
    }
    case 'done': {
      const made = size(job.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
      const missingMs = job.gaps.reduce((sum, { start, end }) => sum + end - start, 0);
      const missing = missingMs === 0 ? '' : ` · ${t('missing', { length: durationText(missingMs) })}`;
      return `${about} · ${made}${missing}`;
    }
    case 'failed':
      return `${about} · ${job.error === undefined ? t('failed') : failureText(job.error)}`;
    case 'cancelled':
      return `${about} · ${t('cancelled')}`;
  }
}

/** Export jobs with how far they are; what may be done with one is beside it. `more` stands before the buttons of a job. */
export function ExportJobs({
  jobs,
  onChanged,
  more,
}: {
  jobs: readonly ExportJob[];
  /** A job was cancelled, removed or tried again: the list has something new to tell. */
  onChanged: () => void;
  more?: (job: ExportJob) => ComponentChildren;
}) {
  const [trouble, setTrouble] = useState<string>();
  const act = async (action: typeof retryExport, id: string): Promise<void> => {
    const answer = await action(id);
    setTrouble(answer.ok ? undefined : failureText(answer.error));
    onChanged();
  };
  return (
    <>
      {trouble === undefined ? undefined : <Notice kind="trouble">{trouble}</Notice>}
      <ul class="jobs" aria-label={t('exports')}>
        {jobs.map((job) => (
          <JobRow
            key={job.id}
            job={job}
            more={more?.(job)}
            onRetry={() => void act(retryExport, job.id)}
            onRemove={() => void act(removeExport, job.id)}
          />
        ))}
      </ul>
    </>
  );
}

function JobRow({
  job,
  more,
  onRetry,
  onRemove,
}: {
  job: ExportJob;
  more: ComponentChildren;
  onRetry: () => void;
  onRemove: () => void;
}) {
  const { state, fileName: file } = job;
  const busy = isBusy(job);
  return (
    <li class="job" data-state={state}>
      <div class="job-text">
        <span class="job-name">{file}</span>
        <span class="job-about">{jobText(job)}</span>
        {state === 'running' ? <Progress value={job.progress} label={t('progress', { file })} /> : undefined}
      </div>
      <div class="job-actions">
        {more}
        {state === 'done'
          ? job.files.map(({ name }, index) => (
              <a
                key={name}
                class="button small primary"
                href={exportFileUrl(job.id, index + 1)}
                download={name}
                aria-label={t('download-file', { file: name })}
              >
                {job.files.length === 1 ? t('download') : t('part', { part: index + 1 })}
              </a>
            ))
          : undefined}
        {state === 'failed' || state === 'cancelled' ? (
          <Button class="small" aria-label={t('retry-file', { file })} onClick={onRetry}>
            {t('retry')}
          </Button>
        ) : undefined}
        <Button
          class="small"
          aria-label={t(busy ? 'cancel-file' : 'remove-file', { file })}
          onClick={onRemove}
        >
          {t(busy ? 'cancel' : 'remove')}
        </Button>
      </div>
    </li>
  );
}
