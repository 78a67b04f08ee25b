// SPDX-License-Identifier: Apache-2.0
// Backtests over stored candles: the market made of them, the document, the page.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { checkLookahead, formatDecimal, runBacktest, toScaled } from '@kontor/core';
import fc from 'fast-check';
import type { Page } from 'playwright-core';

import {
  importCandles,
  loadCandles,
  parseCandleSymbol,
  readSeriesFile,
  type CandleSeries,
} from '../src/candles/index.ts';
import { launchBrowser } from '../../test/browser.ts';
import { chartLevel } from '../src/backtest/chart-data.ts';
import { makeMarket, type Market, type MarketRequest } from '../src/backtest/market.ts';
import {
  isPassed,
  lookaheadText,
  modelCaveats,
  reportText,
  startBacktest,
  type BacktestDocument,
  type BacktestOutcome,
  type BacktestRequest,
} from '../src/backtest/index.ts';
import { composeSettings } from '../src/backtest/settings-input.ts';
import {
  addDecimals,
  shownDecimal,
  shownExact,
  shownResult,
} from '../src/backtest/shown-number.ts';

const shared = join(import.meta.dirname, '../../../shared/data');
const withShared = existsSync(shared) ? {} : { skip: 'the shared market data is not here' };
const folder = mkdtempSync(join(tmpdir(), 'kontor-backtest-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const T = 1_704_067_200_000;
const MINUTE = 60_000;
const SEED = 20_261_122;
const BUSY = [
  { field: 'takeProfit', value: '0.5' },
  { field: 'safetyOrderStep', value: '0.4' },
  { field: 'stopLoss', value: '9' },
];

test("[K16] the data's own steps are the market's where amounts in them stay exact", async () => {
  const series = await seriesOf([
    ['100.25', 3],
    ['99.5', 0.125],
  ]);
  const market = marketOf({ series });
  assert.equal(market.rules.tickSize, '0.01');
  assert.equal(market.rules.lotSize, '0.001');
  assert.equal(market.roundedPrices, 0);
  assert.equal(market.candles.open, market.columns.open, 'the columns are used where they lie');
  assert.deepEqual([...market.candles.volume], [3_000, 125]);
});

test('[K16] data that is too fine for whole amounts gets a coarser tick, then a coarser lot', async () => {
  const fine = await seriesOf([
    ['13752.18233851', 5.13326771],
    ['13763.005', 1],
    ['13763.015', 1],
  ]);
  const market = marketOf({ series: fine });
  assert.equal(market.rules.tickSize, '0.1');
  assert.equal(market.rules.lotSize, '0.00000001');
  assert.deepEqual([...market.candles.close], [137_522, 137_630, 137_630]);
  assert.equal(market.roundedPrices, 12);
  const cheap = await seriesOf([['0.24123456', 33_406.16821433]]);
  const second = marketOf({ series: cheap });
  assert.equal(second.rules.tickSize, '0.000001');
  assert.equal(second.rules.lotSize, '0.00001');
  assert.deepEqual([...second.candles.open, ...second.candles.volume], [241_235, 3_340_616_821]);
  // The same data with little money needs no coarser steps.
  assert.equal(marketOf({ series: cheap, startBalanceQuote: '0.1' }).rules.tickSize, '0.00000001');
});

test('[K16] any price is rounded to the nearest tick, ties to even, and counted when it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 100, max: 1_000_000 }),
      fc.constantFrom('0.01', '0.02', '0.05', '0.1', '0.25', '1', '0.001'),
      async (cents, tickSize) => {
        const series = await seriesOf([[formatDecimal(BigInt(cents), 2), 1]]);
        const scaled = { ...series, priceDecimals: 2, columns: centsColumns(series, cents) };
        const market = marketOf({ series: scaled, rules: { tickSize } });
        const thousandths = BigInt(cents) * 10n;
        const tick = toScaled(tickSize, 3, 'tickSize');
        const floor = thousandths / tick;
        const twice = 2n * (thousandths - floor * tick);
        const isUp = twice > tick || (twice === tick && floor % 2n === 1n);
        assert.equal(market.candles.open[0], Number(isUp ? floor + 1n : floor));
        assert.equal(market.roundedPrices, thousandths % tick === 0n ? 0 : 4);
      },
    ),
    { seed: SEED, numRuns: 60 },
  );
});

