// SPDX-License-Identifier: Apache-2.0
// Rules M1 to M12 and M26 to M32 by example: orders, icebergs, the market of a replay, what the caller sees.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MatchingEngine, type EngineOrder, type EngineTrade } from '../src/matching/engine.ts';
import { check, EventLog } from './matching-script.ts';

test('[M1] the best price trades first, then the order that came first, at the maker’s price', () => {
  check([
    ['sell 5 @ 102', '1 rests'],
    ['sell 3 @ 101', '2 rests'],
    ['sell 4 @ 101', '3 rests'],
    [
      'buy 9 @ 105',
      '4 buys 3 @ 101 from 2',
      '2 filled 3',
      '4 buys 4 @ 101 from 3',
      '3 filled 4',
      '4 buys 2 @ 102 from 1',
      '4 filled 9',
    ],
    ['book', 'sell 3 @ 102'],
    ['last', '102'],
  ]);
});

test('[M1] a sell takes the highest bids first', () => {
  check([
    ['buy 1 @ 98', '1 rests'],
    ['buy 1 @ 99', '2 rests'],
    [
      'sell 2 @ 98',
      '3 sells 1 @ 99 from 2',
      '2 filled 1',
      '3 sells 1 @ 98 from 1',
      '1 filled 1',
      '3 filled 2',
    ],
  ]);
});

test('[M2] what a limit order cannot trade rests', () => {
  check([
    ['sell 5 @ 101 by 0', '1 rests'],
    ['buy 8 @ 101', '2 buys 5 @ 101 from 1', '1 filled 5', '2 rests'],
    ['sell 1 @ 102', '3 rests'],
    ['book', 'buy 3 @ 101', 'sell 1 @ 102'],
    [
      'order 2',
      JSON.stringify({
        orderId: 2,
        ownerId: 1002,
        side: 'buy',
        type: 'limit',
        priceTicks: 101,
        quantityLots: 8,
        leavesLots: 3,
        filledLots: 5,
        filledNotional: 505,
        isTriggered: false,
        stopTicks: 0,
      }),
    ],
    ['order 1', 'null'],
  ]);
});

test('[M3] what an IOC order cannot trade expires', () => {
  check([
    ['buy 1 @ 100 IOC', '1 expired 0'],
    ['sell 5 @ 101', '2 rests'],
    ['buy 8 @ 101 IOC', '3 buys 5 @ 101 from 2', '2 filled 5', '3 expired 5'],
    ['book'],
  ]);
});

test('[M4] a FOK order fills wholly or does nothing', () => {
  check([
    ['sell 5 @ 101', '1 rests'],
    ['sell 5 @ 102 iceberg 1', '2 rests'],
    ['buy 11 @ 102 FOK', '3 expired 0'],
    ['buy 6 @ 101 FOK', '4 expired 0'],
    ['book', 'sell 5 @ 101', 'sell 1 @ 102'],
    [
      'buy 7 @ 102 FOK',
      '5 buys 5 @ 101 from 1',
      '1 filled 5',
      '5 buys 1 @ 102 from 2',
      '5 buys 1 @ 102 from 2',
      '5 filled 7',
    ],
  ]);
});

test('[M4] a FOK order looks at self-trade prevention before it does anything', () => {
  for (const mode of ['expireTaker', 'expireBoth', 'decrement']) {
    check([
      ['sell 5 @ 101 iceberg 2', '1 rests'],
      ['sell 5 @ 101 by 7', '2 rests'],
      [`buy 3 @ 101 FOK by 7 stp ${mode}`, '3 expired 0'],
      [`buy 2 @ 101 FOK by 7 stp ${mode}`, '4 buys 2 @ 101 from 1', '4 filled 2'],
      ['book', 'sell 7 @ 101'],
    ]);
  }
  check([
    ['sell 5 @ 101', '1 rests'],
    ['sell 5 @ 101 by 7', '2 rests'],
    ['sell 1 @ 102', '3 rests'],
    ['buy 7 @ 102 FOK by 7 stp expireMaker', '4 expired 0'],
    ['book', 'sell 10 @ 101', 'sell 1 @ 102'],
    [
      'buy 6 @ 102 FOK by 7 stp expireMaker',
      '5 buys 5 @ 101 from 1',
      '1 filled 5',
      '5 kept from 1 @ 101 of 2',
      '2 expiredInMatch 0',
      '5 buys 1 @ 102 from 3',
      '3 filled 1',
      '5 filled 6',
    ],
  ]);
});

