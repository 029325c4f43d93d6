import { type CameraReport, cameraReportSchema } from '../../../../shared/report.ts';
import { element, setText } from '../../base/dom.ts';
import { call, streamPath } from '../api/call.ts';
import { reportRows } from './report-text.ts';

const REFRESH_MS = 5_000;

const SEVERITIES: Readonly<Record<CameraReport['advice'][number]['severity'], string>> = {
  problem: 'Problem',
  warning: 'Improve',
  note: 'Note',
};

/** What the camera is and does, with advice; asked for only while somebody has it open. */
export class ReportPanel {
  readonly root: HTMLDetailsElement;
  readonly #path: string;
  readonly #quiet = element('p', { class: 'quiet', text: 'Asking …' });
  readonly #advice = element('ul', { class: 'advice', attributes: { role: 'list', 'aria-label': 'Advice' } });
  readonly #rows = element('dl', { class: 'facts-list' });
  #drawn = '';
  #visible = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(stream: { readonly app: string; readonly name: string }) {
    this.#path = `${streamPath(stream.app, stream.name)}/report`;
    this.root = element(
      'details',
      { class: 'embed report', on: { toggle: () => this.#follow() } },
      element('summary', { text: 'Camera report' }),
      this.#quiet,
      this.#advice,
      this.#rows,
    );
  }

  set visible(visible: boolean) {
    this.#visible = visible;
    this.#follow();
  }

  #follow(): void {
    clearInterval(this.#timer);
    if (!this.#visible || !this.root.open) return;
    this.#timer = setInterval(() => void this.#refresh(), REFRESH_MS);
    void this.#refresh();
  }

  async #refresh(): Promise<void> {
    const answer = await call('GET', this.#path, cameraReportSchema);
    if (answer.ok) this.#show(answer.value);
    else setText(this.#quiet, answer.error.message);
    this.#quiet.hidden = answer.ok && answer.value.isCurrent;
  }

  #show(report: CameraReport): void {
    const rows = reportRows(report);
    const known = rows.length > 0 ? 'this is what was last known of it' : 'it has not been seen yet';
    setText(this.#quiet, `The camera is not there now; ${known}.`);
    // A refresh that changes nothing leaves what is selected alone.
    const drawn = JSON.stringify([rows, report.advice]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const advice = report.advice.map(({ severity, message }) =>
      element(
        'li',
        { attributes: { 'data-severity': severity } },
        element('strong', { text: SEVERITIES[severity] }),
        element('span', { text: message }),
      ),
    );
    if (advice.length === 0) advice.push(element('li', { text: 'Nothing to improve.' }));
    this.#advice.replaceChildren(...advice);
    this.#rows.replaceChildren(
      ...rows.map(({ name, text }) =>
        element('div', {}, element('dt', { text: name }), element('dd', { text })),
      ),
    );
  }
}
