// SPDX-License-Identifier: Apache-2.0
// Rules D5, D6, D8, D33 and D34: ladders, averages, previews and views, in numbers that can be checked by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addFill,
  averageTicks,
  costOf,
  dealLadder,
  dealView,
  emptyPosition,
  formatAverage,
  formatBase,
  formatMoney,
  heldBase,
  heldLots,
  makeInstrument,
  orderFault,
  parsePrice,
  previewLadder,
  profitGoal,
  priceTicks,
  quantityLots,
  revenueOf,
  rungPrice,
  takeProfitTicks,
  toScaled,
  type Instrument,
  type Position,
} from '../src/index.ts';
import { mostLots, slippedBuy, slippedSell } from '../src/bot/order-rules.ts';
import { botOf, COIN, OPENED, play, settingsOf } from './deal-script.ts';

const SEED = 20_221_114;

const ETH: Instrument = makeInstrument({
  symbol: 'ETHUSDT',
  baseAsset: 'ETH',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.0001',
  minPrice: '0.01',
  maxPrice: '1000000',
  minQuantity: '0.0001',
  maxQuantity: '9000',
  minNotional: '5',
  maxNotional: '9000000',
});

test('[D5] deviations 1, 5, 21 % for step 1 and step scale 4; volumes grow by the volume scale', () => {
  const settings = settingsOf({
    stepScale: '4',
    volumeScale: '1.7',
    safetyOrderVolume: '15',
    baseOrderVolume: '20',
  });
  const preview = previewLadder(settings, COIN, ticks(COIN, '100.00'), 0);
  assert.deepEqual(
    preview.safetyOrders.map(({ deviation, price, quantity, volume }) => [
      deviation,
      price,
      quantity,
      volume,
    ]),
    [
      // 15 / 99 = 0.1515…, 25.5 / 95 = 0.2684…, 43.35 / 79 = 0.5487…; each rounded up to a lot
      ['1', '99.00', '0.16', '15.84'],
      ['5', '95.00', '0.27', '25.65'],
      ['21', '79.00', '0.55', '43.45'],
    ],
  );
  assert.equal(preview.coverage, '21');
  assert.equal(preview.totalFunds, '104.94');
});

test('[D5] a safety order stands on the tick at or below its exact price', () => {
  const base = { numerator: 10_001n, denominator: 1n };
  const percent = (
    numerator: bigint,
    denominator: bigint,
  ): { numerator: bigint; denominator: bigint } => ({
    numerator,
    denominator,
  });
  assert.equal(rungPrice(base, percent(1n, 1n), 'long'), 9900);
  assert.equal(rungPrice(base, percent(100n, 10_001n), 'long'), 10_000);
  assert.equal(rungPrice(base, percent(101n, 10_001n), 'long'), 9999);
  assert.equal(rungPrice(base, percent(120n, 1n), 'long'), 0);
});

test('[D5] two hundred steps with fine scales stay exact', () => {
  const settings = settingsOf({
    maxSafetyOrders: 200,
    maxActiveSafetyOrders: 200,
    safetyOrderStep: '0.1',
    stepScale: '1.0123',
    volumeScale: '1.0123',
    safetyOrderVolume: '10',
  });
  const rows = previewLadder(settings, ETH, ticks(ETH, '3095.40'), 1000).safetyOrders;
  assert.equal(rows.length, 200);
  const last = rows.at(-1);
  // 0.1 × (1.0123^200 − 1) / 0.0123, computed with 60 digits.
  assert.equal(last?.deviation, '85.613655');
});

/** Fills as text: `buy 1.00 @ 100.00 fee 0.001 COIN`. */
function positionOf(fills: readonly string[]): Position {
  const position = emptyPosition();
  for (const text of fills) {
    const [side, quantity = '', , price = '', , fee = '0', asset = 'USDT'] = text.split(' ');
    addFill(position, COIN, side === 'buy' ? 'buy' : 'sell', {
      priceTicks: ticks(COIN, price),
      quantity: quantityLots(Number(quantity) * 100),
      commission: toScaled(fee, 8, 'fee'),
      commissionAsset: asset,
    });
  }
  return position;
}

