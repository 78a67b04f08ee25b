// SPDX-License-Identifier: Apache-2.0
// What a person sees of a grid, before it starts and while it runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkSettings,
  dealView,
  gridView,
  parseSettings,
  previewGrid,
  priceTicks,
  step,
  type GridPreview,
  type GridSettings,
} from '../src/index.ts';
import { COIN, eventOf, play } from './deal-script.ts';
import { randomShape, settingsOf } from './grid-line.ts';
import { gridBot, gridOf, gridSettings, LAID } from './grid-script.ts';

const SEED = 20_221_120;

function preview(
  changes: Partial<Omit<GridSettings, 'kind'>>,
  options: {
    readonly price?: number;
    readonly feeRatePpm?: number;
    readonly funds?: readonly [string, string];
  } = {},
): GridPreview {
  const { price = 10_000, feeRatePpm = 1000, funds } = options;
  const given =
    funds === undefined
      ? undefined
      : {
          base: BigInt(Math.round(Number(funds[0]) * 1e8)),
          quote: BigInt(Math.round(Number(funds[1]) * 1e8)),
        };
  const result = previewGrid(gridSettings(changes), COIN, priceTicks(price), feeRatePpm, given);
  assert.ok(result.ok, JSON.stringify(result));
  return result.preview;
}

test('[G30] the lines as rows, what they need, and what a line earns', () => {
  const shown = preview({});
  assert.deepEqual(
    shown.lines.map(({ number, price, side, quantity, value, profitPercent }) =>
      [number, price, side, quantity, value, profitPercent].join(' '),
    ),
    [
      // 95 × 0.999² / 90 − 1 = 5.3445 %
      '1 90.00 buy 1.00 90 5.3445',
      '2 95.00 buy 1.00 95 5.0527',
      '3 100.00 none 0.00 0 4.7901',
      '4 105.00 sell 1.00 105 4.5524',
      '5 110.00 sell 1.00 110 ',
    ],
  );
  assert.equal(shown.emptyLine, 3);
  assert.equal(shown.step, '5');
  assert.equal(shown.profitPercentMin, '4.5524');
  assert.equal(shown.profitPercentMax, '5.3445');
  assert.equal(shown.requiredQuote, '185');
  assert.equal(shown.requiredBase, '2.01');
  assert.deepEqual(shown.balancing, { side: 'buy', quantity: '2.02', value: '202.0202' });
  assert.equal(shown.requiredQuoteAtStart, '387.0202');
  // 202.0202 / (2.01798 · 0.999)
  assert.equal(shown.breakEven, '100.21032043');
  // Two more coins less their fee for 185: 387.0202 / 4.01598.
  assert.equal(shown.coinsAtLowerPrice, '4.01598');
  assert.equal(shown.averageAtLowerPrice, '96.37005164');
  assert.equal(shown.lossAtLowerPricePercent, '-6.61');
  assert.deepEqual(shown.warnings, []);
});

test('[G30] coins that are free need not be bought; what is missing is said', () => {
  const enough = preview({}, { funds: ['5', '1000'] });
  assert.deepEqual(enough.balancing, { side: '', quantity: '0', value: '0' });
  assert.equal(enough.requiredQuoteAtStart, '185');
  assert.equal(enough.missing, '');
  const selling = preview({}, { funds: ['5', '100'], feeRatePpm: 0 });
  // 85 at 98.99, the bid less 1 %.
  assert.deepEqual(selling.balancing, { side: 'sell', quantity: '0.86', value: '85.9914' });
  const short = preview({}, { funds: ['0', '387.02'] });
  assert.equal(short.missing, '0.0002 USDT are missing: needed 387.0202, free 387.02');
  assert.deepEqual(short.warnings, ['fundsMissing']);
  const coins = preview({ initialBalancing: false }, { funds: ['1', '1000'] });
  assert.deepEqual(coins.warnings, ['coinsMissing']);
});

test('[G30] warnings: profit within the fees, a price outside the lines', () => {
  assert.deepEqual(preview({ lines: 101 }).warnings, ['profitNotAboveFees']);
  assert.deepEqual(preview({ lines: 81 }).warnings, ['profitBelowTwiceFees']);
  assert.deepEqual(preview({}, { price: 8_999 }).warnings, ['priceBelowGrid']);
  assert.deepEqual(preview({}, { price: 11_001 }).warnings, ['priceAboveGrid']);
  assert.deepEqual(preview({ startPrice: '100' }, { price: 11_001 }).warnings, []);
});

test('[G30] the ratio of geometric lines, and money for expansion', () => {
  const shown = preview({
    lowerPrice: '100',
    upperPrice: '225',
    lines: 3,
    spacing: 'geometric',
    expansionUpTo: '506.25',
    expansionDownTo: '60',
  });
  assert.equal(shown.step, '1.5');
  // Buys at 66.67, and at 225 and 337.50 when the lines above them are added; 506.25 rounds to 506.25.
  assert.equal(shown.expansionQuote, '629.17');
});

