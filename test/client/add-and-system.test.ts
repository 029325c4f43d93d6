import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, MAKERS } from '../../client/src/room/add/makers.ts';
import { hostOf, suggestName, withProfile } from '../../client/src/room/add/names.ts';
import { filterLines } from '../../client/src/room/system/log-filter.ts';
import { fieldText, fieldValue } from '../../client/src/room/system/setting-values.ts';
import { NAME_PATTERN } from '../../shared/names.ts';
import { sourceUrlSchema } from '../../shared/stream.ts';

describe('names for new cameras', () => {
  it('follow what people call them', () => {
    const none = () => false;
    expect(suggestName('Front Door (Süd)', none)).toBe('front-door-sud');
    expect(suggestName('  Straße 7/b ', none)).toBe('strasse-7-b');
    expect(suggestName('カメラ', none)).toBe('camera');
    expect(suggestName('', (name) => name === 'camera' || name === 'camera-2')).toBe('camera-3');
  });

  it('are always such as the gateway takes, and free', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), (title, taken) => {
        const name = suggestName(title, (one) => taken.includes(one));
        expect(name).toMatch(NAME_PATTERN);
        expect(taken).not.toContain(name);
      }),
    );
  });
});

it('guesses of makers are addresses that the gateway takes, for any host', () => {
  for (const { url, sub } of MAKERS) {
    for (const template of sub === undefined ? [url] : [url, sub]) {
      for (const host of ['10.0.0.7', 'cam.example', 'fd00::7']) {
        const filled = fillTemplate(template, host, 12);
        expect(sourceUrlSchema.safeParse(filled).success, filled).toBe(true);
        expect(filled).not.toMatch(/[{}]/);
        expect(hostOf(filled)).toBe(host.includes(':') ? `[${host}]` : host);
      }
    }
  }
});

it('the address of a profile keeps the host and hides nothing in the token', () => {
  expect(withProfile('onvif://10.0.0.7', '')).toBe('onvif://10.0.0.7');
  expect(withProfile('onvif://10.0.0.7:8080', 'Profile 1&x=2')).toBe(
    'onvif://10.0.0.7:8080/?profile=Profile%201%26x%3D2',
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (token) => {
      const url = new URL(withProfile('onvif://10.0.0.7/', token));
      expect([url.host, url.searchParams.get('profile')]).toEqual(['10.0.0.7', token]);
    }),
  );
});

describe('a setting in its field', () => {
  it.each([
    ['bytes', '1.5', 1_500_000_000],
    ['bytes', '1,5', 1_500_000_000],
    ['bytes', '', null],
    ['days', ' 7 ', 7],
    ['number', 'x', undefined],
    ['switch', 'false', false],
    ['switch', '', null],
    ['list', '10.0.0.1, b', '10.0.0.1, b'],
  ] as const)('%s: %j is %j', (kind, text, value) => {
    expect(fieldValue({ kind }, text)).toBe(value);
  });

  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('number' as const, 'days' as const, 'milliseconds' as const),
        fc.integer(),
        (kind, value) => {
          expect(fieldValue({ kind }, fieldText({ kind }, value))).toBe(value);
        },
      ),
    );
    expect(fieldText({ kind: 'bytes' }, 1024 ** 3)).toBe('1.074');
  });
});

it('lines of the log are found by level and words, wherever they stand', () => {
  const line = (seq: number, level: 'debug' | 'info' | 'warn' | 'error', message: string) => ({
    ...{ seq, level, message, time: 0, stream: 'live/door' },
  });
  const lines = [line(1, 'debug', 'asked'), line(2, 'info', 'Live (TCP)'), line(3, 'error', 'refused')];
  const found = (level: 'debug' | 'warn', search: string) =>
    filterLines(lines, level, search).map(({ seq }) => seq);
  expect(found('debug', '')).toEqual([1, 2, 3]);
  expect(found('warn', '')).toEqual([3]);
  expect(found('debug', ' tcp  live')).toEqual([2]);
  expect(found('debug', 'door error')).toEqual([3]);
  expect(found('debug', 'yard')).toEqual([]);
});
