/** Where a request says that it comes from, beside where it goes. */
export type OriginVerdict =
  /** No Origin header: no browser, or a plain GET. */
  'none' | 'same' | 'allowed' | 'foreign';

/** Judges Origin headers against Host and the list of allowed origins, all compared as whole origins. */
export class OriginCheck {
  readonly #allowed: ReadonlySet<string>;

  constructor(allowedOrigins: readonly string[]) {
    this.#allowed = new Set(allowedOrigins.flatMap((origin) => normalised(origin) ?? []));
  }

  judge(originHeader: string | undefined, hostHeader: string | undefined): OriginVerdict {
    if (originHeader === undefined) return 'none';
    const origin = normalised(originHeader);
    if (origin === undefined) return 'foreign';
    // Only host and port are compared: behind a proxy that ends TLS the scheme of this side is not known.
    const scheme = origin.slice(0, origin.indexOf(':'));
    if (hostHeader !== undefined && normalised(`${scheme}://${hostHeader}`) === origin) return 'same';
    return this.#allowed.has(origin) ? 'allowed' : 'foreign';
  }

  /** The allowed origins in the form browsers send them. */
  get allowedOrigins(): readonly string[] {
    return [...this.#allowed];
  }
}

/** `scheme://host[:port]` in the form browsers send, default ports left out; undefined for anything else. */
function normalised(origin: string): string | undefined {
  if (!/^https?:\/\/[^\s/?#@\\]+\/?$/i.test(origin) || !URL.canParse(origin)) return undefined;
  return new URL(origin).origin;
}
