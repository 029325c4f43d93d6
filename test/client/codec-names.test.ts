import { describe, expect, test } from 'vitest';
import { cannotDecode, codecName } from '../../client/src/hls/codec-names.ts';

describe('codecs as people know them', () => {
  test.each([
    ['avc1.640028', 'H264'],
    ['avc3.42e01f', 'H264'],
    ['hvc1.1.6.L93.B0', 'H265'],
    ['hev1.2.4.L153.90', 'H265'],
    ['av01.0.04M.08', 'AV01'],
  ])('%s is %s', (codec, name) => {
    expect(codecName(codec)).toBe(name);
  });

  test('where H.265 is what cannot be decoded, it says so and what to do', () => {
    for (const mimeType of [
      'video/mp4;codecs=hvc1.1.6.L60.90',
      'video/mp4; codecs="mp4a.40.2, hvc1.1.6.L60"',
    ]) {
      expect(cannotDecode(mimeType)).toMatch(/cannot decode H\.265.*WebRTC.*Safari/);
    }
    expect(cannotDecode('video/mp4;codecs=avc1.640028')).not.toMatch(/H\.265/);
    expect(cannotDecode(undefined)).toMatch(/cannot decode/);
  });
});
