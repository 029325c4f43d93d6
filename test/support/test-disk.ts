import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function tool(...[program = '', ...args]: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Why a test that mounts disks cannot run on this machine, or undefined where it can. */
export function whyNoDisks(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may mount a disk';
  try {
    const disk = TestDisk.make(16);
    disk.close();
    return undefined;
  } catch (failure) {
    return `a disk cannot be mounted here (${failure instanceof Error ? failure.message.trim() : String(failure)})`;
  }
}

/** A small ext4 disk in a file, mounted at `dir`, that can be filled, pulled out and made to fail. */
export class TestDisk {
  readonly dir: string;
  readonly #base: string;
  readonly #image: string;

  static make(sizeMib: number): TestDisk {
    const disk = new TestDisk(sizeMib);
    try {
      disk.mount();
      return disk;
    } catch (failure) {
      disk.close();
      throw failure;
    }
  }

  private constructor(sizeMib: number) {
    this.#base = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
    this.dir = join(this.#base, 'disk');
    this.#image = join(this.#base, 'image');
    mkdirSync(this.dir);
    writeFileSync(this.#image, '');
    truncateSync(this.#image, sizeMib * 1024 * 1024);
    tool('mkfs.ext4', '-q', '-m', '0', this.#image);
  }

  mount(): void {
    tool('mount', '-o', 'loop', this.#image, this.dir);
  }

  /** As when it is pulled out: whoever uses it finds it gone, and the empty folder it was mounted at. */
  pullOut(): void {
    tool('umount', '-l', this.dir);
  }

  /** As after an error of the disk: it is read-only until it is mounted anew. */
  fail(): void {
    tool('mount', '-o', 'remount,abort', this.dir);
  }

  close(): void {
    try {
      this.pullOut();
    } catch {
      // It was not mounted.
    }
    rmSync(this.#base, { recursive: true, force: true });
  }
}
