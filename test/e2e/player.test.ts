import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectAccessible } from '../support/axe.ts';
import { CameraSim, testAudio, testVideo } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { complaintsOf } from '../support/complaints.ts';
import { openEmbed } from '../support/embed-page.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 120_000;
const FULL_WIDTH = 640;
const SUB_WIDTH = 320;

let browser: Browser;
let gateway: GatewayProcess;
let cameras: CameraSim[];
let page: Page;
let complaints: string[];

const open = async () => {
  const [video, sub, audio] = await Promise.all([
    testVideo({ codec: 'h264', width: FULL_WIDTH, height: 360, fps: 25, frames: 50, keyFrameEvery: 25 }),
    testVideo({ codec: 'h264', width: SUB_WIDTH, height: 180, fps: 15, frames: 30, keyFrameEvery: 15 }),
    testAudio('opus'),
  ]);
  cameras = await Promise.all([CameraSim.start({ video, audio }), CameraSim.start({ video: sub })]);
  const [url, subUrl] = cameras.map((camera) => camera.url());
  gateway = await GatewayProcess.start({
    settings: {
      demo: false,
      sources: { allowLoopback: true },
      streams: {
        'live/cam': { source: { url, sub: { url: subUrl } }, record: true },
        'live/unkept': { source: { url } },
      } as object,
    },
  });
  browser = await launchChromium();
};
const close = async () => {
  await browser?.close();
  await gateway?.close();
  for (const camera of cameras ?? []) await camera.close();
};
beforeAll(open, TIMEOUT_MS);
afterAll(close);
anewForAnotherTry(close, open, TIMEOUT_MS);

beforeEach(async () => {
  page = await browser.newPage({ acceptDownloads: true });
  complaints = complaintsOf(page);
});
afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

interface Look {
  readonly state: string;
  readonly reason: string | undefined;
  readonly timeMs: number | undefined;
  readonly speed: number;
  readonly rate: number;
  readonly width: number;
  readonly frames: number;
  readonly mode: string | undefined;
  readonly quality: string | undefined;
  readonly qualities: string[];
  readonly recorded: boolean;
  readonly stillHidden: boolean;
}

/** The page's player, by its public face; as text, since the browser's types are not those of the tests. */
function look(selector = 'sluice-player'): Promise<Look> {
  return page.evaluate<Look>(`(async () => {
    const player = document.querySelector(${JSON.stringify(selector)});
    const stats = await player.stats;
    return {
      state: player.state,
      reason: player.reason?.code,
      timeMs: player.time,
      speed: player.speed,
      rate: player.video.playbackRate,
      width: player.video.videoWidth,
      frames: stats?.framesDecoded ?? 0,
      mode: stats?.mode,
      quality: stats?.quality,
      qualities: player.qualities,
      recorded: player.startTime !== '',
      stillHidden: player.shadowRoot.querySelector('.still').hidden,
    };
  })()`);
}

