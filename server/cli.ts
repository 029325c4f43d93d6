import { parseArgs } from 'node:util';

export type Command =
  | { readonly kind: 'run'; readonly configFile: string | undefined }
  | { readonly kind: 'check'; readonly configFile: string | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const HELP = `Sluice: live pictures of IP cameras in the browser.

Usage: npm start [-- OPTIONS]

  --config FILE   settings file (default: sluice.yaml in this folder, if there is one)
  --check         check the settings, say what is wrong, and exit
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
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { kind: 'help' };
    if (values.version === true) return { kind: 'version' };
    return { kind: values.check === true ? 'check' : 'run', configFile: values.config };
  } catch (failure) {
    const why = failure instanceof Error ? failure.message.split('\n')[0] : 'the arguments cannot be read';
    return { kind: 'wrong', message: `${why} Try: npm start -- --help` };
  }
}
