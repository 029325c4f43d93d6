import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

/**
 * The mount point at or above `path` that /etc/fstab names and where nothing is mounted: what is written there lands on
 * another disk than was meant. Undefined where there is none, or where the system does not tell (no Linux, a container).
 */
export function missingMountOf(path: string): string | undefined {
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8');
    return missingMount(realPath(path), { fstab: readFileSync('/etc/fstab', 'utf8'), mounts });
  } catch {
    return undefined;
  }
}

/** The same from the texts of fstab(5) and /proc/self/mounts; `path` is absolute and without links. Pure. */
export function missingMount(
  path: string,
  { fstab, mounts }: { fstab: string; mounts: string },
): string | undefined {
  const mounted = new Set(mountPoints(mounts));
  return mountPoints(fstab).find(
    (point) => point !== '/' && (path === point || path.startsWith(point + sep)) && !mounted.has(point),
  );
}

/** The second field of each line; spaces in it are written as `\040`. */
function mountPoints(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const field = line.trim().split(/\s+/)[1];
    if (field === undefined || line.trim().startsWith('#') || !field.startsWith('/')) return [];
    return resolve(
      field.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
  });
}

/** Without links, as far as it is there. */
function realPath(path: string): string {
  const full = resolve(path);
  try {
    return realpathSync(full);
  } catch {
    const parent = dirname(full);
    return parent === full ? full : join(realPath(parent), full.slice(parent.length));
  }
}
