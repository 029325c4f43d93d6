import { element } from '../../base/dom.ts';
import type { Failure, NewStream } from '../api/call.ts';

export interface Field {
  readonly input: HTMLInputElement;
  readonly error: HTMLElement;
  readonly row: HTMLElement;
}

interface FieldOptions {
  readonly label: string;
  readonly hint?: string;
  readonly attributes: Readonly<Record<string, string | boolean>>;
}

/** The fields of a camera's form, by name. */
export type CameraFields = ReadonlyMap<string, Field>;

/** Which field an issue of the API belongs to. */
const FIELD_OF_ISSUE: ReadonlyMap<string, string> = new Map([
  ['name', 'name'],
  ['app', 'name'],
  ['source.url', 'url'],
  ['source.username', 'username'],
  ['source.password', 'password'],
  ['source.tlsFingerprint', 'tlsFingerprint'],
  ['source.sub.url', 'sub'],
]);

let nextId = 1;

/** Shows the fingerprint's field while the address is one that has a certificate. */
export function followAddress(fields: CameraFields, form: HTMLFormElement): void {
  const show = (): void => {
    const row = fields.get('tlsFingerprint')?.row;
    if (row !== undefined) row.hidden = !isSecure(fields);
  };
  show();
  fields.get('url')?.input.addEventListener('input', show);
  form.addEventListener('reset', () => queueMicrotask(show));
}

/** The fields of all that a source needs, in their order on a form. */
export function sourceRows(fields: CameraFields): (HTMLElement | undefined)[] {
  return [
    fields.get('url')?.row,
    element('div', { class: 'pair' }, fields.get('username')?.row, fields.get('password')?.row),
    fields.get('tlsFingerprint')?.row,
    fields.get('sub')?.row,
  ];
}

export function makeFields(): CameraFields {
  return new Map([
    [
      'name',
      makeField({
        label: 'Name',
        hint: 'Letters, digits, "-" and "_". It becomes part of the address.',
        attributes: {
          name: 'name',
          required: true,
          maxlength: '64',
          placeholder: 'front-door',
          spellcheck: 'false',
        },
      }),
    ],
    [
      'url',
      makeField({
        label: 'Address',
        hint: 'The camera’s RTSP address; its manual or its web page tells it.',
        attributes: {
          name: 'url',
          required: true,
          maxlength: '2048',
          placeholder: 'rtsp://192.168.1.20:554/stream1',
          inputmode: 'url',
          spellcheck: 'false',
          autocapitalize: 'off',
        },
      }),
    ],
    [
      'username',
      makeField({
        label: 'User name',
        attributes: { name: 'username', maxlength: '256', autocomplete: 'off', autocapitalize: 'off' },
      }),
    ],
    [
      'password',
      makeField({
        label: 'Password',
        attributes: { name: 'password', type: 'password', maxlength: '256', autocomplete: 'new-password' },
      }),
    ],
    [
      'tlsFingerprint',
      makeField({
        label: 'Certificate fingerprint',
        hint: 'Optional: the SHA-256 of the camera’s own certificate. Left empty, the camera’s card tells which one it shows.',
        attributes: { name: 'tlsFingerprint', maxlength: '95', spellcheck: 'false', autocapitalize: 'off' },
      }),
    ],
    [
      'sub',
      makeField({
        label: 'Second stream',
        hint: 'Optional: where the camera has a smaller picture, for viewers whose connection is slow.',
        attributes: {
          name: 'sub',
          maxlength: '2048',
          placeholder: 'rtsp://192.168.1.20:554/stream2',
          inputmode: 'url',
          spellcheck: 'false',
          autocapitalize: 'off',
        },
      }),
    ],
  ]);
}

function makeField({ label, hint, attributes }: FieldOptions): Field {
  const id = `field-${nextId++}`;
  const input = element('input', {
    attributes: { id, type: 'text', ...attributes, 'aria-describedby': `${id}-hint ${id}-error` },
  });
  const error = element('span', { class: 'field-error', attributes: { id: `${id}-error` } });
  const row = element(
    'div',
    { class: 'field' },
    element('label', { text: label, attributes: { for: id } }),
    input,
    hint === undefined
      ? undefined
      : element('span', { class: 'hint', text: hint, attributes: { id: `${id}-hint` } }),
    error,
  );
  return { input, error, row };
}

/** Only rtsps cameras show a certificate. */
function isSecure(fields: CameraFields): boolean {
  return /^\s*rtsps:/i.test(fields.get('url')?.input.value ?? '');
}

/** What the fields say of where the pictures come from. */
export function sourceOf(fields: CameraFields): NewStream['source'] {
  const text = (name: string): string => fields.get(name)?.input.value ?? '';
  const username = text('username').trim();
  const password = text('password');
  const tlsFingerprint = isSecure(fields) ? text('tlsFingerprint').trim() : '';
  const sub = text('sub').trim();
  return {
    url: text('url').trim(),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(tlsFingerprint === '' ? {} : { tlsFingerprint }),
    ...(sub === '' ? {} : { sub: { url: sub } }),
  };
}

/** Puts each complaint to its field, and the rest to `trouble`. */
export function showIssues(fields: CameraFields, trouble: HTMLElement, failure: Failure | undefined): void {
  for (const { input, error } of fields.values()) {
    input.removeAttribute('aria-invalid');
    error.textContent = '';
  }
  const placed = (failure?.issues ?? []).filter((issue) => {
    const field = fields.get(FIELD_OF_ISSUE.get(issue.path) ?? '');
    if (field === undefined) return false;
    field.input.setAttribute('aria-invalid', 'true');
    field.error.textContent = sentence(issue.message);
    return true;
  });
  if (failure?.code === 'STREAM_EXISTS') fields.get('name')?.input.setAttribute('aria-invalid', 'true');
  const rest = failure === undefined || (placed.length > 0 && placed.length === failure.issues.length);
  trouble.hidden = rest;
  trouble.textContent = rest ? '' : (failure?.message ?? '');
  [...fields.values()].find(({ input }) => input.hasAttribute('aria-invalid'))?.input.focus();
}

function sentence(text: string): string {
  const whole = `This ${text}`;
  return whole.endsWith('.') ? whole : `${whole}.`;
}