test('[K16] steps that cannot be kept are refused with the field', async () => {
  const series = await seriesOf([['0.5', 1]]);
  const table: readonly (readonly [Partial<MarketRequest>, string])[] = [
    [{ rules: { tickSize: '0' } }, 'tickSize'],
    [{ rules: { tickSize: 'x' } }, 'tickSize'],
    [{ rules: { lotSize: '-1' } }, 'lotSize'],
    [{ rules: { minNotional: 'much' } }, 'minNotional'],
    [{ rules: { tickSize: '2' } }, 'tickSize'],
    [{ rules: { tickSize: '0.000000000001' } }, 'tickSize'],
    [{ rules: { lotSize: '0.0000000000001' } }, 'lotSize'],
    [{ startBalanceQuote: '0' }, 'balance'],
    [{ startBalanceQuote: 'all' }, 'balance'],
    [{ from: T + MINUTE }, 'from, to'],
  ];
  for (const [wrong, field] of table) {
    const made = makeMarket({ ...requestOf(series), ...wrong });
    assert.equal(made.ok ? 'made' : made.fault.field, field, JSON.stringify(wrong));
  }
});

test('[K17] settings come from a file or the example, with fields on top', () => {
  const example = composeSettings(undefined, [], ['BTCUSDT']);
  assert.ok(example.ok);
  assert.deepEqual(example.settings.symbols, ['BTCUSDT']);
  const changed = composeSettings(
    { ...example.settings, stopLoss: '40' },
    [
      { field: 'takeProfit', value: '3' },
      { field: 'maxSafetyOrders', value: '2' },
      { field: 'maxActiveSafetyOrders', value: '1' },
      { field: 'symbols', value: 'BTCUSDT,ETHUSDT' },
      { field: 'stopLoss', value: '' },
    ],
    ['BTCUSDT'],
  );
  assert.ok(changed.ok && changed.settings.kind === 'dca');
  assert.deepEqual(
    [
      changed.settings.takeProfit,
      changed.settings.maxSafetyOrders,
      changed.settings.symbols,
      changed.settings.stopLoss,
    ],
    ['3', 2, ['BTCUSDT', 'ETHUSDT'], undefined],
  );
  const wrong = composeSettings(
    undefined,
    [
      { field: 'takeProfit', value: 'much' },
      { field: 'maxSafetyOrders', value: '1e3' },
      { field: 'leverage', value: '20' },
    ],
    ['BTCUSDT'],
  );
  assert.ok(!wrong.ok);
  assert.deepEqual(wrong.errors.map((error) => error.field).toSorted(), [
    'leverage',
    'maxSafetyOrders',
    'takeProfit',
  ]);
  for (const file of [null, 5, 'text', [1]]) {
    assert.equal(composeSettings(file, [], ['BTCUSDT']).ok, false);
  }
});

test('[K17] settings the market cannot take are refused before anything runs', async () => {
  const data = await storeOf('refused', market({ rows: 50 }));
  for (const [assignment, field] of [
    [{ field: 'symbols', value: 'ETHUSDT' }, 'symbols'],
    [{ field: 'takeProfit', value: '-1' }, 'takeProfit'],
  ] as const) {
    const outcome = await startBacktest({ ...storeRequest(data), assignments: [assignment] });
    assert.ok(outcome.kind === 'refused');
    assert.deepEqual(
      outcome.errors.map((error) => error.field),
      [field],
    );
  }
  const missing = await startBacktest({
    ...storeRequest(data),
    candles: [{ kind: 'store', dataDirectory: data, name: { symbol: 'XRPUSDT', interval: '1m' } }],
  });
  assert.ok(missing.kind === 'failed');
  assert.equal(missing.code, 'FILE_MISSING');
});

