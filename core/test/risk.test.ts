// SPDX-License-Identifier: Apache-2.0
// Rules L1 to L7: what is at stake, what may be, and what the risk states do to a DCA bot.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  exposureOf,
  lossFault,
  NO_LIMITS,
  parseFields,
  RISK_LIMIT_FIELDS,
  riskFault,
  step,
  strictest,
  sumExposure,
  type BotExposure,
  type RiskLimits,
} from '../src/index.ts';
import { lotsBase } from '../src/position.ts';
import { botOf, OPENED, play } from './deal-script.ts';

const UNIT = 100_000_000n;

function exposure(open: bigint, entries: bigint, openOrders: number): BotExposure {
  return {
    assets: new Map([['USDT', { open: open * UNIT, entries: entries * UNIT }]]),
    openOrders,
  };
}

function limits(given: unknown): RiskLimits {
  const parsed = parseFields(RISK_LIMIT_FIELDS, given, 'limits');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.value;
}

test('[L1] at stake are the cost of the coins held and the entries that rest, not the exits', () => {
  const bot = botOf();
  play(bot, OPENED);
  const { assets, openOrders } = exposureOf(bot.deals);
  // One coin bought at 100, safety orders of 1.02 coins at 99 and 1.03 at 98; the take profit adds nothing.
  assert.deepEqual(assets.get('USDT'), {
    open: 100n * UNIT,
    entries: 10_098_000_000n + 10_094_000_000n,
  });
  assert.equal(openOrders, 3);
  assert.deepEqual(exposureOf([]), { assets: new Map(), openOrders: 0 });
});

test('[L1] coins that a deal took over and sold are owed to nobody; those beyond them are', () => {
  const bot = botOf({ direction: 'short', maxSafetyOrders: 0, maxActiveSafetyOrders: 0 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'buy 1-2 takeProfit 1.00 @ 98.00 GTC'],
  ]);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  const coin = lotsBase(deal.instrument, 100);
  const stakeWith = (takenOver: bigint): bigint | undefined =>
    exposureOf([{ ...deal, takenOver }]).assets.get('USDT')?.open;
  assert.equal(stakeWith(0n), 100n * UNIT);
  assert.equal(stakeWith(coin / 4n), 75n * UNIT);
  assert.equal(stakeWith(coin), 0n);
  assert.equal(stakeWith(3n * coin), 0n);
});

test('[L2] an entry beyond the exposure or the number of orders is denied and says what it would be', () => {
  const rules = limits({ maxExposure: [{ asset: 'USDT', amount: '300' }], maxOpenOrders: 3 });
  const entry = { role: 'entry', quoteAsset: 'USDT', stake: 100n * UNIT } as const;
  assert.equal(riskFault(rules, exposure(100n, 100n, 2), entry), null);
  assert.deepEqual(riskFault(rules, exposure(100n, 101n, 2), entry), {
    rule: 'maxExposure',
    expected: 'at most 300 USDT at stake',
    found: '301 USDT',
  });
  assert.deepEqual(riskFault(rules, exposure(0n, 0n, 3), entry), {
    rule: 'maxOpenOrders',
    expected: 'at most 3 orders out',
    found: '4',
  });
  assert.equal(riskFault(rules, exposure(900n, 0n, 0), { ...entry, quoteAsset: 'EUR' }), null);
  assert.equal(riskFault(NO_LIMITS, exposure(900n, 900n, 900), entry), null);
});

test('[L3] an exit is never denied', () => {
  const rules = limits({ maxExposure: [{ asset: 'USDT', amount: '1' }], maxOpenOrders: 1 });
  const exit = { role: 'exit', quoteAsset: 'USDT', stake: 0n } as const;
  assert.equal(riskFault(rules, exposure(900n, 900n, 900), exit), null);
});

test('[L4] the loss of a day is reached at the limit, in its own asset', () => {
  const rules = limits({ dailyLoss: [{ asset: 'USDT', amount: '50' }] });
  const realised = (amount: bigint, asset = 'USDT') => new Map([[asset, amount]]);
  assert.equal(lossFault(rules, realised(-49n * UNIT - 99_999_999n)), null);
  assert.deepEqual(lossFault(rules, realised(-50n * UNIT)), {
    asset: 'USDT',
    limit: '50',
    loss: '50',
  });
  assert.equal(lossFault(rules, realised(60n * UNIT)), null);
  assert.equal(lossFault(rules, realised(-60n * UNIT, 'EUR')), null);
});

test('[L5] of several states the strictest counts, and exposures add up', () => {
  assert.equal(strictest([]), 'active');
  assert.equal(strictest(['active', 'reducing']), 'reducing');
  assert.equal(strictest(['reducing', 'halted', 'active']), 'halted');
  assert.deepEqual(
    sumExposure([exposure(1n, 2n, 3), exposure(10n, 20n, 30)]),
    exposure(11n, 22n, 33),
  );
});

test('[L6] reducing takes entries back, keeps the take profit, and starts nothing; active places them again', () => {
  const bot = botOf();
  play(bot, OPENED);
  const placed = bot.deals[0]?.orders.map(({ role }) => role);
  assert.deepEqual(placed?.toSorted(), ['entry', 'entry', 'exit']);
  const reduced = step(bot, {
    kind: 'command',
    time: 9_000_000,
    command: { kind: 'setRisk', risk: 'reducing' },
  });
  const cancelled = reduced.filter((effect) => effect.kind === 'cancelOrder');
  assert.equal(cancelled.length, 2);
  for (const effect of cancelled) {
    step(bot, {
      kind: 'orderEnded',
      time: 9_000_001,
      clientOrderId: effect.clientOrderId,
      end: 'cancelled',
      filledLots: 0,
    });
  }
  assert.deepEqual(
    bot.deals[0]?.orders.map(({ purpose }) => purpose),
    ['takeProfit'],
  );
  const again = step(bot, {
    kind: 'command',
    time: 9_000_002,
    command: { kind: 'setRisk', risk: 'active' },
  });
  assert.deepEqual(
    again.flatMap((effect) => (effect.kind === 'placeOrder' ? [effect.ladderIndex] : [])),
    [1, 2],
  );
});

test('[L7] halted sends nothing at all: not even a stop loss is sold before the state ends', () => {
  const bot = botOf({ stopLoss: '5' });
  play(bot, OPENED);
  step(bot, { kind: 'command', time: 9_000_000, command: { kind: 'setRisk', risk: 'halted' } });
  const id = bot.deals[0]?.orders.find(({ purpose }) => purpose === 'takeProfit')?.clientOrderId;
  assert.ok(id !== undefined);
  const effects = step(bot, {
    kind: 'orderEnded',
    time: 9_000_001,
    clientOrderId: id,
    end: 'cancelled',
    filledLots: 0,
  });
  assert.deepEqual(
    effects.filter((effect) => effect.kind === 'placeOrder'),
    [],
  );
  const active = step(bot, {
    kind: 'command',
    time: 9_900_000,
    command: { kind: 'setRisk', risk: 'active' },
  });
  assert.ok(
    active.some((effect) => effect.kind === 'placeOrder' && effect.purpose === 'takeProfit'),
  );
});
