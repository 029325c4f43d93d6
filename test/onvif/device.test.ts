import { afterEach, describe, expect, test } from 'vitest';
import { readDateAndTime } from '../../server/onvif/read/date-time.ts';
import {
  chooseProfiles,
  choosePtzProfile,
  type ProfileRecord,
  readProfiles,
} from '../../server/onvif/read/profiles.ts';
import { parseXml, type XmlElement } from '../../server/onvif/xml/parse.ts';
import { type MakerName, makers, type SimProfile } from '../support/onvif-sim/index.ts';
import { DeviceHouse, failureOf, STREAMS } from './device-house.ts';

const house = new DeviceHouse();
afterEach(() => house.close());

function xml(text: string): XmlElement {
  const parsed = parseXml(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const PROFILE: SimProfile = {
  token: 'p',
  name: 'p',
  uri: STREAMS.main,
  codec: 'H264',
  width: 1920,
  height: 1080,
  fps: 25,
  bitrateKbps: 4096,
  govLength: 50,
  hasAudio: false,
};

describe('a device', () => {
  test.each(Object.keys(makers) as MakerName[])(
    'by %s tells what it is and where its pictures are',
    async (maker) => {
      const habits = makers[maker];
      const sim = await house.sim({ maker });
      const device = house.device(sim);
      const facts = await device.facts();
      // As it wrote them: firmware 1.10 is not 1.1, a serial of 20 digits loses none, a model "true" is a text.
      expect(facts).toMatchObject({
        manufacturer: habits.manufacturer,
        model: habits.model,
        firmware: habits.firmware,
        serial: habits.serial,
        hardware: habits.hardware,
      });
      const [main, sub] = ['main', 'sub'].map((use) => facts.profiles.find(({ usedAs }) => usedAs === use));
      expect(main).toMatchObject({ token: habits.tokens[0], codec: 'H264', width: 1920, usedAs: 'main' });
      expect(sub).toMatchObject({ token: habits.tokens[1], width: 640, usedAs: 'sub' });
      expect(facts.services).toMatchObject({ events: true, ptz: habits.ptz !== undefined });
      const streams = await Promise.all([device.streamUri({ as: 'main' }), device.streamUri({ as: 'sub' })]);
      expect(streams.map(({ url }) => url)).toEqual([STREAMS.main, STREAMS.sub]);
      const [asked] = await Promise.allSettled([device.askKeyFrame(habits.tokens[1])]);
      expect(asked.status).toBe(habits.hasSync ? 'fulfilled' : 'rejected');
      expect(sim.syncs).toEqual(habits.hasSync ? [habits.tokens[1]] : []);
    },
  );

  test('is asked for its stream anew each time', async () => {
    const sim = await house.sim();
    const device = house.device(sim);
    const uris = () =>
      Promise.all((['main', 'sub'] as const).map(async (as) => (await device.streamUri({ as })).url));
    expect(await uris()).toEqual([STREAMS.main, STREAMS.sub]);
    const others = ['rtsp://127.0.0.1:6000/other', 'rtsp://127.0.0.1:6000/smaller'] as const;
    sim.change({ main: others[0], sub: others[1] });
    expect(await uris()).toEqual(others);
  });

  test('gives the profile that is asked for, by token or name, in the URL or with the question', async () => {
    const sim = await house.sim();
    const byUrl = house.device(sim, { url: `${sim.url}/?profile=subStream` });
    expect(await byUrl.streamUri({ as: 'main' })).toMatchObject({
      url: STREAMS.sub,
      profile: { token: 'sub' },
    });
    expect(await byUrl.streamUri({ as: 'main', profile: 'main' })).toMatchObject({ url: STREAMS.main });
    const failure = await failureOf(byUrl.streamUri({ as: 'main', profile: 'nine' }));
    expect(failure).toMatchObject({ kind: 'unsupported', reason: 'CAMERA_NOT_ONVIF' });
    expect(failure.message).toMatch(/no profile "nine".*"mainStream", "subStream"/);
  });

  test('says so where it has no such picture', async () => {
    const jpeg = await house.sim({ profiles: [{ ...PROFILE, codec: 'JPEG' }] });
    expect((await failureOf(house.device(jpeg).streamUri({ as: 'main' }))).message).toMatch(
      /no profile with an H\.264/,
    );
    const one = await house.sim({ profiles: [PROFILE] });
    const device = house.device(one);
    expect((await device.facts()).profiles).toHaveLength(1);
    expect((await failureOf(device.streamUri({ as: 'sub' }))).message).toMatch(/no smaller/);
    // The package's connect never calls back here.
    const none = await house.sim({ profiles: [{ ...PROFILE, codec: 'none' }] });
    expect((await house.device(none).facts()).profiles[0]).toMatchObject({ token: 'p', hasAudio: false });
  });

  test('that was away is found again, its services looked for anew', async () => {
    const sim = await house.sim();
    const device = house.device(sim);
    await device.profiles();
    await sim.stop();
    expect(await failureOf(device.profiles())).toMatchObject({
      kind: 'connect-failed',
      reason: 'CAMERA_UNREACHABLE',
    });
    await sim.start();
    await device.profiles();
    expect(sim.asked('GetServices')).toBe(2);
  });

  test('gives pictures, which are JPEGs', async () => {
    const sim = await house.sim({
      auth: { username: 'admin', password: 'secret', schemes: ['wsse', 'digest', 'basic'] },
    });
    const device = house.device(sim);
    const { bytes } = await device.snapshot();
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xd8]);
    await device.snapshot('sub');
    sim.cues.fault({ is: 'html' }, { on: 'snapshot' });
    expect((await failureOf(device.snapshot())).message).toMatch(/no JPEG/);
    const locked = house.device(sim, { password: 'other' });
    expect((await failureOf(locked.snapshot())).kind).toBe('auth-failed');
  });

  test('without media or PTZ says what it has not', async () => {
    const fixed = await house.sim({ maker: 'hikvision-digest' });
    expect((await failureOf(house.device(fixed).ptz.status())).message).toMatch(/cannot be moved/);
  });
});

