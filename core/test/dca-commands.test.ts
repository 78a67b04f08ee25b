// SPDX-License-Identifier: Apache-2.0
// What a person may do to a running deal, and what the desk's risk states and missing money do to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dealView,
  editErrors,
  formatAverage,
  entryAverage,
  parseSettings,
  quantityLots,
  step,
  watchedAbove,
  watchedBelow,
  type DcaBotState,
  type Effect,
} from '../src/index.ts';
import { handOverFault } from '../src/dca/hand-over.ts';
import { botOf, COIN, eventOf, OPENED, PLAIN, play, settingsOf, type Row } from './deal-script.ts';

const ALONE = { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 } as const;
const TEN = { ...ALONE, baseOrderVolume: '1000' } as const;

const BOUGHT: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
  ['fill 1-1 10.00 @ 100.00', 'sell 1-2 takeProfit 10.00 @ 102.00 GTC'],
];

const STEPS = {
  takeProfit: undefined,
  takeProfitSteps: [
    { profit: '1', share: '40' },
    { profit: '2', share: '60' },
  ],
} as const;

const BOUGHT_STEPS: readonly Row[] = [
  ...BOUGHT.slice(0, 2),
  [
    'fill 1-1 10.00 @ 100.00',
    'sell 1-2 takeProfit 1 4.00 @ 101.00 GTC',
    'sell 1-3 takeProfit 2 6.00 @ 102.00 GTC',
  ],
];

function editOf(changes: Readonly<Record<string, unknown>>): string {
  return `editDeal 1 ${JSON.stringify({ ...PLAIN, ...TEN, ...changes })}`;
}

function refusals(notes: ReturnType<typeof play>): string[] {
  return notes
    .filter(({ note }) => note.kind === 'commandRefused')
    .map(({ note }) => `${note.values['command'] ?? ''}: ${note.values['reason'] ?? ''}`);
}

test('[D56] funds added at market buy at a fresh quote, within slippage, and move take profit', () => {
  const bot = botOf(TEN);
  play(bot, [
    ...BOUGHT,
    ['addFunds 1 quote 500', 'quote? COINUSDT'],
    // 500 / 96.00 = 5.208…, rounded down: never more than was said
    ['quote 95.99 96.00 96.00', 'buy 1-3 addFunds 5.20 @ 96.96 IOC'],
    ['fill 1-3 5.20 @ 96.00', 'cancel 1-2'],
    // (1000 + 499.20) / 15.20 × 1.02 = 100.6042…
    ['end 1-2 cancelled 0.00', 'sell 1-4 takeProfit 15.20 @ 100.61 GTC'],
  ]);
});