test('[M5] a market order trades at any price and what is left expires', () => {
  check([
    ['sell 1 market', '1 expired 0'],
    ['buy 2 @ 90', '2 rests'],
    ['buy 2 @ 10', '3 rests'],
    ['sell 3 market', '4 sells 2 @ 90 from 2', '2 filled 2', '4 sells 1 @ 10 from 3', '4 filled 3'],
    ['sell 3 market', '5 sells 1 @ 10 from 3', '3 filled 2', '5 expired 1'],
  ]);
});

test('[M6] a market order by budget trades the whole lots it pays for', () => {
  check([
    ['sell 3 @ 100', '1 rests'],
    ['sell 9 @ 200', '2 rests'],
    ['buy budget 99', '3 expired 0'],
    [
      'buy budget 750',
      '4 buys 3 @ 100 from 1',
      '1 filled 3',
      '4 buys 2 @ 200 from 2',
      '4 filled 5',
    ],
    ['buy budget 400', '5 buys 2 @ 200 from 2', '5 filled 2'],
    ['buy budget 1001', '6 buys 5 @ 200 from 2', '2 filled 9', '6 expired 5'],
    ['buy budget 100', '7 expired 0'],
  ]);
});

test('[M6] a budget to sell goes on to a lower price that still fits it', () => {
  check([
    ['buy 1 @ 10', '1 rests'],
    ['buy 5 @ 4', '2 rests'],
    ['sell budget 14', '3 sells 1 @ 10 from 1', '1 filled 1', '3 sells 1 @ 4 from 2', '3 filled 2'],
  ]);
});

test('[M6] self-trade prevention uses up a budget as a trade would', () => {
  check([
    ['sell 2 @ 100 by 7', '1 rests'],
    ['sell 9 @ 100', '2 rests'],
    [
      'buy budget 350 by 7 stp decrement',
      '3 kept from 2 @ 100 of 1',
      '1 expiredInMatch 0',
      '3 buys 1 @ 100 from 2',
      '3 expiredInMatch 1',
    ],
    ['sell 2 @ 99 by 7', '4 rests'],
    ['buy budget 350 by 7 stp expireTaker', '5 kept from 2 @ 99 of 4', '5 expiredInMatch 0'],
  ]);
});

test('[M7] a limit maker order rests or is refused', () => {
  check([
    ['sell 5 @ 101 by 7', '1 rests'],
    ['buy 1 @ 101 maker', 'refused wouldTake'],
    ['buy 1 @ 102 maker by 7 stp expireMaker', 'refused wouldTake'],
    ['buy 1 @ 100 maker', '2 rests'],
    ['sell 1 @ 100 maker', 'refused wouldTake'],
    ['book', 'buy 1 @ 100', 'sell 5 @ 101'],
  ]);
});

test('[M8] a refused order leaves no trace', () => {
  check([
    ['sell 5 @ 101', '1 rests'],
    ['buy 1 @ 101 maker', 'refused wouldTake'],
    ['order 2', 'null'],
    ['buy 1 @ 100', '2 rests'],
    ['print 100'],
    ['sell 1 stopLoss at 100', 'refused wouldTrigger'],
    ['order 3', 'null'],
    ['sell 1 @ 103', '3 rests'],
  ]);
});

test('[M9] cancel takes open orders away and knows no others', () => {
  check(
    [
      ['buy 5 @ 100', '1 rests', 'level buy 100: 5'],
      ['buy 2 @ 100', '2 rests', 'level buy 100: 7'],
      ['buy 1 @ 100', '3 rests', 'level buy 100: 8'],
      ['sell 3 stopLoss at 90'],
      [
        'sell 6 @ 100',
        '5 sells 5 @ 100 from 1',
        '1 filled 5',
        '5 sells 1 @ 100 from 2',
        'level buy 100: 2',
        '5 filled 6',
      ],
      ['cancel 2', '2 cancelled 1', 'level buy 100: 1'],
      ['cancel 3', '3 cancelled 0', 'level buy 100: 0'],
      ['cancel 4', '4 cancelled 0'],
      ['cancel 1', 'no'],
      ['cancel 4', 'no'],
      ['cancel 9', 'no'],
      ['print 80'],
    ],
    { levels: true },
  );
});

