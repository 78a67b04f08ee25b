// SPDX-License-Identifier: Apache-2.0
// Takes the pictures of the README: a real desk on its demo exchange, opened by its link in a real browser.
//
//   node tools/screenshots.ts            writes docs/images/
//   node tools/screenshots.ts --to DIR --deals N -- --market FILE --speed 60    what follows -- is for `kontor start`

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import type { Browser, Page } from 'playwright-core';

import { launchBrowser } from '../test/browser.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const START_MS_MAX = 60_000;
/** Until the desk has something to show. */
const DEALS_MS_MAX = 10 * 60_000;
const PAGE_MS_MAX = 60_000;

interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly colorScheme: 'dark' | 'light';
}

const PICTURES: readonly Picture[] = [
  { name: 'desk-dark', width: 1440, height: 900, scale: 1, colorScheme: 'dark' },
  { name: 'desk-light', width: 1440, height: 900, scale: 1, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, scale: 2, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, scale: 2, colorScheme: 'light' },
];

const { values: options, positionals: startOptions } = parseArgs({
  allowPositionals: true,
  options: {
    to: { type: 'string', default: path.join(ROOT, 'docs', 'images') },
    deals: { type: 'string', default: '5' },
  },
});

const data = fs.mkdtempSync(path.join(os.tmpdir(), 'kontor-pictures-'));
const desk = spawn(
  process.execPath,
  [
    path.join(ROOT, 'cli/src/main.ts'),
    'start',
    '--data',
    data,
    '--port',
    '0',
    '--no-open',
    '--json',
    ...startOptions,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
let browser: Browser | undefined;
try {
  const { url, link } = await firstLine(desk);
  browser = await launchBrowser();
  const cookies = await logIn(browser, link);
  await waitForDeals(browser, url, cookies, Number(options.deals));
  fs.mkdirSync(options.to, { recursive: true });
  for (const picture of PICTURES) await take(browser, url, cookies, picture);
} finally {
  await browser?.close();
  desk.kill('SIGINT');
  if (desk.exitCode === null && desk.signalCode === null) await once(desk, 'exit');
  fs.rmSync(data, { recursive: true, force: true });
}

type Cookies = Awaited<ReturnType<Awaited<ReturnType<Browser['newContext']>>['cookies']>>;

async function firstLine(child: ChildProcess): Promise<{ url: string; link: string }> {
  const { stdout } = child;
  if (stdout === null) throw new Error('the desk has no standard output');
  const line = await Promise.race([
    once(createInterface({ input: stdout }), 'line').then(([text]: string[]) => text),
    once(child, 'exit').then(() => undefined),
    new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), START_MS_MAX).unref();
    }),
  ]);
  if (line === undefined) throw new Error('the desk did not start; see above');
  const ready = JSON.parse(line) as { url?: string; link?: string };
  if (ready.url === undefined || ready.link === undefined) {
    throw new Error(`expected a line with url and link, found ${line}`);
  }
  // The session's cookie is of the host that the link names.
  return { url: new URL(ready.link).origin, link: ready.link };
}

/** The link works once, so that its session is shared by all pictures. */
async function logIn(from: Browser, link: string): Promise<Cookies> {
  const context = await from.newContext();
  const page = await context.newPage();
  await page.goto(link, { timeout: PAGE_MS_MAX });
  await page.waitForLoadState('load', { timeout: PAGE_MS_MAX });
  const cookies = await context.cookies();
  await context.close();
  if (cookies.length === 0) throw new Error('the link set no session');
  return cookies;
}

async function waitForDeals(
  from: Browser,
  url: string,
  cookies: Cookies,
  wanted: number,
): Promise<void> {
  const context = await from.newContext();
  await context.addCookies(cookies);
  const end = performance.now() + DEALS_MS_MAX;
  for (;;) {
    const answer = await context.request.get(`${url}/api/v1/deals`, { timeout: PAGE_MS_MAX });
    const { total } = (await answer.json()) as { total: number };
    if (total >= wanted) break;
    if (performance.now() > end) throw new Error(`expected ${wanted} deals, found ${total}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  await context.close();
}

async function take(from: Browser, url: string, cookies: Cookies, picture: Picture): Promise<void> {
  const context = await from.newContext({
    viewport: { width: picture.width, height: picture.height },
    deviceScaleFactor: picture.scale,
    colorScheme: picture.colorScheme,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  await context.addCookies(cookies);
  const page = await context.newPage();
  const problems = watch(page);
  await page.goto(url, { timeout: PAGE_MS_MAX });
  // The live stream keeps a connection open, so the page is ready when its figures are there.
  try {
    await page.locator('main').first().waitFor({ timeout: PAGE_MS_MAX });
  } catch (error) {
    throw new Error(`${picture.name}: no page after ${PAGE_MS_MAX} ms; ${problems.join('; ')}`, {
      cause: error,
    });
  }
  await page.waitForTimeout(2_000);
  const file = path.join(options.to, `${picture.name}.png`);
  await page.screenshot({ path: file });
  await context.close();
  if (problems.length > 0) throw new Error(`${picture.name}: ${problems.join('; ')}`);
  process.stdout.write(`${path.relative(ROOT, file)}\n`);
}

/** A picture of a page with a fault is not one to show. */
function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  return problems;
}
