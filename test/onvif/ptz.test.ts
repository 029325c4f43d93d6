import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { centreMove } from '../../server/onvif/ptz/centre.ts';
import { fromPlace, readSpaces, toMovement, toPlace } from '../../server/onvif/ptz/spaces.ts';
import { readPresets, readStatus, toDurationMs } from '../../server/onvif/read/ptz.ts';
import { parseXml, type XmlElement } from '../../server/onvif/xml/parse.ts';
import { PTZ_DEAD_MAN_MS, ptzStatusSchema } from '../../shared/onvif.ts';
import type { OnvifSim, PtzHead, PtzVector } from '../support/onvif-sim/index.ts';
import { DeviceHouse, failureOf } from './device-house.ts';

const house = new DeviceHouse();
afterEach(() => house.close());

function xml(text: string): XmlElement {
  const parsed = parseXml(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

describe('coordinate systems', () => {
  const range = fc
    .tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 1000 }))
    .map(([min, size]) => ({ min, max: min + size }));

  test('take places to and fro', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: -100, max: 100 }), (to, hundredths) => {
        const share = hundredths / 100;
        const place = toPlace(share, { min: -1, max: 1 }, to);
        expect(place).toBeGreaterThanOrEqual(to.min);
        expect(place).toBeLessThanOrEqual(to.max);
        expect(fromPlace(place, to, { min: -1, max: 1 })).toBeCloseTo(share, 3);
      }),
    );
  });

  test('move to the side that is meant, and not at all for nothing', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: -100, max: 100 }), (to, hundredths) => {
        const movement = toMovement(hundredths / 100, to);
        expect(Math.sign(movement)).toBe(Math.sign(hundredths));
        expect(Object.is(movement, -0)).toBe(false);
      }),
    );
    expect(toMovement(0.5, { min: -1, max: 1 })).toBe(0.5);
    expect(toMovement(-1, { min: 0, max: 1 })).toBe(-1);
    expect(String(toMovement(1e-7, { min: -1, max: 1 }))).toBe('0');
  });

  test('are read, those without an end as the usual ones', () => {
    const space = (name: string, uri: string, min: string, max: string) =>
      `<${name}><URI>http://www.onvif.org/ver10/tptz/PanTiltSpaces/${uri}</URI><XRange><Min>${min}</Min><Max>${max}</Max></XRange><YRange><Min>${min}</Min><Max>${max}</Max></YRange></${name}>`;
    const spaces = readSpaces(
      xml(
        `<S>${space('RelativePanTiltTranslationSpace', 'TranslationSpaceFov', '-INF', '+INF')}${space('RelativePanTiltTranslationSpace', 'SphericalTranslationSpaceDegrees', '-360', '360')}${space('AbsolutePanTiltPositionSpace', 'SphericalPositionSpaceDegrees', '-180', '180')}${space('AbsolutePanTiltPositionSpace', 'PositionGenericSpace', '0', '1')}</S>`,
      ),
    );
    expect(spaces.relativeFov?.x).toEqual({ min: -1, max: 1 });
    expect(spaces.relativeDegrees?.x).toEqual({ min: -360, max: 360 });
    expect(spaces.relativePanTilt).toBeUndefined();
    expect(spaces.absolutePanTilt).toMatchObject({
      uri: expect.stringMatching(/Generic/),
      x: { min: 0, max: 1 },
    });
    expect(readSpaces(undefined).continuousPanTilt).toBeUndefined();
    for (const end of ['3.402823e+38', '1e308', '1e12']) {
      const { absolutePanTilt } = readSpaces(
        xml(`<S>${space('AbsolutePanTiltPositionSpace', 'PositionGenericSpace', `-${end}`, end)}</S>`),
      );
      // Of no number may a sum become one that JSON and cameras have no word for.
      expect(absolutePanTilt?.x, end).toEqual({ min: -1, max: 1 });
    }
  });
});