test('[K18] the document holds the result of the trading machine on the same candles', async () => {
  const data = await storeOf('same', market({ rows: 6_000, holeAt: 3_000 }));
  const from = T + 500 * MINUTE;
  const to = T + 5_500 * MINUTE;
  const { document } = completed(await startBacktest({ ...storeRequest(data), from, to }));
  const { series, digest } = await loadCandles(data, { symbol: 'BTCUSDT', interval: '1m' });
  const made = marketOf({ series, from, to });
  const direct = runBacktest({
    settings: document.settings,
    markets: [{ instrument: made.instrument, candles: made.candles }],
    path: 'low-first',
    makerFeePpm: 1_000,
    takerFeePpm: 1_000,
    startBalanceQuote: '10000',
    walk: 'every-point',
  });
  assert.ok(direct.kind === 'completed');
  assert.ok(direct.deals.length > 10, 'the market makes deals');
  assert.deepEqual(document.fills, direct.fills);
  assert.deepEqual(document.deals, direct.deals);
  assert.deepEqual(document.statistics, direct.statistics);
  assert.deepEqual(document.equity, direct.equity);
  assert.equal(document.source.sha256, digest);
  assert.equal(document.source.candles, 4_990);
  assert.deepEqual(document.source.gaps, { count: 1, missing: 10, longest: 10 });
  assert.deepEqual(document.source.longestGaps, [{ after: T + 2_999 * MINUTE, missing: 10 }]);
  assert.equal(document.source.firstTime, from);
  assert.equal(document.source.lastTime, to - MINUTE);
});

test('[K18] the same candles and settings give the same bytes, from the store or from a file', async () => {
  const csv = market({ rows: 2_000 });
  const data = await storeOf('bytes', csv);
  const first = completed(await startBacktest(storeRequest(data)));
  const second = completed(await startBacktest(storeRequest(data)));
  assert.equal(JSON.stringify(second.document), JSON.stringify(first.document));
  assert.equal(second.html, first.html);
  const path = join(folder, 'BTCUSDT-file.csv');
  writeFileSync(path, csv);
  for (const file of [path, join(data, 'candles', 'BTCUSDT-1m.candles')]) {
    const fromFile = completed(
      await startBacktest({
        ...storeRequest(data),
        candles: [{ kind: 'file', path: file }],
        rules: { lotSize: '0.00001' },
      }),
    );
    assert.deepEqual(fromFile.document.statistics, first.document.statistics);
    assert.deepEqual(fromFile.document.fills, first.document.fills);
  }
});

test('[K18] path and fees reach the machine', async () => {
  const data = await storeOf('options', market({ rows: 3_000 }));
  const base = completed(await startBacktest(storeRequest(data))).document;
  const high = completed(await startBacktest({ ...storeRequest(data), path: 'high-first' }));
  const free = completed(
    await startBacktest({ ...storeRequest(data), makerFeePpm: 0, takerFeePpm: 0 }),
  );
  assert.notDeepEqual(high.document.fills, base.fills);
  assert.equal(free.document.statistics.fees, '0');
  assert.notEqual(base.statistics.fees, '0');
  assert.match(reportText(high.document), /walked as open, high, low, close/);
});

test('[K19] the page asks for nothing else, and its policy allows its own style and script only', async () => {
  const { html } = await run('page', [{ field: 'name', value: 'Mine' }]);
  const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? '';
  const script = /<script type="module">([^]*?)<\/script>/.exec(html)?.[1] ?? '';
  const hash = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  assert.ok(
    html.includes(
      `content="default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}"`,
    ),
  );
  assert.doesNotMatch(html, /(?:src|href|action)=/);
  assert.doesNotMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\//);
});

test('[K19] a name that is markup is shown as text, everywhere', async () => {
  const name = `</script><script>globalThis.hit=1</script><img src=x onerror="hit=1">'"&`;
  const { html, document } = await run('markup', [{ field: 'name', value: name }]);
  assert.equal(html.split('<script').length - 1, 2);
  assert.doesNotMatch(html, /<img/);
  assert.ok(html.includes('&lt;/script&gt;&lt;script&gt;globalThis.hit=1'));
  const bell = { ...document, settings: { ...document.settings, name: 'a\u001b[2Jb\u202e' } };
  assert.doesNotMatch(reportText(bell), /[^\P{C}\n]/u);
});