test('[M10] reduce keeps the place in the queue', () => {
  check(
    [
      ['buy 5 @ 100', '1 rests', 'level buy 100: 5'],
      ['buy 5 @ 100', '2 rests', 'level buy 100: 10'],
      ['sell 2 @ 100', '3 sells 2 @ 100 from 1', 'level buy 100: 8', '3 filled 2'],
      ['reduce 1 to 5', 'no'],
      ['reduce 1 to 6', 'no'],
      ['reduce 1 to 2', 'no'],
      ['reduce 1 to 3', 'level buy 100: 6'],
      ['reduce 9 to 1', 'no'],
      [
        'sell 2 @ 100',
        '4 sells 1 @ 100 from 1',
        '1 filled 3',
        '4 sells 1 @ 100 from 2',
        'level buy 100: 4',
        '4 filled 2',
      ],
    ],
    { levels: true },
  );
});

test('[M10] what prevention took does not come back by reducing', () => {
  check([
    ['sell 6 @ 101 by 7', '1 rests'],
    ['buy 2 @ 101 by 7 stp decrement', '2 kept from 2 @ 101 of 1', '2 expiredInMatch 0'],
    ['reduce 1 to 2', 'no'],
    ['reduce 1 to 3'],
    ['book', 'sell 1 @ 101'],
  ]);
});

test('[M10] an iceberg shows less only when less is left', () => {
  check(
    [
      ['buy 9 @ 100 iceberg 3', '1 rests', 'level buy 100: 3'],
      ['reduce 1 to 4'],
      ['reduce 1 to 2', 'level buy 100: 2'],
      [
        'sell 9 @ 100 IOC',
        '2 sells 2 @ 100 from 1',
        '1 filled 2',
        'level buy 100: 0',
        '2 expired 2',
      ],
    ],
    { levels: true },
  );
});

test('[M10] a waiting stop is reduced before it acts', () => {
  check([
    ['sell 5 stopLoss at 90'],
    ['reduce 1 to 2'],
    ['buy 9 @ 80', '2 rests'],
    ['print 90', '1 triggers', '1 sells 2 @ 80 from 2', '1 filled 2'],
  ]);
});

test('[M11] an iceberg trades whole when it comes and rests in part', () => {
  check([
    ['sell 6 @ 101', '1 rests'],
    ['buy 10 @ 101 iceberg 3', '2 buys 6 @ 101 from 1', '1 filled 6', '2 rests'],
    ['book', 'buy 3 @ 101'],
  ]);
});

test('[M12] a used-up iceberg shows its next part behind the queue', () => {
  check(
    [
      ['sell 5 @ 101 iceberg 2', '1 rests', 'level sell 101: 2'],
      ['sell 3 @ 101', '2 rests', 'level sell 101: 5'],
      ['buy 1 @ 101', '3 buys 1 @ 101 from 1', 'level sell 101: 4', '3 filled 1'],
      ['buy 2 @ 101', '4 buys 1 @ 101 from 1', '4 buys 1 @ 101 from 2', '4 filled 2'],
      [
        'buy 9 @ 101 IOC',
        '5 buys 2 @ 101 from 2',
        '2 filled 3',
        '5 buys 2 @ 101 from 1',
        '5 buys 1 @ 101 from 1',
        '1 filled 5',
        'level sell 101: 0',
        '5 expired 5',
      ],
    ],
    { levels: true },
  );
});

test('[M26] a print moves last and triggers stops but not the book', () => {
  const engine = new MatchingEngine(new EventLog(false));
  assert.equal(engine.lastTicks(), 0);
  check([
    ['sell 5 @ 101', '1 rests'],
    ['buy 2 stopLoss at 150'],
    [
      'print 150 lots 4',
      '0 buys 4 @ 150 from 0',
      '2 triggers',
      '2 buys 2 @ 101 from 1',
      '2 filled 2',
    ],
    ['last', '101'],
    ['print 90 lots 1', '0 sells 1 @ 90 from 0'],
    ['print 90 lots 1', '0 buys 1 @ 90 from 0'],
    ['print 80'],
    ['last', '80'],
    ['book', 'sell 3 @ 101'],
  ]);
});

