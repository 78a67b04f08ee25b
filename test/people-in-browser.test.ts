// SPDX-License-Identifier: Apache-2.0
// People at a real desk: a browser with an authenticator, the server, and the signer that checks consent itself.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { builtPage } from '../web/test/built-page.ts';
import { launchBrowser } from './browser.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type TestDesk,
} from './harness.ts';

const WAIT_MS_MAX = 30_000;

interface Opened {
  readonly desk: TestDesk;
  readonly browser: Browser;
  readonly origin: string;
}

async function opened(t: TestContext): Promise<Opened> {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator([
    '--account', 'demo:USDT=10000', '--no-keys', '--seed', '130',
  ]); // prettier-ignore
  defer(() => simulator.stop());
  const desk = await startDesk({
    simulator, directory, bots: [], symbols: ['BTCUSDT'], webDirectory: await builtPage(),
  }); // prettier-ignore
  defer(() => desk.stop());
  const browser = await launchBrowser();
  defer(() => browser.close());
  return { desk, browser, origin: new URL(desk.link).origin };
}

/** A page with an authenticator of its own that asks nobody; and what the page broke of its security policy. */
async function person(
  browser: Browser,
): Promise<{ readonly context: BrowserContext; readonly page: Page; readonly broken: string[] }> {
  const context = await browser.newContext({ locale: 'en-GB' });
  context.setDefaultTimeout(WAIT_MS_MAX);
  const page = await context.newPage();
  const broken: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) broken.push(message.text());
  });
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { context, page, broken };
}

async function protect(page: Page, origin: string, link: string, name: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('region', { name: 'Protect this desk with a passkey' }).waitFor();
  await page.goto(`${origin}/people`);
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.getByRole('textbox', { name: 'Name of the passkey' }).fill('laptop');
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByText('People of this desk').waitFor();
}

test('[T130] a passkey protects the desk, logs in, confirms, and a recovery code is the way back', async (t) => {
  const { desk, browser, origin } = await opened(t);
  const { context, page, broken } = await person(browser);
  await protect(page, origin, desk.link, 'Ada');

  await page.goto(`${origin}/settings`);
  await page.getByRole('button', { name: 'Lock the desk' }).click();
  await page.getByRole('button', { name: 'Log in with a passkey' }).click();
  await page.getByRole('navigation').first().waitFor();

  await page.goto(`${origin}/people`);
  await page.getByRole('button', { name: 'Make ten new codes' }).click();
  const code = await page.locator('.people-codes code').first().innerText();
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('10 codes left').waitFor();

  const other = await person(browser);
  await other.page.goto(origin);
  await other.page.getByText('Other ways in').click();
  await other.page.getByRole('textbox', { name: 'Recovery code' }).fill(code.toLowerCase());
  await other.page.getByRole('button', { name: 'Log in with the code' }).click();
  await other.page.getByRole('navigation').first().waitFor();
  await other.context.close();

  await page.reload();
  await page.getByText('9 codes left').waitFor();
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByText('1 sessions ended.').waitFor();
  assert.deepEqual(broken, [], 'the page keeps to its security policy');
  await context.close();
});

test('[T131] an owner is enrolled in the signer by its code, and the fingerprint at the terminal is the one in the page', async (t) => {
  const { desk, browser, origin } = await opened(t);
  const { page, broken } = await person(browser);
  await protect(page, origin, desk.link, 'Ada');
  await page.getByText('No passkey approves yet').waitFor();
  await page.getByRole('button', { name: 'Enrol laptop' }).click();
  const said = (pattern: RegExp): RegExpExecArray | null =>
    desk.said.map((line) => pattern.exec(line)).find((match) => match !== null) ?? null;
  const code = /within an hour: ([A-Z2-9-]{19})/;
  const shownCode = (await until('the code', () => said(code)))[1] ?? '';
  const text = await page.locator('.consent-text').inputValue();
  const shown = /^fingerprint: ([0-9a-f ]{39})$/m.exec(text)?.[1] ?? 'none';
  const field = page.getByRole('textbox', { name: 'Code from the signer' });
  await field.fill('AAAA-AAAA-AAAA-AAAA');
  await page.getByRole('button', { name: 'Confirm with the code' }).click();
  await page.getByText('4 tries left').waitFor();
  await field.fill(shownCode.toLowerCase());
  await page.getByRole('button', { name: 'Confirm with the code' }).click();
  await page.getByText('The passkey is enrolled in the signer.').waitFor();
  const told = /Ada - laptop is enrolled as an owner\. Fingerprint of the passkey: (.+)$/;
  const atTerminal = await until('the enrolment', () => said(told));
  assert.equal(atTerminal[1], shown);

  // From now on the passkey itself consents: here to its own removal.
  await page.getByRole('button', { name: 'Remove from the signer' }).click();
  const removal = await page.locator('.consent-text').inputValue();
  assert.match(removal, /^act: remove an owner/m);
  assert.ok(removal.includes(shown), 'the same passkey');
  await page.getByRole('button', { name: 'Confirm with passkey' }).click();
  await page.getByText('No passkey approves yet').waitFor();
  await until('the removal', () => said(/Ada - laptop is no owner any more\.$/));
  assert.deepEqual(broken, [], 'the page keeps to its security policy');
});

test('[T132] an invited viewer comes in with a passkey, sees, and may not trade', async (t) => {
  const { desk, browser, origin } = await opened(t);
  const { page } = await person(browser);
  await protect(page, origin, desk.link, 'Ada');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Ben');
  await page.getByRole('button', { name: 'Make the link' }).click();
  const link = await page.locator('.people-link code').innerText();

  const guest = await person(browser);
  await guest.page.goto(link);
  await guest.page.getByText('Ada invites you as Viewer.').waitFor();
  await guest.page.getByRole('textbox', { name: 'Name of the passkey' }).fill('phone');
  await guest.page.getByRole('button', { name: 'Make a passkey and come in' }).click();
  await guest.page.getByRole('navigation').first().waitFor();
  assert.ok(!guest.page.url().includes('#'), 'the token is out of the address');
  const status = await guest.page.evaluate(async () => {
    const { status } = await fetch('/api/v1/bots/1/start', { method: 'POST' });
    return status;
  });
  assert.equal(status, 403);
  const again = await person(browser);
  await again.page.goto(link);
  await again.page.getByText('This invitation is not open any more').waitFor();
});
