// SPDX-License-Identifier: Apache-2.0
// The act by which a person says that orders which the desk did not make are his own: placed by hand, in the
// exchange's app, or by another program of his. The signer shows the person what the desk reports and keeps the word.

import { hash } from 'node:crypto';
import type { Fields } from '../fields.ts';
import type { Entry } from '../log/intent-log.ts';
import type { BoundAct } from './bound-act.ts';

export interface OwnTrade {
  readonly kind: 'ownTrade';
  readonly connection: string;
  /** One line for each order, as the desk reports it: side, quantity, symbol, price and the exchange's number. */
  readonly orders: readonly string[];
}

/** What marking reaches. */
export interface OwnTradeWorld {
  readonly append: (entries: readonly Entry[]) => void;
}

/** What a person can read through before saying yes; more are marked in several acts. */
const ORDERS_MAX = 40;
const ORDER_LINE =
  /^(?:buy|sell) [0-9.]{1,40} [A-Z0-9._-]{1,30} at [0-9.]{1,40}, order [0-9]{1,20}$/;

export function readOwnTrade(fields: Fields, connection: string): OwnTrade {
  const orders = fields.list('orders', ORDERS_MAX).map((value) => {
    if (typeof value === 'string' && ORDER_LINE.test(value)) return value;
    throw fields.error('orders', 'expected lines such as "buy 1.5 ETHUSDT at 2000, order 7"');
  });
  if (orders.length === 0) throw fields.error('orders', 'expected at least one order, found none');
  return { kind: 'ownTrade', connection, orders };
}

export function ownTrade({ connection, orders }: OwnTrade, { append }: OwnTradeWorld): BoundAct {
  return {
    needsConsent: true,
    lines: [
      'act: mark orders as my own, which this desk did not make',
      `connection: ${connection}`,
      ...orders.map((line, index) => `${index + 1}: ${line}`),
    ],
    objection: () => null,
    perform: ({ entry: { time } }) => {
      const digest = hash('sha256', orders.join('\n'), 'hex');
      const fields = { connection, note: 'owned', orders: orders.length, digest };
      append([{ time, kind: 'foreign.trade', fields }]);
    },
  };
}
