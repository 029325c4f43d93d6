import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { Audience } from '../../server/onvif/events/audience.ts';
import { EventStates } from '../../server/onvif/events/event-states.ts';
import { type Notification, readPulled } from '../../server/onvif/events/notification.ts';
import { Subscription } from '../../server/onvif/events/subscription.ts';
import { kindOfTopic, labelOf, stateOf } from '../../server/onvif/events/topics.ts';
import {
  type EventsState,
  type OnvifDevice,
  type OnvifEvent,
  OnvifEvents,
} from '../../server/onvif/index.ts';
import type { SafeCam } from '../../server/onvif/soap/safe-cam.ts';
import { parseXml } from '../../server/onvif/xml/parse.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type MakerName, makers } from '../support/onvif-sim/index.ts';
import { waitFor } from '../support/wait.ts';
import { DeviceHouse, failureOf, STREAMS } from './device-house.ts';

const MOTION = 'tns1:VideoSource/MotionAlarm';
const CELLS = 'tns1:RuleEngine/CellMotionDetector/Motion';
const INPUT = 'tns1:Device/Trigger/DigitalInput';

describe('topics', () => {
  test.each([
    [CELLS, 'motion'],
    [MOTION, 'motion'],
    ['tns1:RuleEngine/MyRuleDetector/PeopleDetect', 'motion'],
    ['tnsaxis:CameraApplicationPlatform/VMD/Camera1ProfileANY', 'motion'],
    [INPUT, 'input'],
    ['tns1:Device/tnsaxis:IO/Port', 'input'],
    ['tns1:RuleEngine/MyRuleDetector/Visitor', 'input'],
    ['tns1:VideoSource/GlobalSceneChange/ImagingService', 'tamper'],
    ['tns1:RuleEngine/TamperDetector/Tamper', 'tamper'],
    ['tns1:VideoSource/ImageTooDark/AnalyticsService', 'tamper'],
    ['tns1:RuleEngine/LineDetector/Crossed', 'line'],
    ['tns1:RuleEngine/FieldDetector/ObjectsInside', 'line'],
    ['tns1:AudioAnalytics/Audio/DetectedSound', 'sound'],
    ['tns1:Device/HardwareFailure/StorageFailure', 'other'],
    ['tns1:Monitoring/ProcessorUsage', undefined],
    ['tns1:PTZController/PTZPresets/Reached', undefined],
    ['', undefined],
  ] as const)('%s is of kind %s', (topic, kind) => {
    expect(kindOfTopic(topic)).toBe(kind);
  });

  test('have states in many words', () => {
    expect(stateOf([['IsMotion', 'true']])).toBe(true);
    expect(
      stateOf([
        ['ObjectId', '17'],
        ['State', 'FALSE'],
      ]),
    ).toBe(false);
    expect(stateOf([['LogicalState', '1']])).toBe(true);
    expect(stateOf([['LogicalState', 'inactive']])).toBe(false);
    expect(stateOf([['ObjectId', '1']])).toBeUndefined();
    expect(stateOf([])).toBeUndefined();
  });

  test('have names for people where there are any', () => {
    expect(labelOf(INPUT, [['InputToken', 'Door bell']])).toBe('Door bell');
    expect(labelOf(CELLS, [['Rule', 'MyMotionDetectorRule']])).toBeUndefined();
    expect(labelOf(CELLS, [['Rule', '00000']])).toBeUndefined();
    expect(labelOf('tns1:RuleEngine/MyRuleDetector/PeopleDetect', [])).toBe('PeopleDetect');
  });
});

test('messages are read, whatever is left out of them', () => {
  const message = (topic: string, inner: string) =>
    `<NotificationMessage><Topic>${topic}</Topic>${inner}</NotificationMessage>`;
  const parsed = parseXml(
    `<R><CurrentTime>2026-01-02T03:04:05</CurrentTime><TerminationTime>later</TerminationTime>${message(` ${MOTION}\n`, '<Message><Message UtcTime="2026-01-02T03:04:04+00:00" PropertyOperation="Changed"><Source><SimpleItem Name="Source" Value="1"/></Source><Data><SimpleItem Name="State" Value="true"/><SimpleItem Value="x"/></Data></Message></Message>')}${message('', '<Message/>')}${message('a', '')}${message('b', '<Message UtcTime="soon"/>')}</R>`,
  );
  if (!parsed.ok) throw new Error(parsed.error);
  const { notifications, currentMs, terminationMs } = readPulled(parsed.value);
  expect([currentMs, terminationMs]).toEqual([Date.UTC(2026, 0, 2, 3, 4, 5), undefined]);
  expect(notifications).toEqual([
    {
      topic: MOTION,
      operation: 'changed',
      utcMs: Date.UTC(2026, 0, 2, 3, 4, 4),
      source: [['Source', '1']],
      data: [['State', 'true']],
    },
    { topic: 'b', operation: 'none', utcMs: undefined, source: [], data: [] },
  ]);
});

