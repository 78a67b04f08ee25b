// SPDX-License-Identifier: Apache-2.0
// Rules B6 and B12 to B15: signals, several markets along one time, coins at the beginning.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clientOrderId,
  ConditionWatcher,
  formatPrice,
  parseSettings,
  priceTicks,
  quantityLots,
  runBacktest,
  toScaled,
  type BacktestInput,
  type BacktestReport,
  type Candles,
  type Condition,
  type Instrument,
} from '../src/index.ts';
import { BarVenue } from '../src/backtest/bar-venue.ts';
import { EngineVenue } from '../src/backtest/engine-venue.ts';
import { Clerk } from '../src/backtest/venue.ts';
import { Purse, Wallet } from '../src/backtest/wallet.ts';
import {
  candlesOf,
  DEFAULTS,
  log,
  MINUTE,
  randomConditions,
  randomMarket,
  randomOptions,
  randomSettings,
  randomTriggers,
  run,
  START,
  type CandleRow,
} from './backtest-script.ts';
import { COIN, OTHER, settingsOf, THIRD } from './deal-script.ts';

const SEED = 20_261_124;
/** Met at the close of every candle below the one before. */
const FALLING: Condition = {
  kind: 'priceChange',
  interval: '1m',
  candles: 1,
  comparison: 'below',
  value: '0',
};
const NO_LADDER = { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 };
const FALLS: readonly CandleRow[] = [
  [100, 100, 100, 100],
  [100, 101, 100, 101],
  [101, 101, 100, 100],
  [99, 99, 99, 99],
  [99, 104, 99, 104],
  [104, 104, 104, 104],
];

test('[B13] what a close has made of the conditions is told at the first point of the next candle', () => {
  const settings = { startTrigger: 'conditions', startConditions: [FALLING], ...NO_LADDER };
  assert.deepEqual(log(run(candlesOf(FALLS), settings)), [
    // The close of minute 2 is below that of minute 1: bought a tick above the open of minute 3.
    '3:0 baseOrder 1.01 @ 99.01 taker',
    '4:2 takeProfit 1.01 @ 101.00 maker',
  ]);
});

test('[B13] a close before a gap is not told: by the next candle it is old', () => {
  const candles = candlesOf(FALLS);
  const settings = { startTrigger: 'conditions', startConditions: [FALLING], ...NO_LADDER };
  for (let row = 3; row < FALLS.length; row += 1)
    candles.openTime[row] = START + (row + 1) * MINUTE;
  assert.deepEqual(log(run(candles, settings)), []);
});

test('[B13] warm-up candles are read and not traded', () => {
  const rows = FALLS.slice(3);
  const late = candlesOf(rows);
  const early = candlesOf(FALLS.slice(0, 3));
  late.openTime.set(rows.map((_, index) => START + (index + 3) * MINUTE));
  const settings = { startTrigger: 'conditions', startConditions: [FALLING], ...NO_LADDER };
  assert.deepEqual(log(run(late, settings)), []);
  const warm = run(late, settings, {
    markets: [{ instrument: COIN, candles: late, warmUp: early }],
  });
  assert.deepEqual(log(warm), [
    '3:0 baseOrder 1.01 @ 99.01 taker',
    '4:2 takeProfit 1.01 @ 101.00 maker',
  ]);
  assert.equal(warm.statistics.candles, 3);
});

test('[B13] only the close of a candle of the conditions tells: 5-minute conditions every five minutes', () => {
  const rows: CandleRow[] = Array.from({ length: 30 }, (_, index) => {
    const open = 100 - index / 10;
    return [open, open, open - 0.1, open - 0.1];
  });
  const five = { ...FALLING, interval: '5m' };
  const settings = {
    startTrigger: 'conditions',
    startConditions: [five],
    ...NO_LADDER,
    takeProfit: '50',
    maxActiveDeals: 9,
    maxActiveDealsPerSymbol: 9,
  };
  const minutes = run(candlesOf(rows), settings).fills.map(
    ({ time }) => (time - START) / MINUTE + ((START / MINUTE) % 5),
  );
  assert.ok(minutes.length >= 3);
  for (const minute of minutes) assert.equal(minute % 5, 0);
});

