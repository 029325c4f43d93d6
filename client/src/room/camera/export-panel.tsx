import { useEffect, useRef, useState } from 'preact/hooks';
import type { ExportJob, RecordingTimeline } from '../../../../shared/recording.ts';
import { failureText } from '../api/failure-text.ts';
import { dateTime } from '../i18n/formats.ts';
import { listExports, lockSpan, removeLock, startExport, type TimeSpan } from '../recordings/api.ts';
import { ExportJobs, isBusy } from '../recordings/export-jobs.tsx';
import { durationText, fromLocalIso, localIso } from '../recordings/times.ts';
import { Button, Notice, toast } from '../ui/index.ts';
import type { CameraModel } from './model.ts';
import { t } from './texts.ts';
import type { Marked } from './timeline/layout.ts';
import './export-panel.css';

const POLL_BUSY_MS = 1_000;
const POLL_MS = 15_000;

/** A marked piece: made into an MP4, or locked; and what was made of the camera before. */
export function ExportPanel({ model }: { model: CameraModel }) {
  const [trouble, setTrouble] = useState<string>();
  const [isSending, setSending] = useState(false);
  const { jobs, poll } = useJobs(model);
  const label = useRef<HTMLInputElement>(null);
  const marked = model.marked.value;
  const range = rangeOf(marked);
  const isBackwards = marked.fromMs !== undefined && marked.toMs !== undefined && range === undefined;
  const act = async (work: () => Promise<string | undefined>): Promise<void> => {
    setSending(true);
    setTrouble(await work());
    setSending(false);
  };
  const exportIt = (wanted: TimeSpan): Promise<void> =>
    act(async () => {
      const answer = await startExport(model.stream, wanted);
      poll();
      // The marks stay: what was worth a film is often locked as well.
      return answer.ok ? undefined : failureText(answer.error);
    });
  const lockIt = (wanted: TimeSpan): Promise<void> =>
    act(async () => {
      const answer = await lockSpan(model.stream, wanted, label.current?.value.trim());
      if (!answer.ok) return failureText(answer.error);
      if (label.current !== null) label.current.value = '';
      model.mark({ fromMs: undefined, toMs: undefined });
      model.footage.refreshNow();
      toast(t('locked'));
      return undefined;
    });
  return (
    <section class="camera-export" aria-label={t('export')}>
      <p class="quiet">{t('export-piece')}</p>
      <div class="camera-marks">
        <Mark
          label={t('from')}
          timeMs={marked.fromMs}
          button={t('mark-in')}
          onMark={() => model.markIn()}
          onTyped={(fromMs) => model.mark({ ...marked, fromMs })}
        />
        <Mark
          label={t('to')}
          timeMs={marked.toMs}
          button={t('mark-out')}
          onMark={() => model.markOut()}
          onTyped={(toMs) => model.mark({ ...marked, toMs })}
        />
      </div>
      <p class="camera-length" role="status">
        {isBackwards
          ? t('end-before-start')
          : range === undefined
            ? t('mark-both')
            : durationText(range.toMs - range.fromMs)}
      </p>
      <div class="form-actions">
        <Button
          kind="primary"
          icon="exports"
          disabled={range === undefined || isSending}
          onClick={() => (range === undefined ? undefined : void exportIt(range))}
        >
          {t('export-mp4')}
        </Button>
        {marked.fromMs === undefined && marked.toMs === undefined ? undefined : (
          <Button onClick={() => model.mark({ fromMs: undefined, toMs: undefined })}>{t('clear')}</Button>
        )}
      </div>
      <div class="camera-lock">
        <p class="quiet">{t('lock-hint')}</p>
        <label>
          {t('lock-label')}
          <input ref={label} class="compact" type="text" maxLength={200} />
        </label>
        <Button
          icon="lock"
          disabled={range === undefined || isSending}
          onClick={() => (range === undefined ? undefined : void lockIt(range))}
        >
          {t('lock-range')}
        </Button>
      </div>
      {trouble === undefined ? undefined : <Notice kind="trouble">{trouble}</Notice>}
      <ExportJobs jobs={jobs} onChanged={poll} />
      <Locks model={model} onTrouble={setTrouble} />
    </section>
  );
}

function Mark({
  label,
  timeMs,
  button,
  onMark,
  onTyped,
}: {
  label: string;
  timeMs: number | undefined;
  button: string;
  onMark: () => void;
  onTyped: (timeMs: number | undefined) => void;
}) {
  return (
    <div class="camera-mark">
      <label>
        {label}
        <input
          class="compact"
          type="datetime-local"
          step="1"
          value={timeMs === undefined ? '' : localIso(timeMs)}
          onChange={({ currentTarget }) => onTyped(fromLocalIso(currentTarget.value))}
        />
      </label>
      <Button class="small" onClick={onMark}>
        {button}
      </Button>
    </div>
  );
}

/** The locks within the known time, to be gone to and undone. */
function Locks({ model, onTrouble }: { model: CameraModel; onTrouble: (trouble?: string) => void }) {
  const locks = model.timeline.value?.locks ?? [];
  if (locks.length === 0) return null;
  const unlock = async (id: number): Promise<void> => {
    const answer = await removeLock(model.stream, id);
    onTrouble(answer.ok ? undefined : failureText(answer.error));
    if (answer.ok) toast(t('unlocked'));
    model.footage.refreshNow();
  };
  return (
    <div class="camera-locks">
      <h2>{t('locks')}</h2>
      <ul aria-label={t('locks')}>
        {locks.map((lock) => (
          <li key={lock.id}>
            <button type="button" class="happening lock" onClick={() => model.goTo(lock.start)}>
              <span class="happening-mark" aria-hidden="true" />
              <span>{lockText(lock)}</span>
            </button>
            <Button
              class="small"
              aria-label={t('unlock-range', { range: lockText(lock) })}
              onClick={() => void unlock(lock.id)}
            >
              {t('unlock')}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function lockText({ start, end, label }: RecordingTimeline['locks'][number]): string {
  const text = `${dateTime(start)}, ${durationText(end - start)}`;
  return label === undefined ? text : `${text}: ${label}`;
}

/** The camera's jobs, asked for more often while one is under way. */
function useJobs(model: CameraModel): { jobs: readonly ExportJob[]; poll: () => void } {
  const [jobs, setJobs] = useState<readonly ExportJob[]>([]);
  const ask = useRef<() => void>(() => undefined);
  useEffect(() => {
    let isGone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asks = 0;
    const askNow = async (): Promise<void> => {
      clearTimeout(timer);
      asks += 1;
      const mine = asks;
      const answer = await listExports(model.stream);
      if (isGone || mine !== asks) return;
      if (answer.ok) setJobs(answer.value);
      const isWorking = answer.ok && answer.value.some(isBusy);
      timer = setTimeout(() => void askNow(), isWorking ? POLL_BUSY_MS : POLL_MS);
    };
    ask.current = () => void askNow();
    void askNow();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [model]);
  return { jobs, poll: () => ask.current() };
}

function rangeOf({ fromMs, toMs }: Marked): TimeSpan | undefined {
  return fromMs !== undefined && toMs !== undefined && toMs > fromMs ? { fromMs, toMs } : undefined;
}
