import type { Sample } from './sample.ts';

/** What a soak has seen. */
export interface SoakRun {
  /** With every camera live and recorded and nobody watching: before the first fault, and after the last. */
  readonly before: Sample;
  readonly after: Sample;
  /** Every few seconds in between. */
  readonly samples: readonly Sample[];
  /** Whatever was seen that must not be. */
  readonly problems: readonly string[];
}

/** One row of the verdict. */
export interface Judgement {
  readonly what: string;
  readonly before: number;
  readonly after: number;
  readonly allowed: number;
  readonly unit: string;
}

const MIB = 2 ** 20;
const WINDOWS = 6;
/** As many as the gateway keeps at most, with spares. */
const MAX_DECODERS = 6;

/** What has grown, and by how much it may. Pure. */
export function judge({ before, after, samples }: SoakRun): Judgement[] {
  const floors = (of: (sample: Sample) => number) => floorsOf(samples, of);
  const rss = floors(({ rssBytes }) => rssBytes);
  const heap = floors(({ heapBytes }) => heapBytes);
  const workers = floors(({ workersRssBytes }) => workersRssBytes);
  return [
    // A window's floor is what stays when garbage is collected and nobody happens to watch much.
    memory('memory of the gateway (RSS), floor', rss, 12 * MIB),
    memory('its JavaScript heap, floor', heap, 6 * MIB),
    memory('memory of the media workers, floor', workers, 12 * MIB),
    count('file descriptors', ownFds(before), ownFds(after), 4),
    count('sockets', before.sockets - ofDecoders(before), after.sockets - ofDecoders(after), 2),
    count('recorders’ FFmpegs', before.children.recorders, after.children.recorders, 0),
    count('legs’ FFmpegs', before.children.legs, after.children.legs, 0),
    count('frame decoders', 0, after.children.decoders, MAX_DECODERS),
    count('media workers', before.children.workers, after.children.workers, 0),
    count('other child processes', before.children.others, after.children.others, 0),
    count('watches', before.viewers, after.viewers, 0),
  ];
}

export function passes({ after, allowed }: Judgement): boolean {
  return after <= allowed;
}

/** The verdict as a Markdown table. Pure. */
export function soakTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ what, before, after, allowed, unit }) => {
    const show = (value: number) => `${unit === 'MiB' ? (value / MIB).toFixed(1) : value} ${unit}`.trim();
    const verdict = passes({ what, before, after, allowed, unit }) ? 'pass' : 'FAIL';
    return `| ${what} | ${show(before)} | ${show(after)} | ${show(allowed)} | ${verdict} |`;
  });
  return ['| of the gateway | before | after | at most | |', '|---|--:|--:|--:|---|', ...rows].join('\n');
}

/** Descriptors without those of frame decoders, of which there may be some or none. */
export function ownFds(sample: Sample): number {
  return sample.fds - ofDecoders(sample);
}

/** Standard input, output and errors of each decoder, which Node makes sockets of. */
function ofDecoders({ children }: Sample): number {
  return 3 * children.decoders;
}

/** The least of each of six equal parts of the run, but for the first half, in which memory grows to what is used of it. */
function floorsOf(samples: readonly Sample[], of: (sample: Sample) => number): number[] {
  const size = Math.max(1, Math.ceil(samples.length / WINDOWS));
  const floors: number[] = [];
  for (let at = 0; at < samples.length; at += size)
    floors.push(Math.min(...samples.slice(at, at + size).map(of)));
  return floors.slice(Math.floor(floors.length / 2));
}

function memory(what: string, floors: readonly number[], leastBytes: number): Judgement {
  const before = floors[0] ?? Number.NaN;
  const after = floors.at(-1) ?? Number.NaN;
  return { what, before, after, allowed: before + Math.max(leastBytes, before * 0.05), unit: 'MiB' };
}

function count(what: string, before: number, after: number, more: number): Judgement {
  return { what, before, after, allowed: before + more, unit: '' };
}
