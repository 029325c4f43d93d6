import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Closers } from '../../../server/base/closers.ts';
import { mountLoopDisk } from './loop-disk.ts';
import { pause } from './part.ts';

const run = promisify(execFile);
const DISK_MB = 256;
/** For what heavy cameras send while it lasts; else retention would be at work too. */
const HEAVY_DISK_MB = 2_048;
const TMPFS_MB = 24;

/** A disk that can be made to fail. */
export interface FaultyDisk {
  /** Where it is mounted. */
  readonly dir: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

export interface DiskFault {
  readonly name: string;
  readonly what: string;
  readonly seconds: { readonly full: number; readonly slice: number };
  /** What the ledger may give as the reason of what is missing. */
  readonly reasons: readonly string[];
  readonly cameras?: number;
  readonly isHeavy?: boolean;
  /** How long it may take to write what has waited in memory, before anything newer is; default 15 s. */
  readonly resumeMs?: number;
  /** Only the recordings are on it (`apps.live.dir`); the gateway's own database would keep it from being unmounted. */
  readonly isDataDisk?: boolean;
  prepare(folder: string, closers: Closers): Promise<FaultyDisk>;
}

async function ext4(folder: string, closers: Closers, name = 'disk', sizeMb = DISK_MB) {
  const disk = await mountLoopDisk({
    image: join(folder, `${name}.img`),
    sizeMb,
    dir: join(folder, name),
  });
  closers.add(() => disk.close());
  return disk;
}

/** Something else takes all the room there is, again and again. */
const full: DiskFault = {
  name: 'full',
  what: 'the disk is filled by another program (tmpfs)',
  seconds: { full: 60, slice: 12 },
  reasons: ['DISK_FULL'],
  async prepare(folder, closers) {
    const dir = join(folder, 'tmpfs');
    mkdirSync(dir);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_MB}m`, 'tmpfs', dir]);
    closers.add(() => run('umount', ['-l', dir]).then(() => {}));
    const ballast = join(dir, 'ballast');
    let timer: NodeJS.Timeout | undefined;
    const fill = () => {
      // To the last page: what is refused is split, until nothing is taken.
      for (let bytes = 1024 * 1024; bytes >= 512; ) {
        try {
          appendFileSync(ballast, Buffer.alloc(bytes));
        } catch {
          bytes /= 2;
        }
      }
    };
    closers.add(() => clearInterval(timer));
    return {
      dir,
      async begin() {
        fill();
        timer = setInterval(fill, 100);
      },
      async end() {
        clearInterval(timer);
        rmSync(ballast, { force: true });
      },
    };
  },
};

const inodes: DiskFault = {
  name: 'inodes',
  what: 'the disk has room and takes no more files (tmpfs)',
  seconds: { full: 60, slice: 0 },
  reasons: ['DISK_FULL'],
  async prepare(folder, closers) {
    const dir = join(folder, 'tmpfs');
    mkdirSync(dir);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_MB}m,nr_inodes=400`, 'tmpfs', dir]);
    closers.add(() => run('umount', ['-l', dir]).then(() => {}));
    const many = join(dir, 'many');
    let count = 0;
    let timer: NodeJS.Timeout | undefined;
    const fill = () => {
      for (;;) {
        try {
          writeFileSync(join(many, String(count)), '');
          count += 1;
        } catch {
          return;
        }
      }
    };
    closers.add(() => clearInterval(timer));
    return {
      dir,
      async begin() {
        mkdirSync(many, { recursive: true });
        fill();
        timer = setInterval(fill, 100);
      },
      async end() {
        clearInterval(timer);
        rmSync(many, { recursive: true, force: true });
      },
    };
  },
};

