import { describe, expect, it } from 'vitest';
import { OriginCheck } from '../../../server/http/access/origin-check.ts';

const check = new OriginCheck(['https://shop.example', 'http://panel.lan:3000/']);

describe('the Origin header', () => {
  it.each([
    [undefined, 'cam.example', 'none'],
    ['http://cam.example', 'cam.example', 'same'],
    ['https://cam.example', 'cam.example', 'same'],
    ['https://cam.example', 'cam.example:443', 'same'],
    ['http://cam.example:8080', 'cam.example:8080', 'same'],
    ['http://[::1]:8080', '[::1]:8080', 'same'],
    ['http://cam.example:8081', 'cam.example:8080', 'foreign'],
    ['http://cam.example:80', 'cam.example:8080', 'foreign'],
    ['https://shop.example', 'cam.example', 'allowed'],
    ['http://panel.lan:3000', 'cam.example', 'allowed'],
    ['http://shop.example', 'cam.example', 'foreign'],
    ['https://shop.example.evil.example', 'cam.example', 'foreign'],
    ['https://shop.example@evil.example', 'cam.example', 'foreign'],
    ['https://evil.example', 'cam.example', 'foreign'],
    ['null', 'cam.example', 'foreign'],
    ['file://', 'cam.example', 'foreign'],
    ['', 'cam.example', 'foreign'],
    ['https://cam.example', undefined, 'foreign'],
  ])('%s at host %s is %s', (origin, host, verdict) => {
    expect(check.judge(origin, host)).toBe(verdict);
  });
});
