// SPDX-License-Identifier: Apache-2.0
// The paths a person walks, in a real browser.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import type { Page } from 'playwright-core';

import { eventually, plain, Readers, SEED, settled } from './desk-page.ts';
import { makeFixtureData, MARKET_NOW, type FixtureData } from './fixture-data.ts';

const readers = new Readers();
before(() => readers.open());
after(() => readers.close());

test('[W22] the overview shows the totals, the chart, the running deals, health and what happened', async () => {
  await readers.read({}, async ({ page, server }) => {
    await settled(page);
    const band = plain(await page.locator('.figures').innerText());
    assert.match(band, /Realised profit simulated \+62\.50 USDT/);
    assert.match(band, /Running deals 7/);
    assert.equal(await page.locator('.deal-line').count(), 7);
    assert.match(
      plain(await page.getByRole('region', { name: 'Health' }).innerText()),
      /Server 135 MB.*Egress 70 MB · 1 restart/,
    );
    assert.match(
      plain(await page.getByRole('list', { name: 'Latest events' }).innerText()),
      /Base order bought 0\.319 SOL/,
    );
    assert.ok((await page.locator('.price-chart canvas').count()) > 0);
    await page.getByLabel('Instrument').selectOption('BTCUSDT');
    await eventually(
      () => page.url(),
      (url) => url.endsWith('/?symbol=BTCUSDT'),
      'the chart stands in the address',
    );
    server.move('BTCUSDT', 93_001.5);
    await lastPrice(page, '93,001.50 USDT');
  });
});

test('[W22] what the stream brings is on the page with the next frame', async () => {
  await readers.read({}, async ({ page, server }) => {
    await settled(page);
    const [deal] = server.data.deals;
    assert.ok(deal);
    server.push({
      kind: 'deal',
      deal: { ...deal, unrealisedProfit: '123.45', unrealisedProfitPercent: '9.5' },
    });
    const line = page.locator('.deal-line').first();
    await eventually(
      async () => plain(await line.innerText()),
      (text) => text.includes('+123.45 USDT +9.50%'),
      'the deal’s profit moves',
    );
    server.push({
      kind: 'note',
      note: {
        sequence: 999_999,
        botId: deal.botId,
        dealId: deal.id,
        time: MARKET_NOW,
        kind: 'closeRequested',
        values: {},
      },
    });
    const events = page.getByRole('list', { name: 'Latest events' });
    await eventually(
      async () => plain(await events.locator('li').first().innerText()),
      (text) => text.startsWith('You asked to close the deal at market.'),
      'the event is told',
    );
  });
});

test('[W23] each page says plainly when the market is made up, replayed, paused, ended or real', async () => {
  const rows: readonly (readonly [Partial<FixtureData['desk']['market']>, RegExp])[] = [
    [{}, /^Simulated market Prices are made by a generator \(seed 42\)\. No real money\. live speed/],
    [{ kind: 'candles', label: 'BTCUSDT 2025-01', speed: 60 }, /^Replay Recorded candles \(BTCUSDT 2025-01\)\. No real money\. 60× speed/],
    [{ kind: 'trades', label: 'trades.csv', speed: 0 }, /^Replay Recorded trades \(trades\.csv\)\. No real money\. paused/],
    [{ kind: 'candles', label: 'x', hasEnded: true }, /ended/],
    [{ kind: 'paper', label: 'Binance' }, /^Paper Live prices of Binance, simulated orders\. No real money\. live speed/],
    [{ kind: 'exchange', label: 'Binance', isSimulated: false }, /^Live market Real orders at Binance\./],
  ]; // prettier-ignore
  await readers.read({ path: '/settings' }, async ({ page, server }) => {
    for (const [market, expected] of rows) {
      server.push({ kind: 'market', market: { ...server.data.desk.market, ...market } });
      await eventually(
        async () => plain(await page.locator('.market-line').innerText()),
        (text) => expected.test(text),
        String(expected),
      );
    }
  });
});

