// SPDX-License-Identifier: Apache-2.0
// Bots and deals of every kind, what may be done to them, their conditions, and the desk's risk, in a real browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import type { Locator, Page } from 'playwright-core';

import { eventually, plain, Readers, settled, type Reader } from './desk-page.ts';
import {
  CONDITIONS, everyKind, GRID_BOT, PORTFOLIO_BOT, SHORT_BOT, SIGNAL_BOT, TRADE_BOT, WAITING_BOT,
} from './every-kind.ts'; // prettier-ignore
import type { FixtureServer } from './fixture-server.ts';

const readers = new Readers();
before(() => readers.open());
after(() => readers.close());

const DATA = everyKind(42);

async function open(
  path: string,
  work: (reader: Reader) => Promise<void>,
  options: { readonly expected?: RegExp; readonly locale?: string } = {},
): Promise<void> {
  const prepare = (server: FixtureServer): void => {
    server.conditions = CONDITIONS;
  };
  const data = { ...DATA, bots: [...DATA.bots], deals: [...DATA.deals] };
  await readers.read({ path, data, prepare, ...options }, async (reader) => {
    await settled(reader.page);
    await work(reader);
  });
}

test('[W55] a grid: lines with side and state, profit of lines, settings as questions', async () => {
  await open(`/deals/${GRID_BOT}-1`, async ({ page, server }) => {
    const lines = page.getByRole('region', { name: 'Lines' });
    assert.match(
      plain(await lines.innerText()),
      /Profit of lines \+3\.25 USDT Lines closed 14 .*20 Sell 101,184\.54 0\.00019 19\.23 Waits 19 Sell .* On the book .*11 – 94,083\.87 – – Empty 10 Buy .*3 Buy .* Paused 2 Buy/,
    );
    await page.goto(`${server.url}/bots/${GRID_BOT}`);
    await settled(page);
    const settings = plain(await page.locator('.settings-view').innerText());
    assert.match(
      settings,
      /^What to trade Instrument BTCUSDT In which range Lowest line 86,194\.23 USDT Highest line 101,184\.54 USDT How many lines Lines 20 Distance between lines equal in price Each line 20 USDT/,
    );
    assert.match(plain(await page.locator('.deal-line').innerText()), /14 lines closed/);
  });
});

test('[W55] a smart trade: steps with what can be done to each, held to confirm', async () => {
  await open(`/deals/${TRADE_BOT}-1`, async ({ page, server }) => {
    const steps = page.getByRole('region', { name: 'Steps' });
    assert.match(
      plain(await steps.innerText()),
      /Entry 1 3,321\.55 0\.0302 0\.0000 Waits Take back Target 1 3,428\.05 .* Waits Close now Take back Stop 3,225\.12 watched by the desk/,
    );
    await held(page.getByRole('button', { name: 'Close now: Target 1' }), page);
    await sent(server, `POST /deals/${TRADE_BOT}-1/close-step`, { step: 1 });
    await held(page.getByRole('button', { name: 'Take back: Entry 1' }), page);
    await sent(server, `POST /deals/${TRADE_BOT}-1/cancel-step`, { of: 'entry', step: 1 });
    await choose(page, 'More', 'Enter now');
    await held(page.getByRole('button', { name: /Hold to confirm: Enter now/ }), page);
    await sent(server, `POST /deals/${TRADE_BOT}-1/force-entry`, undefined);
    await page.goto(`${server.url}/deals/${SIGNAL_BOT}-1`);
    await settled(page);
    assert.match(
      plain(await page.getByRole('region', { name: 'Steps' }).innerText()),
      /Entry 1 – .* Filled Stop 178\.88 at the exchange, acts at \d\d:\d\d:\d\d unless the price comes back/,
    );
  });
});

