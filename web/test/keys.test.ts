// SPDX-License-Identifier: Apache-2.0
// Keys in the browser: made, sealed, registered at the exchange, and never seen by anybody else.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { Page } from 'playwright-core';

import { englishKeys } from '../src/language/keys-english.ts';
import { germanKeys } from '../src/language/keys-german.ts';
import { englishLife } from '../src/language/life-english.ts';
import { germanLife } from '../src/language/life-german.ts';
import { keyRefusal } from '../src/language/key-refusal.ts';
import { eventually, plain, Readers, settled, type Reader } from './desk-page.ts';
import type { Connection } from '../src/api/types.ts';
import { VAULT, type FixtureServer } from './fixture-server.ts';

const FOLDER = process.env['KONTOR_SCREENSHOTS'] ?? join(tmpdir(), 'kontor-screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SECRET = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
const API_KEY = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A';
const NEW = '/connections/new';

const readers = new Readers();
before(async () => {
  mkdirSync(FOLDER, { recursive: true });
  await readers.open();
});
after(() => readers.close());

test('[W66, W67, W143] a key is made in the signer, registered by the steps shown, and activated', async () => {
  // At its end it leads to the policy, which this desk does not have.
  const expected = /404.*\/api\/v1\/policy/;
  await readers.read({ path: '/connections', expected }, async ({ page, server, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await settled(page);
    await page.getByRole('link', { name: 'New connection' }).click();
    const make = page.getByRole('button', { name: 'Make the key' });
    assert.equal(await page.getByRole('radio', { name: 'Ed25519', exact: true }).isChecked(), true);
    await make.click();
    const name = page.getByRole('textbox', { name: 'Name' });
    await page.getByText('Take 1 to 40 letters').waitFor();
    assert.equal(await name.getAttribute('aria-invalid'), 'true');
    assert.equal(await name.evaluate((field) => field === document.activeElement), true);
    await name.fill('Spot account');
    await make.click();
    await page.getByText('A connection called Spot account exists already.').waitFor();
    assert.equal(server.bodies.has('POST /connections'), false, 'nothing was asked for');

    await name.fill('main');
    await page.keyboard.press('Enter');
    const card = page.getByRole('region', { name: 'Register the key at the exchange' });
    await card.waitFor();
    assert.deepEqual(server.bodies.get('POST /connections'), {
      venue: 'binance',
      name: 'main',
      keyKind: 'ed25519',
    });
    assert.match(
      plain(await card.innerText()),
      /Self-generated.*nothing else\. Never allow withdrawals\..*trusted IPs.*Enter the API key/,
    );
    await card.getByRole('button', { name: 'Copy the public key' }).click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /BEGIN PUBLIC KEY/);

    await page.reload();
    await card.getByRole('textbox', { name: 'API key' }).fill('not an identifier');
    await card.getByRole('button', { name: 'Activate' }).click();
    await card.getByText('There are other characters among these.').waitFor();
    // Before anything is sent: as soon as the field is left.
    await card.getByRole('textbox', { name: 'API key' }).fill(API_KEY.slice(1));
    await page.keyboard.press('Tab');
    await card.getByText('This has 63 characters.').waitFor();
    assert.equal(
      [...server.requests.keys()].some((request) => request.includes('api-key')),
      false,
    );
    await card.getByRole('textbox', { name: 'API key' }).fill(` ${API_KEY} `);
    await card.getByRole('button', { name: 'Activate' }).click();
    await page.getByText('main is named.').waitFor();
    await page.getByText('No line of the policy names it yet').waitFor();
    await page.getByRole('link', { name: 'To the policy' }).click();
    await page.waitForURL((url) => url.pathname === '/policy');
    assert.ok(
      [...server.bodies.values()].some((body) => Reflect.get(Object(body), 'apiKey') === API_KEY),
    );
  });
});

test('[W67] an activation that was left is gone on with from its connection', async () => {
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    await settled(page);
    const second = page.getByRole('region', { name: 'Second account' });
    await second.getByRole('link', { name: 'Go on with the activation' }).click();
    await page.getByRole('textbox', { name: 'API key' }).fill(API_KEY);
    await page.keyboard.press('Enter');
    await page.getByText('Second account is named.').waitFor();
    assert.deepEqual(server.bodies.get('PUT /connections/new/api-key'), { apiKey: API_KEY });
    await page.goto(`${server.url}${NEW}?connection=c_ZZZZZZZ`);
    await page.getByText('There is no such connection any more.').waitFor();
  });
});

