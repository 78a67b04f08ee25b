// SPDX-License-Identifier: Apache-2.0
// Opening the vault in a real browser, against the fixture's server.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { Page } from 'playwright-core';

import { eventually, Readers, settled, type Reader } from './desk-page.ts';
import { VAULT } from './fixture-server.ts';

const readers = new Readers();
const PICTURES = join(tmpdir(), 'kontor-pictures');
/** The fixture's server is at a number; passkeys want a name. */
const BY_NAME = /^foreign request: http:\/\/localhost:/;
const PASSPHRASE = 'Grüne Äpfel 7';

before(() => readers.open());
after(() => readers.close());

/** The bytes in what was sealed: an encapsulated key, as many as went in, and a tag. */
function bytesIn(body: unknown): number {
  const { sealed } = body as { readonly sealed: string };
  return Buffer.from(sealed, 'base64').length - 32 - 16;
}

async function withAuthenticator({ page, context }: Reader, hasPrf: boolean): Promise<void> {
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

test('[W100] the passphrase is sealed to the signer whole, and the field is empty at once', async () => {
  const locked = { ...VAULT, isOpen: false, isUnattended: false };
  await readers.read(
    { prepare: (server) => (server.vault = locked), expected: /422|429/ },
    async ({ page, server }) => {
      const field = page.getByLabel('Passphrase of the vault');
      const open = page.getByRole('button', { name: 'Open the vault' });
      await open.click();
      await page.getByText('Enter the passphrase.').waitFor();
      server.vaultRefusal = { status: 422, error: 'wrong_key' };
      server.vault = { ...locked, waitMs: 30_000 };
      await field.fill(PASSPHRASE);
      await page.keyboard.press('Enter');
      await page.getByText(/This does not open the vault\. Next try in (?:30|29|28) s\./).waitFor();
      assert.equal(await field.inputValue(), '');
      assert.equal(await open.isDisabled(), true);
      const tried = server.bodies.get('POST /vault/unlock');
      assert.equal(bytesIn(tried), Buffer.byteLength(PASSPHRASE));
      assert.equal(JSON.stringify(tried).includes(PASSPHRASE), false);
      server.vaultRefusal = null;
      server.vault = locked;
      await eventually(
        () => open.isDisabled(),
        (isDisabled) => !isDisabled,
        'the wait is over as the desk says',
      );
      await field.fill(PASSPHRASE);
      await page.keyboard.press('Enter');
      await page.getByText('The vault is open.').waitFor();
      await open.waitFor({ state: 'detached' });
    },
  );
});

test('[W100] where the browser cannot seal, no passphrase is asked for', async () => {
  const locked = { ...VAULT, isOpen: false, isUnattended: false };
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    await page.addInitScript(() =>
      Object.defineProperty(globalThis, 'isSecureContext', { value: false }),
    );
    server.vault = locked;
    await page.goto(`${server.url}/connections`);
    await page.getByText('This browser cannot seal here.').waitFor();
    assert.equal(await page.getByLabel('Passphrase of the vault').count(), 0);
  });
});

