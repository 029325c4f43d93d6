import { useRef } from 'preact/hooks';
import { systemStatusSchema } from '../../../../shared/system.ts';
import { call } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { go, type Place } from '../app/router.ts';
import { isToldAbove } from '../store/streams.ts';
import { usePolled } from '../store/use-polled.ts';
import { Choice, Notice } from '../ui/index.ts';
import { LogPart } from './log-part.tsx';
import { OverviewPart } from './overview-part.tsx';
import { SettingsPart } from './settings-part.tsx';
import { t } from './texts.ts';
import { ViewersPart } from './viewers-part.tsx';
import './system.css';

const PARTS = ['overview', 'viewers', 'log', 'settings'] as const;
type Part = (typeof PARTS)[number];
const ASK_EVERY_MS = 4_000;

/** How the gateway fares, who watches, what it tells, and how it is set. */
export function Page({ place }: { place: Extract<Place, { page: 'system' }> }) {
  const { part = 'overview' } = place;
  return (
    <div class="system-page">
      <h1>{t('heading')}</h1>
      <Choice
        label={t('parts')}
        options={PARTS.map((value) => ({ value, label: t(value) }))}
        value={part}
        onChoose={(chosen) => go({ page: 'system', ...(chosen === 'overview' ? {} : { part: chosen }) })}
      />
      {contents(part)}
    </div>
  );
}

function contents(part: Part) {
  switch (part) {
    case 'overview':
      return <Overview />;
    case 'viewers':
      return <ViewersPart />;
    case 'log':
      return <LogPart />;
    default:
      return <SettingsPart />;
  }
}

function Overview() {
  const receivedAtMs = useRef(0);
  const { value, failure } = usePolled(
    async () => {
      const answer = await call('GET', 'api/v1/system', systemStatusSchema);
      receivedAtMs.current = Date.now();
      return answer;
    },
    () => ASK_EVERY_MS,
  );
  return (
    <>
      {failure === undefined || isToldAbove(failure) ? undefined : (
        <Notice kind="trouble">
          {value === undefined ? failureText(failure) : t('no-answer', { why: failureText(failure) })}
        </Notice>
      )}
      {value === undefined ? (
        failure === undefined && <p class="quiet">{t('asking')}</p>
      ) : (
        <OverviewPart status={value} receivedAtMs={receivedAtMs.current} />
      )}
    </>
  );
}
