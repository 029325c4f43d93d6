import type { StreamStatus } from '../../../../shared/stream.ts';
import type { Failure } from '../api/call.ts';
import { gatewayWords } from '../api/gateway-words.ts';
import { Button, Field } from '../ui/index.ts';
import { UserFields } from './camera-fields.tsx';
import { t } from './texts.ts';

/** A camera's source as it stands in a form: texts, empty where nothing is set. */
export interface SourceDraft {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly tlsFingerprint: string;
  readonly sub: string;
  readonly transport: string;
}

export const EMPTY_SOURCE: SourceDraft = {
  url: '',
  username: '',
  password: '',
  tlsFingerprint: '',
  sub: '',
  transport: 'auto',
};

/** What the API shows of a source; its password stays with the gateway. */
export function draftOf(source: StreamStatus['source']): SourceDraft {
  return {
    url: source.url,
    username: source.username ?? '',
    password: '',
    tlsFingerprint: source.tlsFingerprint ?? '',
    sub: source.sub?.url ?? '',
    transport: source.transport,
  };
}

/** As the API takes a source; what is empty is left out. */
export interface SourceWish {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly tlsFingerprint?: string;
  readonly sub?: { readonly url: string };
  readonly transport: string;
}

export function sourceWish(draft: SourceDraft): SourceWish {
  const username = draft.username.trim();
  const tlsFingerprint = showsCertificate(draft.url) ? draft.tlsFingerprint.trim() : '';
  const sub = draft.sub.trim();
  return {
    url: draft.url.trim(),
    transport: draft.transport,
    ...(username === '' ? {} : { username }),
    ...(draft.password === '' ? {} : { password: draft.password }),
    ...(tlsFingerprint === '' ? {} : { tlsFingerprint }),
    ...(sub === '' ? {} : { sub: { url: sub } }),
  };
}

/** Cameras that are reached over TLS show a certificate. */
function showsCertificate(url: string): boolean {
  return /^\s*(?:rtsps|onvif):/i.test(url);
}

/** As the gateway writes the certificate that a camera showed into its reason. */
const FINGERPRINT = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/;

/** The certificate that the camera showed and nobody has vouched for yet. */
export function shownFingerprint({ reason }: Pick<StreamStatus, 'reason'>): string | undefined {
  return reason?.code === 'CAMERA_CERTIFICATE' ? FINGERPRINT.exec(reason.message)?.[0] : undefined;
}

/** What is wrong with each field; under `''` what belongs to none of them. */
export type FieldIssues = ReadonlyMap<string, string>;

const FIELD_OF_PATH: ReadonlyMap<string, string> = new Map([
  ['name', 'name'],
  ['app', 'name'],
  ['source', 'url'],
  ['source.url', 'url'],
  ['source.username', 'username'],
  ['source.password', 'password'],
  ['source.tlsFingerprint', 'tlsFingerprint'],
  ['source.transport', 'transport'],
  ['source.sub.url', 'sub'],
  ['labels.title', 'title'],
]);

/** Puts each complaint of the API to its field; `general` is said where one belongs to none. */
export function fieldIssues(
  failure: Failure | undefined,
  general: (failure: Failure) => string,
): FieldIssues {
  const issues = new Map<string, string>();
  if (failure === undefined) return issues;
  let placed = 0;
  for (const { path, message } of failure.issues) {
    const field = FIELD_OF_PATH.get(path);
    if (field === undefined) continue;
    placed += 1;
    if (!issues.has(field)) issues.set(field, sentence(message));
  }
  if (failure.code === 'STREAM_EXISTS') issues.set('name', general(failure));
  else if (placed === 0 || placed < failure.issues.length) issues.set('', general(failure));
  return issues;
}

function sentence(issue: string): string {
  const text = t('issue-sentence', { issue: gatewayWords(issue) ?? issue });
  return text.endsWith('.') ? text : `${text}.`;
}

/** The fields of all that a source needs. Issues come from {@link fieldIssues}. */
export function SourceFields({
  draft,
  onChange,
  issues,
  passwordHint,
  fingerprintShown,
}: {
  draft: SourceDraft;
  onChange: (draft: SourceDraft) => void;
  issues: FieldIssues;
  /** What stands in the password's empty field. */
  passwordHint?: string;
  /** The certificate that the camera showed, to be taken over by a click. */
  fingerprintShown?: string | undefined;
}) {
  const set =
    (field: keyof SourceDraft) => (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) =>
      onChange({ ...draft, [field]: event.currentTarget.value });
  const plain = { autocomplete: 'off', autocapitalize: 'off', spellcheck: false } as const;
  return (
    <>
      <Field
        label={t('address')}
        hint={t('address-hint')}
        error={issues.get('url')}
        control={(ids) => (
          <input
            {...ids}
            {...plain}
            name="url"
            type="text"
            inputMode="url"
            required
            maxLength={2048}
            placeholder="rtsp://192.168.1.20:554/stream1"
            value={draft.url}
            onInput={set('url')}
          />
        )}
      />
      <UserFields
        username={draft.username}
        password={draft.password}
        issues={issues}
        passwordHint={passwordHint}
        onUsername={(username) => onChange({ ...draft, username })}
        onPassword={(password) => onChange({ ...draft, password })}
      />
      {showsCertificate(draft.url) ? (
        <>
          <Field
            label={t('fingerprint')}
            hint={t('fingerprint-hint')}
            error={issues.get('tlsFingerprint')}
            control={(ids) => (
              <input
                {...ids}
                {...plain}
                name="tlsFingerprint"
                type="text"
                maxLength={95}
                value={draft.tlsFingerprint}
                onInput={set('tlsFingerprint')}
              />
            )}
          />
          {fingerprintShown === undefined ? undefined : (
            <div class="cameras-certificate">
              <p class="hint fingerprint">{t('fingerprint-shown', { fingerprint: fingerprintShown })}</p>
              <Button class="small" onClick={() => onChange({ ...draft, tlsFingerprint: fingerprintShown })}>
                {t('fingerprint-take')}
              </Button>
            </div>
          )}
        </>
      ) : undefined}
      <Field
        label={t('second')}
        hint={t('second-hint')}
        error={issues.get('sub')}
        control={(ids) => (
          <input
            {...ids}
            {...plain}
            name="sub"
            type="text"
            inputMode="url"
            maxLength={2048}
            placeholder="rtsp://192.168.1.20:554/stream2"
            value={draft.sub}
            onInput={set('sub')}
          />
        )}
      />
      <Field
        label={t('transport')}
        error={issues.get('transport')}
        control={(ids) => (
          <select {...ids} name="transport" value={draft.transport} onChange={set('transport')}>
            <option value="auto">{t('transport-auto')}</option>
            <option value="tcp">{t('transport-tcp')}</option>
            <option value="udp">{t('transport-udp')}</option>
          </select>
        )}
      />
    </>
  );
}
