import type { ChildProcess } from 'node:child_process';

const groups = new Set<number>();
let isHooked = false;

/**
 * Makes sure that a child started with `detached` (a process group of its own, out of reach of the terminal's Ctrl-C)
 * does not outlive this process, even when this one ends without closing anything. Returns the undo.
 */
export function endAtExit(child: ChildProcess): () => void {
  const { pid } = child;
  if (pid === undefined) return () => {};
  if (!isHooked) {
    isHooked = true;
    process.on('exit', () => {
      for (const group of groups) {
        try {
          process.kill(-group, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
      }
    });
  }
  groups.add(pid);
  return () => groups.delete(pid);
}
