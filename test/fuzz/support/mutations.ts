import fc, { type Arbitrary } from 'fast-check';

/** How one change is made: which, where (as a part of 65536), and two numbers that each kind uses as it likes. */
export type Edit = readonly [kind: number, at: number, a: number, b: number];

/** Numbers that parsers get wrong: the ends of ranges, and one beside them. */
const EDGES: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1023, 1024, 4095, 4096, 32_767,
  32_768, 65_535, 65_536, 0x7f_ffff, 0x80_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 99_999_999_999,
];
const ODD_TEXTS: readonly string[] = [
  '-1',
  '1e9',
  '0x10',
  'NaN',
  '',
  ' ',
  '\t',
  '\r\n',
  '\n\n',
  '\r\n\r\n',
  ';',
  ',',
  '=',
  '"',
  '\\',
  ':',
  '/',
  '*',
  '%00',
  '\0',
  '$\0\0\x04abcd',
  '\u00e9\ud83d\udc1b',
  '\x1b[31m',
  '__proto__',
  'constructor',
  'user:pass@',
];

const at = (edit: Edit, length: number): number => Math.floor((edit[1] * (length + 1)) / 65_536);

function splice(bytes: Buffer, from: number, to: number, ...put: readonly Buffer[]): Buffer {
  return Buffer.concat([bytes.subarray(0, from), ...put, bytes.subarray(Math.max(from, to))]);
}

type Change = (bytes: Buffer, edit: Edit, words: readonly string[]) => Buffer;

const edge = (n: number): number => EDGES[n % EDGES.length] ?? 0;

/** Changes that know nothing of what the bytes mean. */
const BYTE_CHANGES: readonly Change[] = [
  // A bit, a byte.
  (bytes, e) => {
    const changed = Buffer.from(bytes);
    const place = at(e, bytes.length - 1);
    if (place < changed.length) changed[place] = (changed[place] ?? 0) ^ (1 << (e[2] & 7));
    return changed;
  },
  (bytes, e) => splice(bytes, at(e, bytes.length), at(e, bytes.length) + 1, Buffer.from([e[2] & 255])),
  // A number of 16 or 32 bits at the edge of something.
  (bytes, e) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(edge(e[2]) >>> 0);
    const part = e[3] % 2 === 0 ? number : number.subarray(2);
    return splice(bytes, at(e, bytes.length), at(e, bytes.length) + part.length, part);
  },
  // Cut out, cut off, said twice, moved.
  (bytes, e) => splice(bytes, at(e, bytes.length), at(e, bytes.length) + (e[2] % 64)),
  (bytes, e) => bytes.subarray(0, at(e, bytes.length)),
  (bytes, e) => {
    const from = at(e, bytes.length);
    return splice(bytes, from, from, bytes.subarray(from, from + (e[2] % 512)));
  },
  (bytes, e) => {
    const from = at(e, bytes.length);
    const part = bytes.subarray(from, from + (e[2] % 128));
    return splice(bytes, (e[3] * bytes.length) >> 8, (e[3] * bytes.length) >> 8, part);
  },
  // Much of the same.
  (bytes, e) => splice(bytes, at(e, bytes.length), at(e, bytes.length), Buffer.alloc(e[2] % 2048, e[3])),
];

/** Changes that see lines, words and numbers. */
const TEXT_CHANGES: readonly Change[] = [
  (bytes, e, words) => {
    const word = words[e[2] % Math.max(words.length, 1)] ?? '';
    return splice(bytes, at(e, bytes.length), at(e, bytes.length) + (e[3] % 16), Buffer.from(word));
  },
  // The next number becomes another one.
  (bytes, e) => {
    const text = bytes.toString('latin1');
    const digits = /\d+/g;
    digits.lastIndex = at(e, bytes.length);
    const found = digits.exec(text);
    if (found === null) return bytes;
    const number = e[3] % 4 === 0 ? `-${edge(e[2])}` : String(edge(e[2]));
    return splice(bytes, found.index, found.index + found[0].length, Buffer.from(number));
  },
  // A line away, twice, often, or to another place.
  (bytes, e) => {
    const lines = bytes.toString('latin1').split('\r\n');
    const line = at(e, lines.length - 1);
    const times = [0, 2, 3, 150][e[2] % 4] ?? 0;
    const changed = lines.flatMap((text, n) => (n === line ? Array<string>(times).fill(text) : [text]));
    return Buffer.from(changed.join('\r\n'), 'latin1');
  },
  (bytes, e) => {
    const lines = bytes.toString('latin1').split('\r\n');
    const [line = ''] = lines.splice(at(e, lines.length - 1), 1);
    lines.splice(e[2] % (lines.length + 1), 0, line);
    return Buffer.from(lines.join('\r\n'), 'latin1');
  },
  // Line ends as others write them.
  (bytes, e) =>
    Buffer.from(bytes.toString('latin1').replaceAll('\r\n', e[2] % 2 === 0 ? '\n' : '\r'), 'latin1'),
  (bytes, e) => {
    const odd = ODD_TEXTS[e[2] % ODD_TEXTS.length] ?? '';
    return splice(bytes, at(e, bytes.length), at(e, bytes.length) + (e[3] % 3), Buffer.from(odd));
  },
];

function editsOf(kinds: number, maxEdits: number): Arbitrary<Edit[]> {
  const edit = fc.tuple(fc.nat(kinds - 1), fc.nat(65_535), fc.nat(65_535), fc.nat(255));
  return fc.array(edit, { maxLength: maxEdits, size: 'max' });
}

