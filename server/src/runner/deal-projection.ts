// SPDX-License-Identifier: Apache-2.0
// Deals as rows: what the desk lists and shows, written with every change of a bot.

import {
  dealLadder,
  dealView,
  ORDER_PURPOSES,
  formatPrice,
  formatQuantity,
  formatNotional,
  decodeJournal,
  formatPercent,
  toScaled,
  formatDecimal,
  trimDecimal,
  ASSET_SCALE,
  type Deal as CoreDeal,
  type DealView,
  type Fill as CoreFill,
  type Instrument,
  type OrderRequest,
  type Quote,
} from '@kontor/core';
import type { Deal, DealDetails, Fill, LadderStep, Note, Order } from '../api/schemas.ts';
import { numberOf, textOf, type Row, type Store } from '../store/store.ts';
import type { Bot } from './bot.ts';

/** A deal's own part of what the API shows; orders, fills and prices of the moment are added when it is read. */
type Summary = Omit<
  Deal,
  | 'orders'
  | 'fills'
  | 'ladder'
  | 'details'
  | 'lastPrice'
  | 'unrealizedProfit'
  | 'unrealizedProfitPercent'
> & {
  readonly baseAverage: string;
  readonly rungs: readonly Omit<LadderStep, 'state'>[];
};

/** Deals that were written when there was one kind only do not name it. */
type StoredSummary = Omit<Summary, 'kind' | 'direction'> &
  Partial<Pick<Summary, 'kind' | 'direction'>>;

/** Holds every amount of any instrument. */
const WIDE_SCALE = 24;

const STATUS: Readonly<Record<DealView['status'], Deal['status']>> = {
  opening: 'starting',
  active: 'open',
  closing: 'closing',
  cancelling: 'closing',
  completed: 'completed',
  stopLoss: 'completed',
  closed: 'completed',
  cancelled: 'cancelled',
  failed: 'failed',
};

/** A deal that ended, with its profit as decimal text in its quote asset. */
export interface EndedDeal {
  readonly botId: string;
  readonly symbol: string;
  readonly time: number;
  readonly profit: string;
}

export class DealProjection {
  readonly #store: Store;
  /** The number of deals of each bot that have ended and are written for good. */
  readonly #onEnded: (ended: EndedDeal) => void;
  readonly #ended = new Map<string, number>();
  /** The rows of running deals as they were written last: most changes of a bot concern one deal. */
  readonly #written = new Map<string, string>();

  /** `onEnded` is told of each deal that ends, once. */
  constructor(store: Store, onEnded: (ended: EndedDeal) => void) {
    this.#store = store;
    this.#onEnded = onEnded;
  }

  /** The bot is in the state the rows were last written for: what it has ended is known already. */
  resume(bot: Bot): void {
    this.#ended.set(bot.botId, bot.state.endedCount);
  }

