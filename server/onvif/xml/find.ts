import { unixMsOf } from '../../../shared/time.ts';
import type { XmlElement } from './parse.ts';

/** The first child of that name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((each) => each.name === name);
}

export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((each) => each.name === name) ?? [];
}

/** Follows names from child to child. */
export function at(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = child(found, name);
  return found;
}

/** The text at a path; undefined where there is none or it is empty. Never made a number or a date: `1.10` stays `1.10`. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string | undefined {
  const text = at(element, ...path)?.text;
  return text === '' ? undefined : text;
}

const MAX_NUMBER_CHARS = 32;

/** A finite number at a path; undefined where there is none. */
export function numberAt(element: XmlElement | undefined, ...path: readonly string[]): number | undefined {
  return toNumber(textAt(element, ...path));
}

export function toNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.length > MAX_NUMBER_CHARS || text.trim() === '') return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** `xs:boolean`: true, false, 1 and 0; cameras write them in capitals too. */
export function toBoolean(text: string | undefined): boolean | undefined {
  switch (text?.toLowerCase()) {
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      return undefined;
  }
}

/** Unix milliseconds of an `xs:dateTime`. One without a zone is UTC, as ONVIF has it everywhere (Core section 5.1). */
export function toUnixMs(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 64) return undefined;
  const trimmed = text.trim();
  if (!/^\d{4}-\d{2}-\d{2}T/.test(trimmed)) return undefined;
  return unixMsOf(/(?:Z|[+-]\d{2}:?\d{2})$/.test(trimmed) ? trimmed : `${trimmed}Z`);
}

/** A text for people from a device, without control characters and of bounded length; undefined where nothing is left. */
export function shown(text: string | undefined, maxChars = 128): string | undefined {
  const clean = text
    ?.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]+/gu, ' ')
    .trim()
    .slice(0, maxChars);
  return clean === undefined || clean === '' ? undefined : clean;
}