/** Opens the page in a real browser; whatever goes wrong on it is a failure. */
async function inBrowser(html: string, work: (page: Page) => Promise<void>): Promise<void> {
  const path = join(folder, 'opened.html');
  writeFileSync(path, html);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`file://${path}`);
    await page.waitForFunction("document.querySelectorAll('#deals tbody tr').length > 0");
    await work(page);
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
  }
}

test('[K19] in a browser the page draws every deal, without an error, accessibly', async () => {
  const { html, document } = await run('browser', [{ field: 'name', value: '<b>Busy</b>' }]);
  const path = join(folder, 'report.html');
  writeFileSync(path, html);
  const require = createRequire(import.meta.url);
  const { chromium } = require('playwright-core');
  const { default: shipped } = await import('@sparticuz/chromium');
  const browser = await chromium.launch({
    executablePath: await shipped.executablePath(),
    args: shipped.args.filter((argument: string) => argument !== '--single-process'),
    headless: true,
  });
  try {
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 390],
    ] as const) {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width, height: 900 },
        // The check itself is a script the page's policy would refuse.
        bypassCSP: true,
      });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error: Error) => faults.push(error.message));
      page.on('request', (request: { url(): string }) => {
        if (!request.url().startsWith('file:')) faults.push(request.url());
      });
      await page.goto(`file://${path}`);
      await page.waitForFunction("document.querySelectorAll('#deals tbody tr').length > 0");
      const pages: string = await page.textContent('#deal-page');
      assert.ok(pages.endsWith(` of ${document.deals.length}`), pages);
      assert.equal(await page.textContent('h1'), '<b>Busy</b> on BTCUSDT');
      assert.ok(
        (await page.evaluate('document.documentElement.scrollWidth')) <= width,
        'nothing sticks out to the side',
      );
      const before: string = await page.textContent('#range');
      await page.click('#deals tbody tr:nth-child(2)');
      assert.notEqual(await page.textContent('#range'), before);
      assert.match(await page.textContent('#deal'), /Deal 2, /);
      const fills = document.fills.filter((fill) => fill.dealId === 2).length;
      assert.equal(await page.locator('#deal tbody tr').count(), fills);
      await page.selectOption('#deal-filter', 'lost');
      const lost = document.deals.filter(
        (deal) => deal.closedTime > 0 && !/[1-9]/.test(deal.realisedProfit.replace(/^-.*/, '')),
      ).length;
      assert.match(
        await page.textContent('#deal-page'),
        lost === 0 ? /No such deals/ : new RegExp(` of ${lost}$`),
      );
      await page.addScriptTag({ path: require.resolve('axe-core') });
      const violations: string[] = await page.evaluate(
        "axe.run(document).then((found) => found.violations.map((one) => one.id + ': ' + one.nodes[0].html))",
      );
      assert.deepEqual(violations, []);
      assert.deepEqual(faults, []);
      await context.close();
    }
  } finally {
    await browser.close();
  }
});

test('[K20] steps keep the first, lowest, highest and last price, and empty ones stay empty', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          wait: fc.integer({ min: 1, max: 9 }),
          price: fc.integer({ min: 100, max: 999 }),
        }),
        { minLength: 1, maxLength: 60 },
      ),
      fc.integer({ min: 1, max: 80 }),
      async (candles, most) => {
        let minute = 0;
        const rows = candles.map(({ wait, price }) => {
          minute += wait;
          return { time: T + minute * MINUTE, price };
        });
        const series = await readCsv(
          rows.map(
            ({ time, price }) => `${time},${price},${price + 3},${price - 2},${price + 1},1`,
          ),
        );
        const made = marketOf({ series });
        const level = chartLevel(made, { from: 0, to: Infinity }, most);
        const steps = decode(level.values);
        assert.ok(steps.length <= most);
        for (const [index, step] of steps.entries()) {
          const start = level.start + index * level.width;
          const inside = rows.filter(({ time }) => time >= start && time < start + level.width);
          const prices = inside.map(({ price }) => price);
          assert.deepEqual(
            step,
            inside.length === 0
              ? null
              : [
                  prices[0],
                  Math.max(...prices) + 3,
                  Math.min(...prices) - 2,
                  (prices.at(-1) ?? 0) + 1,
                ],
          );
        }
      },
    ),
    { seed: SEED, numRuns: 80 },
  );
});

