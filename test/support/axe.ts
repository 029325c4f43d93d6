import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.2, levels A and AA, with axe's own good practice. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** All that another theme can break, which changes colours alone. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/**
 * Holds what a page shows just now against axe's rules. It is run by the debugger, so that the page's policy, which
 * allows no foreign script, can stay as it is.
 */
export function expectAccessible(page: Page, what: string): Promise<void> {
  return expectNoViolations(page, what, TAGS);
}

async function expectNoViolations(page: Page, what: string, runOnly: readonly string[]): Promise<void> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(SOURCE);
  const found = await page.evaluate<string[]>(`(async () => {
    const { violations } = await axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'] });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, any, all, none }) =>
        [id, help, html.slice(0, 300), ...[...any, ...all, ...none].map(({ message }) => message)].join('\\n  ')));
  })()`);
  expect(found, what).toEqual([]);
}

/** The same in both themes, as the page's own setting has them. */
export async function expectAccessibleInBothThemes(page: Page, what: string): Promise<void> {
  // Else colours would be looked at on their way from one theme to the other.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const before = await page.evaluate<string | undefined>('document.documentElement.dataset.theme');
  await show(page, 'light');
  await expectNoViolations(page, `${what}, light`, TAGS);
  await show(page, 'dark');
  await expectNoViolations(page, `${what}, dark`, OF_COLOURS);
  await show(page, before ?? 'light');
}

function show(page: Page, theme: string): Promise<unknown> {
  return page.evaluate(`document.documentElement.dataset.theme = ${JSON.stringify(theme)}`);
}
