/** `/app/name/playlist.m3u8&a=1`, and `...&a=1?b=2` from programs that add one more. */
const ODD = /^(\/[^/?]+\/[^/?]+\/playlist\.m3u8)&([^?]*)\??(.*)$/;

/**
 * The address of a playlist as it is meant by programs that join their parameters by `&` to whatever they were given. Put
 * right before anything looks at it, so that a token in it counts, and stays out of the log, as any other does.
 */
export function straightenPlaylistUrl(url: string): string {
  const [, path, first = '', more = ''] = ODD.exec(url) ?? [];
  if (path === undefined) return url;
  return `${path}?${[first, more].filter((part) => part !== '').join('&')}`;
}
