import { useRef, useState } from 'preact/hooks';
import type { KeptRecordings } from '../../../../shared/recording.ts';
import type { Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import type { StreamKey } from '../recordings/api.ts';
import { durationText, fromLocalIso, localIso } from '../recordings/times.ts';
import { Button, Dialog, Field, Notice, toast } from '../ui/index.ts';
import { createExport } from './api.ts';
import { nameOf, spanText } from './names.ts';
import { t } from './texts.ts';

const MAX_MS = 24 * 3_600_000;
/** What is offered at first: the last minutes. */
const OFFERED_MS = 5 * 60_000;

/** What the form is filled in with at first; times are Unix milliseconds. */
export interface FormStart {
  readonly stream?: StreamKey;
  readonly fromMs?: number;
  readonly toMs?: number;
}

const keyOf = ({ app, name }: StreamKey): string => `${app}/${name}`;

/** Asks what to make an MP4 of, and begins. */
export function ExportForm({
  kept,
  start,
  onClose,
  onStarted,
}: {
  kept: readonly KeptRecordings[];
  start: FormStart;
  onClose: () => void;
  onStarted: () => void;
}) {
  const [key, setKey] = useState(keyOf(start.stream ?? kept[0] ?? { app: '', name: '' }));
  const chosen = kept.find((one) => keyOf(one) === key);
  const lastMs = chosen?.end ?? Date.now();
  const firstMs = Math.max(chosen?.start ?? 0, lastMs - OFFERED_MS);
  // Fields have whole seconds: what was locked is taken whole.
  const [from, setFrom] = useState(localIso(start.fromMs ?? firstMs));
  const [to, setTo] = useState(localIso(start.toMs === undefined ? lastMs : start.toMs + 999));
  const [gaps, setGaps] = useState<'skip' | 'keep'>('skip');
  const fileName = useRef<HTMLInputElement>(null);
  const [isTried, setTried] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const fromMs = fromLocalIso(from);
  const toMs = fromLocalIso(to);
  const lengthMs = fromMs === undefined || toMs === undefined ? undefined : toMs - fromMs;
  const errors = {
    from: fromMs === undefined ? t('from-wrong') : '',
    to: toMs === undefined || (lengthMs ?? 1) <= 0 ? t('to-wrong') : lengthError(lengthMs),
  };
  const send = async (): Promise<void> => {
    setTried(true);
    if (chosen === undefined || fromMs === undefined || toMs === undefined || errors.to !== '') return;
    setBusy(true);
    const { app, name } = chosen;
    const wanted = fileName.current?.value.trim() ?? '';
    const answer = await createExport({
      ...{ app, name, start: fromMs, end: toMs, gaps },
      ...(wanted === '' ? {} : { fileName: wanted }),
    });
    setBusy(false);
    setFailure(answer.ok ? undefined : answer.error);
    if (!answer.ok) return;
    toast(t('started'));
    onStarted();
    onClose();
  };
  const issueOf = (path: string): string =>
    failure?.issues.find((issue) => issue.path === path)?.message ?? '';
  return (
    <Dialog title={t('form-title')} onClose={onClose}>
      <form
        class="exports-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Field
          label={t('camera')}
          hint={chosen === undefined ? undefined : spanText(chosen.start, chosen.end)}
          control={(ids) => (
            <select {...ids} value={key} onChange={({ currentTarget }) => setKey(currentTarget.value)}>
              {kept.map((one) => (
                <option key={keyOf(one)} value={keyOf(one)}>
                  {one.exists ? nameOf(one) : t('camera-removed', { camera: nameOf(one) })}
                </option>
              ))}
            </select>
          )}
        />
        <div class="pair">
          <Field
            label={t('from')}
            error={isTried ? errors.from : ''}
            control={(ids) => (
              <input
                {...ids}
                type="datetime-local"
                step="1"
                value={from}
                onInput={({ currentTarget }) => setFrom(currentTarget.value)}
              />
            )}
          />
          <Field
            label={t('to')}
            error={isTried ? errors.to : ''}
            hint={
              lengthMs === undefined || lengthMs <= 0
                ? undefined
                : t('length', { length: durationText(lengthMs) })
            }
            control={(ids) => (
              <input
                {...ids}
                type="datetime-local"
                step="1"
                value={to}
                onInput={({ currentTarget }) => setTo(currentTarget.value)}
              />
            )}
          />
        </div>
        <Field
          label={t('gaps')}
          control={(ids) => (
            <select
              {...ids}
              value={gaps}
              onChange={({ currentTarget }) => setGaps(currentTarget.value === 'keep' ? 'keep' : 'skip')}
            >
              <option value="skip">{t('gaps-skip')}</option>
              <option value="keep">{t('gaps-keep')}</option>
            </select>
          )}
        />
        <Field
          label={t('file-name')}
          hint={t('file-name-hint')}
          error={issueOf('fileName')}
          control={(ids) => <input {...ids} ref={fileName} maxLength={200} autocomplete="off" />}
        />
        {failure === undefined ? undefined : <Notice kind="trouble">{failureText(failure)}</Notice>}
        <div class="form-actions">
          <Button kind="primary" type="submit" disabled={isBusy || chosen === undefined}>
            {t('start')}
          </Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function lengthError(lengthMs: number | undefined): string {
  return lengthMs !== undefined && lengthMs > MAX_MS ? t('too-long') : '';
}
