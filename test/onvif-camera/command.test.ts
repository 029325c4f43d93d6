import { afterEach, expect, it } from 'vitest';
import { type OnvifSim, startOnvifSim } from '../support/onvif-sim/index.ts';
import { ONVIF_COMMANDS, parseOnvifCommand } from './command.ts';

let sim: OnvifSim | undefined;
afterEach(() => sim?.close());

it.each([
  ['motion on', { device: undefined, name: 'motion', words: ['on'] }],
  ['  @2  fault html  GetProfiles 3 ', { device: 2, name: 'fault', words: ['html', 'GetProfiles', '3'] }],
  ['', undefined],
  ['# a remark', undefined],
])('reads %j', (line, command) => {
  expect(parseOnvifCommand(line)).toEqual(command);
});

it('makes happen what is typed', async () => {
  const device = await startOnvifSim({ auth: null });
  sim = device;
  const typed = async (line: string): Promise<string | undefined> => {
    const command = parseOnvifCommand(line);
    return ONVIF_COMMANDS.get(command?.name ?? '')?.act(device, command?.words ?? []);
  };
  const call = (name: string, namespace: string, path: string): Promise<Response> =>
    fetch(`http://${device.host}:${device.port}/onvif/${path}`, {
      method: 'POST',
      // A kept one is dead after a reboot.
      headers: { connection: 'close' },
      body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><${name} xmlns="${namespace}"/></s:Body></s:Envelope>`,
    });
  const services = (): Promise<Response> =>
    call('GetServices', 'http://www.onvif.org/ver10/device/wsdl', 'device_service');

  await call('CreatePullPointSubscription', 'http://www.onvif.org/ver10/events/wsdl', 'event_service');
  const told = (): (string | undefined)[] =>
    device.subscriptions.flatMap(({ queue }) =>
      queue.map(({ topic, data }) => `${topic} ${JSON.stringify(data)}`),
    );
  await typed('motion on');
  await typed('motion off');
  await typed('input on door');
  await typed('event tns1:RuleEngine/PeopleDetector/People IsPeople=true');
  expect(told()).toEqual([
    'tns1:VideoSource/MotionAlarm {"State":"true"}',
    'tns1:VideoSource/MotionAlarm {"State":"false"}',
    'tns1:Device/Trigger/DigitalInput {"LogicalState":"true"}',
    'tns1:RuleEngine/PeopleDetector/People {"IsPeople":"true"}',
  ]);
  device.ptz.setPreset('door');
  expect(await typed('state')).toMatch(/is up.*\n.*pan 0.*\n.*door \(1\)\n.*4 waiting/);
  await typed('lose');
  expect(device.subscriptions).toEqual([]);

  await typed('fault busy GetServices 1');
  expect([(await services()).status, (await services()).status]).toEqual([503, 200]);
  expect(await typed('fault nonsense')).toContain('entity-bomb');
  await typed('fault html');
  await typed('calm');
  await typed('tell services=10.9.9.9');
  expect(await (await services()).text()).toContain('http://10.9.9.9/onvif/media_service');
  await typed('clock -60');
  expect(device.wallMs).toBeLessThan(Date.now() - 50_000);
  await typed('kill');
  expect(device.isUp).toBe(false);
  await typed('start');
  await typed('reboot');
  expect((await services()).status).toBe(200);
});
