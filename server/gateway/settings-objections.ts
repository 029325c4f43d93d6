import type { Settings } from '../base/config/settings.ts';
import type { SettingsObjection } from './settings-desk.ts';

interface Disk {
  readonly path: string;
  readonly totalBytes?: number;
}

/** To leave so much free, nearly all that is recorded would be deleted within seconds: a digit too many costs everything. */
export function objectToEmptyDisks(disks: () => Promise<readonly Disk[]>): SettingsObjection {
  return async ({ recording }: Settings, keys) => {
    if (!keys.has('recording.minFreeBytes')) return undefined;
    const { minFreeBytes } = recording;
    const small = (await disks()).find(
      ({ totalBytes = Number.POSITIVE_INFINITY }) => minFreeBytes > totalBytes / 2,
    );
    if (small === undefined) return undefined;
    const gb = ((small.totalBytes ?? 0) / 1e9).toFixed(1);
    return `recording.minFreeBytes is more than half of the disk with ${small.path} (${gb} GB): recordings would be deleted for it at once. Choose less.`;
  };
}
