import fc from 'fast-check';
import { beforeAll, expect, it, vi } from 'vitest';
import type { Place } from '../../client/src/room/app/router.ts';
import { NAME_PATTERN } from '../../shared/names.ts';

let router: typeof import('../../client/src/room/app/router.ts');
beforeAll(async () => {
  // The address is read when the page is loaded.
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('addEventListener', () => {});
  router = await import('../../client/src/room/app/router.ts');
  vi.unstubAllGlobals();
});

const name = fc.stringMatching(NAME_PATTERN);
const id = fc.tuple(name, name).map((parts) => parts.join('/'));
const timeMs = fc.option(fc.integer({ min: 1, max: 4e12 }), { nil: undefined });
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });

const places: fc.Arbitrary<Place> = fc.oneof(
  fc.record({ page: fc.constant('wall' as const), layout: optional(name), large: optional(id) }),
  fc.record({ page: fc.constant('camera' as const), app: name, name, timeMs }),
  fc.record({ page: fc.constant('sync' as const), streams: fc.array(id, { maxLength: 4 }), timeMs }),
  fc.record({
    page: fc.constant('add' as const),
    way: optional(fc.constantFrom('address', 'maker', 'many')),
  }),
  fc.record({ page: fc.constant('exports' as const) }),
  fc.record({
    page: fc.constant('system' as const),
    part: optional(fc.constantFrom('viewers', 'log', 'settings')),
  }),
) as fc.Arbitrary<Place>;

it('a place is found again by its address, as it was kept or sent', () => {
  fc.assert(
    fc.property(places, (place) => {
      expect(router.parsePlace(router.hrefOf(given(place)))).toEqual(given(place));
    }),
  );
});

it('no address is too strange to lead somewhere', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const place = router.parsePlace(`#${text}`);
      expect(router.parsePlace(router.hrefOf(place))).toEqual(place);
    }),
  );
  expect(router.parsePlace('#/live/front-door')).toEqual({ page: 'camera', app: 'live', name: 'front-door' });
  expect(router.parsePlace('#/system/nothing')).toEqual({ page: 'system' });
});
