import { useEffect, useState } from 'preact/hooks';
import { type Setting, type SettingValue, settingsSchema } from '../../../../shared/system.ts';
import { call, type Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { gatewayWords } from '../api/gateway-words.ts';
import { Button, Field, Icon, Notice, toast } from '../ui/index.ts';
import { fieldText, fieldValue } from './setting-values.ts';
import { settingWords } from './setting-words.ts';
import { t } from './texts.ts';

type Drafts = ReadonlyMap<string, string>;

/** The settings: those that can be changed as a form, the others to be read. */
export function SettingsPart() {
  const [settings, setSettings] = useState<readonly Setting[]>();
  const [failure, setFailure] = useState<Failure>();
  const [drafts, setDrafts] = useState<Drafts>(new Map());
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    void call('GET', 'api/v1/settings', settingsSchema).then((answer) => {
      if (answer.ok) setSettings(answer.value.settings);
      else setFailure(answer.error);
    });
  }, []);
  if (settings === undefined) {
    return failure === undefined ? (
      <p class="quiet">{t('asking')}</p>
    ) : (
      <Notice kind="trouble">{failureText(failure)}</Notice>
    );
  }
  const draft = (key: string, text: string | undefined) => {
    const next = new Map(drafts);
    if (text === undefined) next.delete(key);
    else next.set(key, text);
    setDrafts(next);
    setFailure(undefined);
  };
  const changes = changesOf(settings, drafts);
  const save = async (changed: Readonly<Record<string, SettingValue>>): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    const answer = await call('PATCH', 'api/v1/settings', settingsSchema, changed);
    setBusy(false);
    if (!answer.ok) {
      setFailure(answer.error);
      return;
    }
    setSettings(answer.value.settings);
    setDrafts(new Map([...drafts].filter(([key]) => !Object.hasOwn(changed, key))));
    toast(t('saved'));
  };
  const count = Object.keys(changes.values).length + changes.wrong.size;
  const errors = new Map(
    failure?.issues.map(({ path, message }) => [settingOf(path), `${gatewayWords(message) ?? message}.`]) ??
      [],
  );
  const row = (setting: Setting) => (
    <SettingRow
      key={setting.key}
      setting={setting}
      text={drafts.get(setting.key) ?? fieldText(setting, setting.value)}
      error={changes.wrong.has(setting.key) ? t('not-a-number') : errors.get(setting.key)}
      onChange={(text) => draft(setting.key, text === fieldText(setting, setting.value) ? undefined : text)}
      onReset={() => {
        draft(setting.key, undefined);
        void save({ [setting.key]: null });
      }}
    />
  );
  return (
    <form
      class="system-settings"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (changes.wrong.size === 0 && count > 0) void save(changes.values);
      }}
    >
      <p class="quiet">{t('settings-text')}</p>
      {GROUPS.map(({ name, holds }) => (
        <section key={name} class="system-panel" aria-labelledby={`settings-${name}`}>
          <h2 id={`settings-${name}`}>{t(`group-${name}`)}</h2>
          {settings.filter((setting) => isMutable(setting) && holds(setting.key)).map(row)}
        </section>
      ))}
      <div class="system-save" hidden={count === 0 && failure === undefined}>
        {failure === undefined || errors.size > 0 ? undefined : (
          <p class="form-error" role="alert">
            {failureText(failure)}
          </p>
        )}
        <p role="status">{count === 0 ? undefined : t('unsaved', { count })}</p>
        <Button kind="primary" type="submit" disabled={isBusy || count === 0 || changes.wrong.size > 0}>
          {t(isBusy ? 'saving' : 'save')}
        </Button>
        <Button
          onClick={() => {
            setDrafts(new Map());
            setFailure(undefined);
          }}
        >
          {t('discard')}
        </Button>
      </div>
      <section class="system-panel" aria-labelledby="settings-fixed">
        <h2 id="settings-fixed">{t('group-fixed')}</h2>
        <dl class="system-fixed">
          {settings
            .filter((setting) => !isMutable(setting))
            .map((setting) => (
              <div key={setting.key}>
                <dt>
                  <code>{setting.key}</code>
                  <span class="quiet">{settingWords(setting).does}</span>
                </dt>
                <dd>
                  {valueText(setting, setting.value)}
                  <span class="quiet">{fixedBy(setting)}</span>
                </dd>
              </div>
            ))}
        </dl>
      </section>
    </form>
  );
}

const GROUPS = [
  { name: 'recording', holds: (key: string) => key.startsWith('recording.') },
  { name: 'exports', holds: (key: string) => key.startsWith('exports.') },
  { name: 'other', holds: (key: string) => !/^(?:recording|exports)\./.test(key) },
] as const;