test('[K21] a backtest that is called off says where it stopped and leaves nothing', async () => {
  const data = await storeOf('cancelled', market({ rows: 500 }));
  const before = readdirSync(data, { recursive: true });
  const early = await startBacktest(storeRequest(data), { signal: AbortSignal.abort() });
  assert.deepEqual(early, { kind: 'cancelled', candlesDone: 0, candles: 500, time: T });
  const path = join(folder, 'BTCUSDT-cancelled.csv');
  writeFileSync(path, market({ rows: 500 }));
  const reading = await startBacktest(
    { ...storeRequest(data), candles: [{ kind: 'file', path }] },
    { signal: AbortSignal.abort() },
  );
  assert.deepEqual(reading, { kind: 'cancelled', candlesDone: 0, candles: 0, time: 0 });
  assert.deepEqual(readdirSync(data, { recursive: true }), before);
});

test('[K22] numbers are rounded half to even, grouped, and carry a true minus', () => {
  const table: readonly (readonly [string, number, string, string, string])[] = [
    ['1234567.891', 2, '1,234,567.89', '+1,234,567.89', '1,234,567.891'],
    ['-1481.765', 2, '−1,481.76', '−1,481.76', '−1,481.765'],
    ['0.125', 2, '0.12', '+0.12', '0.125'],
    ['0.135', 2, '0.14', '+0.14', '0.135'],
    ['-0.001', 2, '0.00', '0.00', '−0.001'],
    ['0', 2, '0.00', '0.00', '0'],
    ['999.999', 2, '1,000.00', '+1,000.00', '999.999'],
    ['100', 0, '100', '+100', '100'],
    ['-1000.50', 8, '−1,000.50000000', '−1,000.50000000', '−1,000.5'],
  ];
  for (const [text, decimals, shown, result, exact] of table) {
    assert.equal(shownDecimal(text, decimals), shown);
    assert.equal(shownResult(text, decimals), result);
    assert.equal(shownExact(text), exact);
  }
  assert.equal(addDecimals('-1.25', '0.750'), '-0.5');
});

test('[K22] each rounded amount of the page has all its digits at hand', async () => {
  const { html, document } = await run('exact', []);
  const exact = shownExact(document.statistics.netProfit);
  assert.match(exact, /\.\d{3,}/, 'the case has digits to lose');
  assert.ok(html.includes(`title="${exact} USDT (`));
  for (const deal of document.deals.slice(0, 5)) {
    assert.ok(html.includes(`"${shownExact(deal.cost)}"`));
  }
});

test('[K23] fills that were too large for their candle are counted', async () => {
  const thin = await run('thin', [], { volume: '0.00001' });
  const { depth } = thin.document.model;
  assert.equal(depth.fills, thin.document.fills.length);
  assert.equal(depth.overAll, depth.fills);
  const middle = (await run('middle', [], { volume: '0.02' })).document;
  const over = (share: number): number =>
    middle.fills.filter((fill) => Number(fill.quantity) * share > 0.02).length;
  assert.deepEqual([middle.model.depth.overTenth, middle.model.depth.overAll], [over(10), over(1)]);
  assert.ok(over(1) < over(10) && over(10) > 0);
  assert.match(reportText(thin.document), new RegExp(`${depth.fills} larger than all of it`));
});

test('[K18] a year of real candles with its gaps runs and reports them', withShared, async () => {
  const data = join(folder, 'real');
  await importCandles([join(shared, 'candles/bitfinex-1m/BTCUSD-2018.csv.gz')], data);
  const { document } = completed(
    await startBacktest({
      ...storeRequest(data),
      assignments: [],
      candles: [{ kind: 'store', dataDirectory: data, name: { symbol: 'BTCUSD', interval: '1m' } }],
    }),
  );
  assert.equal(document.source.gaps.missing, 5_101);
  assert.equal(document.source.longestGaps.length, 50);
  assert.equal(document.market.rules.tickSize, '0.01');
  assert.ok(document.market.roundedPrices > 0);
  assert.ok(document.statistics.dealsEnded > 50);
});

