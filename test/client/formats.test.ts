import { expect, it } from 'vitest';
import { localeOf } from '../../client/src/room/i18n/formats.ts';

it('writes times and numbers as the viewer’s country writes the language of the page', () => {
  expect(localeOf('en', ['en-GB', 'en'])).toBe('en-GB');
  expect(localeOf('de', ['en-US', 'de-AT', 'de'])).toBe('de-AT');
  expect(localeOf('de', ['DE-CH'])).toBe('DE-CH');
  expect(localeOf('de', ['en-US', 'den'])).toBe('de');
  expect(localeOf('en', [])).toBe('en');
});
