import { element, setText } from '../../base/dom.ts';
import type { PlayerStats, SluicePlayer } from '../../player/index.ts';
import { bitrateText } from './format.ts';

const REFRESH_MS = 1_000;
const UNKNOWN = '–';

const FIGURES: readonly { label: string; text(stats: PlayerStats): string }[] = [
  { label: 'Delay', text: ({ latencyMs }) => unit(latencyMs, 'ms') },
  { label: 'Frame rate', text: ({ fps }) => unit(fps, 'fps') },
  {
    label: 'Bit rate',
    text: ({ bitrateKbps }) => (bitrateKbps === undefined ? UNKNOWN : bitrateText(bitrateKbps)),
  },
  { label: 'Packets lost', text: ({ packetsLost }) => unit(packetsLost, '') },
  { label: 'Jitter', text: ({ jitterMs }) => unit(jitterMs, 'ms') },
  { label: 'Round trip', text: ({ rttMs }) => unit(rttMs, 'ms') },
  {
    label: 'Path',
    text: ({ mode, transport }) => (mode === 'hls' ? 'HLS' : (transport?.toUpperCase() ?? UNKNOWN)),
  },
];

/** The figures of an enlarged player, and what to paste into another page to have it there. */
export class StatsPanel {
  readonly root: HTMLElement;
  readonly #player: SluicePlayer;
  readonly #values = FIGURES.map(() => element('dd', { text: UNKNOWN }));
  readonly #fallback = element('p', { class: 'why', attributes: { hidden: true } });
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(player: SluicePlayer, id: string, report: HTMLElement) {
    this.#player = player;
    const pairs = FIGURES.map(({ label }, index) =>
      element('div', {}, element('dt', { text: label }), this.#values[index]),
    );
    this.root = element(
      'div',
      { class: 'details', attributes: { hidden: true } },
      element('dl', { class: 'figures' }, ...pairs),
      this.#fallback,
      report,
      embedding(id),
    );
  }

  set visible(visible: boolean) {
    this.root.hidden = !visible;
    clearInterval(this.#timer);
    if (!visible) return;
    this.#timer = setInterval(() => void this.#refresh(), REFRESH_MS);
    void this.#refresh();
  }

  async #refresh(): Promise<void> {
    const stats = await this.#player.stats;
    const { fallback } = stats ?? {};
    this.#fallback.hidden = fallback === undefined;
    const why = fallback === undefined ? '' : `Some seconds behind, over HLS. ${fallback.message}`;
    setText(this.#fallback, why);
    FIGURES.forEach(({ text }, index) => {
      const value = this.#values[index];
      if (value !== undefined) setText(value, stats === undefined ? UNKNOWN : text(stats));
    });
  }
}

function embedding(id: string): HTMLElement {
  const base = new URL('.', document.baseURI).href.replace(/\/$/, '');
  const snippet = [
    `<script type="module" src="${base}/sluice-player.js"></script>`,
    `<sluice-player src="/${id}" autoplay muted controls></sluice-player>`,
  ].join('\n');
  return element(
    'details',
    { class: 'embed' },
    element('summary', { text: 'Use it elsewhere' }),
    element('p', {
      text: 'In a page of your own (its origin has to be among http.allowedOrigins, and it needs a token where one is set):',
    }),
    copyable(snippet),
    element('p', { text: 'For players that speak WHEP:' }),
    copyable(`${base}/whep/${id}`),
  );
}

function copyable(text: string): HTMLElement {
  const button = element('button', { class: 'button small', text: 'Copy', attributes: { type: 'button' } });
  button.addEventListener('click', async () => {
    // The clipboard is there in secure contexts only; elsewhere the text can be selected by hand.
    const copied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setText(button, copied ? 'Copied' : 'Select it and press Ctrl+C');
  });
  return element('div', { class: 'copyable' }, element('pre', {}, element('code', { text })), button);
}

function unit(value: number | undefined, name: string): string {
  if (value === undefined) return UNKNOWN;
  return `${Math.round(value * 10) / 10} ${name}`.trim();
}