  /** Writes the rows of all deals that may have changed; to be called inside the transaction of the change. */
  write(bot: Bot): void {
    const { state } = bot;
    const known = this.#ended.get(bot.botId) ?? 0;
    const fresh = Math.min(state.endedCount - known, state.endedDeals.length);
    for (const deal of [
      ...state.endedDeals.slice(state.endedDeals.length - fresh),
      ...state.deals,
    ]) {
      const summary = toSummary(bot, deal);
      const text = JSON.stringify(summary);
      if (this.#written.get(summary.id) === text) continue;
      if (summary.closedAt === null) this.#written.set(summary.id, text);
      else this.#written.delete(summary.id);
      this.#store.run(
        `INSERT INTO deals (bot_id, deal_number, symbol, status, opened_at, closed_at, summary) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (bot_id, deal_number) DO UPDATE SET status = excluded.status, closed_at = excluded.closed_at, summary = excluded.summary`,
        bot.botId,
        deal.dealId,
        deal.symbol,
        summary.status,
        summary.openedAt,
        summary.closedAt,
        text,
      );
      if (summary.closedAt !== null) {
        this.#onEnded({
          botId: bot.botId,
          symbol: deal.symbol,
          time: summary.closedAt,
          profit: summary.realizedProfit,
        });
      }
    }
    this.#ended.set(bot.botId, state.endedCount);
  }

  /** The deal of a row of `deals`, with its orders and fills; `live` adds what the coins would bring now. */
  read(
    row: Row,
    instrument: Instrument,
    live: { readonly deal: CoreDeal; readonly quote: Quote } | null,
    details: DealDetails | null,
  ): Deal {
    const botId = textOf(row, 'bot_id');
    const number = numberOf(row, 'deal_number');
    // Written by `write` above, in this or an earlier process of the same store version.
    const { rungs, baseAverage, ...summary }: StoredSummary = JSON.parse(textOf(row, 'summary'));
    const view = live === null ? null : dealView(live.deal, live.quote.last);
    const orderRows = this.#store.all(
      'SELECT * FROM orders WHERE bot_id = ? AND deal_number = ? ORDER BY placed_at, rowid',
      botId,
      number,
    );
    const orders = orderRows.map((order) => toOrder(order, instrument));
    return {
      kind: 'dca',
      direction: 'long',
      ...summary,
      details,
      lastPrice: live === null ? null : formatPrice(instrument, live.quote.last),
      unrealizedProfit: orZero(view?.unrealisedProfit),
      unrealizedProfitPercent:
        view === null ? '0' : percentOf(view.unrealisedProfit, view.invested ?? view.cost),
      ladder: [
        ...baseStep(orders, baseAverage),
        ...rungs.map((rung) => ({ ...rung, state: ladderState(rung.index, orderRows) })),
      ],
      orders,
      fills: this.#store
        .all(
          'SELECT * FROM fills WHERE bot_id = ? AND deal_number = ? ORDER BY time, rowid',
          botId,
          number,
        )
        .map((fill) => toFill(fill, instrument)),
    };
  }
}

/** A row of `notes` as the API shows it. */
export function toNote(row: Row): Note {
  const botId = textOf(row, 'bot_id');
  const values: Note['values'] = JSON.parse(textOf(row, 'note_values'));
  return {
    sequence: numberOf(row, 'sequence'),
    botId,
    dealId: `${botId}-${numberOf(row, 'deal_number')}`,
    time: numberOf(row, 'time'),
    kind: textOf(row, 'kind'),
    values,
  };
}

/** `part` in percent of `whole`, both decimal text, to two decimals; '0' of nothing. */
export function percentOf(part: string, whole: string): string {
  if (part === '') return '0';
  const percent = formatPercent(
    toScaled(part, WIDE_SCALE, 'part'),
    toScaled(whole, WIDE_SCALE, 'whole'),
    2,
  );
  return percent === '' ? '0' : percent;
}

function toSummary(bot: Bot, deal: CoreDeal): Summary {
  const view = dealView(deal);
  const { instrument } = deal;
  return {
    id: `${bot.botId}-${deal.dealId}`,
    botId: bot.botId,
    botName: bot.state.settings.name,
    number: deal.dealId,
    kind: deal.kind,
    direction: 'plan' in deal ? deal.plan.direction : (view.direction ?? 'long'),
    symbol: deal.symbol,
    baseAsset: instrument.baseAsset,
    quoteAsset: instrument.quoteAsset,
    status: STATUS[view.status],
    reason:
      deal.phase.kind === 'ended'
        ? view.reason === ''
          ? view.status
          : view.reason
        : view.waitingFor,
    openedAt: view.openedTime,
    closedAt: deal.phase.kind === 'ended' ? view.closedTime : null,
    quantity: view.heldQuantity,
    cost: view.cost,
    averagePrice: orNull(view.average),
    breakEvenPrice: orNull(view.breakEven),
    takeProfitPrice: orNull(view.takeProfit),
    stopLossPrice: orNull(view.stopLoss),
    realizedProfit: orZero(view.realisedProfit),
    realizedProfitPercent: orZero(view.realisedProfitPercent),
    filledSafetyOrders: view.steps.filled,
    baseAverage: view.baseAverage,
    rungs: (deal.kind === 'dca' ? dealLadder(deal) : []).map((rung) => ({
      index: rung.number,
      deviationPercent: rung.deviation,
      price: rung.price,
      quantity: rung.quantity,
      notional: rung.volume,
    })),
  };
}