test('[W68] a secret is sealed in the browser and stands in no request, storage, address or page', async () => {
  await readers.read({ path: NEW }, async (reader) => {
    const { page, server } = reader;
    const sent: string[] = [];
    page.on('request', (request) => {
      sent.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? '');
    });
    await toSecret(page, 'old');
    const field = page.getByLabel('Secret of the exchange', { exact: true });
    assert.equal(await field.getAttribute('type'), 'password');
    assert.equal(await field.getAttribute('autocomplete'), 'off');

    await field.fill(SECRET);
    assert.ok((await heldBy(reader)).join().includes(SECRET), 'a secret that is there is found');
    await page.getByRole('button', { name: 'Seal and hand over' }).click();
    await page.getByText('Compare the fingerprint first.').waitFor();
    assert.equal(server.bodies.has('POST /connections/import'), false, 'nothing was sent');

    const importKey = Buffer.from(server.vault?.importKey ?? '', 'base64');
    const digits = createHash('sha256').update(importKey).digest('hex').slice(0, 32);
    const fingerprint = (digits.match(/.{4}/g) ?? []).join(' ');
    await page.getByText(fingerprint, { exact: true }).waitFor();
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Seal and hand over' }).click();
    await page.getByRole('region', { name: 'Name the API key' }).waitFor();
    const body: unknown = server.bodies.get('POST /connections/import');
    assert.deepEqual(
      { ...Object(body), sealed: '' },
      { name: 'old', venue: 'binance', keyKind: 'hmac-sha256', sealed: '', publicKeyPem: null },
    );
    const sealed = Buffer.from(String(Reflect.get(Object(body), 'sealed')), 'base64');
    assert.equal(sealed.length, 32 + SECRET.length + 16, 'a point, the secret and a tag');

    await page.getByRole('textbox', { name: 'API key' }).fill(SECRET);
    await page.getByRole('button', { name: 'Activate' }).click();
    await page.getByText('That is the secret.').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'API key' }).inputValue(), '');
    const whole = [...sent, ...(await heldBy(reader))].join('\n');
    for (const [encoding, text] of encodings(SECRET)) {
      assert.equal(whole.includes(text), false, `the secret is there in ${encoding}`);
    }
    assert.ok(
      whole.includes('hmac-sha256') && whole.includes('New connection'),
      'all was looked at',
    );
  });
});

test('[W68] what the vault does not take is said at the field, which is empty then', async () => {
  await readers.read({ path: NEW, expected: /409/ }, async ({ page, server }) => {
    await toSecret(page, 'old');
    await page.getByRole('checkbox').check();
    const field = page.getByLabel('Secret of the exchange', { exact: true });
    await field.fill('two words');
    await page.keyboard.press('Enter');
    await page.getByText('16 to 512 characters without spaces').waitFor();
    server.refusals.set(
      '/connections/import',
      'expected a key that is used nowhere else, found the key of c_ABCDEFG',
    );
    await field.fill(SECRET);
    await page.keyboard.press('Enter');
    await page.getByText('This key is in the vault already, or was before (c_ABCDEFG).').waitFor();
    assert.equal(await field.inputValue(), '');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    server.vault = {
      ...VAULT,
      isUnattended: false,
      importKey: '3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=',
    };
    await eventually(
      () => page.getByRole('checkbox').isChecked(),
      (isChecked) => !isChecked,
      'another import key asks for another comparison',
    );
  });
});

test('[W68] where the browser cannot seal, no secret is asked for', async () => {
  const lacks = {
    'an address that is safe': () =>
      Object.defineProperty(globalThis, 'isSecureContext', { value: false }),
    'the curve': () =>
      Object.defineProperty(SubtleCrypto.prototype, 'generateKey', {
        value: () => Promise.reject(new Error('unknown')),
      }),
  };
  for (const lack of Object.values(lacks)) {
    await readers.read({ path: '/connections' }, async ({ page, server }) => {
      await page.addInitScript(lack);
      await page.goto(server.url + NEW);
      await toSecret(page, 'two words');
      await page.getByText('This browser cannot seal here.').waitFor();
      await page.getByText("kontor connect import 'two words' --venue binance").waitFor();
      assert.equal(await page.locator('input').count(), 0);
    });
  }
});

