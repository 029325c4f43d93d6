/** One track's entry of an RTP-Info field (RFC 2326 section 12.33). */
export interface RtpInfo {
  readonly url: string;
  /** Of the first packet. Servers are known that always say 0 or 1, so it is a hint at most. */
  readonly sequence?: number;
  /** RTP timestamp that belongs to the start of the range played. */
  readonly rtpTimestamp?: number;
}

const MAX_ENTRIES = 64;

/**
 * Reads an RTP-Info field; what is out of range (negative `rtptime` was seen) is left out, trailing `;` are
 * fine.
 */
export function parseRtpInfo(value: string): RtpInfo[] {
  // URLs may hold commas, so only a comma before the next `url=` separates.
  const entries = value.split(/,\s*(?=url\s*=)/i).slice(0, MAX_ENTRIES);
  return entries.flatMap((entry) => parseEntry(entry) ?? []);
}

function parseEntry(entry: string): RtpInfo | undefined {
  // URLs may hold semicolons too, so the parameters are taken off the end.
  const parts = entry.split(';');
  const parameters = new Map<string, string>();
  while (parts.length > 1) {
    const match = /^\s*(?:(seq|rtptime|ssrc)\s*=(.*))?$/is.exec(parts.at(-1) ?? '');
    if (match === null) break;
    const [, name, value = ''] = match;
    if (name !== undefined) parameters.set(name.toLowerCase(), value.trim());
    parts.pop();
  }
  const url = /^\s*url\s*=(.*)$/is
    .exec(parts.join(';'))?.[1]
    ?.trim()
    .replace(/^"(.*)"$/s, '$1');
  if (url === undefined || url === '') return undefined;
  const sequence = numberUpTo(parameters.get('seq'), 0xffff);
  const rtpTimestamp = numberUpTo(parameters.get('rtptime'), 0xffffffff);
  return {
    url,
    ...(sequence === undefined ? {} : { sequence }),
    ...(rtpTimestamp === undefined ? {} : { rtpTimestamp }),
  };
}

function numberUpTo(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

/** The value of an RTP-Info field (RFC 2326 section 12.33). */
export function buildRtpInfo(entries: readonly RtpInfo[]): string {
  return entries
    .map(({ url, sequence, rtpTimestamp }) => {
      const seq = sequence === undefined ? '' : `;seq=${sequence}`;
      const rtptime = rtpTimestamp === undefined ? '' : `;rtptime=${rtpTimestamp}`;
      return `url=${url}${seq}${rtptime}`;
    })
    .join(',');
}
