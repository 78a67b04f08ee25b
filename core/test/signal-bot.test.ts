// SPDX-License-Identifier: Apache-2.0
// Signal bots event by event: from a signal to a position, and from a position to its end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dealView,
  signalPlan,
  previewTrade,
  priceTicks,
  step,
  watchedBelow,
  type Effect,
  type Signal,
  type SignalBotState,
} from '../src/index.ts';
import { COIN, eventOf, OTHER, play } from './deal-script.ts';
import { NOW, signalBot, signalSettings, tell } from './signal-script.ts';
import { percent, tradeSettings } from './trade-script.ts';

/** What a signal makes the bot do at once, notes aside: `quote? COINUSDT`, `sell 1-2 …`, or `refused: …`. */
function signal(
  bot: SignalBotState,
  given: Partial<Signal> & Pick<Signal, 'action'>,
  options: { readonly symbol?: string; readonly time?: number } = {},
): string[] {
  const { effects, reason } = tell(bot, given, options);
  return [...effects.flatMap(shown), ...(reason === undefined ? [] : [`refused: ${reason}`])];
}

function shown(effect: Effect): string[] {
  switch (effect.kind) {
    case 'placeOrder': {
      const { order } = effect;
      const lots = (order.quantity / 100).toFixed(2);
      const at = (order.priceTicks / 100).toFixed(2);
      return [
        `${order.side} ${order.clientOrderId.slice(2)} ${effect.purpose} ${lots} @ ${at} ${order.timeInForce}`,
      ];
    }
    case 'cancelOrder':
      return [`cancel ${effect.clientOrderId.slice(2)}`];
    case 'requestQuote':
      return [`quote? ${effect.symbol}`];
    default:
      return [];
  }
}

/** The reasons of the signals that `text` makes the bot refuse. */
function refusedBy(bot: SignalBotState, text: string, time = NOW): (string | undefined)[] {
  return step(bot, eventOf(text, time)).flatMap((effect) =>
    effect.kind === 'notify' && effect.note.kind === 'signalRefused'
      ? [effect.note.values['reason']]
      : [],
  );
}

/** A bot that holds 1.00 coins bought at 100.00 on a signal. */
function holding(changes: Readonly<Record<string, unknown>> = {}): SignalBotState {
  const bot = signalBot(changes);
  assert.deepEqual(signal(bot, { action: 'enterLong', id: 'first' }), ['quote? COINUSDT']);
  play(bot, [
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1 1.00 @ 105.00 GTC'],
    ['accept 1-2'],
  ]);
  return bot;
}

test('[N8] a signal asks for a fresh quote, then opens a position with the exits of the settings', () => {
  const bot = holding();
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  assert.equal(dealView(deal).kind, 'signal');
  play(bot, [
    ['quote 95.00 95.02 95.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 95.00 95.02 95.00', 'sell 1-3 stopLoss 1.00 @ 94.05 IOC'],
    ['fill 1-3 1.00 @ 95.00'],
  ]);
  assert.equal(bot.endedCount, 1);
  assert.equal(bot.isRunning, true);
});

