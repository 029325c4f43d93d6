import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

/** Processes whose parent is `pid`, theirs included. */
function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // The name in brackets may hold blanks; the parent is the second field behind it.
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(entry), Number(fields[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('stopping', () => {
  let gateway: GatewayProcess;
  let children: number[];

  beforeEach(async () => {
    gateway = await GatewayProcess.start({ settings: { demo: true } });
    await waitFor('the demo to be live', async () => {
      const response = await fetch(`${gateway.url}/api/v1/streams/live/demo`);
      return response.ok && ((await response.json()) as { state: string }).state === 'live';
    });
    children = descendantsOf(gateway.pid ?? 0);
  });
  afterEach(async () => {
    await gateway.close();
  });

  it('stops everything in order, tells viewers when to come back, and leaves no process behind', async () => {
    // One media worker and the demo's FFmpeg.
    expect(children.length).toBeGreaterThanOrEqual(2);
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/v1/signaling`, 'sluice.v1');
    const events: string[] = [];
    socket.on('message', (data) => events.push((JSON.parse(String(data)) as { event: string }).event));
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await waitFor('hello', () => events.includes('hello'));
    expect(await gateway.stop()).toBe(0);
    expect(await closed).toBe(1001);
    expect(events).toEqual(['hello', 'server.closing']);
    await waitFor('its children to be gone', () => !children.some(isRunning));
    const messages = gateway.output.match(/"msg":"(stopping|stopped)[^"]*"/g);
    expect(messages).toHaveLength(2);
  });

  it('exits at once at a second signal, and still leaves no process behind', async () => {
    // A viewer that never answers the farewell holds the orderly stop up.
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/v1/signaling`, 'sluice.v1');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('message', resolve));
    socket.pause();
    const pid = gateway.pid ?? 0;
    const stopped = gateway.stop();
    await waitFor('it to begin to stop', () => gateway.output.includes('"msg":"stopping'));
    // The same signal once more at once is passed on by whoever started the gateway, and counts as one.
    process.kill(pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(isRunning(pid)).toBe(true);
    process.kill(pid, 'SIGTERM');
    expect(await stopped).toBe(130);
    await waitFor('its children to be gone', () => !children.some(isRunning));
    socket.terminate();
  });

  it('leaves no process behind when it is killed', async () => {
    await gateway.kill();
    await waitFor('its children to be gone', () => !children.some(isRunning), 30_000);
  });
});