describe('a click', () => {
  const none = readSpaces(undefined);
  const space = { uri: 'u', x: { min: -1, max: 1 }, y: { min: -1, max: 1 } };

  test('goes by shares of the picture where the camera knows them', () => {
    const spaces = { ...none, relativeFov: space, relativePanTilt: space };
    expect(centreMove(spaces, { x: 1, y: 1 })).toMatchObject({ x: 1, y: -1 });
    expect(centreMove(spaces, { x: 0.5, y: 0.5 })).toMatchObject({ x: 0, y: 0 });
    expect(centreMove(none, { x: 0, y: 0 })).toBeUndefined();
  });

  test('goes by what a usual lens shows else: less the closer it looks', () => {
    const degrees = { ...none, relativeDegrees: { ...space, x: { min: -360, max: 360 } } };
    expect(centreMove(degrees, { x: 1, y: 0.5 })).toMatchObject({ x: 30, y: 0 });
    const generic = { ...none, relativePanTilt: space };
    const spot = fc.record({
      x: fc.integer({ min: 0, max: 100 }),
      y: fc.integer({ min: 0, max: 100 }),
      zoom: fc.integer({ min: 0, max: 99 }),
    });
    fc.assert(
      fc.property(spot, ({ x, y, zoom }) => {
        const wide = centreMove(generic, { x: x / 100, y: y / 100 }, zoom / 100);
        const closer = centreMove(generic, { x: x / 100, y: y / 100 }, (zoom + 1) / 100);
        expect(Math.sign(wide?.x ?? 9)).toBe(Math.sign(x - 50));
        expect(Math.sign(wide?.y ?? 9)).toBe(Math.sign(50 - y));
        expect(Math.abs(closer?.x ?? 9)).toBeLessThanOrEqual(Math.abs(wide?.x ?? 0));
        expect(Math.abs(wide?.x ?? 9)).toBeLessThanOrEqual(0.17);
      }),
    );
  });
});

describe('what a head says', () => {
  test('is read, in shares, and left out where it does not say', () => {
    const spaces = {
      ...readSpaces(undefined),
      absolutePanTilt: { uri: '', x: { min: 0, max: 360 }, y: { min: 0, max: 90 } },
    };
    const status = (inner: string) => readStatus(xml(`<R><PTZStatus>${inner}</PTZStatus></R>`), spaces);
    expect(
      status(
        '<Position><PanTilt x="90" y="45"/><Zoom x="0.5"/></Position><MoveStatus><PanTilt>IDLE</PanTilt><Zoom>moving</Zoom></MoveStatus>',
      ),
    ).toEqual({ position: { pan: -0.5, tilt: 0, zoom: 0.5 }, moving: true });
    expect(status('<MoveStatus><PanTilt>UNKNOWN</PanTilt></MoveStatus>')).toEqual({});
    expect(
      readPresets(xml('<R><Preset token="007"><Name>7</Name></Preset><Preset token="x"/><Preset/></R>')),
    ).toEqual([
      { token: '007', name: '7' },
      { token: 'x', name: 'x' },
    ]);
    expect([
      toDurationMs('PT1M30.5S'),
      toDurationMs('P1DT2H'),
      toDurationMs('PT'),
      toDurationMs('1s'),
    ]).toEqual([90_500, 93_600_000, 0, undefined]);
  });
});

