import { NAME_PATTERN } from '../../../../shared/names.ts';

const MAX_CHARS = 40;

/** A name for a camera of what people or its maker call it: `Front Door (Süd)` becomes `front-door-sud`. */
export function suggestName(title: string, taken: (name: string) => boolean): string {
  const plain = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_CHARS)
    .replace(/^-+|-+$/g, '');
  const base = NAME_PATTERN.test(plain) ? plain : 'camera';
  if (!taken(base)) return base;
  for (let n = 2; ; n += 1) if (!taken(`${base}-${n}`)) return `${base}-${n}`;
}

/** The host of a camera's address; undefined while it is none. */
export function hostOf(url: string): string | undefined {
  try {
    return new URL(url.trim()).hostname || undefined;
  } catch {
    return undefined;
  }
}

/** The address of one profile of a device. */
export function withProfile(url: string, token: string): string {
  if (token === '') return url;
  const [address = url] = url.split('?', 1);
  return `${address.replace(/\/$/, '')}/?profile=${encodeURIComponent(token)}`;
}
