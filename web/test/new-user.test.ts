// SPDX-License-Identifier: Apache-2.0
// What somebody meets who is new to the desk, or may only look: a locked start, words instead of codes, and limits said.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import type { Page } from 'playwright-core';
import { privateKeyIn } from '../src/keys/private-key.ts';
import { englishLog } from '../src/language/log-english.ts';
import { germanLog } from '../src/language/log-german.ts';
import { plain, Readers, SEED, settled, type ReaderOptions } from './desk-page.ts';
import { makeFixtureData } from './fixture-data.ts';
import { VAULT, type FixtureServer } from './fixture-server.ts';

const readers = new Readers();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The page links to where passkeys work. */
const NAMED = 'http://localhost:7447';

before(() => readers.open());
after(() => readers.close());

/** A desk that waits for its vault. */
function starting(changes: object = {}): (server: FixtureServer) => void {
  return (server) => {
    server.vault = { ...VAULT, isOpen: false, isUnattended: false };
    server.isStarting = true;
    Object.assign(server.people.session, changes);
  };
}

/** A page leaves out what a viewer may not do once it knows that it shows itself to one. */
async function asViewer(page: Page): Promise<void> {
  await settled(page);
  await page.getByText('You are here as Viewer').waitFor();
}

const NEW = { isProtected: false, person: null, role: 'owner' } as const;

for (const [locale, theme, width] of [
  ['en-GB', 'dark', 1280],
  ['de-DE', 'light', 390],
] as const) {
  test(`[W120] a desk that waits for its vault has one page, accessible and not too wide (${locale}, ${theme}, ${width} px)`, async () => {
    const options: ReaderOptions = {
      path: '/bots',
      locale,
      theme,
      width,
      expected: /503/,
      prepare: starting(NEW),
    };
    await readers.read(options, async ({ page }) => {
      const isGerman = locale === 'de-DE';
      const title = isGerman ? 'Der Tresor ist verschlossen' : 'The vault is locked';
      await page.getByRole('heading', { name: title }).waitFor();
      const first = isGerman ? 'Diesen Desk mit einem Passkey' : 'Protect this desk with a passkey';
      await page.getByRole('heading', { name: first }).waitFor();
      await page.locator('input[type=password]').waitFor();
      assert.equal(await page.locator(`a[href="${NAMED}/people"]`).count(), 1);
      await page.evaluate(AXE);
      const faults = await page.evaluate(
        'axe.run(document, { runOnly: ["wcag2a", "wcag2aa"] }).then(({ violations }) => violations.map(({ id }) => id))',
      );
      assert.deepEqual(faults, []);
      const isTooWide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
      assert.equal(isTooWide, false);
    });
  });
}

test('[W120] a desk that was locked while it waits for its vault shows that page again once it may be seen', async () => {
  const prepare = (server: FixtureServer): void => {
    starting()(server);
    server.isLocked = true;
  };
  await readers.read({ expected: /401|503/, prepare }, async ({ page, server }) => {
    await page.getByRole('heading', { name: 'This desk is locked' }).waitFor();
    server.isLocked = false;
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  });
});

test('[W120] the desk goes on by itself once the vault is open; who owns nothing is told who opens it', async () => {
  await readers.read({ expected: /503/, prepare: starting() }, async ({ page, server }) => {
    await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
    assert.equal(await page.getByText('Protect this desk with a passkey').count(), 0);
    server.vault = { ...VAULT, isUnattended: false };
    await page.getByRole('heading', { name: 'The desk starts' }).waitFor();
    server.isStarting = false;
    await page.getByRole('navigation').first().waitFor();
  });
  const prepare = starting({ role: 'trader' });
  await readers.read({ expected: /503/, prepare }, async ({ page }) => {
    await page.getByText('An owner of the desk opens the vault.').waitFor();
    assert.equal(await page.locator('input').count(), 0);
  });
});

test('[W121] pages that do not open a locked vault say that it is locked and lead there', async () => {
  const prepare = (server: FixtureServer): void => {
    server.vault = { ...VAULT, isOpen: false, isUnattended: false };
  };
  await readers.read({ path: '/bots', prepare }, async ({ page }) => {
    await page.getByText('The vault is locked: nothing is signed.').waitFor();
    await page.getByRole('link', { name: 'Open the vault' }).click();
    await page.getByLabel('Passphrase of the vault').waitFor();
    assert.equal(await page.getByText('The vault is locked: nothing is signed').count(), 1);
  });
});

