import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseNameOf } from '../../../server/recording/export/export-request.ts';
import { publishNew, publishOver } from '../../../server/recording/export/published-names.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-names-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const nameOf = (fileName: string) => baseNameOf({ stream: 'live/door', start: 0, fileName });

describe('names of exported files', () => {
  it('are one name in their folder, or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 130 }), (fileName) => {
        let name: string;
        try {
          name = nameOf(fileName);
        } catch (failure) {
          expect(failure).toMatchObject({ code: 'BAD_REQUEST' });
          return;
        }
        const path = join(dir, `${name}.mp4`);
        expect(basename(path)).toBe(`${name}.mp4`);
        expect(path).toBe(`${dir}/${name}.mp4`);
        expect(name.startsWith('.')).toBe(false);
        expect(Buffer.byteLength(`${name}.part10000.mp4`)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 200 },
    );
    expect(nameOf('Gate (north), 3.mp4')).toBe('Gate (north), 3');
    expect(nameOf('駐車場.MP4')).toBe('駐車場');
    expect(baseNameOf({ stream: 'live/door', start: 1_795_255_196_000 })).toBe('live_door_20261121T095956Z');
  });

  it('are all of one base, and none that is taken', () => {
    const temporary = ['.1.1.mp4.partial', '.1.2.mp4.partial'].map((name) => join(dir, name));
    for (const [index, path] of temporary.entries()) writeFileSync(path, `part ${index + 1}`);
    writeFileSync(join(dir, 'a.part2.mp4'), 'taken');
    writeFileSync(join(dir, 'a-2.json'), 'taken');
    expect(publishNew(dir, 'a', temporary)).toBe('a-3');
    expect(readdirSync(dir).sort()).toEqual(['a-2.json', 'a-3.mp4', 'a-3.part2.mp4', 'a.part2.mp4']);
    expect(readFileSync(join(dir, 'a-3.part2.mp4'), 'utf8')).toBe('part 2');
  });

  it('take the place of an earlier try where that is wanted, with all its parts', () => {
    for (const name of ['a.mp4', 'a.part2.mp4', 'a.part3.mp4', 'b.mp4'])
      writeFileSync(join(dir, name), 'old');
    writeFileSync(join(dir, '.x'), 'new');
    publishOver(dir, 'a', [join(dir, '.x')]);
    expect(readdirSync(dir).sort()).toEqual(['a.mp4', 'b.mp4']);
    expect(readFileSync(join(dir, 'a.mp4'), 'utf8')).toBe('new');
  });
});
