import type { Page } from 'playwright-core';

/**
 * What is wrong with a page, whatever it shows: scripts that throw, what its policy blocks, and what it asks of anybody but
 * the gateway that it came from. The list grows while the page is used; in the end it is to be empty.
 */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text());
  });
  let host: string | undefined;
  const asks = (address: string): void => {
    const url = new URL(address);
    if (url.protocol === 'blob:' || url.protocol === 'data:') return;
    // The page itself comes first.
    host ??= url.host;
    if (url.host !== host) complaints.push(`it asked another host: ${address}`);
  };
  page.on('request', (request) => asks(request.url()));
  page.on('websocket', (socket) => asks(socket.url()));
  return complaints;
}
