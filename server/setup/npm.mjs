import { runCommand } from './run-command.mjs';

/**
 * Runs npm without its remarks: no funding, no audit, and no "unsupported engine" lines, which are about the Node that
 * npm itself happens to run on and not about the one that the gateway gets.
 * @param {string} label What failed, if it fails.
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {Promise<void>}
 */
export async function runNpm(label, args, cwd) {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  // Inside `npm start` the path of that very npm is known; else the one in PATH serves.
  const npmScript = process.env.npm_execpath;
  const isScript = npmScript?.endsWith('npm-cli.js') === true;
  const command = isScript ? process.execPath : 'npm';
  const env = { ...process.env };
  // `npm --prefix` and workspace settings of an outer npm are not meant for this inner one.
  for (const name of ['npm_config_prefix', 'npm_config_local_prefix', 'npm_config_omit']) delete env[name];
  await runCommand(label, command, [...(isScript ? [npmScript] : []), ...args, ...quiet], { cwd, env });
}
