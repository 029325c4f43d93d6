import { signal } from '@preact/signals';
import { IntlMessageFormat } from 'intl-messageformat';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

const STORED = 'sluice.language';

/** The page's language; whatever reads it while rendering follows it. */
export const language = signal<Language>(initialLanguage());

/** Values that stand in braces in a text. */
export type TextValues = Readonly<Record<string, string | number | boolean | Date>>;

/**
 * The words of one part of the page, in every language: ICU messages (`{count, plural, one {# camera} other {# cameras}}`).
 * Returns what looks one up in the page's language.
 */
export function texts<K extends string>(
  words: Readonly<Record<Language, Readonly<Record<K, string>>>>,
): (key: K, values?: TextValues) => string {
  const compiled = new Map<string, IntlMessageFormat>();
  return (key, values) => {
    const now = language.value;
    const text = words[now][key];
    // Most have nothing to fill in, and an apostrophe would be a quote to the parser.
    if (values === undefined) return text;
    const id = `${now} ${key}`;
    let format = compiled.get(id);
    if (format === undefined) {
      format = new IntlMessageFormat(text, now);
      compiled.set(id, format);
    }
    return String(format.format(values));
  };
}

export function setLanguage(chosen: Language): void {
  language.value = chosen;
  tellPage(chosen);
  try {
    localStorage.setItem(STORED, chosen);
  } catch {
    // Private windows keep nothing; the choice holds until the page is left.
  }
}

function initialLanguage(): Language {
  const known = (text: string | null | undefined): Language | undefined =>
    LANGUAGES.find((one) => text?.toLowerCase().split('-')[0] === one);
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(STORED);
  } catch {
    // No storage, no choice.
  }
  const chosen = known(stored) ?? navigator.languages.map(known).find((one) => one !== undefined) ?? 'en';
  tellPage(chosen);
  return chosen;
}

/** Texts are made where there is no page too: in tests. */
function tellPage(chosen: Language): void {
  if (typeof document !== 'undefined') document.documentElement.lang = chosen;
}
