import { ApiError } from '../../shared/errors.ts';
import type { Setting, SettingsPatch, SettingValue } from '../../shared/system.ts';
import { SETTING_FACTS, type SettingFacts } from '../base/config/changeable.ts';
import { VARIABLES } from '../base/config/environment.ts';
import { type GivenSettings, setIn, valueAt } from '../base/config/load.ts';
import { type Settings, settingsSchema } from '../base/config/settings.ts';
import type { Logger } from '../base/log.ts';
import { describeIssues, inputIssues } from '../base/schema-issues.ts';
import type { SettingsCatalog } from '../catalog/index.ts';

export interface SettingsDeskOptions {
  readonly catalog: SettingsCatalog;
  readonly log: Logger;
  /** What file and environment set: that is not changed here. */
  readonly given: GivenSettings;
  /** The settings that the gateway's parts hold; those that can be changed while it runs are changed in this very object. */
  readonly settings: Settings;
}

/** What is wrong with these settings as a whole, for people; undefined: nothing. `keys` are those that are to change. */
export type SettingsObjection = (next: Settings, keys: ReadonlySet<string>) => Promise<string | undefined>;

const FACTS: ReadonlyMap<string, SettingFacts> = new Map(SETTING_FACTS.map((facts) => [facts.key, facts]));
const VARIABLE_OF: ReadonlyMap<string, string> = new Map(
  [...VARIABLES].map(([name, { path }]) => [path.join('.'), name]),
);

/**
 * The settings as people see and change them on the page. What is changed is kept in the catalog, under what file and
 * environment say, and checked by the schema that checks these.
 */
