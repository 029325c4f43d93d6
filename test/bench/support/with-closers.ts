import { Closers } from '../../../server/base/closers.ts';
import type { BenchContext } from './bench.ts';

/** For a part of a bench: what it opens is closed when the part ends, or the bench, whichever is first. */
export async function withClosers<T>(
  context: BenchContext,
  work: (closers: Closers) => Promise<T>,
): Promise<T> {
  const closers = new Closers();
  context.closers.add(() => closers.close());
  try {
    return await work(closers);
  } finally {
    await closers.close();
  }
}
