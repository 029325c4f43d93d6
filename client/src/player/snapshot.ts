import type { StreamId } from '../../../shared/names.ts';
import type { Surface } from './surface.ts';

const TYPE = 'image/jpeg';
const QUALITY = 0.94;

/** What a viewer is told where there is nothing to keep. */
export class NoPictureError extends Error {
  constructor() {
    super('There is no picture yet. Try again once the video plays.');
    this.name = 'NoPictureError';
  }
}

/** `live-front-door_2026-11-21_14-05-09-123.jpg`, in the viewer's time zone: good on every file system, and in order. */
export function snapshotName(stream: StreamId | string, timeMs: number): string {
  const date = new Date(timeMs);
  const digits = (value: number, count = 2): string => String(value).padStart(count, '0');
  const day = `${date.getFullYear()}-${digits(date.getMonth() + 1)}-${digits(date.getDate())}`;
  const time = `${digits(date.getHours())}-${digits(date.getMinutes())}-${digits(date.getSeconds())}`;
  return `${stream.replaceAll('/', '-')}_${day}_${time}-${digits(date.getMilliseconds(), 3)}.jpg`;
}

/** The picture on the screen in its full size. Rejects with {@link NoPictureError} where there is none. */
export async function takeSnapshot({ picture }: Surface, stream: string, timeMs: number): Promise<File> {
  if (picture === undefined) throw new NoPictureError();
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext('2d')?.drawImage(picture.image, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  if (blob === null) throw new NoPictureError();
  return new File([blob], snapshotName(stream, timeMs), { type: TYPE, lastModified: timeMs });
}

/** Hands a file to the viewer, as a click on a download does. */
export function saveFile(file: File): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = file.name;
  link.click();
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