test('[W23] in a replay, times are relative to the replay’s clock', async () => {
  const data = makeFixtureData(SEED);
  const market = {
    ...data.desk.market,
    kind: 'candles' as const,
    speed: 0,
    marketTime: MARKET_NOW,
  };
  await readers.read({ data: { ...data, desk: { ...data.desk, market } } }, async ({ page }) => {
    await settled(page);
    assert.match(plain(await page.locator('.deal-line').first().innerText()), /7 min ago$/);
    assert.match(
      plain(await page.getByRole('region', { name: 'Health' }).innerText()),
      /Market stream \d+ sec ago/,
    );
  });
});

test('[W24] bots: sort, filter, beside first, as a page second, and the address survives a reload', async () => {
  await readers.read({ path: '/bots' }, async ({ page }) => {
    await settled(page);
    assert.deepEqual(await firstCells(page), [
      'BTC steady',
      'ETH ladder',
      'Majors basket, slow and wide for the weekend',
      'SOL quick',
      'XRP deep',
      'XRP rest',
    ]);
    await page.getByRole('button', { name: 'Realised' }).first().click();
    assert.equal((await firstCells(page))[0], 'XRP deep');
    await page.getByRole('button', { name: 'Realised' }).first().click();
    assert.equal((await firstCells(page))[0], 'SOL quick');
    await page.getByLabel('Filter bots').fill('xrp running');
    await eventually(
      () => firstCells(page),
      (cells) => cells.length === 0,
      'nothing matches',
    );
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await page.getByLabel('Filter bots').fill('xrp');
    await eventually(
      () => firstCells(page),
      (cells) => cells.join() === 'XRP rest,XRP deep',
      'two match, in the chosen order',
    );
    await page.getByRole('link', { name: 'XRP deep' }).click();
    const panel = page.getByRole('complementary', { name: 'XRP deep' });
    await panel.getByText('Refused by the exchange').waitFor();
    // Whole lots at the ladder's own prices, so a little more than the plain sum of 2,462.89.
    await eventually(
      async () => plain(await panel.innerText()),
      (shown) => /Can cost at most\s+2,4\d\d\.\d+ USDT/.test(shown),
      'what the bot can cost is shown',
    );
    const address = page.url();
    assert.match(address, /\/bots\?sort=realised&filter=xrp&panel=4$/);
    await page.reload();
    await panel.waitFor();
    assert.deepEqual(await firstCells(page), ['XRP rest', 'XRP deep']);
    assert.equal(page.url(), address);
    await page.getByRole('link', { name: 'XRP deep' }).click();
    await page.getByRole('heading', { level: 1, name: 'XRP deep' }).waitFor();
    assert.match(page.url(), /\/bots\/4$/);
    await page.goBack();
    await panel.waitFor();
  });
});

test('[W25] bots are started and stopped in bulk, and a toast takes it back', async () => {
  await readers.read({ path: '/bots' }, async ({ page, server }) => {
    await settled(page);
    for (const name of ['BTC steady', 'SOL quick', 'XRP rest']) {
      await page.getByLabel(`Select ${name}`).check();
    }
    await page.getByText('3 selected').waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText('2 bots stopped. Running deals go on to their end.').waitFor();
    assert.equal(server.data.bots.filter((bot) => bot.state === 'stopped').length, 3);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('2 bots started.').waitFor();
    assert.equal(server.data.bots.filter((bot) => bot.state === 'stopped').length, 1);
    assert.equal(await page.getByText('selected').count(), 0);
  });
});

test('[W25] a bot is started on its page, and a refusal says why', async () => {
  await readers.read({ path: '/bots/6', expected: /404/ }, async ({ page, server }) => {
    await settled(page);
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText('XRP rest started.').waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    server.data.bots.splice(5, 1);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText('XRP rest was not stopped: there is no such thing any more').waitFor();
  });
});

