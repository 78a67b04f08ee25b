// SPDX-License-Identifier: Apache-2.0
// Much at once: ten thousand deals in a list, two thousand updates a second. Rates are reported, not judged.

import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';

import type { Page } from 'playwright-core';

import { eventually, plain, Readers, SEED, settled } from './desk-page.ts';
import { makeFixtureData } from './fixture-data.ts';

const DEALS = 10_000;
const UPDATES_A_SECOND = 2_000;
const UPDATES = 3 * UPDATES_A_SECOND;

const readers = new Readers();
before(() => readers.open());
after(() => readers.close());

test('[W39] ten thousand deals scroll, sort and filter with only the rows in sight drawn', async (context) => {
  const data = makeFixtureData(SEED, DEALS);
  await readers.read({ path: '/deals', data }, async ({ page }) => {
    const startedAt = performance.now();
    await page.getByText(/^10,000 deals$/).waitFor();
    context.diagnostic(
      `all ${DEALS} deals loaded after ${Math.round(performance.now() - startedAt)} ms`,
    );
    const rows = page.locator('.table-row');
    assert.ok((await rows.count()) < 80, 'only rows in sight are drawn');
    const frames = await scrollThrough(page);
    report(context, 'scrolling through all rows', frames);
    assert.ok((await rows.count()) < 80);
    const last = data.deals.at(-1);
    assert.match(
      plain(await rows.last().innerText()),
      new RegExp(`#${last?.number}\\b`),
      'the last row is at the end',
    );
    await page.getByRole('button', { name: 'Profit', exact: true }).click();
    await page.locator('.table-scroll').evaluate((element) => element.scrollTo(0, 0));
    const best = Math.max(
      ...data.deals
        .filter((deal) => deal.closedAt !== null)
        .map((deal) => Number(deal.realisedProfit)),
    );
    await eventually(
      async () => plain(await rows.first().innerText()),
      (text) => text.includes(`+${best.toFixed(2)} USDT`),
      'the best deal is first',
    );
    await page.getByLabel('Filter deals').fill('stop loss');
    const expected = data.deals.filter((deal) => deal.reason === 'stop loss').length;
    await page.getByText(`${expected.toLocaleString('en-GB')} of 10,000 deals`).waitFor();
  });
});

test('[W40] two thousand updates a second reach the page gathered by frame, none lost', async (context) => {
  await readers.read({ path: '/' }, async ({ page, server }) => {
    await settled(page);
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    );
    context.diagnostic(`first contentful paint after ${Math.round(paint)} ms`);
    const counting = countFrames(page, 3_000);
    const symbols = server.data.desk.instruments;
    const deals = server.data.deals.filter((deal) => deal.closedAt === null);
    let sent = 0;
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(UPDATES, ((performance.now() - startedAt) / 1_000) * UPDATES_A_SECOND);
        while (sent < due) {
          const instrument = symbols[sent % symbols.length];
          const deal = deals[sent % deals.length];
          if (instrument === undefined || deal === undefined) break;
          const last = (1_000 + sent / 100).toFixed(instrument.priceDecimals);
          // Nine of ten updates are quotes, as on a real desk; the rest are deals.
          if (sent % 10 === 9)
            server.push({
              kind: 'deal',
              deal: { ...deal, lastPrice: last, unrealisedProfit: (sent / 100).toFixed(2) },
            });
          else
            server.push({
              kind: 'quote',
              symbol: instrument.symbol,
              time: 1,
              bid: last,
              ask: last,
              last,
            });
          sent += 1;
        }
        if (sent < UPDATES) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    const frames = await counting;
    const seconds = (performance.now() - startedAt) / 1_000;
    context.diagnostic(`${sent} updates in ${seconds.toFixed(1)} s`);
    report(context, `at ${UPDATES_A_SECOND} updates a second`, frames);
    server.push({
      kind: 'quote',
      symbol: 'SOLUSDT',
      time: 1,
      bid: '5.00',
      ask: '5.02',
      last: '5.01',
    });
    await eventually(
      async () => plain(await page.locator('.quote-line-last dd').innerText()),
      (text) => text === '5.01 USDT',
      'the last update is shown',
    );
    assert.equal(
      server.requests.get('GET /api/v1/totals'),
      1,
      'no hole was seen, nothing was read again',
    );
  });
});

interface Frames {
  readonly count: number;
  readonly ms: number;
  readonly longestMs: number;
}

function report(context: TestContext, what: string, { count, ms, longestMs }: Frames): void {
  context.diagnostic(
    `${what}: ${((count * 1_000) / ms).toFixed(1)} frames/s, longest frame ${longestMs.toFixed(0)} ms`,
  );
}

function countFrames(page: Page, lengthMs: number): Promise<Frames> {
  return page.evaluate(
    (length) =>
      new Promise<Frames>((resolve) => {
        const startedAt = performance.now();
        let before = startedAt;
        let count = 0;
        let longestMs = 0;
        const frame = (): void => {
          const now = performance.now();
          count += 1;
          longestMs = Math.max(longestMs, now - before);
          before = now;
          if (now - startedAt < length) requestAnimationFrame(frame);
          else resolve({ count, ms: now - startedAt, longestMs });
        };
        requestAnimationFrame(frame);
      }),
    lengthMs,
  );
}

/** Scrolls the list to its end in a hundred and twenty steps, one a frame. */
function scrollThrough(page: Page): Promise<Frames> {
  return page.locator('.table-scroll').evaluate(
    (element) =>
      new Promise<Frames>((resolve) => {
        const steps = 120;
        const startedAt = performance.now();
        let before = startedAt;
        let count = 0;
        let longestMs = 0;
        const frame = (): void => {
          const now = performance.now();
          longestMs = Math.max(longestMs, now - before);
          before = now;
          count += 1;
          element.scrollTop = (element.scrollHeight * count) / steps;
          if (count < steps) requestAnimationFrame(frame);
          else
            requestAnimationFrame(() =>
              resolve({ count, ms: performance.now() - startedAt, longestMs }),
            );
        };
        requestAnimationFrame(frame);
      }),
  );
}
