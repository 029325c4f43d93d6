import { cameraReportSchema, type CameraReport as Report } from '../../../../shared/report.ts';
import { call, streamPath } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { usePolled } from '../store/use-polled.ts';
import { adviceText } from './advice-words.ts';
import { reportRows } from './report-rows.ts';
import { t } from './texts.ts';
import './report.css';

const REFRESH_MS = 5_000;

/** What a camera is and does, with advice; asked for as long as it is shown. */
export function CameraReport({ app, name }: { app: string; name: string }) {
  const path = `${streamPath(app, name)}/report`;
  const { value: report, failure } = usePolled(
    () => call('GET', path, cameraReportSchema),
    () => REFRESH_MS,
    path,
  );
  const trouble = failure === undefined ? undefined : failureText(failure);
  if (report === undefined) return <p class="quiet">{trouble ?? t('asking')}</p>;
  return (
    <>
      {trouble === undefined ? undefined : <p class="quiet">{trouble}</p>}
      <ReportFacts report={report} />
    </>
  );
}

/** A report as lines, its advice first. */
export function ReportFacts({ report }: { report: Report }) {
  const rows = reportRows(report);
  return (
    <div class="report">
      {report.isCurrent ? undefined : <p class="quiet">{t(rows.length > 0 ? 'away' : 'unseen')}</p>}
      <ul class="report-advice" aria-label={t('advice')}>
        {report.advice.length === 0 ? <li>{t('nothing-to-improve')}</li> : undefined}
        {report.advice.map((advice) => (
          <li key={advice.message} data-severity={advice.severity}>
            <strong>{t(advice.severity)}</strong>
            <span>{adviceText(advice)}</span>
          </li>
        ))}
      </ul>
      <dl class="report-facts">
        {rows.map(({ name, text }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
