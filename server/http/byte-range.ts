/** What a Range header asks of a body: all of it, the bytes from `start` up to but without `end`, or what is not there. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: ByteRange = { kind: 'whole' };

/**
 * Reads a Range header (RFC 9110 section 14.2). Only a single range of bytes is served in parts: what is malformed, of
 * another unit or a list of several is answered with the whole body, as the RFC allows.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange {
  const [, first = '', last = ''] = /^bytes= *(\d{0,15}) *- *(\d{0,15}) *$/i.exec(header ?? '') ?? [];
  if (first === '' && last === '') return WHOLE;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? { kind: 'unsatisfiable' } : part(sizeBytes - length, sizeBytes);
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes : Number(last) + 1;
  if (end <= start) return last !== '' && Number(last) < start ? WHOLE : { kind: 'unsatisfiable' };
  return start >= sizeBytes ? { kind: 'unsatisfiable' } : part(start, Math.min(end, sizeBytes));
}

/** Whether the Range header counts, by If-Range (RFC 9110 section 13.1.5): a date or a weak tag never does. */
export function rangeCounts(ifRange: string | string[] | undefined, etag: string): boolean {
  return ifRange === undefined || (ifRange === etag && !etag.startsWith('W/'));
}

/** Whether If-None-Match names `etag` (weak comparison, RFC 9110 section 13.1.2), so that 304 is the answer. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const bare = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === bare);
}

/** Whether Accept-Encoding takes gzip (RFC 9110 section 12.5.3). */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  let byStar = false;
  for (const item of acceptEncoding?.split(',') ?? []) {
    const [coding = '', ...parameters] = item.split(';').map((text) => text.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
    if (coding === 'gzip' || coding === 'x-gzip') return !refused;
    if (coding === '*') byStar = !refused;
  }
  return byStar;
}

function part(start: number, end: number): ByteRange {
  return { kind: 'part', start, end };
}
