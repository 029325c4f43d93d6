import { CsvError, parse } from 'csv-parse/sync';
import { shownKey } from '../../base/schema-issues.ts';
import { FIELD_NAMES, type FlatField, fieldOf, MAX_ROWS, type ReadRow, readFlatRow } from './rows.ts';

/** In this order where there is no line of headings. */
const WITHOUT_HEADINGS: readonly FlatField[] = ['name', 'url', 'username', 'password', 'sub'];
const ADDRESS = /^(?:rtsps?|onvif):\/\/|^publish:$/i;

interface CsvLine {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/** Reads a list of cameras as spreadsheets write it (RFC 4180), with commas, semicolons or tabs. Never throws. */
export function readCsv(text: string): ReadRow[] {
  let lines: CsvLine[];
  try {
    lines = parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      info: true,
      trim: true,
      // A password may hold a quote, and people forget the last commas of a line.
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      comment: '#',
      comment_no_infix: true,
      to: MAX_ROWS + 2,
    }) as unknown as CsvLine[];
  } catch (failure) {
    return [unreadable(failure)];
  }
  const [first, ...rest] = lines;
  if (first === undefined) return [];
  const hasHeadings = !first.record.some((cell) => ADDRESS.test(cell));
  if (!hasHeadings) {
    return lines.map(({ record, info }) => readFlatRow(byColumn(WITHOUT_HEADINGS, record), info.lines));
  }
  const columns = first.record.map(fieldOf);
  const wrong = headingTrouble(first.record, columns);
  if (wrong !== undefined) return [{ kind: 'wrong', line: first.info.lines, message: wrong }];
  return rest.map(({ record, info }) =>
    record.length > columns.length
      ? {
          kind: 'wrong',
          line: info.lines,
          message: `This row has ${record.length} values, the headings are ${columns.length}. Put a value that holds the separator into "double quotes".`,
        }
      : readFlatRow(byColumn(columns, record), info.lines),
  );
}

function headingTrouble(
  headings: readonly string[],
  columns: readonly (FlatField | undefined)[],
): string | undefined {
  const unknown = headings.filter((heading, place) => heading !== '' && columns[place] === undefined);
  // A first camera whose address is mistyped is no line of headings, and has a password.
  if (unknown.length > 0 && (columns.includes('name') || columns.includes('url'))) {
    const shown = unknown.slice(0, 5).map((heading) => `"${shownKey(heading)}"`);
    return `These headings are not known: ${shown.join(', ')}. Known are ${FIELD_NAMES}.`;
  }
  const twice = columns.find((column, place) => column !== undefined && columns.indexOf(column) !== place);
  if (twice !== undefined) return `Two columns are both "${twice}"; leave one out.`;
  if (columns.includes('name') && columns.includes('url')) return undefined;
  return 'The first line has to be headings, with name and url among them, such as: name,url,username,password; or a camera: a name, then an address such as rtsp://10.0.0.7/stream1.';
}

function byColumn(
  columns: readonly (FlatField | undefined)[],
  cells: readonly string[],
): ReadonlyMap<FlatField, string> {
  return new Map(
    cells.flatMap((cell, place): [FlatField, string][] => {
      const column = columns[place];
      return column === undefined ? [] : [[column, cell]];
    }),
  );
}

/** The separator that the first line has most of; those of other kinds may stand in addresses and passwords. */
function delimiterOf(text: string): string {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/, 50);
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  const count = (character: string) => first.split(character).length;
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best));
}

/** The library's own message would repeat what stands there. */
function unreadable(failure: unknown): ReadRow {
  if (!(failure instanceof CsvError)) throw failure;
  const line = 'lines' in failure && typeof failure.lines === 'number' ? failure.lines : undefined;
  const message =
    failure.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'A "quoted" value is not closed before the end of the text; add the missing quote.'
      : 'From here on this cannot be read as CSV. Put values that hold quotes or separators into "double quotes", and double the quotes in them.';
  return { kind: 'wrong', line, message };
}
