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
import { realisedChange } from '../risk/realised-today.ts';
import type { Bot } from './bot.ts';

/** A deal's own part of what the API shows; orders, fills and prices of the moment are added when it is read. */
type Summary = Omit<
  Deal,
  | 'orders'
  | 'fills'
  | 'ladder'
  | 'details'
  | 'lastPrice'
  | 'unrealisedProfit'
  | 'unrealisedProfitPercent'
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

/** What a deal, running or just ended, has realised beyond what its row said: decimal text in `asset`. */
export interface RealisedChange {
  readonly botId: string;
  readonly asset: string;
  readonly amount: string;
}

/** Told in the transaction that writes the deal. */
export interface ProjectionListener {
  /** A deal ended; said once of each, and never of one that failed before it traded anything. */
  readonly onEnded: (ended: EndedDeal) => void;
  readonly onRealised: (change: RealisedChange) => void;
}

function hasFailedUntraded({ position }: CoreDeal, status: Deal['status']): boolean {
  return status === 'failed' && position.boughtLots === 0 && position.soldLots === 0;
}

export class DealProjection {
  readonly #store: Store;
  readonly #listener: ProjectionListener;
  /** The number of deals of each bot that have ended and are written for good. */
  readonly #ended = new Map<string, number>();
  /** The rows of running deals as they were written last: most changes of a bot concern one deal. */
  readonly #written = new Map<string, { readonly text: string; readonly realised: string }>();

  constructor(store: Store, listener: ProjectionListener) {
    this.#store = store;
    this.#listener = listener;
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
      const written = this.#written.get(summary.id);
      if (written?.text === text) continue;
      const change = realisedChange(
        written?.realised ?? this.#storedRealised(bot.botId, deal.dealId),
        summary.realisedProfit,
      );
      if (summary.closedAt !== null) this.#written.delete(summary.id);
      else this.#written.set(summary.id, { text, realised: summary.realisedProfit });
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
      if (change !== null) {
        const { botId, quoteAsset: asset } = summary;
        this.#listener.onRealised({ botId, asset, amount: change });
      }
      if (summary.closedAt !== null && !hasFailedUntraded(deal, summary.status)) {
        this.#listener.onEnded({
          botId: bot.botId,
          symbol: deal.symbol,
          time: summary.closedAt,
          profit: summary.realisedProfit,
        });
      }
    }
    this.#ended.set(bot.botId, state.endedCount);
  }

  /** What the row of a deal says it has realised; '0' while there is none. */
  #storedRealised(botId: string, dealId: number): string {
    const row = this.#store.get(
      "SELECT json_extract(summary, '$.realisedProfit') AS realised FROM deals WHERE bot_id = ? AND deal_number = ?",
      botId,
      dealId,
    );
    return row === undefined ? '0' : textOf(row, 'realised');
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
      unrealisedProfit: orZero(view?.unrealisedProfit),
      unrealisedProfitPercent:
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
/** Rows of notes with the symbol of their deal, where they are of one. */
export const NOTES =
  'SELECT notes.*, deals.symbol FROM notes LEFT JOIN deals ON deals.bot_id = notes.bot_id AND deals.deal_number = notes.deal_number';

export function toNote(row: Row): Note {
  const botId = textOf(row, 'bot_id');
  const values: Note['values'] = JSON.parse(textOf(row, 'note_values'));
  const symbol = textOrNull(row, 'symbol');
  return {
    sequence: numberOf(row, 'sequence'),
    botId,
    dealId: `${botId}-${numberOf(row, 'deal_number')}`,
    time: numberOf(row, 'time'),
    kind: textOf(row, 'kind'),
    values,
    ...(symbol === null ? {} : { symbol }),
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
    realisedProfit: orZero(view.realisedProfit),
    realisedProfitPercent: orZero(view.realisedProfitPercent),
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

/** Who refused an order, as its row says. */
export function toRejectedBy(text: string | null): Order['rejectedBy'] {
  return REJECTERS.find((rejecter) => rejecter === text) ?? null;
}

/** `row[column]` where it is text. */
export function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

function orZero(text: string | undefined): string {
  return text === undefined || text === '' ? '0' : text;
}