test('[W55] a portfolio shows shares as they are and as they are wanted', async () => {
  await open(`/bots/${PORTFOLIO_BOT}`, async ({ page, server }) => {
    const lines = await page.locator('.deal-line').allInnerTexts();
    assert.match(plain(lines.join(' ')), /BTCUSDT #1 23\.50% of 25\.00%/);
    await page.goto(`${server.url}/deals/${PORTFOLIO_BOT}-2`);
    await settled(page);
    assert.match(
      plain(await page.getByRole('region', { name: 'Share' }).innerText()),
      /Share 24\.50% Wanted share 25\.00% Worth 201\.00 USDT Trades 2/,
    );
  });
});

test('[W55] a short deal says that it is one: safety orders above, coins to buy back', async () => {
  await open(`/deals/${SHORT_BOT}-1`, async ({ page }) => {
    const head = plain(await page.locator('.page-head').innerText());
    assert.match(head, /XRPUSDT deal #1 Open Short/);
    assert.match(
      plain(await page.locator('.figures').first().innerText()),
      /To buy back 43\.4 XRP/,
    );
    const ladder = page.getByRole('region', { name: 'Safety ladder' });
    assert.match(plain(await ladder.innerText()), /Above base .*3 Waiting 3\.60% 2\.3853/);
    await page.getByRole('button', { name: 'Close at market' }).click();
    assert.match(
      plain(await page.getByRole('alertdialog').innerText()),
      /Buys back 43\.4 XRP at the market price of XRPUSDT/,
    );
  });
});

test('[W56] a bot that waits shows each condition with what it reads now, in both languages', async () => {
  await open(`/bots/${WAITING_BOT}`, async ({ page }) => {
    assert.match(
      plain(await page.getByRole('region', { name: 'Conditions', exact: true }).innerText()),
      /ETHUSDT to start Not all met .*RSI, 1 hour, 14, below, 30 27\.3141 Met 3\d min ago Two moving averages, 4 hours, exponential, 20, 50, crosses above – 24 of 500 candles seen –/,
    );
  });
  await open(
    `/bots/${WAITING_BOT}`,
    async ({ page }) => {
      assert.match(
        plain(await page.getByRole('region', { name: 'Bedingungen', exact: true }).innerText()),
        /ETHUSDT für den Beginn Nicht alle erfüllt .*RSI, 1 Stunde, 14, unter, 30 27,3141 Erfüllt/,
      );
    },
    { locale: 'de-DE' },
  );
});

test('[W57] funds are added and taken out of a deal, at market or at a price', async () => {
  await open('/deals/4-9', async ({ page, server }) => {
    await choose(page, 'More', 'Add funds');
    const dialog = page.getByRole('dialog', { name: 'Add funds' });
    await dialog.getByRole('button', { name: 'Add funds' }).click();
    await dialog.getByText('An amount above zero is needed.').waitFor();
    await dialog.getByLabel('Amount').first().fill('25.5');
    await dialog.getByLabel('At a price').fill('2.1');
    await dialog.getByRole('button', { name: 'Add funds' }).click();
    await page.getByText('XRPUSDT deal #9: adding funds.').waitFor();
    await sent(server, 'POST /deals/4-9/add-funds', {
      amount: { kind: 'quote', value: '25.5' },
      price: '2.1',
    });
    await choose(page, 'More', 'Close a part');
    const part = page.getByRole('dialog', { name: 'Close a part' });
    await part.getByLabel('Amount').first().fill('10');
    await part.getByRole('button', { name: 'Close a part' }).click();
    await sent(server, 'POST /deals/4-9/reduce-funds', { amount: { kind: 'base', value: '10' } });
    await choose(page, 'More', 'Make it a smart trade');
    await held(page.getByRole('button', { name: /Hold to confirm: Make it/ }), page);
    await sent(server, 'POST /deals/4-9/convert', undefined);
  });
});

test('[W57] a deal is started by hand, a signal is sent, and a refusal says why', async () => {
  await open(
    '/bots/1',
    async ({ page, server }) => {
      server.refusals.set('/bots/1/start-deal', 'the bot has 1 deal, 1 is the most');
      await choose(page, 'More', 'Start a deal now');
      const dialog = page.getByRole('dialog', { name: 'Start a deal now' });
      await dialog.getByRole('button', { name: 'Start a deal now' }).click();
      await page.getByText('BTC steady: the bot has 1 deal, 1 is the most').waitFor();
      server.refusals.clear();
      await dialog.getByLabel('Even beyond the limits').click();
      await dialog.getByRole('button', { name: 'Start a deal now' }).click();
      await page.getByText('A deal on BTCUSDT starts.').waitFor();
      await sent(server, 'POST /bots/1/start-deal', {
        symbol: 'BTCUSDT',
        skipConditions: false,
        skipLimits: true,
      });
      await page.goto(`${server.url}/bots/${SIGNAL_BOT}`);
      await settled(page);
      await choose(page, 'More', 'Send a signal');
      const signal = page.getByRole('dialog', { name: 'Send a signal' });
      await signal.getByLabel('Signal').selectOption('exitLong');
      await signal.getByRole('button', { name: 'Send a signal' }).click();
      await page.getByText('Signal sent.').waitFor();
      await sent(server, `POST /bots/${SIGNAL_BOT}/signal`, {
        action: 'exitLong',
        symbol: 'SOLUSDT',
      });
    },
    { expected: /409/ },
  );
});

test('[W57] bots are ended in bulk by a held button, and stopped ones leave the desk', async () => {
  await open('/bots', async ({ page, server }) => {
    for (const name of ['BTC steady', 'ETH ladder', 'XRP rest']) {
      await page.getByLabel(`Select ${name}`).check();
    }
    await choose(page, 'More', 'Stop and close deals');
    const dialog = page.getByRole('alertdialog');
    const text = plain(await dialog.innerText());
    assert.match(text, /BTC steady, ETH ladder No new deals\./);
    assert.doesNotMatch(text, /XRP rest/, 'a stopped bot has nothing to stop');
    await dialog.getByRole('button', { name: /Hold to confirm/ }).click();
    assert.equal(server.requests.get('POST /api/v1/bots/1/stop-and-close'), undefined);
    await held(dialog.getByRole('button', { name: /Hold to confirm/ }), page);
    await page.getByText('2 bots: stopped, closing their deals.').waitFor();
    assert.equal(server.requests.get('POST /api/v1/bots/1/stop-and-close'), 1);
    assert.equal(server.requests.get('POST /api/v1/bots/2/stop-and-close'), 1);
    await page.goto(`${server.url}/bots/6`);
    await settled(page);
    await choose(page, 'More', 'Remove from the desk');
    await held(page.getByRole('alertdialog').getByRole('button', { name: /Hold/ }), page);
    await page.getByText('XRP rest left the desk.').waitFor();
    await page.getByRole('heading', { level: 1, name: 'Bots' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'XRP rest' }).count(), 0);
  });
});

test('[W57] deals are closed in bulk, those that are over left out', async () => {
  await open('/deals', async ({ page, server }) => {
    await page.getByLabel('Select XRPUSDT deal #9').check();
    await page.getByLabel('Select BTCUSDT deal #5').first().check();
    await choose(page, 'More', 'Close at market');
    await held(page.getByRole('alertdialog').getByRole('button', { name: /Hold/ }), page);
    await eventually(
      () => server.requests.get('POST /api/v1/deals/4-9/close'),
      (count) => count === 1,
      'the deal is closed',
    );
  });
});

test('[W53] the kill switch: held it stops entries at once, pressed it says more and leads back', async () => {
  await open('/', async ({ page, server }) => {
    const stop = page.getByRole('button', { name: 'Stop entries' });
    await held(stop, page);
    await page.getByText('Only reducing from now on: entries are being cancelled.').waitFor();
    await sent(server, 'POST /risk/desk/state', { state: 'reducing' });
    await page.getByRole('button', { name: 'Only reducing' }).click();
    const dialog = page.getByRole('dialog', { name: 'Risk' });
    assert.match(plain(await dialog.innerText()), /Only reducing by you/);
    await dialog.getByRole('button', { name: 'Halt' }).click();
    assert.equal(server.risk[0]?.state, 'reducing', 'a press is not enough');
    await held(dialog.getByRole('button', { name: 'Halt' }), page);
    await page.getByRole('button', { name: 'Halted' }).click();
    await held(dialog.getByRole('button', { name: 'Resume' }), page);
    await stop.waitFor();
    assert.equal(server.risk[0]?.state, 'active');
    await stop.click();
    await dialog.getByText('Trading', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    // Another page, or the terminal, may have changed it.
    const [risk] = server.risk;
    assert.ok(risk);
    server.push({ kind: 'risk', risk: { ...risk, state: 'halted', cause: 'person' } });
    await page.getByRole('button', { name: 'Halted' }).waitFor();
  });
});

test('[W53] the kill switch works by keyboard alone', async () => {
  await open('/settings', async ({ page, server }) => {
    await page.getByRole('button', { name: 'Stop entries' }).focus();
    await page.keyboard.press('Enter', { delay: 200 });
    await page.getByRole('dialog', { name: 'Risk' }).waitFor();
    assert.equal(server.bodies.get('POST /risk/desk/state'), undefined);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Stop entries' }).focus();
    await page.keyboard.down('Enter');
    await sent(server, 'POST /risk/desk/state', { state: 'reducing' });
    await page.keyboard.up('Enter');
  });
});

test('[W54] risk: what is at stake against its limits, limits changed with errors at their fields', async () => {
  await open('/risk', async ({ page, server }) => {
    const desk = page.getByRole('region', { name: 'The desk' });
    assert.match(
      plain(await desk.innerText()),
      /Trading .*At stake 3,415\.23 USDT of 6,000 USDT at most Open orders 34 of 120 at most Realised today \+11\.43 USDT loss of 150 USDT at most/,
    );
    assert.match(
      plain(await page.getByRole('region', { name: 'Bots with limits' }).last().innerText()),
      /SOL quick Only reducing 180\.11 USDT 3 -21\.03 USDT/,
    );
    await desk.getByRole('button', { name: 'Change limits' }).click();
    await desk.getByRole('textbox', { name: 'Open orders at once' }).fill('0');
    await desk.getByText('A whole number from 1 to 100,000.').waitFor();
    await page.reload();
    await settled(page);
    assert.equal(
      await desk.getByRole('textbox', { name: 'Open orders at once' }).inputValue(),
      '0',
      'nothing is lost',
    );
    await desk.getByRole('textbox', { name: 'Open orders at once' }).fill('80');
    await desk.getByRole('button', { name: 'Remove asset 1' }).first().click();
    await desk.getByRole('button', { name: 'Save limits' }).click();
    await page.getByText('Limits changed.').waitFor();
    await sent(server, 'PUT /risk/desk/limits', {
      maxExposure: [],
      maxOpenOrders: 80,
      dailyLoss: [{ asset: 'USDT', amount: '150' }],
    });
    await desk.getByText('of 80 at most').waitFor();
    await page.goto(`${server.url}/bots/3`);
    await settled(page);
    assert.match(
      plain(await page.getByRole('region', { name: 'Risk' }).innerText()),
      /Only reducing the loss of today, 21\.03 USDT, reached its limit of 20\.00 USDT, 4\d min ago\. Until 21 Nov 2026/,
    );
  });
});

/** Holds `button` until it acts. */
async function held(button: Locator, page: Page): Promise<void> {
  const isHeld = async (): Promise<boolean> =>
    await button.evaluateAll((found) =>
      found.some((each) => each instanceof HTMLElement && each.dataset['held'] === 'true'),
    );
  await button.hover();
  await page.mouse.down();
  await eventually(isHeld, (is) => is, 'the hold begins');
  await eventually(isHeld, (is) => !is, 'the hold is over');
  await page.mouse.up();
}

async function choose(page: Page, menu: string, action: string): Promise<void> {
  await page.locator('.page-head').getByRole('button', { name: menu, exact: true }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

/** The desk got `body` at `path`. */
async function sent(server: FixtureServer, path: string, body: unknown): Promise<void> {
  await eventually(
    () => server.bodies.has(path),
    (isThere) => isThere,
    path,
  );
  assert.deepEqual(server.bodies.get(path), body);
}
