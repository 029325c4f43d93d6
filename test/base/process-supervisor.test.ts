import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProcessSpec } from '../../server/base/child-process.ts';
import { type Clock, systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { type ProcessState, ProcessSupervisor } from '../../server/base/process-supervisor.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { waitFor } from '../support/wait.ts';

const open: ProcessSupervisor[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((supervisor) => supervisor.close()));
});

function supervise(script: string, extra: Partial<ProcessSpec> = {}, clock: Clock = systemClock) {
  const states: ProcessState[] = [];
  const supervisor = new ProcessSupervisor({
    clock,
    log: silentLogger,
    name: 'test',
    spec: () => ({ command: process.execPath, args: ['-e', script], ...extra }),
    backoff: { minMs: 20, maxMs: 100 },
  });
  supervisor.onState((state) => states.push(state));
  open.push(supervisor);
  return { supervisor, states };
}

function isAlive(pid: number): boolean {
  try {
    // A zombie answers to signal 0 but is not running any more.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const runningPid = (supervisor: ProcessSupervisor) =>
  waitFor('a running process', () => supervisor.state.kind === 'running' && supervisor.state.pid);

const firstExit = (states: ProcessState[]) =>
  waitFor('an exit', () => states.find((state) => state.kind === 'waiting')?.exit);

describe('ProcessSupervisor', () => {
  it('starts a program again whenever it ends', async () => {
    const { states } = supervise('process.exit(3)');
    await waitFor('three runs', () => states.filter((state) => state.kind === 'running').length >= 3);
    expect(await firstExit(states)).toMatchObject({ cause: 'exited', code: 3, signal: null });
  });

  it('starts a killed program again with a new pid', async () => {
    const { supervisor } = supervise('setInterval(() => {}, 1000)');
    const first = await runningPid(supervisor);
    process.kill(first, 'SIGKILL');
    const second = await waitFor('a second run', () => {
      const { state } = supervisor;
      return state.kind === 'running' && state.pid !== first && state.pid;
    });
    expect(isAlive(second)).toBe(true);
  });

  it('close awaits the end of a program that ignores SIGTERM', async () => {
    const { supervisor, states } = supervise(
      'process.on("SIGTERM", () => {}); process.stdout.write("up"); setInterval(() => {}, 1000)',
      { stopGraceMs: 100, onStdout: (_chunk, progress) => progress() },
    );
    const pid = await runningPid(supervisor);
    await supervisor.close();
    expect(isAlive(pid)).toBe(false);
    expect(states.at(-1)).toEqual({ kind: 'closed' });
  });

  it('ends what the program started along with it', async () => {
    let output = '';
    const script =
      'const c = require("node:child_process").spawn("sleep", ["600"]); process.stdout.write(c.pid + "\\n"); setInterval(() => {}, 1000)';
    const { supervisor } = supervise(script, {
      onStdout: (chunk) => {
        output += chunk.toString();
      },
    });
    const grandchild = Number(
      await waitFor('the pid of the grandchild', () => output.includes('\n') && output),
    );
    expect(isAlive(grandchild)).toBe(true);
    await supervisor.close();
    await waitFor('the grandchild to be gone', () => !isAlive(grandchild));
  });

  it('ends and restarts a program that makes no progress', async () => {
    const { states } = supervise('setInterval(() => {}, 1000)', { stallTimeoutMs: 150, stopGraceMs: 100 });
    expect(await firstExit(states)).toMatchObject({ cause: 'stalled', signal: 'SIGTERM' });
  });

  it('leaves a program alone that makes progress', async () => {
    let chunks = 0;
    // A busy machine would let it stall for a second of its own.
    const clock = new FakeClock();
    const spec: Partial<ProcessSpec> = {
      stallTimeoutMs: 1000,
      onStdout: (_chunk, progress) => {
        chunks += 1;
        progress();
      },
    };
    const { states } = supervise('setInterval(() => process.stdout.write("."), 5)', spec, clock);
    for (let n = 0; n < 10; n += 1) {
      const before = chunks;
      await waitFor('output', () => chunks > before);
      clock.advance(999);
    }
    expect(states.filter((state) => state.kind === 'waiting')).toEqual([]);
    clock.advance(2000);
    await waitFor('the end of one that makes none', () => states.some(({ kind }) => kind === 'waiting'));
  });

  it('keeps the last lines of standard error, bounded and without secrets', async () => {
    const script = `
      for (let i = 0; i < 1000; i++) console.error("line " + i);
      console.error("y".repeat(100000));
      console.error("cannot open rtsp://user:hunter2@10.0.0.5/x: hunter2 is wrong");
      process.exitCode = 1;`;
    const { states } = supervise(script, { secrets: ['hunter2'] });
    const { lastLines } = await firstExit(states);
    expect(lastLines).toHaveLength(20);
    expect(Math.max(...lastLines.map((line) => line.length))).toBeLessThanOrEqual(400);
    expect(lastLines.at(-1)).toBe('cannot open rtsp://10.0.0.5/x: *** is wrong');
  });

  it('says that a program cannot be started, and keeps trying', async () => {
    const { states } = supervise('', { command: '/nonexistent/program' });
    expect(await firstExit(states)).toMatchObject({
      cause: 'unstartable',
      lastLines: [expect.stringContaining('ENOENT')],
    });
    await waitFor('a second try', () => states.filter((state) => state.kind === 'waiting').length >= 2);
  });

  it('does not hand its environment down', async () => {
    process.env.SLUICE_TEST_CANARY = 'canary';
    let output = '';
    supervise(
      'process.stdout.write(Object.keys(process.env).join() + "\\n" + process.env.GIVEN + "\\n\\n")',
      {
        env: { GIVEN: 'given' },
        onStdout: (chunk) => {
          output += chunk.toString();
        },
      },
    );
    await waitFor('the output', () => output.includes('\n\n'));
    delete process.env.SLUICE_TEST_CANARY;
    expect(output).not.toContain('SLUICE_TEST_CANARY');
    expect(output).toContain('given');
  });
});
