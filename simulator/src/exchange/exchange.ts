// SPDX-License-Identifier: Apache-2.0
// The venue: accounts, keys, orders and lists over one matching engine per symbol, and what its listeners hear.

import {
  assert,
  ASSET_SCALE,
  MatchingEngine,
  type EngineEvents,
  type EngineTrade,
} from '@kontor/core';
import { KeyRing, type ApiKey, type KeyRequest, type RegisteredKey } from '../auth.ts';
import {
  BAD_PRICE_RELATION,
  DUPLICATE_ORDER,
  filterFailure,
  INSUFFICIENT_BALANCE,
  refusal,
  refuse,
  UNKNOWN_ORDER,
  WOULD_TAKE,
  WOULD_TRIGGER,
  type Outcome,
  type Refusal,
} from '../errors.ts';
import { BINANCE_LIMITS, OrderCounts, type LimitOptions } from '../limits.ts';
import type {
  BookChange,
  ExchangeListener,
  FollowedQuotes,
  FollowedTrade,
  House,
  SimulatorClock,
  SimulatorInstrument,
  TradeEvent,
} from '../ports.ts';
import { Account, hasActed, type Lock } from './account.ts';
import {
  accountPosition,
  amendedBody,
  cancelledBody,
  executionReport,
  listBody,
  listStatus,
  placedBody,
  type Body,
  type Execution,
  type ResponseType,
} from './bodies.ts';
import { checkCounts, checkOrder, keepsLotRange } from './filters.ts';
import { OrderHistory } from './history.ts';
import { drawId } from './ids.ts';
import { assetScales, Market, toUnits, unitsText, type AssetScales } from './market.ts';
import { restoreExchange, snapshotExchange, type ExchangeSnapshot } from './snapshot.ts';
import {
  ENGINE_STP,
  ENGINE_TYPE,
  isMarketKind,
  isOpen,
  isStop,
  leavesLots,
  triggersAbove,
  type ListKind,
  type NewOrder,
  type OrderList,
  type OrderStatus,
  type PreventedMatch,
  type StpMode,
  type VenueFill,
  type VenueOrder,
  type WireSide,
} from './venue-order.ts';

const HOUSE_ID = 0;
const DEFAULT_FEE_PPM = 1000;
const PPM = 1_000_000n;
/** Follow-up steps of one request: stops that trigger, legs that end. More mean a loop of ours. */
const STEPS_MAX = 1_000_000;
/** A house quote is as large as its value in ticks × lots may be, halved for what users add to its level. */
const HOUSE_NOTIONAL = 2 ** 52;
/** Levels looked at first when a market order's cost is worked out. */
const WALK_LEVELS = 32;
/** A stop waits in the engine as an order of this size that can never fill; see `#placeSentinel`. */
const SENTINEL_LOTS = Number.MAX_SAFE_INTEGER;
const BIPS = 10_000;
/** The names that user events give to refusals. */
const REJECT_REASONS: ReadonlyMap<string, string> = new Map([
  [INSUFFICIENT_BALANCE.message, 'INSUFFICIENT_BALANCES'],
  [WOULD_TRIGGER.message, 'STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY'],
  [WOULD_TAKE.message, 'WOULD_MATCH_IMMEDIATELY'],
  [BAD_PRICE_RELATION.message, 'OCO_BAD_PRICES'],
]);

export interface ExchangeOptions {
  readonly instruments: readonly SimulatorInstrument[];
  readonly clock: SimulatorClock;
  readonly listener: ExchangeListener;
  /** Commission rates of new accounts. */
  readonly makerFeePpm?: number;
  readonly takerFeePpm?: number;
  readonly limits?: LimitOptions;
  /** Closed orders kept for queries; older ones are forgotten. */
  readonly historyOrdersMax?: number;
  /** On a followed market: users trade no more than what was traded or quoted there. */
  readonly fillsByVolume?: boolean;
  /** False where what users trade leaves last and average prices as they are. */
  readonly hasUserTrades?: boolean;
}

export interface PlacedOrder {
  readonly order: VenueOrder;
  readonly body: Body;
}

/** How a request names an order. */
export interface OrderName {
  readonly orderId: number | undefined;
  readonly clientOrderId: string | undefined;
}

export interface CancelRequest extends OrderName {
  readonly newClientOrderId: string | undefined;
  readonly restriction: 'ONLY_NEW' | 'ONLY_PARTIALLY_FILLED' | undefined;
}

export interface ListRequest {
  readonly kind: ListKind;
  readonly listClientOrderId: string | undefined;
  /** Absent in an OCO. */
  readonly working: NewOrder | undefined;
  /** The OCO's legs or what waits for the working order; stop-loss leg first. */
  readonly pending: readonly NewOrder[];
}

type Notice =
  | { readonly kind: 'trade'; readonly trade: TradeEvent }
  | { readonly kind: 'book'; readonly change: BookChange }
  | { readonly kind: 'user'; readonly accountId: number; readonly payload: Body };

type Step =
  | { readonly kind: 'trigger'; readonly order: VenueOrder }
  | { readonly kind: 'list'; readonly list: OrderList };

export class Exchange {
  readonly house: House;
  readonly clock: SimulatorClock;
  readonly orderCounts: OrderCounts;
  readonly keys: KeyRing = new KeyRing();
  readonly history: OrderHistory;
  readonly #listener: ExchangeListener;
  readonly #makerFeePpm: number;
  readonly #takerFeePpm: number;
  readonly #fillsByVolume: boolean;
  readonly #hasUserTrades: boolean;
  readonly #scales: AssetScales;
  readonly #markets = new Map<string, Market>();
  readonly #accounts: Account[] = [];
  readonly #lists = new Map<number, OrderList>();
  #nextListId = 0;
  #drawnIds = 0;
  /** What listeners are to hear once the request is done, in order. */
  #notices: Notice[] = [];
  #isFlushing = false;
  #steps: Step[] = [];
  /** Assets of each account that the request at work touched. */
  readonly #touched = new Map<Account, Set<string>>();
  readonly #hitHouses = new Set<Market>();