test('[W26] a deal can be read: numbers, ladder, orders, who refused and what would help, fills, events', async () => {
  await readers.read({ path: '/deals/4-9' }, async ({ page, server }) => {
    await settled(page);
    await page.getByRole('heading', { level: 1, name: 'XRPUSDT deal #9' }).waitFor();
    const ladder = page.getByRole('region', { name: 'Safety ladder' }).last();
    assert.match(
      plain(await ladder.innerText()),
      /Base Filled 0\.00% 2\.3393 50\.06 1 Filled 0\.70%.*6 Refused 8\.93% 2\.1304 569\.67/,
    );
    const refusals = page.locator('.refusal');
    assert.match(
      plain(await refusals.first().innerText()),
      /^Refused by policy Safety order · 267\.4 XRP @ 2\.1304 · 20 Nov, 11:54 Rule allow demo-xrp: notional Reason expected notional of at most 500 USDT, found 569\.67 To make it pass Make the order smaller, or raise the notional limit/,
    );
    assert.match(
      plain(await refusals.last().innerText()),
      /^Refused by the exchange .*Put more of this asset into the account/,
    );
    const orders = page.getByRole('region', { name: 'Orders' }).last();
    const deal = server.data.deals.find((each) => each.id === '4-9');
    assert.equal(await orders.getByRole('row').count(), 1 + (deal?.orders.length ?? 0));
    const fills = page.getByRole('region', { name: 'Fills' }).last();
    assert.match(
      plain(await fills.getByRole('row').nth(1).innerText()),
      /^Base order Buy 2\.3393 21\.4 50\.06 USDT 0\.0214 XRP 20 Nov, 11:54$/,
    );
    assert.match(
      plain(await page.getByRole('list', { name: 'Events' }).innerText()),
      /Safety order 2 bought 48\.9 XRP at 2\.3016 for 112\.55 USDT\./,
    );
  });
});

test('[W27] closing at market needs a held button: a press does nothing, a hold closes', async () => {
  await readers.read({ path: '/deals/4-9' }, async ({ page, server }) => {
    await settled(page);
    await page.getByRole('button', { name: 'Close at market' }).click();
    const dialog = page.getByRole('alertdialog');
    assert.match(
      plain(await dialog.innerText()),
      /Sells 102\.5 XRP at the market price of XRPUSDT and cancels the deal's other orders\. The last price is 2\.3024 USDT\./,
    );
    const hold = dialog.getByRole('button', { name: /Hold to confirm/ });
    await hold.click();
    await hold.click({ delay: 300 });
    assert.equal(server.requests.get('POST /api/v1/deals/4-9/close'), undefined);
    await hold.hover();
    await page.mouse.down();
    await eventually(
      () => server.requests.get('POST /api/v1/deals/4-9/close'),
      (count) => count === 1,
      'the hold closes',
    );
    await page.mouse.up();
    await page.getByText('XRPUSDT deal #9: closing at market.').waitFor();
    await dialog.waitFor({ state: 'detached' });
    await eventually(
      async () => plain(await page.locator('.page-head').innerText()),
      (text) => text.includes('Closing waits for the sale'),
      'the page shows it',
    );
  });
});

