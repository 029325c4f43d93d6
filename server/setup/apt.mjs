import { existsSync, readFileSync } from 'node:fs';
import { say } from './log.mjs';
import { runCommand, tryCommand } from './run-command.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * What decides how packages get onto this machine.
 * @typedef {object} AptMachine
 * @property {boolean} isRoot
 * @property {boolean} hasApt Whether this is Debian or Ubuntu with apt-get.
 */

/**
 * @typedef {{ kind: 'nothing' } | { kind: 'install', packages: string[] } | { kind: 'tell', message: string }} AptPlan
 */

/** @returns {AptMachine} */
export function thisMachine() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return {
    isRoot: process.getuid?.() === 0,
    hasApt: /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release) && existsSync('/usr/bin/apt-get'),
  };
}

/**
 * @param {readonly string[]} missing Names of Debian packages.
 * @param {AptMachine} machine
 * @returns {AptPlan} To install, or else what to tell the user.
 */
export function planApt(missing, machine) {
  const packages = [...new Set(missing)].sort();
  if (packages.length === 0) return { kind: 'nothing' };
  if (machine.hasApt && machine.isRoot) return { kind: 'install', packages };
  if (machine.hasApt) {
    const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
    return {
      kind: 'tell',
      message: `Some Debian packages are missing and only root can install them. Run this, then try again:\n\n  sudo sh -c 'apt-get update && ${install}'\n`,
    };
  }
  return {
    kind: 'tell',
    message: `This is neither Debian nor Ubuntu. Please install what these Debian packages hold, then try again:\n\n  ${packages.join(' ')}\n`,
  };
}

/**
 * @param {readonly string[]} packages
 * @param {string} dpkgOutput Of `dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'`.
 * @returns {string[]} Those that are not installed.
 */
export function notInstalled(packages, dpkgOutput) {
  const installed = new Set();
  for (const line of dpkgOutput.split('\n')) {
    const [name, status] = line.split(' ');
    if (status === 'ii' || status === 'hi') installed.add(name);
  }
  return packages.filter((name) => !installed.has(name));
}

/**
 * @param {readonly string[]} packages
 * @returns {Promise<string[]>} Those that are not installed; all of them where there is no dpkg to ask.
 */
export async function missingPackages(packages) {
  if (packages.length === 0) return [];
  if (!existsSync('/usr/bin/dpkg-query')) return [...packages];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg-query's own placeholders.
  const args = ['-W', '-f', '${Package} ${db:Status-Abbrev}\n', ...packages];
  const { output } = await tryCommand('dpkg-query', args, { env: { ...process.env, LC_ALL: 'C' } });
  return notInstalled(packages, output);
}

/**
 * Installs Debian packages, or stops with the command that does.
 * @param {readonly string[]} missing
 * @returns {Promise<void>}
 * @throws {SetupError} Where this is not root on Debian or Ubuntu, or where apt-get fails.
 */
export async function installPackages(missing) {
  const plan = planApt(missing, thisMachine());
  if (plan.kind === 'nothing') return;
  if (plan.kind === 'tell') throw new SetupError(plan.message);
  say(`apt: installing ${plan.packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  // apt-get stops in an orderly way at SIGINT, also between unpacking and setting up.
  const options = { env, stopSignal: /** @type {const} */ ('SIGINT') };
  // What an earlier run that was interrupted has left half done is finished first; it does nothing otherwise.
  await tryCommand('dpkg', ['--configure', '-a'], options);
  // A package list that is only partly refreshed may still serve, and the install says so if it does not.
  const update = await tryCommand('apt-get', ['-q', 'update'], options);
  if (update.status !== 0) say('apt: refreshing the package list failed, trying with what is there');
  const args = [
    '-q',
    '-y',
    '--no-install-recommends',
    '-o',
    'DPkg::Lock::Timeout=300',
    'install',
    ...plan.packages,
  ];
  const first = await tryCommand('apt-get', args, { ...options, onLine: aptProgress() });
  if (first.status === 0) return;
  // Mirrors are updated while one reads from them; a fresh list and a second try mend that.
  say('apt: failed once, refreshing the package list and trying again');
  await tryCommand('apt-get', ['-q', 'update'], options);
  await runCommand('installing Debian packages', 'apt-get', args, { ...options, onLine: aptProgress() });
}

/** @returns {(line: string) => void} Turns the lines of apt-get into a count every few seconds. */
function aptProgress() {
  let total = 0;
  let done = 0;
  let lastMs = Date.now();
  return (line) => {
    const counts = /^(\d+) upgraded, (\d+) newly installed/.exec(line);
    if (counts) total = Number(counts[1]) + Number(counts[2]);
    if (/^Setting up /.test(line)) done += 1;
    else if (!/^(Get:|Unpacking )/.test(line)) return;
    if (total === 0 || (done < total && Date.now() - lastMs < 5000)) return;
    lastMs = Date.now();
    say(
      done === 0 ? `apt: fetching and unpacking ${total} packages` : `apt: ${done}/${total} packages set up`,
    );
  };
}
