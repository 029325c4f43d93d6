import type { ExportJob } from '../../../../shared/recording.ts';
import { element, setText } from '../../base/dom.ts';
import { durationText, localIso, type TimeWindow } from '../camera/time-window.ts';
import { sizeText } from './format.ts';
import {
  exportFileUrl,
  listExports,
  removeExport,
  retryExport,
  type StreamKey,
  startExport,
} from './recordings-api.ts';

const POLL_BUSY_MS = 1_000;
const POLL_MS = 15_000;

/** What is marked for an export, as far as it is. */
export interface Marked {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

export interface ExportPanelOptions {
  readonly stream: StreamKey;
  /** Unix milliseconds of the picture on the screen. */
  timeNow(): number;
  onMarked(marked: Marked): void;
}

/** Marks a range, makes an MP4 of it, and shows how far that is. */
export class ExportPanel {
  readonly root: HTMLElement;
  readonly #options: ExportPanelOptions;
  readonly #from = dateField('From');
  readonly #to = dateField('To');
  readonly #length = element('span', { class: 'quiet' });
  readonly #start = button('Export MP4', 'button primary', () => void this.#export());
  readonly #clear = button('Clear', 'button', () => this.#mark({ fromMs: undefined, toMs: undefined }));
  readonly #trouble = element('p', { class: 'form-error', attributes: { role: 'alert', hidden: true } });
  readonly #list = element('ul', { class: 'jobs', attributes: { role: 'list', 'aria-label': 'Exports' } });
  readonly #rows = new Map<string, JobRow>();
  #marked: Marked = { fromMs: undefined, toMs: undefined };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #visible = false;

