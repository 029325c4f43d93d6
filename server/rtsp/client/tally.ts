import type { SourceCounters } from '../../stream/index.ts';

/** What a source counts over all its connections; the hot path adds to plain numbers. */
export class SourceTally {
  receivedPackets = 0;
  receivedBytes = 0;
  lostPackets = 0;
  droppedUnits = 0;
  /** Packets of unknown channels, payload types or senders, and such as could not be read. */
  ignoredPackets = 0;
  #toldSum = 0;

  get counters(): SourceCounters {
    const { receivedPackets, receivedBytes, lostPackets, droppedUnits } = this;
    return { receivedPackets, receivedBytes, lostPackets, droppedUnits };
  }

  /** True once for each change since the last call. */
  takeChanged(): boolean {
    const sum = this.receivedPackets + this.lostPackets + this.droppedUnits;
    const changed = this.#toldSum !== sum;
    this.#toldSum = sum;
    return changed;
  }
}