function apply(
  changes: readonly Change[],
  seed: Buffer,
  edits: readonly Edit[],
  words: readonly string[],
): Buffer {
  let bytes = seed;
  for (const edit of edits) bytes = changes[edit[0]]?.(bytes, edit, words) ?? bytes;
  return bytes.subarray(0, MAX_BYTES);
}

const MAX_BYTES = 128 * 1024;

/** Seeds with up to eight changes; now and then two of them joined, or mere noise. */
export function mutatedBytes(seeds: readonly Buffer[]): Arbitrary<Buffer> {
  return mutated(seeds, BYTE_CHANGES, []);
}

/** The same for what people can read: `words` are put in where they do not belong. */
export function mutatedText(seeds: readonly Buffer[], words: readonly string[]): Arbitrary<Buffer> {
  return mutated(seeds, [...TEXT_CHANGES, ...TEXT_CHANGES, ...BYTE_CHANGES], words);
}

function mutated(
  seeds: readonly Buffer[],
  changes: readonly Change[],
  words: readonly string[],
): Arbitrary<Buffer> {
  const seed = fc.constantFrom(...seeds);
  const edits = editsOf(changes.length, 8);
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.tuple(seed, edits).map(([bytes, list]) => apply(changes, bytes, list, words)),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(seed, seed, edits, fc.nat(65_535), fc.nat(65_535))
        .map(([one, other, list, a, b]) =>
          apply(
            changes,
            Buffer.concat([
              one.subarray(0, (a * one.length) >> 16),
              other.subarray((b * other.length) >> 16),
            ]),
            list,
            words,
          ),
        ),
    },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 256 }).map((bytes) => Buffer.from(bytes)),
    },
  );
}

/** What may happen to a run of packets on the way, and what a camera may do to its headers and payloads. */
type PacketChange = (packets: Buffer[], place: number, edit: Edit) => Buffer[];

const PACKET_CHANGES: readonly PacketChange[] = [
  (packets, place) => packets.toSpliced(place, 1),
  (packets, place) => packets.toSpliced(place, 0, ...packets.slice(place, place + 1)),
  (packets, place, e) => {
    const [packet] = packets.slice(place, place + 1);
    const without = packets.toSpliced(place, 1);
    return packet === undefined ? packets : without.toSpliced(e[2] % (without.length + 1), 0, packet);
  },
  // Many lost at once, many said again.
  (packets, place, e) => packets.toSpliced(place, e[2] % 12),
  (packets, place, e) => packets.toSpliced(place, 0, ...packets.slice(0, e[2] % 24)),
  // Marker and payload type; sequence, time, SSRC.
  (packets, place, e) => changed(packets, place, (packet) => packet.writeUInt8(e[2] & 255, 1), 2),
  (packets, place, e) => changed(packets, place, (packet) => packet.writeUInt16BE(e[2], 2), 4),
  (packets, place, e) => changed(packets, place, (packet) => packet.writeUInt32BE(edge(e[2]) >>> 0, 4), 8),
  (packets, place, e) => changed(packets, place, (packet) => packet.writeUInt32BE(e[2] % 4, 8), 12),
  // From here on: another sender, another time, another sequence.
  (packets, place, e) =>
    packets.map((packet, n) =>
      n < place ? packet : (changed([packet], 0, (p) => p.writeUInt8(e[3], 11), 12)[0] ?? packet),
    ),
  (packets, place, e) =>
    packets.map((packet, n) =>
      n < place
        ? packet
        : (changed([packet], 0, (p) => p.writeUInt16BE((p.readUInt16BE(2) + e[2]) & 0xffff, 2), 4)[0] ??
          packet),
    ),
  // The head of the payload, where types, sizes and fragment bits are.
  (packets, place, e) => changed(packets, place, (packet) => packet.writeUInt8(e[2] & 255, 12), 13),
  (packets, place, e) => changed(packets, place, (packet) => packet.writeUInt8(e[2] & 255, 13), 14),
  (packets, place, e) => changed(packets, place, (packet) => packet.writeUInt8(e[2] & 255, 14), 15),
  // Bytes, anywhere in the packet.
  ...BYTE_CHANGES.map(
    (change): PacketChange =>
      (packets, place, e) => {
        const packet = packets[place];
        return packet === undefined
          ? packets
          : packets.with(place, change(packet, [e[0], e[3] * 257, e[2], e[1] & 255], []));
      },
  ),
];

function changed(
  packets: Buffer[],
  place: number,
  write: (packet: Buffer) => unknown,
  needs: number,
): Buffer[] {
  const packet = packets[place];
  if (packet === undefined || packet.length < needs) return packets;
  const copy = Buffer.from(packet);
  write(copy);
  return packets.with(place, copy);
}

/** A stretch of a stream's packets with up to sixteen changes. */
export function mutatedPackets(streams: readonly (readonly Buffer[])[], length = 48): Arbitrary<Buffer[]> {
  return fc
    .tuple(fc.constantFrom(...streams), fc.nat(65_535), fc.nat(length), editsOf(PACKET_CHANGES.length, 16))
    .map(([stream, begin, count, edits]) => {
      // Half of them from the start, where parameter sets and the first key frame are.
      const start = begin % 2 === 0 ? 0 : Math.floor((begin * stream.length) / 65_536);
      let packets = stream.slice(start, start + count);
      for (const edit of edits) {
        packets = PACKET_CHANGES[edit[0]]?.(packets, at(edit, packets.length - 1), edit) ?? packets;
      }
      return packets;
    });
}

export const plainPackets = (packets: readonly Buffer[]): string[] =>
  packets.map((packet) => packet.toString('base64'));
export const revivePackets = (plain: unknown): Buffer[] =>
  (plain as string[]).map((text) => Buffer.from(text, 'base64'));