test('[W122] what people did is told in words and by name', async () => {
  await readers.read({ path: '/people' }, async ({ page, server }) => {
    await settled(page);
    const bot = server.data.bots.find(({ id }) => id === '3');
    const did = plain(await page.getByRole('list', { name: 'What people did' }).innerText());
    assert.match(did, new RegExp(`^Ada started the bot ${bot?.name ?? '3'}`));
    assert.doesNotMatch(did, /\/api\/v1\/bots/);
  });
});

test('[W123] not all is well while a connection stands still, and the strip says which', async () => {
  for (const [state, said] of [
    ['frozen', 'The connection Spot account is frozen: it opens no risk.'],
    ['quarantined', 'The connection Spot account is quarantined'],
    ['expired', 'The connection Spot account has ended'],
  ] as const) {
    await readers.read({ path: '/bots' }, async ({ page, server }) => {
      await settled(page);
      await page.getByText('All well').waitFor();
      server.push({
        kind: 'health',
        health: {
          ...server.data.health,
          state: 'degraded',
          connections: [{ name: 'Spot account', state }],
        },
      });
      await page.getByText(said).waitFor();
      assert.equal(await page.getByText('All well').count(), 0);
    });
  }
});

test('[W126] a session that came by a link is led to a passkey of one’s own', async () => {
  const prepare = (server: FixtureServer): void => {
    Object.assign(server.people.session, { person: null, role: 'owner', rpId: '127.0.0.1' });
  };
  await readers.read({ path: '/people', prepare }, async ({ page }) => {
    await settled(page);
    await page.getByText('Log in with your passkey', { exact: false }).first().waitFor();
    await page.getByText('Invite yourself below').waitFor();
    await page.getByRole('button', { name: 'Invite somebody' }).waitFor();
  });
  await readers.read({ path: '/people' }, async ({ page, server }) => {
    await page.getByText('What is left to set up').waitFor();
    const [own, ...others] = server.people.people.members;
    assert.ok(own);
    server.people.people = {
      ...server.people.people,
      members: [{ ...own, recoveryCodesLeft: 10 }, ...others],
    };
    await page.reload();
    await settled(page);
    assert.equal(await page.getByText('What is left to set up').count(), 0);
  });
});

test('[W127] who may only look is told so on every page and finds no kill switch', async () => {
  const prepare = (server: FixtureServer): void => {
    server.people.session = { ...server.people.session, role: 'viewer' };
  };
  await readers.read({ path: '/bots', prepare }, async ({ page }) => {
    await asViewer(page);
    assert.equal(await page.getByRole('button', { name: /Stop entries/ }).count(), 0);
  });
  const locked = (server: FixtureServer): void => {
    prepare(server);
    server.vault = { ...VAULT, isOpen: false, isUnattended: false };
  };
  await readers.read({ path: '/connections', prepare: locked }, async ({ page }) => {
    await asViewer(page);
    await page.getByText('An owner of the desk opens the vault.').waitFor();
    for (const name of ['Open the vault', 'Renew the key', 'Check the rights now', /^Hold to/])
      assert.equal(await page.getByRole('button', { name }).count(), 0, String(name));
    assert.equal(await page.getByRole('link', { name: 'New connection' }).count(), 0);
  });
  await readers.read({ path: '/bots/1', prepare }, async ({ page }) => {
    await asViewer(page);
    assert.equal(await page.locator('.page-head').getByRole('button').count(), 0);
    assert.equal(await page.locator('.page-head').getByRole('switch').count(), 0);
  });
  await readers.read({ path: '/alarms', prepare }, async ({ page }) => {
    await asViewer(page);
    assert.equal(await page.getByText('Ways out of the desk').count(), 0);
  });
});

