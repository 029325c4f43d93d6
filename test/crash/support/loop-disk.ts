import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own in a file, mounted at a folder. */
export interface LoopDisk {
  readonly image: string;
  readonly dir: string;
  /** `/dev/loopN` */
  readonly device: string;
  close(): Promise<void>;
}

export interface LoopDiskOptions {
  /** The image; made, with a new ext4, where `sizeMb` is given. */
  readonly image: string;
  readonly sizeMb?: number;
  readonly dir: string;
}

/** Mounts an image. The device asks the file below for what it has promised to be durable, as a disk does. */
export async function mountLoopDisk({ image, sizeMb, dir }: LoopDiskOptions): Promise<LoopDisk> {
  if (sizeMb !== undefined) {
    await writeFile(image, '');
    await truncate(image, sizeMb * 1024 * 1024);
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
  }
  await mkdir(dir, { recursive: true });
  const { stdout } = await run('losetup', ['--find', '--show', '--direct-io=on', image]).catch(() =>
    run('losetup', ['--find', '--show', image]),
  );
  const device = stdout.trim();
  try {
    await run('mount', ['-t', 'ext4', device, dir]);
  } catch (failure) {
    await run('losetup', ['-d', device]).catch(() => {});
    throw failure;
  }
  return {
    image,
    dir,
    device,
    async close() {
      await run('fsfreeze', ['-u', dir]).catch(() => {});
      // Lazily: whatever still has it open lets go of it when it ends.
      await run('umount', [dir]).catch(() => run('umount', ['-l', dir]).catch(() => {}));
      await run('losetup', ['-d', device]).catch(() => {});
    },
  };
}

/** A folder of its own for images and mounts; remove it when nothing is mounted any more. */
export function crashFolder(): { dir: string; close(): Promise<void> } {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
  return { dir, close: () => rm(dir, { recursive: true, force: true }) };
}

let whyNot: Promise<string | undefined> | undefined;

/** A sentence where this machine, or this user, cannot mount images. Tried once. */
export function cannotMount(): Promise<string | undefined> {
  whyNot ??= tryToMount();
  return whyNot;
}

async function tryToMount(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can mount disks; run it as root.';
  const folder = crashFolder();
  try {
    const disk = await mountLoopDisk({
      image: join(folder.dir, 'try.img'),
      sizeMb: 16,
      dir: join(folder.dir, 'try'),
    });
    await disk.close();
    return undefined;
  } catch (failure) {
    return `this machine does not let disks be mounted (${String(failure).split('\n')[0]}).`;
  } finally {
    await folder.close();
  }
}
