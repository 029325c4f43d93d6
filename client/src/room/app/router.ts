import { computed, signal } from '@preact/signals';
import { NAME_PATTERN } from '../../../../shared/names.ts';

const isName = (text: string): boolean => NAME_PATTERN.test(text);

/** Where one is in the control room. It stands in the address behind `#`, so that it can be kept and sent. */
export type Place =
  /** `layout` is a saved one's id, `large` the stream (`app/name`) that is enlarged. */
  | { readonly page: 'wall'; readonly layout?: string; readonly large?: string }
  | { readonly page: 'camera'; readonly app: string; readonly name: string; readonly timeMs?: number }
  | { readonly page: 'sync'; readonly streams: readonly string[]; readonly timeMs?: number }
  /** Without a way, cameras are searched for. */
  | { readonly page: 'add'; readonly way?: 'address' | 'maker' | 'many' }
  | { readonly page: 'exports' }
  /** Without a part, its overview. */
  | { readonly page: 'system'; readonly part?: 'viewers' | 'log' | 'settings' };

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const place = computed<Place>(() => parsePlace(hash.value));

/** Of what stands behind `#`. Never fails: what is no place is the wall. */
export function parsePlace(text: string): Place {
  const [path = '', search = ''] = text.replace(/^#/, '').split('?', 2);
  const query = new URLSearchParams(search);
  const time = Number(query.get('t') ?? Number.NaN);
  const timeMs = Number.isSafeInteger(time) && time > 0 ? { timeMs: time } : {};
  const [first, app = '', name = ''] = path.split('/').filter((part) => part !== '');
  switch (first) {
    case 'camera':
      return isName(app) && isName(name) ? { page: 'camera', app, name, ...timeMs } : { page: 'wall' };
    case 'sync': {
      const streams = (query.get('streams') ?? '').split(',').filter((id) => /^[\w-]+\/[\w-]+$/.test(id));
      return { page: 'sync', streams, ...timeMs };
    }
    case 'add':
      return app === 'address' || app === 'maker' || app === 'many'
        ? { page: 'add', way: app }
        : { page: 'add' };
    case 'exports':
      return { page: 'exports' };
    case 'system':
      return app === 'viewers' || app === 'log' || app === 'settings'
        ? { page: 'system', part: app }
        : { page: 'system' };
    case 'wall': {
      const layout = query.get('layout') ?? '';
      const large = query.get('large') ?? '';
      return {
        page: 'wall',
        ...(/^[A-Za-z0-9_-]{1,32}$/.test(layout) ? { layout } : {}),
        ...(/^[\w-]+\/[\w-]+$/.test(large) ? { large } : {}),
      };
    }
    default:
      // Addresses of before, `#/live/front-door`, are still about.
      return first !== undefined && isName(first) && isName(app)
        ? { page: 'camera', app: first, name: app, ...timeMs }
        : { page: 'wall' };
  }
}

/** The address of a place, for links. */
export function hrefOf(to: Place): string {
  const time = 'timeMs' in to && to.timeMs !== undefined ? `t=${Math.round(to.timeMs)}` : '';
  switch (to.page) {
    case 'wall': {
      const query = [
        to.layout === undefined ? '' : `layout=${to.layout}`,
        to.large === undefined ? '' : `large=${to.large}`,
      ].filter((p) => p !== '');
      return query.length === 0 ? '#/' : `#/wall?${query.join('&')}`;
    }
    case 'camera':
      return `#/camera/${to.app}/${to.name}${time === '' ? '' : `?${time}`}`;
    case 'sync': {
      const query = [to.streams.length === 0 ? '' : `streams=${to.streams.join(',')}`, time].filter(
        (p) => p !== '',
      );
      return `#/sync${query.length === 0 ? '' : `?${query.join('&')}`}`;
    }
    case 'add':
      return to.way === undefined ? '#/add' : `#/add/${to.way}`;
    case 'system':
      return to.part === undefined ? '#/system' : `#/system/${to.part}`;
    default:
      return `#/${to.page}`;
  }
}

/** Goes there; with `replace` without leaving a step for the back button. */
export function go(to: Place, { replace = false } = {}): void {
  const href = hrefOf(to);
  if (replace) {
    history.replaceState(null, '', href);
    hash.value = href;
  } else {
    location.hash = href;
  }
}