export class SettingsDesk {
  readonly #options: SettingsDeskOptions;
  /** By key, as the schema takes them. */
  readonly #kept = new Map<string, unknown>();
  #onChange: (keys: ReadonlySet<string>) => void = () => {};
  #objection: SettingsObjection = async () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: SettingsDeskOptions) {
    this.#options = options;
  }

  /** Takes what the catalog keeps into the settings, before any part has begun to use them. */
  static async open(options: SettingsDeskOptions): Promise<SettingsDesk> {
    const desk = new SettingsDesk(options);
    for (const [key, value] of await options.catalog.settings()) {
      if (FACTS.get(key)?.change === undefined || FACTS.get(key)?.change === 'fixed') continue;
      if (options.given.setBy(key) !== undefined) {
        options.log.info(
          { key },
          'the file or the environment sets this now; what was chosen on the page rests',
        );
      } else {
        const kept = new Map([...desk.#kept, [key, value]]);
        if (desk.#with(kept).success) desk.#kept.set(key, value);
        else
          options.log.warn(
            { key },
            'the value that was chosen on the page does not fit any more; it is left out',
          );
      }
    }
    const parsed = desk.#with(desk.#kept);
    if (parsed.success) assign(options.settings, parsed.data, SETTING_FACTS);
    return desk;
  }

  /** Who has to do something about a change that takes effect at once. */
  set onChange(listener: (keys: ReadonlySet<string>) => void) {
    this.#onChange = listener;
  }

  /** Who knows more than the schema of what would do harm here. */
  set objection(objection: SettingsObjection) {
    this.#objection = objection;
  }

  list(): Setting[] {
    const parsed = this.#with(this.#kept);
    const next = parsed.success ? parsed.data : this.#options.settings;
    return SETTING_FACTS.map((facts) => this.#setting(facts, next));
  }

  /**
   * BAD_REQUEST where a key is unknown or a value does not fit, CONFLICT where it is not to be changed here; then nothing is
   * changed.
   */
  patch(changes: SettingsPatch): Promise<Setting[]> {
    const result = this.#last.then(() => this.#patch(changes));
    this.#last = result.catch(() => {});
    return result;
  }

  async #patch(changes: SettingsPatch): Promise<Setting[]> {
    const wanted = new Map<string, unknown>();
    for (const [key, value] of Object.entries(changes)) wanted.set(key, this.#wanted(key, value));
    const kept = new Map(this.#kept);
    for (const [key, value] of wanted) {
      if (value === undefined) kept.delete(key);
      else kept.set(key, value);
    }
    const parsed = this.#with(kept);
    if (!parsed.success) {
      const issues = inputIssues(parsed.error);
      throw new ApiError('BAD_REQUEST', `${describeIssues(issues, 'the settings')}.`, { issues });
    }
    const objection = await this.#objection(parsed.data, new Set(wanted.keys()));
    if (objection !== undefined) throw new ApiError('BAD_REQUEST', objection);
    const { catalog, settings, log } = this.#options;
    await catalog.putSettings(wanted);
    this.#kept.clear();
    for (const [key, value] of kept) this.#kept.set(key, value);
    const live = SETTING_FACTS.filter(({ key, change }) => change === 'live' && wanted.has(key));
    assign(settings, parsed.data, live);
    for (const key of wanted.keys()) log.info({ key }, 'a setting was changed on the page');
    if (live.length > 0) this.#onChange(new Set(live.map(({ key }) => key)));
    return this.list();
  }

  /** The value as the schema takes it; undefined: the default. */
  #wanted(key: string, value: SettingValue): unknown {
    const facts = FACTS.get(key);
    if (facts === undefined) {
      throw new ApiError(
        'BAD_REQUEST',
        `"${key}" is no setting; GET /api/v1/settings lists those there are.`,
      );
    }
    const setBy = this.#options.given.setBy(key);
    if (facts.change === 'fixed') {
      throw new ApiError('CONFLICT', `${key} can only be set in the configuration file or the environment.`);
    }
    if (setBy !== undefined) {
      throw new ApiError(
        'CONFLICT',
        `${key} is set ${setBy === 'file' ? 'in the configuration file' : `by ${VARIABLE_OF.get(key)}`}; change it there, or take it out there first.`,
      );
    }
    if (value === null) return undefined;
    checkRange(facts, value);
    if (facts.kind !== 'list') return value;
    return String(value)
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  #with(kept: ReadonlyMap<string, unknown>) {
    const root: Record<string, unknown> = { ...this.#options.given.plain };
    for (const [key, value] of kept) setIn(root, key.split('.'), value);
    return settingsSchema.safeParse(root);
  }

  #setting(facts: SettingFacts, next: Settings): Setting {
    const { key, kind, change, description, choices, min, max } = facts;
    const setBy = this.#options.given.setBy(key) ?? (this.#kept.has(key) ? 'page' : 'default');
    const path = key.split('.');
    const value = shown(valueAt(next, path));
    const running = shown(valueAt(this.#options.settings, path));
    const variable = VARIABLE_OF.get(key);
    return {
      key,
      value,
      ...(running === value ? {} : { running }),
      default: shown(valueAt(DEFAULTS, path)),
      setBy,
      canChange: change !== 'fixed' && (setBy === 'default' || setBy === 'page'),
      needsRestart: change === 'restart',
      kind,
      ...(choices === undefined ? {} : { choices: [...choices] }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(variable === undefined ? {} : { variable }),
      description,
    };
  }
}

/** Narrower than the schema's: what the file may say on purpose may be a slip on the page. */
function checkRange({ key, min = -Infinity, max = Infinity }: SettingFacts, value: SettingValue): void {
  if (typeof value !== 'number' || (value >= min && value <= max)) return;
  const bounds = value < min ? `at least ${min}` : `at most ${max}`;
  throw new ApiError('BAD_REQUEST', `${key} has to be ${bounds}.`);
}

const DEFAULTS = settingsSchema.parse({});

function shown(value: unknown): SettingValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? value.join(', ') : null;
}

/** Changes the named settings in place: the parts hold this very object. */
function assign(settings: Settings, from: Settings, which: readonly SettingFacts[]): void {
  for (const { key } of which) {
    const [section = '', name] = key.split('.');
    const into: Record<string, unknown> = name === undefined ? settings : sectionOf(settings, section);
    into[name ?? section] = valueAt(from, key.split('.'));
  }
}

function sectionOf(settings: Settings, section: string): Record<string, unknown> {
  return valueAt(settings, [section]) as Record<string, unknown>;
}
