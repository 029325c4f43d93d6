const ABSOLUTE = /^rtsps?:\/\/[^/?#]/i;

/** The URL without `user:password@`: credentials never go into a request line. */
export function withoutUserInfo(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
}

/**
 * The base that control URLs are resolved against (RFC 2326 appendix C.1.1): Content-Base, else
 * Content-Location, else the request's URL. Cameras write bases without a scheme; those say nothing and are
 * passed over.
 */
export function resolveBase(options: {
  readonly requestUrl: string;
  readonly contentBase?: string | undefined;
  readonly contentLocation?: string | undefined;
}): string {
  for (const given of [options.contentBase, options.contentLocation]) {
    const candidate = given?.trim() ?? '';
    if (ABSOLUTE.test(candidate)) return tidy(candidate);
    if (candidate.startsWith('/')) return tidy(originOf(options.requestUrl) + candidate);
  }
  return tidy(options.requestUrl);
}

/**
 * What tracks' relative controls stand behind: the control of the whole session where that is a URL, else `base`. RFC 2326
 * leaves it open; FFmpeg, live555, GStreamer and gortsplib do it so, and cameras were tried with them.
 */
export function controlBase(base: string, sessionControl: string | undefined): string {
  return ABSOLUTE.test(sessionControl?.trim() ?? '') ? resolveControl(base, sessionControl) : base;
}

/**
 * The URL of a track. Relative ones are put behind the base with a slash, query or not, as live555 and FFmpeg
 * do and cameras expect; RFC 3986 would cut the base's last part off.
 */
export function resolveControl(base: string, control: string | undefined): string {
  const wanted = control?.trim() ?? '';
  if (wanted === '' || wanted === '*') return base;
  if (ABSOLUTE.test(wanted)) return tidy(wanted);
  if (wanted.startsWith('?')) return tidy(base + wanted);
  return tidy(`${base.replace(/\/$/, '')}/${wanted.replace(/^\//, '')}`);
}

/**
 * What else a relative control may mean, for servers that know nothing at the usual place (404): in front of the base's
 * query, and by RFC 3986 in place of the base's last part.
 */
export function otherControls(base: string, control: string | undefined): string[] {
  const wanted = control?.trim() ?? '';
  if (wanted === '' || wanted === '*' || wanted.startsWith('?') || ABSOLUTE.test(wanted)) return [];
  const [path = '', query] = base.split(/\?(.*)/s);
  const beforeQuery = query === undefined ? [] : [`${resolveControl(path, wanted)}?${query}`];
  const folder = /^[a-z]+:\/\/.+(?=\/[^/]*$)/i.exec(path)?.[0] ?? path;
  const inFolder = resolveControl(wanted.startsWith('/') ? originOf(base) : folder, wanted);
  const usual = resolveControl(base, wanted);
  return [...new Set([...beforeQuery, inFolder].map(tidy))].filter((url) => url !== usual);
}

/** A blank would end the URL in a request line. */
function tidy(url: string): string {
  return withoutUserInfo(url).replace(/\s/g, '%20');
}

function originOf(url: string): string {
  return /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0] ?? '';
}
