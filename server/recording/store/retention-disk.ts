const MIB = 1024 ** 2;
/** Kept free in any case: a file system that is full to the last byte is slow, and the index needs some to delete at all. */
const RESERVE_BYTES = 64 * MIB;
const RESERVE_PART = 1 / 20;
const RESERVE_FILES = 1_000;
/** No more of a disk is kept free, whatever the settings say: else nothing at all would be kept on a small one. */
const MOST_PART = 1 / 2;
/** Deleted for one refused write where the disk itself claims to have room (a quota, perhaps). */
const REFUSED_BYTES = 8 * MIB;

/** What the file system says of itself; `totalFiles` is 0 where it has no limit on them. */
export interface DiskRoom {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly totalFiles: number;
  readonly freeFiles: number;
}

/** What has to be freed, and how many bytes are to be free in the end. */
export function diskWants(
  room: DiskRoom,
  minFreeBytes: number,
  diskFull: boolean,
): { bytes: number; files: number; keptFreeBytes: number } {
  const reserve = Math.min(RESERVE_BYTES, room.totalBytes * RESERVE_PART);
  const keptFreeBytes = Math.max(reserve, Math.min(minFreeBytes, room.totalBytes * MOST_PART));
  const bytes = Math.max(0, keptFreeBytes - room.freeBytes);
  const keptFreeFiles = Math.min(RESERVE_FILES, room.totalFiles * RESERVE_PART);
  const files = room.totalFiles === 0 ? 0 : Math.max(0, Math.ceil(keptFreeFiles - room.freeFiles));
  const isRefused = diskFull && bytes === 0 && files === 0;
  return { bytes: isRefused ? REFUSED_BYTES : bytes, files, keptFreeBytes };
}
