import { expect, test } from 'vitest';
import { Reordering } from '../../server/stream/reordering.ts';
import { H264, unitOf } from '../support/rtp-units.ts';

/** Plays pictures 40 ms apart; each is said to be in order, or reordered and needed by others or not. */
class Camera {
  readonly reordering = new Reordering();
  #next90k = 0;

  play(...pictures: Array<'in-order' | 'left-out' | 'needed'>): this {
    for (const kind of pictures) {
      const isReordered = kind !== 'in-order';
      const unit = unitOf(H264, [Buffer.from([0x41])], { pts90k: this.#next90k, isKeyFrame: false });
      this.reordering.add({ ...unit, isReordered, isDisposable: kind === 'left-out' });
      this.#next90k += 3_600;
    }
    return this;
  }

  seconds(count: number): this {
    return this.play(...Array.from({ length: count * 25 }, () => 'in-order' as const));
  }
}

test('one picture out of its order is a mistake, two are a habit', () => {
  const camera = new Camera().play('in-order', 'left-out', 'needed');
  expect(camera.reordering.kind).toBe('none');
  expect(camera.play('in-order', 'left-out').reordering.kind).toBe('droppable');
  expect(camera.play('needed').reordering.kind).toBe('needed');
});

test('a habit is forgotten 20 s after it was left, each by itself', () => {
  const camera = new Camera().play('needed', 'needed', 'left-out', 'left-out');
  for (let second = 0; second < 19; second += 1) {
    expect(camera.reordering.kind).toBe('needed');
    camera.play('left-out').seconds(1);
  }
  expect(camera.play('left-out').seconds(3).reordering.kind).toBe('droppable');
  expect(camera.seconds(22).reordering.kind).toBe('none');
});

test('it outlives a connection, since the camera is mostly set as it was', () => {
  const camera = new Camera().play('needed', 'needed');
  camera.reordering.restart();
  expect(camera.play('in-order').reordering.kind).toBe('needed');
});

test('where the pictures do not say it their times do', () => {
  const { reordering } = new Camera().play('in-order', 'in-order', 'in-order');
  expect(reordering.isReordered({}, 3_600)).toBe(true);
  expect(reordering.isReordered({}, 10_800)).toBe(false);
  expect(reordering.isReordered({ isReordered: false }, 3_600)).toBe(false);
  expect(reordering.isReordered({ isReordered: true }, 10_800)).toBe(true);
});
