import { expect, it } from 'vitest';
import { straightenPlaylistUrl } from '../../server/http/odd-playlist-url.ts';

it.each([
  ['/live/door/playlist.m3u8&a=1&b=2', '/live/door/playlist.m3u8?a=1&b=2'],
  ['/live/door/playlist.m3u8&a=1?b=2?c', '/live/door/playlist.m3u8?a=1&b=2?c'],
  ['/live/door/playlist.m3u8&', '/live/door/playlist.m3u8?'],
  ['/live/door/playlist.m3u8?a=1&b=2', '/live/door/playlist.m3u8?a=1&b=2'],
  ['/live/door/segments/1.ts&a=1', '/live/door/segments/1.ts&a=1'],
  ['/a/b/c/playlist.m3u8&a=1', '/a/b/c/playlist.m3u8&a=1'],
  ['/?x=/live/door/playlist.m3u8&a=1', '/?x=/live/door/playlist.m3u8&a=1'],
])('%s means %s', (odd, meant) => {
  expect(straightenPlaylistUrl(odd)).toBe(meant);
});
