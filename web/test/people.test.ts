// SPDX-License-Identifier: Apache-2.0
// People in the pages: what is shown to whom, and the passkey that is asked for when the desk wants one.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { Page } from 'playwright-core';

import { plain, Readers, settled } from './desk-page.ts';
import { ACT_TEXT } from './fixture-people.ts';
import { VAULT, type FixtureServer } from './fixture-server.ts';

const FOLDER = process.env['KONTOR_SCREENSHOTS'] ?? join(tmpdir(), 'kontor-screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const CREDENTIAL = Buffer.from('a passkey of the test');

const readers = new Readers();
before(async () => {
  mkdirSync(FOLDER, { recursive: true });
  await readers.open();
});
after(() => readers.close());

/** An authenticator that has a passkey of `rpId` and asks nobody. */
async function authenticator(page: Page, rpId: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
  ]);
  const privateKey = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  await session.send('WebAuthn.addCredential', {
    authenticatorId,
    credential: {
      credentialId: CREDENTIAL.toString('base64'),
      isResidentCredential: true,
      rpId,
      privateKey: privateKey.toString('base64'),
      userHandle: Buffer.from('u_ada').toString('base64'),
      signCount: 0,
    },
  });
}

test('[W70] an owner sees everybody with role, passkeys and codes; who is none sees themselves', async () => {
  await readers.read({ path: '/people' }, async ({ page, server }) => {
    await settled(page);
    const members = page.getByRole('list', { name: 'People of this desk' });
    assert.match(plain(await members.innerText()), /Ada · you.*Passkeys: 2.*Ben.*Passkeys: 1/);
    assert.match(plain(await page.locator('main').innerText()), /Cy Trader, until/);
    await page.getByRole('combobox', { name: 'Role' }).first().waitFor();
    const did = plain(await page.getByRole('list', { name: 'What people did' }).innerText());
    assert.doesNotMatch(did, /\b20\d\b/, 'what went well needs no number');
    server.people.session = { ...server.people.session, role: 'viewer' };
    server.people.people = { members: server.people.people.members.slice(0, 1), invitations: [] };
    await page.reload();
    await settled(page);
    await page.getByRole('list', { name: 'Passkeys' }).waitFor();
    assert.equal(await members.count(), 0);
    assert.equal(await page.getByText('What people did').count(), 0);
  });
});

test('[W71, W142] codes and invitations are shown once, with what they are worth', async () => {
  await readers.read({ path: '/people' }, async ({ page }) => {
    await settled(page);
    await page.getByRole('button', { name: 'Make ten new codes' }).click();
    await page.getByText('they are shown once').waitFor();
    assert.equal(await page.locator('.people-codes code').count(), 10);
    await page.getByRole('button', { name: 'I have kept them' }).click();
    assert.equal(await page.locator('.people-codes').count(), 0);
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    await page.getByRole('button', { name: 'Make the link' }).click();
    await page.getByText('Take 1 to 60 letters').waitFor();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Dora');
    await page.getByRole('button', { name: 'Make the link' }).click();
    await page.getByText('shown now only').waitFor();
    await page.getByRole('button', { name: 'Invite somebody else' }).click();
    assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), '');
  });
});

test('[W72] on a desk without people a note leads to the first passkey, and can be put away', async () => {
  const prepare = ({ people }: { people: { session: { isProtected: boolean } } }): void => {
    Object.assign(people.session, { isProtected: false, person: null, role: 'owner' });
  };
  await readers.read({ prepare }, async ({ page }) => {
    await settled(page);
    const note = page.getByRole('region', { name: 'Protect this desk with a passkey' });
    await note.waitFor();
    await note.getByRole('button', { name: 'Not now' }).click();
    await page.reload();
    await settled(page);
    assert.equal(await note.count(), 0);
  });
});

test('[W73] a page under an address of digits says where passkeys work, before one tries', async () => {
  const prepare = ({ people }: { people: { session: object } }): void => {
    Object.assign(people.session, { isProtected: false, person: null, role: 'owner' });
  };
  await readers.read({ path: '/people', prepare }, async ({ page }) => {
    await settled(page);
    await page.getByText('Passkeys need a name instead of an address.').waitFor();
    const link = page.getByRole('link', { name: 'http://localhost:7447' });
    assert.equal(await link.getAttribute('href'), 'http://localhost:7447/people');
    assert.equal(await page.getByRole('button', { name: 'Make a passkey' }).count(), 0);
  });
  const locked = { isProtected: true, person: null };
  await readers.read(
    {
      prepare: (server) => {
        server.isLocked = true;
        Object.assign(server.people.session, locked);
      },
      expected: /401/,
    },
    async ({ page }) => {
      await page.getByText('Passkeys work under the desk’s own name only.').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Log in with a passkey' }).count(), 0);
    },
  );
});