test('[D6] commission in quote adds to the cost, in base takes from the coins, in a third asset is kept apart', () => {
  const rows: readonly {
    readonly fills: readonly string[];
    readonly average: string;
    readonly cost: string;
    readonly revenue: string;
    readonly held: string;
    readonly others?: Record<string, bigint>;
  }[] = [
    { fills: ['buy 1.00 @ 100.00'], average: '100', cost: '100', revenue: '0', held: '1' },
    {
      fills: ['buy 1.00 @ 100.00 fee 0.1 USDT'],
      average: '100.1',
      cost: '100.1',
      revenue: '0',
      held: '1',
    },
    {
      fills: ['buy 1.00 @ 100.00 fee 0.001 COIN'],
      average: '100.1001001',
      cost: '100',
      revenue: '0',
      held: '0.999',
    },
    {
      fills: ['buy 1.00 @ 100.00 fee 0.0002 BNB', 'buy 1.00 @ 98.00 fee 0.0003 BNB'],
      average: '99',
      cost: '198',
      revenue: '0',
      held: '2',
      others: { BNB: 50_000n },
    },
    {
      fills: ['buy 2.00 @ 100.00 fee 0.002 COIN', 'sell 1.00 @ 110.00 fee 0.11 USDT'],
      average: '100.1001001',
      cost: '200',
      revenue: '109.89',
      held: '0.998',
    },
    {
      fills: ['buy 2.00 @ 100.00', 'sell 1.00 @ 110.00 fee 0.25 COIN'],
      average: '100',
      cost: '200',
      revenue: '110',
      held: '0.75',
    },
  ];
  for (const { fills, average, cost, revenue, held, others } of rows) {
    const position = positionOf(fills);
    const ratio = averageTicks(position, COIN);
    assert.ok(ratio !== null);
    assert.equal(formatAverage(COIN, ratio), average, fills.join());
    assert.equal(formatMoney(COIN, costOf(position, COIN)), cost);
    assert.equal(formatMoney(COIN, revenueOf(position, COIN)), revenue);
    assert.equal(formatBase(COIN, heldBase(position, COIN)), held);
    assert.deepEqual(position.otherCommissions, others ?? {});
  }
});

test('[D6] coins that commission ate up have no average', () => {
  assert.equal(averageTicks(emptyPosition(), COIN), null);
  assert.equal(averageTicks(positionOf(['buy 1.00 @ 100.00 fee 1 COIN']), COIN), null);
});

test('[D8] whole lots are sold, the rest is dust', () => {
  assert.equal(heldLots(positionOf(['buy 1.00 @ 100.00 fee 0.001 COIN']), COIN), 99);
  assert.equal(heldLots(positionOf(['buy 1.00 @ 100.00 fee 2 COIN']), COIN), 0);
});

test('[D7] after both fees take profit earns its percentage of all that was bought, by less than a tick too much', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const fee = fc.integer({ min: 0, max: 5000 });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 10n ** 12n }),
      fc.bigInt({ min: 1n, max: 10n ** 6n }),
      fc.bigInt({ min: 1n, max: 5000n }),
      fee,
      (numerator, denominator, hundredths, feeRatePpm) => {
        const percent = { numerator: hundredths, denominator: 100n };
        const average = { numerator, denominator };
        const price = BigInt(
          takeProfitTicks(profitGoal(average, average, percent, 'long'), feeRatePpm, 'long'),
        );
        // price × (1 − fee) ≥ average × (1 + percent), and one tick less would not do.
        const goal = numerator * (10_000n + hundredths) * 1_000_000n;
        const got = (ticksOver: bigint): bigint =>
          (price - ticksOver) * denominator * 10_000n * BigInt(1_000_000 - feeRatePpm);
        assert.ok(got(0n) >= goal && got(1n) < goal);
      },
    ),
    { seed: SEED },
  );
});

test('[D33] a preview shows the orders the bot places', () => {
  const bot = botOf({ stopLoss: '20' }, { feeRatePpm: 1000 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00 fee 0.001 COIN',
      'sell 1-2 takeProfit 0.99 @ 102.21 GTC',
      'buy 1-3 safetyOrder 1 1.01 @ 99.09 GTC',
      'buy 1-4 safetyOrder 2 1.02 @ 98.09 GTC',
    ],
    [
      'fill 1-3 1.01 @ 99.09 fee 0.00101 COIN',
      'cancel 1-2',
      'buy 1-5 safetyOrder 3 1.03 @ 97.09 GTC',
    ],
    ['end 1-2 cancelled 0.00', 'sell 1-6 takeProfit 2.00 @ 101.74 GTC'],
  ]);
  const preview = previewLadder(settingsOf({ stopLoss: '20' }), COIN, priceTicks(10_000), 1000);
  assert.deepEqual(
    [preview.baseOrder, ...preview.safetyOrders].map(
      (row) => `${row.quantity} @ ${row.price} → ${row.takeProfit}`,
    ),
    [
      '1.00 @ 100.00 → 102.21',
      '1.01 @ 99.09 → 101.74',
      '1.02 @ 98.09 → 101.24',
      '1.03 @ 97.09 → 100.73',
    ],
  );
  assert.equal(preview.stopLoss, '80.08008008');
  assert.equal(preview.baseOrder.moveToTakeProfit, '2.21');
  assert.equal(preview.totalFunds, '400.1354');
});