test('[M27] the house takes no more than it was given, best price and first come first', () => {
  check(
    [
      ['buy 2 @ 99', '1 rests', 'level buy 99: 2'],
      ['buy 5 @ 100 iceberg 2', '2 rests', 'level buy 100: 2'],
      ['buy 3 @ 100', '3 rests', 'level buy 100: 5'],
      [
        'houseTakes sell 99 lots 4',
        '0 sells 2 @ 100 from 2',
        '0 sells 2 @ 100 from 3',
        'level buy 100: 3',
      ],
      ['book', 'buy 3 @ 100', 'buy 2 @ 99'],
      [
        'houseTakes sell 100 lots 9',
        '0 sells 1 @ 100 from 3',
        '3 filled 3',
        '0 sells 2 @ 100 from 2',
        '0 sells 1 @ 100 from 2',
        '2 filled 5',
        'level buy 100: 0',
      ],
    ],
    { levels: true },
  );
});

test('[M27] the house takes orders of others wholly and its own give way', () => {
  check(
    [
      ['buy 5 @ 100 by 0', '1 rests', 'level buy 100: 5'],
      ['buy 2 @ 99', '2 rests', 'level buy 99: 2'],
      ['buy 7 @ 100 iceberg 3', '3 rests', 'level buy 100: 8'],
      ['buy 4 @ 100', '4 rests', 'level buy 100: 12'],
      ['buy 1 @ 98', '5 rests', 'level buy 98: 1'],
      ['sell 1 stopLoss at 99'],
      [
        'houseTakes sell 99',
        '1 cancelled 0',
        '0 sells 3 @ 100 from 3',
        '0 sells 4 @ 100 from 4',
        '4 filled 4',
        '0 sells 3 @ 100 from 3',
        '0 sells 1 @ 100 from 3',
        '3 filled 7',
        'level buy 100: 0',
        '0 sells 2 @ 99 from 2',
        '2 filled 2',
        'level buy 99: 0',
      ],
      ['last', '0'],
      [
        'print 99',
        '6 triggers',
        '6 sells 1 @ 98 from 5',
        '5 filled 1',
        'level buy 98: 0',
        '6 filled 1',
      ],
    ],
    { levels: true },
  );
  check([
    ['sell 5 @ 101', '1 rests'],
    ['sell 5 @ 102', '2 rests'],
    ['houseTakes buy 100'],
    ['houseTakes buy 101', '0 buys 5 @ 101 from 1', '1 filled 5'],
    ['houseTakes sell 1'],
    ['book', 'sell 5 @ 102'],
  ]);
});

test('[M28] events come in order: trades, ends of makers, the level, the taker', () => {
  check(
    [
      ['sell 5 @ 101', '1 rests', 'level sell 101: 5'],
      ['sell 5 @ 102', '2 rests', 'level sell 102: 5'],
      [
        'buy 11 @ 103',
        '3 buys 5 @ 101 from 1',
        '1 filled 5',
        'level sell 101: 0',
        '3 buys 5 @ 102 from 2',
        '2 filled 5',
        'level sell 102: 0',
        '3 rests',
        'level buy 103: 1',
      ],
    ],
    { levels: true },
  );
});

test('[M28] a sink that calls the engine or throws stops it', () => {
  const calls: (() => unknown)[] = [
    () => engine.cancel(1),
    () => engine.reduce(1, 1),
    () => engine.place(limit(9, 'buy', 50)),
    () => engine.print(100, 1),
    () => engine.houseTakes('buy', 100),
  ];
  let engine = new MatchingEngine(new EventLog(false));
  for (const call of calls) {
    const log = new EventLog(false);
    engine = new MatchingEngine(log);
    engine.place(limit(1, 'buy', 50));
    log.onRested = call;
    assert.throws(() => engine.place(limit(2, 'buy', 51)), /from outside its events/);
    log.onRested = () => {};
    assert.throws(() => engine.place(limit(3, 'buy', 51)), /from outside its events/);
  }
});

