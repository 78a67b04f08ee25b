// SPDX-License-Identifier: Apache-2.0
// Rules L8 to L10: coins that running deals keep, and what is free for others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  emptyPosition,
  reservationFault,
  reservationsOf,
  sumReservations,
  unreserved,
  type DealBase,
  type DealOrder,
  type Position,
  type Reservations,
  clientOrderId,
} from '../src/index.ts';
import { botOf, COIN, OPENED, play } from './deal-script.ts';
import { gridBot } from './grid-script.ts';

const UNIT = 100_000_000n;
const SEED = 20_261_122;

function order(side: 'buy' | 'sell', priceTicks: number, quantity: number): DealOrder {
  return {
    clientOrderId: clientOrderId('k-1-1'),
    purpose: side === 'buy' ? 'safetyOrder' : 'takeProfit',
    role: side === 'buy' ? 'entry' : 'exit',
    ladderIndex: 0,
    attempt: 1,
    side,
    priceTicks,
    quantity,
    placedTime: 0,
    filledLots: 0,
    tradeIds: [],
    phase: { kind: 'placing' },
    isCancelling: false,
  };
}

function deal(position: Partial<Position>, orders: readonly DealOrder[] = []): DealBase {
  return {
    kind: 'dca',
    dealId: 1,
    symbol: COIN.symbol,
    instrument: COIN,
    feeRatePpm: 0,
    openedTime: 0,
    phase: { kind: 'holding' },
    position: { ...emptyPosition(), ...position },
    orders: [...orders],
    orderCount: orders.length,
  };
}

/** Reservations in whole coins, held and in orders. */
function shown(reservations: Reservations): Record<string, readonly [number, number]> {
  return Object.fromEntries(
    [...reservations].map(([asset, { held, inOrders }]) => [
      asset,
      [Number(held) / 1e8, Number(inOrders) / 1e8],
    ]),
  );
}

// Lots are hundredths of a coin, ticks hundredths of USDT.
const CASES: readonly {
  readonly name: string;
  readonly of: DealBase;
  readonly reserved: Record<string, readonly [number, number]>;
}[] = [
  { name: 'nothing bought, nothing out', of: deal({}), reserved: {} },
  {
    name: 'coins held, their take profit out: counted once',
    of: deal({ boughtLots: 100, boughtNotional: 1_000_000n }, [order('sell', 10_200, 100)]),
    reserved: { COIN: [1, 0] },
  },
  {
    name: 'coins held in part sold, safety orders out',
    of: deal({ boughtLots: 100, boughtNotional: 1_000_000n, soldLots: 30 }, [
      order('buy', 9_900, 102),
      order('buy', 9_800, 103),
    ]),
    reserved: { COIN: [0.7, 0], USDT: [0, 201.92] },
  },
  {
    name: 'a commission in coins is no longer there',
    of: deal({ boughtLots: 100, boughtNotional: 1_000_000n, boughtCommissionBase: 100_000n }),
    reserved: { COIN: [0.999, 0] },
  },
  {
    name: 'a short deal keeps its proceeds, and what its buy needs beyond them',
    of: deal({ soldLots: 100, soldNotional: 1_000_000n }, [order('buy', 11_000, 100)]),
    reserved: { USDT: [100, 10] },
  },
  {
    name: 'a short deal that is entering needs coins',
    of: deal({}, [order('sell', 10_000, 50)]),
    reserved: { COIN: [0, 0.5] },
  },
];

for (const { name, of, reserved } of CASES) {
  test(`[L8] ${name}`, () => {
    assert.deepEqual(shown(reservationsOf([of])), reserved);
  });
}

test('[L8] a DCA bot keeps what its deal bought, until the deal ends', () => {
  const bot = botOf();
  play(bot, OPENED);
  assert.deepEqual(shown(reservationsOf(bot.deals)), { COIN: [1, 0], USDT: [0, 201.92] });
  assert.deepEqual(shown(reservationsOf([])), {});
});

