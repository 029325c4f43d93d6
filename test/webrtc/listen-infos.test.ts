import { expect, test } from 'vitest';
import { announcedAddresses, candidatesFor, listenInfos } from '../../server/webrtc/listen-infos.ts';

const INTERFACES = [
  { address: '127.0.0.1', family: 'IPv4', internal: true },
  { address: '10.0.0.5', family: 'IPv4', internal: false },
  { address: '192.168.7.5', family: 'IPv4', internal: false },
  { address: '::1', family: 'IPv6', internal: true },
  { address: 'fe80::1', family: 'IPv6', internal: false },
  { address: '2001:db8::5', family: 'IPv6', internal: false },
];
const options = (hosts: string[], announced: string[] = []) => ({
  hosts,
  port: 8189,
  announcedAddresses: announced,
});

test('a host is bound for UDP and TCP, and announced as it is', () => {
  const infos = listenInfos(options(['127.0.0.1']));
  expect(infos.map(({ protocol, ip, port }) => [protocol, ip, port])).toEqual([
    ['udp', '127.0.0.1', 8189],
    ['tcp', '127.0.0.1', 8189],
  ]);
  expect(infos[0]?.announcedAddress).toBeUndefined();
  expect(announcedAddresses(options(['127.0.0.1']), INTERFACES)).toEqual(['127.0.0.1']);
});

test('a wildcard is announced as the addresses that the machine has, loopback last', () => {
  expect(announcedAddresses(options(['0.0.0.0']), INTERFACES)).toEqual([
    '10.0.0.5',
    '192.168.7.5',
    '127.0.0.1',
  ]);
  expect(
    listenInfos(options(['0.0.0.0'])).every(({ announcedAddress }) => announcedAddress !== '0.0.0.0'),
  ).toBe(true);
});

test('the IPv6 wildcard is both families on sockets of their own, without link-local addresses', () => {
  const infos = listenInfos(options(['::']));
  expect(infos.map(({ ip }) => ip)).toEqual(['0.0.0.0', '0.0.0.0', '::', '::']);
  expect(infos[2]?.flags).toEqual({ ipv6Only: true });
  expect(announcedAddresses(options(['::']), INTERFACES)).toEqual([
    ...['10.0.0.5', '192.168.7.5', '127.0.0.1'],
    ...['2001:db8::5', '::1'],
  ]);
});

test('configured addresses replace those of the machine', () => {
  const behindNat = options(['0.0.0.0'], ['203.0.113.9', 'cams.example.org']);
  expect(listenInfos(behindNat)[0]?.announcedAddress).toBe('203.0.113.9');
  expect(announcedAddresses(behindNat, INTERFACES)).toEqual(['203.0.113.9', 'cams.example.org']);
});

test('every announced address gets a candidate on UDP and on TCP, better ones first', () => {
  const base = { foundation: 'x', ip: '127.0.0.1', address: '127.0.0.1', port: 8189, type: 'host' } as const;
  const candidates = candidatesFor(
    [
      { ...base, protocol: 'udp', priority: 1_076_302_079 },
      { ...base, protocol: 'tcp', priority: 1_076_276_479, tcpType: 'passive' },
    ],
    ['10.0.0.5', '127.0.0.1', 'cams.example.org'],
  );
  expect(candidates.map(({ protocol, address }) => `${protocol} ${address}`)).toEqual([
    ...['udp 10.0.0.5', 'udp 127.0.0.1', 'udp cams.example.org'],
    ...['tcp 10.0.0.5', 'tcp 127.0.0.1', 'tcp cams.example.org'],
  ]);
  expect(new Set(candidates.map(({ foundation }) => foundation)).size).toBe(6);
  const priorities = candidates.map(({ priority }) => priority);
  expect(priorities.slice(0, 3)).toEqual([...priorities.slice(0, 3)].sort((a, b) => b - a));
  expect(candidates[3]?.tcpType).toBe('passive');
});