describe('states', () => {
  const told = (
    topic: string,
    isOn: boolean | undefined,
    more: Partial<Notification> = {},
  ): Notification => ({
    topic,
    operation: 'changed',
    utcMs: undefined,
    source: [],
    data: isOn === undefined ? [] : [['State', String(isOn)]],
    ...more,
  });
  const words = (events: readonly OnvifEvent[]) =>
    events.map(({ kind, state, isInitial }) => `${kind} ${state}${isInitial ? ' initial' : ''}`);

  test('begin once and end once, however often they are told', () => {
    const states = new EventStates();
    const take = (notification: Notification) => words(states.take(notification, 1));
    expect(take(told(INPUT, false))).toEqual([]);
    expect(take(told(INPUT, true, { operation: 'initialized' }))).toEqual(['input start initial']);
    expect(take(told(INPUT, true))).toEqual([]);
    expect(take(told(INPUT, false))).toEqual(['input end']);
    expect(take(told(INPUT, true))).toEqual(['input start']);
    expect(take(told(INPUT, undefined, { operation: 'deleted' }))).toEqual(['input end']);
  });

  test('of movement on two topics are one', () => {
    const states = new EventStates();
    const seen = [told(MOTION, true), told(CELLS, true), told(MOTION, false), told(CELLS, false)];
    expect(seen.map((each) => words(states.take(each, 1)))).toEqual([
      ['motion start'],
      [],
      [],
      ['motion end'],
    ]);
  });

  test('of each input stand alone, those of another lens are not ours', () => {
    const states = new EventStates();
    const one = states.take(told(INPUT, true, { source: [['InputToken', '1']] }), 1);
    const two = states.take(told(INPUT, true, { source: [['InputToken', '2']] }), 1);
    expect(one[0]?.key).not.toBe(two[0]?.key);
    const lens = { own: new Set(['a', 'both']), others: new Set(['b', 'both']) };
    const from = (value: string) => states.take(told(MOTION, true, { source: [['Source', value]] }), 1, lens);
    expect([from('b').length, from('both').length]).toEqual([0, 1]);
  });

  test('that are over at once are moments; numbers are nothing', () => {
    const states = new EventStates();
    const crossed = told('tns1:RuleEngine/LineDetector/Crossed', undefined, { data: [['ObjectId', '4']] });
    expect(words(states.take(crossed, 1))).toEqual(['line moment']);
    expect(states.take({ ...crossed, operation: 'initialized' }, 1)).toEqual([]);
    expect(states.take(told('tns1:Monitoring/ProcessorUsage', true), 1)).toEqual([]);
    expect(states.take(told('tns1:Device/Whatever', undefined), 1)).toEqual([]);
  });

  test('that are not told again after a new subscription end', () => {
    const states = new EventStates();
    states.take(told(INPUT, true), 1);
    states.take(told(MOTION, true), 1);
    states.doubt();
    states.take(told(MOTION, true, { operation: 'initialized' }), 2);
    expect(words(states.endDoubtful(3))).toEqual(['input end']);
    expect(words(states.endAll(4))).toEqual(['motion end']);
    expect(states.activeCount).toBe(0);
  });

  test('that pass by and are told once and never again end, those that may last do not', () => {
    const states = new EventStates();
    const take = (notification: Notification) => words(states.take(notification, 1));
    take(told(MOTION, true));
    take(told(INPUT, true));
    expect(states.doubtSilent()).toBe(false);
    expect(states.doubtSilent()).toBe(true);
    // Asked for what is on, it says so.
    take(told(MOTION, true, { operation: 'initialized' }));
    expect(words(states.endDoubtful(2))).toEqual([]);
    expect(states.doubtSilent()).toBe(false);
    expect(states.doubtSilent()).toBe(true);
    expect(words(states.endDoubtful(2))).toEqual(['motion end']);
    expect(take(told(MOTION, true))).toEqual(['motion start']);
    expect(states.activeCount).toBe(2);
  });

  test('end as often as they begin, in turns, whatever comes', () => {
    const step = fc.record({
      topic: fc.constantFrom(MOTION, CELLS, INPUT, 'tns1:Device/X'),
      isOn: fc.constantFrom(true, false, undefined),
      operation: fc.constantFrom('changed', 'initialized', 'deleted', 'none'),
      token: fc.constantFrom('1', '2'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const states = new EventStates();
        const open = new Set<string>();
        const follow = (events: readonly OnvifEvent[]) => {
          for (const { key, state } of events) {
            if (state === 'moment') continue;
            expect(open.has(key)).toBe(state === 'end');
            if (state === 'start') open.add(key);
            else open.delete(key);
          }
        };
        for (const { topic, isOn, operation, token } of steps) {
          const notification = told(topic, isOn, {
            operation,
            source: [['Token', token]],
          } as Partial<Notification>);
          follow(states.take(notification, 1));
        }
        follow(states.endAll(2));
        expect(open.size).toBe(0);
      }),
    );
  });

  test('of a device that makes up names take bounded room', () => {
    const states = new EventStates();
    for (let index = 0; index < 2_000; index++) {
      states.take(told(INPUT, true, { source: [['InputToken', String(index)]] }), 1);
    }
    expect(states.activeCount).toBeLessThanOrEqual(256);
  });
});

