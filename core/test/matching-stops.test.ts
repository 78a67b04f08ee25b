// SPDX-License-Identifier: Apache-2.0
// Rules M13 to M19 by example: stops, take profits and trailing stops.

import { test } from 'node:test';
import { check } from './matching-script.ts';

test('[M13] each kind triggers on its side of the market, at the stop price and beyond', () => {
  const kinds: [order: string, before: number, reached: number, beyond: number][] = [
    ['sell 1 stopLoss at 95', 96, 95, 90],
    ['buy 1 takeProfit at 95', 96, 95, 90],
    ['buy 1 stopLoss at 105', 104, 105, 110],
    ['sell 1 takeProfit at 105', 104, 105, 110],
  ];
  for (const [order, before, reached, beyond] of kinds) {
    for (const price of [reached, beyond]) {
      check([
        [order],
        ['book'],
        [`print ${before}`],
        [`print ${price}`, '1 triggers', '1 expired 0'],
        [`print ${before}`],
        [`print ${price}`],
      ]);
    }
  }
});

test('[M13] a trade triggers as a print does', () => {
  check([
    ['sell 1 stopLoss at 95'],
    ['buy 1 @ 95', '2 rests'],
    ['buy 9 @ 94', '3 rests'],
    [
      'sell 1 @ 95',
      '4 sells 1 @ 95 from 2',
      '2 filled 1',
      '4 filled 1',
      '1 triggers',
      '1 sells 1 @ 94 from 3',
      '1 filled 1',
    ],
  ]);
});

test('[M14] a stop that last has reached already is refused', () => {
  check([
    ['sell 1 stopLoss at 999'],
    ['cancel 1', '1 cancelled 0'],
    ['print 100'],
    ['sell 1 stopLoss at 100', 'refused wouldTrigger'],
    ['sell 1 @ 90 stopLossLimit at 101', 'refused wouldTrigger'],
    ['buy 1 stopLoss at 100', 'refused wouldTrigger'],
    ['buy 1 takeProfit at 100', 'refused wouldTrigger'],
    ['sell 1 takeProfit at 99', 'refused wouldTrigger'],
    ['sell 1 @ 90 takeProfitLimit at 100 trail 50', 'refused wouldTrigger'],
    ['sell 1 stopLoss at 99'],
    ['buy 1 @ 120 stopLossLimit at 101'],
  ]);
});

test('[M15] market kinds take what there is, limit kinds rest, take or fail by their time in force', () => {
  check([
    ['buy 2 @ 90', '1 rests'],
    ['sell 3 stopLoss at 95'],
    ['print 95', '2 triggers', '2 sells 2 @ 90 from 1', '1 filled 2', '2 expired 2'],
  ]);
  check(
    [
      ['buy 2 @ 90', '1 rests', 'level buy 90: 2'],
      ['sell 3 @ 90 stopLossLimit at 95 iceberg 1'],
      [
        'order 2',
        '{"orderId":2,"ownerId":1002,"side":"sell","type":"stopLossLimit","priceTicks":90,"quantityLots":3,"leavesLots":3,"filledLots":0,"filledNotional":0,"isTriggered":false,"stopTicks":95}',
      ],
      [
        'print 95',
        '2 triggers',
        '2 sells 2 @ 90 from 1',
        '1 filled 2',
        'level buy 90: 0',
        '2 rests',
        'level sell 90: 1',
      ],
      [
        'order 2',
        '{"orderId":2,"ownerId":1002,"side":"sell","type":"stopLossLimit","priceTicks":90,"quantityLots":3,"leavesLots":1,"filledLots":2,"filledNotional":180,"isTriggered":true,"stopTicks":95}',
      ],
      ['reduce 2 to 2', 'no'],
      ['cancel 2', '2 cancelled 2', 'level sell 90: 0'],
    ],
    { levels: true },
  );
  check([
    ['sell 2 @ 110', '1 rests'],
    ['buy 3 @ 110 takeProfitLimit at 95 IOC'],
    ['buy 3 @ 110 takeProfitLimit at 95 FOK'],
    [
      'print 95',
      '2 triggers',
      '2 buys 2 @ 110 from 1',
      '1 filled 2',
      '2 expired 2',
      '3 triggers',
      '3 expired 0',
    ],
  ]);
});

test('[M16] stops act in order of placement once the order that triggered them is done', () => {
  check([
    ['sell 1 stopLoss at 96'],
    ['sell 1 stopLoss at 98'],
    ['sell 1 stopLoss at 97'],
    ['buy 1 @ 98', '4 rests'],
    ['buy 1 @ 96', '5 rests'],
    ['buy 9 @ 50', '6 rests'],
    [
      'sell 3 @ 60',
      '7 sells 1 @ 98 from 4',
      '4 filled 1',
      '7 sells 1 @ 96 from 5',
      '5 filled 1',
      '7 rests',
      '1 triggers',
      '1 sells 1 @ 50 from 6',
      '1 filled 1',
      '2 triggers',
      '2 sells 1 @ 50 from 6',
      '2 filled 1',
      '3 triggers',
      '3 sells 1 @ 50 from 6',
      '3 filled 1',
    ],
  ]);
});

