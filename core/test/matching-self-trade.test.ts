// SPDX-License-Identifier: Apache-2.0
// Rules M20 to M25 by example: what happens when two orders of one owner meet.

import { test } from 'node:test';
import { check, type Step } from './matching-script.ts';

/** Three bids of owner 7, as in the scenarios of Binance's FAQ on self-trade prevention. */
const THREE_BIDS: readonly Step[] = [
  ['buy 12 @ 12 by 7', '1 rests'],
  ['buy 13 @ 11 by 7', '2 rests'],
  ['buy 81 @ 10 by 7', '3 rests'],
];

test('[M20] without prevention an owner trades with himself', () => {
  check([
    ['buy 1 @ 1 by 7 stp expireBoth', '1 rests'],
    ['sell 1 @ 1 by 7', '2 sells 1 @ 1 from 1', '1 filled 1', '2 filled 1'],
  ]);
});

test('[M20] orders of different owners trade, and the house trades with itself', () => {
  check([
    ['buy 1 @ 1 by 7 stp expireBoth', '1 rests'],
    ['sell 1 @ 1 by 8 stp expireBoth', '2 sells 1 @ 1 from 1', '1 filled 1', '2 filled 1'],
    ['buy 1 @ 1 by 0', '3 rests'],
    ['sell 1 @ 1 by 0 stp expireBoth', '4 sells 1 @ 1 from 3', '3 filled 1', '4 filled 1'],
  ]);
});

test('[M20] the taker’s mode counts', () => {
  check([
    ['buy 1 @ 1 by 7 stp expireMaker', '1 rests'],
    ['sell 1 @ 1 by 7 stp expireTaker', '2 kept from 1 @ 1 of 1', '2 expiredInMatch 0'],
    ['book', 'buy 1 @ 1'],
  ]);
});

test('[M20] a triggered stop is a taker with its own mode', () => {
  check([
    ['buy 5 @ 90 by 7', '1 rests'],
    ['sell 2 stopLoss at 95 by 7 stp expireMaker'],
    ['print 95', '2 triggers', '2 kept from 2 @ 90 of 1', '1 expiredInMatch 0', '2 expired 0'],
  ]);
});

test('[M21] expireTaker ends the taker at the first order of its owner', () => {
  check([
    ...THREE_BIDS,
    ['sell 3 @ 10 by 7 stp expireTaker', '4 kept from 3 @ 12 of 1', '4 expiredInMatch 0'],
    ['book', 'buy 12 @ 12', 'buy 13 @ 11', 'buy 81 @ 10'],
  ]);
  check([
    ['buy 2 @ 12', '1 rests'],
    ['buy 9 @ 12 by 7', '2 rests'],
    [
      'sell 5 @ 10 by 7 stp expireTaker',
      '3 sells 2 @ 12 from 1',
      '1 filled 2',
      '3 kept from 3 @ 12 of 2',
      '3 expiredInMatch 2',
    ],
  ]);
});

test('[M22] expireMaker ends what the taker meets and the taker goes on', () => {
  check([
    ...THREE_BIDS,
    [
      'sell 3 @ 10 by 7 stp expireMaker',
      '4 kept from 3 @ 12 of 1',
      '1 expiredInMatch 0',
      '4 kept from 3 @ 11 of 2',
      '2 expiredInMatch 0',
      '4 kept from 3 @ 10 of 3',
      '3 expiredInMatch 0',
      '4 rests',
    ],
    ['book', 'sell 3 @ 10'],
  ]);
});

test('[M22] a market order that only met its owner’s orders expires', () => {
  check([
    ['buy 1 @ 1 by 7', '1 rests'],
    [
      'sell 1 market by 7 stp expireMaker',
      '2 kept from 1 @ 1 of 1',
      '1 expiredInMatch 0',
      '2 expired 0',
    ],
  ]);
});

test('[M22] an iceberg expires with its hidden part, keeping its fills', () => {
  check(
    [
      ['buy 10 @ 5 iceberg 4 by 7', '1 rests', 'level buy 5: 4'],
      ['sell 1 @ 5', '2 sells 1 @ 5 from 1', 'level buy 5: 3', '2 filled 1'],
      [
        'sell 2 @ 5 by 7 stp expireMaker',
        '3 kept from 2 @ 5 of 1',
        '1 expiredInMatch 1',
        'level buy 5: 0',
        '3 rests',
        'level sell 5: 2',
      ],
    ],
    { levels: true },
  );
});

test('[M23] expireBoth ends the taker and the first own order', () => {
  check([
    ['buy 1 @ 1 by 7', '1 rests'],
    ['buy 1 @ 1 by 7', '2 rests'],
    [
      'sell 3 @ 1 by 7 stp expireBoth',
      '3 kept from 1 @ 1 of 1',
      '1 expiredInMatch 0',
      '3 expiredInMatch 0',
    ],
    ['book', 'buy 1 @ 1'],
  ]);
});

test('[M24] decrement takes the lots from both and ends the smaller', () => {
  check(
    [
      ['buy 6 @ 2 by 7', '1 rests', 'level buy 2: 6'],
      [
        'sell 2 @ 2 by 7 stp decrement',
        '2 kept from 2 @ 2 of 1',
        'level buy 2: 4',
        '2 expiredInMatch 0',
      ],
      [
        'order 1',
        '{"orderId":1,"ownerId":7,"side":"buy","type":"limit","priceTicks":2,"quantityLots":6,"leavesLots":4,"filledLots":0,"filledNotional":0,"isTriggered":false,"stopTicks":0}',
      ],
      [
        'sell 4 @ 2 by 7 stp decrement',
        '3 kept from 4 @ 2 of 1',
        '1 expiredInMatch 0',
        'level buy 2: 0',
        '3 expiredInMatch 0',
      ],
    ],
    { levels: true },
  );
});

test('[M24] decrement uses up an iceberg part by part', () => {
  check([
    ['buy 5 @ 2 by 7 iceberg 2', '1 rests'],
    ['buy 1 @ 2', '2 rests'],
    [
      'sell 9 @ 2 by 7 stp decrement IOC',
      '3 kept from 2 @ 2 of 1',
      '3 sells 1 @ 2 from 2',
      '2 filled 1',
      '3 kept from 2 @ 2 of 1',
      '3 kept from 1 @ 2 of 1',
      '1 expiredInMatch 0',
      '3 expired 1',
    ],
  ]);
});

test('[M25] an order with prevented lots does not end as filled', () => {
  check([
    ['buy 6 @ 2 by 7', '1 rests'],
    ['sell 2 @ 2 by 7 stp decrement', '2 kept from 2 @ 2 of 1', '2 expiredInMatch 0'],
    ['sell 4 @ 2', '3 sells 4 @ 2 from 1', '1 expiredInMatch 4', '3 filled 4'],
  ]);
  check([
    ['buy 6 @ 2 by 7', '1 rests'],
    ['sell 2 @ 2 by 7 stp decrement', '2 kept from 2 @ 2 of 1', '2 expiredInMatch 0'],
    ['cancel 1', '1 cancelled 0'],
  ]);
});