  constructor(options: ExchangeOptions) {
    this.clock = options.clock;
    this.#listener = options.listener;
    this.#makerFeePpm = options.makerFeePpm ?? DEFAULT_FEE_PPM;
    this.#takerFeePpm = options.takerFeePpm ?? DEFAULT_FEE_PPM;
    this.#fillsByVolume = options.fillsByVolume ?? false;
    this.#hasUserTrades = options.hasUserTrades ?? true;
    this.#scales = assetScales(options.instruments);
    this.orderCounts = new OrderCounts(options.limits ?? BINANCE_LIMITS, () => this.clock.wallMs());
    this.history = new OrderHistory(options.historyOrdersMax);
    for (const instrument of options.instruments) {
      const market = new Market(
        instrument,
        this.#scales,
        (owner) => new MatchingEngine(this.#sinkOf(owner)),
      );
      this.#markets.set(instrument.symbol, market);
    }
    this.house = {
      moveTo: (symbol, priceTicks, printLots, takerSide) => {
        this.#moveHouse(this.#known(symbol), priceTicks, printLots, takerSide);
      },
      // The maker ID names the order to its market source alone; the venue books every one on account 0.
      place: (symbol, side, type, priceTicks, lots) =>
        this.#placeHouse(this.#known(symbol), side, type, priceTicks, lots),
      cancel: (symbol, orderId) => {
        this.#known(symbol).engine.cancel(orderId);
        this.#finish();
      },
      quote: (symbol, quotes) => this.#quoteFollowed(this.#known(symbol), quotes),
      print: (symbol, trade) => this.#printFollowed(this.#known(symbol), trade),
      withdraw: (symbol) => {
        const market = this.#known(symbol);
        market.followed = undefined;
        this.#removeQuotes(market);
        this.#finish();
      },
    };
  }

  static restore(snapshot: ExchangeSnapshot, options: ExchangeOptions): Exchange {
    const exchange = new Exchange(options);
    restoreExchange(exchange, snapshot);
    return exchange;
  }

  /** The whole venue as plain JSON data. Call it between requests. */
  snapshot(): ExchangeSnapshot {
    return snapshotExchange(this);
  }

  market(symbol: string): Market | undefined {
    return this.#markets.get(symbol);
  }

  markets(): Iterable<Market> {
    return this.#markets.values();
  }

  createAccount(name: string, fees?: { makerFeePpm?: number; takerFeePpm?: number }): Account {
    const account = new Account({
      accountId: this.#accounts.length + 1,
      name,
      makerFeePpm: fees?.makerFeePpm ?? this.#makerFeePpm,
      takerFeePpm: fees?.takerFeePpm ?? this.#takerFeePpm,
      scales: this.#scales,
      time: this.clock.marketMs(),
    });
    this.#accounts.push(account);
    return account;
  }

  account(accountId: number): Account | undefined {
    return this.#accounts[accountId - 1];
  }

  accounts(): readonly Account[] {
    return this.#accounts;
  }

  /** Adds to an account's free balance; a negative amount takes away. Throws RangeError when too little is free. */
  deposit(accountId: number, asset: string, amountText: string): void {
    const account = this.account(accountId);
    if (account === undefined) throw new RangeError(`accountId must exist, was ${accountId}`);
    const scale = account.scaleOf(asset);
    const amount = toUnits(amountText, scale, 'amount');
    const { free } = account.balance(asset);
    if (free + amount < 0n) {
      throw new RangeError(`amount must leave ${asset} at 0 or more, was ${amountText}`);
    }
    account.receive(asset, amount);
    const time = this.clock.marketMs();
    account.updateTime = time;
    this.#tellUser(account, {
      e: 'balanceUpdate',
      E: time,
      a: asset,
      d: unitsText(amount, scale),
      T: time,
    });
    this.#touch(account, asset);
    this.#finish();
  }

  registerKey(request: KeyRequest): RegisteredKey {
    if (this.account(request.accountId) === undefined) {
      throw new RangeError(`accountId must exist, was ${request.accountId}`);
    }
    return this.keys.register(request, this.clock.wallMs());
  }

  key(apiKey: string): ApiKey | undefined {
    return this.keys.find(apiKey);
  }

  list(orderListId: number): OrderList | undefined {
    return this.#lists.get(orderListId);
  }

  /** The book as the wire has it, best price first. */
  depth(
    symbol: string,
    limit: number,
  ): { lastUpdateId: number; bids: string[][]; asks: string[][] } {
    const market = this.#known(symbol);
    const side = (levels: readonly (readonly [number, number])[]): string[][] =>
      levels.map(([ticks, lots]) => [market.priceText(ticks), market.quantityText(lots)]);
    return {
      lastUpdateId: market.counters.lastUpdateId,
      bids: side(market.depth('buy', limit)),
      asks: side(market.depth('sell', limit)),
    };
  }

  bookTicker(symbol: string): {
    symbol: string;
    bidPrice: string;
    bidQty: string;
    askPrice: string;
    askQty: string;
  } {
    const market = this.#known(symbol);
    const [bid = 0, bidLots = 0] = market.depth('buy', 1)[0] ?? [];
    const [ask = 0, askLots = 0] = market.depth('sell', 1)[0] ?? [];
    return {
      symbol,
      bidPrice: market.priceText(bid),
      bidQty: market.quantityText(bidLots),
      askPrice: market.priceText(ask),
      askQty: market.quantityText(askLots),
    };
  }

  lastUpdateId(symbol: string): number {
    return this.#known(symbol).counters.lastUpdateId;
  }

  /** Why `order` would be refused before it reaches the book; undefined when it would not. */
  check(account: Account, market: Market, orders: readonly NewOrder[]): Refusal | undefined {
    if (market.status !== 'TRADING') return refusal(-1013, 'Market is closed.');
    const time = this.clock.marketMs();
    for (const order of orders) {
      const broken = checkOrder(market, order, time);
      if (broken !== undefined) return broken;
    }
    const ids = orders.flatMap((order) => order.clientOrderId ?? []);
    if (new Set(ids).size < ids.length) return DUPLICATE_ORDER;
    for (const id of ids) {
      const earlier = account.orderByClientId(market.symbol, id);
      if (earlier !== undefined && isOpen(earlier)) return DUPLICATE_ORDER;
    }
    return checkCounts(market, account, orders);
  }

  place(
    account: Account,
    market: Market,
    wanted: NewOrder,
    type: ResponseType,
  ): Outcome<PlacedOrder> {
    const refused = this.check(account, market, [wanted]);
    if (refused !== undefined) return { ok: false, refusal: refused };
    const sized = this.#size(account, market, wanted);
    if (!sized.ok) return sized;
    const order = this.#record(account, market, sized.value, undefined);
    const begun = this.#begin(order);
    if (begun !== undefined) return { ok: false, refusal: begun };
    const body = placedBody(order, type, order.time);
    this.#finish();
    return { ok: true, value: { order, body } };
  }

  /** Tells an account that the new order of its cancel-replace was refused after the cancel was done. */
  reportRejected(account: Account, market: Market, wanted: NewOrder, reason: Refusal): void {
    const order = this.#record(account, market, wanted, undefined);
    market.counters.nextOrderId = order.orderId;
    order.status = 'REJECTED';
    const payload = executionReport(order, {
      type: 'REJECTED',
      time: order.time,
      executionId: this.#nextExecutionId(market),
      rejectReason: REJECT_REASONS.get(reason.message) ?? String(reason.code),
    });
    this.#tellUser(account, { ...payload, i: -1 });
    this.#finish();
  }

  /** An open order by its ID, its client order ID or both; -2011 when there is none. */
  findOpen(account: Account, market: Market, name: OrderName): Outcome<VenueOrder> {
    const order = this.history.find(account, market, name);
    if (order === undefined || !isOpen(order)) return { ok: false, refusal: UNKNOWN_ORDER };
    return { ok: true, value: order };
  }

  /** Cancels one order, or the whole list it belongs to; the answer is of that kind. */
  cancel(account: Account, market: Market, request: CancelRequest): Outcome<Body> {
    const found = this.findOpen(account, market, request);
    if (!found.ok) return found;
    const order = found.value;
    const restricted =
      (request.restriction === 'ONLY_NEW' && order.status !== 'NEW') ||
      (request.restriction === 'ONLY_PARTIALLY_FILLED' && order.status !== 'PARTIALLY_FILLED');
    if (restricted) return refuse(-2011, 'Order was not canceled due to cancel restrictions.');
    const cancelId = request.newClientOrderId ?? this.drawId();
    const body = this.#cancelWhole(order, cancelId);
    this.#finish();
    return { ok: true, value: body };
  }

  cancelList(list: OrderList, newClientOrderId: string | undefined): Outcome<Body> {
    if (list.isDone) return { ok: false, refusal: UNKNOWN_ORDER };
    const body = this.#cancelLegs(list, newClientOrderId ?? this.drawId());
    this.#finish();
    return { ok: true, value: body };
  }

  /** Cancels every open order of a symbol; -2011 when there is none. */
  cancelAll(account: Account, market: Market): Outcome<Body[]> {
    const cancelId = this.drawId();
    const bodies: Body[] = [];
    for (const order of Array.from(account.openOrders)) {
      if (order.market === market && isOpen(order)) bodies.push(this.#cancelWhole(order, cancelId));
    }
    if (bodies.length === 0) return { ok: false, refusal: UNKNOWN_ORDER };
    this.#finish();
    return { ok: true, value: bodies };
  }

  /** Lowers an open order's quantity; it keeps its place in the queue. */
  amend(
    account: Account,
    market: Market,
    request: OrderName & {
      readonly newLots: number;
      readonly newClientOrderId: string | undefined;
    },
  ): Outcome<Body> {
    const order = this.history.find(account, market, request);
    if (order === undefined || !isOpen(order)) return refuse(-2038, UNKNOWN_ORDER.message);
    const refused = this.#mayAmend(order, request.newLots, request.newClientOrderId);
    if (refused !== undefined) return { ok: false, refusal: refused };
    const time = this.clock.marketMs();
    const origLots = order.quantityLots;
    for (const leg of amendedTogether(order)) {
      account.counts(market.symbol).buyLots +=
        leg.side === 'BUY' ? request.newLots - leg.quantityLots : 0;
      if (leg.engineId !== 0 && !isWaiting(leg)) {
        const isReduced = market.engine.reduce(leg.engineId, request.newLots);
        assert(isReduced, 'Invariant: an open order on the book takes a smaller quantity');
      }
      leg.quantityLots = request.newLots;
      leg.updateTime = time;
      this.#settle(leg);
    }
    const original = order.clientOrderId;
    account.forgetClientId(order);
    order.clientOrderId = request.newClientOrderId ?? this.drawId();
    account.byClientOrderId.set(`${market.symbol} ${order.clientOrderId}`, order);
    const executionId = this.#nextExecutionId(market);
    const amendment = {
      executionId,
      origClientOrderId: original,
      newClientOrderId: order.clientOrderId,
      origLots,
      newLots: request.newLots,
      time,
    };
    order.amendments.push(amendment);
    for (const leg of amendedTogether(order)) {
      this.#report(leg, {
        type: 'REPLACED',
        time,
        executionId: leg === order ? executionId : this.#nextExecutionId(market),
        ...(leg === order ? { clientOrderIds: { current: order.clientOrderId, original } } : {}),
      });
    }
    if (order.list !== undefined && original !== order.clientOrderId) {
      this.#tellUser(account, listStatus(order.list, 'UPDATED', time));
    }
    const body = amendedBody(order, amendment);
    this.#finish();
    return { ok: true, value: body };
  }

  placeList(
    account: Account,
    market: Market,
    request: ListRequest,
    type: ResponseType,
  ): Outcome<Body> {
    const wanted = [
      ...(request.working === undefined ? [] : [request.working]),
      ...request.pending,
    ];
    const refused = this.#mayPlaceList(account, market, request, wanted);
    if (refused !== undefined) return { ok: false, refusal: refused };
    const list: OrderList = {
      orderListId: this.#nextListId,
      account,
      market,
      kind: request.kind,
      listClientOrderId: request.listClientOrderId ?? this.drawId(),
      transactionTime: this.clock.marketMs(),
      orders: [],
      isDone: false,
      isActivated: request.kind === 'OCO',
    };
    for (const order of wanted) list.orders.push(this.#record(account, market, order, list));
    const begun = this.#beginList(list);
    if (begun !== undefined) return { ok: false, refusal: begun };
    this.#nextListId += 1;
    this.#lists.set(list.orderListId, list);
    account.lists.push(list);
    account.openLists.add(list);
    account.counts(market.symbol).lists += 1;
    this.#tellUser(account, listStatus(list, 'EXEC_STARTED', list.transactionTime));
    const body: Body = {
      ...listBody(list),
      orderReports: list.orders.map((order) => placedBody(order, type, list.transactionTime)),
    };
    this.#steps.push({ kind: 'list', list });
    this.#finish();
    return { ok: true, value: body };
  }

  /** A fresh client order ID. */
  drawId(): string {
    this.#drawnIds += 1;
    return drawId(this.#drawnIds);
  }

  /** Counters of the venue as a whole, for its snapshot. */
  counters(): { nextListId: number; drawnIds: number } {
    return { nextListId: this.#nextListId, drawnIds: this.#drawnIds };
  }

  /** Puts a restored venue's parts back; for `restore` alone. */
  reinstate(parts: {
    readonly nextListId: number;
    readonly drawnIds: number;
    readonly accounts: readonly Account[];
    readonly lists: readonly OrderList[];
  }): void {
    this.#nextListId = parts.nextListId;
    this.#drawnIds = parts.drawnIds;
    this.#accounts.push(...parts.accounts);
    for (const list of parts.lists) this.#lists.set(list.orderListId, list);
  }

  restoreEngine(market: Market, snapshot: ReturnType<MatchingEngine['snapshot']>): void {
    market.engine = MatchingEngine.restore(snapshot, this.#sinkOf(market));
  }

  get scales(): AssetScales {
    return this.#scales;
  }

  #known(symbol: string): Market {
    const market = this.#markets.get(symbol);
    if (market === undefined) throw new RangeError(`symbol must be traded here, was ${symbol}`);
    return market;
  }

  // ---- Checks before the book ----

  /**
   * A market order's size and whether the account can pay it: amounts in quote become lots, and the book is
   * walked for the cost. Other orders must be able to lock what they need.
   */
  #size(account: Account, market: Market, wanted: NewOrder): Outcome<NewOrder> {
    const base = account.balance(market.instrument.baseAsset).free;
    const quote = account.balance(market.instrument.quoteAsset).free;
    if (wanted.kind !== 'MARKET') {
      const need =
        wanted.side === 'SELL'
          ? BigInt(wanted.quantityLots) * market.baseUnit
          : BigInt(this.#lockTicks(market, wanted)) *
            BigInt(wanted.quantityLots) *
            market.quoteUnit;
      return need <= (wanted.side === 'SELL' ? base : quote)
        ? { ok: true, value: wanted }
        : { ok: false, refusal: INSUFFICIENT_BALANCE };
    }
    if (wanted.quoteOrderUnits > 0n) return this.#sizeByQuote(account, market, wanted);
    if (wanted.side === 'SELL') {
      return BigInt(wanted.quantityLots) * market.baseUnit <= base
        ? { ok: true, value: wanted }
        : { ok: false, refusal: INSUFFICIENT_BALANCE };
    }
    const walked = this.#walk(account, market, wanted, wanted.quantityLots, null);
    return walked.notional * market.quoteUnit <= quote
      ? { ok: true, value: wanted }
      : { ok: false, refusal: INSUFFICIENT_BALANCE };
  }

  #sizeByQuote(account: Account, market: Market, wanted: NewOrder): Outcome<NewOrder> {
    const { lotSize } = market.filters;
    const budget = wanted.quoteOrderUnits / market.quoteUnit;
    const walked = this.#walk(account, market, wanted, Infinity, budget);
    const capped = Math.min(walked.lots, lotSize.max);
    const lots = capped - ((((capped - lotSize.min) % lotSize.step) + lotSize.step) % lotSize.step);
    if (walked.lots === 0) {
      return refuse(-2010, 'Order book liquidity is less than symbol minimum quantity.');
    }
    if (lots < lotSize.min || lots <= 0) {
      return refuse(-2010, 'Order book liquidity is less than `LOT_SIZE` filter minimum quantity.');
    }
    const isPayable =
      wanted.side === 'BUY'
        ? wanted.quoteOrderUnits <= account.balance(market.instrument.quoteAsset).free
        : BigInt(lots) * market.baseUnit <= account.balance(market.instrument.baseAsset).free;
    if (!isPayable) return { ok: false, refusal: INSUFFICIENT_BALANCE };
    return { ok: true, value: { ...wanted, quantityLots: lots } };
  }

  /**
   * What taking `lotsMax` from the book costs or brings, within `budget` ticks × lots when it is not null. Under
   * self-trade prevention the account's own orders count as absent, so that a cost is never guessed too low.
   */
  #walk(
    account: Account,
    market: Market,
    taker: { readonly side: WireSide; readonly selfTradePrevention: StpMode },
    lotsMax: number,
    budget: bigint | null,
  ): { readonly lots: number; readonly notional: bigint } {
    const opposite = taker.side === 'BUY' ? 'sell' : 'buy';
    const own = taker.selfTradePrevention === 'NONE' ? null : ownLots(account, market, taker.side);
    let lots = 0;
    let notional = 0n;
    let seen = 0;
    for (let limit = WALK_LEVELS; ; limit *= 8) {
      const levels = market.engine.depth(opposite, limit);
      for (const [ticks, shown] of levels.slice(seen)) {
        const there = Math.max(0, shown - (own?.get(ticks) ?? 0));
        const affordable = budget === null ? Infinity : Number((budget - notional) / BigInt(ticks));
        const taken = Math.min(there, lotsMax - lots, affordable);
        lots += taken;
        notional += BigInt(ticks) * BigInt(taken);
        if (lots >= lotsMax || taken === affordable) return { lots, notional };
      }
      seen = levels.length;
      if (levels.length < limit) return { lots, notional };
    }
  }

  /** The price at which a buy locks quote: its limit, or for one that executes at any price where it triggers. */
  #lockTicks(market: Market, order: NewOrder): number {
    if (order.priceTicks > 0) return order.priceTicks;
    if (order.stopTicks > 0) return order.stopTicks;
    return Math.ceil((market.lastTicks * (BIPS + order.trailingDelta)) / BIPS);
  }

  #mayAmend(
    order: VenueOrder,
    newLots: number,
    newClientOrderId: string | undefined,
  ): Refusal | undefined {
    const { market, account } = order;
    const { filters } = market;
    if (newLots > order.quantityLots) {
      return refusal(-2038, 'Order amend (quantity increase) is not supported.');
    }
    if (newLots === order.quantityLots) {
      return refusal(-2038, 'The requested action would change no state; rejecting');
    }
    if (newLots <= order.executedLots + order.preventedLots) {
      return refusal(-2038, 'Price * QTY is zero or less.');
    }
    if (!keepsLotRange(filters.lotSize, newLots)) return filterFailure('LOT_SIZE');
    if (order.amendments.length >= filters.maxAmends) {
      return refusal(-2038, 'Filter failure: MAX_NUM_ORDER_AMENDS');
    }
    const broken = checkOrder(
      market,
      { ...order, quantityLots: newLots, clientOrderId: undefined },
      this.clock.marketMs(),
    );
    if (broken !== undefined) return broken;
    if (newClientOrderId !== undefined && newClientOrderId !== order.clientOrderId) {
      const taken = account.orderByClientId(market.symbol, newClientOrderId);
      if (taken !== undefined && isOpen(taken)) return refusal(-2038, DUPLICATE_ORDER.message);
    }
    return undefined;
  }

  #mayPlaceList(
    account: Account,
    market: Market,
    request: ListRequest,
    wanted: readonly NewOrder[],
  ): Refusal | undefined {
    const refused = this.check(account, market, wanted);
    if (refused !== undefined) return refused;
    if (account.counts(market.symbol).lists + 1 > market.filters.maxOrderLists) {
      return filterFailure('MAX_NUM_ORDER_LISTS');
    }
    const { listClientOrderId } = request;
    for (const list of account.openLists) {
      if (list.listClientOrderId === listClientOrderId) return DUPLICATE_ORDER;
    }
    if (request.working !== undefined) {
      const sized = this.#size(account, market, request.working);
      return sized.ok ? undefined : sized.refusal;
    }
    if (!arePricesApart(market, request.pending)) return BAD_PRICE_RELATION;
    for (const leg of request.pending) {
      const sized = this.#size(account, market, leg);
      if (!sized.ok) return sized.refusal;
    }
    return undefined;
  }

  // ---- Orders onto and off the book ----

  #record(
    account: Account,
    market: Market,
    wanted: NewOrder,
    list: OrderList | undefined,
  ): VenueOrder {
    const time = this.clock.marketMs();
    const orderId = market.counters.nextOrderId;
    market.counters.nextOrderId += 1;
    return {
      market,
      account,
      orderId,
      engineId: 0,
      clientOrderId: wanted.clientOrderId ?? this.drawId(),
      side: wanted.side,
      kind: wanted.kind,
      timeInForce: wanted.timeInForce,
      priceTicks: wanted.priceTicks,
      quantityLots: wanted.quantityLots,
      quoteOrderUnits: wanted.quoteOrderUnits,
      stopTicks: wanted.stopTicks,
      trailingDelta: wanted.trailingDelta,
      icebergLots: wanted.icebergLots,
      lockTicks: wanted.kind === 'MARKET' ? 0 : this.#lockTicks(market, wanted),
      selfTradePrevention: wanted.selfTradePrevention,
      strategyId: wanted.strategyId,
      strategyType: wanted.strategyType,
      list,
      status: 'NEW',
      executedLots: 0,
      executedNotional: 0n,
      preventedLots: 0,
      preventedMatchId: -1,
      time,
      updateTime: time,
      workingTime: -1,
      trailingTime: -1,
      isTriggered: false,
      lock: undefined,
      endAs: 'CANCELED',
      cancelClientOrderId: '',
      fills: [],
      preventedMatches: [],
      amendments: [],
      isForgotten: false,
    };
  }

  /** Sends a fresh single order to the engine; the refusal when the book does not take it. */
  #begin(order: VenueOrder): Refusal | undefined {
    const mark = this.#notices.length;
    this.#enrol(order);
    this.#lockFor([order]);
    const verdict = this.#work(order, order.orderId);
    if (verdict === undefined) return undefined;
    this.#erase([order], mark);
    // Nothing of a refused order is left, its ID included.
    order.market.counters.nextOrderId = order.orderId;
    return verdict;
  }

  #beginList(list: OrderList): Refusal | undefined {
    const mark = this.#notices.length;
    const working = list.kind === 'OCO' ? [] : list.orders.slice(0, 1);
    const waiting = list.kind === 'OCO' ? [] : list.orders.slice(1);
    const first = list.kind === 'OCO' ? list.orders : working;
    for (const order of list.orders) this.#enrol(order);
    for (const order of waiting) order.status = 'PENDING_NEW';
    this.#lockFor(first);
    for (const order of first) {
      const verdict = this.#work(order, order.orderId);
      if (verdict === undefined) continue;
      for (const leg of first) if (leg !== order) list.market.engine.cancel(leg.engineId);
      this.#erase(list.orders, mark);
      return verdict;
    }
    for (const order of waiting) this.#reportNew(order);
    return undefined;
  }

  /** Takes an order into every index. */
  #enrol(order: VenueOrder): void {
    order.market.orders.set(order.orderId, order);
    order.account.open(order);
    this.history.add(order);
  }

  /** Takes back what `#enrol` did for orders that the book refused, and what was to be told since `mark`. */
  #erase(orders: readonly VenueOrder[], mark: number): void {
    for (const order of orders) {
      order.status = 'REJECTED';
      this.#settle(order);
      order.market.orders.delete(order.orderId);
      order.market.byEngineId.delete(order.engineId);
      order.account.close(order);
      order.account.forgetClientId(order);
      this.history.takeBack(order);
    }
    this.#notices.length = mark;
    this.#touched.clear();
  }

  #lockFor(orders: VenueOrder[]): void {
    const [order] = orders;
    if (order === undefined) return;
    const { instrument } = order.market;
    const lock: Lock = {
      asset: order.side === 'BUY' ? instrument.quoteAsset : instrument.baseAsset,
      amount: 0n,
      orders,
    };
    for (const leg of orders) leg.lock = lock;
    this.#settle(order);
  }

  #settle(order: VenueOrder): void {
    if (order.lock === undefined) return;
    order.account.settle(order.lock);
    order.account.updateTime = this.clock.marketMs();
    this.#touch(order.account, order.market.instrument.baseAsset);
    this.#touch(order.account, order.market.instrument.quoteAsset);
  }

  /**
   * Lets an order work: on the book, or waiting for its stop. Undefined when the engine took it. The report of
   * the new order comes before what it causes.
   */
  #work(order: VenueOrder, engineId: number): Refusal | undefined {
    const time = this.clock.marketMs();
    order.status = 'NEW';
    order.engineId = engineId;
    if (isStop(order.kind)) return this.#placeSentinel(order);
    order.workingTime = time;
    this.#reportNew(order);
    order.market.byEngineId.set(engineId, order);
    const verdict = order.market.engine.place({
      ...this.#terms(order),
      orderId: engineId,
      type: ENGINE_TYPE[order.kind],
      quantityLots: order.quantityLots,
    });
    return verdict === 'accepted' ? undefined : WOULD_TAKE;
  }

  /**
   * A stop waits in the engine as an order that can never fill, so that its trigger comes back here first: then
   * the other leg of an OCO is gone and the balance of that moment is known before the order itself trades.
   */
  #placeSentinel(order: VenueOrder): Refusal | undefined {
    const { market } = order;
    const isStopLoss = order.kind === 'STOP_LOSS' || order.kind === 'STOP_LOSS_LIMIT';
    if (order.trailingDelta > 0 && order.stopTicks === 0) order.trailingTime = order.time;
    else if (order.trailingDelta > 0) market.awaitingTrail.add(order);
    this.#reportNew(order);
    market.sentinels.set(order.engineId, order);
    const verdict = market.engine.place({
      orderId: order.engineId,
      ownerId: order.account.accountId,
      side: order.side === 'BUY' ? 'buy' : 'sell',
      type: isStopLoss ? 'stopLossLimit' : 'takeProfitLimit',
      timeInForce: 'FOK',
      priceTicks: order.side === 'BUY' ? 1 : Number.MAX_SAFE_INTEGER,
      quantityLots: SENTINEL_LOTS,
      quoteBudget: 0,
      stopTicks: order.stopTicks,
      trailingDeltaBips: order.trailingDelta,
      icebergLots: 0,
      selfTradePrevention: 'none',
    });
    if (verdict === 'accepted') return undefined;
    market.sentinels.delete(order.engineId);
    market.awaitingTrail.delete(order);
    return WOULD_TRIGGER;
  }

  #terms(order: VenueOrder): {
    ownerId: number;
    side: 'buy' | 'sell';
    timeInForce: VenueOrder['timeInForce'];
    priceTicks: number;
    quoteBudget: number;
    stopTicks: number;
    trailingDeltaBips: number;
    icebergLots: number;
    selfTradePrevention: (typeof ENGINE_STP)[StpMode];
  } {
    return {
      ownerId: order.account.accountId,
      side: order.side === 'BUY' ? 'buy' : 'sell',
      timeInForce: order.timeInForce,
      priceTicks: order.priceTicks,
      quoteBudget: 0,
      stopTicks: 0,
      trailingDeltaBips: 0,
      icebergLots: order.icebergLots,
      selfTradePrevention: ENGINE_STP[order.selfTradePrevention],
    };
  }

  /** A stop's price came: its other leg goes, then the order works with the balance there is. */
  #trigger(order: VenueOrder): void {
    if (!isOpen(order)) return;
    const { market, account } = order;
    const time = this.clock.marketMs();
    market.awaitingTrail.delete(order);
    order.isTriggered = true;
    order.workingTime = time;
    order.updateTime = time;
    order.engineId = 0;
    if (order.trailingDelta > 0 && order.trailingTime === -1) order.trailingTime = time;
    if (order.list !== undefined) this.#advance(order.list);
    this.#settle(order);
    this.#reportNew(order);
    let lots = leavesLots(order);
    if (isMarketKind(order.kind) && order.side === 'BUY') {
      const free = account.balance(market.instrument.quoteAsset).free;
      lots = this.#walk(account, market, order, lots, free / market.quoteUnit).lots;
    }
    if (lots === 0) {
      this.#end(order, 'EXPIRED');
      return;
    }
    const engineId = market.counters.nextOrderId;
    market.counters.nextOrderId += 1;
    order.engineId = engineId;
    market.byEngineId.set(engineId, order);
    const verdict = market.engine.place({
      ...this.#terms(order),
      orderId: engineId,
      type: isMarketKind(order.kind) ? 'market' : 'limit',
      quantityLots: lots,
    });
    assert(verdict === 'accepted', 'Invariant: the engine takes a triggered order');
  }

  #cancelWhole(order: VenueOrder, cancelId: string): Body {
    if (order.list !== undefined) return this.#cancelLegs(order.list, cancelId);
    this.#remove(order, 'CANCELED', cancelId);
    return cancelledBody(order, cancelId, order.updateTime);
  }

  #cancelLegs(list: OrderList, cancelId: string): Body {
    const legs = list.orders.filter(isOpen);
    for (const order of legs) this.#remove(order, 'CANCELED', cancelId);
    this.#advance(list);
    return {
      ...listBody(list),
      transactionTime: this.clock.marketMs(),
      orderReports: legs.map((order) => cancelledBody(order, cancelId, order.updateTime)),
    };
  }

  /** Takes an open order off the book, out of its wait for a stop, or out of its wait in a list. */
  #remove(order: VenueOrder, endAs: 'CANCELED' | 'EXPIRED', cancelId: string): void {
    const { market } = order;
    order.endAs = endAs;
    order.cancelClientOrderId = cancelId;
    if (market.byEngineId.has(order.engineId)) {
      market.engine.cancel(order.engineId);
      return;
    }
    if (market.sentinels.has(order.engineId)) market.engine.cancel(order.engineId);
    market.awaitingTrail.delete(order);
    this.#end(order, endAs);
  }

  /** An order's last event: it leaves the open ones and frees what it locked. */
  #end(order: VenueOrder, status: OrderStatus, rejectReason?: string): void {
    const { market, account } = order;
    const isTold = status !== 'FILLED' && status !== 'EXPIRED_IN_MATCH';
    order.status = status;
    order.updateTime = this.clock.marketMs();
    market.byEngineId.delete(order.engineId);
    account.close(order);
    this.#settle(order);
    this.history.close(order);
    if (order.list !== undefined) this.#steps.push({ kind: 'list', list: order.list });
    if (!isTold) return;
    this.#report(order, {
      type: status === 'CANCELED' ? 'CANCELED' : status === 'REJECTED' ? 'REJECTED' : 'EXPIRED',
      time: order.updateTime,
      executionId: this.#nextExecutionId(market),
      ...(rejectReason === undefined ? {} : { rejectReason }),
      ...(status === 'CANCELED'
        ? { clientOrderIds: { current: order.cancelClientOrderId, original: order.clientOrderId } }
        : {}),
    });
  }

  // ---- Lists ----

  /** Brings a list on after one of its orders changed. */
  #advance(list: OrderList): void {
    if (list.isDone) return;
    if (!list.isActivated) this.#activate(list);
    if (list.isActivated) this.#endOtherLeg(list);
    if (list.orders.some(isOpen)) return;
    list.isDone = true;
    list.account.openLists.delete(list);
    list.account.counts(list.market.symbol).lists -= 1;
    this.#tellUser(list.account, listStatus(list, 'ALL_DONE', this.clock.marketMs()));
  }

  /** When the working order is done, its pending orders go to the book; when it ended otherwise, they end too. */
  #activate(list: OrderList): void {
    const [working, ...pending] = list.orders;
    if (working === undefined || isOpen(working)) return;
    list.isActivated = true;
    if (working.status !== 'FILLED') {
      for (const order of pending) if (isOpen(order)) this.#end(order, 'EXPIRED');
      return;
    }
    const refused = this.#activationRefusal(list, pending);
    if (refused !== undefined) {
      for (const order of pending) this.#end(order, 'REJECTED', refused);
      return;
    }
    for (const order of pending) order.status = 'NEW';
    this.#lockFor(pending);
    for (const order of pending) {
      const engineId = list.market.counters.nextOrderId;
      list.market.counters.nextOrderId += 1;
      order.updateTime = this.clock.marketMs();
      const verdict = isOpen(order) ? this.#work(order, engineId) : undefined;
      assert(verdict === undefined, 'Invariant: a checked pending order is taken by the engine');
    }
    this.#tellUser(list.account, listStatus(list, 'EXEC_STARTED', this.clock.marketMs()));
  }

  /** Why pending orders cannot go to the book now, in the words of the event's reject reason. */
  #activationRefusal(list: OrderList, pending: readonly VenueOrder[]): string | undefined {
    const { account, market } = list;
    if (pending.length > 1 && !arePricesApart(market, pending)) return 'OCO_BAD_PRICES';
    for (const order of pending) {
      if (isStop(order.kind) && isReachedNow(market, order)) {
        return 'STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY';
      }
      if (order.kind === 'LIMIT_MAKER' && wouldTake(market, order))
        return 'WOULD_MATCH_IMMEDIATELY';
      order.lockTicks = order.kind === 'MARKET' ? 0 : this.#lockTicks(market, toNewOrder(order));
      if (!this.#size(account, market, toNewOrder(order)).ok) return 'INSUFFICIENT_BALANCES';
    }
    return undefined;
  }

  /** The first leg of a pair that trades, triggers or ends takes the other one away. */
  #endOtherLeg(list: OrderList): void {
    const pair =
      list.kind === 'OCO' ? list.orders : list.kind === 'OTOCO' ? list.orders.slice(1) : [];
    if (!pair.some((order) => hasActed(order) || !isOpen(order))) return;
    for (const order of pair) {
      if (isOpen(order) && !hasActed(order)) this.#remove(order, 'EXPIRED', '');
    }
  }

  // ---- The engine's events ----

  #sinkOf(market: Market): EngineEvents {
    return {
      onTrade: (trade) => this.#onTrade(market, trade),
      onRested: () => undefined,
      onTriggered: (engineId) => {
        const order = market.sentinels.get(engineId);
        if (order !== undefined) this.#steps.push({ kind: 'trigger', order });
      },
      onEnded: (engineId, end) => {
        if (market.sentinels.delete(engineId)) return;
        if (engineId === market.houseBidId) market.houseBidId = 0;
        if (engineId === market.houseAskId) market.houseAskId = 0;
        const order = market.byEngineId.get(engineId);
        if (order !== undefined) this.#onEnded(order, end);
      },
      onPrevented: (takerId, makerId, lots, ticks) => {
        this.#onPrevented(market, { takerId, makerId, lots, ticks });
      },
      onLevel: (side, priceTicks, lots) => {
        market.counters.lastUpdateId += 1;
        const updateId = market.counters.lastUpdateId;
        const { symbol } = market;
        const shown = market.shownLots(side, priceTicks, lots);
        this.#notices.push({
          kind: 'book',
          change: { symbol, side, priceTicks, lots: shown, updateId },
        });
      },
    };
  }

  #onTrade(market: Market, trade: EngineTrade): void {
    const marketMs = this.clock.marketMs();
    const { priceTicks, lots, tradeId } = trade;
    const taker = market.byEngineId.get(trade.takerOrderId);
    const maker = market.byEngineId.get(trade.makerOrderId);
    const takerSide = market.printSide ?? trade.takerSide;
    const takerId = taker?.orderId ?? trade.takerOrderId;
    const makerId = maker?.orderId ?? trade.makerOrderId;
    if (this.#isOfMarket(market, trade)) market.recordTrade(priceTicks, lots, marketMs);
    this.#startTrails(market, priceTicks, marketMs);
    if (trade.makerOrderId !== 0 && isHouseQuote(market, trade.makerOrderId)) {
      this.#hitHouses.add(market);
    }
    this.#notices.push({
      kind: 'trade',
      trade: {
        symbol: market.symbol,
        tradeId,
        priceTicks,
        lots,
        buyerOrderId: takerSide === 'buy' ? takerId : makerId,
        sellerOrderId: takerSide === 'buy' ? makerId : takerId,
        isBuyerMaker: takerSide === 'sell',
        marketMs,
      },
    });
    const fill = { tradeId, priceTicks, lots, time: marketMs };
    if (taker !== undefined) this.#fill(taker, fill, false);
    if (maker !== undefined) this.#fill(maker, fill, true);
  }

  /** Whether a trade makes prices: a market that is followed or replayed has those of its own trades. */
  #isOfMarket(market: Market, { takerOrderId, makerOrderId }: EngineTrade): boolean {
    if (market.followed !== undefined) return false;
    return this.#hasUserTrades || (takerOrderId === 0 && makerOrderId === 0);
  }

  #fill(
    order: VenueOrder,
    trade: { tradeId: number; priceTicks: number; lots: number; time: number },
    isMaker: boolean,
  ): void {
    const { market, account } = order;
    const { instrument } = market;
    const notional = BigInt(trade.priceTicks) * BigInt(trade.lots);
    const isFirst = order.executedLots === 0;
    order.executedLots += trade.lots;
    order.executedNotional += notional;
    order.updateTime = trade.time;
    order.status = statusAfterFill(order);
    const isBuy = order.side === 'BUY';
    const baseAmount = BigInt(trade.lots) * market.baseUnit;
    const quoteAmount = notional * market.quoteUnit;
    const received = isBuy ? instrument.baseAsset : instrument.quoteAsset;
    const gross = isBuy ? baseAmount : quoteAmount;
    const feePpm = isMaker ? account.makerFeePpm : account.takerFeePpm;
    const commission = commissionOf(gross, feePpm, account.scaleOf(received));
    if (order.lock !== undefined) account.pay(order.lock, isBuy ? quoteAmount : baseAmount);
    account.receive(received, gross - commission);
    account.updateTime = trade.time;
    this.#touch(account, instrument.baseAsset);
    this.#touch(account, instrument.quoteAsset);
    const fill: VenueFill = {
      tradeId: trade.tradeId,
      priceTicks: trade.priceTicks,
      lots: trade.lots,
      commission: unitsText(commission, account.scaleOf(received)),
      commissionAsset: received,
      isMaker,
      time: trade.time,
    };
    order.fills.push(fill);
    this.history.addFill(order, fill);
    if (isFirst) this.orderCounts.onFirstFill(account.accountId, isMaker);
    if (isFirst && order.list !== undefined) this.#steps.push({ kind: 'list', list: order.list });
    this.#report(order, {
      type: 'TRADE',
      time: trade.time,
      executionId: this.#nextExecutionId(market),
      fill,
    });
  }

  #onEnded(order: VenueOrder, end: 'filled' | 'cancelled' | 'expired' | 'expiredInMatch'): void {
    switch (end) {
      case 'filled':
        // A triggered stop that could not pay for all of its quantity was sent with less.
        this.#end(order, order.executedLots === order.quantityLots ? 'FILLED' : 'EXPIRED');
        return;
      case 'cancelled':
        this.#end(order, order.endAs);
        return;
      case 'expired':
        this.#end(order, 'EXPIRED');
        return;
      case 'expiredInMatch':
        this.#end(order, 'EXPIRED_IN_MATCH');
        return;
    }
  }

  #onPrevented(
    market: Market,
    event: { takerId: number; makerId: number; lots: number; ticks: number },
  ): void {
    const taker = market.byEngineId.get(event.takerId);
    const maker = market.byEngineId.get(event.makerId);
    assert(
      taker !== undefined && maker !== undefined,
      'Invariant: only orders of accounts are kept from trading with themselves',
    );
    const mode = taker.selfTradePrevention;
    const isBoth = mode === 'EXPIRE_BOTH';
    const takerLots =
      mode === 'DECREMENT' ? event.lots : isBoth || mode === 'EXPIRE_TAKER' ? leavesLots(taker) : 0;
    const makerLots =
      mode === 'DECREMENT' ? event.lots : isBoth || mode === 'EXPIRE_MAKER' ? leavesLots(maker) : 0;
    const match: PreventedMatch = {
      preventedMatchId: market.counters.nextPreventedMatchId,
      takerOrderId: taker.orderId,
      makerOrderId: maker.orderId,
      accountId: taker.account.accountId,
      mode,
      priceTicks: event.ticks,
      takerLots,
      makerLots,
      time: this.clock.marketMs(),
    };
    market.counters.nextPreventedMatchId += 1;
    taker.preventedMatches.push(match);
    this.history.addPrevented(taker, match);
    this.#prevent(taker, match, { lots: takerLots, counter: maker, tradeLots: event.lots });
    this.#prevent(maker, match, { lots: makerLots, counter: taker, tradeLots: event.lots });
  }

  #prevent(
    order: VenueOrder,
    match: PreventedMatch,
    event: { readonly lots: number; readonly counter: VenueOrder; readonly tradeLots: number },
  ): void {
    if (event.lots === 0) return;
    order.preventedLots += event.lots;
    order.preventedMatchId = match.preventedMatchId;
    order.updateTime = match.time;
    // The engine ends the order next; the event tells its last status already.
    if (leavesLots(order) === 0) order.status = 'EXPIRED_IN_MATCH';
    this.#settle(order);
    this.#report(order, {
      type: 'TRADE_PREVENTION',
      time: match.time,
      executionId: this.#nextExecutionId(order.market),
      prevented: {
        match,
        lots: event.lots,
        counterOrderId: event.counter.orderId,
        tradeLots: event.tradeLots,
      },
    });
  }

  /** Notes when a trailing stop with a stop price begins to follow the market. */
  #startTrails(market: Market, priceTicks: number, time: number): void {
    for (const order of market.awaitingTrail) {
      const isReached = triggersAbove(order.kind, order.side)
        ? priceTicks >= order.stopTicks
        : priceTicks <= order.stopTicks;
      if (!isReached) continue;
      order.trailingTime = time;
      market.awaitingTrail.delete(order);
    }
  }

  // ---- The house ----

  #moveHouse(market: Market, ticks: number, printLots: number, takerSide: 'buy' | 'sell'): void {
    const { engine } = market;
    this.#removeQuotes(market);
    engine.houseTakes('sell', ticks + 1);
    if (ticks > 1) engine.houseTakes('buy', ticks - 1);
    market.houseTicks = ticks;
    this.#placeQuotes(market);
    this.#runSteps();
    market.printSide = takerSide;
    engine.print(ticks, printLots);
    market.printSide = undefined;
    market.lastTicks = ticks;
    this.#startTrails(market, ticks, this.clock.marketMs());
    this.#finish();
  }

  #placeHouse(
    market: Market,
    side: 'buy' | 'sell',
    type: 'limit' | 'market',
    priceTicks: number,
    lots: number,
  ): number {
    const orderId = this.#placeHouseOrder(market, side, type, priceTicks, lots);
    this.#finish();
    return orderId;
  }

  #placeHouseOrder(
    market: Market,
    side: 'buy' | 'sell',
    type: 'limit' | 'market',
    priceTicks: number,
    lots: number,
  ): number {
    const orderId = market.counters.nextOrderId;
    market.counters.nextOrderId += 1;
    market.engine.place({
      orderId,
      ownerId: HOUSE_ID,
      side,
      type,
      timeInForce: 'GTC',
      priceTicks: type === 'market' ? 0 : priceTicks,
      quantityLots: lots,
      quoteBudget: 0,
      stopTicks: 0,
      trailingDeltaBips: 0,
      icebergLots: 0,
      selfTradePrevention: 'none',
    });
    return orderId;
  }

  #quoteFollowed(market: Market, quotes: FollowedQuotes): void {
    const { engine } = market;
    const left = this.#leftOf(market, quotes);
    this.#removeQuotes(market);
    market.followed = quotes;
    if (left.ask > 0) left.ask -= engine.houseTakes('sell', quotes.askTicks, left.ask);
    if (left.bid > 0) left.bid -= engine.houseTakes('buy', quotes.bidTicks, left.bid);
    this.#placeFollowed(market, quotes, left);
    this.#finish();
  }

  /** What the house may still trade at each side: no bound, or what was quoted and no user has taken yet. */
  #leftOf(market: Market, quotes: FollowedQuotes): { bid: number; ask: number } {
    const { bidTicks, bidLots, askTicks, askLots } = quotes;
    if (!this.#fillsByVolume) {
      return {
        bid: bidLots > 0 ? Number.POSITIVE_INFINITY : 0,
        ask: askLots > 0 ? Number.POSITIVE_INFINITY : 0,
      };
    }
    const { followed, engine, houseBidId, houseAskId } = market;
    const left = (isSame: boolean, houseId: number, before: number, now: number): number => {
      if (!isSame) return now;
      const untaken = engine.openOrder(houseId)?.leavesLots ?? 0;
      return now > before ? untaken + now - before : Math.min(untaken, now);
    };
    return {
      bid: left(followed?.bidTicks === bidTicks, houseBidId, followed?.bidLots ?? 0, bidLots),
      ask: left(followed?.askTicks === askTicks, houseAskId, followed?.askLots ?? 0, askLots),
    };
  }

  /** Sets quotes where no user order is in their way; one can be that the house had too little to fill. */
  #placeFollowed(
    market: Market,
    quotes: FollowedQuotes,
    left: { readonly bid: number; readonly ask: number },
  ): void {
    const { engine, hidden } = market;
    const { bidTicks, bidLots, askTicks, askLots } = quotes;
    const lowestAsk = engine.bestAsk();
    if (left.bid > 0 && (lowestAsk === 0 || lowestAsk > bidTicks)) {
      const lots = Math.min(left.bid, houseLots(bidTicks));
      hidden.buy.priceTicks = bidTicks;
      hidden.buy.lots = this.#fillsByVolume ? 0 : lots - bidLots;
      market.houseBidId = this.#placeHouseOrder(market, 'buy', 'limit', bidTicks, lots);
    }
    if (left.ask > 0 && engine.bestBid() < askTicks) {
      const lots = Math.min(left.ask, houseLots(askTicks));
      hidden.sell.priceTicks = askTicks;
      hidden.sell.lots = this.#fillsByVolume ? 0 : lots - askLots;
      market.houseAskId = this.#placeHouseOrder(market, 'sell', 'limit', askTicks, lots);
    }
  }

  #printFollowed(market: Market, { priceTicks, lots }: FollowedTrade): void {
    const { engine, followed } = market;
    const marketMs = this.clock.marketMs();
    const isThroughBid = followed !== undefined && priceTicks < followed.bidTicks;
    const isThroughAsk = followed !== undefined && priceTicks > followed.askTicks;
    if (followed !== undefined && (isThroughBid || isThroughAsk)) {
      this.#quoteFollowed(market, {
        ...followed,
        ...(isThroughBid ? { bidTicks: priceTicks } : {}),
        ...(isThroughAsk ? { askTicks: priceTicks } : {}),
      });
    }
    const most = this.#fillsByVolume ? lots : Number.POSITIVE_INFINITY;
    const taken = engine.houseTakes('sell', priceTicks + 1, most);
    if (priceTicks > 1 && taken < most) engine.houseTakes('buy', priceTicks - 1, most - taken);
    this.#runSteps();
    engine.print(priceTicks, 0);
    market.recordTrade(priceTicks, lots, marketMs);
    this.#startTrails(market, priceTicks, marketMs);
    this.#finish();
  }

  #removeQuotes(market: Market): void {
    market.hidden.buy.lots = 0;
    market.hidden.sell.lots = 0;
    if (market.houseBidId !== 0) market.engine.cancel(market.houseBidId);
    if (market.houseAskId !== 0) market.engine.cancel(market.houseAskId);
  }

  #placeQuotes(market: Market): void {
    const { followed } = market;
    if (followed !== undefined) {
      this.#placeFollowed(market, followed, this.#leftOf(market, followed));
      return;
    }
    const bid = market.houseTicks - 1;
    const ask = market.houseTicks + 1;
    if (bid > 0) {
      market.houseBidId = this.#placeHouseOrder(market, 'buy', 'limit', bid, houseLots(bid));
    }
    market.houseAskId = this.#placeHouseOrder(market, 'sell', 'limit', ask, houseLots(ask));
  }

  /** A taker took from the house's quotes: they stand again, whole. */
  #refillQuotes(): void {
    for (const market of this.#hitHouses) {
      this.#hitHouses.delete(market);
      if (market.followed === undefined ? market.houseTicks === 0 : this.#fillsByVolume) continue;
      this.#removeQuotes(market);
      this.#placeQuotes(market);
    }
  }

  // ---- What follows a request ----

  /** Runs what the request set off, then tells everyone. */
  #finish(): void {
    this.#runSteps();
    for (const [account, assets] of this.#touched) {
      this.#tellUser(account, accountPosition(account, assets, this.clock.marketMs()));
    }
    this.#touched.clear();
    this.#flush();
  }

  #runSteps(): void {
    this.#refillQuotes();
    for (let index = 0; index < this.#steps.length; index += 1) {
      assert(index < STEPS_MAX, 'Invariant: what a request sets off comes to an end');
      const step = this.#steps[index];
      if (step?.kind === 'trigger') this.#trigger(step.order);
      else if (step?.kind === 'list') this.#advance(step.list);
      this.#refillQuotes();
    }
    this.#steps = [];
  }

  /** Listeners may send requests of their own; what those tell comes after what is told now. */
  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      for (let index = 0; index < this.#notices.length; index += 1) {
        const notice = this.#notices[index];
        if (notice === undefined) continue;
        if (notice.kind === 'user') this.#listener.onUserEvent(notice.accountId, notice.payload);
        else if (notice.kind === 'trade') this.#listener.onTrade(notice.trade);
        else this.#listener.onBookChange(notice.change);
      }
    } finally {
      this.#notices = [];
      this.#isFlushing = false;
    }
  }

  #touch(account: Account, asset: string): void {
    let assets = this.#touched.get(account);
    if (assets === undefined) {
      assets = new Set();
      this.#touched.set(account, assets);
    }
    assets.add(asset);
  }

  #reportNew(order: VenueOrder): void {
    this.#report(order, {
      type: 'NEW',
      time: order.updateTime,
      executionId: this.#nextExecutionId(order.market),
    });
  }

  #report(order: VenueOrder, execution: Execution): void {
    this.#tellUser(order.account, executionReport(order, execution));
  }

  #tellUser(account: Account, payload: Body): void {
    this.#notices.push({ kind: 'user', accountId: account.accountId, payload });
  }

  #nextExecutionId(market: Market): number {
    const executionId = market.counters.nextExecutionId;
    market.counters.nextExecutionId += 1;
    return executionId;
  }
}

