import { useRef, useState } from 'preact/hooks';
import type { BulkResult } from '../../../../shared/probe.ts';
import { failureText } from '../api/failure-text.ts';
import { gatewayWords } from '../api/gateway-words.ts';
import { go } from '../app/router.ts';
import { ask } from '../store/streams.ts';
import { Button, Choice, Field, Icon, toast } from '../ui/index.ts';
import { addMany } from './api.ts';
import { t } from './texts.ts';

type Format = 'csv' | 'yaml';

const MAX_CHARS = 512 * 1024;
const EXAMPLES: Readonly<Record<Format, string>> = {
  csv: `name,title,url,username,password,sub,record
front-door,Front door,rtsp://192.168.1.20:554/stream1,viewer,secret,rtsp://192.168.1.20:554/stream2,yes
yard,Yard,onvif://192.168.1.21,viewer,secret,,no
`,
  yaml: `- name: front-door
  title: Front door
  url: rtsp://192.168.1.20:554/stream1
  username: viewer
  password: secret
  sub: rtsp://192.168.1.20:554/stream2
  record: true
- name: yard
  url: onvif://192.168.1.21
  username: viewer
  password: secret
`,
};

/** Many cameras by a list: looked at first, added then. */
export function Many() {
  const [format, setFormat] = useState<Format>('csv');
  const [text, setText] = useState('');
  const [result, setResult] = useState<BulkResult>();
  const [wasChanged, setChanged] = useState(false);
  const [trouble, setTrouble] = useState<string>();
  const [busy, setBusy] = useState<'check' | 'add'>();
  const picker = useRef<HTMLInputElement>(null);

  const change = (next: { format?: Format; text?: string }) => {
    if (next.format !== undefined) setFormat(next.format);
    if (next.text !== undefined) setText(next.text);
    setTrouble(undefined);
    setChanged(result !== undefined);
    setResult(undefined);
  };
  const send = async (dryRun: boolean): Promise<void> => {
    setBusy(dryRun ? 'check' : 'add');
    setTrouble(undefined);
    setChanged(false);
    const answer = await addMany(format, text, dryRun);
    setBusy(undefined);
    if (!answer.ok) {
      setResult(undefined);
      setTrouble(failureText(answer.error));
      return;
    }
    setResult(answer.value);
    if (dryRun) return;
    // Passwords are in it.
    setText('');
    toast(t('many-result', { added: answer.value.added }));
    void ask();
  };
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    if (file.size > MAX_CHARS) {
      setTrouble(t('many-too-large'));
      return;
    }
    change({ format: /\.(ya?ml|json)$/i.test(file.name) ? 'yaml' : 'csv', text: await file.text() });
  };
  const would = result?.rows.filter(({ outcome }) => outcome === 'would-add').length ?? 0;
  const wrong = result?.rows.filter(({ outcome }) => outcome === 'wrong').length ?? 0;
  const isAdded = result !== undefined && text === '';

  return (
    <form
      class="add-form add-many"
      onSubmit={(event) => {
        event.preventDefault();
        void send(true);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void take(event.dataTransfer?.files[0]);
      }}
    >
      {isAdded ? undefined : (
        <div class="add-fields">
          <p class="quiet">{t('many-text')}</p>
          <div class="add-many-tools">
            <Choice
              label={t('many-format')}
              options={[
                { value: 'csv', label: 'CSV' },
                { value: 'yaml', label: 'YAML' },
              ]}
              value={format}
              onChoose={(chosen) => change({ format: chosen })}
            />
            <Button onClick={() => picker.current?.click()}>{t('many-file')}</Button>
            <span class="quiet add-drop">{t('many-drop')}</span>
            <input
              ref={picker}
              class="unseen"
              type="file"
              tabIndex={-1}
              aria-label={t('many-file')}
              accept=".csv,.tsv,.txt,.yaml,.yml,.json,text/csv"
              onChange={({ currentTarget }) => {
                void take(currentTarget.files?.[0]);
                currentTarget.value = '';
              }}
            />
            <Button onClick={() => change({ text: EXAMPLES[format] })} hidden={text !== ''}>
              {t('many-example')}
            </Button>
          </div>
          <Field
            label={t('many-list')}
            hint={t('many-passwords')}
            error={trouble}
            control={(ids) => (
              <textarea
                {...ids}
                name="list"
                rows={9}
                maxLength={MAX_CHARS}
                spellcheck={false}
                autocomplete="off"
                autocapitalize="off"
                wrap="off"
                placeholder={EXAMPLES[format]}
                value={text}
                onInput={({ currentTarget }) => change({ text: currentTarget.value })}
              />
            )}
          />
          <div class="form-actions">
            <Button
              kind={would > 0 ? 'plain' : 'primary'}
              type="submit"
              disabled={text.trim() === '' || busy !== undefined}
            >
              {t(busy === 'check' ? 'many-checking' : 'many-check')}
            </Button>
            {result === undefined ? undefined : (
              <Button
                kind="primary"
                icon="add"
                disabled={would === 0 || busy !== undefined}
                onClick={() => void send(false)}
              >
                {busy === 'add' ? t('many-adding') : t('many-add', { count: would })}
              </Button>
            )}
          </div>
        </div>
      )}
      <p role="status" class="add-test-state">
        {wasChanged ? t('many-changed') : undefined}
        {result === undefined
          ? undefined
          : isAdded
            ? t('many-result', { added: result.added })
            : t('many-would', { would: would, wrong: wrong })}
      </p>
      {result === undefined ? undefined : <Rows result={result} />}
      {isAdded ? (
        <div class="form-actions">
          <Button kind="primary" onClick={() => go({ page: 'wall' })}>
            {t('many-wall')}
          </Button>
          <Button onClick={() => setResult(undefined)}>{t('many-another')}</Button>
        </div>
      ) : undefined}
    </form>
  );
}

function Rows({ result }: { result: BulkResult }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section class="add-rows" tabIndex={0} aria-label={t('many-outcome')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('many-line')}</th>
            <th scope="col">{t('many-name')}</th>
            <th scope="col">{t('many-address')}</th>
            <th scope="col">{t('many-outcome')}</th>
          </tr>
        </thead>
        <tbody>
          {result.rows.map((row, place) => (
            <tr key={place} data-outcome={row.outcome}>
              <td>{row.line}</td>
              <td>{row.id}</td>
              <td class="add-url">{row.url}</td>
              <td>
                <span class="add-outcome">
                  <Icon
                    name={row.outcome === 'wrong' ? 'alert' : row.outcome === 'exists' ? 'more' : 'check'}
                  />
                  {t(`outcome-${row.outcome}`)}
                </span>
                {row.message === undefined ? undefined : (
                  <p class="quiet">{gatewayWords(row.message) ?? row.message}</p>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