test('[W74] what the desk wants a passkey for waits for it, says for what, and goes on by itself', async () => {
  const expected = /403|foreign request/;
  await readers.read({ expected }, async ({ page, server }) => {
    await authenticator(page, 'localhost');
    await page.goto(`${server.url.replace('127.0.0.1', 'localhost')}/connections/new`);
    await settled(page);
    server.people.guarded.add('POST connections');
    await page.getByRole('textbox', { name: 'Name' }).fill('main');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Confirm with your passkey' });
    await dialog.getByText('set up a connection').waitFor();
    assert.equal(server.bodies.has('POST /connections'), false, 'nothing was done yet');
    await dialog.getByRole('button', { name: 'Confirm with passkey' }).click();
    await page.getByRole('region', { name: 'Register the key at the exchange' }).waitFor();
    assert.ok(server.bodies.has('POST /session/step-up'));
    assert.ok(server.bodies.has('POST /connections'));

    server.people.guarded.add('POST connections');
    await page.goto(`${server.url.replace('127.0.0.1', 'localhost')}/connections/new`);
    await page.getByRole('textbox', { name: 'Name' }).fill('other');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('expected a passkey').waitFor();
  });
});

test('[W145] a passkey that is asked for names the vault', async () => {
  const prepare = (server: FixtureServer): void => {
    server.vault = { ...VAULT, isOpen: false, isUnattended: false };
    server.people.guarded.add('POST vault/unlock');
  };
  await readers.read({ expected: /403|foreign request/, prepare }, async ({ page, server }) => {
    await authenticator(page, 'localhost');
    await page.goto(`${server.url.replace('127.0.0.1', 'localhost')}/`);
    await page.getByLabel('Passphrase of the vault').fill('correct horse');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Confirm with your passkey' });
    await dialog.getByText('open the vault', { exact: true }).waitFor();
  });
});

test('[W74] an act that the signer guards is shown word for word, and the passkey signs that', async () => {
  await readers.read({ expected: /foreign request/ }, async ({ page, server }) => {
    await authenticator(page, 'localhost');
    server.people.owners = server.people.owners.map((owner) => ({
      ...owner,
      credential: CREDENTIAL.toString('base64url'),
    }));
    await page.goto(`${server.url.replace('127.0.0.1', 'localhost')}/people`);
    await settled(page);
    await page.getByRole('button', { name: 'Remove from the signer' }).click();
    const dialog = page.getByRole('dialog', { name: 'Confirm this act' });
    const text = dialog.getByRole('textbox', { name: 'Confirm this act' });
    assert.equal(await text.inputValue(), ACT_TEXT.trimEnd());
    assert.equal(await text.isEditable(), false);
    await page.screenshot({ path: join(FOLDER, 'people-consent.png') });
    assert.equal(server.bodies.has('POST /acts/confirm'), false);
    await dialog.getByRole('button', { name: 'Confirm with passkey' }).click();
    await page.getByText('No passkey approves yet').waitFor();
    const sent = server.bodies.get('POST /acts/confirm');
    const approval = Object(Object(sent)['approval']);
    assert.equal(approval.credential, CREDENTIAL.toString('base64url'));
    const data = JSON.parse(Buffer.from(approval.clientData, 'base64url').toString());
    assert.equal(data.challenge, 'Y'.repeat(43));
  });
});

for (const [theme, locale, width] of [
  ['dark', 'en-GB', 1440],
  ['light', 'de-DE', 1440],
  ['dark', 'de-DE', 390],
  ['light', 'en-GB', 390],
] as const) {
  test(`[W75] people are readable and reachable: ${theme}, ${locale}, ${width} px`, async () => {
    await readers.read({ path: '/people', theme, locale, width }, async ({ page }) => {
      await settled(page);
      await page.screenshot({
        path: join(FOLDER, `people-${theme}-${locale}-${width}.png`),
        fullPage: true,
      });
      const isWide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
      assert.equal(isWide, false, 'nothing stands out to the side');
      await page.evaluate(AXE);
      const found: unknown = await page.evaluate(
        `axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`,
      );
      assert.deepEqual(found, []);
    });
  });
}