/** A stop that still waits off the book. */
export function isWaiting(order: VenueOrder): boolean {
  return isStop(order.kind) && !order.isTriggered;
}

function statusAfterFill(order: VenueOrder): OrderStatus {
  if (leavesLots(order) > 0) return 'PARTIALLY_FILLED';
  return order.preventedLots > 0 ? 'EXPIRED_IN_MATCH' : 'FILLED';
}

/** `ppm` of what was received, rounded down to the eight decimals that commissions have. */
function commissionOf(gross: bigint, ppm: number, scale: number): bigint {
  const finest = 10n ** BigInt(scale - ASSET_SCALE);
  return ((gross * BigInt(ppm)) / (PPM * finest)) * finest;
}

/** Both legs of an OCO always have the same quantity. */
function amendedTogether(order: VenueOrder): readonly VenueOrder[] {
  const { list } = order;
  if (list === undefined || list.kind === 'OTO') return [order];
  const pair = list.kind === 'OCO' ? list.orders : list.orders.slice(1);
  return pair.includes(order) ? pair.filter(isOpen) : [order];
}

/** The profit leg on the good side of the last price, the stop-loss leg on the bad one. */
function arePricesApart(
  market: Market,
  legs: readonly Pick<NewOrder, 'side' | 'kind' | 'priceTicks' | 'stopTicks' | 'trailingDelta'>[],
): boolean {
  const last = market.lastTicks;
  if (last === 0) return true;
  return legs.every((leg) => {
    const isLoss = leg.kind === 'STOP_LOSS' || leg.kind === 'STOP_LOSS_LIMIT';
    const ticks = isStop(leg.kind) ? leg.stopTicks : leg.priceTicks;
    if (ticks === 0) return leg.trailingDelta > 0;
    const mustBeAbove = isLoss === (leg.side === 'BUY');
    return mustBeAbove ? ticks > last : ticks < last;
  });
}

