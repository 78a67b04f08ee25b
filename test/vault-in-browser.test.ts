// SPDX-License-Identifier: Apache-2.0
// A locked desk that is opened from a real browser: by its passphrase, and by a passkey that gives a key.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { keyFingerprint } from '../cli/src/key-fingerprint.ts';
import { builtPage } from '../web/test/built-page.ts';
import { launchBrowser } from './browser.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  type TestDesk,
} from './harness.ts';
import { setPassphrase } from './kontor-command.ts';

const WAIT_MS_MAX = 60_000;
const PASSPHRASE = 'correct horse battery';

test('[T160, T161, C182] attack 32: a locked desk opens from the browser by its passphrase, then by a passkey, and no request shows either', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator([
    '--account', 'demo:USDT=10000', '--no-keys', '--seed', '160',
  ]); // prettier-ignore
  defer(() => simulator.stop());
  const webDirectory = await builtPage();
  let desk: TestDesk | null = null;
  const stop = async (): Promise<void> => {
    await desk?.stop();
    desk = null;
  };
  const start = async (): Promise<TestDesk> => {
    desk = await startDesk({ simulator, directory, bots: [], symbols: ['BTCUSDT'], webDirectory });
    return desk;
  };
  defer(stop);
  await start();
  await stop();
  await setPassphrase(directory, PASSPHRASE);

  const browser = await launchBrowser();
  defer(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB' });
  context.setDefaultTimeout(WAIT_MS_MAX);
  const page = await context.newPage();
  const sent: string[] = [];
  page.on('request', (request) => {
    sent.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? '');
  });
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });

  await page.goto((await start()).link);
  const field = page.getByLabel('Passphrase of the vault');
  const open = page.getByRole('button', { name: 'Open the vault' });
  // C182: the page computes it from what the server says, the terminal has it from the signer.
  const told = readFileSync(join(directory, 'run', 'processes.log'), 'utf8');
  const [, unlockKey = ''] = [...told.matchAll(/"unlockKey":"([^"]{44})"/g)].at(-1) ?? [];
  assert.equal(
    await page.locator('.vault-fingerprint').innerText(),
    keyFingerprint(Buffer.from(unlockKey, 'base64')),
  );
  await field.fill('wrong horse');
  await open.click();
  await page.getByText('This does not open the vault.').waitFor();
  assert.equal(await field.inputValue(), '');
  await field.fill(PASSPHRASE);
  await page.keyboard.press('Enter');
  await page.getByText('The vault is open.').waitFor();
  await open.waitFor({ state: 'detached' });

  await page.goto(`${new URL(page.url()).origin}/connections`);
  await page.getByRole('button', { name: 'Open with a passkey…' }).click();
  await page.getByLabel('Name of the passkey').fill('Laptop');
  await field.fill(PASSPHRASE);
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await page.getByText('The vault opens by Laptop as well now.').waitFor();
  await stop();

  await page.goto((await start()).link);
  await page.getByRole('button', { name: 'Open with Laptop' }).click();
  await page.getByText('The vault is open.').waitFor();
  await page.goto(`${new URL(page.url()).origin}/connections`);
  await page.getByRole('button', { name: 'Take away Laptop' }).click();
  await page.getByText('The vault does not open by Laptop any more.').waitFor();
  await stop();

  await page.goto((await start()).link);
  await field.waitFor();
  assert.equal(await page.getByRole('button', { name: /^Open with/ }).count(), 0);
  assert.deepEqual(
    readdirSync(join(directory, 'signer', 'vault')).filter((name) => name.startsWith('w_')),
    [],
  );
  const log = readFileSync(join(directory, 'signer', 'intents.log'), 'utf8');
  const unlocks = [...log.matchAll(/"by":"([a-z]+)"[^\n]*?"result":"(open|wrong)"/g)];
  assert.deepEqual(
    unlocks.map(([, by, result]) => `${by} ${result}`),
    ['desk wrong', 'desk open', 'desk open', 'prf open'],
  );
  const whole = sent.join('\n');
  assert.match(whole, /"sealed":"/);
  for (const form of [PASSPHRASE, encodeURIComponent(PASSPHRASE), btoa(PASSPHRASE).slice(0, 20)])
    assert.equal(whole.includes(form), false);
  await context.close();
});