test('[B13] the backtest hears what a watcher says candle by candle', (t) => {
  t.diagnostic(`seed ${SEED}`);
  let told = 0;
  const property = fc.property(randomMarket, randomConditions, (rows, conditions) => {
    const parsed = parseSettings({
      ...settingsOf(NO_LADDER),
      startTrigger: 'conditions',
      startConditions: conditions,
      takeProfit: '1000',
      maxActiveDeals: 199,
      maxActiveDealsPerSymbol: 199,
      baseOrderVolume: '10',
    });
    assert.ok(parsed.ok && parsed.settings.kind === 'dca');
    const { startConditions = [] } = parsed.settings;
    const candles = candlesOf(rows);
    const watcher = new ConditionWatcher(startConditions, '1m', { instrument: COIN });
    const expected: number[] = [];
    for (let row = 0; row + 1 < rows.length; row += 1) {
      const before = closeTimes(watcher);
      const verdict = watcher.addCandle(candleAt(candles, row));
      const isDecision = closeTimes(watcher).some((time, index) => time !== before[index]);
      if (verdict === 'met' && isDecision) expected.push(row + 1);
    }
    const result = runBacktest({
      ...DEFAULTS,
      startBalanceQuote: '1000000',
      markets: [{ instrument: COIN, candles }],
      settings: parsed.settings,
    });
    if (result.kind === 'refused') return;
    assert.ok(result.kind === 'completed');
    const found = result.deals.map(({ openedTime }) => (openedTime - START) / MINUTE);
    // At most so many deals at once; and each starts where a close was told.
    assert.deepEqual(found, expected.slice(0, found.length));
    assert.equal(found.length, Math.min(199, expected.length));
    told += expected.length;
  });
  fc.assert(property, { seed: SEED, numRuns: 100 });
  assert.ok(told > 400, `${told} signals`);
});

test('[B12] several markets: one purse, one time, fills and quotes before timers before signals', () => {
  const markets = [
    { instrument: COIN, candles: candlesOf(FALLS) },
    { instrument: OTHER, candles: candlesOf(FALLS.slice(0, 4)) },
  ];
  const report = run(
    candlesOf(FALLS),
    { symbols: ['OTHERUSDT', 'COINUSDT'], maxActiveDeals: 2, ...NO_LADDER, cooldownSeconds: 6000 },
    { markets, startBalanceQuote: '202.02' },
  );
  assert.deepEqual(
    report.fills.map(({ symbol, order, price, time }) => [
      symbol,
      order,
      price,
      (time - START) / 1000,
    ]),
    [
      ['OTHERUSDT', 'baseOrder', '100.01', 0],
      ['COINUSDT', 'baseOrder', '100.01', 0],
      ['COINUSDT', 'takeProfit', '102.02', 280],
    ],
  );
  // 0.99 coins each after rounding down; the rest of the purse is not enough for a third order.
  assert.equal(report.deals[1]?.symbol, 'OTHERUSDT');
  assert.equal(report.statistics.endTime, START + 6 * MINUTE - 1);
  assert.equal(report.statistics.candles, 10);
  // 202.02 − 200.02 + 102.02 and one OTHER at its last close of 99.
  assert.equal(report.statistics.endEquity, '203.02');
});

test('[B12] a quote of a market without a price yet comes with its first point', () => {
  const late = candlesOf(FALLS);
  late.openTime.set(FALLS.map((_, index) => START + (index + 2) * MINUTE));
  const report = run(
    candlesOf(FALLS),
    { symbols: ['OTHERUSDT', 'COINUSDT'], maxActiveDeals: 2, ...NO_LADDER },
    {
      markets: [
        { instrument: COIN, candles: candlesOf(FALLS) },
        { instrument: OTHER, candles: late },
      ],
    },
  );
  const first = report.fills.find(({ symbol }) => symbol === 'OTHERUSDT');
  assert.equal(first?.time, START + 2 * MINUTE);
  assert.equal(first?.price, '100.01');
});