  constructor(options: ExportPanelOptions) {
    this.#options = options;
    const markFrom = button('Mark start here', 'button small', () =>
      this.#mark({ ...this.#marked, fromMs: options.timeNow() }),
    );
    const markTo = button('Mark end here', 'button small', () =>
      this.#mark({ ...this.#marked, toMs: options.timeNow() }),
    );
    for (const field of [this.#from, this.#to])
      field.input.addEventListener('change', () => this.#readFields());
    this.root = element(
      'section',
      { class: 'export', attributes: { 'aria-label': 'Export' } },
      element('div', { class: 'mark-row' }, this.#from.row, markFrom, this.#to.row, markTo),
      element('div', { class: 'form-actions' }, this.#start, this.#clear, this.#length),
      this.#trouble,
      this.#list,
    );
    this.#render();
  }

  set visible(visible: boolean) {
    this.#visible = visible;
    clearTimeout(this.#timer);
    if (visible) void this.#poll();
  }

  #readFields(): void {
    const read = ({ input }: DateField): number | undefined => {
      const ms = new Date(input.value).getTime();
      return Number.isNaN(ms) ? undefined : ms;
    };
    this.#mark({ fromMs: read(this.#from), toMs: read(this.#to) });
  }

  #mark(marked: Marked): void {
    this.#marked = marked;
    this.#say(undefined);
    this.#render();
    this.#options.onMarked(marked);
  }

  #render(): void {
    const { fromMs, toMs } = this.#marked;
    this.#from.set(fromMs);
    this.#to.set(toMs);
    const range = rangeOf(this.#marked);
    this.#start.disabled = range === undefined;
    this.#clear.hidden = fromMs === undefined && toMs === undefined;
    const wrong = fromMs !== undefined && toMs !== undefined && range === undefined;
    const text = wrong
      ? 'The end has to be later than the start.'
      : range === undefined
        ? 'Mark where it starts and where it ends.'
        : durationText(range.toMs - range.fromMs);
    setText(this.#length, text);
  }

  async #export(): Promise<void> {
    const range = rangeOf(this.#marked);
    if (range === undefined) return;
    this.#start.disabled = true;
    const answer = await startExport(this.#options.stream, range);
    if (answer.ok) this.#mark({ fromMs: undefined, toMs: undefined });
    else this.#say(answer.error.message);
    this.#render();
    void this.#poll();
  }

  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    const answer = await listExports(this.#options.stream);
    if (!this.#visible) return;
    if (answer.ok) this.#show(answer.value);
    const busy = answer.ok && answer.value.some(({ state }) => state === 'queued' || state === 'running');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), busy ? POLL_BUSY_MS : POLL_MS);
  }

  #show(jobs: readonly ExportJob[]): void {
    const ids = new Set(jobs.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.root.remove();
      this.#rows.delete(id);
    }
    jobs.forEach((job, index) => {
      const row = this.#rows.get(job.id) ?? new JobRow((action) => void this.#act(job.id, action));
      this.#rows.set(job.id, row);
      row.update(job);
      if (this.#list.children[index] !== row.root)
        this.#list.insertBefore(row.root, this.#list.children[index] ?? null);
    });
  }

  async #act(id: string, action: 'retry' | 'remove'): Promise<void> {
    const answer = await (action === 'retry' ? retryExport(id) : removeExport(id));
    this.#say(answer.ok ? undefined : answer.error.message);
    void this.#poll();
  }

  #say(trouble: string | undefined): void {
    this.#trouble.hidden = trouble === undefined;
    setText(this.#trouble, trouble ?? '');
  }
}

/** One job, updated in place so that a button that has the focus keeps it. */
class JobRow {
  readonly root: HTMLLIElement;
  readonly #name = element('span', { class: 'job-name' });
  readonly #about = element('span', { class: 'quiet' });
  readonly #progress = element('progress', {
    attributes: { max: '1', value: '0', 'aria-label': 'Progress' },
  });
  readonly #files = element('span', { class: 'job-files' });
  readonly #retry: HTMLButtonElement;
  readonly #remove: HTMLButtonElement;
  #drawnFiles = '';

  constructor(act: (action: 'retry' | 'remove') => void) {
    this.#retry = button('Try again', 'button small', () => act('retry'));
    this.#remove = button('Cancel', 'button small', () => act('remove'));
    this.root = element(
      'li',
      { class: 'job' },
      element('div', { class: 'job-text' }, this.#name, this.#about, this.#progress),
      this.#files,
      this.#retry,
      this.#remove,
    );
  }

  update(job: ExportJob): void {
    const { state } = job;
    const busy = state === 'queued' || state === 'running';
    this.root.dataset.state = state;
    setText(this.#name, job.fileName);
    setText(this.#about, jobText(job));
    this.#progress.hidden = state !== 'running';
    this.#progress.value = job.progress;
    this.#retry.hidden = state !== 'failed' && state !== 'cancelled';
    setText(this.#remove, busy ? 'Cancel' : 'Remove');
    this.#remove.setAttribute('aria-label', `${busy ? 'Cancel' : 'Remove'} ${job.fileName}`);
    this.#drawFiles(job);
  }

  #drawFiles({ id, state, files }: ExportJob): void {
    const drawn = state === 'done' ? files.map(({ name }) => name).join('/') : '';
    if (drawn === this.#drawnFiles) return;
    this.#drawnFiles = drawn;
    const links = files.map(({ name }, part) =>
      element('a', {
        class: 'button small primary',
        text: files.length === 1 ? 'Download' : `Part ${part + 1}`,
        attributes: { href: exportFileUrl(id, part + 1), download: name, 'aria-label': `Download ${name}` },
      }),
    );
    this.#files.replaceChildren(...(state === 'done' ? links : []));
  }
}

/** What is to be known of a job beside its name. */
export function jobText(job: ExportJob): string {
  const about = `${localIso(job.start).replace('T', ' ')}, ${durationText(job.end - job.start)}`;
  switch (job.state) {
    case 'queued':
      return `${about} · waits for its turn`;
    case 'running': {
      const eta = job.etaMs === undefined ? '' : `, ${durationText(job.etaMs)} left`;
      return `${about} · ${Math.floor(job.progress * 100)} %${eta}`;
    }
    case 'done': {
      const size = sizeText(job.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
      const missing = job.gaps.reduce((sum, { start, end }) => sum + end - start, 0);
      return `${about} · ${size}${missing === 0 ? '' : ` · ${durationText(missing)} of it were not recorded`}`;
    }
    case 'failed':
      return `${about} · ${job.error?.message ?? 'It failed.'}`;
    case 'cancelled':
      return `${about} · cancelled`;
  }
}

function rangeOf({ fromMs, toMs }: Marked): TimeWindow | undefined {
  return fromMs !== undefined && toMs !== undefined && toMs > fromMs
    ? { fromMs: Math.round(fromMs), toMs: Math.round(toMs) }
    : undefined;
}

interface DateField {
  readonly row: HTMLElement;
  readonly input: HTMLInputElement;
  set(timeMs: number | undefined): void;
}

function dateField(label: string): DateField {
  const input = element('input', { class: 'date-field', attributes: { type: 'datetime-local', step: '1' } });
  const row = element('label', { class: 'date-label' }, label, input);
  return {
    row,
    input,
    set: (timeMs) => {
      const text = timeMs === undefined ? '' : localIso(timeMs);
      if (input.value !== text) input.value = text;
    },
  };
}

function button(text: string, style: string, onClick: () => void): HTMLButtonElement {
  return element('button', { class: style, text, attributes: { type: 'button' }, on: { click: onClick } });
}