test('[W27] cancelling works by keyboard alone: Enter held, and released too early it does nothing', async () => {
  await readers.read({ path: '/deals/4-9' }, async ({ page, server }) => {
    await settled(page);
    await page.getByRole('button', { name: 'Cancel deal' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog');
    await dialog.waitFor();
    assert.match(plain(await dialog.innerText()), /keeps 102\.5 XRP in your account/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter', { delay: 200 });
    assert.equal(server.requests.get('POST /api/v1/deals/4-9/cancel'), undefined);
    await page.keyboard.down('Enter');
    await eventually(
      () => server.requests.get('POST /api/v1/deals/4-9/cancel'),
      (count) => count === 1,
      'the hold cancels',
    );
    await page.keyboard.up('Enter');
    await page.getByText('XRPUSDT deal #9: cancelling.').waitFor();
  });
});

test('[W27] assistive technology that can only press confirms by a second press', async () => {
  await readers.read({ path: '/deals/4-9' }, async ({ page, server }) => {
    await settled(page);
    await page.getByRole('button', { name: 'Close at market' }).click();
    const hold = page.locator('.hold-button:not(.hold-button-plain)');
    await hold.evaluate((button: HTMLElement) => button.click());
    await page.getByText('Press once more to confirm').waitFor();
    assert.equal(server.requests.get('POST /api/v1/deals/4-9/close'), undefined);
    await hold.evaluate((button: HTMLElement) => button.click());
    await eventually(
      () => server.requests.get('POST /api/v1/deals/4-9/close'),
      (count) => count === 1,
      'the second press closes',
    );
  });
});

test('[W28] the keyboard alone reaches everything', async () => {
  await readers.read({}, async ({ page }) => {
    await settled(page);
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.getByRole('heading', { level: 1, name: 'Bots' }).waitFor();
    await settled(page);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await eventually(
      () => focusedText(page),
      (text) => text === 'ETH ladder',
      'the cursor is on the second row',
    );
    await page.keyboard.press('x');
    await page.getByText('1 selected').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'ETH ladder' }).waitFor();
    await page.keyboard.press('k');
    await page.getByRole('complementary', { name: 'BTC steady' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('complementary').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page.keyboard.type('sol');
    await eventually(
      () => firstCells(page),
      (cells) => cells.join() === 'Majors basket, slow and wide for the weekend,SOL quick',
      'typing filters',
    );
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.type('deal #9 xrp');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'XRPUSDT deal #9' }).waitFor();
    await page.keyboard.press(']');
    await eventually(
      () => page.url(),
      (url) => url.endsWith('?interval=5m'),
      'a longer interval',
    );
  });
});

test('[W28] a dialog that closes gives the focus back to what had it', async () => {
  await readers.read({}, async ({ page }) => {
    await settled(page);
    const opener = page.getByRole('button', { name: 'Commands' });
    for (const open of ['Enter', 'Control+k', '?']) {
      await opener.focus();
      await page.keyboard.press(open);
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await eventually(
        () => focusedText(page),
        (text) => text.includes('Commands'),
        `after ${open}`,
      );
    }
  });
});

test('[W28] keys do nothing while someone writes', async () => {
  await readers.read({ path: '/bots' }, async ({ page }) => {
    await settled(page);
    await page.getByLabel('Filter bots').click();
    await page.keyboard.type('g d ? j');
    assert.match(page.url(), /\/bots/);
    assert.equal(await page.getByRole('dialog').count(), 0);
  });
});

test('[W29] language and theme switch at once and survive a reload', async () => {
  await readers.read({ path: '/settings' }, async ({ page }) => {
    await settled(page);
    const background = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await background();
    await page.getByRole('radio', { name: 'Deutsch' }).click();
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor();
    await page.getByRole('radio', { name: 'Hell' }).click();
    await eventually(background, (color) => color !== dark, 'the page turns light');
    assert.match(
      plain(await page.locator('.settings-choice').nth(4).innerText()),
      /^Beispiel 20\. Nov\. 2026, 15:3\d:\d\d MEZ · 1\.234\.567,89$/,
    );
    await page.getByRole('radio', { name: 'UTC' }).click();
    await eventually(
      async () => plain(await page.locator('.settings-choice').nth(4).innerText()),
      (text) => text.includes('14:3') && text.includes('UTC'),
      'times turn to UTC',
    );
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor();
    assert.notEqual(await background(), dark);
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
  });
});

test('[W29] the first language and theme are those of the system', async () => {
  await readers.read({ locale: 'de-AT', theme: 'light' }, async ({ page }) => {
    await settled(page);
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de-AT');
    assert.match(
      plain(await page.locator('.figures').innerText()),
      /Realisierter Gewinn simuliert \+62,50 USDT/,
    );
    assert.equal(
      await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
      'rgb(245, 246, 248)',
    );
  });
});

test('[W30] a locked desk says how to open it, and opens by itself', async () => {
  const prepare = (server: { isLocked: boolean }): void => {
    server.isLocked = true;
  };
  await readers.read({ prepare, expected: /401/ }, async ({ page, server }) => {
    await page.getByRole('heading', { name: 'This desk is locked' }).waitFor();
    const text = plain(await page.locator('main').innerText());
    assert.match(text, /kontor start/);
    assert.match(text, /kontor link/);
    assert.equal(await page.locator('input, form').count(), 0, 'there is nothing to type into');
    server.isLocked = false;
    // Coming back to the tab looks at once; otherwise it takes some seconds.
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await page.locator('.figures').waitFor();
  });
});

test('[W30] a session that ends locks the page at the next answer', async () => {
  await readers.read({ path: '/deals', expected: /401/ }, async ({ page, server }) => {
    await settled(page);
    server.isLocked = true;
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.getByRole('heading', { name: 'This desk is locked' }).waitFor();
  });
});

test('[W65] locking the desk locks every page of the browser', async () => {
  await readers.read(
    { path: '/settings', expected: /401|ERR_/ },
    async ({ page, context, server }) => {
      await settled(page);
      const other = await context.newPage();
      await other.goto(`${server.url}/deals`);
      await settled(other);
      await page.getByRole('button', { name: 'Lock the desk' }).focus();
      await page.keyboard.press('Enter');
      for (const each of [page, other]) {
        await each.getByRole('heading', { name: 'This desk is locked' }).waitFor();
      }
      assert.equal(server.streamCount, 0, 'nothing listens any more');
    },
  );
});

test('[W63] a bot’s page reads its own events, however many others there are', async () => {
  await readers.read({ path: '/bots/1' }, async ({ page, server }) => {
    await settled(page);
    assert.ok((server.requests.get('GET /api/v1/notes?bot=1') ?? 0) > 0);
    const events = page.getByRole('list', { name: 'Events' });
    const [known] = server.data.notes;
    assert.ok(known);
    const note = (botId: string, dealId: string, reason: string): void =>
      server.push({
        kind: 'note',
        note: {
          ...known, sequence: known.sequence + 1_000 + Number(botId), botId, dealId, kind: 'dealFailed', values: { reason },
        },
      }); // prettier-ignore
    note('2', '2-1', 'of another bot');
    note('1', '1-1', 'of this bot');
    await events.getByText('of this bot').waitFor();
    assert.equal(await events.getByText('of another bot').count(), 0);
  });
});

test('[W30] a spent link says so', async () => {
  const prepare = (server: { isLocked: boolean }): void => {
    server.isLocked = true;
  };
  await readers.read({ path: '/locked', prepare, expected: /401/ }, async ({ page, server }) => {
    await page.getByText('This link was used already').waitFor();
    server.isLocked = false;
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await page.locator('.figures').waitFor();
    assert.equal(new URL(page.url()).pathname, '/');
  });
});

test('[W31] after a hole in the stream the page reads everything again', async () => {
  await readers.read({}, async ({ page, server }) => {
    await settled(page);
    const before = reads(server.requests);
    const [bot] = server.data.bots;
    assert.ok(bot);
    server.data.bots[0] = { ...bot, realisedProfit: '777' };
    server.skip(1);
    server.push({ kind: 'balances', balances: server.data.balances });
    await eventually(
      () => reads(server.requests),
      (now) => before.every((count, index) => (now[index] ?? 0) > count),
      'all that is shown is read again',
    );
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await eventually(
      async () => plain(await page.locator('.table').innerText()),
      (text) => text.includes('+777.00'),
      'what had been missed is there',
    );
  });
});

test('[W31] without the stream, numbers are grey and the page says since when; then all is read again', async () => {
  await readers.read({ expected: /ERR_|EMPTY_RESPONSE/ }, async ({ page, server }) => {
    await settled(page);
    const profit = page.locator('.figure .live').first();
    const color = (): Promise<string> =>
      profit.evaluate((element) => getComputedStyle(element).color);
    const fresh = await color();
    const before = reads(server.requests);
    server.isDown = true;
    server.dropStreams();
    await page
      .getByText(/^No live data since \d\d:\d\d:\d\d\. Numbers are stale\. Connecting again\.$/)
      .waitFor();
    await eventually(color, (now) => now !== fresh, 'the number is grey');
    assert.equal(await page.evaluate(() => document.documentElement.dataset['stale']), 'true');
    server.isDown = false;
    await eventually(color, (now) => now === fresh, 'the number is fresh again');
    await eventually(
      () => reads(server.requests),
      (now) => before.every((count, index) => (now[index] ?? 0) > count),
      'all is read again',
    );
    await page.getByText('Simulated market').waitFor();
  });
});

test('[W31] a market stream that is down makes prices stale though the desk answers', async () => {
  await readers.read({}, async ({ page, server }) => {
    await settled(page);
    const { health } = server.data;
    server.push({
      kind: 'health',
      health: {
        ...health,
        state: 'degraded',
        streams: [
          {
            name: 'market',
            state: 'down',
            lastEventAt: Date.UTC(2026, 10, 20, 13, 5, 9),
            detail: '',
          },
          ...health.streams.slice(1),
        ],
      },
    });
    await page.getByText('The market stream is down since 14:05:09. Prices are stale.').waitFor();
    await eventually(
      () => page.evaluate(() => document.documentElement.dataset['stale']),
      (stale) => stale === 'true',
      'numbers are stale',
    );
    server.push({
      kind: 'health',
      health: {
        ...health,
        state: 'degraded',
        processes: health.processes.map((process) =>
          process.name === 'signer' ? { ...process, state: 'down' } : process,
        ),
      },
    });
    await page.getByText('Signer is down and being started again.').waitFor();
    server.push({ kind: 'health', health });
    await page.getByText('Simulated market').waitFor();
    await eventually(
      () => page.evaluate(() => document.documentElement.dataset['stale']),
      (stale) => stale === 'false',
      'numbers are fresh',
    );
  });
});

test('[W32] one part that cannot be read says so and is tried again; the rest of the page stands', async () => {
  const prepare = (server: { failing: Set<string> }): void => {
    server.failing.add('/totals');
  };
  await readers.read({ prepare, expected: /500/ }, async ({ page, server }) => {
    await page.getByText('the fixture fails /totals').waitFor();
    assert.equal(await page.locator('.deal-line').count(), 7);
    server.failing.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.figures').waitFor();
  });
});

test('[W32] a desk without bots, deals or events teaches what to do', async () => {
  const whole = makeFixtureData(SEED);
  const data: FixtureData = {
    ...whole,
    bots: [],
    deals: [],
    notes: [],
    balances: [],
    connections: [],
  };
  await readers.read({ data }, async ({ page }) => {
    await settled(page);
    for (const words of [
      'No deal is running.',
      'Nothing has happened yet.',
      'The first closed deal starts this curve.',
    ]) {
      await page.getByText(words).waitFor();
    }
    await page.getByRole('link', { name: 'Go to the bots' }).click();
    await page.getByText('There is no bot yet.').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByText('No deals yet.').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.getByText('There is no connection yet.').waitFor();
  });
});

test('[W32] addresses that lead nowhere say so', async () => {
  const rows = [
    ['/nowhere', 'This address does not lead to a page of the desk.'],
    ['/bots/99', 'There is no bot with this address.'],
    ['/deals/9-99', 'There is no deal with this address.'],
  ] as const;
  await readers.read({ expected: /404/ }, async ({ page, server }) => {
    for (const [path, words] of rows) {
      await page.goto(server.url + path);
      await page.getByText(words).waitFor();
    }
    await page.getByRole('link', { name: 'Go to the overview' }).click();
    await page.locator('.figures').waitFor();
  });
});

test('[W31] a desk that was replaced by another version asks for a reload', async () => {
  await readers.read({ path: '/settings' }, async ({ page, server }) => {
    await settled(page);
    server.desk = { ...server.data.desk, version: '0.2.0' };
    server.push({ kind: 'reset' });
    await page.getByText('Kontor was updated. This page is from the version before.').waitFor();
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByText('Simulated market').waitFor();
  });
});

test('[W32] a desk that does not answer says so and is found again', async () => {
  await readers.read(
    {
      path: '/bots',
      expected: /ERR_|EMPTY_RESPONSE|500/,
      prepare: (server) => void server.failing.add('/desk'),
    },
    async ({ page, server }) => {
      await page.getByRole('heading', { name: 'The desk does not answer' }).waitFor();
      server.failing.clear();
      await page.getByRole('heading', { level: 1, name: 'Bots' }).waitFor();
    },
  );
});

test('[W33] deals: filters stand in the address, and the CSV holds what is filtered', async () => {
  await readers.read({ path: '/deals' }, async ({ page }) => {
    await settled(page);
    await page.getByText('55 deals').waitFor();
    await page.getByRole('radio', { name: 'Closed' }).click();
    await page.getByText('48 deals').waitFor();
    await page.getByLabel('Bot', { exact: true }).selectOption({ label: 'SOL quick' });
    await page.getByText('20 deals').waitFor();
    await page.getByLabel('Filter deals').fill('stop');
    await page.getByText(/^\d of 20 deals$/).waitFor();
    assert.match(page.url(), /\/deals\?scope=closed&bot=3&filter=stop$/);
    const shown = await firstCells(page);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ]);
    const csv = await readFile(await file.path(), 'utf8');
    assert.equal(csv.trimEnd().split('\r\n').length, shown.length + 1);
    assert.ok(csv.includes('3-15,SOL quick,SOLUSDT,completed,stop loss,'));
    await page.getByLabel('Instrument', { exact: true }).selectOption('BTCUSDT');
    await page.getByText('No deal matches this filter.').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).last().click();
    await page.getByText('55 deals').waitFor();
  });
});

