// SPDX-License-Identifier: Apache-2.0
// Rules B3, B15 and B18: the fast venue of a backtest against the matching engine, act by act.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clientOrderId,
  priceTicks,
  quantityLots,
  type BotEvent,
  type OrderRequest,
} from '../src/index.ts';
import { BarVenue } from '../src/backtest/bar-venue.ts';
import { EngineVenue } from '../src/backtest/engine-venue.ts';
import { Clerk, type BacktestVenue } from '../src/backtest/venue.ts';
import { Purse, Wallet } from '../src/backtest/wallet.ts';
import { COIN } from './deal-script.ts';

const SEED = 20_261_127;
const START_TICKS = 10_000;

interface Stand {
  readonly venue: BacktestVenue;
  readonly wallet: Wallet;
  readonly events: BotEvent[];
}

function standOf(make: (clerk: Clerk) => BacktestVenue): Stand {
  const wallet = new Wallet(COIN, new Purse(8, 10n ** 14n), 10n ** 12n);
  const events: BotEvent[] = [];
  const clerk = new Clerk({
    instrument: COIN,
    wallet,
    fees: { makerFeePpm: 500, takerFeePpm: 1_000 },
    emit: (event) => events.push(event),
    now: () => 1,
  });
  const venue = make(clerk);
  venue.moveTo(START_TICKS, 4);
  return { venue, wallet, events };
}

function order(
  id: string,
  side: 'buy' | 'sell',
  ticks: number,
  kind: 'GTC' | 'IOC' | 'maker' = 'GTC',
): OrderRequest {
  return {
    clientOrderId: clientOrderId(id),
    symbol: COIN.symbol,
    side,
    type: kind === 'maker' ? 'limitMaker' : 'limit',
    timeInForce: kind === 'IOC' ? 'IOC' : 'GTC',
    priceTicks: priceTicks(ticks),
    quantity: quantityLots(100),
  };
}

/** `kind id` of what was told, fills with their price. */
function told({ events }: Stand): string[] {
  return events.map((event) => {
    assert.ok('clientOrderId' in event);
    const id = String(event.clientOrderId);
    if (event.kind === 'orderFilled') return `fill ${id} @ ${event.fill.priceTicks}`;
    if (event.kind === 'orderEnded') return `${event.end} ${id}`;
    return event.kind === 'orderRejected' ? `rejected ${id}` : `accepted ${id}`;
  });
}

const BOTH = [
  ['fast', (clerk: Clerk) => new BarVenue(clerk)],
  ['matching engine', (clerk: Clerk) => new EngineVenue(clerk)],
] as const;

test('[B18] own orders show in the best prices, and one that would be met is expired', () => {
  for (const [name, make] of BOTH) {
    const stand = standOf(make);
    const { venue } = stand;
    venue.place(order('near', 'sell', START_TICKS));
    venue.place(order('far', 'sell', START_TICKS + 5));
    assert.deepEqual(venue.quote(), { bid: 9_999, ask: 10_000, last: 10_000 }, name);
    // It meets its own sell first, then the house; the sell beyond the house is never met.
    venue.place(order('taker', 'buy', START_TICKS + 9, 'IOC'));
    assert.deepEqual(
      told(stand),
      [
        'accepted near',
        'accepted far',
        'accepted taker',
        'expired near',
        'fill taker @ 10001',
        'filled taker',
      ],
      name,
    );
    assert.deepEqual(venue.quote(), { bid: 9_999, ask: 10_001, last: 10_000 }, name);
  }
});

test('[B18] at the price of the house whoever came first is met first', () => {
  for (const [name, make] of BOTH) {
    const stand = standOf(make);
    const { venue } = stand;
    venue.place(order('behind', 'sell', START_TICKS + 1));
    venue.place(order('one', 'buy', START_TICKS + 1, 'IOC'));
    // The house has traded: its quotes come anew, behind the sell.
    venue.place(order('two', 'buy', START_TICKS + 1, 'IOC'));
    assert.deepEqual(
      told(stand).filter((line) => !line.startsWith('accepted')),
      ['fill one @ 10001', 'filled one', 'expired behind', 'fill two @ 10001', 'filled two'],
      name,
    );
  }
});

test('[B15] [B18] an order that may only rest is refused where it would meet an own one', () => {
  for (const [name, make] of BOTH) {
    const stand = standOf(make);
    stand.venue.place(order('sell', 'sell', START_TICKS));
    stand.venue.place(order('maker', 'buy', START_TICKS, 'maker'));
    stand.venue.place(order('resting', 'buy', START_TICKS));
    assert.deepEqual(
      told(stand),
      ['accepted sell', 'rejected maker', 'accepted resting', 'expired sell'],
      name,
    );
    assert.equal(stand.venue.quote().bid, START_TICKS, name);
  }
});

/** The take profit `<id>p` and the stop `<id>s` of one pair. */
function pair(
  id: string,
  side: 'buy' | 'sell',
  ticks: { readonly profit: number; readonly stop: number; readonly limit: number },
): readonly [OrderRequest, OrderRequest] {
  return [
    { ...order(`${id}p`, side, ticks.profit, 'maker') },
    {
      ...order(`${id}s`, side, ticks.limit),
      type: 'stopLimit',
      stopTicks: priceTicks(ticks.stop),
    },
  ];
}

