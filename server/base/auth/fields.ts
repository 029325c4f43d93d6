/**
 * One `Scheme name=value, name="value"` of an authentication field (RFC 9110 section 11). Names in lower
 * case.
 */
export interface AuthField {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Credentials without names, as Basic has them. */
  readonly token: string | undefined;
}

const MAX_FIELD_CHARS = 8 * 1024;
const MAX_PARAMETERS = 64;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;
const SPACE_AND_COMMAS = /[\s,]*/y;
const EQUALS = /\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"?/y;
const BARE = /[^,\s]*/y;

/**
 * Reads the schemes of one field, as several may stand in one (`Digest realm="a", nonce="b", Basic
 * realm="a"`). Stops at what it cannot read.
 */
export function parseAuthFields(value: string): AuthField[] {
  const text = value.slice(0, MAX_FIELD_CHARS);
  const fields: AuthField[] = [];
  let parameters = new Map<string, string>();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match ?? undefined;
  };
  for (;;) {
    take(SPACE_AND_COMMAS);
    const name = take(TOKEN)?.[0];
    if (name === undefined) return fields;
    if (take(EQUALS) === undefined) {
      parameters = new Map();
      take(SPACE_AND_COMMAS);
      fields.push({ scheme: name.toLowerCase(), parameters, token: take(TOKEN68)?.[0] });
      continue;
    }
    const quoted = take(QUOTED)?.[1];
    const found = quoted === undefined ? (take(BARE)?.[0] ?? '') : quoted.replace(/\\(.)/g, '$1');
    if (parameters.size < MAX_PARAMETERS && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), found);
    }
  }
}

/** Quotes a value for an authentication field. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
