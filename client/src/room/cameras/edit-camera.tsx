import { useEffect, useRef, useState } from 'preact/hooks';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { LiveTestPanel, testTrouble, useLiveTest } from '../add/live-test.tsx';
import { changeStream, type Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { askSoon } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Button, Dialog, toast } from '../ui/index.ts';
import { CheckField, FormTrouble, TitleField } from './camera-fields.tsx';
import {
  draftOf,
  fieldIssues,
  type SourceDraft,
  SourceFields,
  shownFingerprint,
  sourceWish,
} from './source-fields.tsx';
import { t } from './texts.ts';

/** Asks how a camera is to be reached from now on: a new password, another address, the certificate that it shows. */
export function EditCamera({
  status,
  onClose,
  onChanged,
}: {
  status: StreamStatus;
  onClose: () => void;
  onChanged?: (status: StreamStatus) => void;
}) {
  // The camera as it was when the dialog opened: a list that is asked for again must not undo what is typed.
  const [before] = useState(status);
  const [draft, setDraft] = useState(() => draftOf(before.source));
  const [title, setTitle] = useState(before.labels?.title ?? '');
  const [onDemand, setOnDemand] = useState(before.onDemand);
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const test = useLiveTest(`${before.app}/${before.name}`);
  const issues = fieldIssues(failure ?? test.failure, failureText);
  const change = (next: SourceDraft) => {
    setDraft(next);
    setFailure(undefined);
    test.changed();
  };
  const source = () => ({ ...kept(before.source, draft.url), ...sourceWish(draft) });
  const needsPassword = passwordIsLost(before.source, sourceWish(draft));
  useEffect(() => {
    if (failure !== undefined || test.failure !== undefined)
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [failure, test.failure]);

  const save = async (): Promise<void> => {
    setFailure(undefined);
    if (needsPassword && draft.password === '') {
      setFailure(PASSWORD_MISSING);
      return;
    }
    setBusy(true);
    const answer = await changeStream(before.app, before.name, {
      source: source(),
      onDemand,
      labels: labelsWith(before.labels, title),
    });
    setBusy(false);
    if (!answer.ok) {
      setFailure(answer.error);
      return;
    }
    toast(t('saved', { camera: titleOf(answer.value) }));
    askSoon();
    onChanged?.(answer.value);
    onClose();
  };

  return (
    <Dialog title={t('edit-title', { camera: titleOf(before) })} onClose={onClose}>
      <form
        ref={form}
        class="cameras-form"
        noValidate
        autocomplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TitleField
          label={t('shown-name')}
          hint={t('shown-name-hint', { name: before.name })}
          title={title}
          issues={issues}
          onChange={setTitle}
        />
        <SourceFields
          draft={draft}
          onChange={change}
          issues={failure === PASSWORD_MISSING ? new Map([['password', t('password-missing')]]) : issues}
          passwordHint={
            before.source.hasPassword ? t(needsPassword ? 'password-again' : 'password-kept') : ''
          }
          fingerprintShown={shownFingerprint(before)}
        />
        {draft.url.trim() === 'publish:' ? undefined : (
          <LiveTestPanel
            test={test}
            source={source}
            onFingerprint={(tlsFingerprint) => change({ ...draft, tlsFingerprint })}
          />
        )}
        <FormTrouble text={testTrouble(test)} />
        <CheckField name="onDemand" label={t('on-demand')} checked={onDemand} onChange={setOnDemand} />
        <FormTrouble text={failure === undefined ? undefined : issues.get('')} />
        <div class="form-actions">
          <Button kind="primary" type="submit" disabled={isBusy}>
            {t(isBusy ? 'saving' : 'save')}
          </Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Never shown: its words are put to the field. */
const PASSWORD_MISSING: Failure = {
  code: 'BAD_REQUEST',
  message: '',
  issues: [{ path: 'source.password', message: 'is missing' }],
};

/**
 * Whether the gateway forgets the password: it gives none out, so an editor has none to send back, and carries it over
 * to the same user at the same host only.
 */
function passwordIsLost(
  before: StreamStatus['source'],
  after: { readonly url: string; readonly username?: string; readonly sub?: { readonly url: string } },
): boolean {
  if (!before.hasPassword || after.username === undefined) return false;
  if (after.username !== before.username) return true;
  const host = hostOf(before.url);
  return [after.url, after.sub?.url ?? after.url].some((url) => hostOf(url) !== host);
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** What the form does not ask stays as it is. */
function kept(
  { url, onvif, trustCameraClock, connectTimeoutMs, silenceTimeoutMs }: StreamStatus['source'],
  newUrl: string,
): object {
  // Where the camera is steered is at its own host.
  const isSameHost = onvif !== undefined && hostOf(newUrl.trim()) === hostOf(url);
  return { ...(isSameHost ? { onvif } : {}), trustCameraClock, connectTimeoutMs, silenceTimeoutMs };
}

function labelsWith(labels: StreamStatus['labels'], title: string): Record<string, string> {
  const { title: _, ...others } = labels ?? {};
  return title.trim() === '' ? others : { ...others, title: title.trim() };
}
