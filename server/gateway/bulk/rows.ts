import type { BulkRow } from '../../../shared/probe.ts';
import { type StreamDefinition, streamDefinitionSchema } from '../../../shared/stream.ts';
import { describeIssues, type InputIssue, inputIssues } from '../../base/schema-issues.ts';

/** One camera of a list as it was read: to be added, or what is wrong with it. Values are never repeated in messages. */
export type ReadRow =
  | { readonly kind: 'stream'; readonly line: number | undefined; readonly definition: StreamDefinition }
  | {
      readonly kind: 'wrong';
      readonly line: number | undefined;
      readonly id?: string | undefined;
      readonly message: string;
    };

/** More at once would hold up whoever waits for the answer. */
export const MAX_ROWS = 500;

/** What a row may say, and what it is called in spreadsheets, in small letters without spaces, `_` and `-`. */
const FIELDS: ReadonlyMap<string, FlatField> = new Map<string, FlatField>([
  ...(['name', 'app', 'url', 'username', 'password', 'sub', 'record', 'title', 'transport'] as const).map(
    (field): [string, FlatField] => [field, field],
  ),
  ['ondemand', 'onDemand'],
  ['tlsfingerprint', 'tlsFingerprint'],
  ['address', 'url'],
  ['user', 'username'],
  ['login', 'username'],
  ['pass', 'password'],
  ['suburl', 'sub'],
  ['substream', 'sub'],
  ['secondstream', 'sub'],
  ['label', 'title'],
  ['fingerprint', 'tlsFingerprint'],
]);

export type FlatField =
  | 'name'
  | 'app'
  | 'url'
  | 'username'
  | 'password'
  | 'sub'
  | 'record'
  | 'title'
  | 'transport'
  | 'onDemand'
  | 'tlsFingerprint';

/** As they are named to people. */
export const FIELD_NAMES =
  'name, url, username, password, sub, record, onDemand, title, app, transport, tlsFingerprint';

/** The field that a column or key means; undefined where it is none. */
export function fieldOf(heading: string): FlatField | undefined {
  return FIELDS.get(heading.toLowerCase().replace(/[\s_-]/g, ''));
}

/** A row of plain values, as a spreadsheet has it; what is empty was not said. */
export function readFlatRow(values: ReadonlyMap<FlatField, unknown>, line: number | undefined): ReadRow {
  const said = (field: FlatField): unknown => {
    const value = values.get(field);
    return value === '' || value === null ? undefined : value;
  };
  const [record, onDemand] = [yesOrNo(said('record')), yesOrNo(said('onDemand'))];
  for (const [field, value] of [
    ['record', record],
    ['onDemand', onDemand],
  ] as const) {
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    return { kind: 'wrong', line, message: `${field} must be yes or no, or empty.` };
  }
  const name = said('name');
  // Names of digits alone are numbers to YAML.
  const text = (value: unknown) => (typeof value === 'number' ? String(value) : value);
  const { app, name: bareName } = splitName(text(said('app')), text(name));
  return readStream(
    withoutUndefined({
      app,
      name: bareName,
      source: withoutUndefined({
        url: said('url'),
        username: text(said('username')),
        password: text(said('password')),
        transport: said('transport'),
        tlsFingerprint: said('tlsFingerprint'),
        sub: said('sub') === undefined ? undefined : { url: said('sub') },
      }),
      record,
      onDemand,
      labels: said('title') === undefined ? undefined : { title: text(said('title')) },
    }),
    line,
    flatName,
  );
}

/** A stream as the API and `sluice.yaml` have it. */
export function readStream(
  value: unknown,
  line: number | undefined,
  nameOf: (path: string) => string = (path) => path,
): ReadRow {
  const parsed = streamDefinitionSchema.safeParse(value);
  if (parsed.success) return { kind: 'stream', line, definition: parsed.data };
  const issues = inputIssues(parsed.error).map(
    (issue): InputIssue => ({ ...issue, path: nameOf(issue.path) }),
  );
  return { kind: 'wrong', line, id: idOf(value), message: `${describeIssues(issues, 'this row')}.` };
}

/** What is told of a row. */
export function toldRow(row: ReadRow, outcome: BulkRow['outcome'], message?: string): BulkRow {
  const line = row.line === undefined ? {} : { line: row.line };
  if (row.kind === 'wrong') {
    return {
      ...line,
      ...(row.id === undefined ? {} : { id: row.id }),
      outcome: 'wrong',
      message: row.message,
    };
  }
  const { app, name } = row.definition;
  return { ...line, id: `${app}/${name}`, outcome, ...(message === undefined ? {} : { message }) };
}

/** `app/name` in one field names both. */
function splitName(app: unknown, name: unknown): { app: unknown; name: unknown } {
  if (app !== undefined || typeof name !== 'string') return { app, name };
  const [first, second, ...more] = name.split('/');
  return second === undefined || more.length > 0 ? { app, name } : { app: first, name: second };
}

/** Whether the name of a row that is wrong elsewhere can be told: one that fits the pattern is no secret. */
function idOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { app = 'live', name } = value as { app?: unknown; name?: unknown };
  const named = streamDefinitionSchema.pick({ app: true, name: true }).safeParse({ app, name });
  return named.success ? `${named.data.app}/${named.data.name}` : undefined;
}

const YES = /^(?:true|yes|y|1|on|x|ja|j)$/i;
const NO = /^(?:false|no|n|0|off|nein|-)$/i;

/** What is neither stays as it is, and the schema says what is wrong. */
function yesOrNo(value: unknown): unknown {
  if (value === 1 || (typeof value === 'string' && YES.test(value))) return true;
  if (value === 0 || (typeof value === 'string' && NO.test(value))) return false;
  return value;
}

function flatName(path: string): string {
  if (path === 'source.sub.url') return 'sub';
  if (path === 'labels.title') return 'title';
  return path.replace(/^source\./, '');
}

function withoutUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