test('[B6] [B12] [B13] the three walks agree with signals, limits, trailing exits and several markets', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const counts = { fills: 0, deals: 0, many: 0, completed: 0 };
  const property = fc.property(
    fc.array(randomMarket, { minLength: 1, maxLength: 3 }),
    randomSettings,
    randomTriggers,
    randomOptions,
    fc.array(fc.nat({ max: 300 }), { maxLength: 4 }),
    (rows, settings, triggers, options, gaps) => {
      const parsed = parseSettings({
        ...settings,
        ...triggers,
        symbols: SYMBOLS.slice(0, rows.length),
        ...(settings['stopLoss'] === undefined ? { stopLossTrailing: false } : {}),
      });
      if (!parsed.ok) return;
      const markets = rows.map((one, index) => ({
        instrument: INSTRUMENTS[index] ?? COIN,
        candles: withGaps(candlesOf(one), gaps, index),
      }));
      const input = { ...DEFAULTS, ...options, markets, settings: parsed.settings };
      const fast = runBacktest({ ...input, walk: 'fast' });
      assert.deepEqual(runBacktest({ ...input, walk: 'every-point' }), fast);
      assert.deepEqual(runBacktest({ ...input, walk: 'matching-engine' }), fast);
      if (fast.kind !== 'completed') return;
      counts.completed += 1;
      counts.fills += fast.fills.length;
      counts.deals += fast.deals.length;
      if (rows.length > 1) counts.many += fast.fills.length;
      checkMoney(fast, input);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 400 });
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.fills > 3_000 && counts.many > 2_000, 'the random runs trade');
});

test('[B14] coins held at the beginning count from the beginning and may be sold', () => {
  const report = run(
    candlesOf(FALLS),
    { ...NO_LADDER, direction: 'short', cooldownSeconds: 6000 },
    { startBalanceQuote: '0', startBalances: { COIN: '2' } },
  );
  assert.equal(report.statistics.startBalance, '200');
  assert.deepEqual(log(report).slice(0, 1), ['0:0 baseOrder 1.01 @ 99.99 taker']);
  const refused = runBacktest({
    ...DEFAULTS,
    markets: [{ instrument: COIN, candles: candlesOf(FALLS) }],
    settings: settingsOf(),
    startBalances: { COIN: '-1', GOLD: '1' },
  });
  assert.ok(refused.kind === 'refused');
  assert.deepEqual(
    refused.errors.map(({ field }) => field),
    ['startBalances.COIN', 'startBalances.GOLD'],
  );
});

test('[B15] an order that may only rest is rejected where it would trade at once, in both venues', () => {
  for (const Venue of [BarVenue, EngineVenue]) {
    const told: string[] = [];
    const purse = new Purse(8, toScaled('1000', 8, 'balance'));
    const clerk = new Clerk({
      instrument: COIN,
      wallet: new Wallet(COIN, purse, toScaled('10', 8, 'coins')),
      fees: { makerFeePpm: 0, takerFeePpm: 0 },
      emit: (event) =>
        told.push(event.kind === 'orderRejected' ? `${event.rule}: ${event.reason}` : event.kind),
      now: () => START,
    });
    const venue = new Venue(clerk);
    venue.moveTo(10_000, 0);
    for (const [side, ticks] of [
      ['buy', 10_001],
      ['sell', 9_999],
      ['buy', 10_000],
      ['sell', 10_001],
    ] as const) {
      venue.place({
        clientOrderId: clientOrderId(`${side}-${ticks}`),
        symbol: 'COINUSDT',
        side,
        type: 'limitMaker',
        timeInForce: 'GTC',
        priceTicks: priceTicks(ticks),
        quantity: quantityLots(100),
      });
    }
    const refused = '-2010: Order would immediately match and take.';
    assert.deepEqual(told, [refused, refused, 'orderAccepted', 'orderAccepted']);
    assert.equal(purse.locked, toScaled('100', 8, 'locked'));
  }
});

