import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../server/base/clock.ts';
import type { Logger } from '../../server/base/log.ts';
import { RecordingArchive } from '../../server/recording/store/recording-archive.ts';
import type { DiskRegistry, StoreLimits } from '../../server/recording/store/root-store.ts';

/** A folder for recordings and what remembers its disk, over as many openings of the archive as a test wants. */
export class ArchiveHouse {
  /** Holds `data/recordings`. */
  readonly dir = mkdtempSync(join(tmpdir(), 'sluice-archive-'));
  readonly dataDir: string;
  readonly recordingsDir: string;
  readonly disks = new Map<string, string>();
  /** Everything the archive has logged. */
  readonly lines: string[] = [];
  /** How often the archive has looked for its folder. */
  openings = 0;
  #archive: RecordingArchive | undefined;

  constructor(dataDir?: string) {
    this.dataDir = dataDir ?? join(this.dir, 'data');
    this.recordingsDir = join(this.dataDir, 'recordings');
  }

  get archive(): RecordingArchive {
    if (this.#archive === undefined) throw new Error('the archive is not open');
    return this.#archive;
  }

  /** Opens it as the gateway does. */
  async open(
    options: { limits?: Partial<StoreLimits>; appDirs?: ReadonlyMap<string, string> } = {},
  ): Promise<RecordingArchive> {
    const disks: DiskRegistry = {
      diskOf: async (dir) => {
        this.openings += 1;
        return this.disks.get(dir);
      },
      rememberDisk: async (dir, uuid) => void this.disks.set(dir, uuid),
    };
    this.#archive = new RecordingArchive({
      clock: systemClock,
      log: this.#logger(),
      dataDir: this.dataDir,
      appDirs: options.appDirs ?? new Map(),
      disks,
      limits: { openAgainMs: 200, ...options.limits },
    });
    await this.#archive.open();
    return this.#archive;
  }

  /** The state of the one folder. */
  get state() {
    return this.archive.roots()[0]?.state ?? { kind: 'closed' as const };
  }

  async stop(): Promise<void> {
    await this.#archive?.close();
    this.#archive = undefined;
  }

  /** Stops it and removes all. */
  async close(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #logger(): Logger {
    const tell = (_fields: object, message: string) => void this.lines.push(message);
    const logger: Logger = { debug() {}, info: tell, warn: tell, error: tell, child: () => logger };
    return logger;
  }
}
