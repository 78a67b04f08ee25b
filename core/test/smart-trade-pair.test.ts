// SPDX-License-Identifier: Apache-2.0
// A stop that stands at the exchange beside the take profit: tables a trader can read, and random trades on a bad line.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkSettings,
  parseSettings,
  priceTicks,
  quantityLots,
  tradeView,
  type Instrument,
  type SmartTradeBotState,
} from '../src/index.ts';
import { candlesOf, log, run } from './backtest-script.ts';
import { COIN, play, type Row } from './deal-script.ts';
import { checkTrades, checkTradesEnd, PAIR_COIN, randomPairRun } from './trade-line.ts';
import { percent, price, TRADE, tradeBot, tradeSettings } from './trade-script.ts';

const SEED = 20_261_122;

/** Buys 2.00 coins; one target at +5 % and a stop at -5 %, both at the exchange. */
const PAIR = {
  takeProfit: [{ price: percent('5') }],
  stopLoss: { price: percent('5'), placement: 'exchange' },
} as const;

function pairBot(changes: Readonly<Record<string, unknown>> = {}): SmartTradeBotState {
  return tradeBot({ ...PAIR, ...changes }, { instrument: PAIR_COIN });
}

/** Rows that bring `PAIR` to the point where 2.00 coins are held at 100.00 and both orders rest. */
const GUARDED: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
  ['accept 1-1'],
  ['fill 1-1 2.00 @ 100.00', 'pair sell 1-2 2.00 @ 105.00, stop 1-3 at 95.00 @ 94.05'],
  ['end 1-1 filled 2.00'],
  ['accept 1-2'],
  ['accept 1-3'],
];

function kindsOf(notes: ReturnType<typeof play>): readonly string[] {
  return notes.map(({ note }) => note.kind);
}

const IMPOSSIBLE: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  [
    'exactly one take-profit step',
    { takeProfit: TRADE['takeProfit'], stopLoss: { price: percent('5') } },
  ],
  ['exactly one take-profit step', { takeProfit: [] }],
  ['rests as a limit order', { takeProfit: [{ price: percent('5'), order: 'market' }] }],
  ['does not trail', { stopLoss: { price: percent('5'), trailing: '1' } }],
  ['without a timeout', { stopLoss: { price: percent('5'), timeoutSeconds: 10 } }],
  ['the last price', { stopLoss: { price: percent('5'), source: 'bid' } }],
];

test('[P70] a stop is held by the desk unless the exchange is asked for, and what keeps it from there is said at the field', () => {
  assert.equal(tradeSettings().stopLoss?.placement, 'desk');
  assert.equal(tradeSettings(PAIR).stopLoss?.placement, 'exchange');
  for (const [words, changes] of IMPOSSIBLE) {
    const own = changes['stopLoss'] ?? PAIR.stopLoss;
    const stopLoss = Object.assign({}, own, { placement: 'exchange' });
    const parsed = parseSettings({ ...TRADE, ...PAIR, ...changes, stopLoss });
    assert.ok(!parsed.ok, words);
    const found = parsed.errors.filter(({ field }) => field === 'stopLoss.placement');
    assert.equal(found.length, 1, words);
    assert.ok(found[0]?.expected.includes(words), `${words}: ${found[0]?.expected}`);
  }
});

test('[P70] whether the instrument takes two orders as one is said at the field', () => {
  const prices = { COINUSDT: priceTicks(10_000) };
  const settings = tradeSettings(PAIR);
  assert.deepEqual(checkSettings(settings, [PAIR_COIN], prices, 0), []);
  const [error] = checkSettings(settings, [COIN], prices, 0);
  assert.equal(error?.field, 'stopLoss.placement');
  // Two entries that one order each can hold, and no single pair that closes both.
  const small: Instrument = { ...PAIR_COIN, maxLots: quantityLots(150) };
  const half = { order: 'market', share: '50' };
  const two = tradeSettings({ ...PAIR, entries: [half, half] });
  assert.equal(checkSettings(two, [small], prices, 0)[0]?.field, 'stopLoss.placement');
});

test('[P71] take profit and stop are placed as one, and the view says who holds the stop', () => {
  const bot = pairBot();
  const heldBy = (): string | undefined => {
    const [deal] = bot.deals;
    return deal === undefined ? undefined : tradeView(deal).stopLoss.heldBy;
  };
  play(bot, GUARDED.slice(0, -1));
  assert.equal(heldBy(), 'desk');
  play(bot, GUARDED.slice(-1));
  assert.equal(heldBy(), 'exchange');
  play(bot, [['fill 1-2 2.00 @ 105.00'], ['end 1-2 filled 2.00'], ['end 1-3 expired 0.00']]);
  assert.equal(
    bot.endedDeals[0]?.phase.kind === 'ended' && bot.endedDeals[0].phase.outcome,
    'completed',
  );
});