test('[B10] markets that do not fit together, and conditions the candles cannot answer, are refused', () => {
  const candles = candlesOf(FALLS);
  const euro: Instrument = { ...OTHER, quoteAsset: 'EUR' };
  const hourly = { ...candles, intervalMs: 3_600_000 };
  hourly.openTime = Float64Array.from(FALLS, (_, index) => START + index * 3_600_000);
  const both = settingsOf({ symbols: ['COINUSDT', 'OTHERUSDT'] });
  const rows: readonly (readonly [Partial<BacktestInput>, readonly string[]])[] = [
    [{ markets: [] }, ['markets']],
    [
      {
        markets: [
          { instrument: COIN, candles },
          { instrument: COIN, candles },
        ],
      },
      ['markets'],
    ],
    [
      {
        settings: both,
        markets: [
          { instrument: COIN, candles },
          { instrument: euro, candles },
        ],
      },
      ['markets'],
    ],
    [
      {
        settings: both,
        markets: [
          { instrument: COIN, candles },
          { instrument: OTHER, candles: hourly },
        ],
      },
      ['candles'],
    ],
    [{ markets: [{ instrument: COIN, candles, warmUp: candles }] }, ['warmUp']],
    [
      {
        markets: [{ instrument: COIN, candles: hourly }],
        settings: settingsOf({ startTrigger: 'conditions', startConditions: [FALLING] }),
      },
      ['startConditions'],
    ],
    [{ startBalanceQuote: '0' }, ['startBalanceQuote']],
  ];
  for (const [change, fields] of rows) {
    const markets = [{ instrument: COIN, candles }];
    const result = runBacktest({ ...DEFAULTS, markets, settings: settingsOf(), ...change });
    assert.ok(result.kind === 'refused', JSON.stringify(fields));
    assert.deepEqual(
      result.errors.map(({ field }) => field),
      fields,
    );
  }
});

const INSTRUMENTS = [COIN, { ...OTHER, quantityScale: 3 }, THIRD];
const SYMBOLS = INSTRUMENTS.map(({ symbol }) => symbol);

/** Candles that begin later in each market, with holes of a minute to two hours. */
function withGaps(candles: Candles, gaps: readonly number[], index: number): Candles {
  let shift = index * 7;
  for (const [row, time] of candles.openTime.entries()) {
    if (gaps.includes(row)) shift += ((row * 31) % 120) + 1;
    candles.openTime[row] = time + shift * MINUTE;
  }
  return candles;
}

/** Nothing is spent that is not there, and the deals' coins are the coins owned. */
function checkMoney(report: BacktestReport, input: BacktestInput): void {
  const scale = 12;
  let quote = toScaled(input.startBalanceQuote, scale, 'balance');
  const bases = new Map<string, bigint>();
  for (const fill of report.fills) {
    const volume = toScaled(fill.volume, scale, 'volume');
    const quantity = toScaled(fill.quantity, scale, 'quantity');
    const commission = toScaled(fill.commission, scale, 'commission');
    const base = bases.get(fill.symbol) ?? 0n;
    const isBuy = fill.side === 'buy';
    quote += isBuy ? -volume : volume - commission;
    bases.set(fill.symbol, base + (isBuy ? quantity - commission : -quantity));
    assert.ok(quote >= 0n && (bases.get(fill.symbol) ?? 0n) >= 0n);
  }
  for (const deal of report.deals) {
    const held = toScaled(deal.heldQuantity, scale, 'held');
    bases.set(deal.symbol, (bases.get(deal.symbol) ?? 0n) - held);
  }
  for (const [symbol, rest] of bases) assert.equal(rest, 0n, symbol);
  let worth = quote;
  for (const { symbol, heldQuantity } of report.deals) {
    const market = input.markets.find(({ instrument }) => instrument.symbol === symbol);
    assert.ok(market !== undefined);
    const price = formatPrice(market.instrument, market.candles.close.at(-1) ?? 0);
    worth += toScaled(heldQuantity, 8, 'held') * toScaled(price, 4, 'price');
  }
  assert.equal(toScaled(report.statistics.endEquity, scale, 'equity'), worth);
}

function candleAt(candles: Candles, row: number): Parameters<ConditionWatcher['addCandle']>[0] {
  return {
    openTime: candles.openTime[row] ?? 0,
    open: candles.open[row] ?? 0,
    high: candles.high[row] ?? 0,
    low: candles.low[row] ?? 0,
    close: candles.close[row] ?? 0,
    volume: candles.volume[row] ?? 0,
  };
}

function closeTimes(watcher: ConditionWatcher): (number | null)[] {
  return watcher.readings().map(({ closeTime }) => closeTime);
}