test('[W101] a passkey is added with the passphrase, opens by its own key, and is taken away', async () => {
  const vault = { ...VAULT, isUnattended: false };
  await readers.read({ path: '/connections', expected: BY_NAME }, async (reader) => {
    const { page, server } = reader;
    await withAuthenticator(reader, true);
    server.vault = vault;
    await page.goto(`${server.url.replace('127.0.0.1', 'localhost')}/connections`);
    await page.getByRole('button', { name: 'Open with a passkey…' }).click();
    const make = page.getByRole('button', { name: 'Make the passkey' });
    await make.click();
    await page.getByText('Take 1 to 40 letters, digits, spaces').waitFor();
    await page.getByLabel('Name of the passkey').fill('Laptop');
    await make.click();
    await page.getByText('Enter the passphrase.').waitFor();
    await page.getByLabel('Passphrase of the vault').fill(PASSPHRASE);
    await make.click();
    await page.getByText('The vault opens by Laptop as well now.').waitFor();
    const asked = server.bodies.get('POST /vault/passkeys');
    assert.equal(bytesIn(asked), 32 + Buffer.byteLength(PASSPHRASE));
    await page.getByText('Also opens by').waitFor();
    const [way] = server.vault?.ways ?? [];
    assert.ok(way);
    server.vault = { ...vault, isOpen: false, ways: [way] };
    await page.getByRole('button', { name: 'Open with Laptop' }).click();
    await page.getByText('The vault is open.').waitFor();
    assert.equal(bytesIn(server.bodies.get('POST /vault/unlock')), 32);
    await page.getByRole('button', { name: 'Take away Laptop' }).click();
    await page.getByText('The vault does not open by Laptop any more.').waitFor();
    assert.deepEqual(server.vault?.ways, []);
  });
});

test('[W101] a device without a key, an address without a name, and an unattended vault are told apart', async () => {
  await readers.read({ path: '/connections', expected: BY_NAME }, async (reader) => {
    const { page, server } = reader;
    await page.getByText('A passkey can be added once the vault has a passphrase.').waitFor();
    await withAuthenticator(reader, false);
    server.vault = { ...VAULT, isUnattended: false };
    const numbered = server.url.replace('localhost', '127.0.0.1');
    for (const [origin, message] of [
      [numbered, 'Passkeys need an address with a name'],
      [numbered.replace('127.0.0.1', 'localhost'), 'This device gives no key with its passkeys'],
    ] as const) {
      await page.goto(`${origin}/connections`);
      await page.getByRole('button', { name: 'Open with a passkey…' }).click();
      await page.getByLabel('Name of the passkey').fill('Laptop');
      await page.getByLabel('Passphrase of the vault').fill(PASSPHRASE);
      await page.getByRole('button', { name: 'Make the passkey' }).click();
      await page.getByText(message).waitFor();
    }
    assert.equal(server.bodies.has('POST /vault/passkeys'), false);
  });
});

for (const [size, width, locale, theme] of [
  ['desktop', 1440, 'en-GB', 'dark'],
  ['phone', 390, 'de-DE', 'light'],
] as const) {
  test(`[W102] the locked vault and its ways on a ${size}: accessible, nothing too wide, pictures taken`, async () => {
    const way = {
      id: 'w_ABCDEF2',
      kind: 'prf',
      name: 'Laptop',
      addedAt: 1_760_000_000_000,
      passkey: { credential: 'QUJD', salt: 'A'.repeat(43) },
    } as const;
    const kms = { ...way, id: 'w_ABCDEF3', kind: 'kms', passkey: null } as const;
    const ways = [way, { ...kms, name: 'transit https://bao.example:8200' }];
    const vault = { ...VAULT, isUnattended: false, ways };
    const options = { width, locale, theme, reducedMotion: true } as const;
    const prepare = { prepare: (server: Reader['server']) => (server.vault = vault) };
    await readers.read({ ...options, ...prepare, path: '/connections' }, async (reader) => {
      const { page, server } = reader;
      await settled(page);
      await look(page, 'vault-ways', size);
      await page.getByRole('button', { name: /passkey…|Passkey öffnen…/i }).click();
      await look(page, 'vault-passkey', size);
      server.vault = { ...vault, isOpen: false, waitMs: 20_000 };
      await page.goto(server.url);
      await page.getByRole('alert').first().waitFor();
      await settled(page);
      await look(page, 'vault-unlock', size);
    });
  });
}

async function look(page: Page, name: string, size: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}-${size}.png`) });
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(axe);
  const violations = await page.evaluate('axe.run().then((result) => result.violations)');
  assert.deepEqual(violations, [], `${name} on a ${size}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name} on a ${size} is ${wide} pixels too wide`);
}