test('[W33] a view is saved under a name and found again', async () => {
  await readers.read({ path: '/deals?scope=closed&sort=-profit' }, async ({ page }) => {
    await settled(page);
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Save this view' }).click();
    await page.getByLabel('Name of the view').fill('Best first');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.goto(page.url().replace(/\?.*/, ''));
    await settled(page);
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Best first', exact: true }).click();
    await eventually(
      () => page.url(),
      (url) => url.endsWith('/deals?scope=closed&sort=-profit'),
      'the view is back',
    );
  });
});

test('[W34] a closed deal leaves the running ones and joins the closed', async () => {
  await readers.read({ path: '/deals?scope=open' }, async ({ page, server }) => {
    await settled(page);
    await page.getByText('7 deals').waitFor();
    const [deal] = server.data.deals;
    assert.ok(deal);
    server.push({
      kind: 'deal',
      deal: { ...deal, status: 'completed', closedAt: MARKET_NOW, reason: 'take profit' },
    });
    await page.getByText('6 deals').waitFor();
  });
});

test('[W35] connections: public key, days left, the policy as written, and what an account holds', async () => {
  await readers.read({ path: '/connections' }, async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await settled(page);
    const demo = page.getByRole('region', { name: 'Demo account' });
    const text = plain(await demo.innerText());
    assert.match(text, /Active/);
    assert.match(text, /\(78 days left\)/);
    assert.match(text, /allow id=demo-btc op=order\.place symbol=BTCUSDT/);
    assert.match(text, /9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08/);
    assert.match(
      plain(await page.getByRole('region', { name: 'Spot account' }).innerText()),
      /10 days left/,
    );
    assert.match(
      plain(await page.getByRole('region', { name: 'Second account' }).innerText()),
      /Waiting for activation.*No policy line names this connection/,
    );
    await demo.getByRole('button', { name: 'Copy the public key' }).click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /BEGIN PUBLIC KEY/);
    assert.match(
      plain(await page.getByRole('region', { name: 'Balances' }).innerText()),
      /USDT 8,123\.4418 1,876\.12 BTC 0\.00000123 0\.01284/,
    );
  });
});