test.each([
  ['one long name', `<Address>http://127.0.0.1/${'x'.repeat(9_000)}</Address>`],
  [
    'many names',
    `<ReferenceParameters>${'<Id xmlns="urn:x">&amp;&amp;&amp;</Id>'.repeat(500)}</ReferenceParameters>`,
  ],
])('a subscription is not named at length: %s', async (_what, reference) => {
  const parsed = parseXml(`<R><SubscriptionReference>${reference}</SubscriptionReference></R>`);
  if (!parsed.ok) throw new Error(parsed.error);
  const endpoint = { host: '127.0.0.1', ip: '127.0.0.1', port: 80, secure: false };
  const cam = { endpoint, post: async () => parsed.value } as unknown as SafeCam;
  expect(await failureOf(Subscription.create(cam, {}))).toMatchObject({ kind: 'not-onvif' });
});

describe('an audience', () => {
  const never = new AbortController().signal;
  const motionOf = (source: string): Notification => ({
    topic: MOTION,
    operation: 'changed',
    utcMs: undefined,
    source: [['Source', source]],
    data: [['State', 'true']],
  });
  /** Of a recorder that is too busy at times to say which lens is whose. */
  function hear(audience: Audience) {
    const told: string[] = [];
    const recorder = { isBusy: false };
    const device = {
      with: (ask: (connected: object) => Promise<unknown>) => ask({}),
      lensTokens: async () => {
        if (recorder.isBusy) throw new Error('busy');
        return { own: new Set(['eye1']), others: new Set(['eye2']) };
      },
    } as unknown as OnvifDevice;
    audience.add({ device, onEvent: ({ kind, state }) => told.push(`${kind} ${state}`) });
    return { told, recorder };
  }

  test('does not hear of the other lenses because the device is busy when it is subscribed to anew', async () => {
    const audience = new Audience();
    const { told, recorder } = hear(audience);
    await audience.learn(never);
    recorder.isBusy = true;
    await audience.learn(never);
    audience.take(motionOf('eye2'), 1);
    expect(told).toEqual([]);
    audience.take(motionOf('eye1'), 1);
    expect(told).toEqual(['motion start']);
  });

  test('learns later on what it could not learn at first, and doubts what it heard till then', async () => {
    const audience = new Audience();
    const { told, recorder } = hear(audience);
    recorder.isBusy = true;
    await audience.learn(never);
    audience.take(motionOf('eye2'), 1);
    expect(await audience.learnMissing(never)).toBe(false);
    recorder.isBusy = false;
    expect(await audience.learnMissing(never)).toBe(true);
    expect(await audience.learnMissing(never)).toBe(false);
    audience.take(motionOf('eye2'), 2);
    audience.endDoubtful(3);
    expect(told).toEqual(['motion start', 'motion end']);
  });
});

