import { parseArgs } from 'node:util';

export type Command =
  | { readonly kind: 'run'; readonly configFile: string | undefined }
  | { readonly kind: 'check'; readonly configFile: string | undefined }
  | { readonly kind: 'accept-disk'; readonly configFile: string | undefined; readonly dir: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const HELP = `Sluice: live and recorded pictures of IP cameras in the browser.

Usage: npm start [-- OPTIONS]

  --config FILE   settings file (default: sluice.yaml in this folder, if there is one)
  --check         check the settings, say what is wrong, and exit
  --accept-disk DIR
                  go on with what lies at DIR now as the folder for recordings, though another disk was there before;
                  a gateway that runs meanwhile takes it up by itself
  --version       print the version
  --help          print this

Every setting can also be given in the environment, for example SLUICE_HTTP_PORT=9000.
The settings are listed in docs/settings.md.
`;

/** What the command line asks for. Pure. */
export function parseCommandLine(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        check: { type: 'boolean' },
        'accept-disk': { type: 'string' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { kind: 'help' };
    if (values.version === true) return { kind: 'version' };
    const dir = values['accept-disk'];
    if (dir !== undefined) return { kind: 'accept-disk', configFile: values.config, dir };
    return { kind: values.check === true ? 'check' : 'run', configFile: values.config };
  } catch (failure) {
    const why = failure instanceof Error ? failure.message.split('\n')[0] : 'the arguments cannot be read';
    return { kind: 'wrong', message: `${why} Try: npm start -- --help` };
  }
}