describe('profiles', () => {
  const record = (
    token: string,
    width: number,
    height: number,
    more: Partial<ProfileRecord> = {},
  ): ProfileRecord => ({
    token,
    name: `name of ${token}`,
    codec: 'H264',
    width,
    height,
    hasAudio: false,
    hasPtz: false,
    videoSource: 'lens0',
    videoSourceConfiguration: 'c0',
    ptz: undefined,
    ...more,
  });
  const chosen = (records: readonly ProfileRecord[], asked?: string) => {
    const { main, sub } = chooseProfiles(records, asked);
    return [main?.token, sub?.token];
  };

  test('are chosen by size, of one lens, of what can be shown', () => {
    const all = [
      record('small', 352, 288),
      record('mid', 704, 576),
      record('large', 2560, 1440, { codec: 'H265' }),
      record('jpeg', 4000, 3000, { codec: 'JPEG' }),
      record('other', 3840, 2160, { videoSource: 'lens1' }),
      record('other-small', 640, 360, { videoSource: 'lens1' }),
    ];
    expect(chosen(all)).toEqual(['large', 'mid']);
    expect(chosen([...all, record('as-large', 2560, 1440)])).toEqual(['as-large', 'mid']);
    expect(chosen(all, 'other')).toEqual(['other', 'other-small']);
    expect(chosen(all, 'name of mid')).toEqual(['mid', 'small']);
    expect(chosen(all, 'small')).toEqual(['small', undefined]);
    expect(chosen(all, 'gone')).toEqual([undefined, undefined]);
    // One without an encoder, as Axis has it at first, is not what anybody wants.
    const {
      width: _width,
      height: _height,
      codec: _codec,
      ...bare
    } = record('bare', 0, 0, { videoSource: undefined });
    expect(chosen([bare, ...all])).toEqual(['large', 'mid']);
    expect(chosen([bare])).toEqual(['bare', undefined]);
    expect(chosen([])).toEqual([undefined, undefined]);
  });

  test('of a recorder are one channel for each of its cameras', async () => {
    const profiles = Array.from({ length: 4 }, (_, channel) =>
      [
        { token: `small ${channel}&`, width: 640, height: 360, uri: `${STREAMS.sub}${channel}` },
        { token: `large ${channel}&`, width: 1920, height: 1080, uri: `${STREAMS.main}${channel}` },
      ].map((one) => ({ ...PROFILE, ...one, name: `Camera ${channel}`, videoSource: `eye ${channel}` })),
    ).flat();
    const sim = await house.sim({ maker: 'hikvision', profiles });
    const { channels } = await house.device(sim).facts();
    expect(channels).toHaveLength(4);
    expect(channels[2]).toEqual({
      name: 'Camera 2',
      url: `${sim.url}?profile=large%202%26`,
      main: 'large 2&',
      sub: 'small 2&',
    });
    // Each is a stream of its own, with the second stream of its own.
    for (const [index, { url }] of channels.entries()) {
      const device = house.device(sim, { url });
      expect((await device.streamUri({ as: 'main' })).url).toBe(`${STREAMS.main}${index}`);
      expect((await device.streamUri({ as: 'sub' })).url).toBe(`${STREAMS.sub}${index}`);
    }
  });

  test('of a recorder may be at its cameras, where its URL says that they may', async () => {
    const sim = await house.sim({ told: { streams: '10.0.0.77' } });
    const device = house.device(sim, { url: `${sim.url}?followHosts=true` });
    expect(new URL((await device.streamUri({ as: 'main' })).url).hostname).toBe('10.0.0.77');
    const [channel] = (await device.facts()).channels;
    expect(channel?.url).toMatch(/&followHosts=true$/);
    expect(new URL((await house.device(sim).streamUri({ as: 'main' })).url).hostname).toBe('127.0.0.1');
  });

  test('for PTZ are of the lens that is shown', () => {
    const all = [
      record('fixed', 1920, 1080),
      record('fixed-small', 640, 360, { hasPtz: true }),
      record('head', 1920, 1080, { videoSource: 'lens1', hasPtz: true }),
      record('dome', 1280, 720, { videoSource: 'lens2' }),
    ];
    const chosenFor = (asked?: string) => choosePtzProfile(all, asked)?.token;
    expect(['fixed', 'head', 'dome', undefined].map(chosenFor)).toEqual([
      'fixed-small',
      'head',
      undefined,
      'fixed-small',
    ]);
  });

  test('are read as texts, whatever they look like', () => {
    const reply = xml(
      '<R><Profiles token="1.0"><Name>1.10</Name><VideoEncoderConfiguration><Encoding>H.264</Encoding><Resolution><Width>x</Width></Resolution></VideoEncoderConfiguration></Profiles><Profiles><Name>no token</Name></Profiles></R>',
    );
    expect(readProfiles(reply)).toMatchObject([{ token: '1.0', name: '1.10', codec: 'H264' }]);
    expect(readProfiles(reply)[0]?.width).toBeUndefined();
  });
});

test('the time of a device is read as it has it', () => {
  const time = (kind: string, hour: string) =>
    `<${kind}><Time><Hour>${hour}</Hour><Minute>5</Minute><Second>60</Second></Time><Date><Year>2026</Year><Month>1</Month><Day>2</Day></Date></${kind}>`;
  const read = (inner: string) =>
    readDateAndTime(xml(`<R><SystemDateAndTime>${inner}</SystemDateAndTime></R>`));
  expect(read(time('UTCDateTime', '3'))).toBe(Date.UTC(2026, 0, 2, 3, 5, 59));
  expect(read(time('LocalDateTime', '24'))).toBe(Date.UTC(2026, 0, 2, 0, 5, 59));
  expect(read(time('UTCDateTime', 'x'))).toBeUndefined();
  expect(read('')).toBeUndefined();
});
