import puppeteer, { type Browser } from 'puppeteer-core';

/** Debian's Firefox, headless, driven over WebDriver BiDi. The caller closes it. */
export function launchFirefox(): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
    headless: true,
    // A machine with much else to do takes its time over the first start, which makes a profile.
    timeout: 60_000,
    protocolTimeout: 60_000,
    extraPrefsFirefox: {
      // It would wait for a codec that is fetched from the internet.
      'media.gmp-manager.updateEnabled': false,
      'media.gmp-gmpopenh264.enabled': false,
      // Else a window that is in nobody's sight plays slower and slower.
      'dom.min_background_timeout_value': 4,
      'browser.tabs.unloadOnLowMemory': false,
    },
  });
}
