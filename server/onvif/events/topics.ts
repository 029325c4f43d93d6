import type { EventKind } from '../../../shared/events.ts';
import { shown, toBoolean } from '../xml/find.ts';

/** A name and its value, as `SimpleItem` has them. */
export type Item = readonly [name: string, value: string];

/** A topic's steps without their prefixes: `tns1:RuleEngine/CellMotionDetector/Motion`. */
function topicSteps(topic: string): string[] {
  return topic
    .split('/')
    .map((step) => step.slice(step.indexOf(':') + 1).trim())
    .filter((step) => step !== '');
}

/** What devices tell of themselves, some each second: nobody looks for it on a timeline. */
const NOT_OF_THE_SCENE = new Set([
  'monitoring',
  'configuration',
  'recordingconfig',
  'recordinghistory',
  'trackconfig',
  'media',
  'ptzcontroller',
  'receiver',
  'provisioning',
  'advancedsecurity',
  'eventlogging',
]);

/** From the special to the general; the whole topic in lower case is searched. */
const KINDS: ReadonlyArray<readonly [pattern: RegExp, kind: EventKind]> = [
  [/digitalinput|virtualinput|(?:^|\/)io\/|visitor|doorbell|externaldetector/, 'input'],
  [/tamper|globalscenechange|imagetoo|signalloss|defocus|blurry|covered/, 'tamper'],
  [/linedetector|linecross|tripwire|fielddetector|intrusion|crossed|crossline/, 'line'],
  [/audio|sound|scream/, 'sound'],
  [
    /motion|vmd|people|person|human|face|vehicle|pet(?:$|\/)|dogcat|animal|objectdetect|smartevent|objectsinside/,
    'motion',
  ],
];

/** The kind of a topic; undefined for what does not belong on a timeline. */
export function kindOfTopic(topic: string): EventKind | undefined {
  const steps = topicSteps(topic).map((step) => step.toLowerCase());
  if (steps[0] === undefined || NOT_OF_THE_SCENE.has(steps[0])) return undefined;
  const whole = steps.join('/');
  return KINDS.find(([pattern]) => pattern.test(whole))?.[1] ?? 'other';
}

/**
 * The two topics for "something moves" of ONVIF itself. Many devices report the same movement on both, so they count as one.
 */
export function isPlainMotion(topic: string): boolean {
  const steps = topicSteps(topic).join('/');
  return steps === 'VideoSource/MotionAlarm' || steps === 'RuleEngine/CellMotionDetector/Motion';
}

const STATE_NAME = /state|active|triggered|^is/i;
const ON = new Set(['1', 'active', 'on', 'closed', 'high']);
const OFF = new Set(['0', 'inactive', 'off', 'open', 'low']);

/**
 * Whether what a message is about is on, by its data: the first item that says true or false, else one named as a state that says so in other
 * words. Undefined: a message without a state, as of something that is over at once.
 */
export function stateOf(data: readonly Item[]): boolean | undefined {
  for (const [, value] of data) {
    const lower = value.trim().toLowerCase();
    if (lower === 'true' || lower === 'false') return toBoolean(lower);
  }
  for (const [name, value] of data) {
    if (!STATE_NAME.test(name)) continue;
    const lower = value.trim().toLowerCase();
    if (ON.has(lower)) return true;
    if (OFF.has(lower)) return false;
  }
  return undefined;
}

const LABEL_ITEMS = ['Rule', 'RuleName', 'InputToken', 'port', 'Name', 'Token'];

/** For people: the rule's or the input's name; else the last step of a topic that is the device's own. */
export function labelOf(topic: string, source: readonly Item[]): string | undefined {
  for (const wanted of LABEL_ITEMS) {
    const value = shown(source.find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1], 64);
    // `000` and `MyMotionDetectorRule` name nothing.
    if (value !== undefined && !/^0*$|^My\w+Rule$/.test(value)) return value;
  }
  const isOwn = /people|person|human|face|vehicle|pet|dogcat|animal|visitor|doorbell/i.test(topic);
  return isOwn ? shown(topicSteps(topic).at(-1), 64) : undefined;
}
