// SPDX-License-Identifier: Apache-2.0
// Orders that may only rest: what becomes of one that the venue refuses because it would trade at once.

import { test } from 'node:test';
import { botOf, play, type Row } from './deal-script.ts';
import { gridBot } from './grid-script.ts';
import { price, tradeBot } from './trade-script.ts';

const DCA_OPENED: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
  ['accept 1-1'],
  [
    'fill 1-1 1.00 @ 100.00',
    'sell 1-2 takeProfit 1.00 @ 102.00 post',
    'buy 1-3 safetyOrder 1 1.02 @ 99.00 post',
  ],
  ['end 1-1 filled 1.00'],
];

test('[D90] a safety order that would trade at once is tried again after 2, 4 and 8 s, then goes out as it is', () => {
  play(botOf({ postOnly: true, maxActiveSafetyOrders: 1 }), [
    ...DCA_OPENED,
    ['accept 1-2'],
    ['reject 1-3 exchange -2010 taking', 'timer deal:1:safetyOrders in 2s'],
    ['+2s timer deal:1:safetyOrders', 'buy 1-4 safetyOrder 1 1.02 @ 99.00 post'],
    ['reject 1-4 exchange -2010 taking', 'timer deal:1:safetyOrders in 4s'],
    ['+4s timer deal:1:safetyOrders', 'buy 1-5 safetyOrder 1 1.02 @ 99.00 post'],
    ['reject 1-5 exchange -2010 taking', 'timer deal:1:safetyOrders in 8s'],
    ['+8s timer deal:1:safetyOrders', 'buy 1-6 safetyOrder 1 1.02 @ 99.00 post'],
    ['reject 1-6 exchange -2010 taking', 'buy 1-7 safetyOrder 1 1.02 @ 99.00 GTC'],
  ]);
});

test('[D90] a take profit that would trade at once is tried once more, then goes out as it is', () => {
  play(botOf({ postOnly: true, maxActiveSafetyOrders: 1 }), [
    ...DCA_OPENED,
    ['accept 1-3'],
    ['reject 1-2 exchange -2010 taking', 'timer deal:1:takeProfit in 2s'],
    ['+2s timer deal:1:takeProfit', 'sell 1-4 takeProfit 1.00 @ 102.00 post'],
    ['reject 1-4 exchange -2010 taking', 'sell 1-5 takeProfit 1.00 @ 102.00 GTC'],
  ]);
});

test('[D90] a base order that may only rest follows the best price, and goes out as it is at last', () => {
  play(
    botOf({ postOnly: true, baseOrderType: 'limit', maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }),
    [
      ['start', 'quote? COINUSDT'],
      [
        'quote 100.00 100.01 100.00',
        'buy 1-1 baseOrder 1.00 @ 100.00 post',
        'timer deal:1:baseOrder in 300s',
      ],
      ['reject 1-1 exchange -2010 taking', 'quote? COINUSDT'],
      [
        'quote 99.00 99.01 99.00',
        'buy 1-2 baseOrder 1.02 @ 99.00 post',
        'timer deal:1:baseOrder in 300s',
      ],
      ['reject 1-2 exchange -2010 taking', 'quote? COINUSDT'],
      [
        'quote 98.00 98.01 98.00',
        'buy 1-3 baseOrder 1.03 @ 98.00 post',
        'timer deal:1:baseOrder in 300s',
      ],
      ['reject 1-3 exchange -2010 taking', 'quote? COINUSDT'],
      [
        'quote 98.00 98.01 98.00',
        'buy 1-4 baseOrder 1.03 @ 98.00 post',
        'timer deal:1:baseOrder in 300s',
      ],
      ['reject 1-4 exchange -2010 taking', 'quote? COINUSDT'],
      [
        'quote 98.00 98.01 98.00',
        'buy 1-5 baseOrder 1.03 @ 98.00 GTC',
        'timer deal:1:baseOrder in 300s',
      ],
    ],
  );
});

test('[G40] lines that may only rest are tried again at their price, then go out as they are', () => {
  play(gridBot({ postOnly: true, maxActiveBuyLines: 1, maxActiveSellLines: 1 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.00 @ 101.00 IOC'],
    ['accept 1-1'],
    ['fill 1-1 2.00 @ 100.00', 'quote? COINUSDT'],
    ['end 1-1 filled 2.00'],
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 1.00 @ 105.00 post',
      'buy 1-3 gridLine 2 1.00 @ 95.00 post',
    ],
    ['reject 1-2 exchange -2010 taking', 'timer deal:1:lines in 2s'],
    ['accept 1-3'],
    ['+2s timer deal:1:lines', 'sell 1-4 gridLine 4 1.00 @ 105.00 post'],
    ['reject 1-4 exchange -2010 taking', 'sell 1-5 gridLine 4 1.00 @ 105.00 GTC'],
  ]);
});

test('[P50] limit entries and targets of a trade may only rest; what they are refused for is tried again', () => {
  play(
    tradeBot({
      postOnly: true,
      entries: [{ order: 'limit', price: price('99') }],
      takeProfit: [{ price: price('105'), share: '100' }],
      stopLoss: undefined,
    }),
    [
      ['start', 'quote? COINUSDT'],
      ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 99.00 post'],
      ['reject 1-1 exchange -2010 taking', 'timer deal:1:entry1 in 2s'],
      ['+2s timer deal:1:entry1', 'buy 1-2 entry 1 2.00 @ 99.00 post'],
      ['accept 1-2'],
      ['fill 1-2 2.00 @ 99.00', 'sell 1-3 takeProfit 1 2.00 @ 105.00 post'],
      ['end 1-2 filled 2.00'],
      ['reject 1-3 exchange -2010 taking', 'timer deal:1:takeProfit1 in 2s'],
      ['+2s timer deal:1:takeProfit1', 'sell 1-4 takeProfit 1 2.00 @ 105.00 post'],
      ['reject 1-4 exchange -2010 taking', 'sell 1-5 takeProfit 1 2.00 @ 105.00 GTC'],
    ],
  );
});
