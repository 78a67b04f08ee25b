// SPDX-License-Identifier: Apache-2.0
// A reader at the desk: a real browser, the built page, the fixture's server, and everything that went wrong.

import assert from 'node:assert/strict';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { launchBrowser } from '../../test/browser.ts';
import { builtPage } from './built-page.ts';
import { makeFixtureData, type FixtureData } from './fixture-data.ts';
import { FixtureServer } from './fixture-server.ts';

export const SEED = 42;
const WAIT_MS_MAX = 30_000;

export interface Reader {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly server: FixtureServer;
  /** Console errors, uncaught errors, failed loads, requests to other places. */
  readonly faults: string[];
}

export interface ReaderOptions {
  readonly path?: string;
  readonly data?: FixtureData;
  readonly width?: number;
  readonly locale?: string;
  readonly theme?: 'dark' | 'light';
  readonly reducedMotion?: boolean;
  /** Faults that the test brings about itself. */
  readonly expected?: RegExp;
  readonly prepare?: (server: FixtureServer) => void;
}

/** One browser for a test file. */
export class Readers {
  #browser: Browser | null = null;

  async open(): Promise<void> {
    await builtPage();
    this.#browser = await launchBrowser();
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }

  /** Opens the desk for `work` and checks afterwards that nothing went wrong on the page. */
  async read(options: ReaderOptions, work: (reader: Reader) => Promise<void>): Promise<void> {
    assert.ok(this.#browser, 'the browser is open');
    const server = new FixtureServer(options.data ?? makeFixtureData(SEED));
    options.prepare?.(server);
    await server.start();
    const width = options.width ?? 1440;
    const isPhone = width < 720;
    const context = await this.#browser.newContext({
      viewport: { width, height: isPhone ? 844 : 900 },
      isMobile: isPhone,
      hasTouch: isPhone,
      locale: options.locale ?? 'en-GB',
      timezoneId: 'Europe/Berlin',
      colorScheme: options.theme ?? 'dark',
      reducedMotion: options.reducedMotion === true ? 'reduce' : 'no-preference',
      acceptDownloads: true,
    });
    context.setDefaultTimeout(WAIT_MS_MAX);
    const page = await context.newPage();
    const faults = watch(page, server);
    try {
      await page.goto(server.url + (options.path ?? '/'));
      await work({ page, context, server, faults });
      const unexpected = faults.filter((fault) => options.expected?.test(fault) !== true);
      assert.deepEqual(unexpected, [], 'nothing went wrong on the page');
    } finally {
      await context.close();
      await server.stop();
    }
  }
}

/** Waits until `read` answers what is wanted, and says what it answered last when that never happens. */
export async function eventually<T>(
  read: () => Promise<T> | T,
  isWanted: (value: T) => boolean,
  what: string,
): Promise<T> {
  const until = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const value = await read();
    if (isWanted(value)) return value;
    if (Date.now() > until)
      throw new Error(`${what}: expected in time, found ${JSON.stringify(value)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
  }
}

/** Text as a person reads it: one space between words, whichever the locale took. */
export function plain(text: string | null): string {
  return (text ?? '').replace(/[\s\u00a0\u202f]+/g, ' ').trim();
}

/** Everything on the page that was being read is there. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main').first().waitFor();
  await eventually(
    () => page.locator('.skeleton').count(),
    (count) => count === 0,
    'no part of the page is still loading',
  );
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

function watch(page: Page, server: FixtureServer): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      faults.push(`console: ${message.text()} ${message.location().url}`);
    }
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(server.url) && !url.startsWith('blob:') && !url.startsWith('data:')) {
      faults.push(`foreign request: ${url}`);
    }
  });
  return faults;
}
