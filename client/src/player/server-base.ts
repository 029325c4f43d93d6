/** The gateway this script came from: a page that embeds it from there need not name the server. */
export function defaultServer(): string {
  const { protocol, origin } = new URL(import.meta.url);
  return protocol === 'http:' || protocol === 'https:' ? origin : location.origin;
}

/** A server's URL as the page wrote it, without what does not belong to a base: query, fragment, last slash. */
export function serverBase(text: string): string {
  try {
    const { origin, pathname } = new URL(text, location.href);
    return origin + pathname.replace(/\/+$/, '');
  } catch {
    return location.origin;
  }
}
