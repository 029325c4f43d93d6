import { useState } from 'preact/hooks';
import { EMPTY_SOURCE, type SourceDraft, SourceFields, sourceWish } from '../cameras/source-fields.tsx';
import { Field } from '../ui/index.ts';
import { CameraForm } from './camera-form.tsx';
import { fillTemplate, MAKERS } from './makers.ts';
import { hostOf } from './names.ts';
import { t } from './texts.ts';

/** A camera whose address is known. */
export function ByAddress() {
  const [draft, setDraft] = useState<SourceDraft>(EMPTY_SOURCE);
  return <SourceForm draft={draft} onChange={setDraft} suggestion={suggestionOf(draft)} />;
}

/** A camera whose address is guessed by its maker. */
export function ByMaker() {
  const [draft, setDraft] = useState<SourceDraft>(EMPTY_SOURCE);
  const [maker, setMaker] = useState('');
  const [host, setHost] = useState('');
  const [channel, setChannel] = useState(1);
  const guess = (next: { maker?: string; host?: string; channel?: number }) => {
    const now = { maker, host, channel, ...next };
    setMaker(now.maker);
    setHost(now.host);
    setChannel(now.channel);
    const template = MAKERS.find((one) => one.maker === now.maker);
    const at = now.host.trim();
    const filled = (text: string | undefined) =>
      text === undefined || at === '' ? '' : fillTemplate(text, at, now.channel);
    setDraft({ ...draft, url: filled(template?.url), sub: filled(template?.sub) });
  };
  return (
    <>
      <div class="add-maker">
        <Field
          label={t('maker')}
          control={(ids) => (
            <select
              {...ids}
              name="maker"
              value={maker}
              onChange={(e) => guess({ maker: e.currentTarget.value })}
            >
              <option value="">{t('maker-choose')}</option>
              {MAKERS.map((one) => (
                <option key={one.maker} value={one.maker}>
                  {one.maker}
                </option>
              ))}
            </select>
          )}
        />
        <Field
          label={t('host')}
          hint={t('host-hint')}
          control={(ids) => (
            <input
              {...ids}
              name="host"
              type="text"
              inputMode="url"
              maxLength={253}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              placeholder="192.168.1.20"
              value={host}
              onInput={(e) => guess({ host: e.currentTarget.value })}
            />
          )}
        />
        <Field
          label={t('channel')}
          hint={t('channel-hint')}
          control={(ids) => (
            <input
              {...ids}
              name="channel"
              type="number"
              min={1}
              max={256}
              value={channel}
              onInput={(e) =>
                guess({ channel: Math.max(1, Math.min(256, e.currentTarget.valueAsNumber || 1)) })
              }
            />
          )}
        />
      </div>
      <p class="quiet">{t('maker-text')}</p>
      {draft.url === '' ? undefined : (
        <SourceForm
          draft={draft}
          onChange={setDraft}
          suggestion={`${maker.split(/[ ,]/)[0] ?? ''} ${suggestionOf(draft)}`}
        />
      )}
    </>
  );
}

function SourceForm({
  draft,
  onChange,
  suggestion,
}: {
  draft: SourceDraft;
  onChange: (draft: SourceDraft) => void;
  suggestion: string;
}) {
  return (
    <CameraForm
      source={() => sourceWish(draft)}
      sourceKey={JSON.stringify(draft)}
      suggestion={suggestion}
      onFingerprint={(tlsFingerprint) => onChange({ ...draft, tlsFingerprint })}
    >
      {(issues) => <SourceFields draft={draft} onChange={onChange} issues={issues} />}
    </CameraForm>
  );
}

function suggestionOf({ url }: SourceDraft): string {
  const host = hostOf(url);
  return host === undefined ? 'camera' : /^[\d.]+$|:/.test(host) ? `camera ${host}` : host;
}
