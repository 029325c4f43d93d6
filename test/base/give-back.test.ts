import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { giveBack } from '../../server/base/give-back.ts';

test('memory of its own is given back at once', () => {
  const bytes = Buffer.allocUnsafeSlow(100_000);
  giveBack(bytes);
  expect(bytes.length).toBe(0);
  expect(bytes.buffer.byteLength).toBe(0);
  // Nothing is left to give.
  giveBack(bytes);
});

test('several views go together, where they are all of it', () => {
  const slab = Buffer.allocUnsafeSlow(90_000);
  const packets = [slab.subarray(0, 30_000), slab.subarray(30_000, 60_000), slab.subarray(60_000)];
  giveBack(slab.subarray(0, 30_000), slab.subarray(30_000, 60_000));
  expect(slab.length).toBe(90_000);
  giveBack(slab.subarray(0, 30_000), packets[2]);
  expect(packets.map(({ length }) => length)).toEqual([0, 0, 0]);
});

test('memory that others may hold stays', () => {
  const pooled = Buffer.from('small buffers lie in a pool');
  giveBack(pooled);
  expect(pooled.toString()).toBe('small buffers lie in a pool');
  const part = Buffer.allocUnsafeSlow(100).fill(7).subarray(10);
  giveBack(part);
  expect(part[0]).toBe(7);
  const shared = Buffer.from(new SharedArrayBuffer(10)).fill(7);
  giveBack(shared);
  expect(shared[9]).toBe(7);
});

test('what a pipe gives is memory of its own', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x".repeat(300_000))']);
  let sizeBytes = 0;
  const left = new Set<number>();
  child.stdout.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    giveBack(chunk);
    left.add(chunk.length);
  });
  await once(child, 'close');
  expect(sizeBytes).toBe(300_000);
  expect([...left]).toEqual([0]);
});