test('[W60] connections: orders the desk does not know, decided on, orders of others, and findings', async () => {
  await readers.read({ path: '/connections' }, async ({ page, server }) => {
    await settled(page);
    const card = page.getByRole('region', { name: 'Compared with the exchange' });
    const text = plain(await card.innerText());
    assert.match(text, /Buy 0\.01200 BTCUSDT @ 87,000\.50/);
    assert.match(text, /k1abcd9-7-3 sent after the copy this store was restored from/);
    assert.match(text, /Sell 0\.01000 BTCUSDT @ 99,000\.00/);
    assert.match(text, /USDT: 100 was expected and 60 is there\..*4 times/);
    const waiting = card.getByRole('listitem').filter({ hasText: 'k1abcd9-7-3' });
    assert.equal(await card.getByRole('button', { name: 'Adopt' }).count(), 1);
    await waiting.getByRole('button', { name: 'Adopt' }).click();
    await waiting.getByText('Adopted').waitFor();
    assert.equal(server.requests.get('POST /api/v1/orphans/2/adopt'), 1);
    server.push({ kind: 'reconciliation', reconciliation: server.data.reconciliation });
    await waiting.getByText('Waits for you').waitFor();
    const cancel = waiting.getByRole('button', { name: 'Hold to cancel' });
    await cancel.click();
    assert.equal(server.requests.get('POST /api/v1/orphans/2/cancel'), undefined);
    await cancel.focus();
    await page.keyboard.down('Enter');
    await waiting.getByText('Cancelled', { exact: true }).waitFor();
    await page.keyboard.up('Enter');
    await card.getByRole('button', { name: 'Compare now' }).click();
    await page.getByText('The desk compares itself with the exchange.').waitFor();
  });
});

