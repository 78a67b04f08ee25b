// SPDX-License-Identifier: Apache-2.0
// Reconciliation as the API shows it: how the last comparison went, orphans, findings, and what a person decides.

import { trimDecimal } from '@kontor/core';
import type { ListedOrder } from '@kontor/exchange';
import type { Finding, ForeignOrder, Orphan, Reconciliation } from '../api/schemas.ts';
import type { FindingBook } from './findings.ts';
import type { Orphan as KnownOrphan, OrphanBook } from './orphans.ts';
import type { Decision, Reconciler } from './reconcile.ts';

/** What a page shows without asking for more. */
const SHOWN_MAX = 50;

export interface ReconciliationParts {
  readonly reconciler: Pick<Reconciler, 'status' | 'adopt' | 'cancel' | 'request'>;
  readonly orphans: OrphanBook;
  readonly findings: FindingBook;
}

export type ShownDecision =
  { readonly ok: true; readonly orphan: Orphan } | Extract<Decision, { readonly ok: false }>;

export class ReconciliationView {
  readonly #parts: ReconciliationParts;

  constructor(parts: ReconciliationParts) {
    this.#parts = parts;
  }

  overview(): Reconciliation {
    const { sweptAt, fault, foreignCount, foreignOrders } = this.#parts.reconciler.status;
    return {
      sweptAt,
      fault,
      foreignCount,
      foreignOrders: foreignOrders.slice(0, SHOWN_MAX).map(toForeignOrder),
      orphans: this.orphans(SHOWN_MAX),
      findings: this.findings(SHOWN_MAX),
    };
  }

  orphans(limit: number): Orphan[] {
    return this.#parts.orphans.list(limit).map(toShownOrphan);
  }

  findings(limit: number): Finding[] {
    return this.#parts.findings
      .latest(limit)
      .map((finding) => ({ ...finding, values: { ...finding.values } }));
  }

  async decide(orphanId: string, decision: 'adopt' | 'cancel'): Promise<ShownDecision> {
    const decided = await this.#parts.reconciler[decision](Number(orphanId));
    return decided.ok ? { ok: true, orphan: toShownOrphan(decided.orphan) } : decided;
  }

  /** A person wants a comparison now; it comes as soon as the bounded rate allows. */
  sweep(): void {
    this.#parts.reconciler.request('person');
  }
}

function toForeignOrder(order: ListedOrder): ForeignOrder {
  const { symbol, clientOrderId, exchangeOrderId, side, price, quantity, filledQuantity } = order;
  return {
    symbol,
    clientOrderId,
    exchangeOrderId,
    side,
    price: plain(price),
    quantity: plain(quantity),
    filledQuantity: plain(filledQuantity),
    placedAt: order.time,
  };
}

function toShownOrphan(orphan: KnownOrphan): Orphan {
  const { botId, dealNumber, order } = orphan;
  return {
    ...toForeignOrder(order),
    id: String(orphan.orphanId),
    orderState: order.state,
    state: orphan.state,
    reason: orphan.reason,
    dealId: botId === null || dealNumber === null ? null : `${botId}-${dealNumber}`,
    firstSeenAt: orphan.firstSeenAt,
    updatedAt: orphan.updatedAt,
  };
}

/** Other programs' orders may lack a price; what is no number is shown as it is. */
function plain(text: string): string {
  return /^\d+\.\d+$/.test(text) ? trimDecimal(text) : text;
}