describe('a listener', () => {
  const house = new DeviceHouse();
  const running: Array<() => Promise<void>> = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((stop) => stop()));
    await house.close();
  });

  /** With a clock of its own, which has timers only while it pauses. */
  function listen(
    device: OnvifDevice,
    clock: Clock = systemClock,
    feed = new OnvifEvents({ clock, log: silentLogger }),
  ) {
    const events: OnvifEvent[] = [];
    const states: EventsState[] = [];
    const controller = new AbortController();
    const done = feed.listen(
      {
        device,
        onEvent: (event) => events.push(event),
        onStateChange: (state) => states.push(state),
      },
      controller.signal,
    );
    const stop = () => {
      controller.abort();
      return done;
    };
    running.push(stop);
    return { events, states, stop, words: () => events.map(({ kind, state }) => `${kind} ${state}`) };
  }

  test.each(Object.keys(makers) as MakerName[])(
    'hears what moves at one by %s, by the clock of the gateway',
    async (maker) => {
      const sim = await house.sim({ maker, clockOffsetMs: -7_200_000 });
      const { events, words, stop } = listen(house.device(sim));
      await waitFor('a pull', () => sim.asked('PullMessages') > 0);
      const before = Date.now();
      sim.cues.motion(true);
      await waitFor('the start', () => words().includes('motion start'));
      sim.cues.motion(false);
      await waitFor('the end', () => words().includes('motion end'));
      const start = events.find(({ state }) => state === 'start');
      // Stamps in whole seconds, by a clock that is two hours off.
      expect(Math.abs((start?.atMs ?? 0) - before)).toBeLessThan(60_000);
      expect(start?.isInitial).toBe(false);
      await stop();
      expect(sim.subscriptions).toEqual([]);
    },
  );

  test('learns what was on before, and ends what is on when it stops', async () => {
    const sim = await house.sim();
    sim.cues.input(true);
    const { events, words, stop } = listen(house.device(sim));
    await waitFor('the input', () => words().includes('input start'));
    expect(events[0]?.isInitial).toBe(true);
    await stop();
    expect(words()).toEqual(['input start', 'input end']);
  });

  test('subscribes anew when its subscription is lost, and misses no end', async () => {
    const sim = await house.sim();
    const { states, words } = listen(house.device(sim));
    await waitFor('a pull', () => sim.asked('PullMessages') > 0);
    sim.cues.motion(true);
    await waitFor('the start', () => words().includes('motion start'));
    sim.cues.loseSubscriptions();
    sim.cues.motion(false);
    await waitFor('the end', () => words().includes('motion end'), 20_000);
    expect(states.filter((state) => state === 'subscribed').length).toBeGreaterThan(1);
  });

  test.each([
    ['refuses each pull', { is: 'soap', subcodes: ['ter:Action'] }, 'PullMessages'],
    ['refuses each subscription', { is: 'soap', subcodes: ['ter:Action'] }, 'CreatePullPointSubscription'],
    ['sends nonsense', { is: 'entity-bomb' }, 'PullMessages'],
    ['does not let us in', { is: 'unauthorised', status: 400 }, 'CreatePullPointSubscription'],
  ] as const)('asks one that %s less and less', async (_what, fault, on) => {
    const sim = await house.sim();
    const clock = new FakeClock();
    // What is on or off is told to each new subscriber, so that no pull has to wait.
    sim.cues.motion(false);
    sim.cues.fault(fault, { on });
    const { states } = listen(house.device(sim), clock);
    await waitFor('the first failure', () => states.includes('waiting'));
    const first = sim.requests.length;
    // Nothing comes while time stands still, and half an hour holds a few dozen tries.
    for (let round = 0; round < 6; round++) await new Promise((resolve) => setImmediate(resolve));
    expect(sim.requests.length).toBe(first);
    await waitFor('its timer', () => clock.timers > 0);
    for (let tries = 2; tries < 5; tries++) {
      clock.advance(900_000);
      await waitFor(`try ${tries}`, () => states.filter((state) => state === 'waiting').length >= tries);
      await waitFor('its timer', () => clock.timers > 0);
    }
    expect(sim.asked('CreatePullPointSubscription')).toBeLessThan(20);
  });

  test('does not hurry one that answers at once with nothing', async () => {
    const sim = await house.sim({ maker: 'reolink' });
    const clock = new FakeClock();
    listen(house.device(sim), clock);
    await waitFor('the first pull', () => sim.asked('PullMessages') === 1 && clock.timers === 1);
    clock.advance(2_000);
    await waitFor('the second', () => sim.asked('PullMessages') === 2);
    await waitFor('its pause', () => clock.timers === 1);
    expect(sim.asked('PullMessages')).toBe(2);
  });

  test('keeps a subscription alive that only a renewal does', async () => {
    const sim = await house.sim({ maker: 'reolink', habits: { pullKeepsAlive: false } });
    const clock = new FakeClock();
    const { states } = listen(house.device(sim), clock);
    for (let pulls = 1; pulls < 5; pulls++) {
      await waitFor(`pull ${pulls}`, () => sim.asked('PullMessages') >= pulls && clock.timers === 1);
      clock.advance(30_000);
    }
    await waitFor('a renewal', () => sim.asked('Renew') > 0);
    expect(states).toEqual(['subscribed']);
  });

  test('of a recorder shares one subscription with those of its other channels', async () => {
    const profiles = ['0', '1', '2'].map((n) => ({
      ...{ token: n, name: n, uri: STREAMS.main, codec: 'H264' as const, width: 640, height: 360, fps: 25 },
      ...{ bitrateKbps: 500, govLength: 50, hasAudio: false, videoSource: `eye${n}` },
    }));
    const sim = await house.sim({ profiles });
    const feed = new OnvifEvents({ clock: systemClock, log: silentLogger });
    const channel = (n: string) =>
      listen(house.device(sim, { url: `${sim.url}?profile=${n}` }), systemClock, feed);
    const moves = (n: string, isOn: boolean) =>
      sim.cues.event({
        ...{ topic: MOTION, source: { Source: `eye${n}` }, data: { State: String(isOn) } },
        operation: 'Changed',
      });
    const [first, second] = [channel('0'), channel('1')];
    await waitFor('both', () => first.states.length > 0 && second.states.length > 0);
    moves('1', true);
    await waitFor('the start', () => second.words().includes('motion start'));
    expect([sim.subscriptions.length, first.words()]).toEqual([1, []]);
    // By whose device it was asked leaves: another's takes its place, and nothing ends for who stays.
    await first.stop();
    await waitFor('a subscription of its own', () => second.states.length > 1);
    expect([sim.subscriptions.length, second.words()]).toEqual([1, ['motion start']]);
    // One that comes later hears its own, and what was on before.
    moves('2', true);
    const third = channel('2');
    await waitFor('what is on', () => third.words().includes('motion start'), 30_000);
    expect(sim.subscriptions).toHaveLength(1);
    expect(second.words()).toEqual(['motion start']);
    await Promise.all([second.stop(), third.stop()]);
    expect([second.words().at(-1), third.words().at(-1)]).toEqual(['motion end', 'motion end']);
    expect(sim.subscriptions).toEqual([]);
  });

  test('ends motion that a device never tells the end of, and nothing else', async () => {
    const sim = await house.sim({ maker: 'reolink' });
    const clock = new FakeClock();
    const { words } = listen(house.device(sim), clock);
    const pause = () => waitFor('its pause', () => clock.timers === 1);
    await pause();
    sim.cues.input(true);
    // No property, so nothing to be told again.
    sim.cues.event({ topic: MOTION, data: { State: 'true' } });
    clock.advance(1_000);
    await waitFor('both', () => words().length === 2);
    for (let minutes = 0; minutes < 36; minutes += 3) {
      await pause();
      clock.advance(180_000);
    }
    await waitFor('the end', () => words().includes('motion end'));
    await pause();
    expect(words().sort()).toEqual(['input start', 'motion end', 'motion start']);
  });

  test('of a device without events says so, and asks again much later', async () => {
    const { events: _none, ...paths } = makers.fixed.paths;
    const sim = await house.sim({ maker: 'fixed', habits: { paths } });
    const { states } = listen(house.device(sim));
    await waitFor('its word', () => states.includes('unsupported'));
    expect(sim.asked('CreatePullPointSubscription')).toBe(0);
  });
});
