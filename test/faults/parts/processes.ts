import { readdirSync, readFileSync } from 'node:fs';
import { startViewers } from '../../bench/viewers/viewers.ts';
import { ffmpegsOf } from '../../crash/support/orphans.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, pause } from '../support/fault.ts';
import { withSubject } from './camera-gone.ts';

const SEGMENT_MS = 1_000;

/** What the recorder's FFmpeg suffers; live does not notice. */
function recorderFault(id: string, what: string, blow: 'SIGKILL' | 'SIGSTOP', detectedMs: number): Fault {
  return {
    id,
    what,
    limits: { detectedMs, pauseMs: 400, lostMs: detectedMs + 2 * SEGMENT_MS },
    run: (site) =>
      withSubject(site, [], async (subject) => {
        const [pid] = ffmpegsOf(site.gateway.rtspPort).filter((one) => recordsStream(one, subject.id));
        if (pid === undefined) throw new Error(`no FFmpeg records ${subject.id}`);
        const wallMs = Date.now();
        const struckMs = performance.now();
        process.kill(pid, blow);
        await waitFor(
          'another FFmpeg',
          () => ffmpegsOf(site.gateway.rtspPort).some((one) => one !== pid && recordsStream(one, subject.id)),
          30_000,
        );
        const noticedMs = performance.now() - struckMs;
        const missing = await subject.missing(wallMs - 5_000);
        const pauseMs = subject.watch.longestPauseMs(struckMs - 100);
        return { detectedMs: noticedMs, pauseMs, ...missing };
      }),
  };
}

export const processFaults: readonly Fault[] = [
  {
    id: '6',
    what: 'a viewer is stopped for 8 s (SIGSTOP)',
    limits: { pauseMs: 400, recoveredMs: 3_000 },
    run: (site) =>
      withSubject(site, [], async (subject) => {
        const stopped = startViewers();
        try {
          await stopped.watch(`${site.gateway.url}/whep/${subject.id}`, 0);
          await pause(1_000);
          const before = rssOf(site.gateway.pid);
          const struckMs = performance.now();
          process.kill(stopped.pid, 'SIGSTOP');
          await pause(8_000);
          const grownBytes = rssOf(site.gateway.pid) - before;
          process.kill(stopped.pid, 'SIGCONT');
          await stopped.takeLogs();
          const backMs = performance.now();
          await waitFor('the stopped viewer to see pictures', async () => {
            const [log] = await stopped.takeLogs();
            return (log?.receivedMs.length ?? 0) > 0;
          });
          const recoveredMs = performance.now() - backMs;
          const note = `the gateway’s memory ${grownBytes > 0 ? 'grew' : 'shrank'} by ${(Math.abs(grownBytes) / 2 ** 20).toFixed(1)} MiB`;
          // The pause is that of the viewer beside it, of the same camera.
          return { recoveredMs, pauseMs: subject.watch.longestPauseMs(struckMs), note };
        } finally {
          await stopped.close();
        }
      }),
  },
  recorderFault('19 kill', 'the recorder’s FFmpeg is killed', 'SIGKILL', 3_000),
  recorderFault('19 hang', 'the recorder’s FFmpeg hangs (SIGSTOP)', 'SIGSTOP', 20_000),
];

function recordsStream(pid: number, id: string): boolean {
  return readText(`/proc/${pid}/cmdline`).includes(`/${id}?`);
}

/** Bytes of memory that a process holds. */
export function rssOf(pid: number | undefined): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`))?.[1];
  return Number(kib ?? Number.NaN) * 1024;
}

/** The children of a process that run a program of this name. */
export function childrenOf(parent: number, name: RegExp): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const match = /^\d+ \((.*)\) \S (\d+) /.exec(readText(`/proc/${entry}/stat`));
    return match !== null && Number(match[2]) === parent && name.test(match[1] ?? '') ? [Number(entry)] : [];
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
