/** The gateway this script came from: a page that embeds it from there need not name the server. */
export function defaultServer(scriptUrl: string = import.meta.url): string {
  const { protocol, origin, pathname } = new URL(scriptUrl);
  if (protocol !== 'http:' && protocol !== 'https:') return location.origin;
  // A proxy may have the gateway below a path of its own.
  return origin + (/^(.*)\/sluice-player\.js$/.exec(pathname)?.[1] ?? '');
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
