import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHECK = fileURLToPath(new URL('../../../server/recording/store/check-main.ts', import.meta.url));

/** What `npm run check:recordings` finds wrong in the folder that holds `recordings`, in full. */
export function checkRecordings(dir: string, options: { isStopped: boolean }): Promise<string[]> {
  const args = [CHECK, dir, '--deep', ...(options.isStopped ? ['--stopped'] : [])];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (failure, stdout, stderr) => {
      const found = stdout.split('\n').filter((line) => line.startsWith('['));
      // Status 1 comes with what is wrong.
      if (failure === null || (failure.code === 1 && found.length > 0)) resolve(found);
      else reject(new Error(`check:recordings failed: ${stderr}${stdout}`));
    });
  });
}