const ON_RSI = [
  { field: 'startTrigger', value: 'conditions' },
  {
    field: 'startConditions',
    value: '[{"kind":"rsi","interval":"15m","period":5,"comparison":"below","value":"45"}]',
  },
];

test('[K40] conditions read candles from before the period; the document says how many', async () => {
  const data = await storeOf('warm', market({ rows: 4_000 }));
  const request = { ...storeRequest(data), assignments: [...BUSY, ...ON_RSI] };
  const from = T + 1_000 * MINUTE;
  const cold = completed(await startBacktest(request)).document;
  const warm = completed(await startBacktest({ ...request, from })).document;
  assert.equal(cold.model.warmUpCandles, 0);
  // A few windows of fifteen minutes for a period of five to settle.
  assert.ok(warm.model.warmUpCandles > 300 && warm.model.warmUpCandles <= 1_000);
  assert.equal(warm.source.candles, 3_000);
  assert.ok(warm.deals.length > 3);
  // With the candles before, the first deal can start within the first minutes of the period.
  const first = warm.deals[0]?.openedTime ?? 0;
  assert.ok(first - from < 60 * MINUTE, `${(first - from) / MINUTE} minutes`);
  assert.ok((cold.deals[0]?.openedTime ?? 0) - T > 60 * MINUTE);
  assert.ok(
    modelCaveats(warm).some((caveat) => caveat.includes('Conditions are read from closed')),
  );
});

test('[K40] what a missing candle means to conditions is chosen', async () => {
  const data = await storeOf('holes', market({ rows: 2_000, holeAt: 300 }));
  const request = { ...storeRequest(data), assignments: [...BUSY, ...ON_RSI] };
  const gap = completed(await startBacktest(request)).document;
  const noTrade = completed(await startBacktest({ ...request, missing: 'noTrade' })).document;
  assert.equal(gap.model.missing, 'gap');
  assert.equal(noTrade.model.missing, 'noTrade');
  const firstAfter = (document: BacktestDocument): number =>
    document.deals.find(({ openedTime }) => openedTime > T + 310 * MINUTE)?.openedTime ?? Infinity;
  assert.ok(firstAfter(noTrade) < firstAfter(gap));
});

test('[K41] several symbols run with one purse; the document has each of them, the page says whose deal it is', async () => {
  const data = await storeOf('several', market({ rows: 2_000 }));
  const path = join(folder, 'ETHUSDT-several.csv');
  writeFileSync(path, market({ rows: 1_500, holeAt: 700 }));
  await importCandles([path], data, { volumeDecimals: 5 });
  const { document, html } = completed(
    await startBacktest({
      ...storeRequest(data),
      candles: ['BTCUSDT', 'ETHUSDT'].map((symbol) => ({
        kind: 'store',
        dataDirectory: data,
        name: { symbol, interval: '1m' },
      })),
      assignments: [...BUSY, { field: 'maxActiveDeals', value: '2' }],
    }),
  );
  assert.deepEqual(document.settings.symbols, ['BTCUSDT', 'ETHUSDT']);
  assert.equal(document.source.symbol, 'BTCUSDT');
  assert.deepEqual(
    document.others?.map(({ source }) => [source.symbol, source.candles, source.gaps.missing]),
    [['ETHUSDT', 1_490, 10]],
  );
  const symbols = new Set(document.deals.map(({ symbol }) => symbol));
  assert.deepEqual([...symbols].toSorted(), ['BTCUSDT', 'ETHUSDT']);
  assert.match(html, /<h1>Example on BTCUSDT, ETHUSDT<\/h1>/);
  assert.match(html, /"symbols":2/);
  await inBrowser(html, async (page) => {
    const title = (): Promise<string | null> => page.textContent('#price .chart-title');
    assert.equal(await title(), 'BTCUSDT in USDT');
    await page.selectOption('#symbol', 'ETHUSDT');
    assert.equal(await title(), 'ETHUSDT in USDT');
    assert.ok((await page.locator('#price .won, #price .lost, #price .buy').count()) > 0);
    const other = document.deals.find(({ symbol }) => symbol === 'BTCUSDT');
    assert.ok(other !== undefined);
    await page.locator('#deals tbody tr', { hasText: 'BTCUSDT' }).first().click();
    assert.equal(await title(), 'BTCUSDT in USDT', 'the chart follows the chosen deal');
    assert.equal(await page.inputValue('#symbol'), 'BTCUSDT');
    assert.match((await page.textContent('#deal tbody')) ?? '', / BTC/);
  });
});

