// SPDX-License-Identifier: Apache-2.0
// The first start of all: an empty data folder whose vault has a passphrase, and a person with a browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { api } from '@kontor/server';

import { actSentence } from '../web/src/language/act-sentence.ts';
import { englishActs } from '../web/src/language/acts-english.ts';
import { germanActs } from '../web/src/language/acts-german.ts';
import { builtPage } from '../web/test/built-page.ts';
import { launchBrowser } from './browser.ts';
import { deferrer, startDesk, startSimulator, temporaryDirectory, until } from './harness.ts';

const WAIT_MS_MAX = 60_000;
const KONTOR = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const PASSPHRASE = 'correct horse battery';
/** Where a reviewer finds what the pages looked like. */
const PICTURES = process.env['KONTOR_PICTURES'] ?? null;

test('[T180, T181, C192, C193] from an empty folder with a locked vault one page leads over passkey and passphrase to the desk, whose key is renewed by sealed secrets', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  await setPassphrase(directory);
  const simulator = await startSimulator([
    '--account', 'demo:USDT=10000', '--no-keys', '--seed', '180',
  ]); // prettier-ignore
  defer(() => simulator.stop());
  const webDirectory = await builtPage();
  const desk = await startDesk({
    simulator, directory, bots: [], symbols: ['BTCUSDT'], webDirectory,
  }); // prettier-ignore
  defer(() => desk.stop());

  const browser = await launchBrowser();
  defer(() => browser.close());
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 900 },
  });
  context.setDefaultTimeout(WAIT_MS_MAX);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
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
  const picture = async (name: string): Promise<void> => {
    if (PICTURES === null) return;
    mkdirSync(PICTURES, { recursive: true });
    for (const theme of ['dark', 'light'] as const)
      for (const width of [1280, 390]) {
        await page.emulateMedia({ colorScheme: theme });
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: join(PICTURES, `${name}-${width}-${theme}.png`) });
      }
    await page.setViewportSize({ width: 1280, height: 900 });
  };

  // Whatever address was asked for, there is this one page and no empty one.
  await page.goto(desk.link);
  for (const path of ['/', '/bots', '/connections']) {
    await page.goto(`${new URL(page.url()).origin}${path}`);
    await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  }
  const refused = await page.evaluate(async () => {
    const answer = await fetch('/api/v1/bots');
    return { status: answer.status, body: await answer.json() };
  });
  assert.equal(refused.status, 503);
  assert.equal(refused.body.error, 'starting');
  await picture('start-new');

  await page.getByRole('textbox', { name: 'Your name' }).fill('Ada');
  await page.getByRole('textbox', { name: 'Name of the passkey' }).fill('laptop');
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByRole('textbox', { name: 'Your name' }).waitFor({ state: 'detached' });
  await picture('start-passkey');
  await page.getByLabel('Passphrase of the vault').fill('wrong horse');
  await page.keyboard.press('Enter');
  await page.getByText('This does not open the vault.').waitFor();
  await page.getByLabel('Passphrase of the vault').fill(PASSPHRASE);
  await page.keyboard.press('Enter');

  await page.getByRole('navigation').first().waitFor();
  await page.getByText('demo', { exact: true }).first().waitFor();
  const connections = await desk.client.get<readonly api.Connection[]>('/api/v1/connections');
  assert.deepEqual(
    connections.map(({ name }) => name),
    ['demo'],
  );
  await picture('start-desk');

  // The exchange gives secrets instead of taking public keys: the next one is sealed here, the one after it at the terminal.
  const own = async (): Promise<api.Connection> => {
    const all = await desk.client.get<readonly api.Connection[]>('/api/v1/connections');
    return all.find(({ replaces }) => replaces === null) ?? assert.fail('a connection');
  };
  const drawKey = (): Promise<{ readonly apiKey: string; readonly secret: string }> =>
    simulator.control('/accounts/demo/keys', {});
  const before = await own();
  assert.equal(before.keyKind, 'ed25519');
  const first = await drawKey();
  await page.goto(`${new URL(page.url()).origin}/connections`);
  await page.getByRole('link', { name: 'Renew the key' }).click();
  await page.getByText('The new key takes the place of the one of demo').waitFor();
  await page.getByRole('radio', { name: /^HMAC/ }).check();
  await picture('renew-choose');
  await page.getByRole('button', { name: 'Next' }).click();
  const shown = await kontor('', 'vault', 'fingerprint', '--data', directory);
  assert.match(shown.said, /^(?:[0-9a-f]{4} ){7}[0-9a-f]{4}\n$/);
  await page.getByText(shown.said.trim(), { exact: true }).waitFor();
  await page.getByRole('checkbox').check();
  await page.getByLabel('Secret of the exchange', { exact: true }).fill(first.secret);
  await picture('renew-seal');
  await page.getByRole('button', { name: 'Seal and hand over' }).click();
  await page.getByRole('textbox', { name: 'API key' }).fill(first.apiKey);
  assert.equal((await own()).keyKind, 'ed25519', 'the old key signs until the new one is checked');
  await page.getByRole('button', { name: 'Activate' }).click();
  await page.getByText('The new key of demo is in use').waitFor();
  const between = await own();
  assert.deepEqual([between.id, between.keyKind, between.grade], [before.id, 'hmac-sha256', 'C']);

  const given = ['--data', directory];
  const unborn = await kontor('', 'connect', 'rotate', 'demo', '--kind', 'hmac-sha256', ...given);
  assert.equal(unborn.code, 1);
  assert.match(unborn.said, /expected --import with --kind hmac-sha256/);
  const second = await drawKey();
  const sealed = await kontor(
    `${second.secret}\n`, 'connect', 'rotate', 'demo', '--import', ...given,
  ); // prettier-ignore
  assert.equal(sealed.code, 0, sealed.said);
  const id = /kontor connect activate (c_[A-Z2-7]{7})/.exec(sealed.said)?.[1] ?? '';
  const active = await kontor('', 'connect', 'activate', id, second.apiKey, ...given);
  assert.equal(active.code, 0, active.said);
  await until('the second key is in use', async () =>
    (await own()).createdAt > between.createdAt ? true : null,
  );
  assert.equal((await own()).id, before.id);
  assert.deepEqual(errors, []);
});

