import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { childrenOf, rssOf } from '../../faults/parts/processes.ts';
import type { GatewayProcess } from '../../support/gateway.ts';

/** What a gateway holds at one moment. */
export interface Sample {
  /** Since the soak began. */
  readonly atMs: number;
  /** Of the main process. */
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Of all media workers. */
  readonly workersRssBytes: number;
  /** Without what asks over HTTP, whose connections are kept for some seconds: the soak's own questions are among them. */
  readonly fds: number;
  readonly sockets: number;
  /** Child processes by what they do. */
  readonly children: {
    readonly recorders: number;
    readonly legs: number;
    /** Of single frames; a few are kept for the next one. */
    readonly decoders: number;
    readonly workers: number;
    readonly others: number;
  };
  /** Watches over WebRTC. */
  readonly viewers: number;
}

export async function takeSample(gateway: GatewayProcess, beganMs: number): Promise<Sample> {
  const pid = gateway.pid ?? 0;
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const http = connectionsAt(pid, Number(new URL(gateway.url).port));
  const fds = descriptorsOf(pid).filter((target) => !http.has(target));
  const ffmpegs = childrenOf(pid, /^ffmpeg/).map(roleOf);
  const count = (role: string) => ffmpegs.filter((one) => one === role).length;
  return {
    atMs: performance.now() - beganMs,
    rssBytes: rssOf(pid),
    heapBytes: metric(text, 'nodejs_heap_size_used_bytes'),
    workersRssBytes: childrenOf(pid, /^mediasoup-worke/).reduce((sum, one) => sum + (rssOf(one) || 0), 0),
    fds: fds.length,
    sockets: fds.filter((target) => target.startsWith('socket:')).length,
    children: {
      recorders: count('recorder'),
      legs: count('leg'),
      decoders: count('decoder'),
      workers: childrenOf(pid, /^mediasoup-worke/).length,
      others: count('other') + childrenOf(pid, /^(?!ffmpeg|mediasoup-worke)/).length,
    },
    viewers: metric(text, 'sluice_webrtc_viewers'),
  };
}

/** What an FFmpeg is for, by its arguments. */
function roleOf(pid: number): 'recorder' | 'leg' | 'decoder' | 'other' {
  let command = '';
  try {
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has just ended.
  }
  if (command.includes('smjpeg')) return 'decoder';
  if (command.includes('rtsp://')) return 'recorder';
  return command.includes('matroska') ? 'leg' : 'other';
}

/** What each open file descriptor of a process is. */
function descriptorsOf(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  return readdirSync(dir).flatMap((fd) => {
    try {
      return [readlinkSync(`${dir}/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Established TCP connections whose own end is that port, as descriptors name them (proc(5), `/proc/[pid]/net/tcp`). */
function connectionsAt(pid: number, port: number): ReadonlySet<string> {
  const rows = ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n'),
  );
  const found = rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/);
    return state === '01' && Number.parseInt(local.split(':')[1] ?? '', 16) === port
      ? [`socket:[${inode}]`]
      : [];
  });
  return new Set(found);
}

function metric(text: string, name: string): number {
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
}
