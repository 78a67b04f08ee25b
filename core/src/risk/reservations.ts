// SPDX-License-Identifier: Apache-2.0
// Coins that belong to running deals: no other deal may sell or spend them, though they lie on one account.

import type { DealBase, DealOrder } from '../bot/deal-order.ts';
import { leavesLots } from '../bot/deal-order.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE, type Instrument } from '../instrument.ts';
import type { OrderRole } from '../machine.ts';
import type { Side } from '../order.ts';
import {
  baseScale,
  costOf,
  heldBase,
  lotsBase,
  moneyScale,
  notionalMoney,
  power10,
  revenueOf,
} from '../position.ts';
import { divCeil } from '../units.ts';

/** What a deal keeps of one asset, at `ASSET_SCALE` decimals, rounded up. */
export interface Reservation {
  /** Coins that it bought and has not sold; of a short deal the proceeds that are to buy its coins back. */
  held: bigint;
  /** What its orders that are out need beyond these. */
  inOrders: bigint;
}

/** By asset. */
export type Reservations = ReadonlyMap<string, Reservation>;

/** What `deals` keep. */
export function reservationsOf(deals: readonly DealBase[]): Reservations {
  const reserved = new Map<string, Reservation>();
  for (const deal of deals) {
    const { instrument, position } = deal;
    const base = heldBase(position, instrument) + (deal.takenOver ?? 0n);
    // A deal that owes coins holds what it sold them for; one that holds coins owes nothing.
    const quote = base < 0n ? revenueOf(position, instrument) - costOf(position, instrument) : 0n;
    add(reserved, instrument.baseAsset, atLeastZero(base), sellsOf(deal), baseScale(instrument));
    add(reserved, instrument.quoteAsset, atLeastZero(quote), buysOf(deal), moneyScale(instrument));
  }
  return reserved;
}

/** The reservations of several bots as one. */
export function sumReservations(many: Iterable<Reservations>): Reservations {
  const sum = new Map<string, Reservation>();
  for (const reservations of many) {
    for (const [asset, { held, inOrders }] of reservations) {
      const known = sum.get(asset) ?? { held: 0n, inOrders: 0n };
      sum.set(asset, { held: known.held + held, inOrders: known.inOrders + inOrders });
    }
  }
  return sum;
}

/** What of a balance of `total` no deal keeps; never below zero. All at `ASSET_SCALE` decimals. */
export function unreserved(reserved: Reservations, asset: string, total: bigint): bigint {
  const kept = reserved.get(asset);
  return atLeastZero(kept === undefined ? total : total - kept.held - kept.inOrders);
}

/** An order about to leave. */
export interface ReservationQuestion {
  readonly role: OrderRole;
  readonly instrument: Instrument;
  readonly side: Side;
  readonly priceTicks: number;
  readonly lots: number;
}

export interface ReservationFault {
  readonly rule: 'reserved';
  readonly expected: string;
  readonly found: string;
}

/**
 * Why an entry may not have the coins it needs: deals hold them. Null where it may, where nobody holds any of that
 * asset (then the venue is the judge of the balance), and for exits, which use what their own deal holds. `total` is
 * the account's balance of the asset that the order gives away, null where it is not known.
 */
export function reservationFault(
  reserved: Reservations,
  question: ReservationQuestion,
  total: bigint | null,
): ReservationFault | null {
  if (question.role === 'exit' || total === null) return null;
  const asset = assetGiven(question);
  const held = reserved.get(asset)?.held ?? 0n;
  if (held === 0n) return null;
  const free = atLeastZero(total - held);
  const needed = amountGiven(question);
  if (needed <= free) return null;
  return {
    rule: 'reserved',
    expected: `at most ${text(free)} ${asset}, the rest is held by running deals`,
    found: `${text(needed)} ${asset}`,
  };
}

/** The asset that an order gives away: base of a sell, quote of a buy. */
export function assetGiven({
  instrument,
  side,
}: Pick<ReservationQuestion, 'instrument' | 'side'>): string {
  return side === 'sell' ? instrument.baseAsset : instrument.quoteAsset;
}

/** How much it gives away, at `ASSET_SCALE` decimals. */
export function amountGiven({ instrument, side, priceTicks, lots }: ReservationQuestion): bigint {
  return side === 'sell'
    ? toAssetScale(lotsBase(instrument, lots), baseScale(instrument))
    : toAssetScale(
        notionalMoney(instrument, BigInt(priceTicks) * BigInt(lots)),
        moneyScale(instrument),
      );
}

function sellsOf({ instrument, orders }: DealBase): bigint {
  return sum(orders, 'sell', (order) => lotsBase(instrument, leavesLots(order)));
}

function buysOf({ instrument, orders }: DealBase): bigint {
  return sum(orders, 'buy', (order) =>
    notionalMoney(instrument, BigInt(order.priceTicks) * BigInt(leavesLots(order))),
  );
}

function sum(
  orders: readonly DealOrder[],
  side: Side,
  amount: (order: DealOrder) => bigint,
): bigint {
  let total = 0n;
  for (const order of orders) {
    if (order.side !== side) continue;
    const partner = orders.find(({ clientOrderId }) => clientOrderId === order.pairedWith);
    if (partner === undefined) {
      total += amount(order);
    } else if (order.stopTicks !== undefined) {
      // Of a pair only one trades, and the venue keeps what the dearer one needs.
      const [own, others] = [amount(order), amount(partner)];
      total += own > others ? own : others;
    }
  }
  return total;
}

function add(
  reserved: Map<string, Reservation>,
  asset: string,
  held: bigint,
  ordered: bigint,
  scale: number,
): void {
  const beyond = atLeastZero(ordered - held);
  if (held === 0n && beyond === 0n) return;
  const known = reserved.get(asset) ?? { held: 0n, inOrders: 0n };
  reserved.set(asset, {
    held: known.held + toAssetScale(held, scale),
    inOrders: known.inOrders + toAssetScale(beyond, scale),
  });
}

function toAssetScale(amount: bigint, scale: number): bigint {
  return divCeil(amount, power10(scale - ASSET_SCALE));
}

function atLeastZero(amount: bigint): bigint {
  return amount < 0n ? 0n : amount;
}

function text(amount: bigint): string {
  return trimDecimal(formatDecimal(amount, ASSET_SCALE));
}
