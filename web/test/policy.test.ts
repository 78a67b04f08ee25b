// SPDX-License-Identifier: Apache-2.0
// The policy's page in a real browser: its words, what waits, and a change from the first letter to the signer.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { HeldOrder, PolicyCheck, PolicyConnection, PolicyState } from '../src/api/types.ts';
import { englishPolicy } from '../src/language/policy-english.ts';
import { germanPolicy } from '../src/language/policy-german.ts';
import { plain, Readers, settled } from './desk-page.ts';
import type { FixtureServer } from './fixture-server.ts';

const FOLDER = process.env['KONTOR_SCREENSHOTS'] ?? join(tmpdir(), 'kontor-screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LINE =
  'allow id=btc op=order.place symbol=BTCUSDT band=2.0% notional<=500 USDT per-day<=5000 USDT';
const TEXT = `policy/v1\nconnection demo\n${LINE}\n`;

const DEMO: PolicyConnection = {
  connection: 'demo',
  reference: {
    text: 'reference source=egress:bookTicker,avgPrice max-age=3s agree=1.0%',
    sources: ['bookTicker', 'avgPrice'],
    maxAgeMs: 3_000,
    agree: '1.0%',
  },
  floors: [
    {
      text: 'liquidity BTCUSDT max-spread=0.30%',
      symbols: ['BTCUSDT'],
      minDayQuote: null,
      maxSpread: '0.30%',
      bookShare: null,
    },
  ],
  lines: [
    {
      id: 'btc',
      effect: 'allow',
      text: LINE,
      operations: ['order.place'],
      symbols: ['BTCUSDT'],
      sides: null,
      types: null,
      timesInForce: null,
      band: '2.0%',
      notional: '500 USDT',
      perDay: '5000 USDT',
      open: null,
      rate: null,
      expiresMs: null,
    },
  ],
  worstDay: [{ asset: 'USDT', turnover: '5000', loss: '100' }],
};

function changed(from: string, to: string, direction: 'tightening' | 'loosening'): PolicyCheck {
  return {
    isPolicy: true,
    error: null,
    hash: 'b'.repeat(64),
    connections: [DEMO],
    difference: {
      direction,
      changes: [
        { connection: 'demo', kind: 'removed', text: LINE },
        { connection: 'demo', kind: 'added', text: LINE.replace(from, to) },
      ],
      reasons: [],
    },
  };
}

const NO_POLICY: PolicyCheck = {
  isPolicy: false,
  error: { line: 3, column: 7, expected: 'a term like symbol=BTCUSDT', found: '"x"' },
  hash: null,
  connections: [],
  difference: null,
};

const LOOSER = changed('<=500', '<=600', 'loosening');
const PENDING: PolicyState['pending'] = {
  hash: 'b'.repeat(64),
  text: TEXT.replace('<=500', '<=600'),
  dueAt: Date.now() + 600_000,
  difference: LOOSER.difference ?? { direction: 'loosening', changes: [], reasons: [] },
};

const HELD: HeldOrder = {
  order: 'h7',
  connection: 'c_ABCDEF2',
  rule: 'big',
  line: 'hold id=big op=order.place notional<=2000 USDT',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'LIMIT',
  timeInForce: 'GTC',
  price: '1000',
  stop: null,
  quantity: '1.5',
  notional: '1500',
  clientOrderId: 'k1-1',
  since: Date.now(),
  until: Date.now() + 300_000,
  isReleased: false,
};

/** Answers as a desk does whose signer knows this policy. */
function serve(
  server: FixtureServer,
  change: Partial<PolicyState> = {},
  held: readonly HeldOrder[] = [],
): void {
  const state: PolicyState = {
    hash: 'a'.repeat(64),
    text: TEXT,
    lock: null,
    looseningDelayMs: 600_000,
    connections: [DEMO],
    pending: null,
    ...change,
  };
  server.answers.set('GET /policy', () => state);
  server.answers.set('GET /policy/held', () => held);
  server.answers.set('POST /policy/check', (body) => {
    const { policy } = body as { policy: string };
    if (policy.includes('x')) return NO_POLICY;
    return policy.includes('<=600') ? LOOSER : changed('<=500', '<=400', 'tightening');
  });
  server.answers.set('POST /acts', () => ({ kind: 'performed', entry: 7 }));
}

const readers = new Readers();
before(async () => {
  mkdirSync(FOLDER, { recursive: true });
  await readers.open();
});
after(() => readers.close());

test('[W80] the policy is said in words, with the worst day and how long a loosening waits', async () => {
  await readers.read({ path: '/policy', prepare: serve }, async ({ page }) => {
    await settled(page);
    assert.equal(await page.title(), 'Policy – Kontor');
    const here = page.locator('.rail-link[aria-current=page]');
    assert.equal(plain(await here.innerText()), 'Connections');
    const said = plain(await page.getByRole('region', { name: 'In force' }).innerText());
    assert.match(said, /May: place orders in BTCUSDT; up to 500 USDT an order, 5,000 USDT a day/);
    assert.match(said, /prices 2% worse than the references/);
    assert.match(said, /Prices: bookTicker, avgPrice, asked for by egress, at most 3 s old/);
    assert.match(
      said,
      /The worst day: 5,000 USDT turned over, of which bad prices could cost 100 USDT/,
    );
    assert.match(said, /What loosens waits 10 minutes/);
  });
});

test('[W81] a text is checked as it is typed; what is no policy cannot be sent, by line and column', async () => {
  await readers.read({ path: '/policy', prepare: serve }, async ({ page }) => {
    await settled(page);
    const change = page.getByRole('button', { name: 'Change it' });
    assert.equal(await change.isDisabled(), true);
    await page.getByLabel('The policy file').fill(`${TEXT}x\n`);
    await page.getByText('Line 3, column 7: expected a term').waitFor();
    assert.equal(await change.isDisabled(), true);
    await page.getByLabel('The policy file').fill(TEXT.replace('<=500', '<=400'));
    await page.getByText('It only tightens: it holds at once.').waitFor();
    assert.match(
      plain(await page.locator('.policy-changes').innerText()),
      /\+ demo: allow .*<=400/,
    );
    await page.getByRole('button', { name: 'Back to the policy in force' }).click();
    assert.equal(await page.getByLabel('The policy file').inputValue(), TEXT);
  });
});

test('[W82] a change goes to the signer with the policy that it was compared with', async () => {
  await readers.read({ path: '/policy', prepare: serve }, async ({ page, server }) => {
    await settled(page);
    const next = TEXT.replace('<=500', '<=400');
    await page.getByLabel('The policy file').fill(next);
    await page.getByText('It only tightens').waitFor();
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByText('The policy holds from now on.').waitFor();
    const act = { kind: 'changePolicy', before: 'a'.repeat(64), policy: next };
    assert.deepEqual(server.bodies.get('POST /acts'), { act });
    const editor = page.getByLabel('The policy file');
    await editor.fill(TEXT.replace('<=500', '<=600'));
    await page.getByText('It loosens, or may').waitFor();
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByText('The change is confirmed and waits').waitFor();
    assert.equal(await editor.inputValue(), TEXT, 'it is not sent twice by mistake');
  });
});

test('[W141] who trades tries out a policy where owners change it, and gives up no change', async () => {
  const prepare = (server: FixtureServer): void => {
    serve(server, { pending: PENDING });
    server.people.session = { ...server.people.session, role: 'trader' };
  };
  await readers.read({ path: '/policy', prepare }, async ({ page }) => {
    await page.getByRole('heading', { name: 'Try out a policy' }).waitFor();
    await page.getByText('Owners of the desk change the policy.').waitFor();
    for (const name of [englishPolicy.change, englishPolicy.giveUp])
      assert.equal(await page.getByRole('button', { name }).count(), 0, name);
    await page.getByLabel(englishPolicy.text).fill(TEXT.replace('<=500', '<=600'));
    await page.getByText(englishPolicy.direction.loosening).waitFor();
  });
});

test('[W83] a change that waits shows its time and lines and can be given up; a locked policy says so', async () => {
  const prepare = (server: FixtureServer): void =>
    serve(server, { pending: PENDING, lock: 'expected the policy that the log vouches for' });
  await readers.read({ path: '/policy', prepare }, async ({ page, server }) => {
    await settled(page);
    await page.getByText('No order is signed').waitFor();
    const waiting = page.getByRole('region', { name: 'A change waits' });
    assert.match(plain(await waiting.innerText()), /\+ demo: allow .*<=600/);
    await waiting.getByRole('button', { name: 'Give it up' }).click();
    await page.getByText('The change is given up.').waitFor();
    assert.deepEqual(server.bodies.get('POST /acts'), { act: { kind: 'cancelPolicyChange' } });
  });
});

test('[W105] an order that waits shows what it is, its worth, its line and its time, and is released or dropped', async () => {
  const released = { ...HELD, order: 'h8', isReleased: true };
  const prepare = (server: FixtureServer): void => serve(server, {}, [HELD, released]);
  await readers.read({ path: '/policy', prepare }, async ({ page, server }) => {
    await settled(page);
    const waiting = page.getByRole('region', { name: 'Orders that wait for you' });
    const said = plain(await waiting.innerText());
    assert.match(said, /Buy 1\.5 BTCUSDT at 1,000, kind: limit orders/);
    assert.match(said, /Worth 1,500 USDT, held by big, time left:\s+\S+/);
    assert.match(said, /Released: it waits to come again/);
    assert.equal(await waiting.getByRole('button', { name: 'Allow this order' }).count(), 1);
    await waiting.getByRole('button', { name: 'Allow this order' }).click();
    await page.getByText('The order is released').waitFor();
    const act = { kind: 'releaseHeld', order: 'h7' };
    assert.deepEqual(server.bodies.get('POST /acts'), { act });
    await waiting.getByRole('button', { name: 'Drop' }).nth(1).click();
    await page.getByText('The order is dropped.').waitFor();
    assert.deepEqual(server.bodies.get('POST /acts'), { act: { kind: 'denyHeld', order: 'h8' } });
  });
});

test('[W125] who trades drops orders that wait, who looks sees whose they are to decide', async () => {
  for (const [role, drops, says] of [
    ['trader', 1, 'To let it be signed is for an owner, with a passkey.'],
    ['viewer', 0, 'A trader drops it; an owner lets it be signed'],
  ] as const) {
    const prepare = (server: FixtureServer): void => {
      serve(server, {}, [HELD]);
      server.people.session = { ...server.people.session, role };
    };
    await readers.read({ path: '/policy', prepare }, async ({ page }) => {
      await settled(page);
      const waiting = page.getByRole('region', { name: 'Orders that wait for you' });
      await waiting.getByText(says).waitFor();
      assert.equal(await waiting.getByRole('button', { name: 'Allow this order' }).count(), 0);
      assert.equal(await waiting.getByRole('button', { name: 'Drop' }).count(), drops);
    });
  }
});

for (const [language, words, locale] of [
  ['english', englishPolicy, 'en-GB'],
  ['german', germanPolicy, 'de-DE'],
] as const) {
  for (const [size, width] of [
    ['desktop', 1440],
    ['phone', 390],
  ] as const) {
    for (const theme of ['light', 'dark'] as const) {
      test(`[W84] the page is in order for ${language} on ${size}, ${theme}`, async () => {
        const prepare = (server: FixtureServer): void =>
          serve(server, { pending: PENDING }, [HELD]);
        await readers.read({ path: '/policy', prepare, width, locale, theme }, async ({ page }) => {
          await page.getByText(words.intro).waitFor();
          await page.getByLabel(words.text).fill(TEXT.replace('<=500', '<=400'));
          await page.getByText(words.direction.tightening).waitFor();
          await page.evaluate(`if (window.axe === undefined) { ${AXE} }`);
          const faults: unknown = await page.evaluate(
            `window.axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
                violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`,
          );
          assert.deepEqual(faults, []);
          const isWide = await page.evaluate(
            () => document.documentElement.scrollWidth > globalThis.innerWidth,
          );
          assert.equal(isWide, false, 'nothing is wider than the screen');
          await page.screenshot({
            path: join(FOLDER, `policy-${language}-${size}-${theme}.png`),
            fullPage: false,
          });
        });
      });
    }
  }
}
