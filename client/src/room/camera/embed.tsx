import { useState } from 'preact/hooks';
import { Button } from '../ui/index.ts';
import { t } from './texts.ts';

/** What to paste into another page, or another player, to have the camera there. */
export function Embed({ id }: { id: string }) {
  const base = new URL('.', document.baseURI).href.replace(/\/$/, '');
  const snippet = [
    `<script type="module" src="${base}/sluice-player.js"></script>`,
    `<sluice-player src="/${id}" autoplay muted controls></sluice-player>`,
  ].join('\n');
  return (
    <div class="camera-embed">
      <p>{t('embed-page')}</p>
      <Copyable text={snippet} />
      <p>{t('embed-whep')}</p>
      <Copyable text={`${base}/whep/${id}`} />
    </div>
  );
}

function Copyable({ text }: { text: string }) {
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'by-hand'>('none');
  const copy = async (): Promise<void> => {
    try {
      // The clipboard is there in secure contexts only; elsewhere the text can be selected by hand.
      await navigator.clipboard.writeText(text);
      setOutcome('copied');
    } catch {
      setOutcome('by-hand');
    }
  };
  return (
    <div class="camera-copyable">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <Button class="small" onClick={() => void copy()}>
        {t(outcome === 'none' ? 'copy' : outcome === 'copied' ? 'copied' : 'copy-by-hand')}
      </Button>
    </div>
  );
}