test('[W36] the chart library is named and linked, as its licence asks', async () => {
  await readers.read({}, async ({ page }) => {
    await settled(page);
    const logo = page.locator('.price-chart a[href*="tradingview.com"]');
    await logo.waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    const link = page.getByRole('link', { name: /TradingView Lightweight Charts™, Copyright/ });
    assert.equal(await link.getAttribute('href'), 'https://www.tradingview.com/');
  });
});

test('[W37] on a phone the pages stand in a bar below, and a row opens over the list', async () => {
  await readers.read({ path: '/bots', width: 390 }, async ({ page }) => {
    await settled(page);
    const bar = await page.getByRole('navigation', { name: 'Pages' }).boundingBox();
    assert.ok(bar !== null && bar.y > 700 && bar.width === 390);
    await page.getByRole('link', { name: 'SOL quick' }).tap();
    const panel = page.getByRole('complementary', { name: 'SOL quick' });
    const box = await panel.boundingBox();
    assert.equal(box?.width, 390);
    await panel.getByRole('button', { name: 'Close' }).tap();
    await page.getByRole('link', { name: 'Deals' }).tap();
    await page.getByRole('heading', { level: 1, name: 'Deals' }).waitFor();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth > window.innerWidth,
    );
    assert.equal(overflow, false, 'nothing is wider than the phone');
  });
});