test('[W140] who may only look reaches no editor, bulk menu or command that changes something', async () => {
  const prepare = (server: FixtureServer): void => {
    server.people.session = { ...server.people.session, role: 'viewer' };
  };
  for (const [path, instead, title] of [
    ['/bots/new', '/bots', 'Bots'],
    ['/bots/new?kind=grid', '/bots', 'Bots'],
    ['/bots/1/edit', '/bots/1', null],
  ] as const) {
    await readers.read({ path, prepare }, async ({ page }) => {
      await page.waitForURL((url) => url.pathname === instead);
      await asViewer(page);
      if (title !== null) await page.getByRole('heading', { name: title }).first().waitFor();
      assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    });
  }
  await readers.read({ path: '/bots', prepare }, async ({ page }) => {
    await asViewer(page);
    assert.equal(await page.getByRole('checkbox').count(), 0);
    await page.keyboard.press('n');
    await page.keyboard.press('Control+k');
    const commands = page.getByRole('listbox').getByRole('option');
    await commands.first().waitFor();
    const names = await commands.allInnerTexts();
    assert.deepEqual(
      names.filter((name) => /New bot|Start |Stop /.test(name)),
      [],
    );
    assert.equal(new URL(page.url()).pathname, '/bots');
  });
  await readers.read({ path: '/deals', prepare }, async ({ page }) => {
    await asViewer(page);
    assert.equal(await page.getByRole('checkbox').count(), 0);
  });
  await readers.read({ path: '/risk', prepare }, async ({ page }) => {
    await asViewer(page);
    await page.locator('.risk-standing').first().waitFor();
    assert.equal(await page.locator('.risk-card').first().getByRole('button').count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Change limits' }).count(), 0);
  });
  await readers.read({ path: '/connections', prepare }, async ({ page }) => {
    await asViewer(page);
    await page.getByText('Compared with the exchange').first().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Compare now' }).count(), 0);
  });
});

test('[W141] who trades halts the desk and changes no limits', async () => {
  const prepare = (server: FixtureServer): void => {
    server.people.session = { ...server.people.session, role: 'trader' };
  };
  await readers.read({ path: '/risk', prepare }, async ({ page }) => {
    await page.locator('.risk-card').first().getByRole('button').first().waitFor();
    await page.getByRole('button', { name: 'Change limits' }).waitFor({ state: 'detached' });
  });
});

test('[W144] an entry about a change of the policy is not called a change that holds', () => {
  assert.equal(englishLog.kinds['policy.change'], 'A step in a change of the policy');
  assert.equal(germanLog.kinds['policy.change'], 'Ein Schritt einer Änderung der Policy');
});

test('[W128] an own private key is read from its file and sealed; no request shows it', async () => {
  const pair = generateKeyPairSync('ed25519');
  const der = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
  const publicPem = String(pair.publicKey.export({ format: 'pem', type: 'spki' }));
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url(), request.postData() ?? ''));
    await settled(page);
    const spot = page.getByRole('region', { name: 'Spot account' });
    await spot.getByRole('link', { name: 'Renew the key' }).click();
    await page.getByRole('radio', { name: 'Ed25519 key of your own' }).check();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText("kontor connect rotate 'Spot account' --import --kind ed25519").waitFor();
    const seal = page.getByRole('button', { name: 'Seal and hand over' });
    await page.getByRole('checkbox').check();
    await seal.click();
    await page.getByText('Choose the file of the private key.').waitFor();
    const file = page.getByLabel('File of the private key');
    const choose = (buffer: Buffer): Promise<void> =>
      file.setInputFiles({ name: 'key.pem', mimeType: 'text/plain', buffer });
    await choose(Buffer.from('hello'));
    await page.getByLabel('Its public half').fill(publicPem);
    await seal.click();
    await page.getByText('holds no private key in PKCS #8').waitFor();
    assert.equal(server.bodies.has('POST /connections/import'), false);
    await choose(Buffer.from(pem));
    await seal.click();
    await page.getByRole('region', { name: 'Register the key at the exchange' }).waitFor();
    const body = server.bodies.get('POST /connections/import');
    assert.deepEqual(
      { ...Object(body), sealed: '' },
      {
        name: 'Spot account',
        venue: 'binance',
        keyKind: 'ed25519',
        sealed: '',
        publicKeyPem: publicPem,
        replaces: 'spot-eu',
      },
    );
    const sealed = Buffer.from(String(Reflect.get(Object(body), 'sealed')), 'base64');
    assert.equal(sealed.length, 32 + der.length + 16, 'a point, the key and a tag');
    const whole = sent.join('\n');
    assert.equal(whole.includes(der.toString('base64').slice(-30)), false);
  });
});