test('[W122] every write of the desk has a sentence in both languages; others are told as noted', () => {
  const roles = readFileSync(
    fileURLToPath(new URL('../server/src/people/roles.ts', import.meta.url)),
    'utf8',
  );
  const writes = [...roles.matchAll(/'((?:POST|PUT|PATCH|DELETE) \/[^']+)':/g)].map(
    ([, route = '']) => route,
  );
  assert.ok(writes.length > 40, `${writes.length} routes`);
  // Questions and steps of a ceremony are not noted.
  const isNoted = (route: string): boolean =>
    !/\/(?:session\/step-up|policy\/(?:check|explain))/.test(route);
  for (const text of [englishActs, germanActs]) {
    const missing = writes.filter((route) => isNoted(route) && text.did[route] === undefined);
    assert.deepEqual(missing, []);
  }
  assert.deepEqual(Object.keys(englishActs.did), Object.keys(germanActs.did));
  const nameOf = (id: string): string | undefined => (id === '3' ? 'Ladder' : undefined);
  const start = { act: 'POST /api/v1/bots/:id/start', about: 'id 3' };
  assert.equal(actSentence(start, 'en', nameOf), 'started the bot Ladder');
  assert.equal(actSentence(start, 'de', nameOf), 'startete den Bot Ladder');
  const thaw = { act: 'POST /api/v1/acts', about: 'act thawConnection' };
  assert.equal(actSentence(thaw, 'en', nameOf), 'asked the signer to thaw a connection');
  const unknown = { act: 'POST /api/v1/acts', about: 'act somethingNew' };
  assert.equal(actSentence(unknown, 'en', nameOf), 'asked the signer for an act');
  assert.equal(actSentence({ act: 'POST /api/v1/new', about: '' }, 'en', nameOf), null);
});

/** Sets the passphrase of a desk that never ran, as its owner would. */
async function setPassphrase(directory: string): Promise<void> {
  const words = `${PASSPHRASE}\n${PASSPHRASE}\n`;
  const { code, said } = await kontor(words, 'vault', 'passphrase', '--new', '--data', directory);
  assert.equal(code, 0, said);
}

async function kontor(
  input: string,
  ...args: readonly string[]
): Promise<{ readonly code: unknown; readonly said: string }> {
  const child = spawn(process.execPath, [KONTOR, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, said };
}