test('[M16] what triggered stops trigger acts in a round after them', () => {
  check([
    ['sell 1 stopLoss at 80'],
    ['sell 1 stopLoss at 95'],
    ['buy 1 takeProfit at 95'],
    ['buy 1 @ 80', '4 rests'],
    ['buy 1 @ 70', '5 rests'],
    ['sell 5 @ 99', '6 rests'],
    [
      'print 95',
      '2 triggers',
      '2 sells 1 @ 80 from 4',
      '4 filled 1',
      '2 filled 1',
      '3 triggers',
      '3 buys 1 @ 99 from 6',
      '3 filled 1',
      '1 triggers',
      '1 sells 1 @ 70 from 5',
      '5 filled 1',
      '1 filled 1',
    ],
  ]);
});

test('[M17] a trailing sell triggers when last falls by the delta from its highest', () => {
  check([
    ['print 40000'],
    ['sell 1 @ 39000 stopLossLimit trail 700'],
    ['print 42000'],
    ['print 39500'],
    ['print 45500'],
    ['print 42316'],
    ['print 42315', '1 triggers', '1 rests'],
  ]);
});

test('[M17] a trailing buy triggers when last rises by the delta from its lowest', () => {
  check([
    ['print 40000'],
    ['buy 1 @ 50000 takeProfitLimit trail 500'],
    ['print 38000'],
    ['print 39899'],
    ['print 39900', '1 triggers', '1 rests'],
  ]);
});

test('[M17] without a last price tracking starts with the first trade', () => {
  check([
    ['sell 1 takeProfit trail 1000'],
    ['print 100'],
    ['print 91'],
    ['print 90', '1 triggers', '1 expired 0'],
  ]);
  check([
    ['print 100'],
    ['sell 1 takeProfit trail 1000'],
    ['print 90', '1 triggers', '1 expired 0'],
  ]);
});

test('[M17] every trade of a taker is tracked, also on its way', () => {
  check([
    ['print 100'],
    ['sell 5 stopLoss trail 1000'],
    ['sell 1 @ 110', '2 rests'],
    ['sell 1 @ 120', '3 rests'],
    [
      'buy 2 market',
      '4 buys 1 @ 110 from 2',
      '2 filled 1',
      '4 buys 1 @ 120 from 3',
      '3 filled 1',
      '4 filled 2',
    ],
    ['print 109'],
    ['print 108', '1 triggers', '1 expired 0'],
  ]);
});

test('[M17] a tracking order can be cancelled and reduced', () => {
  check([
    ['print 100'],
    ['sell 5 stopLoss trail 1000'],
    ['reduce 1 to 2'],
    ['print 110'],
    ['cancel 1', '1 cancelled 0'],
    ['print 50'],
    ['cancel 1', 'no'],
  ]);
});

test('[M18] with a stop price tracking starts at the first trade that reaches it', () => {
  const scenarios: [order: string, idle: number[], tracked: number[], trigger: number][] = [
    [
      'buy 1 @ 45000 stopLossLimit at 44000 trail 500',
      [37000],
      [44000, 45000, 46000, 42000],
      44100,
    ],
    ['sell 1 @ 38000 stopLossLimit at 39000 trail 1000', [41500], [39000, 37000, 41000], 36900],
    [
      'buy 1 @ 38500 takeProfitLimit at 38000 trail 850',
      [42000],
      [38000, 37000, 39000, 38000],
      40145,
    ],
    [
      'sell 1 @ 41000 takeProfitLimit at 42000 trail 750',
      [41500, 39000],
      [42000, 45000, 44000, 46500],
      43012,
    ],
  ];
  for (const [order, idle, tracked, trigger] of scenarios) {
    const quiet = [40000, ...idle, ...tracked];
    check([
      ['print 40000'],
      [order],
      ...quiet.map((price): [string] => [`print ${price}`]),
      [`print ${trigger}`, '1 triggers', '1 rests'],
    ]);
  }
});

test('[M18] cancelling works before and while it tracks', () => {
  check([
    ['sell 1 takeProfit at 110 trail 1000'],
    ['sell 1 takeProfit at 110 trail 1000'],
    ['cancel 1', '1 cancelled 0'],
    ['print 110'],
    ['cancel 2', '2 cancelled 0'],
    ['print 50'],
  ]);
});

test('[M19] a trigger between two ticks is reached by the tick beyond', () => {
  check([
    ['print 101'],
    ['sell 1 stopLoss trail 100'],
    ['print 100'],
    ['print 99', '1 triggers', '1 expired 0'],
  ]);
  check([
    ['print 101'],
    ['buy 1 stopLoss trail 100'],
    ['print 102'],
    ['print 103', '1 triggers', '1 expired 0'],
  ]);
  check([
    ['print 9007199254740991'],
    ['sell 1 stopLoss trail 1'],
    ['print 9006298534815517'],
    ['print 9006298534815516', '1 triggers', '1 expired 0'],
  ]);
});
