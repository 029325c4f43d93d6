/**
 * `npm run sim:camera -- [FILE]`: a camera for trying things by hand. It plays an MP4, TS or Annex B file (else a test picture) over
 * RTSP, and what is typed befalls it: `help` lists it. Lines from a pipe work as well (`wait 5` waits), so a fault can be
 * written down and played again; everything random comes from `--seed`.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import {
  CameraSim,
  mediaOfFile,
  type TestVideoOptions,
  testAudio,
  testVideo,
} from '../support/camera-sim/index.ts';
import { say } from '../support/command.ts';
import { asAudio, COMMANDS, parseCommand } from './command.ts';

const USAGE = `npm run sim:camera -- [FILE] [--port 5554] [--host 127.0.0.1] [--audio pcmu|pcma|aac|opus] [--transport any|tcp|udp]
  [--mtu 1400] [--user NAME --password TEXT] [--tls] [--seed 1] [--fps N]
Without FILE a test picture: [--codec h264|h265] [--size 640x360] [--key-every FRAMES] [--b-frames N]`;

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      // Not 8554: there the gateway itself serves RTSP.
      port: { type: 'string', default: '5554' },
      host: { type: 'string', default: '127.0.0.1' },
      audio: { type: 'string' },
      codec: { type: 'string', default: 'h264' },
      fps: { type: 'string' },
      size: { type: 'string', default: '640x360' },
      'key-every': { type: 'string' },
      'b-frames': { type: 'string', default: '0' },
      tls: { type: 'boolean', default: false },
      transport: { type: 'string', default: 'any' },
      mtu: { type: 'string', default: '1400' },
      user: { type: 'string' },
      password: { type: 'string', default: '' },
      seed: { type: 'string', default: '1' },
    },
  });
  if (values.help) {
    say(USAGE);
    return;
  }
  const [file] = positionals;
  const audio = asAudio(values.audio);
  const fps = values.fps === undefined ? {} : { fps: Number(values.fps) };
  const media =
    file === undefined
      ? {
          video: await testVideo(pictureOf(values)),
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
    ...(values.tls ? { tls: await certificate() } : {}),
    packetisation: { maxPayloadBytes: Number(values.mtu) },
    ...(user === undefined ? {} : { auth: { scheme: 'digest', username: user, password } }),
  });
  say(`The camera plays at ${camera.url()}. Type \`help\` for what can befall it; Ctrl-C ends it.`);
  await obey(camera);
}

interface PictureValues {
  readonly codec: string;
  readonly size: string;
  readonly fps?: string | undefined;
  readonly 'key-every'?: string | undefined;
  readonly 'b-frames': string;
}

function pictureOf(values: PictureValues): TestVideoOptions {
  const [width = 640, height = 360] = values.size.split('x').map(Number);
  const fps = Number(values.fps ?? 25);
  const keyFrameEvery = Number(values['key-every'] ?? Math.max(1, Math.round(fps)));
  return {
    codec: values.codec === 'h265' ? 'h265' : 'h264',
    ...{ width, height, fps, keyFrameEvery, bFrames: Number(values['b-frames']) },
    // Whole groups of pictures, for the film goes round.
    frames: keyFrameEvery * Math.max(2, Math.ceil(50 / keyFrameEvery)),
  };
}

/** One of its own, as cameras make them: nobody vouches for it. */
async function certificate(): Promise<{ key: Buffer; cert: Buffer }> {
  const read = (name: string) => readFile(new URL(`../fixtures/tls/${name}`, import.meta.url));
  return { key: await read('camera.key'), cert: await read('camera.crt') };
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