/** Also what the file sets here and now: it could be changed, were it not there. */
function isMutable(setting: Setting): boolean {
  return setting.canChange || settingWords(setting).label !== setting.key;
}

function SettingRow({
  setting,
  text,
  error,
  onChange,
  onReset,
}: {
  setting: Setting;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
  onReset: () => void;
}) {
  const { label, does } = settingWords(setting);
  const { setBy, canChange, needsRestart, running } = setting;
  const notes = [
    setBy === 'file' ? t('set-file') : undefined,
    setBy === 'environment' ? t('set-environment', { variable: setting.variable ?? '' }) : undefined,
    setBy === 'page' ? t('set-page', { value: valueText(setting, setting.default) }) : undefined,
    running === undefined && needsRestart && canChange ? t('needs-restart') : undefined,
  ].filter((note) => note !== undefined);
  return (
    <div class="system-setting">
      <Field
        label={label}
        hint={does}
        error={error}
        control={(ids) => (
          <span class="system-control">
            <Control ids={ids} setting={setting} text={text} onChange={onChange} />
            {unitOf(setting)}
          </span>
        )}
      />
      <div class="system-setting-notes">
        {running === undefined ? undefined : (
          <p class="system-waits">
            <Icon name="restart" />
            {t('waits-restart', { value: valueText(setting, running) })}
          </p>
        )}
        {notes.map((note) => (
          <p key={note} class="quiet">
            {note}
          </p>
        ))}
        {setBy === 'page' ? (
          <Button class="small" aria-label={t('reset-which', { setting: label })} onClick={onReset}>
            {t('reset')}
          </Button>
        ) : undefined}
      </div>
    </div>
  );
}

function Control({
  ids,
  setting,
  text,
  onChange,
}: {
  ids: object;
  setting: Setting;
  text: string;
  onChange: (text: string) => void;
}) {
  const { kind, key, canChange, choices } = setting;
  const disabled = !canChange;
  if (kind === 'switch' || kind === 'choice') {
    const options =
      kind === 'choice'
        ? (choices ?? []).map((choice) => ({ value: choice, label: choice }))
        : [
            // Of those that have a fixed default the two are all there is.
            ...(setting.default === null ? [{ value: '', label: t('automatic') }] : []),
            { value: 'true', label: t('on') },
            { value: 'false', label: t('off') },
          ];
    return (
      <select
        {...ids}
        name={key}
        disabled={disabled}
        value={text}
        onChange={(e) => onChange(e.currentTarget.value)}
      >
        {options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    );
  }
  const isNumber = kind !== 'text' && kind !== 'list';
  return (
    <input
      {...ids}
      name={key}
      type="text"
      inputMode={isNumber ? 'decimal' : 'text'}
      class={isNumber ? 'system-number' : ''}
      disabled={disabled}
      maxLength={1024}
      autocomplete="off"
      spellcheck={false}
      placeholder={setting.default === null ? '' : fieldText(setting, setting.default)}
      value={text}
      onInput={(e) => onChange(e.currentTarget.value)}
    />
  );
}

function unitOf({ kind }: Setting) {
  switch (kind) {
    case 'days':
    case 'milliseconds':
    case 'bytes':
      return <span>{t(kind)}</span>;
    default:
      return undefined;
  }
}

function valueText(setting: Setting, value: SettingValue): string {
  if (typeof value === 'boolean') return t(value ? 'on' : 'off');
  if (value === null) return setting.kind === 'switch' ? t('automatic') : t('none');
  const text = fieldText(setting, value);
  switch (setting.kind) {
    case 'days':
    case 'milliseconds':
    case 'bytes':
      return `${text} ${t(setting.kind)}`;
    default:
      return text;
  }
}

function fixedBy({ setBy, variable }: Setting): string {
  if (setBy === 'file') return t('set-file');
  return t(setBy === 'environment' ? 'set-environment' : 'set-fixed', { variable: variable ?? '' });
}

/** What is to be sent, and what cannot be. */
function changesOf(settings: readonly Setting[], drafts: Drafts) {
  const values: Record<string, SettingValue> = {};
  const wrong = new Set<string>();
  for (const [key, text] of drafts) {
    const setting = settings.find((one) => one.key === key);
    if (setting === undefined) continue;
    const value = fieldValue(setting, text);
    if (value === undefined) wrong.add(key);
    else values[key] = value;
  }
  return { values, wrong };
}

/** The setting that an issue belongs to: that of a list has the place in it too. */
function settingOf(path: string): string {
  return path.replace(/\.\d+$/, '');
}