test('[M28] trades are numbered from 1 and tell both sides', () => {
  const trades: EngineTrade[] = [];
  const log = new EventLog(false);
  log.onTrade = (trade) => trades.push({ ...trade });
  const engine = new MatchingEngine(log);
  engine.place({ ...limit(1, 'sell', 101), ownerId: 5 });
  engine.place({ ...limit(2, 'buy', 101), ownerId: 6, quantityLots: 4 });
  engine.print(90, 2);
  engine.houseTakes('buy', 101);
  assert.deepEqual(trades, [
    {
      tradeId: 1,
      priceTicks: 101,
      lots: 4,
      takerOrderId: 2,
      makerOrderId: 1,
      takerSide: 'buy',
      takerOwnerId: 6,
      makerOwnerId: 5,
    },
    {
      tradeId: 2,
      priceTicks: 90,
      lots: 2,
      takerOrderId: 0,
      makerOrderId: 0,
      takerSide: 'sell',
      takerOwnerId: 0,
      makerOwnerId: 0,
    },
    {
      tradeId: 3,
      priceTicks: 101,
      lots: 6,
      takerOrderId: 0,
      makerOrderId: 1,
      takerSide: 'buy',
      takerOwnerId: 0,
      makerOwnerId: 5,
    },
  ]);
});

test('[M29] depth is best first, limited, and zero prices mean none', () => {
  const engine = new MatchingEngine(new EventLog(false));
  assert.deepEqual([engine.bestBid(), engine.bestAsk()], [0, 0]);
  [103, 101, 102].forEach((price, index) => engine.place(limit(1 + index, 'sell', price)));
  [98, 100, 99].forEach((price, index) => engine.place(limit(4 + index, 'buy', price)));
  assert.deepEqual([engine.bestBid(), engine.bestAsk()], [100, 101]);
  assert.deepEqual(engine.depth('sell', 2), [
    [101, 10],
    [102, 10],
  ]);
  assert.deepEqual(engine.depth('buy', 9), [
    [100, 10],
    [99, 10],
    [98, 10],
  ]);
  assert.deepEqual(engine.depth('buy', 0), []);
});

test('[M29] a book of thousands of prices stays in order while it grows and shrinks', () => {
  for (const side of ['sell', 'buy'] as const) {
    const engine = new MatchingEngine(new EventLog(false));
    const count = 3000;
    const orderIds = new Map<number, number>();
    for (let index = 0; index < count; index += 1) {
      const priceTicks = 10_000 + ((index * 7919) % count);
      engine.place(limit(index + 1, side, priceTicks));
      orderIds.set(priceTicks, index + 1);
    }
    const ascending = [...orderIds.keys()].toSorted((left, right) => left - right);
    let bestFirst = side === 'sell' ? ascending : ascending.toReversed();
    const leaveOnly = (stays: (priceTicks: number, rank: number) => boolean): void => {
      for (const priceTicks of bestFirst.filter((price, rank) => !stays(price, rank))) {
        engine.cancel(orderIds.get(priceTicks) ?? 0);
      }
      bestFirst = bestFirst.filter(stays);
      const shown = engine.depth(side, count).map(([priceTicks]) => priceTicks);
      assert.deepEqual(shown, bestFirst);
      assert.equal(side === 'sell' ? engine.bestAsk() : engine.bestBid(), bestFirst[0] ?? 0);
    };
    leaveOnly(() => true);
    leaveOnly((priceTicks) => priceTicks % 3 !== 0);
    leaveOnly((_, rank) => rank >= 700);
    leaveOnly((_, rank) => rank < 900);
    leaveOnly((_, rank) => rank < 300 || rank >= 800);
    leaveOnly(() => false);
    engine.place(limit(count + 1, side, 7));
    assert.deepEqual(engine.depth(side, 2), [[7, 10]]);
  }
});

test('[M31] a snapshot is plain data and keeps every place in the queue', () => {
  const engine = new MatchingEngine(new EventLog(false));
  engine.place({ ...limit(1, 'sell', 101), icebergLots: 2 });
  engine.place(limit(2, 'sell', 101));
  engine.place({ ...limit(3, 'buy', 101), quantityLots: 2 });
  engine.place({ ...limit(4, 'sell', 0), type: 'stopLoss', trailingDeltaBips: 100 });
  const snapshot = engine.snapshot();
  assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot);
  const log = new EventLog(false);
  const restored = MatchingEngine.restore(snapshot, log);
  assert.deepEqual(restored.snapshot(), snapshot);
  assert.deepEqual(restored.openOrders(), engine.openOrders());
  assert.deepEqual(log.take(), []);
  restored.place({ ...limit(5, 'buy', 101), quantityLots: 11 });
  assert.deepEqual(log.take(), [
    '5 buys 10 @ 101 from 2',
    '2 filled 10',
    '5 buys 1 @ 101 from 1',
    '5 filled 11',
  ]);
});

