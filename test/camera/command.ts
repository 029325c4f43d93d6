import { type CameraSim, mediaOfFile, type SimAudio } from '../support/camera-sim/index.ts';

/** A line that was typed, as words: `network lossFraction=0.05 delayMs=20`. */
export interface Command {
  readonly name: string;
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
  readonly fields: Readonly<Record<string, number>>;
}

export function parseCommand(line: string): Command | undefined {
  const [name, ...words] = line.trim().split(/\s+/);
  if (name === undefined || name === '' || name.startsWith('#')) return undefined;
  const fields: Record<string, number> = {};
  const texts: string[] = [];
  for (const word of words) {
    const [, key, value] = /^([a-zA-Z]+)=(-?[\d.]+)$/.exec(word) ?? [];
    if (key !== undefined) fields[key] = Number(value);
    else texts.push(word);
  }
  return { name, numbers: texts.map(Number).filter((number) => !Number.isNaN(number)), texts, fields };
}

type Act = (camera: CameraSim, command: Command) => void | Promise<void>;

/** What can be typed, and what it does. */
export const COMMANDS: ReadonlyMap<string, { readonly help: string; readonly act: Act }> = new Map(
  Object.entries({
    kill: {
      help: 'the process dies: connections are reset, the port is closed',
      act: (camera) => camera.stop(),
    },
    start: { help: 'back, on the same port', act: (camera) => camera.start() },
    silence: {
      help: 'no media and no answers, as if the cable was drawn',
      act: (camera) => camera.cues.silence(),
    },
    hang: {
      help: 'no media, but answers: a hung encoder',
      act: (camera) => camera.cues.silence({ answers: true }),
    },
    speak: { help: 'undoes both', act: (camera) => camera.cues.speak() },
    halfclose: { help: 'FIN to every client', act: (camera) => camera.cues.halfClose() },
    reset: { help: 'RST to every client', act: (camera) => camera.cues.reset() },
    network: {
      help: 'lossFraction= lossBurst= duplicateFraction= reorderFraction= reorderDepth= delayMs= jitterMs=',
      act: (camera, { fields }) => camera.cues.network(fields),
    },
    drop: {
      help: 'N: loses the next N packets of the picture',
      act: (c, { numbers }) => c.cues.dropNext(numbers[0] ?? 1),
    },
    redirect: {
      help: 'URL [TIMES]: the next DESCRIBEs are answered with 302',
      act: (camera, { texts, numbers }) => camera.cues.redirect(texts[0] ?? '', numbers[0] ?? 1),
    },
    refuse: {
      help: '[TIMES]: 401 to whatever comes',
      act: (c, { numbers }) => c.cues.unauthorised(numbers[0]),
    },
    ssrc: { help: 'another SSRC, sequence and time', act: (camera) => camera.cues.newSsrc() },
    sequence: {
      help: 'N: the next packet has this number',
      act: (c, { numbers }) => c.cues.setSequence(numbers[0] ?? 65_500),
    },
    jump: {
      help: 'MS: timestamps jump by so much',
      act: (c, { numbers }) => c.cues.jumpTimestamp(numbers[0] ?? 60_000),
    },
    wrap: {
      help: 'MS: timestamps wrap in so long',
      act: (c, { numbers }) => c.cues.wrapTimestampIn(numbers[0] ?? 2_000),
    },
    drift: {
      help: 'PPM: the camera runs too fast by so much',
      act: (c, { numbers }) => c.cues.drift(numbers[0] ?? 500),
    },
    film: { help: 'FILE: another film, on the same connections', act: switchFilm },
    change: { help: 'FILE: another film for connections to come', act: changeFilm },
    key: { help: 'a key frame now', act: (camera) => camera.cues.keyFrame() },
    garbage: {
      help: 'N: so many random bytes between two frames',
      act: (c, { numbers }) => c.cues.garbage(numbers[0] ?? 100),
    },
    noise: {
      help: 'N: a packet with so many random bytes',
      act: (c, { numbers }) => c.cues.noise(numbers[0] ?? 100),
    },
    report: {
      help: 'NTP_MS RTP: a sender report that says this',
      act: (c, { numbers }) => c.cues.senderReport(numbers[0] ?? 0, numbers[1] ?? 0),
    },
    bye: { help: 'RTCP BYE', act: (camera) => camera.cues.bye() },
    giant: {
      help: 'N: the next reply has a header of so many bytes',
      act: (c, { numbers }) => c.cues.giantHeader(numbers[0] ?? 1e6),
    },
    headers: {
      help: 'N: the next reply has so many headers',
      act: (c, { numbers }) => c.cues.manyHeaders(numbers[0] ?? 10_000),
    },
    slow: {
      help: 'MS: replies come so much late',
      act: (c, { numbers }) => c.cues.slowReplies(numbers[0] ?? 3_000),
    },
    wait: {
      help: 'SECONDS: before the next line',
      act: (_camera, { numbers }) => new Promise((resolve) => setTimeout(resolve, (numbers[0] ?? 1) * 1000)),
    },
  } satisfies Record<string, { help: string; act: Act }>),
);

async function switchFilm(camera: CameraSim, { texts }: Command): Promise<void> {
  const { video } = await mediaOfFile(texts[0] ?? '');
  if (video !== undefined) camera.cues.switchMedia(video);
}

async function changeFilm(camera: CameraSim, { texts }: Command): Promise<void> {
  camera.change(await mediaOfFile(texts[0] ?? '', { audio: asAudio(texts[1]) }));
}

export function asAudio(text: string | undefined): SimAudio['codec'] | undefined {
  return text === 'pcmu' || text === 'pcma' || text === 'aac' || text === 'opus' ? text : undefined;
}