test('[D33] a preview that leaves the market ends there', () => {
  const settings = settingsOf({ safetyOrderStep: '30' });
  assert.equal(previewLadder(settings, COIN, priceTicks(5), 0).safetyOrders.length, 2);
  assert.equal(previewLadder(settings, COIN, priceTicks(2), 0).safetyOrders.length, 1);
  const wild = settingsOf({ maxSafetyOrders: 150, volumeScale: '10', stepScale: '0.1' });
  assert.ok(previewLadder(wild, COIN, priceTicks(10_000), 0).safetyOrders.length < 20);
});

test('[D34] a view shows a deal as text, with what it is waiting for', () => {
  const bot = botOf({ stopLoss: '10' }, { feeRatePpm: 1000 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
  ]);
  const opening = bot.deals[0];
  assert.ok(opening !== undefined);
  assert.equal(dealView(opening).status, 'opening');
  assert.equal(dealView(opening).waitingFor, 'baseOrder');
  assert.equal(dealView(opening).average, '');
  play(bot, [
    [
      'fill 1-1 1.00 @ 100.00 fee 0.1 USDT',
      'sell 1-2 takeProfit 1.00 @ 102.21 GTC',
      'buy 1-3 safetyOrder 1 1.01 @ 99.09 GTC',
      'buy 1-4 safetyOrder 2 1.02 @ 98.09 GTC',
    ],
    ['accept 1-3'],
    ['fill 1-2 0.50 @ 102.21 fee 0.051105 USDT'],
  ]);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  const { orders, openedTime, ...rest } = dealView(deal, priceTicks(10_100));
  assert.equal(openedTime, 1_700_000_000_000);
  assert.deepEqual(rest, {
    kind: 'dca',
    direction: 'long',
    dealId: 1,
    symbol: 'COINUSDT',
    status: 'active',
    reason: '',
    waitingFor: 'market',
    closedTime: 0,
    average: '100.1',
    baseAverage: '100.1',
    breakEven: '100.2002002',
    takeProfit: '102.21',
    takeProfits: [
      {
        step: 0,
        profit: '2',
        share: '100',
        price: '102.21',
        quantity: '0.50',
        filled: '0.00',
        state: 'placed',
      },
    ],
    stopLoss: '90.09',
    boughtQuantity: '1.00',
    soldQuantity: '0.50',
    heldQuantity: '0.5',
    dustQuantity: '0',
    cost: '100.1',
    revenue: '51.053895',
    invested: '100.1',
    // 51.053895 − 50.05, and 0.5 × 101 × 0.999 − 50.05
    realisedProfit: '1.003895',
    realisedProfitPercent: '1',
    unrealisedProfit: '0.3995',
    profitPercent: '1.4',
    steps: { filled: 0, active: 2, max: 3 },
    commissions: { USDT: '0.151105' },
  });
  assert.deepEqual(
    orders.map(
      (order) =>
        `${order.purpose} ${order.ladderIndex} ${order.side} ${order.quantity} @ ${order.price} ${order.filled} ${order.state}`,
    ),
    [
      'takeProfit 0 sell 1.00 @ 102.21 0.50 placing',
      'safetyOrder 1 buy 1.01 @ 99.09 0.00 open',
      'safetyOrder 2 buy 1.02 @ 98.09 0.00 placing',
    ],
  );
});

test('[D34] the cost of coins sold is rounded up: a profit is never shown too high', () => {
  const bot = botOf({}, { feeRatePpm: 1000 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00 fee 0.001 COIN',
      'sell 1-2 takeProfit 0.99 @ 102.21 GTC',
      'buy 1-3 safetyOrder 1 1.01 @ 99.09 GTC',
      'buy 1-4 safetyOrder 2 1.02 @ 98.09 GTC',
    ],
    ['fill 1-2 0.50 @ 102.21'],
  ]);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  // 51.105 − 100 × 0.5 / 0.999 = 1.054949949…
  assert.equal(dealView(deal).realisedProfit, '1.05494994');
});

