import { describe, expect, test } from 'vitest';
import { isMendedByChange, waitText } from '../../client/src/room/cameras/wait-text.ts';
import { diskWords } from '../../client/src/room/recordings/disk-words.ts';
import { WAIT_REASONS } from '../../shared/errors.ts';

describe('words of what is wrong', () => {
  test('each camera’s reason has a title and what to do', () => {
    for (const reason of WAIT_REASONS) {
      const words = waitText(reason);
      expect(words?.title, reason).toMatch(/^\p{Lu}.*[^.]$/u);
      expect(words?.todo, reason).toMatch(/^\p{Lu}.*\.$/u);
    }
  });

  test('the form is offered where the address or the log-in may be wrong, and nowhere else', () => {
    expect(['CAMERA_AUTH_FAILED', 'CAMERA_UNREACHABLE', 'ADDRESS_FORBIDDEN'].every(isMendedByChange)).toBe(
      true,
    );
    expect(['CAMERA_NO_KEY_FRAME', 'TRANSCODER_BUSY', 'DISK_FULL', undefined].some(isMendedByChange)).toBe(
      false,
    );
  });

  test('a disk that cannot be written says what to do; a camera’s fault is not the disk’s', () => {
    for (const reason of ['DISK_FULL', 'DISK_MISSING', 'DISK_SLOW', 'DISK_ERROR']) {
      expect(diskWords(reason)?.todo, reason).toMatch(/^\p{Lu}.*\.$/u);
    }
    expect(diskWords('CAMERA_SILENT')).toBeUndefined();
    expect(diskWords(undefined)).toBeUndefined();
  });
});
