// SPDX-License-Identifier: Apache-2.0
// A secret on its way from the person's browser into the vault of a real desk, looked for everywhere it could be read.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';

import { patternsOf } from '@kontor/signer';

import { PatternTable, Scanner, type Find } from '../cli/src/scan/scanner.ts';
import { sourcesOf } from '../cli/src/scan/sources.ts';
import { builtPage } from '../web/test/built-page.ts';
import { launchBrowser } from './browser.ts';
import { deferrer, startDesk, startSimulator, temporaryDirectory } from './harness.ts';

const WAIT_MS_MAX = 30_000;

test('[T111] a secret typed into the page reaches the vault, and no request and no file shows it', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator([
    '--account', 'demo:USDT=10000', '--no-keys', '--seed', '111',
  ]); // prettier-ignore
  defer(() => simulator.stop());
  const { apiKey, secret } = await simulator.control<{ apiKey: string; secret: string }>(
    '/accounts/demo/keys',
    {},
  );
  const desk = await startDesk({
    simulator, directory, bots: [], symbols: ['BTCUSDT'], webDirectory: await builtPage(),
  }); // prettier-ignore
  let isStopped = false;
  defer(async () => {
    if (!isStopped) await desk.stop();
  });
  const browser = await launchBrowser();
  defer(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB' });
  context.setDefaultTimeout(WAIT_MS_MAX);
  const page = await context.newPage();
  const sent: string[] = [];
  page.on('request', (request) => {
    sent.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? '');
  });

  const seal = async (name: string): Promise<void> => {
    await page.goto(`${new URL(desk.link).origin}/connections/new`);
    await page.getByRole('combobox', { name: 'Exchange' }).selectOption('demo');
    await page.getByRole('radio', { name: /^HMAC/ }).check();
    await page.getByRole('textbox', { name: 'Name' }).fill(name);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('checkbox').check();
    await page.getByLabel('Secret of the exchange', { exact: true }).fill(secret);
    await page.getByRole('button', { name: 'Seal and hand over' }).click();
  };
  await page.goto(desk.link);
  await page.getByRole('navigation').first().waitFor();
  await seal('by hand');
  await page.getByRole('textbox', { name: 'API key' }).fill(apiKey);
  await page.getByRole('button', { name: 'Activate' }).click();
  await page.getByText('by hand is named.').waitFor();
  // The vault knows a secret that it has: what arrived is what was typed.
  await seal('once more');
  await page.getByText('This key is in the vault already').waitFor();
  await context.close();
  await desk.stop();
  isStopped = true;

  const key = randomBytes(32);
  const table = new PatternTable(patternsOf('typed', Buffer.from(secret), key), key);
  const whole = sent.join('\n');
  assert.match(whole, /"keyKind":"hmac-sha256","sealed":"/);
  assert.deepEqual(await findsIn(table, whole), [], 'no request of the browser shows it');
  assert.notEqual(
    (await findsIn(table, `${whole}\n${btoa(secret)}`)).length,
    0,
    'the look finds it',
  );
  const files = sourcesOf([directory]);
  assert.ok(
    files.some(({ name }) => name.includes('/signer/vault/')),
    'the vault is looked at, too',
  );
  for (const file of files) {
    const finds: Find[] = [];
    const scanner = new Scanner(table, (find) => finds.push(find));
    await pipeline(file.open(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) await scanner.write(chunk);
    });
    await scanner.end();
    assert.deepEqual(finds, [], `${file.name} does not show it`);
  }
});

async function findsIn(table: PatternTable, text: string): Promise<readonly Find[]> {
  const finds: Find[] = [];
  const scanner = new Scanner(table, (find) => finds.push(find));
  await scanner.write(Buffer.from(text));
  await scanner.end();
  return finds;
}
