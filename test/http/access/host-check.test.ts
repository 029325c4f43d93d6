import { describe, expect, it } from 'vitest';
import { createHostCheck, hostNameOf } from '../../../server/http/access/host-check.ts';

const none = { announcedAddresses: [], allowedOrigins: [] };

describe('the Host header', () => {
  it.each([
    ['127.0.0.1:8080', true],
    ['127.0.0.1', true],
    ['127.8.8.8:8080', true],
    ['localhost:8080', true],
    ['LOCALHOST', true],
    ['localhost.:8080', true],
    ['[::1]:8080', true],
    ['evil.example', false],
    ['evil.example:8080', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example', false],
    ['10.0.0.5', false],
    ['', false],
    ['127.0.0.1@evil.example', false],
    ['127.0.0.1/evil', false],
    ['127.0.0.1 evil', false],
    [undefined, false],
  ])('on loopback: %s is taken: %s', (host, taken) => {
    expect(createHostCheck({ boundHost: '127.0.0.1', ...none })(host)).toBe(taken);
  });

  it('takes the bound address, announced addresses and the hosts of allowed origins', () => {
    const check = createHostCheck({
      boundHost: '192.168.1.5',
      announcedAddresses: ['203.0.113.7', '2001:db8::7', 'cam.example'],
      allowedOrigins: ['https://Shop.example:8443', 'not an origin'],
    });
    for (const host of [
      '192.168.1.5:8080',
      '203.0.113.7',
      '[2001:db8::7]:8080',
      'cam.example',
      'shop.example',
    ]) {
      expect.soft(check(host), host).toBe(true);
    }
    for (const host of ['192.168.1.6', 'other.example', '127.0.0.1', 'a.shop.example']) {
      expect.soft(check(host), host).toBe(false);
    }
  });

  it.each(['0.0.0.0', '::'])(
    'bound to %s: takes any address, for nobody can rebind one, but no name',
    (boundHost) => {
      const check = createHostCheck({ boundHost, ...none });
      expect(check('198.51.100.9:8080')).toBe(true);
      expect(check('[2001:db8::1]:80')).toBe(true);
      expect(check('localhost')).toBe(true);
      expect(check('evil.example')).toBe(false);
    },
  );

  it('reads numbers as browsers do, so no spelling of an address slips through as a name', () => {
    expect(hostNameOf('0x7f.1')).toBe('127.0.0.1');
    expect(hostNameOf('2130706433')).toBe('127.0.0.1');
  });
});