test('[D33] the ladder of a deal is what it places', () => {
  const bot = botOf();
  play(bot, OPENED.slice(0, 2));
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  assert.deepEqual(dealLadder(deal), []);
  play(bot, OPENED.slice(2));
  assert.deepEqual(
    dealLadder(deal).map((rung) => Object.values(rung).join(' ')),
    ['1 1 99.00 1.02 100.98', '2 2 98.00 1.03 100.94', '3 3 97.00 1.04 100.88'],
  );
});

test('[D31] an order keeps every limit of its instrument, and may reach it', () => {
  const narrow: Instrument = {
    ...COIN,
    minTicks: priceTicks(100),
    maxTicks: priceTicks(200),
    minLots: quantityLots(10),
    maxLots: quantityLots(100),
    minNotional: 1500,
    maxNotional: 15_000,
  };
  const rows: readonly (readonly [ticks: number, lots: number, rule: string | null])[] = [
    [100, 15, null],
    [99, 50, 'minPrice'],
    [200, 50, null],
    [201, 50, 'maxPrice'],
    [150, 10, null],
    [150, 9, 'minQuantity'],
    [150, 100, null],
    [140, 101, 'maxQuantity'],
    [149, 10, 'minNotional'],
    [151, 100, 'maxNotional'],
    [0, 50, 'minPrice'],
  ];
  for (const [price, lots, rule] of rows) {
    assert.equal(orderFault(narrow, price, lots)?.rule ?? null, rule, `${lots} @ ${price}`);
  }
  const free = { ...COIN, minTicks: priceTicks(0), minLots: quantityLots(0), minNotional: 0 };
  assert.equal(orderFault(free, 0, 5)?.rule, 'minPrice');
  assert.equal(orderFault(free, 5, 0)?.rule, 'minQuantity');
  assert.equal(orderFault(free, 1, 1), null);
  assert.equal(mostLots(narrow, 200, 1000), 75);
  assert.equal(mostLots(narrow, 100, 1000), 100);
  assert.equal(mostLots(narrow, 100, 7), 7);
});

test('[D31] slippage is rounded towards the better price and stays inside the instrument', () => {
  const one = { numerator: 1n, denominator: 1n };
  assert.equal(slippedBuy(COIN, 10_099, one), 10_199);
  assert.equal(slippedSell(COIN, 10_099, one), 9999);
  assert.equal(slippedBuy(COIN, COIN.maxTicks, one), COIN.maxTicks);
  assert.equal(slippedSell({ ...COIN, minTicks: priceTicks(50) }, 50, one), 50);
  assert.equal(
    slippedSell({ ...COIN, minTicks: priceTicks(0) }, 1, { numerator: 100n, denominator: 1n }),
    1,
  );
});

test('[D34] every wait of a deal has its word', () => {
  const words = (rows: Parameters<typeof play>[1]): string => {
    const bot = botOf({ baseOrderType: 'market' });
    play(bot, rows);
    const deal = bot.deals[0];
    return deal === undefined ? 'none' : `${dealView(deal).status} ${dealView(deal).waitingFor}`;
  };
  const closing = [...OPENED, ['close 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4']] as const;
  const ended = [
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
  ] as const;
  assert.equal(words(OPENED), 'active market');
  assert.equal(
    words([...OPENED.slice(0, 4), ['reject 1-2 exchange -1', 'timer deal:1:takeProfit in 2s']]),
    'active timer',
  );
  assert.equal(words([...OPENED, ['end 1-2 cancelled 0.50']]), 'active fills');
  assert.equal(
    words([...OPENED, ['fill 1-3 0.50 @ 99.00', 'cancel 1-2']]),
    'active cancelConfirmation',
  );
  assert.equal(words(closing), 'closing cancelConfirmation');
  assert.equal(words([...closing, ...ended]), 'closing quote');
  const sold = ['quote 99.99 100.00 100.00', 'sell 1-5 close 1.00 @ 99.00 IOC'] as const;
  assert.equal(words([...closing, ...ended, sold]), 'closing sale');
  assert.equal(
    words([...closing, ...ended, sold, ['reject 1-5 exchange -1', 'timer deal:1:close in 30s']]),
    'closing timer',
  );
  const cancelling = [...OPENED, ['cancel 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4']] as const;
  assert.equal(words(cancelling), 'cancelling cancelConfirmation');
  assert.equal(
    words([
      ...cancelling,
      ['end 1-2 cancelled 0.00'],
      ['end 1-3 cancelled 0.00'],
      ['end 1-4 cancelled 0.10'],
    ]),
    'cancelling fills',
  );
});

function ticks(instrument: Instrument, text: string): ReturnType<typeof priceTicks> {
  const parsed = parsePrice(instrument, text);
  assert.ok(parsed.ok);
  return parsed.value;
}
