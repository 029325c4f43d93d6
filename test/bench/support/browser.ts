import { readFile } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../../server/setup/programs.mjs';

export type Way = 'player' | 'whep';

/** Chromium without a window, with a page of the gateway in which `sluiceBench` (page.js) is defined. */
export interface BenchBrowser {
  newPage(url: string): Promise<BenchPage>;
  close(): Promise<void>;
}

export interface BenchPage {
  loadPlayer(): Promise<boolean>;
  join(way: Way, stream: string): Promise<Join>;
  glass(way: Way, stream: string, times: { warmUpMs: number; lengthMs: number }): Promise<Glass>;
  close(): Promise<void>;
}

/** Unix times. `connectedMs`: ICE and DTLS were up. */
export interface Join {
  readonly clickMs: number;
  readonly connectedMs: number;
  readonly firstFrameMs: number;
}

export interface Glass {
  readonly frames: readonly {
    readonly code: number;
    /** When the picture is expected to be seen, at the earliest when the page could read it. */
    readonly shownMs: number;
    /** When it was handed to the compositor. */
    readonly submittedMs: number;
    /** When its last packet came in. */
    readonly receivedMs: number;
    readonly decodeMs: number;
  }[];
  /** Pictures whose code could not be read. */
  readonly unread: number;
  readonly width: number;
}

const JOIN_TIMEOUT_MS = 15_000;

/** Chromium without a window, which outlives Ctrl-C until the bench closes it. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('This bench needs Chromium; npm test installs it.');
  return chromium.launch({
    executablePath,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: [
      '--no-sandbox',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  });
}

export async function launchBrowser(): Promise<BenchBrowser> {
  const browser = await launchChromium();
  const script = await readFile(new URL('../page/page.js', import.meta.url), 'utf8');
  return { newPage: (url) => openPage(browser, url, script), close: () => browser.close() };
}

async function openPage(browser: Browser, url: string, script: string): Promise<BenchPage> {
  const page = await browser.newPage({ bypassCSP: true, viewport: { width: 1280, height: 720 } });
  // Any document of the gateway's own origin will do; this one runs no scripts of its own.
  await page.goto(`${url}/healthz`);
  await page.evaluate(script);
  const call = <T>(method: string, ...args: unknown[]) => callPage<T>(page, method, args);
  return {
    loadPlayer: () => call('loadPlayer'),
    join: (way, stream) => within(JOIN_TIMEOUT_MS, `${way} ${stream}`, call<Join>('join', way, stream)),
    glass: (way, stream, times) => {
      const timeoutMs = JOIN_TIMEOUT_MS + times.warmUpMs + times.lengthMs;
      return within(timeoutMs, `${way} ${stream}`, call<Glass>('glass', way, stream, times));
    },
    close: () => page.close(),
  };
}

function callPage<T>(page: Page, method: string, args: readonly unknown[]): Promise<T> {
  const list = args.map((arg) => JSON.stringify(arg)).join(', ');
  return page.evaluate<T>(`sluiceBench.${method}(${list})`);
}

async function within<T>(timeoutMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no picture of ${what} after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