/** Step 0 of the ladder: the last base order sent, at what it cost on average once it is bought. */
function baseStep(orders: readonly Order[], baseAverage: string): readonly LadderStep[] {
  const order = orders.findLast(({ purpose }) => purpose === 'baseOrder');
  if (order === undefined) return [];
  const isFilled = Number(order.filledQuantity) > 0;
  const quantity = isFilled ? order.filledQuantity : order.quantity;
  const state = order.state === 'rejected' ? 'rejected' : isFilled ? 'filled' : 'placed';
  const price = baseAverage === '' ? order.price : baseAverage;
  return [
    { index: 0, state, deviationPercent: '0', price, quantity, notional: times(price, quantity) },
  ];
}

/** The product of two decimal texts, exact. */
function times(left: string, right: string): string {
  const product = toScaled(left, WIDE_SCALE, 'price') * toScaled(right, WIDE_SCALE, 'quantity');
  return trimDecimal(formatDecimal(product, 2 * WIDE_SCALE));
}

function ladderState(index: number, orders: readonly Row[]): LadderStep['state'] {
  const purpose = index === 0 ? 'baseOrder' : 'safetyOrder';
  const last = orders.findLast(
    (row) => row['purpose'] === purpose && row['ladder_index'] === index,
  );
  if (last === undefined) return 'waiting';
  switch (textOf(last, 'state')) {
    case 'filled':
      return 'filled';
    case 'rejected':
      return 'rejected';
    case 'intended':
    case 'ambiguous':
    case 'open':
      return 'placed';
    default:
      return numberOf(last, 'filled_lots') > 0 ? 'filled' : 'waiting';
  }
}

function toOrder(row: Row, instrument: Instrument): Order {
  const request = decodeJournal<OrderRequest>(textOf(row, 'request'));
  return {
    clientOrderId: request.clientOrderId,
    exchangeOrderId: textOrNull(row, 'exchange_order_id'),
    purpose: toPurpose(textOf(row, 'purpose')),
    side: request.side,
    type: request.type,
    timeInForce: request.timeInForce,
    price: formatPrice(instrument, request.priceTicks),
    quantity: formatQuantity(instrument, request.quantity),
    filledQuantity: formatQuantity(instrument, numberOf(row, 'filled_lots')),
    state: toOrderState(textOf(row, 'state')),
    rejectedBy: toRejectedBy(textOrNull(row, 'rejected_by')),
    rule: textOrNull(row, 'rule'),
    reason: textOrNull(row, 'reason'),
    placedAt: numberOf(row, 'placed_at'),
    endedAt: typeof row['ended_at'] === 'number' ? row['ended_at'] : null,
  };
}

function toFill(row: Row, instrument: Instrument): Fill {
  const fill = decodeJournal<CoreFill>(textOf(row, 'fill'));
  return {
    tradeId: fill.tradeId,
    clientOrderId: textOf(row, 'client_order_id'),
    time: fill.time,
    side: textOf(row, 'side') === 'buy' ? 'buy' : 'sell',
    price: formatPrice(instrument, fill.priceTicks),
    quantity: formatQuantity(instrument, fill.quantity),
    notional: formatNotional(instrument, fill.priceTicks, fill.quantity),
    commission: trimDecimal(formatDecimal(fill.commission, ASSET_SCALE)),
    commissionAsset: fill.commissionAsset,
  };
}

const ORDER_STATES = [
  'intended',
  'ambiguous',
  'open',
  'filled',
  'cancelled',
  'expired',
  'rejected',
] as const;
const REJECTERS = ['desk', 'policy', 'exchange'] as const;

function toPurpose(text: string): Order['purpose'] {
  return ORDER_PURPOSES.find((purpose) => purpose === text) ?? 'close';
}

function toOrderState(text: string): Order['state'] {
  return ORDER_STATES.find((state) => state === text) ?? 'ambiguous';
}

function toRejectedBy(text: string | null): Order['rejectedBy'] {
  return REJECTERS.find((rejecter) => rejecter === text) ?? null;
}

function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

function orZero(text: string | undefined): string {
  return text === undefined || text === '' ? '0' : text;
}