test('[W69] connections show kind and grade, and the vault what opens it and what waits', async () => {
  await readers.read({ path: '/connections', expected: /503/ }, async ({ page, server }) => {
    const vault = page.getByRole('region', { name: 'Vault' });
    await vault.getByText('Open, unattended').waitFor();
    await vault.getByText('has the keys').waitFor();
    const spot = plain(await page.getByRole('region', { name: 'Spot account' }).innerText());
    assert.match(spot, /Key Ed25519 .*Grade A: the key was made in the vault/);

    server.vault = { ...VAULT, isOpen: false, isUnattended: false };
    await page.getByText('The vault is locked: nothing is signed').waitFor();
    await page.getByText('Orders, exits, stop losses and reading the account all wait.').waitFor();
    await page.getByRole('button', { name: 'Open the vault' }).waitFor();
    await page.getByRole('link', { name: 'New connection' }).click();
    await page.getByText('The vault is locked: nothing is signed').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Make the key' }).isDisabled(), true);
    server.vault = { ...VAULT, isUnattended: false };
    await eventually(
      () => page.getByRole('button', { name: 'Make the key' }).isDisabled(),
      (isDisabled) => !isDisabled,
      'an open vault makes keys',
    );
    server.vault = null;
    await page.goto(`${server.url}/connections`);
    await page.getByText('The signer cannot be asked now').waitFor();
  });
});

test('[W85] a connection says what is signed by the signer’s word, and why it stands still', async () => {
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    await settled(page);
    const spot = page.getByRole('region', { name: 'Spot account' });
    assert.match(
      plain(await spot.innerText()),
      /Signed now Everything the policy allows Rights checked .* Addresses Your list only/,
    );
    const own = server.data.connections.find(({ name }) => name === 'Spot account');
    assert.ok(own);
    const since = Date.now() - 3_600_000;
    change(server, own.id, {
      state: 'quarantined',
      signs: 'cancels',
      grade: 'D',
      frozen: { since, cause: 'terminal' },
      quarantined: { since, faults: ['withdrawals', 'somethingNew'] },
    });
    await page.reload();
    await spot.getByText('D: refused.').waitFor();
    const said = plain(await spot.innerText());
    assert.match(said, /^Spot account Quarantined/);
    assert.match(said, /Take that right away at the exchange at once\. somethingNew/);
    assert.match(said, /Frozen since .* by the terminal\. Orders that rest .* stay there/);
    assert.match(said, /run kontor vault thaw 'Spot account'/);
    const reducesUntil = Date.now() + 86_400_000;
    change(server, own.id, { state: 'expired', signs: 'reductions', reducesUntil, frozen: null });
    await page.reload();
    await spot.getByText('then cancels and reads.').waitFor();
    change(server, own.id, { state: 'probing', signs: 'cancels', grade: null, checkedAt: null });
    await page.reload();
    await spot.getByText('At most A. The signer says it').waitFor();
  });
});

test('[W150] what the list of addresses was seen to be is told with its date; what told nothing, with its reason', async () => {
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    await settled(page);
    const spot = page.getByRole('region', { name: 'Spot account' });
    await spot
      .getByText('Never tried: that the list holds is the exchange’s word alone.')
      .waitFor();
    const seenAt = Date.now() - 3_600_000;
    change(server, 'spot-eu', { bind: { verdict: 'holds', seenAt } });
    await page.reload();
    await spot
      .getByText(/^Seen to hold on .*: the exchange refused the key from the second/)
      .waitFor();
    change(server, 'spot-eu', {
      bind: { verdict: 'notReal', seenAt },
      bindDoubt: { at: Date.now(), reason: 'otherAnswer', words: 'HTTP 451' },
      grade: 'B',
    });
    await page.reload();
    const said = spot.getByText(/^It does not hold\. The try on .* \(HTTP 451\)\.$/);
    await said.waitFor();
    await spot.getByText(/^The list of addresses is not real: on .* make a new key\.$/).waitFor();
    // Where the exchange itself says that there is no list, there is nothing to try.
    change(server, 'spot-eu', { isIpRestricted: false, bind: null, bindDoubt: null });
    await page.reload();
    await spot.getByText('Every address', { exact: true }).waitFor();
    assert.equal(await spot.getByText('Try the list of addresses from elsewhere').count(), 0);
  });
});

