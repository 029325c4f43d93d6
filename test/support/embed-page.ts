import type { Page } from 'playwright-core';

const PLAYER = '<sluice-player src="/live/demo" muted autoplay controls></sluice-player>';
/** Several stand side by side, so that all are on the screen. */
const SIZE = `body { margin: 0; background: #fff }
  h1 { grid-column: 1 / -1; margin: 0 }
  main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)) }
  sluice-player { display: block; max-width: 960px }`;

/**
 * A page that embeds players as any page would, with the gateway's own policy: for tests of players, which the control
 * room need not be part of. `html` is what its body holds.
 */
export async function openEmbed(page: Page, gatewayUrl: string, html = PLAYER): Promise<void> {
  // A page of the gateway's that is empty but for a few words.
  await page.goto(`${gatewayUrl}/healthz`);
  await page.evaluate(`(async () => {
    document.title = 'Embedding page';
    document.documentElement.lang = 'en';
    const viewport = document.createElement('meta');
    viewport.name = 'viewport';
    viewport.content = 'width=device-width, initial-scale=1';
    document.head.append(viewport);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(${JSON.stringify(SIZE)});
    document.adoptedStyleSheets = [sheet];
    await import('/sluice-player.js');
    document.body.innerHTML = ${JSON.stringify(`<main><h1>Cameras</h1>${html}</main>`)};
  })()`);
}
