import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { go } from '../app/router.ts';
import { CheckField, FormTrouble, TitleField } from '../cameras/camera-fields.tsx';
import { type FieldIssues, fieldIssues, type SourceWish } from '../cameras/source-fields.tsx';
import { ask, streamOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Button, Field, Icon, toast } from '../ui/index.ts';
import { addCamera } from './api.ts';
import { isProven, LiveTestPanel, testTrouble, useLiveTest } from './live-test.tsx';
import { suggestName } from './names.ts';
import { t } from './texts.ts';

/**
 * From a source to a camera: the fields of the source (`children`), a test that shows the picture, name and recording. The
 * password is in the fields' state alone, which goes with the form.
 */
export function CameraForm({
  source,
  sourceKey,
  suggestion,
  onFingerprint,
  children,
}: {
  source: () => SourceWish;
  /** Changes with anything of the source. */
  sourceKey: string;
  /** What the camera is called so far, for a name. */
  suggestion: string;
  onFingerprint?: (fingerprint: string) => void;
  children: (issues: FieldIssues) => ComponentChildren;
}) {
  const test = useLiveTest();
  const [name, setName] = useState<string>();
  const [title, setTitle] = useState('');
  const [record, setRecord] = useState(false);
  const [onDemand, setOnDemand] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const isNew = useRef(true);
  useEffect(() => {
    if (isNew.current) isNew.current = false;
    else test.changed();
    setFailure(undefined);
  }, [sourceKey]);
  const told = failure ?? test.failure;
  useEffect(() => {
    if (told !== undefined) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [told]);
  const issues = fieldIssues(told, failureText);
  const suggested = suggestName(
    title === '' ? suggestion : title,
    (one) => streamOf('live', one) !== undefined,
  );
  const shownName = name ?? suggested;

  const save = async (): Promise<void> => {
    setFailure(undefined);
    setBusy(true);
    // `app/name` names both; a bare name belongs to the app `live`.
    const [first = '', second] = shownName.trim().split('/', 2);
    const answer = await addCamera({
      ...(second === undefined ? { name: first } : { app: first, name: second }),
      source: source(),
      onDemand,
      // Left out, the application's own setting holds.
      ...(record ? { record } : {}),
      ...(title.trim() === '' ? {} : { labels: { title: title.trim() } }),
    });
    setBusy(false);
    if (!answer.ok) {
      setFailure(answer.error);
      return;
    }
    test.stop();
    toast(t('added', { camera: titleOf(answer.value) }));
    await ask();
    go({ page: 'camera', app: answer.value.app, name: answer.value.name });
  };

  return (
    <form
      ref={form}
      class="add-form"
      noValidate
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div class="add-fields">{children(issues)}</div>
      <LiveTestPanel test={test} source={source} onFingerprint={onFingerprint} />
      <FormTrouble text={testTrouble(test)} />
      <section class="add-fields" aria-labelledby="add-name-heading">
        <h2 id="add-name-heading">{t('name-heading')}</h2>
        <div class="pair">
          <TitleField
            label={t('shown')}
            hint={t('shown-hint')}
            title={title}
            issues={issues}
            onChange={setTitle}
          />
          <Field
            label={t('name')}
            hint={t('name-hint')}
            error={issues.get('name')}
            control={(ids) => (
              <input
                {...ids}
                name="name"
                type="text"
                required
                maxLength={129}
                spellcheck={false}
                autocapitalize="off"
                value={shownName}
                onInput={({ currentTarget }) => setName(currentTarget.value)}
                onBlur={({ currentTarget }) => {
                  if (currentTarget.value.trim() === '') setName(undefined);
                }}
              />
            )}
          />
        </div>
        <CheckField name="record" label={t('record')} checked={record} onChange={setRecord} />
        <CheckField name="onDemand" label={t('on-demand')} checked={onDemand} onChange={setOnDemand} />
      </section>
      <FormTrouble text={failure === undefined ? undefined : issues.get('')} />
      <div class="form-actions add-save">
        <Button kind="primary" type="submit" disabled={isBusy || shownName.trim() === ''}>
          <Icon name="add" />
          {t(isBusy ? 'saving' : 'save')}
        </Button>
        {isProven(test) ? undefined : <p class="quiet">{t('save-untested')}</p>}
      </div>
    </form>
  );
}