test('[K42] the test of conditions passes sound ones and says what is wrong with others', async () => {
  const data = await storeOf('lookahead', market({ rows: 3_000 }));
  const request = {
    ...storeRequest(data),
    what: 'lookahead',
    assignments: [...BUSY, ...ON_RSI],
  } as const;
  const sound = await startBacktest(request);
  assert.ok(sound.kind === 'lookahead');
  assert.equal(sound.checks.length, 1);
  assert.ok(sound.checks.every(isPassed));
  assert.match(lookaheadText(sound.checks), /^passed  startConditions on BTCUSDT: 3,000 candles/m);
  const young = await startBacktest({ ...request, to: T + 60 * MINUTE });
  assert.ok(young.kind === 'lookahead');
  assert.equal(young.checks.every(isPassed), false);
  assert.match(
    lookaheadText(young.checks),
    /^FAILED  startConditions on BTCUSDT: nothing could be checked$/m,
  );
  const none = await startBacktest({ ...request, assignments: BUSY });
  assert.ok(none.kind === 'refused');
  assert.equal(none.errors[0]?.field, 'startConditions');

  // An indicator that looks at the last close of all candles.
  const { instrument, candles } = marketOf({ series: (await loadCandles(data, NAME)).series });
  const condition = {
    kind: 'priceChange',
    interval: '1m',
    candles: 1,
    comparison: 'below',
    value: '0',
  } as const;
  const report = checkLookahead([condition], candles, {
    instrument,
    positionsMax: 20,
    startsMax: 2,
    seed: SEED,
    evaluator: (_condition, rows) => ({
      status: new Uint8Array(rows.openTime.length).fill(2),
      values: [new Float64Array(rows.openTime.length).fill(rows.close.at(-1) ?? 0)],
    }),
  });
  const text = lookaheadText([{ symbol: 'BTCUSDT', field: 'closeConditions', report }]);
  assert.match(text, /^FAILED  closeConditions on BTCUSDT: \d+ differences/m);
  assert.match(
    text,
    /condition 1 \(priceChange\) at the close of .*: later candles changed what was read: met/,
  );
  assert.match(text, /1 of 1 checks failed/);
});

test('[K17] fields are read as their kind of bot describes them', () => {
  const composed = composeSettings(
    { kind: 'grid', symbols: ['BTCUSDT'] },
    [{ field: 'levels', value: '12' }],
    ['BTCUSDT'],
  );
  assert.ok(!composed.ok);
  assert.equal(
    composed.errors.some(({ field }) => field === 'levels' || field === 'kind'),
    true,
  );
  const lists = composeSettings(undefined, ON_RSI, ['BTCUSDT']);
  assert.ok(lists.ok && lists.settings.kind === 'dca');
  assert.equal(lists.settings.startConditions?.[0]?.kind, 'rsi');
  const broken = composeSettings(
    undefined,
    [{ field: 'startConditions', value: '[{' }],
    ['BTCUSDT'],
  );
  assert.ok(!broken.ok);
  assert.deepEqual(
    broken.errors.map(({ field }) => field),
    ['startConditions'],
  );
});

const NAME = { symbol: 'BTCUSDT', interval: '1m' } as const;

interface MarketShape {
  readonly rows: number;
  readonly volume?: string;
  /** Ten candles are missing from this row on. */
  readonly holeAt?: number;
}