test('[W151] the list is tried after a sentence of consent alone; without a second address it is said how to set one', async () => {
  await readers.read({ path: '/connections', expected: /502/ }, async ({ page, server }) => {
    await settled(page);
    const spot = page.getByRole('region', { name: 'Spot account' });
    await spot.getByText('Try the list of addresses from elsewhere').click();
    await spot
      .getByText(/^With your consent three reads of the account go to the exchange/)
      .waitFor();
    assert.equal(server.bodies.has('POST /connections/spot-eu/probe'), false);
    const send = spot.getByRole('button', { name: 'Send the reads' });
    await send.click();
    await eventually(
      () => server.bodies.has('POST /connections/spot-eu/probe'),
      (isAsked) => isAsked,
      'the probe is asked for',
    );
    server.probeFault = 'no connection: the proxy: ECONNREFUSED';
    await send.click();
    await page
      .getByText('The list was not tried: no connection: the proxy: ECONNREFUSED')
      .waitFor();
    server.venues = server.venues.map((venue) => ({ ...venue, hasSecondAddress: false }));
    await page.reload();
    await spot.getByText('Try the list of addresses from elsewhere').click();
    await spot
      .getByText(/write a proxy into the file second-address beside egress\.json/)
      .waitFor();
    assert.equal(await spot.getByRole('button', { name: 'Send the reads' }).count(), 0);
  });
});

test('[W86] a connection is frozen by a held button, checked by a press, and thawed by the signer’s act', async () => {
  await readers.read({ path: '/connections', expected: /404/ }, async ({ page, server }) => {
    await settled(page);
    const spot = page.getByRole('region', { name: 'Spot account' });
    const freeze = spot.getByRole('button', { name: /^Hold to freeze/ });
    await freeze.click();
    assert.equal(
      server.data.connections.some(({ frozen }) => frozen !== null),
      false,
    );
    await freeze.hover();
    await page.mouse.down();
    await spot.getByText('Frozen since').waitFor();
    await page.mouse.up();
    await spot.getByRole('button', { name: 'Check the rights now' }).click();
    await eventually(
      () => server.bodies.has('POST /connections/spot-eu/check'),
      (isAsked) => isAsked,
      'the exchange is asked',
    );
    await spot.getByRole('button', { name: 'Thaw with a passkey' }).click();
    await eventually(
      () => server.bodies.get('POST /acts'),
      (body) => body !== undefined,
      'the signer is asked to thaw',
    );
    assert.deepEqual(server.bodies.get('POST /acts'), {
      act: { kind: 'thawConnection', connection: 'spot-eu' },
    });
  });
});

test('[W87] a key is renewed by the same steps; the page says when the new one has taken over', async () => {
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    await settled(page);
    const spot = page.getByRole('region', { name: 'Spot account' });
    await spot.getByRole('link', { name: 'Renew the key' }).click();
    await page.getByText('The new key takes the place of the one of Spot account').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Name' }).count(), 0, 'the name stays');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const steps = page.getByRole('region', { name: 'Register the key at the exchange' });
    await steps.waitFor();
    assert.deepEqual(server.bodies.get('POST /connections'), {
      name: 'Spot account',
      venue: 'binance',
      keyKind: 'ed25519',
      replaces: 'spot-eu',
    });
    await page.goto(`${server.url}/connections`);
    await spot.getByText('A new key waits to be registered').waitFor();
    assert.equal(await spot.count(), 1, 'a key in waiting is no connection of its own');
    await spot.getByRole('link', { name: 'Go on with the new key' }).click();
    server.takesOver = true;
    await steps.getByRole('textbox', { name: 'API key' }).fill(API_KEY);
    await page.keyboard.press('Enter');
    await page.getByText('The new key of Spot account is in use').waitFor();
  });
});

