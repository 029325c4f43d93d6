import { EventStates } from '../../../server/onvif/events/event-states.ts';
import { readPulled } from '../../../server/onvif/events/notification.ts';
import { centreMove } from '../../../server/onvif/ptz/centre.ts';
import { fromPlace, type PtzSpaces, toMovement, toPlace } from '../../../server/onvif/ptz/spaces.ts';
import { readDateAndTime } from '../../../server/onvif/read/date-time.ts';
import { readDeviceInformation } from '../../../server/onvif/read/device-information.ts';
import {
  chooseChannels,
  chooseProfiles,
  choosePtzProfile,
  readProfiles,
} from '../../../server/onvif/read/profiles.ts';
import { readNode, readPresets, readStatus, readTimeoutRange } from '../../../server/onvif/read/ptz.ts';
import { readCapabilities, readServices } from '../../../server/onvif/read/services.ts';
import {
  type PlaceOnDevice,
  placeOnDevice,
  streamUrlOnDevice,
} from '../../../server/onvif/soap/camera-address.ts';
import { isAuthFault, operationOf, readReply } from '../../../server/onvif/soap/envelope.ts';
import { at, textAt } from '../../../server/onvif/xml/find.ts';
import { parseXml, type XmlElement } from '../../../server/onvif/xml/parse.ts';
import { deviceFactsSchema, ptzStatusSchema } from '../../../shared/onvif.ts';
import { mutatedText } from '../support/mutations.ts';
import { onvifReplies, onvifWords } from '../support/seeds.ts';
import { type FuzzTarget, must, plainBytes, reviveBytes } from '../support/target.ts';

const ENDPOINT = { host: '10.0.0.5', ip: '10.0.0.5', port: 80, secure: false };
/** Of a message of ours, and of what people are shown. */
const MAX_WORDS_CHARS = 256;

/** Whatever an ONVIF device answers, to whatever it was asked: each reader has to live with the answer to another question. */
export const onvifReply: FuzzTarget<Buffer> = {
  name: 'onvif',
  summary: 'answers of ONVIF devices: XML, faults, services, profiles, PTZ, events, addresses',
  share: 3,
  countInTests: 500,
  maxCpuMs: 40,
  input: mutatedText(onvifReplies, onvifWords),
  run(bytes) {
    const parsed = parseXml(bytes.toString('utf8'));
    if (!parsed.ok) {
      must(parsed.error.length > 0 && parsed.error.length < 100, 'an error says why, in a few words');
      return;
    }
    operationOf(parsed.value);
    const reply = readReply(parsed.value);
    if (reply.kind === 'none') return;
    if (reply.kind === 'fault') {
      isAuthFault(reply.fault);
      must(
        reply.fault.reason.length <= 200 && reply.fault.codes.length <= 9,
        'a fault is told in bounded words',
      );
      return;
    }
    const { element } = reply;
    tryFacts(element);
    tryPtz(element);
    tryEvents(element);
    tryPlaces(element);
    const deviceMs = readDateAndTime(element);
    must(deviceMs === undefined || Number.isFinite(new Date(deviceMs).getTime()), 'a time is one');
  },
  plain: plainBytes,
  revive: reviveBytes,
};

function tryFacts(reply: XmlElement): void {
  const records = readProfiles(reply);
  const { main, sub } = chooseProfiles(records);
  must(sub === undefined || main !== undefined, 'no second stream without a first');
  choosePtzProfile(records, records.at(-1)?.token);
  must(chooseChannels(records).length <= records.length, 'no more channels than profiles');
  const shown = { ...readDeviceInformation(reply), profiles: records, channels: [] };
  const services = { media2: false, ptz: false, events: false, imaging: false, snapshot: false };
  // As the page gets it: what is no number is null in JSON.
  const told: unknown = JSON.parse(JSON.stringify({ ...shown, services }));
  must(
    deviceFactsSchema.safeParse(told).success,
    'what a device says of itself has the shape that the page expects',
  );
  for (const text of Object.values(readDeviceInformation(reply)))
    must(typeof text === 'string' && text.length <= MAX_WORDS_CHARS, 'words for people are bounded');
}

