import type { StreamDefinition, StreamStatus } from '../../../../shared/stream.ts';
import { element, setText } from '../../base/dom.ts';
import { type StreamKey, setRecord } from './recordings-api.ts';

type Record = NonNullable<StreamDefinition['record']>;

/** Switches recording on and off, and says how it stands with it. */
export class RecordSwitch {
  readonly root: HTMLElement;
  readonly #button = element('button', {
    class: 'switch',
    attributes: { type: 'button', role: 'switch', 'aria-checked': 'false' },
  });
  readonly #text = element('span', { class: 'switch-text' });
  readonly #trouble = element('p', { class: 'form-error', attributes: { role: 'alert', hidden: true } });
  readonly #stream: StreamKey;
  readonly #onChanged: () => void;
  #on = false;
  /** What recording was set to, with its own limits, to be restored when it is switched on again. */
  #policy: Record = true;

  constructor(stream: StreamKey, onChanged: () => void) {
    this.#stream = stream;
    this.#onChanged = onChanged;
    this.#button.append(element('span', { class: 'knob' }), this.#text);
    this.#button.addEventListener('click', () => void this.#toggle());
    this.root = element('div', { class: 'record-switch' }, this.#button, this.#trouble);
  }

  update({ record, recorder, readOnly, demo }: StreamStatus): void {
    if (typeof record === 'object') this.#policy = record;
    this.#on = recorder.state === 'recording' || recorder.state === 'waiting';
    this.#button.setAttribute('aria-checked', String(this.#on));
    const isFixed = readOnly && demo !== true;
    this.#button.disabled = isFixed;
    this.#button.title = isFixed ? 'This camera is set up in the configuration file; change it there.' : '';
    setText(this.#text, switchText(recorder));
  }

  async #toggle(): Promise<void> {
    this.#button.disabled = true;
    const answer = await setRecord(this.#stream, this.#on ? false : this.#policy);
    this.#button.disabled = false;
    this.#trouble.hidden = answer.ok;
    if (answer.ok) this.update(answer.value);
    else setText(this.#trouble, answer.error.message);
    this.#onChanged();
  }
}

function switchText({ state, reason }: StreamStatus['recorder']): string {
  switch (state) {
    case 'recording':
      return 'Recording';
    case 'waiting':
      return `Recording waits: ${reason?.message ?? 'there is no picture.'}`;
    case 'idle':
    case 'off':
      return 'Not recording';
  }
}