/** As where ext4 finds a fault that it cannot live with: it turns read-only under its users; then it is mounted anew. */
const readOnly: DiskFault = {
  name: 'read-only',
  isDataDisk: true,
  what: 'the file system turns read-only; then it is checked and mounted again (ext4, remount,abort)',
  seconds: { full: 60, slice: 8 },
  reasons: ['DISK_ERROR', 'DISK_MISSING'],
  async prepare(folder, closers) {
    const disk = await ext4(folder, closers);
    return {
      dir: disk.dir,
      begin: () => run('mount', ['-o', 'remount,abort', disk.dir]).then(() => {}),
      async end() {
        await run('umount', ['-l', disk.dir]);
        // Whoever has it open still has to let go first.
        for (let tries = 0; ; tries += 1) {
          const done = await run('e2fsck', ['-fy', disk.device]).then(
            () => true,
            // Status 1: errors were corrected.
            (failure: { code?: number }) => failure.code === 1,
          );
          if (done) break;
          if (tries === 100) throw new Error(`${disk.device} stays in use`);
          await pause(200);
        }
        await run('mount', ['-t', 'ext4', disk.device, disk.dir]);
      },
    };
  },
};

/** Cgroup v1: the only one of the kernel's throttles that a loop device obeys everywhere. */
const THROTTLE = '/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device';

function slow(name: string, bytesPerS: number, seconds: DiskFault['seconds'], resumeMs: number): DiskFault {
  return {
    name,
    resumeMs,
    what: `the disk takes ${bytesPerS / 1e6} MB/s, the cameras send 3 MB/s (ext4)`,
    seconds,
    reasons: ['DISK_SLOW'],
    cameras: 6,
    isHeavy: true,
    async prepare(folder, closers) {
      const disk = await ext4(folder, closers, 'disk', HEAVY_DISK_MB);
      const device = deviceNumber(disk.device);
      const undo = async () => writeFileSync(THROTTLE, `${device} 0`);
      closers.add(undo);
      return {
        dir: disk.dir,
        begin: async () => writeFileSync(THROTTLE, `${device} ${bytesPerS}`),
        end: undo,
      };
    },
  };
}

function deviceNumber(path: string): string {
  const { rdev } = statSync(path);
  return `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
}

const hung: DiskFault = {
  name: 'hung',
  what: 'the disk does not answer at all (fsfreeze, ext4)',
  seconds: { full: 60, slice: 14 },
  reasons: ['DISK_SLOW'],
  async prepare(folder, closers) {
    const disk = await ext4(folder, closers);
    const thaw = () => run('fsfreeze', ['-u', disk.dir]).then(() => {});
    closers.add(() => thaw().catch(() => {}));
    return { dir: disk.dir, begin: () => run('fsfreeze', ['-f', disk.dir]).then(() => {}), end: thaw };
  },
};

const unmounted: DiskFault = {
  name: 'unmounted',
  isDataDisk: true,
  what: 'the disk is unmounted and comes back (ext4)',
  seconds: { full: 40, slice: 8 },
  reasons: ['DISK_MISSING'],
  async prepare(folder, closers) {
    const disk = await ext4(folder, closers);
    return {
      dir: disk.dir,
      begin: () => run('umount', ['-l', disk.dir]).then(() => {}),
      end: () => run('mount', ['-t', 'ext4', disk.device, disk.dir]).then(() => {}),
    };
  },
};

const swapped: DiskFault = {
  name: 'swapped',
  isDataDisk: true,
  what: 'another disk is mounted in its place, and taken away again (ext4)',
  seconds: { full: 40, slice: 0 },
  reasons: ['DISK_MISSING'],
  async prepare(folder, closers) {
    const disk = await ext4(folder, closers);
    const other = await ext4(folder, closers, 'other');
    mkdirSync(join(other.dir, 'data', 'recordings'), { recursive: true });
    return {
      dir: disk.dir,
      begin: () => run('mount', ['--bind', other.dir, disk.dir]).then(() => {}),
      async end() {
        await run('umount', ['-l', disk.dir]);
        const written = await run('find', [join(other.dir, 'data'), '-type', 'f']);
        if (written.stdout !== '') throw new Error(`the wrong disk was written to: ${written.stdout}`);
      },
    };
  },
};

/** Whether this kernel can make a disk slow. */
export function canThrottle(): boolean {
  try {
    readFileSync(THROTTLE);
    return true;
  } catch {
    return false;
  }
}

export const diskFaults: readonly DiskFault[] = [
  full,
  inodes,
  readOnly,
  slow('slow', 2_000_000, { full: 60, slice: 10 }, 15_000),
  // Slow enough for what may wait in memory to run out.
  slow('crawling', 300_000, { full: 240, slice: 0 }, 60_000),
  hung,
  unmounted,
  swapped,
];