/** A seeded market as CSV: about 30,000, cents, 0.1 % a minute. */
function market(shape: MarketShape): string {
  let state = SEED;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const text = (cents: number): string => (cents / 100).toFixed(2);
  const lines = ['open_time,open,high,low,close,volume'];
  let price = 3_000_000;
  for (let row = 0; row < shape.rows; row += 1) {
    const open = price;
    price = Math.round(open * (1 + (random() - 0.5) * 0.003) + (3_000_000 - open) * 0.001);
    const high = Math.max(open, price) + Math.floor(random() * 900);
    const low = Math.min(open, price) - Math.floor(random() * 900);
    const isHole = shape.holeAt !== undefined && row >= shape.holeAt && row < shape.holeAt + 10;
    if (isHole) continue;
    lines.push(
      `${T + row * MINUTE},${text(open)},${text(high)},${text(low)},${text(price)},${shape.volume ?? '2.50000'}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

async function storeOf(name: string, csv: string): Promise<string> {
  const data = join(folder, name);
  const path = join(folder, `BTCUSDT-${name}.csv`);
  writeFileSync(path, csv);
  await importCandles([path], data, { volumeDecimals: 5 });
  return data;
}

function storeRequest(dataDirectory: string): BacktestRequest {
  return {
    candles: [{ kind: 'store', dataDirectory, name: { symbol: 'BTCUSDT', interval: '1m' } }],
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
    assignments: BUSY,
    rules: {},
    path: 'low-first',
    makerFeePpm: 1_000,
    takerFeePpm: 1_000,
    startBalance: '10000',
  };
}

async function run(
  name: string,
  assignments: readonly { readonly field: string; readonly value: string }[],
  shape: Partial<MarketShape> = {},
): Promise<{ readonly document: BacktestDocument; readonly html: string }> {
  const data = await storeOf(name, market({ rows: 4_000, ...shape }));
  return completed(
    await startBacktest({ ...storeRequest(data), assignments: [...BUSY, ...assignments] }),
  );
}

function completed(
  outcome: BacktestOutcome,
): Extract<BacktestOutcome, { readonly kind: 'completed' }> {
  assert.ok(outcome.kind === 'completed', JSON.stringify(outcome).slice(0, 300));
  return outcome;
}

async function readCsv(rows: readonly string[]): Promise<CandleSeries> {
  const path = join(folder, 'BTCUSDT-rows.csv');
  writeFileSync(path, `open_time,open,high,low,close,volume\n${rows.join('\n')}\n`);
  const symbol = parseCandleSymbol('BTCUSDT');
  assert.ok(symbol.ok);
  return (await readSeriesFile(path, { symbol: symbol.value, interval: '1m' })).series;
}

function seriesOf(prices: readonly (readonly [string, number])[]): Promise<CandleSeries> {
  return readCsv(
    prices.map(
      ([price, volume], row) => `${T + row * MINUTE},${price},${price},${price},${price},${volume}`,
    ),
  );
}

function centsColumns(series: CandleSeries, cents: number): CandleSeries['columns'] {
  const prices = Int32Array.of(cents);
  return { ...series.columns, open: prices, high: prices, low: prices, close: prices };
}

function requestOf(series: CandleSeries): MarketRequest {
  return { series, from: 0, to: Infinity, rules: {}, startBalanceQuote: '10000' };
}

function marketOf(request: Partial<MarketRequest> & { readonly series: CandleSeries }): Market {
  const made = makeMarket({ ...requestOf(request.series), ...request });
  assert.ok(made.ok, made.ok ? '' : JSON.stringify(made.fault));
  return made.market;
}

function decode(values: readonly (number | null)[]): (readonly number[] | null)[] {
  const steps: (readonly number[] | null)[] = [];
  let before = 0;
  for (let at = 0; at < values.length;) {
    if (values[at] === null) {
      for (let empty = values[at + 1] ?? 0; empty > 0; empty -= 1) steps.push(null);
      at += 2;
      continue;
    }
    const [toOpen = 0, above = 0, below = 0, toClose = 0] = values
      .slice(at, at + 4)
      .map((value) => value ?? 0);
    const open = before + toOpen;
    const close = open + toClose;
    steps.push([open, Math.max(open, close) + above, Math.min(open, close) - below, close]);
    before = close;
    at += 4;
  }
  return steps;
}
