import type { OnvifSim, SimFault } from '../support/onvif-sim/index.ts';

/** What one line does: to one device (`@2 motion on`), or to all. */
export interface OnvifCommand {
  /** From 1; undefined: all. */
  readonly device: number | undefined;
  readonly name: string;
  readonly words: readonly string[];
}

/** Undefined for an empty line and for a remark (`# ...`). */
export function parseOnvifCommand(line: string): OnvifCommand | undefined {
  const [, device, rest = ''] = /^\s*(?:@(\d+)\s+)?(.*)$/.exec(line) ?? [];
  const [name = '', ...words] = rest.trim().split(/\s+/);
  if (name === '' || name.startsWith('#')) return undefined;
  return { device: device === undefined ? undefined : Number(device), name, words };
}

type Act = (sim: OnvifSim, words: readonly string[]) => string | undefined | Promise<string | undefined>;

/** What can be typed, and what it does. What it returns is said. */
export const ONVIF_COMMANDS: ReadonlyMap<string, { readonly help: string; readonly act: Act }> = new Map(
  Object.entries({
    motion: {
      help: 'on|off: something moves in its picture, or has come to rest',
      act: (sim, [word]) => done(() => sim.cues.motion(word !== 'off')),
    },
    busy: {
      help: 'SECONDS: motion again and again, each time for half of it; 0 ends it',
      act: (sim, [seconds]) => done(() => keepMoving(sim, Number(seconds ?? 20) * 1_000)),
    },
    input: {
      help: 'on|off [TOKEN]: the contact at its back',
      act: (sim, [word, token]) => done(() => sim.cues.input(word !== 'off', token)),
    },
    event: {
      help: 'TOPIC ITEM=VALUE ...: any news, e.g. event tns1:RuleEngine/PeopleDetector/People IsPeople=true',
      act: (sim, [topic = '', ...items]) =>
        done(() =>
          sim.cues.event({
            topic,
            source: { Source: 'vidsrc0' },
            data: Object.fromEntries(items.map(pair)),
            operation: 'Changed',
          }),
        ),
    },
    clock: {
      help: 'SECONDS: its clock is off by so much',
      act: (sim, [seconds]) => done(() => sim.cues.clockOffset(Number(seconds ?? 0) * 1_000)),
    },
    reboot: {
      help: 'down and up again; its subscriptions are lost',
      act: (sim) => sim.reboot().then(nothing),
    },
    kill: { help: 'its ONVIF services are gone', act: (sim) => sim.stop().then(nothing) },
    start: { help: 'and back, on the same port', act: (sim) => sim.start().then(nothing) },
    lose: {
      help: 'forgets its subscriptions without a word',
      act: (sim) => done(() => sim.cues.loseSubscriptions()),
    },
    fault: {
      help: 'KIND [CALL] [TIMES]: spoils answers: soap, html, silent, reset, half, cut, drip, endless, entity-bomb, deep, unauthorised ...',
      act: (sim, [kind = '', call, times]) => {
        const fault = faultOf(kind);
        if (fault === undefined)
          return `There is no such fault. These are: ${[...FAULTS.keys()].join(', ')}.`;
        sim.cues.fault(fault, {
          ...(call === undefined || call === '*' ? {} : { on: call }),
          ...(times === undefined ? {} : { times: Number(times) }),
        });
        return undefined;
      },
    },
    tell: {
      help: 'services|streams|snapshots|subscriptions=HOST ...: a foreign host in the addresses that it gives; nothing: its own again',
      act: (sim, words) => done(() => sim.cues.tell(Object.fromEntries(words.map(pair)))),
    },
    calm: { help: 'ends all faults', act: (sim) => done(() => sim.cues.calm()) },
    state: { help: 'where its head is, its presets and who listens for its news', act: stateOf },
    wait: {
      help: 'SECONDS: before the next line',
      act: (_sim, [seconds]) =>
        new Promise((resolve) => setTimeout(resolve, Number(seconds ?? 1) * 1_000)).then(nothing),
    },
  } satisfies Record<string, { help: string; act: Act }>),
);

const moving = new Map<OnvifSim, NodeJS.Timeout>();

function keepMoving(sim: OnvifSim, everyMs: number): void {
  clearInterval(moving.get(sim));
  sim.cues.motion(everyMs > 0);
  if (!(everyMs > 0)) return;
  let isOn = true;
  const toggle = (): void => {
    isOn = !isOn;
    sim.cues.motion(isOn);
  };
  moving.set(sim, setInterval(toggle, everyMs / 2));
}

const FAULTS: ReadonlyMap<string, SimFault> = new Map<string, SimFault>([
  ['soap', { is: 'soap' }],
  ['busy', { is: 'status', status: 503 }],
  ['html', { is: 'html' }],
  ['silent', { is: 'silent' }],
  ['reset', { is: 'reset' }],
  ['late', { is: 'late', delayMs: 3_000 }],
  ['drip', { is: 'drip', everyMs: 100 }],
  ['half', { is: 'half' }],
  ['cut', { is: 'cut' }],
  ['endless', { is: 'endless' }],
  ['big', { is: 'big', sizeBytes: 4 << 20 }],
  ['entity-bomb', { is: 'entity-bomb' }],
  ['external-entity', { is: 'external-entity', url: 'file:///etc/passwd' }],
  ['deep', { is: 'deep', depth: 100_000 }],
  ['broken-fault', { is: 'broken-fault' }],
  ['empty', { is: 'empty' }],
  ['redirect', { is: 'redirect', location: 'http://127.0.0.1:9/' }],
  ['unauthorised', { is: 'unauthorised', status: 'mixed' }],
]);

function faultOf(kind: string): SimFault | undefined {
  return FAULTS.get(kind);
}

function pair(word: string): [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, 'true'] : [word.slice(0, at), word.slice(at + 1)];
}

function stateOf(sim: OnvifSim): string {
  const lines = [`${sim.url} ${sim.isUp ? 'is up' : 'is down'}, asked ${sim.requests.length} times`];
  if (sim.hasHead) {
    const { pan, tilt, zoom } = sim.ptz.position;
    lines.push(`  head at pan ${pan}, tilt ${tilt}, zoom ${zoom}${sim.ptz.isMoving ? ', moving' : ''}`);
    const presets = [...sim.ptz.presets].map(([token, { name }]) => `${name} (${token})`);
    lines.push(`  presets: ${presets.join(', ') || 'none'}`);
  }
  for (const { id, pulls, queue } of sim.subscriptions) {
    lines.push(`  subscription ${id}: ${pulls} pulls, ${queue.length} waiting`);
  }
  return lines.join('\n');
}

function done(act: () => void): undefined {
  act();
  return undefined;
}

function nothing(): undefined {
  return undefined;
}