function isReachedNow(market: Market, order: VenueOrder): boolean {
  const last = market.engine.lastTicks();
  if (order.stopTicks === 0 || last === 0) return false;
  return triggersAbove(order.kind, order.side) ? last >= order.stopTicks : last <= order.stopTicks;
}

function wouldTake(market: Market, order: VenueOrder): boolean {
  if (order.side === 'BUY') {
    const ask = market.engine.bestAsk();
    return ask !== 0 && order.priceTicks >= ask;
  }
  const bid = market.engine.bestBid();
  return bid !== 0 && order.priceTicks <= bid;
}

function toNewOrder(order: VenueOrder): NewOrder {
  return { ...order, clientOrderId: undefined };
}

function ownLots(account: Account, market: Market, takerSide: WireSide): Map<number, number> {
  const own = new Map<number, number>();
  for (const order of account.openOrders) {
    if (order.market !== market || order.side === takerSide || isWaiting(order)) continue;
    if (order.engineId === 0) continue;
    own.set(order.priceTicks, (own.get(order.priceTicks) ?? 0) + leavesLots(order));
  }
  return own;
}

function isHouseQuote(market: Market, engineId: number): boolean {
  return engineId === market.houseBidId || engineId === market.houseAskId;
}

function houseLots(ticks: number): number {
  return Math.floor(HOUSE_NOTIONAL / ticks);
}