test('[W180] a wrong identifier of a new key is no dead end: the page says that the exchange has not confirmed it, and takes another', async () => {
  for (const [locale, say, keys] of [
    ['en-GB', englishLife, englishKeys],
    ['de-DE', germanLife, germanKeys],
  ] as const) {
    const expected = /502|404/;
    await readers.read({ path: '/connections', locale, expected }, async ({ page, server }) => {
      const [own] = server.data.connections;
      assert.ok(own);
      const waiting = { ...own, id: 'c_ABCDEFG', replaces: own.id, isReady: false, grade: null };
      server.data.connections.push({ ...waiting, checkedAt: null, signs: 'cancels' });
      await page.reload();
      const card = page.getByRole('region', { name: own.name });
      await card.getByText(say.rotationUnconfirmed).waitFor();
      await card.getByRole('link', { name: say.rotationGoOn }).click();
      await page.getByText(keys.unconfirmed).waitFor();
      await page.getByRole('button', { name: keys.nameAnew }).click();
      await page.getByRole('textbox', { name: keys.apiKey }).fill(API_KEY);
      await page.keyboard.press('Enter');
      await page.getByText(keys.unconfirmed).waitFor();
      assert.deepEqual(server.bodies.get('PUT /connections/c_ABCDEFG/api-key'), {
        apiKey: API_KEY,
      });
    });
  }
});

test('[W87] a new key that is checked waits for an owner: he reads the act, and the key takes over by his passkey', async () => {
  for (const [locale, say] of [
    ['en-GB', englishLife],
    ['de-DE', germanLife],
  ] as const) {
    await readers.read({ path: '/connections', locale }, async ({ page, server }) => {
      const [own] = server.data.connections;
      assert.ok(own);
      const waiting = { ...own, id: 'c_ABCDEFG', replaces: own.id, isReady: true } as const;
      server.data.connections.push({ ...waiting, signs: 'cancels' });
      await page.reload();
      const card = page.getByRole('region', { name: own.name });
      await card.getByText(say.rotationReady).waitFor();
      assert.equal(await card.getByText(say.rotationWaits).count(), 0);
      await card.getByRole('button', { name: say.takeOver }).click();
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      assert.deepEqual(server.bodies.get('POST /acts'), {
        act: { kind: 'takeOver', connection: own.id },
      });
      assert.equal(server.bodies.has('POST /acts/confirm'), false, 'nothing is done unread');
      await page.goto(`${server.url}${NEW}?connection=c_ABCDEFG`);
      await page.getByText(say.rotationReady).waitFor();
      server.answers.set('POST /acts', () => {
        server.data.connections.pop();
        return { kind: 'performed', act: 'takeOver', entry: 7 };
      });
      await page.getByRole('button', { name: say.takeOver }).click();
      await page.getByText(say.rotationDone(own.name)).waitFor();
      assert.deepEqual(server.bodies.get('POST /acts'), {
        act: { kind: 'takeOver', connection: own.id },
      });
    });
  }
});

test('[W66] every refusal of the signer is told at its field, in both languages; others as they came', () => {
  const refusals = [
    ['expected a name that no live connection has, found main in use', 'name', 'main'],
    ['expected fewer than 64 live connections', null, '64'],
    ['expected fewer than 10000 connections', null, '10000'],
    ['expected a key that is used nowhere else, found the key of c_ABCDEFG', 'secret', 'c_ABCDEFG'],
    ["expected a secret sealed to this vault's import key for this name, venue and kind, found another or a changed one", 'secret', ''],
    ['expected an HMAC secret of 16 to 512 printable characters, found something else', 'secret', '512'],
    ['expected room for the key, found ENOSPC', null, 'ENOSPC'],
    ['expected a connection, found none named c_ABCDEFG', null, 'c_ABCDEFG'],
    ['expected an open vault, found it locked: give the passphrase where the desk was started', null, ''],
    ['the signer is not running', null, ''],
  ] as const; // prettier-ignore
  for (const [message, field, part] of refusals) {
    const inEnglish = keyRefusal(message, englishKeys);
    const inGerman = keyRefusal(message, germanKeys);
    assert.equal(inEnglish?.field, field, message);
    assert.equal(inGerman?.field, field, message);
    assert.notEqual(inEnglish.text, inGerman.text);
    assert.ok(inEnglish.text.includes(part) && inGerman.text.includes(part), message);
  }
  assert.equal(keyRefusal('it rains', englishKeys), null);
});

