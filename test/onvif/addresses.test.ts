import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveCameraAddress } from '../../server/base/address-policy.ts';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { OnvifDevice, type OnvifTarget, onvifUrl, parseOnvifUrl } from '../../server/onvif/index.ts';
import {
  type DeviceEndpoint,
  placeOnDevice,
  streamUrlOnDevice,
} from '../../server/onvif/soap/camera-address.ts';
import { failureOf } from './device-house.ts';

describe('an onvif URL', () => {
  const read = (text: string): Partial<OnvifTarget> | string => {
    const parsed = parseOnvifUrl(text);
    return parsed.ok ? parsed.value : parsed.error.message;
  };

  test('names the device, and what of it', () => {
    expect(read('onvif://10.0.0.7')).toEqual({
      host: '10.0.0.7',
      port: 80,
      secure: false,
      path: '/onvif/device_service',
      profile: undefined,
      followsHosts: false,
      user: undefined,
    });
    expect(read('onvif://ad%40min:p%3Aw@cam.local:8080/onvif/services?profile=Profile_1')).toMatchObject({
      host: 'cam.local',
      port: 8080,
      path: '/onvif/services',
      profile: 'Profile_1',
      user: { username: 'ad@min', password: 'p:w' },
    });
    expect(read('onvif://[2001:db8::7]:443/')).toMatchObject({
      host: '2001:db8::7',
      port: 443,
      secure: true,
    });
    expect(read('onvif://cam?tls=true')).toMatchObject({ port: 443, secure: true });
    expect(read('onvif://cam:443?tls=false')).toMatchObject({ port: 443, secure: false });
  });

  test.each([
    ['rtsp://10.0.0.7', /scheme is rtsp/],
    ['10.0.0.7', /no URL/],
    ['onvif://', /no (URL|host)/],
    ['onvif://cam?profil=1', /"profil"/],
    ['onvif://cam?profile=', /profile/],
    ['onvif://cam?tls=maybe', /true or false/],
  ])('%s is none', (text, why) => {
    expect(read(text)).toMatch(why);
  });

  test('is written as it is read', () => {
    const target = fc.record({
      host: fc.oneof(fc.ipV4(), fc.constant('2001:db8::7'), fc.constant('cam.local')),
      port: fc.oneof(fc.constantFrom(80, 443), fc.integer({ min: 1, max: 65_535 })),
      secure: fc.boolean(),
      path: fc.constantFrom('/onvif/device_service', '/onvif/services', '/x'),
    });
    fc.assert(
      fc.property(target, (parts) => {
        expect(read(onvifUrl(parts))).toMatchObject(parts);
      }),
    );
  });
});

const DEVICE: DeviceEndpoint = { host: 'cam.local', ip: '10.0.0.7', port: 8080, secure: false };

describe('an address that a device gives', () => {
  test('of itself keeps its port', () => {
    expect(placeOnDevice('http://10.0.0.7/onvif/Media?x=1', DEVICE)).toEqual({
      port: 80,
      secure: false,
      path: '/onvif/Media?x=1',
    });
    expect(placeOnDevice(' http://CAM.local:81/a ', DEVICE)).toMatchObject({ port: 81 });
  });

  test('of another host is looked for at the device, where that answered', () => {
    for (const address of [
      'http://192.168.1.64/a',
      'http://169.254.169.254/a',
      'http://127.0.0.1:22/a',
      'http://0x7f000001/a',
      'https://evil.example/a',
    ]) {
      expect(placeOnDevice(address, DEVICE), address).toEqual({ port: 8080, secure: false, path: '/a' });
    }
  });

  test('never leads out of the encryption, nor into one that was not asked for', () => {
    expect(placeOnDevice('https://10.0.0.7/a', DEVICE)).toEqual({ port: 8080, secure: false, path: '/a' });
    const secure = { ...DEVICE, port: 443, secure: true };
    expect(placeOnDevice('http://10.0.0.7/a', secure)).toEqual({ port: 443, secure: true, path: '/a' });
    expect(placeOnDevice('http://10.0.0.9/a', secure)).toEqual({ port: 443, secure: true, path: '/a' });
  });

  test('that is not HTTP is none', () => {
    for (const address of [
      '',
      'file:///etc/passwd',
      'gopher://10.0.0.7/',
      '/onvif/Media',
      `http://10.0.0.7/${'a'.repeat(3000)}`,
      'http://10.0.0.7/a b',
      'http://10.0.0.7/\r\nX: y',
    ]) {
      expect(placeOnDevice(address, DEVICE), address).toBeUndefined();
    }
  });

  test('of a stream has the host that was dialled, no user, and its own words else', () => {
    const read = (text: string) => streamUrlOnDevice(text, DEVICE);
    expect(
      read('rtsp://192.168.1.64:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1'),
    ).toBe('rtsp://cam.local:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1');
    expect(read('rtsp://admin:pw@10.0.0.7/h264')).toBe('rtsp://cam.local/h264');
    expect(read('RTSPS://[fe80::1]:322/a%20b')).toBe('rtsps://cam.local:322/a%20b');
    expect(read('rtsp://10.0.0.7')).toBe('rtsp://cam.local/');
    expect(read('rtsp://10.0.0.7?x=1')).toBe('rtsp://cam.local?x=1');
    expect(streamUrlOnDevice('rtsp://10.0.0.7/a', { host: '2001:db8::7' })).toBe('rtsp://[2001:db8::7]/a');
    // A recorder that was said to speak for others.
    expect(streamUrlOnDevice('rtsp://a:b@10.0.0.7:554/a', DEVICE, true)).toBe('rtsp://10.0.0.7:554/a');
    expect(streamUrlOnDevice('rtsp://[fe80::1]/a', DEVICE, true)).toBe('rtsp://[fe80::1]/a');
    for (const text of [
      'http://10.0.0.7/a',
      'rtsp://',
      '',
      'rtsp://10.0.0.7/a\r\nb',
      'exec:rm',
      'rtsp://10.0.0.7:99999/a',
    ]) {
      expect(read(text), text).toBeUndefined();
    }
  });

  test('of any kind never names another host', () => {
    const piece = fc.constantFrom(
      'rtsp://',
      '//',
      '/',
      '@',
      ':',
      '?',
      '#',
      '[',
      ']',
      '::1',
      'evil.example',
      '554',
      '%40',
      '\\',
      '.',
      'a',
    );
    const address = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 })
      .map((pieces) => `rtsp://${pieces.join('')}`);
    fc.assert(
      fc.property(address, (text) => {
        const url = streamUrlOnDevice(text, DEVICE);
        if (url === undefined) return;
        const { hostname, username, password } = new URL(url);
        expect([hostname, username, password]).toEqual(['cam.local', '', '']);
      }),
    );
  });
});

test('a device at an address that may not be dialled is not asked', async () => {
  const options = { clock: systemClock, log: silentLogger, resolveAddress: resolveCameraAddress };
  const device = new OnvifDevice({ ...options, url: 'onvif://169.254.169.254' });
  expect(await failureOf(device.facts())).toMatchObject({
    kind: 'address-forbidden',
    reason: 'ADDRESS_FORBIDDEN',
    code: 'FORBIDDEN',
  });
  expect(() => new OnvifDevice({ ...options, url: 'rtsp://10.0.0.7' })).toThrow(/onvif/);
});
