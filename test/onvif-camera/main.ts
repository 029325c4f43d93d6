/**
 * `npm run sim:onvif`: ONVIF cameras for trying things by hand. Each has an address of its own on this machine (127.0.0.2,
 * 127.0.0.3 ...), a main and a sub stream, answers discovery, and shows what is asked of it. What is typed befalls it:
 * `help` lists it. Lines from a pipe work as well.
 */
import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { CameraSim, mediaOfFile, type SimVideo, testVideo } from '../support/camera-sim/index.ts';
import { leaveOnSignals, say } from '../support/command.ts';
import { madeOnce } from '../support/made-once.ts';
import {
  type MakerName,
  makers,
  type OnvifSim,
  type SoapRequest,
  startOnvifSim,
} from '../support/onvif-sim/index.ts';
import { ONVIF_COMMANDS, parseOnvifCommand } from './command.ts';

const USAGE = `npm run sim:onvif -- [FILE] [--devices 1] [--host 127.0.0.2] [--port 8000] [--rtsp-port 5554] [--maker NAME]
  [--user admin --password secret | --open] [--no-discovery] [--clock SECONDS] [--quiet]
FILE is its main stream; else a test picture. A maker's habits: ${Object.keys(makers).join(', ')}; all: one device of each.`;

/** They would fill the screen. */
const TIRESOME = new Set(['PullMessages', 'GetSystemDateAndTime', 'GetStatus', 'Renew']);

interface Device {
  readonly sim: OnvifSim;
  readonly streams: readonly CameraSim[];
}

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      devices: { type: 'string', default: '1' },
      host: { type: 'string', default: '127.0.0.2' },
      port: { type: 'string', default: '8000' },
      'rtsp-port': { type: 'string', default: '5554' },
      maker: { type: 'string', default: 'plain' },
      user: { type: 'string', default: 'admin' },
      password: { type: 'string', default: 'secret' },
      open: { type: 'boolean', default: false },
      'no-discovery': { type: 'boolean', default: false },
      clock: { type: 'string', default: '0' },
      quiet: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(USAGE);
    return;
  }
  const [file] = positionals;
  const main = await mainVideo(file);
  const snapshot = await picture();
  const sub = await testVideo({ width: 640, height: 360, fps: 15, keyFrameEvery: 15, frames: 60 });
  const wanted =
    values.maker === 'all'
      ? (Object.keys(makers) as MakerName[])
      : Array.from({ length: Number(values.devices) }, () => makerOf(values.maker));
  const auth = values.open ? null : { username: values.user, password: values.password };
  const devices: Device[] = [];
  for (const [index, maker] of wanted.entries()) {
    const host = nth(values.host, index);
    const traits = {
      host,
      ...(auth === null ? {} : { auth: { scheme: 'digest' as const, ...auth } }),
    };
    const rtspPort = Number(values['rtsp-port']);
    const streams = await Promise.all([
      CameraSim.start({ ...traits, video: main, port: rtspPort }),
      CameraSim.start({ ...traits, video: sub, port: rtspPort + 1 }),
    ]);
    const [mainStream, subStream] = streams;
    const sim = await startOnvifSim({
      host,
      port: Number(values.port),
      maker,
      auth,
      name: `${maker} ${index + 1}`,
      main: mainStream.url('/main'),
      sub: subStream.url('/sub'),
      mainFacts: {
        codec: main.codec === 'h265' ? 'H265' : 'H264',
        fps: Math.round(main.fps),
        ...(file === undefined ? { width: 1280, height: 720 } : {}),
      },
      snapshot,
      discovery: !values['no-discovery'],
      clockOffsetMs: Number(values.clock) * 1_000,
      onSync: (token) => (token === makers[maker].tokens[0] ? mainStream : subStream).cues.keyFrame(),
      onReboot: () => void Promise.all(streams.map((stream) => stream.reboot())),
      ...(values.quiet ? {} : { onRequest: (request) => show(index + 1, request) }),
    });
    devices.push({ sim, streams });
    say(`@${index + 1} ${maker}: ${sim.url}`);
  }
  tellHow(devices, auth);
  leaveOnSignals(async () => {
    await Promise.all(
      devices.flatMap(({ sim, streams }) => [sim.close(), ...streams.map((one) => one.close())]),
    );
  });
  await obey(devices);
}

function tellHow(devices: readonly Device[], auth: { username: string; password: string } | null): void {
  const url = devices[0]?.sim.url;
  const login = auth === null ? 'No log-in is needed' : `Log in as ${auth.username} with ${auth.password}`;
  say(
    `${login}. As a camera of the gateway (start it with SLUICE_ALLOW_LOOPBACK_SOURCES=true): add ${url} on the page,` +
      '\nor let the page look for it at that address. Type `help` for what can befall it; Ctrl-C ends it.',
  );
}

async function mainVideo(file: string | undefined): Promise<SimVideo> {
  if (file === undefined)
    return testVideo({ width: 1280, height: 720, fps: 25, frames: 100, bitrate: '1500k' });
  const { video } = await mediaOfFile(file);
  if (video === undefined) throw new Error(`${file} has no picture.`);
  return video;
}

/** What its snapshot address gives. */
function picture(): Promise<Buffer> {
  const args = [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=1280x720',
    '-frames:v',
    '1',
    '-f',
    'mjpeg',
    'pipe:1',
  ];
  return madeOnce(import.meta.url, args, async () => {
    const { stdout } = await promisify(execFile)(process.env.FFMPEG_PATH ?? 'ffmpeg', args, {
      encoding: 'buffer',
      maxBuffer: 2 ** 24,
    });
    return stdout;
  });
}

function makerOf(name: string): MakerName {
  if (Object.hasOwn(makers, name)) return name as MakerName;
  throw new Error(`There is no maker ${name}. These are: ${Object.keys(makers).join(', ')}.`);
}

/** The address so many further. */
function nth(host: string, index: number): string {
  const parts = host.split('.').map(Number);
  const last = parts.pop() ?? 2;
  return [...parts, last + index].join('.');
}

function show(device: number, { action, by }: SoapRequest): void {
  if (!TIRESOME.has(action)) say(`@${device} ${action === '' ? 'nothing that can be read' : action} (${by})`);
}

async function obey(devices: readonly Device[]): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = parseOnvifCommand(line);
    if (command === undefined) continue;
    const known = ONVIF_COMMANDS.get(command.name);
    if (known === undefined) {
      for (const [name, { help }] of ONVIF_COMMANDS) say(`  ${name.padEnd(7)} ${help}`);
      say('  With several devices: `@2 motion on` for the second one, without @ for all.');
      continue;
    }
    const meant = command.device === undefined ? devices : devices.slice(command.device - 1, command.device);
    for (const { sim } of meant) {
      try {
        const said = await known.act(sim, command.words);
        if (said !== undefined) say(said);
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
      }
    }
    say(`${new Date().toISOString()} ${line.trim()}`);
  }
}

run().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  say(USAGE);
  process.exitCode = 1;
});
