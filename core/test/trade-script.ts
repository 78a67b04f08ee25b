// SPDX-License-Identifier: Apache-2.0
// What the tests of smart trades and signal bots share; events and wishes are told as in deal-script.ts.

import assert from 'node:assert/strict';
import {
  createBot,
  parseSettings,
  type Instrument,
  type SmartTradeBotState,
  type SmartTradeSettings,
} from '../src/index.ts';
import { COIN, type Row } from './deal-script.ts';

/** Buys 2.00 coins at the market; take profit at +5 % for one half and +10 % for the other, stop at −5 %. */
export const TRADE: Readonly<Record<string, unknown>> = {
  kind: 'smartTrade',
  name: 'trade',
  symbols: ['COINUSDT'],
  type: 'long',
  entries: [{ order: 'market' }],
  size: { kind: 'base', quantity: '2' },
  takeProfit: [
    { price: percent('5'), share: '50' },
    { price: percent('10'), share: '50' },
  ],
  stopLoss: { price: percent('5') },
  maxSlippage: '1',
};

export function percent(value: string): { readonly kind: 'percent'; readonly percent: string } {
  return { kind: 'percent', percent: value };
}

export function price(value: string): { readonly kind: 'price'; readonly price: string } {
  return { kind: 'price', price: value };
}

/** Settings like `TRADE` but for `changes`; a change to undefined leaves the field out. */
export function tradeSettings(changes: Readonly<Record<string, unknown>> = {}): SmartTradeSettings {
  const given = Object.fromEntries(
    Object.entries({ ...TRADE, ...changes }).filter(([, value]) => value !== undefined),
  );
  const parsed = parseSettings(given);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.errors));
  assert.ok(parsed.settings.kind === 'smartTrade');
  return parsed.settings;
}

export function tradeBot(
  changes: Readonly<Record<string, unknown>> = {},
  options: { readonly feeRatePpm?: number; readonly instrument?: Instrument } = {},
): SmartTradeBotState {
  return createBot({
    botId: 'test',
    clientOrderIdPrefix: 'k-',
    settings: tradeSettings(changes),
    instruments: [options.instrument ?? COIN],
    feeRatePpm: options.feeRatePpm ?? 0,
  });
}

/** Rows that bring `TRADE` to the point where 2.00 coins are held at 100.00, free of fees. */
export const BOUGHT: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
  ['accept 1-1'],
  [
    'fill 1-1 2.00 @ 100.00',
    'sell 1-2 takeProfit 1 1.00 @ 105.00 GTC',
    'sell 1-3 takeProfit 2 1.00 @ 110.00 GTC',
  ],
  ['end 1-1 filled 2.00'],
  ['accept 1-2'],
  ['accept 1-3'],
];
