// SPDX-License-Identifier: Apache-2.0
// Any intent that uses a key, drawn for properties.

import fc from 'fast-check';
import type { KeyIntent } from '../src/binance/requests.ts';
import type { Unnumbered } from './fixture.ts';

const connection = fc.constant('c_ABCDEF2');
const digits = fc.stringMatching(/^[0-9]{1,15}$/).filter((text) => /[1-9]/.test(text));
const number = digits.map((text) => String(BigInt(text)));
const decimal = fc
  .tuple(number, fc.option(fc.stringMatching(/^[0-9]{1,8}$/)))
  .map(([whole, fraction]) => (fraction === null ? whole : `${whole}.${fraction}`));
const symbol = fc.stringMatching(/^[A-Z0-9][A-Z0-9._-]{0,19}$/);
/** As long as an ID may be that the signer's tag follows. */
const clientOrderId = fc.stringMatching(/^[A-Za-z0-9_-]{1,24}$/);
const side = fc.constantFrom('buy' as const, 'sell' as const);

const order = fc.record({
  symbol,
  side,
  type: fc.constantFrom('limit' as const, 'limitMaker' as const),
  timeInForce: fc.constant('GTC' as const),
  price: decimal,
  quantity: decimal,
  clientOrderId,
});

const pair = fc
  .record({ symbol, side, quantity: decimal, price: decimal, stopPrice: decimal, clientOrderId })
  .map(({ price, stopPrice, ...shared }) => ({
    takeProfit: { ...shared, type: 'limitMaker' as const, timeInForce: 'GTC' as const, price },
    stopLoss: {
      ...shared,
      type: 'stopLimit' as const,
      timeInForce: 'GTC' as const,
      price,
      stopPrice,
      clientOrderId: `${shared.clientOrderId}s`,
    },
  }));

const ofKind = <const K extends string>(...kinds: readonly K[]): fc.Arbitrary<K> =>
  fc.constantFrom(...kinds);

export const anyKeyIntent: fc.Arbitrary<Unnumbered<KeyIntent>> = fc.oneof(
  fc.record({ kind: ofKind('placeOrder'), connection, order }),
  fc
    .tuple(connection, pair)
    .map(([at, orders]) => ({ kind: 'placePair' as const, connection: at, ...orders })),
  fc.record({ kind: ofKind('cancelOrder', 'queryOrder'), connection, symbol, clientOrderId }),
  fc.record({ kind: ofKind('identifyOrder'), connection, symbol, exchangeOrderId: number }),
  fc.record({ kind: ofKind('queryOpenOrders'), connection, symbol }),
  fc.record({ kind: ofKind('queryOpenOrders'), connection }),
  fc.record({ kind: ofKind('queryFills'), connection, symbol, fromTradeId: number }),
  fc.record({ kind: ofKind('queryFills'), connection, symbol, exchangeOrderId: number }),
  fc.record({ kind: ofKind('queryAccount', 'queryPermissions', 'subscribe'), connection }),
  // The other steps need answers in between.
  fc.record({ kind: ofKind('probeAddress'), connection, step: fc.constant('before' as const) }),
);