test('[N8] a short position sells coins and buys them back', () => {
  const bot = signalBot({ directions: 'short' });
  assert.deepEqual(signal(bot, { action: 'enterShort' }), ['quote? COINUSDT']);
  play(bot, [
    ['quote 100.00 100.01 100.00', 'sell 1-1 entry 1 1.00 @ 99.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'buy 1-2 takeProfit 1 1.00 @ 95.00 GTC'],
    ['fill 1-2 1.00 @ 95.00'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[N8] a limit entry rests for as long as the settings say', () => {
  const bot = signalBot({ entryOrder: 'limit', entryOffset: '1', entryWaitSeconds: 60 });
  signal(bot, { action: 'enterLong' });
  play(bot, [
    [
      'quote 100.00 100.01 100.00',
      'buy 1-1 entry 1 1.02 @ 99.00 GTC',
      'timer deal:1:entry1Wait in 60s',
    ],
    ['+60s timer deal:1:entry1Wait', 'cancel 1-1'],
    ['end 1-1 cancelled 0.00'],
  ]);
  assert.equal(bot.deals.length, 0);
});

test('[P33] an entry of a signal does not wait for missing money for ever', () => {
  const bot = signalBot();
  signal(bot, { action: 'enterLong' });
  play(bot, [
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.00 @ 101.00 IOC'],
    ['reject 1-1 exchange -2010', 'timer deal:1:entry1 in 30s'],
    ['+30s timer deal:1:entry1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-2 entry 1 1.00 @ 101.00 IOC'],
    ['reject 1-2 exchange -2010', 'timer deal:1:entry1 in 60s'],
    ['+60s timer deal:1:entry1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-3 entry 1 1.00 @ 101.00 IOC'],
    ['reject 1-3 exchange -2010', 'timer deal:1:entry1 in 120s'],
    ['+120s timer deal:1:entry1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-4 entry 1 1.00 @ 101.00 IOC'],
    ['reject 1-4 exchange -2010'],
  ]);
  assert.equal(bot.deals.length, 0);
});

test('[N9] every refused signal is noted with its reason', () => {
  const stopped = signalBot();
  play(stopped, [['stop']]);
  assert.deepEqual(signal(stopped, { action: 'enterLong' }), ['refused: the bot is stopped']);
  assert.deepEqual(signal(signalBot(), { action: 'enterLong' }, { symbol: 'NOUSDT' }), [
    'refused: the bot does not trade this symbol',
  ]);
  const reducing = signalBot();
  play(reducing, [['risk reducing']]);
  assert.deepEqual(signal(reducing, { action: 'enterLong' }), [
    'refused: the desk takes no new risk',
  ]);
  const busy = signalBot();
  signal(busy, { action: 'enterLong' });
  assert.deepEqual(signal(busy, { action: 'enterLong', id: '2' }), [
    'refused: another signal is being followed',
  ]);
});

test('[N9] no more positions than allowed, those that are about to open included', () => {
  const bot = signalBot({ maxPositions: 2 });
  assert.deepEqual(signal(bot, { action: 'enterLong' }), ['quote? COINUSDT']);
  assert.deepEqual(signal(bot, { action: 'enterLong' }, { symbol: 'OTHERUSDT' }), [
    'quote? OTHERUSDT',
  ]);
  assert.deepEqual(signal(bot, { action: 'enterLong' }, { symbol: 'THIRDUSDT' }), [
    'refused: 2 positions are open',
  ]);
});

test('[N9] what changed while the quote was awaited counts', () => {
  const bot = signalBot();
  signal(bot, { action: 'enterLong' });
  assert.deepEqual(refusedBy(bot, 'stop'), ['the bot is stopped']);
  assert.equal(watchedBelow(bot, 'COINUSDT'), -1);
  const old = signalBot();
  signal(old, { action: 'enterLong' });
  assert.match(
    refusedBy(old, 'quote 99.99 100.00 100.00', NOW + 300_001)[0] ?? '',
    /sent 300 s ago/,
  );
  const risky = signalBot();
  signal(risky, { action: 'enterLong' });
  play(risky, [['risk reducing']]);
  assert.deepEqual(refusedBy(risky, 'quote 99.99 100.00 100.00'), ['the desk takes no new risk']);
});

test('[N10] an entry far from the price the signal was sent at is refused, either way', () => {
  const at = (price: string, quote: string): (string | undefined)[] => {
    const bot = signalBot({ maxPriceDeviation: '0.5' });
    assert.deepEqual(signal(bot, { action: 'enterLong', price }), ['quote? COINUSDT']);
    return refusedBy(bot, quote);
  };
  assert.deepEqual(at('99.51', 'quote 99.99 100.00 100.00'), []);
  assert.match(
    at('99.50', 'quote 99.99 100.00 100.00')[0] ?? '',
    /the market is at 100\.00, more than 0\.5 percent from the signal's 99\.50/,
  );
  assert.equal(at('101', 'quote 99.99 100.00 100.00').length, 1);
  const silent = signalBot({ maxPriceDeviation: '0.5' });
  assert.deepEqual(signal(silent, { action: 'enterLong' }), [
    'refused: it does not say the price it was sent at',
  ]);
});

test('[N11] all positions and entries that wait are worth no more than allowed', () => {
  const bot = holding({ maxInvestment: '250', entryOrder: 'market' });
  signal(bot, { action: 'enterLong' }, { symbol: 'OTHERUSDT' });
  play(bot, [
    ['quote 99.99 100.00 100.00 OTHERUSDT', 'buy 2-1 entry 1 1.00 @ 101.00 IOC OTHERUSDT'],
  ]);
  signal(bot, { action: 'enterLong' }, { symbol: 'THIRDUSDT' });
  assert.match(
    refusedBy(bot, 'quote 99.99 100.00 100.00 THIRDUSDT')[0] ?? '',
    /worth 301 USDT, at most 250 are allowed/,
  );
});

test('[N12] sizes are amounts, quantities or shares of the balance, or the signal’s own', () => {
  const opens = (
    changes: Readonly<Record<string, unknown>>,
    given: Partial<Signal>,
    quote: string,
  ): string[] => {
    const bot = signalBot(changes);
    tell(bot, { action: 'enterLong', ...given });
    const effects = step(bot, eventOf(quote, NOW));
    return effects.flatMap((effect) =>
      effect.kind === 'notify' && effect.note.kind === 'signalRefused'
        ? [effect.note.values['reason'] ?? '']
        : shown(effect),
    );
  };
  const quote = 'quote 99.99 100.00 100.00';
  assert.deepEqual(opens({ size: { kind: 'base', quantity: '0.5' } }, {}, quote), [
    'buy 1-1 entry 0.50 @ 101.00 IOC',
  ]);
  const share = { size: { kind: 'balance', percent: '10' } };
  assert.deepEqual(opens(share, {}, `${quote} funds 0 1010`), ['buy 1-1 entry 1.00 @ 101.00 IOC']);
  assert.deepEqual(opens(share, {}, quote), ['the free balance is not known']);
  const own = { size: { kind: 'quote', amount: '50' } } as const;
  assert.deepEqual(opens({}, own, quote), ['buy 1-1 entry 1.00 @ 101.00 IOC']);
  assert.deepEqual(opens({ useSignalSize: true }, own, quote), ['buy 1-1 entry 0.50 @ 101.00 IOC']);
  const tiny = { size: { kind: 'quote', amount: '1' } } as const;
  assert.match(
    opens({ useSignalSize: true }, tiny, quote)[0] ?? '',
    /a value of at least 5, found 1/,
  );
  const part = { size: { kind: 'position', percent: '50' } } as const;
  assert.equal(
    signal(signalBot({ useSignalSize: true }), { action: 'enterLong', ...part }).length,
    1,
  );
});

test('[N13] the same direction again enlarges the position, up to its number of entries', () => {
  const bot = holding({ maxEntries: 2 });
  assert.deepEqual(signal(bot, { action: 'enterLong', id: 'second' }), ['quote? COINUSDT']);
  play(bot, [
    ['quote 96.00 96.01 96.00', 'buy 1-3 addFunds 1 1.05 @ 96.97 IOC'],
    // (100 + 1.05 × 96) / 2.05 × 1.05
    ['fill 1-3 1.05 @ 96.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-4 takeProfit 1 2.05 @ 102.85 GTC'],
  ]);
  assert.deepEqual(signal(bot, { action: 'enterLong', id: 'third' }), [
    'refused: the position has its 2 entries',
  ]);
  assert.deepEqual(signal(holding(), { action: 'enterLong' }), [
    'refused: the position has its 1 entries',
  ]);
});

test('[N14] an exit closes the position, a part of it only that part', () => {
  const bot = holding();
  assert.deepEqual(signal(bot, { action: 'exitLong', size: { kind: 'position', percent: '30' } }), [
    'cancel 1-2',
  ]);
  play(bot, [
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT', 'sell 1-3 takeProfit 1 0.70 @ 105.00 GTC'],
    ['quote 101.00 101.02 101.00', 'sell 1-4 reduceFunds 1 0.30 @ 99.99 IOC'],
    ['fill 1-4 0.30 @ 101.00'],
  ]);
  assert.deepEqual(signal(bot, { action: 'exitLong' }), ['cancel 1-3']);
  play(bot, [
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-5 close 0.70 @ 99.99 IOC'],
    ['fill 1-5 0.70 @ 101.00'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal?.phase.kind === 'ended');
  assert.deepEqual([deal.phase.outcome, deal.phase.reason], ['closed', 'closed by signal']);
});

test('[N14] a part whose rest could not be closed any more takes the rest with it; less than a lot is refused', () => {
  const bot = holding();
  signal(bot, { action: 'exitLong', size: { kind: 'position', percent: '96' } });
  assert.equal(bot.deals[0]?.phase.kind, 'closing');
  const small = holding();
  assert.deepEqual(
    signal(small, { action: 'exitLong', size: { kind: 'position', percent: '0.5' } }),
    ['refused: this part is less than a lot'],
  );
});

test('[N14] an exit before the entry has filled takes the entry back', () => {
  const bot = signalBot({ entryOrder: 'limit' });
  signal(bot, { action: 'enterLong' });
  play(bot, [
    [
      'quote 100.00 100.01 100.00',
      'buy 1-1 entry 1 1.00 @ 100.00 GTC',
      'timer deal:1:entry1Wait in 300s',
    ],
  ]);
  assert.deepEqual(signal(bot, { action: 'exitLong' }), ['cancel 1-1']);
  play(bot, [['end 1-1 cancelled 0.00']]);
  assert.equal(bot.deals.length, 0);
});

test('[N15] a reversal closes the position and opens the opposite one when it is gone', () => {
  const bot = holding({ directions: 'both', onOpposite: 'reverse', cooldownSeconds: 60 });
  assert.deepEqual(signal(bot, { action: 'enterShort' }), ['cancel 1-2']);
  play(bot, [
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-3 close 1.00 @ 99.99 IOC'],
    ['fill 1-3 1.00 @ 101.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 2-1 entry 1 1.00 @ 99.99 IOC'],
  ]);
});

test('[N15] an entry that comes while the old position is being closed follows it', () => {
  const bot = holding({ directions: 'both', onOpposite: 'close' });
  assert.deepEqual(signal(bot, { action: 'exitLong' }), ['cancel 1-2']);
  assert.deepEqual(signal(bot, { action: 'enterShort' }), []);
  play(bot, [
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-3 close 1.00 @ 99.99 IOC'],
    ['fill 1-3 1.00 @ 101.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 2-1 entry 1 1.00 @ 99.99 IOC'],
  ]);
});

test('[N15] a reversal that takes too long opens nothing', () => {
  const bot = holding({ directions: 'both', onOpposite: 'reverse' });
  signal(bot, { action: 'enterShort' });
  play(bot, [
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-3 close 1.00 @ 99.99 IOC'],
    ['fill 1-3 1.00 @ 101.00', 'quote? COINUSDT'],
  ]);
  assert.match(
    refusedBy(bot, 'quote 101.00 101.02 101.00', NOW + 301_000)[0] ?? '',
    /sent 301 s ago/,
  );
});

test('[N16] disable stops the bot; positions go on, are closed or left as the signal says', () => {
  const kept = holding();
  assert.deepEqual(signal(kept, { action: 'disable' }), []);
  assert.equal(kept.isRunning, false);
  assert.equal(kept.deals[0]?.phase.kind, 'running');
  play(kept, [['fill 1-2 1.00 @ 105.00']]);
  const closed = holding();
  assert.deepEqual(signal(closed, { action: 'disable', deals: 'close' }), ['cancel 1-2']);
  play(closed, [['end 1-2 cancelled 0.00', 'quote? COINUSDT']]);
  const cancelled = holding();
  assert.deepEqual(signal(cancelled, { action: 'disable', deals: 'cancel' }, { symbol: '' }), [
    'cancel 1-2',
  ]);
  play(cancelled, [['end 1-2 cancelled 0.00']]);
  assert.equal(cancelled.endedCount, 1);
});

test('[N17] a stopped bot still hears exits, and its positions keep their exits', () => {
  const bot = holding();
  play(bot, [['stop']]);
  assert.deepEqual(signal(bot, { action: 'enterLong', id: 'no' }), ['refused: the bot is stopped']);
  assert.deepEqual(signal(bot, { action: 'exitLong' }), ['cancel 1-2']);
});

test('[N18] signals to close are refused while too little is earned', () => {
  const bot = holding({ minProfit: '2' });
  assert.deepEqual(signal(bot, { action: 'exitLong', id: 'a' }), ['quote? COINUSDT']);
  assert.match(
    refusedBy(bot, 'quote 101.99 102.01 102.00')[0] ?? '',
    /less than 2 percent: the price is 101\.99, 102\.00 is needed/,
  );
  assert.equal(bot.deals[0]?.phase.kind, 'running');
  assert.deepEqual(signal(bot, { action: 'exitLong', id: 'b' }), ['quote? COINUSDT']);
  play(bot, [['quote 102.00 102.02 102.00', 'cancel 1-2']]);
  const flipped = holding({ minProfit: '2', directions: 'both', onOpposite: 'reverse' });
  assert.deepEqual(signal(flipped, { action: 'enterShort' }), ['quote? COINUSDT']);
  refusedBy(flipped, 'quote 100.00 100.02 100.00');
  assert.equal(
    flipped.slots[0]?.next,
    null,
    'a reversal whose first half is refused is refused as a whole',
  );
});

test('[N19] a symbol cools down after its position', () => {
  const bot = holding({ cooldownSeconds: 60 });
  play(bot, [['fill 1-2 1.00 @ 105.00']]);
  assert.deepEqual(signal(bot, { action: 'enterLong', id: 'x' }), [
    'refused: the symbol cools down for 60 s more',
  ]);
  assert.deepEqual(signal(bot, { action: 'enterLong', id: 'y' }, { symbol: 'OTHERUSDT' }), [
    'quote? OTHERUSDT',
  ]);
  assert.deepEqual(
    signal(bot, { action: 'enterLong', id: 'z', sentTime: NOW + 60_000 }, { time: NOW + 60_000 }),
    ['quote? COINUSDT'],
  );
});

test('[N20] a signal may bring its own exits and its own entry', () => {
  const exits: Signal['exits'] = {
    takeProfit: [{ price: percent('2'), order: 'limit', source: 'own', share: '100' }],
  };
  const bot = signalBot();
  signal(bot, { action: 'enterLong', exits, entry: { kind: 'limit', price: percent('1') } });
  play(bot, [
    [
      'quote 100.00 100.01 100.00',
      'buy 1-1 entry 1 1.02 @ 99.00 GTC',
      'timer deal:1:entry1Wait in 300s',
    ],
    ['fill 1-1 1.02 @ 99.00', 'sell 1-2 takeProfit 1 1.02 @ 100.98 GTC'],
  ]);
  assert.equal(
    bot.deals[0]?.stop.ticks,
    0,
    'exits of a signal stand in place of all of the settings',
  );
  const own = signalBot({ useSignalExits: false });
  signal(own, { action: 'enterLong', exits });
  play(own, [
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1 1.00 @ 105.00 GTC'],
  ]);
});

test('[N21] a person opens a position the way a signal would, and commands it like a trade', () => {
  const bot = signalBot();
  play(bot, [
    ['startDeal COINUSDT none', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1 1.00 @ 105.00 GTC'],
    ['closeStep 1 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-3 close 1 1.00 @ 99.99 IOC'],
    ['fill 1-3 1.00 @ 101.00'],
  ]);
  assert.equal(bot.endedCount, 1);
  assert.deepEqual(refusedBy(holding(), 'startDeal COINUSDT none'), ['a position is open']);
  assert.deepEqual(refusedBy(signalBot(), 'startDeal NOUSDT none'), [
    'the bot does not trade this symbol',
  ]);
});

test('[N22] new settings hold for signals from now on, new exits for a position when it is edited', () => {
  const bot = holding();
  const settings = signalSettings({
    symbols: ['COINUSDT', 'OTHERUSDT'],
    takeProfit: [{ price: percent('8') }],
    stopLoss: undefined,
  });
  const editSettings = { kind: 'editSettings', settings, instruments: [COIN, OTHER] } as const;
  assert.equal(step(bot, { kind: 'command', time: NOW, command: editSettings }).length, 1);
  assert.deepEqual(
    bot.slots.map(({ symbol }) => symbol),
    ['COINUSDT', 'OTHERUSDT'],
  );
  assert.equal(bot.deals[0]?.exits[0]?.ticks, 10_500);
  play(bot, [
    [`editDeal 1 ${JSON.stringify(settings)}`, 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-3 takeProfit 1 1.00 @ 108.00 GTC'],
    ['quote 50.00 50.02 50.00'],
  ]);
});

test('[N23] a preview of a position is that of a trade', () => {
  const plan = signalPlan(signalSettings(), 'long');
  const at = priceTicks(10_000);
  const preview = previewTrade({
    plan,
    instrument: COIN,
    quote: { bid: at, ask: at, last: at },
    feeRatePpm: 0,
  });
  assert.equal(preview.entries[0]?.quantity, '1.00');
  assert.equal(preview.takeProfit[0]?.price, '105.00');
  assert.equal(preview.stopLoss?.price, '95.00');
  assert.equal(preview.riskReward, '1');
});

test('[N21] settings of another kind stop the caller', () => {
  const bot = holding();
  const settings = tradeSettings();
  assert.throws(
    () =>
      step(bot, { kind: 'command', time: NOW, command: { kind: 'editDeal', dealId: 1, settings } }),
    /settings of a signal bot/,
  );
});

test('[N14] an exit that comes before the entry has its quote takes the entry back', () => {
  const bot = signalBot();
  signal(bot, { action: 'enterLong' });
  assert.deepEqual(signal(bot, { action: 'exitLong' }), ['refused: an exit came after it']);
  assert.equal(bot.slots[0]?.pending, null);
  assert.equal(step(bot, eventOf('quote 99.99 100.00 100.00', NOW)).length, 0);
});

test('[N15] a reversal before the entry has its quote opens only the opposite position', () => {
  const bot = signalBot({ directions: 'both', onOpposite: 'reverse' });
  signal(bot, { action: 'enterLong' });
  assert.deepEqual(signal(bot, { action: 'enterShort' }), [
    'quote? COINUSDT',
    'refused: an exit came after it',
  ]);
  play(bot, [['quote 100.00 100.01 100.00', 'sell 1-1 entry 1 1.00 @ 99.00 IOC']]);
});

test('[N22] a position on a symbol that is traded no more still hears its exits, then the symbol goes', () => {
  const bot = holding();
  const settings = signalSettings({ symbols: ['OTHERUSDT'] });
  step(bot, {
    kind: 'command',
    time: NOW,
    command: { kind: 'editSettings', settings, instruments: [OTHER] },
  });
  assert.deepEqual(signal(bot, { action: 'enterLong', id: 'more' }), [
    'refused: the bot does not trade this symbol any more',
  ]);
  assert.deepEqual(signal(bot, { action: 'exitLong' }), ['cancel 1-2']);
  play(bot, [
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-3 close 1.00 @ 99.99 IOC'],
    ['fill 1-3 1.00 @ 101.00'],
  ]);
  assert.deepEqual(
    bot.slots.map(({ symbol }) => symbol),
    ['OTHERUSDT'],
  );
});