describe('a head', () => {
  test('does what it is told', async () => {
    const sim = await house.sim();
    const { ptz } = house.device(sim);
    const head = headOf(sim);
    await ptz.do({ action: 'move', pan: 0.5, zoom: -0.25 });
    // Its own dead man, for a gateway that is gone: a little after ours.
    expect(head.last('continuous')).toEqual({
      do: 'continuous',
      velocity: { pan: 0.5, tilt: 0, zoom: -0.25 },
      timeoutMs: 2_000,
    });
    expect(PTZ_DEAD_MAN_MS).toBeLessThan(2_000);
    await ptz.do({ action: 'move' });
    expect(head.last()).toMatchObject({ do: 'stop' });
    await ptz.do({ action: 'stop' });
    await ptz.do({ action: 'relative', tilt: -0.1, zoom: 0.5 });
    expect(lastTo(head, 'relative')).toMatchObject({ tilt: -0.1, zoom: 0.5 });
    await ptz.do({ action: 'absolute', pan: 0.3, zoom: 0.2 });
    expect(lastTo(head, 'absolute').pan).toBeCloseTo(0.3);
    expect(lastTo(head, 'absolute').zoom).toBeCloseTo(0.2);
    await ptz.do({ action: 'centre', x: 0.75, y: 0.5 });
    expect(lastTo(head, 'fov')).toMatchObject({ pan: 0.5, tilt: 0 });
    await ptz.do({ action: 'home' });
    expect(head.last()).toEqual({ do: 'home' });
    const status = await ptz.status();
    expect(ptzStatusSchema.parse(status)).toEqual(status);
    expect(status.can).toEqual({
      continuous: true,
      relative: true,
      absolute: true,
      centre: true,
      zoom: true,
      panTilt: true,
      home: true,
      presets: true,
    });
  });

  test('keeps presets: set, set anew under the same name, gone to, removed', async () => {
    const sim = await house.sim();
    const { ptz } = house.device(sim);
    const gate = await ptz.setPreset('Gate');
    await ptz.do({ action: 'absolute', pan: 0.5, tilt: 0.5 });
    expect(await ptz.setPreset('Gate')).toEqual(gate);
    expect(sim.ptz?.presets.size).toBe(1);
    await ptz.do({ action: 'preset', token: gate.token });
    expect(sim.ptz?.last('preset')).toEqual({ do: 'preset', token: gate.token });
    await ptz.removePreset(gate.token);
    expect(await ptz.presets()).toEqual([]);
    expect((await failureOf(ptz.do({ action: 'preset', token: gate.token }))).message).toMatch(
      /no such preset/,
    );
  });

  test('that cannot all says what it can, and is not asked for the rest', async () => {
    const sim = await house.sim({ maker: 'reolink' });
    const { ptz } = house.device(sim);
    expect((await ptz.status()).can).toMatchObject({
      continuous: true,
      relative: false,
      absolute: false,
      centre: false,
      home: false,
    });
    const before = sim.requests.length;
    for (const action of ['relative', 'absolute'] as const) {
      expect(await failureOf(ptz.do({ action, pan: 0.1 }))).toMatchObject({ code: 'ONVIF_UNSUPPORTED' });
    }
    expect((await failureOf(ptz.do({ action: 'centre', x: 0, y: 0 }))).code).toBe('ONVIF_UNSUPPORTED');
    expect(sim.requests.slice(before).map(({ action }) => action)).toEqual(['GetStatus']);
  });

  test('of degrees, and one that needs the maths', async () => {
    const axis = await house.sim({ maker: 'axis' });
    const degrees = house.device(axis).ptz;
    await degrees.do({ action: 'absolute', pan: 0.5, tilt: 0 });
    expect(axis.requests.at(-1)?.xml).toContain('x="90"');
    expect(lastTo(headOf(axis), 'absolute').pan).toBeCloseTo(0.5);
    const dahua = await house.sim({ maker: 'dahua' });
    const { ptz } = house.device(dahua);
    await ptz.do({ action: 'centre', x: 1, y: 0.5 });
    // 30 of 360 degrees, to the right.
    expect(lastTo(headOf(dahua), 'relative').pan).toBeCloseTo(30 / 180, 2);
  });

  test('that was too busy to say what it can is asked again', async () => {
    const sim = await house.sim();
    const { ptz } = house.device(sim);
    const calm = sim.cues.fault({ is: 'soap' }, { on: /GetNodes|GetConfigurationOptions/ });
    expect((await failureOf(ptz.do({ action: 'move', pan: 1 }))).code).toBe('DEVICE_REFUSED');
    calm();
    sim.cues.fault({ is: 'soap' }, { on: 'GetNodes' });
    await ptz.do({ action: 'move', pan: 1 });
    expect((await ptz.status()).can.continuous).toBe(true);
  });

  test('that minds a timeout, or all at once, is told in its way from then on', async () => {
    const sim = await house.sim();
    const { ptz } = house.device(sim);
    await ptz.status();
    sim.cues.fault(
      { is: 'soap', subcodes: ['ter:InvalidArgVal', 'ter:TimeoutNotSupported'] },
      { on: 'ContinuousMove', times: 1 },
    );
    await ptz.do({ action: 'move', pan: 1 });
    const moves = () =>
      sim.requests.filter(({ action }) => action === 'ContinuousMove').map(({ xml: text }) => text);
    expect(moves().map((text) => text.includes('Timeout'))).toEqual([true, false]);
    await ptz.do({ action: 'move', pan: 1 });
    expect(moves().at(-1)).not.toContain('Timeout');
    sim.cues.fault({ is: 'soap', subcodes: ['ter:InvalidArgVal'] }, { on: 'Stop', times: 1 });
    await ptz.do({ action: 'stop' });
    expect(sim.ptz?.isMoving).toBe(false);
    sim.cues.fault({ is: 'soap', subcodes: ['ter:InvalidArgVal'] }, { on: 'ContinuousMove' });
    expect((await failureOf(ptz.do({ action: 'move', pan: 1 }))).kind).toBe('refused');
  });

  test('is told of pan and tilt, or of zoom, where only that is meant', async () => {
    const sim = await house.sim();
    const { ptz } = house.device(sim);
    await ptz.do({ action: 'relative', pan: 0.1 });
    expect(sim.requests.at(-1)?.xml).not.toContain('Zoom');
    await ptz.do({ action: 'absolute', zoom: 0.5 });
    expect(sim.requests.at(-1)?.xml).not.toContain('PanTilt');
  });
});

function headOf(sim: OnvifSim): PtzHead {
  if (sim.ptz === undefined) throw new Error('this simulator has no head');
  return sim.ptz;
}

/** Where its newest movement of that kind was to lead. */
function lastTo(head: PtzHead, kind: 'relative' | 'absolute' | 'fov'): PtzVector {
  for (const { command } of head.log.toReversed()) {
    if (command.do === kind && 'to' in command) return command.to;
  }
  throw new Error(`it was never told ${kind}`);
}
