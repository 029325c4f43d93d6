import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitReader } from '../../server/stream/index.ts';

test('reads bits of any widths, and zeros past the end, which it tells', () => {
  const widths = fc.array(fc.integer({ min: 0, max: 32 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), widths, (bytes, counts) => {
      const all = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
      const reader = new BitReader(bytes);
      let at = 0;
      for (const count of counts) {
        const bits = all.slice(at, at + count).padEnd(count, '0');
        expect(reader.bits(count)).toBe(count === 0 ? 0 : Number.parseInt(bits, 2));
        at += count;
        expect(reader.at).toBe(at);
        expect(reader.overrun).toBe(at > all.length);
      }
    }),
  );
});
