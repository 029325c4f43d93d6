import type { Segment } from '../../server/recording/segment.ts';
import type { StreamId } from '../../shared/names.ts';
import { ArchiveHouse } from './archive-house.ts';

/**
 * Puts segments into the recordings of a data folder, as a gateway that runs there would have kept them: so a test has an hour
 * of the past without waiting for it. The gateway is started afterwards.
 */
export async function seedRecordings(
  dataDir: string,
  recorded: Readonly<Record<StreamId, readonly Segment[]>>,
): Promise<void> {
  const house = new ArchiveHouse(dataDir);
  const archive = await house.open();
  try {
    for (const [stream, segments] of Object.entries(recorded)) {
      for (const segment of segments) {
        if (!archive.append(stream as StreamId, segment)) {
          await archive.flush();
          if (!archive.append(stream as StreamId, segment)) throw new Error(`${stream} was not taken`);
        }
      }
      await archive.flush();
    }
  } finally {
    await house.close();
  }
}