test('[D56] funds added at a price rest there until they are cancelled', () => {
  const bot = botOf(TEN);
  play(bot, [
    ...BOUGHT,
    ['addFunds 1 base 3 @ 95.00', 'buy 1-3 addFunds 3.00 @ 95.00 GTC'],
    ['addFunds 1 quote 100 @ 90.00', 'buy 1-4 addFunds 1.11 @ 90.00 GTC'],
    ['cancelOrder 1 1-4', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00'],
    ['fill 1-3 3.00 @ 95.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-5 takeProfit 13.00 @ 100.83 GTC'],
    // The deal ends without what rests.
    ['addFunds 1 base 3 @ 95.00', 'buy 1-6 addFunds 3.00 @ 95.00 GTC'],
    ['fill 1-5 13.00 @ 100.83', 'cancel 1-6'],
    ['end 1-6 cancelled 0.00', 'quote? COINUSDT'],
  ]);
});

test('[D59] only orders a person added are cancelled by a person', () => {
  const notes = play(botOf(TEN), [
    ...BOUGHT,
    ['addFunds 1 base 3 @ 95.00', 'buy 1-3 addFunds 3.00 @ 95.00 GTC'],
    ['cancelOrder 1 1-2'],
    ['cancelOrder 1 1-3', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00'],
    ['cancelOrder 1 1-3'],
  ]);
  assert.equal(refusals(notes).length, 2);
});

test('[D56] a short adds by selling more', () => {
  play(botOf({ ...TEN, direction: 'short' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 10.00 @ 99.00 IOC'],
    ['fill 1-1 10.00 @ 100.00', 'buy 1-2 takeProfit 10.00 @ 98.00 GTC'],
    ['addFunds 1 base 10', 'quote? COINUSDT'],
    ['quote 110.00 110.01 110.00', 'sell 1-3 addFunds 10.00 @ 108.90 IOC'],
    ['fill 1-3 10.00 @ 110.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'buy 1-4 takeProfit 20.00 @ 102.90 GTC'],
  ]);
});

test('[D56] what cannot be is refused with its reason, and nothing is sent', () => {
  const bot = botOf(TEN);
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    ['addFunds 1 base 1'],
    ['fill 1-1 10.00 @ 100.00', 'sell 1-2 takeProfit 10.00 @ 102.00 GTC'],
    ['addFunds 1 base 0'],
    ['addFunds 1 base one'],
    ['addFunds 1 base 1 @ 95.001'],
    ['addFunds 1 base 0.01 @ 95.00'],
    ['cancelOrder 1 1-2'],
    ['addFunds 9 base 1'],
    ['risk reducing'],
    ['addFunds 1 base 1'],
  ]);
  assert.deepEqual(refusals(notes), [
    'addFunds: the deal holds no position',
    'addFunds: amount: expected more than 0, found 0',
    'addFunds: amount: expected a decimal number, found "one"',
    'addFunds: price: expected at most 2 decimals, found "95.001"',
    'addFunds: minNotional: expected a value of at least 5, found 0.95',
    'cancelOrder: the deal has no such order of yours',
    'addFunds: the desk takes no new risk',
  ]);
});

test('[D56] more than one order may hold is refused with that number, and never cut', () => {
  const bot = botOf(TEN, { instruments: [{ ...COIN, maxLots: quantityLots(20_00) }] });
  const notes = play(bot, [
    ...BOUGHT,
    ['addFunds 1 base 20.01 @ 95.00'],
    ['addFunds 1 quote 999999999', 'quote? COINUSDT'],
    ['quote 95.99 96.00 96.00'],
    ['addFunds 1 base 20 @ 95.00', 'buy 1-3 addFunds 20.00 @ 95.00 GTC'],
  ]);
  assert.deepEqual(refusals(notes), [
    'addFunds: maxQuantity: expected a quantity of at most 20.00, found 20.01',
    'addFunds: maxQuantity: expected at most 20.00 COIN in one order, found 10416666.65 COIN',
  ]);
});

test('[D59] a wish that waits for a quote or for the desk is taken back by its number', () => {
  const bot = botOf(TEN);
  const notes = play(bot, [
    ...BOUGHT,
    ['addFunds 1 quote 500', 'quote? COINUSDT'],
    ['addFunds 1 quote 100', 'quote? COINUSDT'],
    ['cancelStep 1 addFunds 1'],
    ['cancelStep 1 addFunds 1'],
    ['cancelStep 1 reduceFunds 2'],
    ['cancelStep 1 takeProfit 1'],
    ['cancelStep 1 addFunds 2'],
    ['quote 95.99 96.00 96.00'],
    ['risk halted'],
  ]);
  assert.deepEqual(
    refusals(notes),
    Array.from({ length: 3 }, () => 'cancelStep: nothing of that number waits'),
  );
  assert.equal(notes.filter(({ note }) => note.kind === 'stepCancelled').length, 2);
});

test('[D56] no more than ten such orders at once', () => {
  const bot = botOf(TEN);
  play(bot, BOUGHT);
  for (let number = 3; number <= 12; number += 1) {
    play(bot, [['addFunds 1 base 1 @ 90.00', `buy 1-${number} addFunds 1.00 @ 90.00 GTC`]]);
  }
  assert.deepEqual(refusals(play(bot, [['addFunds 1 base 1 @ 90.00']])), [
    'addFunds: the deal carries 10 such orders already',
  ]);
});

test('[D57] a reduction waits until take profit has freed its coins', () => {
  play(botOf(TEN), [
    ...BOUGHT,
    ['reduceFunds 1 base 4', 'cancel 1-2'],
    // Take profit goes on with the rest while the price is asked for.
    ['end 1-2 cancelled 0.00', 'sell 1-3 takeProfit 6.00 @ 102.00 GTC', 'quote? COINUSDT'],
    ['quote 99.00 99.02 99.00', 'sell 1-4 reduceFunds 4.00 @ 98.01 IOC'],
    ['fill 1-4 4.00 @ 99.00'],
    ['fill 1-3 6.00 @ 102.00', 'quote? COINUSDT'],
  ]);
});

test('[D57] at a price it rests beside take profit; what it leaves when cancelled goes back', () => {
  play(botOf(TEN), [
    ...BOUGHT,
    ['reduceFunds 1 quote 505 @ 101.00', 'cancel 1-2'],
    [
      'end 1-2 cancelled 0.00',
      'sell 1-3 takeProfit 5.00 @ 102.00 GTC',
      'sell 1-4 reduceFunds 5.00 @ 101.00 GTC',
    ],
    ['fill 1-4 2.00 @ 101.00'],
    ['cancelOrder 1 1-4', 'cancel 1-4'],
    ['end 1-4 cancelled 2.00', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'sell 1-5 takeProfit 8.00 @ 102.00 GTC'],
  ]);
});

test('[D57] a second reduction takes what the first leaves, and nothing stands without an exit', () => {
  play(botOf(TEN), [
    ...BOUGHT,
    ['reduceFunds 1 base 7 @ 101.00', 'cancel 1-2'],
    [
      'end 1-2 cancelled 0.00',
      'sell 1-3 takeProfit 3.00 @ 102.00 GTC',
      'sell 1-4 reduceFunds 7.00 @ 101.00 GTC',
    ],
    ['reduceFunds 1 base 5 @ 101.50', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'sell 1-5 reduceFunds 3.00 @ 101.50 GTC'],
    ['fill 1-4 7.00 @ 101.00'],
    ['fill 1-5 3.00 @ 101.50', 'quote? COINUSDT'],
  ]);
});

test('[D57] an amount of money at market is turned into coins at a first quote', () => {
  play(botOf(TEN), [
    ...BOUGHT,
    ['reduceFunds 1 quote 300', 'quote? COINUSDT'],
    ['quote 100.00 100.02 100.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-3 takeProfit 7.00 @ 102.00 GTC', 'quote? COINUSDT'],
    ['quote 99.00 99.02 99.00', 'sell 1-4 reduceFunds 3.00 @ 98.01 IOC'],
  ]);
});

test('[D57] a rest too small to be closed later goes with the reduction', () => {
  play(botOf(TEN), [
    ...BOUGHT,
    ['reduceFunds 1 base 9.97 @ 101.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-3 reduceFunds 10.00 @ 101.00 GTC'],
    ['fill 1-3 10.00 @ 101.00', 'quote? COINUSDT'],
  ]);
});

test('[D58] one step is closed at once; the others stay', () => {
  const bot = botOf({ ...TEN, ...STEPS, stopLoss: '5', stopLossMove: 'breakEven' });
  play(bot, [
    ...BOUGHT_STEPS,
    ['closeStep 1 2', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 100.50 100.52 100.50', 'sell 1-4 close 2 6.00 @ 99.50 IOC'],
    ['fill 1-4 6.00 @ 100.50'],
    ['end 1-4 filled 6.00'],
    ['fill 1-2 4.00 @ 101.00', 'quote? COINUSDT'],
  ]);
});

test('[D58] what the market does not take stays with its step', () => {
  play(botOf({ ...TEN, ...STEPS }), [
    ...BOUGHT_STEPS,
    ['closeStep 1 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 100.50 100.52 100.50', 'sell 1-4 close 1 4.00 @ 99.50 IOC'],
    ['fill 1-4 1.50 @ 100.50'],
    ['end 1-4 expired 1.50', 'sell 1-5 takeProfit 1 2.50 @ 101.00 GTC'],
  ]);
});

test('[D58] of one take profit the only step is the whole deal; steps that are not there are refused', () => {
  play(botOf(TEN), [...BOUGHT, ['closeStep 1 1', 'cancel 1-2']]);
  const notes = play(botOf({ ...TEN, ...STEPS }), [
    ...BOUGHT_STEPS,
    ['closeStep 1 3'],
    ['fill 1-2 4.00 @ 101.00'],
    ['closeStep 1 1'],
    ['closeStep 1 2', 'cancel 1-3'],
    ['closeStep 1 2'],
  ]);
  assert.deepEqual(refusals(notes), [
    'closeStep: the deal has steps 1 to 2',
    'closeStep: the step has nothing left to close',
    'closeStep: the step is being closed',
  ]);
});

test('[D81] an edited take profit is renewed at once, an edited stop watched at once', () => {
  const bot = botOf(TEN);
  play(bot, [
    ...BOUGHT,
    [editOf({ takeProfit: '3', stopLoss: '4' }), 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-3 takeProfit 10.00 @ 103.00 GTC'],
  ]);
  assert.equal(watchedBelow(bot, 'COINUSDT'), 9600);
  play(bot, [
    [editOf({ takeProfit: '3', trailingDeviation: '1' }), 'cancel 1-3'],
    ['end 1-3 cancelled 0.00'],
  ]);
  assert.equal(watchedBelow(bot, 'COINUSDT'), -1);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 10_300);
});

test('[D81] steps may come and go until they have closed something', () => {
  const bot = botOf(TEN);
  const notes = play(bot, [
    ...BOUGHT,
    [editOf(STEPS), 'cancel 1-2'],
    [
      'end 1-2 cancelled 0.00',
      'sell 1-3 takeProfit 1 4.00 @ 101.00 GTC',
      'sell 1-4 takeProfit 2 6.00 @ 102.00 GTC',
    ],
    ['fill 1-3 4.00 @ 101.00'],
    [editOf({ takeProfit: '5' })],
    [
      editOf({
        ...STEPS,
        takeProfitSteps: [
          { profit: '1', share: '40' },
          { profit: '4', share: '30' },
          { profit: '6', share: '30' },
        ],
      }),
      'cancel 1-4',
    ],
    [
      'end 1-4 cancelled 0.00',
      'sell 1-5 takeProfit 2 3.00 @ 104.00 GTC',
      'sell 1-6 takeProfit 3 3.00 @ 106.00 GTC',
    ],
  ]);
  assert.deepEqual(refusals(notes), [
    'editDeal: takeProfitSteps[0]: expected the step that has closed coins to stay at 1 % for 40 %, found nothing',
  ]);
});

test('[D81] a shorter ladder takes back its last orders, a longer one goes on', () => {
  const bot = botOf();
  const edit = (changes: Readonly<Record<string, unknown>>): string =>
    `editDeal 1 ${JSON.stringify({ ...PLAIN, ...changes })}`;
  play(bot, [
    ...OPENED,
    [edit({ maxSafetyOrders: 1, maxActiveSafetyOrders: 1 }), 'cancel 1-4'],
    ['end 1-4 cancelled 0.00'],
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-5 takeProfit 2.02 @ 101.49 GTC'],
    [
      edit({ maxSafetyOrders: 4, maxActiveSafetyOrders: 2 }),
      'buy 1-6 safetyOrder 2 1.03 @ 98.00 GTC',
      'buy 1-7 safetyOrder 3 1.04 @ 97.00 GTC',
    ],
  ]);
});

test('[D81] what the deal was opened with stays, whatever the new settings say', () => {
  const bot = botOf(TEN);
  play(bot, [
    ...BOUGHT,
    [editOf({ baseOrderVolume: '5', safetyOrderStep: '9', name: 'other', cooldownSeconds: 9 })],
  ]);
  assert.equal(bot.deals[0]?.settings.name, 'plain');
  assert.equal(bot.deals[0]?.settings.baseOrderVolume, '1000');
});

test('[D81] the same checks hold as for a new bot', () => {
  const bot = botOf({ ...PLAIN, stopLoss: '10' });
  play(bot, OPENED);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  const fieldsOf = (changes: Readonly<Record<string, unknown>>): readonly string[] =>
    editErrors(deal, { ...deal.settings, ...changes }).map((error) => error.field);
  assert.deepEqual(fieldsOf({ stopLoss: '2' }), ['stopLoss']);
  assert.deepEqual(fieldsOf({ stopLoss: '3.1' }), []);
  assert.deepEqual(fieldsOf({ maxActiveSafetyOrders: 9 }), ['maxActiveSafetyOrders']);
  assert.deepEqual(fieldsOf({ trailingDeviation: '2' }), ['trailingDeviation']);
  play(bot, [
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['fill 1-4 1.03 @ 98.00'],
  ]);
  assert.deepEqual(fieldsOf({ maxSafetyOrders: 1, maxActiveSafetyOrders: 1 }), ['maxSafetyOrders']);
  const custom = (second: string): Record<string, unknown> => ({
    customSafetyOrders: [
      { deviation: '1', volume: '100' },
      { deviation: second, volume: '100' },
      { deviation: '3', volume: '100' },
    ],
  });
  assert.deepEqual(fieldsOf(custom('2')), []);
  assert.deepEqual(fieldsOf(custom('2.5')), ['customSafetyOrders[1]']);
});

test('[D81] a time that has passed already closes the deal at once', () => {
  play(botOf(TEN), [
    ...BOUGHT,
    [`+5min ${editOf({ closeTimeoutSeconds: 60 })}`, 'timer deal:1:closeTimeout in 0.001s'],
    ['+1ms timer deal:1:closeTimeout', 'cancel 1-2'],
  ]);
});

test('[D82] a deal is handed over when all its orders are gone, with its fills and its exits', () => {
  const bot = botOf({ ...TEN, ...STEPS, stopLoss: '5', trailingDeviation: '1' });
  play(bot, [
    ...BOUGHT.slice(0, 2),
    ['fill 1-1 10.00 @ 100.00', 'sell 1-2 takeProfit 1 4.00 @ 101.00 GTC'],
    ['fill 1-2 1.00 @ 101.00'],
  ]);
  const asked = step(bot, {
    kind: 'command',
    time: 1_700_000_001_000,
    command: { kind: 'handOverDeal', dealId: 1 },
  });
  assert.deepEqual(kindsOf(asked), ['cancelOrder']);
  const effects = step(bot, eventOf('end 1-2 cancelled 1.00', 1_700_000_002_000));
  const handed = effects.find((effect) => effect.kind === 'handOver');
  assert.ok(handed !== undefined);
  const { position, ...rest } = handed.position;
  assert.deepEqual(rest, {
    symbol: 'COINUSDT',
    direction: 'long',
    feeRatePpm: 0,
    openedTime: 1_700_000_000_000,
    takeProfits: [
      { priceTicks: 10_100, share: '40' },
      { priceTicks: 10_200, share: '60', trailingDeviation: '1' },
    ],
    stopLoss: { triggerTicks: 9500, timeoutSeconds: 0 },
    maxSlippage: '1',
    from: { name: 'plain', dealId: 1 },
  });
  const average = entryAverage(position, COIN, 'long');
  assert.equal(average === null ? '' : formatAverage(COIN, average), '100');
  const [deal] = bot.endedDeals;
  assert.equal(deal?.phase.kind === 'ended' && deal.phase.reason, 'handed over');
});

test('[D82, P90] what a hundred of the largest orders could not close is not handed over', () => {
  const small = { ...COIN, maxLots: quantityLots(10_00) };
  const bot = botOf(TEN, { instruments: [small] });
  play(bot, BOUGHT);
  let open = 10_00;
  const add = (): void => {
    const [placed] = step(bot, eventOf('addFunds 1 base 10 @ 90.00', 1_700_000_001_000)).filter(
      (effect) => effect.kind === 'placeOrder',
    );
    assert.ok(placed !== undefined);
    const id = placed.order.clientOrderId.replace('k-', '');
    step(bot, eventOf(`fill ${id} 10.00 @ 90.00`, 1_700_000_001_000));
    open += 10_00;
  };
  while (open < 1_000_00) add();
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  assert.equal(handOverFault(deal), null);
  // One that only rests could still fill on its way out.
  step(bot, eventOf('addFunds 1 base 10 @ 90.00', 1_700_000_001_000));
  const effects = step(bot, {
    kind: 'command',
    time: 1_700_000_002_000,
    command: { kind: 'handOverDeal', dealId: 1 },
  });
  assert.deepEqual(kindsOf(effects), []);
  const [note] = effects;
  assert.ok(note?.kind === 'notify');
  assert.deepEqual(note.note.values, {
    command: 'handOverDeal',
    reason: 'expected at most 1000.00 COIN, what 100 orders close, found 1010.00 COIN',
  });
  assert.equal(deal.phase.kind, 'holding');
});

test('[D82] one whose take profit fills meanwhile is complete and hands nothing over', () => {
  const bot = botOf(TEN);
  play(bot, BOUGHT);
  const command = { kind: 'handOverDeal', dealId: 1 } as const;
  step(bot, { kind: 'command', time: 1_700_000_001_000, command });
  const effects = step(bot, eventOf('fill 1-2 10.00 @ 102.00', 1_700_000_002_000));
  assert.ok(!kindsOf(effects).includes('handOver'));
  assert.equal(bot.endedCount, 1);
});

test('[D83] reducing takes back entries and keeps exits; active places the entries again', () => {
  const bot = botOf();
  play(bot, [
    ...OPENED,
    ['addFunds 1 base 1 @ 90.00', 'buy 1-5 addFunds 1.00 @ 90.00 GTC'],
    ['risk reducing', 'cancel 1-3', 'cancel 1-4', 'cancel 1-5'],
    ['fill 1-3 0.50 @ 99.00', 'cancel 1-2'],
    ['end 1-3 cancelled 0.50'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00'],
    // Exits go on: take profit is renewed for what was bought.
    ['end 1-2 cancelled 0.00', 'sell 1-6 takeProfit 1.50 @ 101.66 GTC'],
    [
      'risk active',
      'buy 1-7 safetyOrder 1 0.52 @ 99.00 GTC',
      'buy 1-8 safetyOrder 2 1.03 @ 98.00 GTC',
    ],
  ]);
});

test('[D83] a risk state that passes before the cancel is confirmed loses no safety order', () => {
  play(botOf(), [
    ...OPENED,
    ['risk reducing', 'cancel 1-3', 'cancel 1-4'],
    ['risk active'],
    ['end 1-3 cancelled 0.00', 'buy 1-5 safetyOrder 1 1.02 @ 99.00 GTC'],
    ['end 1-4 cancelled 0.00', 'buy 1-6 safetyOrder 2 1.03 @ 98.00 GTC'],
  ]);
});

test('[D83] halted keeps the exits that rest, and acts on nothing until it is over', () => {
  const bot = botOf({ ...PLAIN, stopLoss: '5' });
  play(bot, [
    ...OPENED,
    ['risk halted', 'cancel 1-3', 'cancel 1-4'],
    // More coins: take profit would be renewed, but an exit cannot be placed, so the one there is stays.
    ['fill 1-3 1.02 @ 99.00'],
    ['end 1-4 cancelled 0.00'],
    ['quote 94.99 95.01 95.00'],
    ['close 1'],
    ['quote 94.99 95.01 95.00'],
    ['risk reducing', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.99 95.01 95.00', 'sell 1-5 close 2.02 @ 94.05 IOC'],
  ]);
});

test('[D83] a stop that became due while the desk was halted acts when exits may be placed again', () => {
  play(botOf({ ...TEN, stopLoss: '5', stopLossTimeoutSeconds: 60 }), [
    ...BOUGHT,
    ['quote 94.99 95.01 95.00', 'timer deal:1:stopLoss in 60s'],
    ['risk halted'],
    ['+60s timer deal:1:stopLoss'],
    ['risk active', 'cancel 1-2'],
  ]);
  const bot = botOf({ ...TEN, trailingDeviation: '1' });
  play(bot, [
    ...BOUGHT.slice(0, 2),
    ['fill 1-1 10.00 @ 100.00'],
    ['quote 101.99 102.01 102.00'],
    ['risk halted'],
    ['quote 100.97 100.99 100.98'],
    ['risk active'],
    ['quote 100.97 100.99 100.98', 'quote? COINUSDT'],
  ]);
});

test('[D83] a base order the risk state took back ends its deal', () => {
  const bot = botOf({ ...TEN, baseOrderType: 'limit' });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 baseOrder 10.01 @ 99.99 GTC',
      'timer deal:1:baseOrder in 300s',
    ],
    ['risk reducing', 'cancel 1-1'],
    ['end 1-1 cancelled 0.00'],
    ['risk active', 'quote? COINUSDT'],
  ]);
  const [deal] = bot.endedDeals;
  assert.equal(deal === undefined ? '' : dealView(deal).reason, 'the desk takes no new risk');
});

test('[D84] a safety order for which money is missing waits for it, however long', () => {
  const bot = botOf({ maxActiveSafetyOrders: 1 });
  const rows: Row[] = [
    ...OPENED.slice(0, 3),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1.00 @ 102.00 GTC',
      'buy 1-3 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
  ];
  for (const [index, seconds] of [30, 60, 120, 240, 480, 900, 900].entries()) {
    const by = index % 2 === 0 ? 'exchange -2010' : 'desk reserved';
    rows.push(
      [`reject 1-${index + 3} ${by}`, `timer deal:1:safetyOrders in ${seconds}s`],
      [
        `+${seconds}s timer deal:1:safetyOrders`,
        `buy 1-${index + 4} safetyOrder 1 1.02 @ 99.00 GTC`,
      ],
    );
  }
  const notes = play(bot, rows);
  const pauses = notes.filter(({ note }) => note.kind === 'dealPaused');
  assert.equal(pauses.length, 7);
  assert.equal(pauses[0]?.note.values['reason'], 'exchange: -2010: said no');
});

test('[D84] a base order for which money is missing fails its deal, and says so', () => {
  const notes = play(botOf(TEN), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    ['reject 1-1 exchange -2010', 'timer start:COINUSDT in 30s'],
  ]);
  assert.equal(
    notes.at(-1)?.note.values['reason'],
    'base order rejected: exchange: -2010: said no',
  );
});

test('[D85] commissions in coins, in money and in a third asset, for every way out', () => {
  const rows: readonly (readonly [fee: string, ...wants: readonly string[]])[] = [
    // Average 100 / 0.999 = 100.1001…; 9.99 coins
    [
      'fee 0.01 COIN',
      'sell 1-2 takeProfit 1 3.99 @ 101.21 GTC',
      'sell 1-3 takeProfit 2 6.00 @ 102.21 GTC',
    ],
    [
      'fee 1 USDT',
      'sell 1-2 takeProfit 1 4.00 @ 101.21 GTC',
      'sell 1-3 takeProfit 2 6.00 @ 102.21 GTC',
    ],
    [
      'fee 0.002 BNB',
      'sell 1-2 takeProfit 1 4.00 @ 101.11 GTC',
      'sell 1-3 takeProfit 2 6.00 @ 102.11 GTC',
    ],
  ];
  for (const [fee, ...wants] of rows) {
    const bot = botOf({ ...TEN, ...STEPS, stopLoss: '5' }, { feeRatePpm: 1000 });
    play(bot, [
      ...BOUGHT.slice(0, 2),
      [`fill 1-1 10.00 @ 100.00 ${fee}`, ...wants],
      ['quote 94.00 94.02 94.00', 'cancel 1-2', 'cancel 1-3'],
      ['end 1-2 cancelled 0.00'],
      ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ]);
    const [deal] = bot.deals;
    assert.ok(deal !== undefined);
    const lots = fee.endsWith('COIN') ? '9.99' : '10.00';
    play(bot, [['quote 94.00 94.02 94.00', `sell 1-4 stopLoss ${lots} @ 93.06 IOC`]]);
  }
});

test('[D85] a deal that keeps dust names it', () => {
  const bot = botOf({ ...TEN, ...STEPS }, { feeRatePpm: 1000 });
  const notes = play(bot, [
    ...BOUGHT.slice(0, 2),
    [
      'fill 1-1 10.00 @ 100.00 fee 0.0123 COIN',
      'sell 1-2 takeProfit 1 3.99 @ 101.23 GTC',
      'sell 1-3 takeProfit 2 5.99 @ 102.23 GTC',
    ],
    ['fill 1-2 3.99 @ 101.23'],
    ['fill 1-3 5.99 @ 102.23', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(done?.values['kept'], '0.0077');
  const [deal] = bot.endedDeals;
  assert.equal(deal === undefined ? '' : dealView(deal).dustQuantity, '0.0077');
});

test('[D28] commands for deals that are not there, or that ask for nothing new, change nothing', () => {
  const bot = botOf(TEN);
  play(bot, [
    ...BOUGHT,
    ['addFunds 9 base 1'],
    ['reduceFunds 9 base 1'],
    ['cancelOrder 9 1-2'],
    ['closeStep 9 1'],
    [editOf({})],
  ]);
  const parsed = parseSettings({ ...PLAIN, ...TEN });
  assert.ok(parsed.ok);
  assert.deepEqual(settingsOf(TEN), parsed.settings);
});

function kindsOf(effects: readonly Effect[]): string[] {
  return effects.map(({ kind }) => kind).filter((kind) => kind !== 'notify');
}

function only(bot: DcaBotState): DcaBotState['deals'][number] {
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  return deal;
}

test('[D34] a deal that waits for a person’s order, or for the risk state, says so', () => {
  const bot = botOf(TEN);
  play(bot, [...BOUGHT, ['addFunds 1 base 1', 'quote? COINUSDT']]);
  assert.equal(dealView(only(bot)).waitingFor, 'quote');
  const halted = botOf(TEN);
  play(halted, [...BOUGHT, ['risk halted'], ['end 1-2 cancelled 0.00']]);
  assert.equal(dealView(only(halted)).waitingFor, 'risk');
  play(halted, [['risk reducing', 'sell 1-3 takeProfit 10.00 @ 102.00 GTC']]);
  assert.equal(dealView(only(halted)).waitingFor, 'market');
});