function tryPtz(reply: XmlElement): void {
  const node = readNode(reply, undefined);
  readTimeoutRange(reply);
  const can = {
    ...{ continuous: true, relative: true, absolute: true, centre: true, zoom: true, panTilt: true },
    ...{ home: true, presets: true },
  };
  const spaces = node?.spaces ?? NO_SPACES;
  const status: unknown = JSON.parse(
    JSON.stringify({ can, ...readStatus(reply, spaces), presets: readPresets(reply) }),
  );
  must(ptzStatusSchema.safeParse(status).success, 'a PTZ status has the shape that the page expects');
  if (node === undefined) return;
  for (const space of [spaces.absolutePanTilt, spaces.continuousPanTilt, spaces.relativePanTilt]) {
    if (space === undefined) continue;
    for (const share of [-1, -0.3, 0, 1]) {
      const told = [toMovement(share, space.x), toPlace(share, { min: -1, max: 1 }, space.y)];
      for (const number of told) {
        must(Number.isFinite(number) && /^-?[\d.]+$/.test(String(number)), 'a camera is told plain numbers');
      }
      const back = fromPlace(told[1] ?? 0, space.y, { min: -1, max: 1 });
      must(back >= -1 && back <= 1, 'a place is a share of its range');
    }
  }
  const centre = centreMove(spaces, { x: 0.1, y: 0.9 }, 0.5);
  must(centre === undefined || Number.isFinite(centre.x + centre.y), 'a click is a movement of numbers');
}

const NO_SPACES = {
  ...{
    absolutePanTilt: undefined,
    absoluteZoom: undefined,
    relativePanTilt: undefined,
    relativeFov: undefined,
  },
  ...{
    relativeDegrees: undefined,
    relativeZoom: undefined,
    continuousPanTilt: undefined,
    continuousZoom: undefined,
  },
} satisfies PtzSpaces;

function tryEvents(reply: XmlElement): void {
  const states = new EventStates();
  const { notifications } = readPulled(reply);
  const begun = new Set<string>();
  for (const [atMs, notification] of notifications.entries()) {
    for (const { key, state } of states.take(notification, atMs)) {
      if (state === 'start') must(begun.size < 256 && !begun.has(key), 'what goes on begins once');
      if (state === 'end') must(begun.has(key), 'what ends has begun');
      if (state === 'start') begun.add(key);
      else begun.delete(key);
    }
  }
  must(states.endAll(1_000).length === begun.size, 'all that began can be ended');
}

function tryPlaces(reply: XmlElement): void {
  const places: (PlaceOnDevice | undefined)[] = [
    ...readServices(reply, ENDPOINT).values(),
    ...readCapabilities(reply, ENDPOINT).values(),
  ];
  const addresses = [
    textAt(reply, 'MediaUri', 'Uri'),
    textAt(reply, 'Uri'),
    textAt(reply, 'SubscriptionReference', 'Address'),
    at(reply, 'NotificationMessage', 'SubscriptionReference')?.text,
  ];
  for (const address of addresses) {
    if (address === undefined) continue;
    places.push(placeOnDevice(address, ENDPOINT));
    const url = streamUrlOnDevice(address, ENDPOINT);
    if (url === undefined) continue;
    must(
      URL.canParse(url) && new URL(url).hostname === ENDPOINT.host,
      'a stream is dialled at the device alone',
    );
    must(new URL(url).username === '' && !/\s/.test(url), 'no user, and no blank, in the URL of a stream');
  }
  for (const place of places) {
    if (place === undefined) continue;
    must(place.port >= 0 && place.port <= 65_535 && !place.secure, 'a place has a port');
    must(/^\/[\x21-\x7e]*$/.test(place.path), 'a path is fit to stand in a request');
  }
}