test('[M31] a snapshot of another version or with a crossed book is stopped', () => {
  const engine = new MatchingEngine(new EventLog(false));
  engine.place(limit(1, 'sell', 101));
  const snapshot = engine.snapshot();
  const [sell] = snapshot.resting;
  assert.ok(sell !== undefined);
  const buy = { ...sell, terms: limit(2, 'buy', 101) };
  const restore = (changed: object): void => {
    MatchingEngine.restore({ ...snapshot, ...changed }, new EventLog(false));
  };
  assert.throws(() => restore({ version: 2 }), /version 1/);
  assert.throws(() => restore({ resting: [buy, sell] }), /not crossed/);
  assert.throws(
    () => restore({ resting: [{ ...sell, terms: { ...sell.terms, priceTicks: 0 } }] }),
    /priceTicks/,
  );
});

test('[M32] orders that make no sense stop the caller', () => {
  const good = limit(2, 'buy', 100);
  const bad: [change: Partial<EngineOrder>, message: RegExp][] = [
    [{ orderId: 0 }, /orderId/],
    [{ orderId: 1 }, /order IDs increase/],
    [{ orderId: 2.5 }, /orderId/],
    [{ ownerId: -1 }, /ownerId/],
    [{ quantityLots: 0 }, /quantityLots/],
    [{ quantityLots: 1.5 }, /quantityLots/],
    [{ quantityLots: 0, quoteBudget: 5 }, /quoteBudget/],
    [{ type: 'market', priceTicks: 0, quoteBudget: 1 }, /quoteBudget/],
    [{ type: 'market', priceTicks: 0, quantityLots: 0, quoteBudget: -5 }, /quoteBudget/],
    [{ priceTicks: 0 }, /priceTicks/],
    [{ priceTicks: Number.NaN }, /priceTicks/],
    [{ type: 'market' }, /priceTicks/],
    [{ stopTicks: 5 }, /stopTicks/],
    [{ stopTicks: -5 }, /stopTicks/],
    [{ trailingDeltaBips: 5 }, /stopTicks/],
    [{ type: 'stopLossLimit', trailingDeltaBips: 0.5 }, /trailingDeltaBips/],
    [{ type: 'stopLossLimit' }, /stopTicks/],
    [{ icebergLots: -1 }, /icebergLots/],
    [{ icebergLots: 1, timeInForce: 'IOC' }, /icebergLots/],
    [{ icebergLots: 1, type: 'market', priceTicks: 0 }, /icebergLots/],
  ];
  for (const [change, message] of bad) {
    const engine = new MatchingEngine(new EventLog(false));
    engine.place(limit(1, 'buy', 99));
    assert.throws(() => engine.place({ ...good, ...change }), message, JSON.stringify(change));
    assert.equal(engine.place(good), 'accepted');
  }
});

test('[M32] prints need a price and whole lots, and amounts stay below 2^53', () => {
  const engine = new MatchingEngine(new EventLog(false));
  assert.throws(() => engine.print(0, 1), /has a price/);
  assert.throws(() => engine.print(1.5, 1), /has a price/);
  assert.throws(() => engine.print(1, -1), /whole lots/);
  assert.throws(() => engine.print(1, 0.5), /whole lots/);
  engine.place({ ...limit(1, 'sell', 2 ** 30), quantityLots: 2 ** 30, ownerId: 0 });
  engine.place({ ...limit(2, 'buy', 2 ** 30), quantityLots: 2 ** 30, ownerId: 0 });
  engine.place({ ...limit(3, 'sell', 2 ** 30), quantityLots: 2 ** 30, ownerId: 0 });
  assert.throws(
    () => engine.place({ ...limit(4, 'buy', 2 ** 30), quantityLots: 2 ** 30 }),
    /2\^53/,
  );
});

function limit(orderId: number, side: 'buy' | 'sell', priceTicks: number): EngineOrder {
  return {
    orderId,
    ownerId: 1000 + orderId,
    side,
    type: 'limit',
    timeInForce: 'GTC',
    priceTicks,
    quantityLots: 10,
    quoteBudget: 0,
    stopTicks: 0,
    trailingDeltaBips: 0,
    icebergLots: 0,
    selfTradePrevention: 'none',
  };
}