test('[B30] the order of a pair that trades ends the other, and money is set aside once', () => {
  for (const [name, make] of BOTH) {
    const stand = standOf(make);
    const { venue, wallet } = stand;
    const before = wallet.free;
    venue.placePair(
      ...pair('a', 'sell', { profit: START_TICKS + 5, stop: START_TICKS - 5, limit: 9_900 }),
    );
    assert.equal(before.base - wallet.free.base, 100n * 1_000_000n, name);
    assert.equal(venue.highestSellStop(), START_TICKS - 5, name);
    venue.moveTo(START_TICKS + 5, 4);
    venue.moveTo(START_TICKS + 6, 4);
    assert.deepEqual(
      told(stand),
      ['accepted ap', 'accepted as', 'fill ap @ 10005', 'filled ap', 'expired as'],
      name,
    );
    assert.equal(venue.highestSellStop(), -1, name);
    assert.equal(wallet.free.base, before.base - 100n * 1_000_000n, name);
  }
});

test('[B30] a stop is reached by a print, takes from the house within its limit, or rests at it after a gap', () => {
  for (const [name, make] of BOTH) {
    const stand = standOf(make);
    const { venue } = stand;
    venue.placePair(...pair('a', 'sell', { profit: 10_050, stop: 9_990, limit: 9_980 }));
    venue.moveTo(9_991, 4);
    venue.moveTo(9_990, 4);
    // A gap: the house bids less than the limit, so the stop rests there until the market trades through it.
    venue.placePair(...pair('b', 'sell', { profit: 10_050, stop: 9_980, limit: 9_970 }));
    venue.moveTo(9_950, 4);
    venue.moveTo(9_971, 4);
    assert.deepEqual(
      told(stand).filter((line) => !line.startsWith('accepted')),
      ['expired ap', 'fill as @ 9989', 'filled as', 'expired bp', 'fill bs @ 9970', 'filled bs'],
      name,
    );
  }
});

test('[B30] a pair whose prices do not lie either side of the market is refused as a whole; a cancel of one ends both', () => {
  for (const [name, make] of BOTH) {
    const stand = standOf(make);
    const { venue, wallet } = stand;
    const before = wallet.free;
    venue.placePair(...pair('a', 'sell', { profit: 10_050, stop: 10_000, limit: 9_900 }));
    venue.placePair(...pair('b', 'buy', { profit: 9_950, stop: 10_050, limit: 10_060 }));
    assert.equal(before.quote - wallet.free.quote, 100n * 10_060n * 10_000n, name);
    venue.cancel(clientOrderId('bs'));
    assert.deepEqual(wallet.free, before, name);
    assert.deepEqual(
      told(stand),
      ['rejected ap', 'rejected as', 'accepted bp', 'accepted bs', 'cancelled bp', 'cancelled bs'],
      name,
    );
  }
});

const randomAct = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('move' as const),
      by: fc.integer({ min: -4, max: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('place' as const),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      away: fc.integer({ min: -3, max: 3 }),
      kind: fc.constantFrom('GTC' as const, 'GTC' as const, 'IOC' as const, 'maker' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('pair' as const),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      profit: fc.integer({ min: 1, max: 5 }),
      stop: fc.integer({ min: 0, max: 5 }),
      limit: fc.integer({ min: -1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('cancel' as const),
      pick: fc.nat({ max: 99 }),
      of: fc.constantFrom('', 'p', 's'),
    }),
  },
);

test('[B3] [B15] [B18] the fast venue says what the matching engine says, act by act', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const counts: Record<string, number> = {};
  fc.assert(
    fc.property(fc.array(randomAct, { minLength: 5, maxLength: 80 }), (acts) => {
      const stands = BOTH.map(([, make]) => standOf(make));
      const [fast, engine] = stands;
      assert.ok(fast !== undefined && engine !== undefined);
      let ticks = START_TICKS;
      let placed = 0;
      for (const act of acts) {
        if (act.act === 'move') ticks += act.by;
        if (act.act === 'place' || act.act === 'pair') placed += 1;
        for (const { venue } of stands) {
          if (act.act === 'move') venue.moveTo(ticks, 4);
          else if (act.act === 'cancel') {
            venue.cancel(clientOrderId(`o${act.pick % (placed + 1)}${act.of}`));
          } else if (act.act === 'pair') {
            const way = act.side === 'sell' ? 1 : -1;
            venue.placePair(
              ...pair(`o${placed}`, act.side, {
                profit: ticks + way * act.profit,
                stop: ticks - way * act.stop,
                limit: ticks - way * (act.stop + act.limit),
              }),
            );
          } else venue.place(order(`o${placed}`, act.side, ticks + act.away, act.kind));
        }
        assert.deepEqual(fast.events, engine.events);
        assert.deepEqual(fast.venue.quote(), engine.venue.quote());
        assert.equal(fast.venue.highestBuy(), engine.venue.highestBuy());
        assert.equal(fast.venue.lowestSell(), engine.venue.lowestSell());
        assert.equal(fast.venue.highestSellStop(), engine.venue.highestSellStop());
        assert.equal(fast.venue.lowestBuyStop(), engine.venue.lowestBuyStop());
        assert.deepEqual(fast.wallet.free, engine.wallet.free);
      }
      for (const line of told(fast)) {
        const kind = line.split(' ')[0] ?? '';
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
    }),
    { seed: SEED, numRuns: 1_500 },
  );
  t.diagnostic(JSON.stringify(counts));
  for (const kind of ['fill', 'expired', 'rejected', 'cancelled']) {
    assert.ok((counts[kind] ?? 0) > 300, `${kind}: the acts must show it`);
  }
});