test('[P71] a short trade buys back at a target below, and its stop above pays at most the slippage more', () => {
  play(pairBot({ type: 'short' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 entry 1 2.00 @ 99.00 IOC'],
    ['fill 1-1 2.00 @ 100.00', 'pair buy 1-2 2.00 @ 95.00, stop 1-3 at 105.00 @ 106.05'],
  ]);
});

test('[P71] a limit stop has its own limit at the exchange', () => {
  const stopLoss = {
    price: percent('5'),
    order: 'limit',
    limit: price('94.80'),
    placement: 'exchange',
  };
  play(pairBot({ stopLoss }), [
    ...GUARDED.slice(0, 3),
    ['fill 1-1 2.00 @ 100.00', 'pair sell 1-2 2.00 @ 105.00, stop 1-3 at 95.00 @ 94.80'],
  ]);
});

test('[P71] new terms take both orders back and place both anew when they are gone', () => {
  const edited = { ...TRADE, ...PAIR, stopLoss: { price: percent('3'), placement: 'exchange' } };
  play(pairBot(), [
    ...GUARDED,
    [`editDeal 1 ${JSON.stringify(edited)}`, 'cancel 1-2', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-2 cancelled 0.00', 'pair sell 1-4 2.00 @ 105.00, stop 1-5 at 97.00 @ 96.03'],
  ]);
});

test('[P71] a person who takes the stop to the desk gets a take profit that rests alone', () => {
  const edited = { ...TRADE, ...PAIR, stopLoss: { price: percent('5'), placement: 'desk' } };
  play(pairBot(), [
    ...GUARDED,
    [`editDeal 1 ${JSON.stringify(edited)}`, 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'sell 1-4 takeProfit 1 2.00 @ 105.00 GTC'],
    ['quote 94.99 95.01 95.00', 'cancel 1-4'],
  ]);
});

test('[P71] what more entries get is closed by a new pair', () => {
  play(pairBot(), [
    ...GUARDED,
    ['addFunds 1 base 1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-4 addFunds 1 1.00 @ 101.00 IOC'],
    ['fill 1-4 1.00 @ 100.00', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'pair sell 1-5 3.00 @ 105.00, stop 1-6 at 95.00 @ 94.05'],
  ]);
});

test('[P72] a stop that the exchange triggers closes the trade, whichever of its orders is told of first', () => {
  for (const rows of [
    [['end 1-2 expired 0.00', 'timer deal:1:stopLoss in 5s'], ['fill 1-3 2.00 @ 94.90']],
    [
      ['fill 1-3 0.50 @ 94.90', 'timer deal:1:stopLoss in 5s'],
      ['fill 1-3 1.50 @ 94.80', 'cancel 1-2'],
      ['end 1-2 expired 0.00'],
    ],
    [
      ['fill 1-3 2.00 @ 94.90', 'timer deal:1:stopLoss in 5s', 'cancel 1-2'],
      ['end 1-2 expired 0.00'],
    ],
  ] as const) {
    const bot = pairBot();
    const notes = play(bot, [...GUARDED, ...rows]);
    const [ended] = bot.endedDeals;
    assert.ok(ended?.phase.kind === 'ended');
    assert.equal(ended.phase.outcome, 'stopLoss');
    assert.equal(kindsOf(notes).filter((kind) => kind === 'stopTakenByExchange').length, 1);
  }
});

test('[P73] a stop that does not fill in 5 s, because the price jumped past its limit, is taken back and closed at the market', () => {
  play(pairBot(), [
    ...GUARDED,
    ['end 1-2 expired 0.00', 'timer deal:1:stopLoss in 5s'],
    ['quote 93.00 93.02 93.01'],
    ['+4s timer deal:1:stopLoss'],
    ['+1s timer deal:1:stopLoss', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 93.00 93.02 93.01', 'sell 1-4 stopLoss 2.00 @ 92.07 IOC'],
    ['fill 1-4 2.00 @ 93.00'],
  ]);
});

test('[P73] where the exchange says nothing for 5 s while the last price is at the stop, the desk closes by itself', () => {
  play(pairBot(), [
    ...GUARDED,
    // The bid alone triggers nothing at an exchange.
    ['quote 94.90 95.10 95.01'],
    ['quote 94.90 95.10 95.00', 'timer deal:1:stopLoss in 5s'],
    ['quote 94.90 95.10 95.05'],
    ['quote 94.90 95.10 95.00', 'timer deal:1:stopLoss in 5s'],
    ['+5s timer deal:1:stopLoss', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.90 95.10 95.00', 'sell 1-4 stopLoss 2.00 @ 93.96 IOC'],
  ]);
});

test('[P73] a limit stop rests at the exchange for as long as it takes, and a person takes it to the market', () => {
  const stopLoss = {
    price: percent('5'),
    order: 'limit',
    limit: percent('0'),
    placement: 'exchange',
  };
  play(pairBot({ stopLoss }), [
    ...GUARDED.slice(0, 3),
    ['fill 1-1 2.00 @ 100.00', 'pair sell 1-2 2.00 @ 105.00, stop 1-3 at 95.00 @ 95.00'],
    ['accept 1-2'],
    ['accept 1-3'],
    ['quote 93.00 93.02 93.01'],
    ['end 1-2 expired 0.00'],
    ['+10min quote 93.00 93.02 93.01'],
    ['close 1', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 93.00 93.02 93.01', 'sell 1-4 close 2.00 @ 92.07 IOC'],
  ]);
});

test('[P74] a pair that is refused leaves the take profit to rest alone and the stop to the desk, and is tried again', () => {
  const bot = pairBot();
  const notes = play(bot, [
    ...GUARDED.slice(0, 5),
    ['reject 1-2 policy default-deny', 'cancel 1-3'],
    [
      'reject 1-3 policy default-deny',
      'timer deal:1:pair in 30s',
      'sell 1-4 takeProfit 1 2.00 @ 105.00 GTC',
    ],
    ['accept 1-4'],
    ['+30s timer deal:1:pair', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'pair sell 1-5 2.00 @ 105.00, stop 1-6 at 95.00 @ 94.05'],
    ['reject 1-6 exchange -2010', 'timer deal:1:pair in 60s'],
    ['reject 1-5 exchange -2010', 'sell 1-7 takeProfit 1 2.00 @ 105.00 GTC'],
    ['accept 1-7'],
    ['quote 94.90 95.10 95.00', 'cancel 1-7'],
    ['end 1-7 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.90 95.10 95.00', 'sell 1-8 stopLoss 2.00 @ 93.96 IOC'],
  ]);
  assert.equal(kindsOf(notes).filter((kind) => kind === 'stopWatchedByDesk').length, 2);
});

test('[P74] a take profit that fills in part loses its stop at the exchange, and gets one for the rest 30 s later', () => {
  play(pairBot(), [
    ...GUARDED,
    ['fill 1-2 0.50 @ 105.00'],
    ['end 1-3 expired 0.00', 'timer deal:1:pair in 30s'],
    ['quote 104.00 104.02 104.01'],
    ['+30s timer deal:1:pair', 'cancel 1-2'],
    ['end 1-2 cancelled 0.50', 'pair sell 1-4 1.50 @ 105.00, stop 1-5 at 95.00 @ 94.05'],
  ]);
});

test('[P74] a pair that someone else cancels is placed again at once', () => {
  play(pairBot(), [
    ...GUARDED,
    ['end 1-2 cancelled 0.00', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'pair sell 1-4 2.00 @ 105.00, stop 1-5 at 95.00 @ 94.05'],
  ]);
});

test('[P75] while the desk is halted the pair stands, and what it does is counted', () => {
  const bot = pairBot();
  play(bot, [
    ...GUARDED,
    ['risk halted'],
    ['quote 94.90 95.10 95.00'],
    ['end 1-2 expired 0.00', 'timer deal:1:stopLoss in 5s'],
    ['+5s timer deal:1:stopLoss', 'timer deal:1:stopLoss in 5s'],
    ['fill 1-3 2.00 @ 94.90'],
  ]);
  assert.equal(bot.endedDeals.length, 1);
});

test('[P77] a stop at the exchange over candles: it takes from the house where a trade reaches it', () => {
  const falling = run(
    candlesOf([
      [100, 100.5, 99.5, 100],
      [100, 100.2, 95.01, 96],
      [96, 96.5, 95, 95.5],
    ]),
    {},
    {
      settings: tradeSettings({
        ...PAIR,
        stopLoss: { price: price('95.00'), placement: 'exchange' },
      }),
      markets: [
        {
          instrument: PAIR_COIN,
          candles: candlesOf([
            [100, 100.5, 99.5, 100],
            [100, 100.2, 95.01, 96],
            [96, 96.5, 95, 95.5],
          ]),
        },
      ],
    },
  );
  assert.deepEqual(log(falling), [
    '0:0 entry 1 2.00 @ 100.01 taker',
    '2:1 stopLoss 2.00 @ 94.99 taker',
  ]);
  assert.equal(falling.deals[0]?.status, 'stopLoss');
});

test('[P77] over candles a price that jumps past the limit is followed by the desk five seconds later', () => {
  const candles = candlesOf([
    [100, 100.5, 99.5, 100],
    [92, 93, 91, 92.5],
  ]);
  const gap = run(
    candles,
    {},
    {
      settings: tradeSettings(PAIR),
      markets: [{ instrument: PAIR_COIN, candles }],
    },
  );
  assert.deepEqual(log(gap), [
    '0:0 entry 1 2.00 @ 100.01 taker',
    '1:1 stopLoss 2.00 @ 90.99 taker',
  ]);
});

test('[P76] whatever comes in which order, a stop at the exchange and the desk never close the same coins', (t) => {
  checkTrades(t, randomPairRun, {
    seed: SEED,
    runs: 1_200,
    least: {
      fills: 2_000,
      deals: 900,
      pairs: 600,
      triggered: 40,
      rejected: 300,
      duplicates: 1_500,
    },
  });
});

test('[P76] every trade with a stop at the exchange ends once the line is good, and leaves no order', (t) => {
  checkTradesEnd(t, randomPairRun, { seed: SEED + 1, runs: 600 });
});
