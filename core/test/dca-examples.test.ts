// SPDX-License-Identifier: Apache-2.0
// Published examples of DCA deals, digit by digit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createBot,
  dealView,
  makeInstrument,
  priceTicks,
  quantityLots,
  step,
  toScaled,
  type BotEvent,
  type OrderRequest,
} from '../src/index.ts';
import { settingsOf } from './deal-script.ts';

const ETH = makeInstrument({
  symbol: 'ETHUSDT',
  baseAsset: 'ETH',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.0001',
  minPrice: '0.01',
  maxPrice: '1000000',
  minQuantity: '0.0001',
  maxQuantity: '9000',
  minNotional: '5',
  maxNotional: '9000000',
});

test('[D4, D38, D46] 100 USDT at 3095.40 buy 0.0324 for 3098.4954, closed as 0.0129, 0.0162 and 0.0033', () => {
  const bot = createBot({
    botId: 'test',
    clientOrderIdPrefix: 'k-',
    settings: settingsOf({
      symbols: ['ETHUSDT'],
      maxSafetyOrders: 0,
      maxActiveSafetyOrders: 0,
      takeProfit: undefined,
      takeProfitSteps: [
        { profit: '1', share: '40' },
        { profit: '2', share: '50' },
        { profit: '3', share: '10' },
      ],
    }),
    instruments: [ETH],
    feeRatePpm: 1_000,
  });
  const time = 1_700_000_000_000;
  const placed: OrderRequest[] = [];
  const tell = (event: BotEvent): void => {
    for (const effect of step(bot, event)) {
      if (effect.kind === 'placeOrder') placed.push(effect.order);
    }
  };
  const price = priceTicks(309_540);
  tell({ kind: 'command', time, command: { kind: 'start' } });
  const quote = { bid: priceTicks(309_539), ask: price, last: price };
  tell({ kind: 'quote', time, symbol: 'ETHUSDT', quote });
  const [base] = placed.splice(0);
  assert.ok(base !== undefined);
  assert.equal(base.quantity, 324);
  const { clientOrderId } = base;
  tell({ kind: 'orderAccepted', time, clientOrderId, exchangeOrderId: '1' });
  tell({
    kind: 'orderFilled',
    time,
    clientOrderId,
    fill: {
      tradeId: '1',
      time,
      priceTicks: price,
      quantity: quantityLots(324),
      commission: toScaled('0.10029096', 8, 'commission'),
      commissionAsset: 'USDT',
      isMaker: false,
    },
  });
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  const view = dealView(deal);
  assert.equal(view.average, '3098.4954');
  assert.equal(view.cost, '100.39125096');
  // Each goal over the rest of the exit's fee: 3098.4954 × 1.01 / 0.999 = 3132.6129…, × 1.02 3163.6289…, × 1.03 3194.6449…
  assert.deepEqual(
    placed.map(({ priceTicks: ticks, quantity }) => [ticks, quantity]),
    [
      [313_262, 129],
      [316_363, 162],
      [319_465, 33],
    ],
  );
});
