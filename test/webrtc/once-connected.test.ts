import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { onceConnected } from '../../server/webrtc/once-connected.ts';

it('a transport that connects later is listened to by one, once, and by nobody after', () => {
  const transport = Object.assign(new EventEmitter(), { dtlsState: 'new' });
  const listen = (connected: () => void) => onceConnected(transport as never, connected);
  let told = 0;
  let undo = () => {};
  for (let times = 0; times < 20; times++) {
    undo();
    undo = listen(() => {
      told += 1;
    });
  }
  expect(transport.listenerCount('dtlsstatechange')).toBe(1);
  transport.dtlsState = 'connecting';
  transport.emit('dtlsstatechange', 'connecting');
  expect(told).toBe(0);
  transport.dtlsState = 'connected';
  transport.emit('dtlsstatechange', 'connected');
  transport.emit('dtlsstatechange', 'connected');
  expect([told, transport.listenerCount('dtlsstatechange')]).toEqual([1, 0]);
  listen(() => {
    told += 1;
  });
  expect([told, transport.listenerCount('dtlsstatechange')]).toEqual([2, 0]);
});
