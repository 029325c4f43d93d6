import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { followMessages, MessageTail } from '../../server/base/message-tail.ts';
import { FakeClock } from '../support/fake-clock.ts';

const KIB = 1024;

function followed() {
  const clock = new FakeClock();
  const tail = new MessageTail(['s3cret']);
  const messages = new PassThrough({ highWaterMark: 64 * KIB * KIB });
  const undo = followMessages(messages, tail, clock);
  return { clock, tail, messages, undo };
}

/** Lets what was written reach its reader. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the messages of a program', () => {
  it('are kept by their last lines, without secrets', async () => {
    const { tail, messages } = followed();
    messages.write(Array.from({ length: 30 }, (_, n) => `line ${n}\n`).join(''));
    messages.write('rtsp://admin:pw@10.0.0.5/x s3cret');
    await settled();
    expect(tail.lines()).toHaveLength(20);
    expect(tail.lines()[0]).toBe('line 11');
    expect(tail.lines().at(-1)).not.toMatch(/s3cret|pw/);
  });

  it('wait when there are too many, and the last ones are known all the same', async () => {
    const { clock, tail, messages } = followed();
    const flood = Buffer.alloc(64 * KIB, 'again and again\n');
    for (let n = 0; n < 40; n += 1) messages.write(flood);
    messages.write('the reason\n');
    await settled();
    expect(messages.isPaused()).toBe(true);
    expect(messages.readableLength).toBeGreaterThan(KIB * KIB);
    for (let n = 0; n < 3; n += 1) {
      clock.advance(100);
      await settled();
    }
    expect(messages.readableLength).toBe(0);
    expect(tail.lines().at(-1)).toBe('the reason');
  });

  it('are let go at the end, however many wait', async () => {
    const { messages, undo, clock } = followed();
    for (let n = 0; n < 40; n += 1) messages.write(Buffer.alloc(64 * KIB, 'x'));
    await settled();
    undo();
    messages.resume();
    await settled();
    expect(messages.readableLength).toBe(0);
    expect(clock.timers).toBe(0);
  });
});
