/** What RFC 2326 section 12.37 says where the server names no time-out. */
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Reads `Session: 708345999;timeout=60`. The id is kept as text: cameras send numbers longer than a double
 * holds. Undefined where there is no id.
 */
export function parseSession(value: string): { id: string; timeoutMs: number } | undefined {
  const [id = '', ...parameters] = value.split(';').map((part) => part.trim());
  // An id is sent back in every request, so nothing that could be more than an id is taken.
  if (!/^[\x21-\x7e]{1,256}$/.test(id)) return undefined;
  for (const parameter of parameters) {
    const match = /^timeout\s*=\s*(\d{1,6})$/i.exec(parameter);
    const seconds = Number(match?.[1] ?? 0);
    if (seconds > 0) return { id, timeoutMs: seconds * 1000 };
  }
  return { id, timeoutMs: DEFAULT_TIMEOUT_MS };
}

/** The methods in a `Public` or `Allow` field, in upper case. */
export function parsePublic(value: string | undefined): ReadonlySet<string> {
  const methods = (value ?? '').split(',').map((method) => method.trim().toUpperCase());
  return new Set(methods.filter((method) => method !== ''));
}
