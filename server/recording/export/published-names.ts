import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What may lie beside the files of an export. */
export const MANIFEST_EXTENSIONS = ['.sha256', '.json'] as const;

/** How many numbers are tried behind a name that is taken. */
const MAX_SUFFIX = 10_000;

/** `name.mp4`, `name.part2.mp4`, `name.part3.mp4`... */
export function partName(baseName: string, part: number): string {
  return part === 1 ? `${baseName}.mp4` : `${baseName}.part${part}.mp4`;
}

/** `name`, `name-2`, `name-3`... */
export function* suffixedNames(baseName: string): Generator<string> {
  yield baseName;
  for (let number = 2; number <= MAX_SUFFIX; number += 1) yield `${baseName}-${number}`;
}

/**
 * Gives finished files their names: all parts share one base name, and nothing that is there already is ever written
 * over. Gives the base name that was free.
 */
export function publishNew(dir: string, baseName: string, temporary: readonly string[]): string {
  for (const base of suffixedNames(baseName)) {
    if (MANIFEST_EXTENSIONS.some((extension) => existsSync(join(dir, base + extension)))) continue;
    const names = temporary.map((_, index) => join(dir, partName(base, index + 1)));
    if (linkAll(temporary, names)) {
      // Where there are no hard links the temporary name is gone already.
      for (const path of temporary) rmSync(path, { force: true });
      return base;
    }
  }
  throw new Error(`no name is left beside ${baseName}.mp4`);
}

/** The same over what an earlier try left under these names. */
export function publishOver(dir: string, baseName: string, temporary: readonly string[]): void {
  for (const [index, path] of temporary.entries()) renameSync(path, join(dir, partName(baseName, index + 1)));
  for (let part = temporary.length + 1; existsSync(join(dir, partName(baseName, part))); part += 1) {
    rmSync(join(dir, partName(baseName, part)));
  }
}

/** All or none: false where one of the names is taken. */
function linkAll(from: readonly string[], to: readonly string[]): boolean {
  const linked: string[] = [];
  for (const [index, target] of to.entries()) {
    if (!linkOne(from[index] as string, target)) {
      for (const [at, path] of linked.entries()) takeBack(path, from[at] as string);
      return false;
    }
    linked.push(target);
  }
  return true;
}

function linkOne(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems (exFAT, SMB) have no hard links; then the name is looked for, and taken a moment later.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw failure;
    if (existsSync(to)) return false;
    renameSync(from, to);
    return true;
  }
}

function takeBack(published: string, temporary: string): void {
  if (existsSync(temporary)) rmSync(published);
  else renameSync(published, temporary);
}