for (const [size, width] of [
  ['desktop', 1440],
  ['phone', 390],
] as const) {
  test(`[W66, W69, W88] the steps of a connection on a ${size}: accessible, nothing too wide, pictures taken`, async () => {
    await readers.read({ path: NEW, width, reducedMotion: true }, async ({ page, server }) => {
      await page.getByRole('textbox', { name: 'Name' }).waitFor();
      await look(page, 'key-choice', size);
      await toSecret(page, 'old');
      await page.getByRole('checkbox').check();
      await look(page, 'key-secret', size);
      await page.goto(`${server.url}${NEW}?connection=new`);
      await settled(page);
      await look(page, 'key-activation', size);
      server.vault = { ...VAULT, isOpen: false, isUnattended: false, importKey: null };
      await page.goto(`${server.url}/connections`);
      await page.getByRole('alert').first().waitFor();
      await settled(page);
      await look(page, 'vault-locked', size);
      server.vault = VAULT;
      const since = Date.now() - 3_600_000;
      change(server, 'spot-eu', {
        ...{ state: 'quarantined', signs: 'cancels', grade: 'D' },
        frozen: { since, cause: 'person' },
        quarantined: { since, faults: ['withdrawals', 'ipListVanished'] },
        bind: { verdict: 'notReal', seenAt: since },
        bindDoubt: { at: since + 60_000, reason: 'noAnswer', words: 'no answer' },
      });
      await page.reload();
      await page.getByText('Frozen since').waitFor();
      await settled(page);
      await look(page, 'connection-life', size);
      await page
        .getByRole('region', { name: 'Spot account' })
        .getByText('Try the list of addresses from elsewhere')
        .click();
      await look(page, 'connection-probe', size);
    });
  });
}

/** Lets the signer say something else of a connection. */
function change(server: FixtureServer, id: string, changes: Partial<Connection>): void {
  const { connections } = server.data;
  const index = connections.findIndex((each) => each.id === id);
  const known = connections[index];
  assert.ok(known);
  connections[index] = { ...known, ...changes };
}

/** To the step in which the secret is entered. */
async function toSecret(page: Page, name: string): Promise<void> {
  await page.getByRole('radio', { name: /^HMAC/ }).check();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('region', { name: 'Seal the secret' }).waitFor();
}

/** Everything of the page that could keep a text. */
async function heldBy({ page, context }: Reader): Promise<readonly string[]> {
  const parts = await page.evaluate(() => [
    document.documentElement.outerHTML,
    JSON.stringify([...document.querySelectorAll('input')].map((field) => field.value)),
    JSON.stringify(localStorage),
    JSON.stringify(sessionStorage),
    JSON.stringify(history.state),
    location.href,
    document.cookie,
  ]);
  return [...parts, JSON.stringify(await context.storageState({ indexedDB: true }))];
}

function encodings(secret: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(secret);
  return [
    ['plain text', secret],
    ['reverse', secret.split('').toReversed().join('')],
    ['hexadecimal', bytes.toString('hex')],
    ['HEXADECIMAL', bytes.toString('hex').toUpperCase()],
    ['numbers', [...bytes].join(',')],
    ['UTF-16', Buffer.from(secret, 'utf16le').toString('hex')],
    ...[0, 1, 2].flatMap((shift) => {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      // Characters at either end depend on the neighbours.
      const inner = shifted.slice(4, -4);
      return [
        [`base64 at ${shift}`, inner],
        [`base64url at ${shift}`, inner.replaceAll('+', '-').replaceAll('/', '_')],
      ] as const;
    }),
  ];
}

/** A picture in each theme and language; no fault that axe finds, nothing wider than the screen. */
async function look(page: Page, name: string, size: string): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    for (const language of ['de', 'en'] as const) {
      await page.evaluate(
        (preferences) => {
          localStorage.setItem('kontor.preferences', JSON.stringify(preferences));
          window.dispatchEvent(new StorageEvent('storage', { key: 'kontor.preferences' }));
        },
        { theme, language, zone: 'local', hours: 'system' },
      );
      await page.locator(`html[data-theme="${theme}"][lang^="${language}"]`).waitFor();
      await page.screenshot({
        path: join(FOLDER, `${name}-${theme}-${size}-${language}.png`),
      });
      const width = await page.evaluate(() => [
        document.querySelector('.page-scroll')?.scrollWidth,
        document.querySelector('.page-scroll')?.clientWidth,
      ]);
      assert.equal(width[0], width[1], `${name} on a ${size} in ${language} is too wide`);
    }
    await page.evaluate(`if (window.axe === undefined) { ${AXE} }`);
    const found: unknown = await page.evaluate(
      `window.axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
        violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
    );
    assert.deepEqual(found, [], `${name} on a ${size}, ${theme}`);
  }
}
