import { expect, test } from 'vitest';
import { missingMount, missingMountOf } from '../../server/base/mounts.ts';

const fstab = `# /etc/fstab
UUID=1234 / ext4 errors=remount-ro 0 1
UUID=5678 none swap sw 0 0

UUID=9abc /mnt/cams ext4 nofail 0 2
  nas:/export\t/mnt/the\\040farm/  nfs  defaults
/dev/sdc1 /srv ext4`;
const mounts = '/dev/sda1 / ext4 rw 0 0\n/dev/sdc1 /srv ext4 rw 0 0\nsystemd-1 /mnt/auto autofs rw 0 0\n';

test.each([
  ['/mnt/cams', '/mnt/cams'],
  ['/mnt/cams/sluice/data', '/mnt/cams'],
  ['/mnt/the farm/x', '/mnt/the farm'],
  ['/mnt/camsite', undefined],
  ['/mnt', undefined],
  ['/srv/sluice', undefined],
  ['/var/lib/sluice', undefined],
])('%s belongs to a disk that is not mounted: %s', (path, point) => {
  expect(missingMount(path, { fstab, mounts })).toBe(point);
  expect(
    missingMount(path, { fstab, mounts: `${mounts}/dev/sdb1 ${point?.replace(' ', '\\040')} ext4` }),
  ).toBe(undefined);
});

test('the tables of this machine are read', () => {
  expect(missingMountOf('/proc/self')).toBe(undefined);
});
