import { beforeAll, describe, expect, it } from 'vitest';
import type { AudioFormat, Unit } from '../../../server/stream/index.ts';
import { waitFor } from '../../support/wait.ts';
import { afterTest, type Clip, define, makeClip, Probe, sourceOf, start, startServer } from './support.ts';

const PCMA: AudioFormat = { kind: 'audio', codec: 'pcma', clockRate: 8000, channels: 1 };
const TOKEN = 'the-gateway-s-own-token';
const CAM = 'live/cam';

let clip: Clip;

beforeAll(async () => {
  clip = await makeClip();
});

async function liveServer(options: { token?: string; audio?: AudioFormat } = {}) {
  const { token, audio } = options;
  const fixture = await startServer(
    [define('cam'), define('other')],
    token === undefined ? {} : { authorize: (credentials) => credentials.matches(token) },
  );
  const source = sourceOf(fixture, CAM);
  source.loop(clip, audio);
  sourceOf(fixture, 'live/other').loop(clip);
  await waitFor('the stream to be live', () => fixture.hub.get(CAM)?.state.state === 'live');
  const admit = (details: Parameters<typeof fixture.server.admit>[1]) => {
    const admission = fixture.server.admit(CAM, details);
    return { ...admission, url: `${fixture.url(CAM)}?access_token=${admission.ticket}` };
  };
  return { ...fixture, source, admit };
}

/** Times of the packets of one stream in a TS that FFmpeg wrote. */
function ptsOf(csv: string): number[] {
  return csv
    .split('\n')
    .filter((line) => line.startsWith('packet'))
    .map((line) => Number(line.split(',')[1]));
}

/** As the recorder does: what comes in is copied, times and all. */
function copyToTs(url: string, frames: number) {
  return start('sh', [
    '-c',
    `ffmpeg -nostdin -loglevel error -copyts -rtsp_transport tcp -i "$0" -map 0 -c:v copy -c:a aac -frames:v ${frames} -avoid_negative_ts disabled \
     -bsf:v "setts=pts='if(eq(PTS,NOPTS),0,PTS)':dts=DTS" \
     -muxdelay 0 -muxpreload 0 -f mpegts - | ffprobe -v error -select_streams v -show_entries packet=pts -of csv -`,
    url,
  ]);
}

describe('admissions', () => {
  it.each([undefined, TOKEN])(
    'let one connection read by a ticket, and only once (token %s)',
    async (token) => {
      const { admit, port, hub, url } = await liveServer(token === undefined ? {} : { token });
      const { url: ticketUrl } = admit({ audio: true });
      const probe = new Probe(port);
      expect((await probe.ask('DESCRIBE', ticketUrl)).statusCode).toBe(200);
      // The tracks' URLs that the description gives have no ticket any more.
      expect((await probe.play(url(CAM))).statusCode).toBe(200);
      expect(hub.get(CAM)?.readerCounts).toMatchObject({ viewers: 0, services: 1 });
      const thief = new Probe(port);
      expect((await thief.ask('DESCRIBE', ticketUrl)).statusCode).toBe(401);
    },
  );

  it('are for their own stream only', async () => {
    const { admit, port, url } = await liveServer({ token: TOKEN });
    const { ticket } = admit({ audio: true });
    const probe = new Probe(port);
    expect((await probe.ask('DESCRIBE', `${url('live/other')}?access_token=${ticket}`)).statusCode).toBe(401);
    expect((await probe.ask('DESCRIBE', `${url(CAM)}?access_token=${ticket}`)).statusCode).toBe(200);
    expect((await probe.ask('DESCRIBE', url('live/other'))).statusCode).toBe(401);
  });

  it('describe sound only where it is asked for', async () => {
    const { admit, port } = await liveServer({ audio: PCMA });
    const silent = await new Probe(port).ask('DESCRIBE', admit({ audio: false }).url);
    const sounding = await new Probe(port).ask('DESCRIBE', admit({ audio: true }).url);
    expect(silent.body.toString()).not.toContain('m=audio');
    expect(sounding.body.toString()).toContain('m=audio');
  });

  it('give FFmpeg exact times, counted from where they say that it began', async () => {
    const { admit, hub, source } = await liveServer({ audio: PCMA });
    const given: Unit[] = [];
    const reader = hub.get(CAM)?.read({
      name: 'test',
      role: 'service',
      start: 'cached',
      write: (unit) => {
        if (unit.format.kind === 'video') given.push(unit);
        return true;
      },
    });
    afterTest(() => reader?.close());
    let startPts90k = 0;
    const { url } = admit({
      audio: true,
      onBegin: (pts90k) => {
        startPts90k = pts90k;
      },
    });
    const { stdout } = await copyToTs(url, 30).done;
    source.pauseMedia();
    const from = given.findIndex(({ pts90k }) => pts90k === startPts90k);
    expect(given[from]?.isKeyFrame).toBe(true);
    expect(ptsOf(stdout).map((pts) => pts + startPts90k)).toEqual(
      given.slice(from, from + 30).map(({ pts90k }) => pts90k),
    );
  });

  it('take the units from where they are told to', async () => {
    const { admit, hub, port, url } = await liveServer();
    const laterBy90k = 30 * 3600 * 90_000 + 7;
    let startPts90k = 0;
    const admission = admit({
      audio: false,
      read: (options) =>
        hub.get(CAM)?.read({
          ...options,
          write: (unit) => options.write({ ...unit, pts90k: unit.pts90k + laterBy90k }),
        }) ?? expect.fail(),
      onBegin: (pts90k) => {
        startPts90k = pts90k;
      },
    });
    const probe = new Probe(port);
    await probe.ask('DESCRIBE', admission.url);
    await probe.play(url(CAM));
    expect(startPts90k).toBeGreaterThan(laterBy90k);
  });

  it('end at once when the camera is gone', async () => {
    const { admit, source } = await liveServer();
    const reader = start('ffmpeg', [
      ...['-nostdin', '-loglevel', 'error', '-rtsp_transport', 'tcp', '-i', admit({ audio: false }).url],
      ...['-c', 'copy', '-f', 'framecrc', '-'],
    ]);
    await waitFor('pictures', () => reader.stdout().includes('\n0,'));
    source.sink.waiting('CAMERA_SILENT', 'Nothing came for 5 s.', 1000);
    expect((await reader.done).code).toBe(0);
  });

  it('end when whoever gave them says so: the reader gets what was sent, then the end', async () => {
    const { admit, hub, port, url } = await liveServer();
    const admission = admit({ audio: false });
    const probe = new Probe(port);
    await probe.ask('DESCRIBE', admission.url);
    await probe.play(url(CAM));
    await waitFor('a packet', () => probe.packets.length > 0);
    admission.end();
    await waitFor('the end', () => probe.isClosed);
    expect(hub.get(CAM)?.readerCounts.services).toBe(0);
    const unused = admit({ audio: false });
    unused.end();
    expect((await new Probe(port).ask('DESCRIBE', unused.url)).statusCode).toBe(401);
  });
});
