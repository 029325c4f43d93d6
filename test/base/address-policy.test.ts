import { describe, expect, it } from 'vitest';
import {
  isForbiddenAddress,
  resolveAnyAddress,
  resolveCameraAddress,
  resolveLocalRedirect,
} from '../../server/base/address-policy.ts';

const OWN = new Set(['192.168.1.10', '2001:db8::10']);

describe('addresses that a source added through the API may be dialled at', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '192.168.1.10',
    '2001:DB8::10',
    '2001:db8:0:0::10',
    'not an address',
  ])('refuses %s', (address) => {
    expect(isForbiddenAddress(address, OWN)).toBe(true);
  });

  it.each([
    '192.168.1.20',
    '10.0.0.5',
    '172.16.3.4',
    '8.8.8.8',
    '2001:db8::20',
    'fd00::5',
    '::ffff:10.0.0.5',
  ])('takes %s', (address) => {
    expect(isForbiddenAddress(address, OWN)).toBe(false);
  });

  it('checks what a name resolves to, and says what to do', async () => {
    const refused = await resolveCameraAddress('localhost');
    expect(refused).toMatchObject({ ok: false, error: { kind: 'address-forbidden' } });
    expect(refused.ok ? '' : refused.error.message).toMatch(/localhost \((127\.0\.0\.1|::1)\).*sluice\.yaml/);
    expect(await resolveCameraAddress('10.1.2.3')).toEqual({ ok: true, value: '10.1.2.3' });
    expect((await resolveAnyAddress('localhost')).ok).toBe(true);
    expect(await resolveAnyAddress('no-such-host.invalid')).toMatchObject({
      ok: false,
      error: { kind: 'name-not-found' },
    });
  });

  it('follows a redirect to this machine where sources may be on it, and to link-local addresses never', async () => {
    for (const host of ['127.0.0.1', 'localhost', '::1', '10.1.2.3']) {
      expect((await resolveLocalRedirect(host)).ok, host).toBe(true);
    }
    for (const host of [
      '169.254.169.254',
      '::ffff:169.254.169.254',
      'fe80::1',
      '224.0.0.1',
      '0.0.0.0',
      '64:ff9b::7f00:1',
    ]) {
      const refused = await resolveLocalRedirect(host);
      expect(refused, host).toMatchObject({ ok: false, error: { kind: 'address-forbidden' } });
    }
  });
});