test('[G30] only what cannot be counted is refused', () => {
  const crossed = previewGrid(
    { ...gridSettings(), upperPrice: '80' },
    COIN,
    priceTicks(10_000),
    1000,
  );
  assert.deepEqual(crossed, {
    ok: false,
    errors: [{ field: 'upperPrice', expected: 'a price above the lower price 90', found: '80' }],
  });
  const huge = previewGrid(
    gridSettings({ quantityPerLine: '999999999999' }),
    COIN,
    priceTicks(10_000),
    1000,
  );
  assert.ok(!huge.ok);
  assert.equal(huge.errors[0]?.field, 'quantityPerLine');
  const high = previewGrid(
    gridSettings({ upperPrice: '999999999999' }),
    COIN,
    priceTicks(10_000),
    1000,
  );
  assert.ok(!high.ok);
  assert.equal(high.errors[0]?.field, 'upperPrice');
});

test(`[G30] the bot places what the preview shows (seed ${SEED})`, () => {
  let compared = 0;
  fc.assert(
    fc.property(randomShape, fc.integer({ min: 2_000, max: 100_000 }), (shape, price) => {
      const parsed = parseSettings(
        settingsOf(
          {
            ...shape,
            startsAt: null,
            expandsDown: false,
            initialBalancing: true,
            maxActiveBuyLines: 400,
            maxActiveSellLines: 400,
          },
          price,
        ),
      );
      assert.ok(parsed.ok && parsed.settings.kind === 'grid');
      const { settings } = parsed;
      const { profitCurrency } = settings;
      if (profitCurrency === 'base') return;
      const prices = { [COIN.symbol]: priceTicks(price) };
      if (checkSettings(settings, [COIN], prices, 1000).length > 0) return;
      const shown = previewGrid(settings, COIN, priceTicks(price), 1000);
      assert.ok(shown.ok);
      const bot = gridBot(settings, 1000);
      const tell = (text: string): readonly string[] =>
        step(bot, eventOf(text, 1_700_000_000_000)).flatMap((effect) =>
          effect.kind === 'placeOrder'
            ? [`${effect.order.side} ${effect.order.priceTicks} ${effect.order.quantity}`]
            : [],
        );
      const at = (ticks: number): string => (ticks / 100).toFixed(2);
      const quote = `quote ${at(price - 1)} ${at(price + 1)} ${at(price)}`;
      tell('start');
      let placed = tell(quote);
      const { balancing } = shown.preview;
      if (balancing.side === 'buy') {
        assert.equal(placed.length, 1);
        assert.ok(placed[0]?.endsWith(` ${Math.round(Number(balancing.quantity) * 100)}`));
        const fee = (Number(balancing.quantity) / 1000).toFixed(8);
        tell(`fill 1-1 ${balancing.quantity} @ ${at(price + 1)} fee ${fee} COIN`);
        placed = tell(quote);
      }
      const rows = shown.preview.lines.flatMap(({ side, price: line, quantity }) =>
        side === 'none'
          ? []
          : [`${side} ${Math.round(Number(line) * 100)} ${Math.round(Number(quantity) * 100)}`],
      );
      assert.deepEqual(placed.toSorted(), rows.toSorted());
      compared += rows.length;
    }),
    { seed: SEED, numRuns: 300 },
  );
  assert.ok(compared > 500);
});

test('[G31] a view shows lines with their orders, profits and break-even', () => {
  const bot = gridBot();
  play(bot, [
    ...LAID,
    ['fill 1-2 1.00 @ 105.00', 'buy 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['reject 1-6 exchange -2010', 'timer deal:1:lines in 30s'],
  ]);
  const view = gridView(gridOf(bot), priceTicks(10_600));
  assert.deepEqual(
    view.lines.map(({ number, side, state, value }) => `${number} ${side} ${state} ${value}`),
    ['1 buy open 90', '2 buy open 95', '3 buy paused 100', '4 none empty 0', '5 sell open 110'],
  );
  assert.equal(view.linesClosed, 1);
  assert.equal(view.gridProfit, '5');
  assert.equal(view.averageCost, '100');
  // One coin that cost 100, of which 5 have been earned.
  assert.equal(view.breakEven, '95');
  assert.equal(view.unrealisedProfit, '6');
  assert.equal(view.investment, '385');
  const deal = dealView(gridOf(bot), priceTicks(10_600));
  assert.equal(deal.kind, 'grid');
  assert.equal(deal.status, 'active');
  assert.equal(deal.realisedProfit, '5');
  assert.equal(deal.realisedProfitPercent, '1.29');
  assert.equal(deal.heldQuantity, '1');
  assert.deepEqual(deal.steps, { filled: 1, active: 3, max: 4 });
});

test('[G31] a view says what the grid waits for', () => {
  const bot = gridBot({ lowerStop: { price: '85', action: 'stopAndSell' } });
  const waits = (): string => {
    const { status, waitingFor } = dealView(gridOf(bot));
    return `${status} ${waitingFor}`;
  };
  play(bot, LAID.slice(0, 3));
  assert.equal(waits(), 'opening baseOrder');
  play(bot, LAID.slice(3, 4));
  assert.equal(waits(), 'opening quote');
  play(bot, LAID.slice(4));
  assert.equal(waits(), 'active market');
  play(bot, [['quote 84.99 85.01 85.00', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4', 'cancel 1-5']]);
  assert.equal(waits(), 'closing cancelConfirmation');
  play(bot, [
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00', 'quote? COINUSDT'],
  ]);
  assert.equal(waits(), 'closing quote');
  play(bot, [['quote 84.99 85.01 85.00', 'sell 1-6 stopLoss 2.00 @ 84.15 IOC']]);
  assert.equal(waits(), 'closing sale');
  play(bot, [['fill 1-6 2.00 @ 84.99']]);
  assert.equal(waits(), 'stopLoss none');
});
