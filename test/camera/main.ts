/**
 * `npm run sim:camera -- [FILE]`: a camera for trying things by hand. It plays an MP4, TS or Annex B file (else a test picture) over
 * RTSP, and what is typed befalls it: `help` lists it. Lines from a pipe work as well (`wait 5` waits), so a fault can be
 * written down and played again; everything random comes from `--seed`.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { CameraSim, mediaOfFile, testAudio, testVideo } from '../support/camera-sim/index.ts';
import { asAudio, COMMANDS, parseCommand } from './command.ts';

const USAGE = `npm run sim:camera -- [FILE] [--port 8554] [--host 127.0.0.1] [--audio pcmu|pcma|aac|opus] [--codec h264|h265]
  [--fps N] [--transport any|tcp|udp] [--mtu 1400] [--user NAME --password TEXT] [--seed 1]`;

const say = (text: string) => process.stderr.write(`${text}\n`);

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8554' },
      host: { type: 'string', default: '127.0.0.1' },
      audio: { type: 'string' },
      codec: { type: 'string', default: 'h264' },
      fps: { type: 'string' },
      transport: { type: 'string', default: 'any' },
      mtu: { type: 'string', default: '1400' },
      user: { type: 'string' },
      password: { type: 'string', default: '' },
      seed: { type: 'string', default: '1' },
    },
  });
  const [file] = positionals;
  const audio = asAudio(values.audio);
  const fps = values.fps === undefined ? {} : { fps: Number(values.fps) };
  const media =
    file === undefined
      ? {
          video: await testVideo({ codec: values.codec === 'h265' ? 'h265' : 'h264', ...fps }),
          ...(audio === undefined ? {} : { audio: await testAudio(audio) }),
        }
      : await mediaOfFile(file, { audio, ...fps });
  const { transport, user, password } = values;
  const camera = await CameraSim.start({
    ...media,
    host: values.host,
    port: Number(values.port),
    seed: Number(values.seed),
    transports: transport === 'tcp' || transport === 'udp' ? transport : 'any',
    packetisation: { maxPayloadBytes: Number(values.mtu) },
    ...(user === undefined ? {} : { auth: { scheme: 'digest', username: user, password } }),
  });
  say(`The camera plays at ${camera.url()}. Type \`help\` for what can befall it; Ctrl-C ends it.`);
  await obey(camera);
}

async function obey(camera: CameraSim): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = parseCommand(line);
    if (command === undefined) continue;
    const known = COMMANDS.get(command.name);
    if (known === undefined) {
      for (const [name, { help }] of COMMANDS) say(`  ${name.padEnd(10)} ${help}`);
      continue;
    }
    try {
      await known.act(camera, command);
      say(`${new Date().toISOString()} ${line.trim()}`);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  }
}

run().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  say(USAGE);
  process.exitCode = 1;
});
