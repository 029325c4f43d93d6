import { readFileSync } from 'node:fs';
import { type H265Sets, h265Format } from '../../server/rtsp/parse/index.ts';
import type { H265Format, Unit } from '../../server/stream/index.ts';
import { unitOf } from './rtp-units.ts';

export interface H265Picture {
  /** NAL units without parameter sets and access unit delimiters. */
  readonly payloads: Buffer[];
  /** Of its first slice (ITU-T H.265 table 7-1). */
  type: number;
}

export interface H265Clip {
  readonly sets: H265Sets;
  readonly format: H265Format;
  readonly pictures: readonly H265Picture[];
}

export type H265ClipName = 'closed-gop' | 'open-gop-b' | 'slices';

function h265Path(name: H265ClipName): URL {
  return new URL(`../fixtures/h265/${name}.265`, import.meta.url);
}

/** Cuts a stream of test/fixtures/h265 into pictures, apart from the code under test. */
export function h265Clip(name: H265ClipName): H265Clip {
  const text = readFileSync(h265Path(name)).toString('latin1');
  const nals = text
    .split('\0\0\u0001')
    .map((nal) => Buffer.from(nal.replace(/\0+$/, ''), 'latin1'))
    .filter((nal) => nal.length > 0);
  const sets = { vps: [] as Buffer[], sps: [] as Buffer[], pps: [] as Buffer[] };
  const pictures: H265Picture[] = [];
  let head: Buffer[] = [];
  for (const nal of nals) {
    const type = nal.readUInt8(0) >> 1;
    if (type === 32) sets.vps[0] = nal;
    else if (type === 33) sets.sps[0] = nal;
    else if (type === 34) sets.pps[0] = nal;
    else if (type === 39) head.push(nal);
    else if (type < 32 && (nal.readUInt8(2) & 0x80) !== 0) {
      pictures.push({ payloads: [...head, nal], type });
      head = [];
    } else if (type < 32) pictures.at(-1)?.payloads.push(nal);
  }
  const format = h265Format(sets);
  if (format === undefined) throw new Error('no parameter sets');
  return { sets, format, pictures };
}

/** The clip as the hub hands it on, with the time of decoding for time. */
export function h265Units(clip: H265Clip): Unit[] {
  return clip.pictures.map(({ payloads, type }, i) =>
    unitOf(clip.format, payloads, { pts90k: i * 3600, isKeyFrame: type >= 16 && type <= 23 }),
  );
}
