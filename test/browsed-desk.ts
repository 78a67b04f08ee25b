// SPDX-License-Identifier: Apache-2.0
// A person's session in a real browser: logs in, hands over a secret, looks at every page. What could be kept of it
// elsewhere is written into files: the text that a screenshot would show, and all that the browser stores.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';

const WAIT_MS_MAX = 60_000;

export interface Session {
  readonly link: string;
  /** The desk's connections go there, so that what passes can be kept. */
  readonly through: string;
  readonly secret: string;
  readonly name: string;
  readonly folder: string;
}

/** The addresses of the pages that were looked at. */
export async function browseDesk(session: Session): Promise<readonly string[]> {
  const { host, origin } = new URL(session.link);
  const browser = await launchBrowser([
    `--host-resolver-rules=MAP ${host} ${new URL(session.through).host}`,
  ]);
  try {
    const context = await browser.newContext({ locale: 'en-GB' });
    context.setDefaultTimeout(WAIT_MS_MAX);
    const page = await context.newPage();
    const shown: string[] = [];
    page.on('console', (message) => shown.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => shown.push(`error: ${error.message}`));
    await page.goto(session.link);
    await page.getByRole('navigation').first().waitFor();
    await handOver(page, origin, session);
    const stored: string[] = [];
    const keep = async (): Promise<void> => {
      // What a screenshot shows, what a page that is saved holds, and what is typed into its fields.
      shown.push(page.url(), await page.innerText('body'), await page.content());
      for (const field of await page.locator('input, textarea').all())
        shown.push(await field.inputValue().catch(() => ''));
      stored.push(await page.evaluate('JSON.stringify(sessionStorage)'));
    };
    await keep();
    const pages = [`${origin}/connections`, ...(await linksOf(page, origin))];
    const visited = [...new Set(pages)];
    for (const address of visited) {
      await page.goto(address);
      await page.locator('main').first().waitFor();
      await keep();
    }
    stored.push(JSON.stringify(await context.storageState({ indexedDB: true })));
    writeFileSync(join(session.folder, 'screens'), shown.join('\n'));
    writeFileSync(join(session.folder, 'browser-storage'), stored.join('\n'));
    return visited;
  } finally {
    await browser.close();
  }
}

async function handOver(page: Page, origin: string, { name, secret }: Session): Promise<void> {
  await page.goto(`${origin}/connections/new`);
  await page.getByRole('combobox', { name: 'Exchange' }).selectOption('demo');
  await page.getByRole('radio', { name: /^HMAC/ }).check();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('checkbox').check();
  await page.getByLabel('Secret of the exchange', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Seal and hand over' }).click();
  await page.getByRole('textbox', { name: 'API key' }).waitFor();
}

/** The pages that the desk's own navigation names. */
async function linksOf(page: Page, origin: string): Promise<readonly string[]> {
  const links: unknown = await page.evaluate(
    'Array.from(document.querySelectorAll("nav a[href]"), (link) => link.href)',
  );
  assert.ok(Array.isArray(links) && links.length > 3, 'the desk has a navigation');
  return links.map(String).filter((link) => new URL(link).origin === origin);
}
