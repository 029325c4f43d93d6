import { crc32, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deflatePart, joinCrc32, joinGzip } from '../../server/recording/playlist/gzip-join.ts';

const text = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.string({ minLength: 1 }), fc.nat(2000)).map(([word, times]) => Buffer.from(word.repeat(times))),
);

it('joins checksums as if the texts had been one', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(joinCrc32(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
    }),
  );
});

it('joins deflated parts to one gzip stream that zlib reads back', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
      const joined = joinGzip(texts.map((one) => deflatePart(one)));
      expect(gunzipSync(joined)).toEqual(Buffer.concat(texts));
    }),
  );
});

it('takes the same part in any place, any number of times', () => {
  const part = deflatePart(Buffer.from('#EXTINF:2,\n'.repeat(1000)));
  const other = deflatePart(Buffer.from('#EXT-X-DISCONTINUITY\n'));
  const joined = joinGzip([part, other, part, part]);
  expect(gunzipSync(joined).toString()).toBe(
    `${'#EXTINF:2,\n'.repeat(1000)}#EXT-X-DISCONTINUITY\n${'#EXTINF:2,\n'.repeat(2000)}`,
  );
  expect(joined.buffer.byteLength).toBe(joined.byteLength);
});
