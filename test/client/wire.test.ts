import { expect, test } from 'vitest';
import { signalingAddress } from '../../client/src/live/wire.ts';

test('the token travels as a subprotocol', () => {
  expect(signalingAddress({ server: 'https://cams.example', token: 'abc-123' })).toEqual({
    url: 'wss://cams.example/api/v1/signaling',
    protocols: ['sluice.v1', 'sluice.token.abc-123'],
  });
});

test('a token that no subprotocol can carry travels in the query', () => {
  expect(signalingAddress({ server: 'http://127.0.0.1:8080', token: 'a/b=' })).toEqual({
    url: 'ws://127.0.0.1:8080/api/v1/signaling?access_token=a%2Fb%3D',
    protocols: ['sluice.v1'],
  });
});

test('a gateway below a path keeps its path', () => {
  const { url } = signalingAddress({ server: 'https://example.org/cams', token: undefined });
  expect(url).toBe('wss://example.org/cams/api/v1/signaling');
});