test('[W162] a phone has five ways in its bar, the alarms among them, and the others behind the last', async () => {
  await readers.read({ path: '/bots', width: 390 }, async ({ page, server }) => {
    await settled(page);
    server.alarms = { openCount: 2, alarms: [] };
    server.push({ kind: 'alarms', alarms: server.alarms });
    const bar = page.getByRole('navigation', { name: 'Pages' });
    const shown = bar.locator('a:visible, button:visible');
    await bar.locator('.alarm-count').waitFor();
    assert.deepEqual(
      (await shown.allInnerTexts()).map((text) => plain(text)),
      ['Overview', 'Bots', 'Deals', 'Alarms 2', 'More'],
    );
    const more = bar.getByRole('button', { name: 'More' });
    assert.equal(await more.getAttribute('aria-current'), null);
    // By keyboard alone: opened, left, and the focus is where it was.
    await more.focus();
    await page.keyboard.press('Enter');
    const sheet = page.getByRole('dialog', { name: 'More' });
    await sheet.waitFor();
    assert.equal(await page.locator('.rail-more').getAttribute('aria-expanded'), 'true');
    assert.deepEqual(await sheet.getByRole('link').allInnerTexts(), [
      'Connections',
      'Log',
      'Risk',
      'People',
      'Settings',
    ]);
    const box = await sheet.boundingBox();
    assert.ok(box !== null && Math.round(box.y + box.height) === 844 && box.width === 390);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    assert.equal(await focusedText(page), 'More');
    await more.tap();
    await sheet.getByRole('link', { name: 'Risk' }).tap();
    await page.getByRole('heading', { level: 1, name: 'Risk' }).waitFor();
    await sheet.waitFor({ state: 'detached' });
    assert.equal(await more.getAttribute('aria-current'), 'true');
  });
});

test('[W162] beside a wide page every way stands in the rail', async () => {
  await readers.read({ path: '/bots', width: 1280 }, async ({ page }) => {
    await settled(page);
    const bar = page.getByRole('navigation', { name: 'Pages' });
    assert.equal(await bar.getByRole('link').count(), 9);
    assert.equal(await bar.getByRole('button', { name: 'More' }).isVisible(), false);
  });
});

async function firstCells(page: Page): Promise<string[]> {
  const links = await page.locator('.row-link').allInnerTexts();
  return links.map((text) => plain(text));
}

function focusedText(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

async function lastPrice(page: Page, expected: string): Promise<void> {
  await eventually(
    async () => plain(await page.locator('.quote-line-last dd').innerText()),
    (text) => text === expected,
    'the last price',
  );
}

/** How often each thing on the overview has been read. */
function reads(requests: ReadonlyMap<string, number>): readonly number[] {
  return ['desk', 'health', 'totals', 'bots', 'deals', 'notes', 'candles'].map(
    (path) => requests.get(`GET /api/v1/${path}`) ?? 0,
  );
}
