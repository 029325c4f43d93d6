import { expect, test } from 'vitest';
import { missingPackages, notInstalled, planApt } from '../../server/setup/apt.mjs';

const debian = { isRoot: false, hasApt: true };

test('nothing missing is nothing to do, for anybody', () => {
  expect(planApt([], { isRoot: false, hasApt: false })).toEqual({ kind: 'nothing' });
});

test('root on Debian installs, each package once and in a steady order', () => {
  const plan = planApt(['g++', 'ffmpeg', 'g++'], { isRoot: true, hasApt: true });
  expect(plan).toEqual({ kind: 'install', packages: ['ffmpeg', 'g++'] });
});

test('anybody else on Debian is told the one command', () => {
  const plan = planApt(['g++', 'ffmpeg'], debian);
  expect(plan.kind === 'tell' && plan.message.split('\n').filter((line) => line.includes('apt-get'))).toEqual(
    ["  sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends ffmpeg g++'"],
  );
});

test('elsewhere even root only gets the names', () => {
  const plan = planApt(['ffmpeg'], { isRoot: true, hasApt: false });
  expect(plan.kind === 'tell' && plan.message).toContain('  ffmpeg\n');
  expect(plan.kind === 'tell' && plan.message).not.toContain('apt-get');
});

test('removed, half installed and unknown packages count as missing', () => {
  const output = 'g++ ii \nold rc \nhalf iF \nheld hi \ndpkg-query: no packages found matching new\n';
  expect(notInstalled(['g++', 'old', 'half', 'held', 'new'], output)).toEqual(['old', 'half', 'new']);
});

test('the real dpkg is asked', async () => {
  expect(await missingPackages(['dpkg', 'no-such-package-as-this'])).toEqual(['no-such-package-as-this']);
});