async function untilPlaying(
  what: string,
  condition: (look: Look) => boolean = () => true,
  selector?: string,
): Promise<Look> {
  let last: Look | undefined;
  return waitFor(
    what,
    async () => {
      last = await look(selector);
      return last.state === 'playing' && condition(last) ? last : undefined;
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${JSON.stringify(last)}\n${gateway.output.slice(-3_000)}`);
  });
}

const run = <T>(script: string): Promise<T> =>
  page.evaluate<T>(`document.querySelector('sluice-player').${script}`);
const press = (key: string): Promise<void> => page.locator('sluice-player').first().press(key);

const player = (attributes: string) => `<sluice-player muted autoplay ${attributes}></sluice-player>`;

async function recordedSince(name: string, forMs: number): Promise<number> {
  return waitFor(
    `${name} to be recorded`,
    async () => {
      const response = await fetch(`${gateway.url}/api/v1/streams/live/${name}/timeline`);
      const { ranges } = (await response.json()) as { ranges?: { start: number; end: number }[] };
      return ranges?.find(({ start, end }) => end - start >= forMs)?.start;
    },
    60_000,
  );
}

test(
  "the camera's last key frame stands in for the picture until it plays",
  async () => {
    const held: WebSocketRoute[] = [];
    await page.routeWebSocket(/signaling/, (socket) => void held.push(socket));
    await openEmbed(page, gateway.url, player('src="/live/cam" poster="auto" mode="webrtc"'));
    const poster = await waitFor('the poster', async () => {
      const now = await look();
      return now.stillHidden ? undefined : now;
    });
    expect(poster).toMatchObject({ state: 'connecting', width: 0, frames: 0 });
    const colours = await page.evaluate<number>(`{
      const still = document.querySelector('sluice-player').shadowRoot.querySelector('.still');
      const { data } = still.getContext('2d').getImageData(0, 0, still.width, still.height);
      new Set(new Uint32Array(data.buffer)).size;
    }`);
    expect(colours).toBeGreaterThan(16);
    // It is no picture of the video's, so it is not one to keep.
    await expect(run('snapshot()')).rejects.toThrow(/no picture yet/);
    for (const socket of held) socket.connectToServer();
    const playing = await untilPlaying('the video itself', ({ stillHidden }) => stillHidden);
    expect(playing.width).toBe(FULL_WIDTH);
  },
  TIMEOUT_MS,
);

test(
  'many players share one peer connection, small ones get the small picture, and muted ones no sound',
  async () => {
    await page.addInitScript(`
      globalThis.peers = [];
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...options) {
          super(...options);
          peers.push(this);
        }
      };`);
    const small = player('src="/live/cam" quality="auto" class="small"');
    const others = Array.from({ length: 3 }, () => player('src="/live/unkept" quality="auto" class="small"'));
    await openEmbed(page, gateway.url, [player('src="/live/cam" id="main"'), small, ...others].join(''));
    const first = await untilPlaying('the small picture', ({ width }) => width === SUB_WIDTH, '.small');
    expect(first).toMatchObject({ quality: 'sub', qualities: ['main', 'sub'] });
    expect(await untilPlaying('the full picture', () => true, '#main')).toMatchObject({
      ...{ width: FULL_WIDTH, quality: 'main' },
    });
    await waitFor('all to play', () =>
      page.evaluate<boolean>(
        `[...document.querySelectorAll('sluice-player')].every(({ state }) => state === 'playing')`,
      ),
    );
    /** Peer connections, and what comes over them, but for what measures their bandwidth. */
    const inbound = () =>
      page.evaluate<(string | number)[]>(`{
        const open = peers.filter(({ connectionState }) => connectionState === 'connected');
        const flowing = open.flatMap((peer) => peer.getTransceivers())
          .filter(({ mid, currentDirection }) => currentDirection === 'recvonly' && mid !== 'probator');
        [open.length, ...flowing.map(({ receiver }) => receiver.track.kind)];
      }`);
    expect(await inbound()).toEqual([1, 'video', 'video', 'video', 'video', 'video']);
    await page.evaluate(`document.querySelector('.small').quality = 'main'`);
    await untilPlaying('the full picture where it is wanted', ({ width }) => width === FULL_WIDTH, '.small');
    await page.evaluate(`document.querySelector('#main').muted = false`);
    await waitFor('its sound', async () => (await inbound()).includes('audio'));
    await untilPlaying('the picture to stay', ({ frames }) => frames > 0, '#main');
  },
  TIMEOUT_MS,
);

test(
  'a player that nobody sees rests, and goes on when it is seen',
  async () => {
    await openEmbed(page, gateway.url, player('src="/live/unkept"'));
    await untilPlaying('the picture');
    await page.evaluate(`{
      const far = document.createElement('div');
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('.far { height: 5000px }');
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      far.className = 'far';
      document.body.prepend(far);
    }`);
    await waitFor('it to rest', async () => (await look()).reason === 'HIDDEN');
    const { frames } = await look();
    await page.evaluate('scrollTo(0, 5000)');
    await untilPlaying('it to go on', (now) => now.frames > frames);
  },
  TIMEOUT_MS,
);

test(
  'all of it can be reached by keyboard, is named in both languages, and accessible in every state',
  async () => {
    await openEmbed(page, gateway.url, player('src="/live/unkept" controls'));
    await untilPlaying('the picture');
    await expectAccessible(page, 'playing');
    await press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard' });
    await help.getByText('Slower or faster, in a recording').waitFor();
    await expectAccessible(page, 'help');
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    // The focus is back where its keys work.
    await page.keyboard.press('i');
    const figures = page.getByRole('region', { name: 'Figures' });
    await figures.getByText(/^WebRTC over (UDP|TCP)$/).waitFor();
    await figures.getByText(`${FULL_WIDTH} × 360 · H264`).waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    await expectAccessible(page, 'figures and menu');
    await page.getByRole('button', { name: 'Figures' }).click();
    await figures.waitFor({ state: 'detached' });
    for (const [key, place] of [
      ['f', 'fullscreenElement'],
      ['p', 'pictureInPictureElement'],
    ] as const) {
      const isThere = () => page.evaluate<boolean>(`document.${place}?.localName === 'sluice-player'`);
      await press(key);
      await waitFor(place, isThere);
      await press(key);
      await waitFor(`no ${place}`, async () => !(await isThere()));
    }
    await press('ArrowLeft');
    await page.getByText(/^Nothing of this camera is recorded yet\. Switch recording on/).waitFor();
    await page.evaluate(`document.documentElement.lang = 'de'`);
    await page.getByRole('button', { name: 'Anhalten' }).waitFor();
    await run(`src = '/live/nobody'`);
    await page.getByText('Wiedergabe nicht möglich').waitFor();
    await page.getByText(/^Diese Kamera gibt es hier nicht/).waitFor();
    await expectAccessible(page, 'failed');
    await run(`setAttribute('src', '/live/unkept')`);
    await untilPlaying('the other stream');
  },
  TIMEOUT_MS,
);

test(
  'a first touch shows the controls and presses none, and they go away while nothing is done',
  async () => {
    await page.close();
    page = await browser.newPage({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    complaints = complaintsOf(page);
    await openEmbed(page, gateway.url, player('src="/live/unkept" controls'));
    await untilPlaying('the picture');
    const opacity = () =>
      page.evaluate(
        `getComputedStyle(document.querySelector('sluice-player').shadowRoot.querySelector('.controls')).opacity`,
      );
    const pause = await page.getByRole('button', { name: 'Pause' }).boundingBox();
    if (pause === null) throw new Error('The player has no button.');
    const tap = () => page.touchscreen.tap(pause.x + pause.width / 2, pause.y + pause.height / 2);
    expect(await opacity()).toBe('0');
    await tap();
    await waitFor('the controls', async () => (await opacity()) === '1');
    expect(await run('paused')).toBe(false);
    await waitFor('the controls to go away', async () => (await opacity()) === '0');
    // On a machine that is slow they may be gone again before the second touch.
    await waitFor('a player that stands still', async () => {
      await tap();
      return run('paused');
    });
  },
  TIMEOUT_MS,
);

test(
  'a live player goes back, in its speeds, frame by frame, keeps a picture, and returns',
  async () => {
    await recordedSince('cam', 12_000);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await openEmbed(page, gateway.url, player('src="/live/cam" controls'));
    await untilPlaying('live', ({ mode }) => mode === 'webrtc');
    await press('ArrowLeft');
    const back = await untilPlaying('ten seconds ago', ({ timeMs }) => timeMs !== undefined);
    expect(back.recorded).toBe(true);
    expect(back.timeMs).toBeLessThan(Date.now() - 5_000);

    await press('>');
    await waitFor('it to go faster', async () => (await look()).rate === 1.5);
    await press('.');
    await waitFor('it to stand still', async () => (await look()).state === 'paused');
    const step = (by: 1 | -1) =>
      page.evaluate<number>(`(async () => {
        const player = document.querySelector('sluice-player');
        await player.step(${by});
        return Math.round(player.time);
      })()`);
    const at = await step(1);
    const [next, same] = [await step(1), await step(-1)];
    // A frame lasts 40 ms; one is gone to somewhere within.
    expect(next - at).toBeGreaterThan(20);
    expect(next - at).toBeLessThan(60);
    expect(Math.abs(same - at)).toBeLessThan(40);

    const saving = page.waitForEvent('download');
    await press('s');
    expect((await saving).suggestedFilename()).toMatch(
      /^live-cam_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{3}\.jpg$/,
    );
    await page.getByText(/^Picture saved: live-cam_/).waitFor();
    const size = await page.evaluate<number[]>(`(async () => {
      const file = await document.querySelector('sluice-player').snapshot();
      const { width, height } = await createImageBitmap(file);
      return [width, height];
    })()`);
    expect(size).toEqual([FULL_WIDTH, 360]);

    // What is sought while it stands still is shown, and goes on standing still.
    const start = await recordedSince('cam', 12_000);
    expect(asked.filter((url) => url.includes('key_frames=true'))).toEqual([]);
    await page.evaluate(`{
      const player = document.querySelector('sluice-player');
      player.seek(${start + 1_000});
      // On its way there; it is no other place to which it goes in another speed.
      player.speed = 16;
      player.speed = 1;
    }`);
    await waitFor('the other time', async () => {
      const { timeMs = 0, state } = await look();
      return state === 'paused' && Math.abs(timeMs - start - 1_000) < 60;
    });
    asked.length = 0;
    // It is over in a moment.
    await page.evaluate(`{
      const player = document.querySelector('sluice-player');
      const watch = () => {
        if (player.video.playbackRate === 16 && player.time > ${start + 5_000}) globalThis.fastMs = player.time;
        requestAnimationFrame(watch);
      };
      watch();
    }`);
    await run('speed = 16');
    await run('play()');
    await waitFor('key frames alone', () => asked.some((url) => url.includes('key_frames=true')));
    const fastMs = await waitFor('it to run fast', () =>
      page.evaluate<number | undefined>('globalThis.fastMs'),
    );
    // Having caught up it plays what is recorded now, at its pace.
    await untilPlaying('later times', ({ timeMs, speed, rate }) => {
      return speed === 1 && rate === 1 && (timeMs ?? 0) > fastMs;
    });
    await press('l');
    await untilPlaying('live again', ({ mode, recorded }) => mode === 'webrtc' && !recorded);
  },
  TIMEOUT_MS,
);

test(
  'players of a group are within 100 ms of each other, and who has nothing to show waits',
  async () => {
    const start = await recordedSince('cam', 8_000);
    const made = await fetch(`${gateway.url}/api/v1/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'live', name: 'late', source: { url: cameras[0]?.url() }, record: true }),
    });
    expect([201, 409]).toContain(made.status);
    const lateStart = await recordedSince('late', 6_000);
    expect(lateStart).toBeGreaterThan(start + 3_000);
    await openEmbed(page, gateway.url, player('src="/live/cam"') + player('src="/live/late"'));
    await page.evaluate(`(async () => {
      const { SyncGroup } = await import('/sluice-player.js');
      globalThis.group = new SyncGroup(document.querySelectorAll('sluice-player'));
      group.seek(${lateStart - 2_500});
      group.play();
    })()`);
    await page.getByText('Nothing recorded at this time').waitFor();
    interface Together {
      readonly state: string;
      readonly timeMs: number;
      readonly states: string[];
      readonly offMs: number[];
    }
    const together = () =>
      page.evaluate<Together>(`({
        state: group.state,
        timeMs: group.time,
        states: group.players.map(({ state }) => state),
        offMs: group.players.map(({ time }) => time - group.time),
      })`);
    expect((await together()).states[1]).toBe('waiting');
    const isTogether = ({ offMs }: Together): boolean => offMs.every((off) => Math.abs(off) < 100);
    let inARow = 0;
    await waitFor(
      'both to play the same moments for a while',
      async () => {
        const now = await together();
        const isGood =
          now.timeMs > lateStart && now.states.every((state) => state === 'playing') && isTogether(now);
        inARow = isGood ? inARow + 1 : 0;
        return inARow >= 15;
      },
      60_000,
    );
    await page.evaluate('group.pause()');
    const paused = await waitFor('both to stand at one moment', async () => {
      const now = await together();
      return now.state === 'paused' && now.offMs.every((off) => Math.abs(off) < 1) ? now : undefined;
    });
    await page.evaluate('group.step(1)');
    await waitFor('the next frame of both', async () => {
      const now = await together();
      return isTogether(now) && Math.abs(now.timeMs - paused.timeMs - 40) < 1;
    });
    await page.evaluate('group.close()');
  },
  TIMEOUT_MS,
);