test('[W128] a secret of the exchange takes the place of another by the same steps', async () => {
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    await settled(page);
    const spot = page.getByRole('region', { name: 'Spot account' });
    await spot.getByRole('link', { name: 'Renew the key' }).click();
    await page.getByRole('radio', { name: 'HMAC secret' }).check();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('checkbox').check();
    await page.getByLabel('Secret of the exchange', { exact: true }).fill('s'.repeat(64));
    await page.getByRole('button', { name: 'Seal and hand over' }).click();
    await page.getByRole('region', { name: 'Name the API key' }).waitFor();
    await page.getByRole('heading', { name: 'New key', exact: true }).waitFor();
    const body = Object(server.bodies.get('POST /connections/import'));
    assert.equal(body.replaces, 'spot-eu');
    assert.equal(body.keyKind, 'hmac-sha256');
  });
});

test('[W128] a private key is found in the bytes of its file, as OpenSSL writes it, and in nothing else', () => {
  for (const kind of ['ed25519', 'rsa'] as const) {
    const { privateKey } =
      kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
        : generateKeyPairSync('ed25519');
    const der = privateKey.export({ format: 'der', type: 'pkcs8' });
    const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const found = (text: string): string | null => {
      const key = privateKeyIn(Buffer.from(text));
      return key === null ? null : Buffer.from(key).toString('hex');
    };
    for (const text of [pem, `a comment\n${pem}`, pem.replaceAll('\n', '\r\n')])
      assert.equal(found(text), der.toString('hex'));
    assert.equal(found(pem + pem), null, 'two keys');
    assert.equal(found(pem.replace('-----END', '-END')), null);
    assert.equal(found(pem.replace('M', '!')), null);
    const encrypted = privateKey.export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    });
    assert.equal(found(String(encrypted)), null);
  }
  assert.equal(privateKeyIn(randomBytes(500)), null);
});

test('[W129] the exchanges and what keys they take are the desk’s to say', async () => {
  await readers.read({ path: '/connections/new' }, async ({ page, server }) => {
    await settled(page);
    assert.equal(await page.getByRole('radio').count(), 4);
    server.venues = [
      { venue: 'demo', isTraded: true, hasAdapter: false, hasSecondAddress: false, keys: [] },
      {
        venue: 'binance',
        isTraded: false,
        hasAdapter: true,
        hasSecondAddress: false,
        keys: [{ kind: 'hmac-sha256', from: 'imported' }],
      },
    ];
    await page.reload();
    await settled(page);
    assert.equal(await page.getByRole('combobox', { name: 'Exchange' }).inputValue(), 'binance');
    await page.getByText('This desk trades at Kontor’s demo exchange.').waitFor();
    assert.equal(await page.getByRole('radio', { name: 'HMAC secret' }).isChecked(), true);
    assert.equal(await page.getByRole('radio').count(), 1);
    await page.getByRole('button', { name: 'Next' }).waitFor();
  });
});

test('[W164] a key for another exchange says that it waits, on its card as in its steps, and offers no check', async () => {
  const data = makeFixtureData(SEED);
  const [first, second, ...others] = data.connections;
  assert.ok(first && second);
  const demo = {
    venue: 'demo',
    isTraded: true,
    hasAdapter: false,
    hasSecondAddress: false,
  } as const;
  await readers.read(
    {
      path: '/connections',
      data: {
        ...data,
        connections: [{ ...first, venue: 'demo' }, { ...second, state: 'probing' }, ...others],
      },
      prepare(server) {
        const [own] = server.venues;
        assert.ok(own);
        server.venues = [
          { ...demo, keys: own.keys },
          { ...own, isTraded: false },
        ];
      },
    },
    async ({ page }) => {
      await settled(page);
      const here = page.getByRole('region', { name: 'Demo account' });
      const waiting = page.getByRole('region', { name: 'Spot account' });
      const said = /This desk trades at Kontor’s demo exchange\. .*none with real money yet\./;
      await waiting.getByText(said).waitFor();
      await waiting.getByText('Waits for its exchange').waitFor();
      assert.equal(await waiting.getByRole('button', { name: 'Check the rights now' }).count(), 0);
      assert.equal(await here.getByText(said).count(), 0);
      assert.equal(await here.getByRole('button', { name: 'Check the rights now' }).count(), 1);
      const draft = page.getByRole('region', { name: 'Second account' });
      await draft.getByRole('link', { name: 'Go on with the activation' }).click();
      await page.getByRole('textbox', { name: 'API key' }).fill('a1'.repeat(32));
      await page.keyboard.press('Enter');
      await page.getByText('Second account is named.').waitFor();
      await page.getByText(said).waitFor();
    },
  );
});
