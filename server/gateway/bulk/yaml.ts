import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { shownKey } from '../../base/schema-issues.ts';
import {
  FIELD_NAMES,
  type FlatField,
  fieldOf,
  MAX_ROWS,
  type ReadRow,
  readFlatRow,
  readStream,
} from './rows.ts';

const SHAPES =
  'Expected a list of cameras ("- name: ..."), or "streams:" with one app/name each, as sluice.yaml has it.';

/**
 * Reads a list of cameras as YAML or JSON: the `streams` of a `sluice.yaml`, a map like it, or a list of streams or of plain
 * rows. Never throws.
 */
export function readYaml(text: string): ReadRow[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (node: unknown): number | undefined => {
    const offset = (node as Partial<Node> | null)?.range?.[0];
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  const [error] = document.errors;
  if (error !== undefined) {
    return [wrong(lines.linePos(error.pos[0]).line, `This is no YAML: ${yamlTrouble(error.code)}.`)];
  }
  if (document.contents === null) return [];
  let root: unknown = document.contents;
  if (isMap(root) && root.has('streams')) root = root.get('streams', true);
  // An alias may stand for what holds aliases itself; a camera needs none.
  const plain = (node: unknown): unknown => (node as Node | null)?.toJS(document, { maxAliasCount: 100 });
  try {
    if (isSeq(root))
      return root.items.slice(0, MAX_ROWS + 1).map((item) => readItem(plain(item), lineOf(item)));
    if (!isMap(root)) return [wrong(lineOf(root), SHAPES)];
    return root.items.slice(0, MAX_ROWS + 1).map(({ key, value }) => {
      const id = isScalar(key) ? String(key.value) : '';
      return readNamed(id, plain(value), lineOf(key));
    });
  } catch {
    return [wrong(undefined, 'This YAML stands for itself over and over (aliases); write the cameras out.')];
  }
}

function readItem(value: unknown, line: number | undefined): ReadRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrong(line, `must be a camera with name and url. ${SHAPES}`);
  }
  return 'source' in value ? readStream(value, line) : readFlat(value, line);
}

/** `app/name: {...}`; a bare name belongs to the app `live`. */
function readNamed(id: string, value: unknown, line: number | undefined): ReadRow {
  const [app, name] = id.includes('/') ? id.split('/', 2) : [undefined, id];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrong(line, `This has no camera below it. ${SHAPES}`);
  }
  const named = { ...(app === undefined ? {} : { app }), name, ...value };
  return 'source' in value ? readStream(named, line) : readFlat(named, line);
}

function readFlat(value: object, line: number | undefined): ReadRow {
  const fields = new Map<FlatField, unknown>();
  for (const [key, each] of Object.entries(value)) {
    const field = fieldOf(key);
    if (field === undefined) {
      return wrong(
        line,
        `has an unknown key "${shownKey(key)}". Known are ${FIELD_NAMES}, or source as in sluice.yaml.`,
      );
    }
    fields.set(field, each);
  }
  return readFlatRow(fields, line);
}

function wrong(line: number | undefined, message: string): ReadRow {
  return { kind: 'wrong', line, message };
}

/** The library's own message may repeat what stands there, which may be a password. */
function yamlTrouble(code: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'lines are indented by spaces, not by tabs';
    case 'BAD_INDENT':
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'the indentation of this line does not fit those above it';
    case 'DUPLICATE_KEY':
      return 'this key stands here twice';
    case 'MISSING_CHAR':
      return 'a quote or bracket is not closed';
    default:
      return `something is wrong at this line (${code.toLowerCase().replaceAll('_', ' ')})`;
  }
}