test('[L8] a grid keeps the coins that it took over, too', () => {
  const bot = gridBot({ maxActiveSellLines: 1 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00 funds 2 1000',
      'sell 1-1 gridLine 4 1.00 @ 105.00 GTC',
      'buy 1-2 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-3 gridLine 1 1.00 @ 90.00 GTC',
    ],
  ]);
  const kept = reservationsOf(bot.deals).get('COIN');
  assert.equal((kept?.held ?? 0n) + (kept?.inOrders ?? 0n), 2n * UNIT);
});

test('[L9] of a balance is free what nobody keeps, and never less than nothing', () => {
  const reserved = sumReservations([
    reservationsOf([deal({ boughtLots: 100, boughtNotional: 1_000_000n })]),
    reservationsOf([deal({}, [order('sell', 10_000, 50)])]),
  ]);
  assert.equal(unreserved(reserved, 'COIN', 3n * UNIT), (15n * UNIT) / 10n);
  assert.equal(unreserved(reserved, 'COIN', UNIT), 0n);
  assert.equal(unreserved(reserved, 'USDT', UNIT), UNIT);
});

test('[L10] an entry may not sell coins that running deals hold', () => {
  const reserved = reservationsOf([deal({ boughtLots: 100, boughtNotional: 1_000_000n })]);
  const entry = {
    role: 'entry',
    instrument: COIN,
    side: 'sell',
    priceTicks: 10_000,
    lots: 60,
  } as const;
  assert.deepEqual(reservationFault(reserved, entry, (15n * UNIT) / 10n), {
    rule: 'reserved',
    expected: 'at most 0.5 COIN, the rest is held by running deals',
    found: '0.6 COIN',
  });
  assert.equal(reservationFault(reserved, { ...entry, lots: 50 }, (15n * UNIT) / 10n), null);
  assert.equal(reservationFault(reserved, { ...entry, role: 'exit' }, UNIT), null, 'its own coins');
  assert.equal(reservationFault(reserved, entry, null), null, 'an unknown balance denies nothing');
  assert.equal(
    reservationFault(reserved, { ...entry, side: 'buy' }, 0n),
    null,
    'nobody holds quote: the venue is the judge',
  );
});

test('[L10] nor spend the proceeds that a short deal needs to buy back', () => {
  const reserved = reservationsOf([deal({ soldLots: 100, soldNotional: 1_000_000n })]);
  const buy = {
    role: 'entry',
    instrument: COIN,
    side: 'buy',
    priceTicks: 10_000,
    lots: 60,
  } as const;
  assert.equal(reservationFault(reserved, buy, 150n * UNIT)?.found, '60 USDT');
  assert.equal(reservationFault(reserved, buy, 160n * UNIT), null);
});

test(`[L9] whatever deals there are: what is free and what is kept never exceed the balance (seed ${SEED})`, () => {
  const deals = fc.array(
    fc.record({
      bought: fc.nat(1_000),
      sold: fc.nat(1_000),
      price: fc.integer({ min: 1, max: 100_000 }),
      orders: fc.array(
        fc.record({
          side: fc.constantFrom('buy' as const, 'sell' as const),
          price: fc.integer({ min: 1, max: 100_000 }),
          lots: fc.integer({ min: 1, max: 1_000 }),
        }),
        { maxLength: 4 },
      ),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(deals, fc.bigInt(0n, 10_000n * UNIT), (given, total) => {
      const made = given.map(({ bought, sold, price, orders }) =>
        deal(
          {
            boughtLots: bought,
            boughtNotional: BigInt(bought) * BigInt(price),
            soldLots: sold,
            soldNotional: BigInt(sold) * BigInt(price),
          },
          orders.map(({ side, price: at, lots }) => order(side, at, lots)),
        ),
      );
      const reserved = sumReservations(made.map((one) => reservationsOf([one])));
      assert.deepEqual(reserved, reservationsOf(made), 'the sum is the same in one go');
      for (const asset of ['COIN', 'USDT']) {
        const { held, inOrders } = reserved.get(asset) ?? { held: 0n, inOrders: 0n };
        assert.ok(held >= 0n && inOrders >= 0n);
        const free = unreserved(reserved, asset, total);
        assert.ok(free >= 0n && free <= total);
        assert.ok(free === 0n || free + held + inOrders === total);
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});
