import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../support/gateway.ts';
import { decodeJpeg } from '../support/levels-clip.ts';
import { waitFor } from '../support/wait.ts';

/** Pictures of a recorded camera through a real gateway. */

const TOKEN = 'correct-horse-battery-staple';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const CAM = '/api/v1/streams/live/demo';

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await GatewayProcess.start({
    settings: {
      demo: true,
      auth: { apiToken: TOKEN },
      apps: { live: { record: true, segmentMs: 1000 } },
    },
  });
});
afterAll(() => gateway.close());

const get = (path: string, headers: Record<string, string> = BEARER) =>
  fetch(`${gateway.url}${path}`, { headers });
const picture = async (answer: Response) => decodeJpeg(Buffer.from(await answer.arrayBuffer()));

describe('pictures of a recorded camera', () => {
  it('are there of now, scaled where that is asked for', async () => {
    const now = await waitFor('a picture', async () => {
      const answer = await get(`${CAM}/frame`);
      return answer.ok ? answer : undefined;
    });
    expect(await picture(now)).toMatchObject({ width: 1280, height: 720 });
    expect(await picture(await get(`${CAM}/frame?width=320`))).toMatchObject({ width: 320, height: 180 });
    const ageMs = Date.now() - Number(now.headers.get('x-frame-time'));
    expect(ageMs).toBeGreaterThan(-1000);
    expect(ageMs).toBeLessThan(15_000);
  });

  it('are there of a recorded instant, and are what was seen then', async () => {
    const [range] = await waitFor('a recorded range', async () => {
      const { ranges } = (await (await get(`${CAM}/timeline`)).json()) as {
        ranges: { start: number; end: number }[];
      };
      const [first] = ranges;
      return first !== undefined && first.end - first.start >= 3000 ? ranges : undefined;
    });
    if (range === undefined) throw new Error('no range');
    // The demo camera's picture moves all the time.
    const [a, b, c] = await Promise.all(
      [510, 515, 1730].map((ms) => get(`${CAM}/frame?width=160&at=${range.start + ms}`)),
    );
    if (a === undefined || b === undefined || c === undefined) throw new Error('no answers');
    expect([a.status, b.status, c.status]).toEqual([200, 200, 200]);
    for (const [answer, ms] of [
      [a, 510],
      [c, 1730],
    ] as const) {
      const behindMs = range.start + ms - Number(answer.headers.get('x-frame-time'));
      expect(behindMs).toBeGreaterThanOrEqual(0);
      expect(behindMs).toBeLessThanOrEqual(41);
    }
    const [first, last] = [await picture(a), await picture(c)];
    expect(first.data.equals(last.data)).toBe(false);
    const ahead = await get(`${CAM}/frame?at=${range.end + 3_600_000}`);
    expect([ahead.status, ((await ahead.json()) as { error: { code: string } }).error.code]).toEqual([
      404,
      'NOT_RECORDED',
    ]);
  });

  it('are kept small along the recording', async () => {
    const [first] = await waitFor('a thumbnail', async () => {
      const answer = (await (await get(`${CAM}/thumbnails`)).json()) as { thumbnails: { at: number }[] };
      return answer.thumbnails.length > 0 ? answer.thumbnails : undefined;
    });
    const answer = await get(`${CAM}/thumbnail?at=${first?.at}`);
    expect(answer.headers.get('x-frame-time')).toBe(String(first?.at));
    expect(await picture(answer)).toMatchObject({ width: 320, height: 180 });
  });

  it('ask for the token, which may stand in the address as pages of others need it', async () => {
    expect((await get(`${CAM}/frame`, {})).status).toBe(401);
    expect((await get(`${CAM}/thumbnail?at=1`, {})).status).toBe(401);
    expect((await get(`${CAM}/frame?width=64&access_token=${TOKEN}`, {})).status).toBe(200);
    expect(gateway.output).not.toContain(TOKEN);
  });

  it('leave nothing behind when the gateway stops', async () => {
    expect(await gateway.stop()).toBe(0);
  });
});
