// SPDX-License-Identifier: Apache-2.0
// The life of our orders between a stored intent and the exchange's book (order-life.md).
//
// Every order is stored before it comes here. What the exchange says of it is told to the bot as events; what
// cannot be known yet is asked for until it is known. No order is ever sent twice.

import {
  assert,
  formatPrice,
  formatQuantity,
  type BotEvent,
  type ClientOrderId,
  type Fill,
  type Instrument,
  type OrderEnd,
  type OrderRequest,
  type RejectedBy,
} from '@kontor/core';
import type { AccountEvent, AnswerParser, OrderLimit, VenueOrder } from '@kontor/exchange';
import { RECV_WINDOW_MS } from '@kontor/signer';
import { EarlyPauses } from '../early-pause.ts';
import type { Links, Outcome } from '../link/links.ts';
import { LOCKED_RULE } from '../link/standstill.ts';
import type { FindingCode } from '../reconcile/findings.ts';
import { systemTime, type CancelTimer, type Time } from '../time.ts';
import { OrderPace, type Haste } from './order-pace.ts';

/** Most fills of one answer, and most answers that are read of one order. */
const FILLS_PER_PAGE = 1_000;
const FILL_PAGES_MAX = 100;
const TOO_MANY_REQUESTS = 429;
const BANNED = 418;
/**
 * When the signer signs again, so many of those that waited for it go on at once and so many more each time: questions
 * of weight 4, of which egress lets pass 5,400 of Binance's 6,000 a minute.
 */
const GO_ON_AT_ONCE = 20;
const GO_ON_MORE = 10;
const GO_ON_EVERY_MS = 500;

/** How long the desk waits for what it does not know; the tests are less patient. */
export interface OrderPatience {
  /** How far the exchange's clock may be off ours before "absent" proves nothing; Binance allows 1 s ahead. */
  readonly clockSkewMs: number;
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** For a peer that restarts. */
  readonly peerMs: number;
  /** Fills usually arrive on the account stream; after this long they are asked for. */
  readonly fillGraceMs: number;
  /** An order that the exchange had accepted counts as gone only after being unknown to it for this long. */
  readonly goneMs: number;
  /** A question that is refused, by policy say, is put again no sooner: asking oftener changes nothing. */
  readonly refusedMs: number;
  /** No bot waits longer for the vault to be opened before it hears that its order was refused. */
  readonly lockedMs: number;
}

const PATIENCE: OrderPatience = {
  clockSkewMs: 1_000,
  retryMsMin: 100,
  retryMsMax: 5_000,
  peerMs: 15_000,
  fillGraceMs: 250,
  goneMs: 10_000,
  refusedMs: 60_000,
  lockedMs: 900_000,
};

/** An order that may still change. */
export interface LiveOrder {
  readonly botId: string;
  readonly request: OrderRequest;
  /** Market time when the bot asked for it: the exchange cannot have taken it before. */
  readonly placedAt: number;
  exchangeOrderId: string | null;
  /** `intended`: not answered yet. `ambiguous`: sent, fate unknown. `open`: at the exchange. */
  state: 'intended' | 'ambiguous' | 'open';
  /** After this wall time the exchange no longer takes it; null while it is not known to be signed. */
  signedUntil: number | null;
  readonly tradeIds: Set<string>;
  /** Lots of the fills that are known one by one. */
  seenLots: number;
  /** The highest sum of fills the exchange has named. */
  toldLots: number;
  /** What the exchange said of its end; the bot hears of it once all its fills are known. */
  end: {
    readonly end: OrderEnd;
    readonly filledLots: number;
    readonly time: number;
  } | null;
  isCancelRequested: boolean;
}

/** What the desk asks of the links to signer and egress. */
export type OrderLinks = Pick<Links, 'isUp' | 'submit' | 'signedAt' | 'verifyTag'>;

export interface OrderDeskPorts {
  readonly connection: () => string;
  readonly links: OrderLinks;
  readonly parser: AnswerParser;
  readonly instrument: (symbol: string) => Instrument | undefined;
  /** Market time now. */
  readonly marketNow: () => number;
  /** Tells the bot; the event is stored before the next one is told. */
  readonly deliver: (botId: string, event: BotEvent) => void;
  /** The order's fate became doubtful or certain: stored for the next start. */
  readonly onDoubt: (order: LiveOrder) => void;
  /** The first thing that became known of an order sent `seconds` ago. */
  readonly onAnswered: (
    verdict: 'accepted' | 'rejected' | 'refused' | 'ambiguous',
    seconds: number,
  ) => void;
  /** What a person should know of, with the order's ID among its values. */
  readonly onFinding: (code: FindingCode, values: Readonly<Record<string, string>>) => void;
  /** Resolves once it is known whether what the stream told under this ID is about our order; null where nothing waits. */
  readonly untilHeard?: (clientOrderId: ClientOrderId) => Promise<unknown> | null;
  /** False where market time is that of a replay, which no clock of the signer's has anything to do with. */
  readonly isMarketTimeReal: boolean;
  readonly log: (
    level: 'info' | 'warn',
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
  readonly patience?: OrderPatience;
  /** How many new orders the exchange takes; without it none are held back for that. */
  readonly orderLimits?: () => readonly OrderLimit[];
  /** The process's own by default. */
  readonly time?: Time;
}

/** Two orders that are sent as one. */
interface Pair {
  readonly takeProfit: LiveOrder;
  readonly stopLoss: LiveOrder;
}

/** Why the fate of an order is not known, and until when the exchange could still take it. */
interface Doubt {
  readonly signedUntil: number | null;
  readonly reason: string;
}

type QueryAnswer =
  | { readonly kind: 'found'; readonly order: VenueOrder; readonly askedAt: number }
  | { readonly kind: 'absent'; readonly askedAt: number }
  | { readonly kind: 'ambiguous'; readonly reason: string; readonly isRefused: boolean };

export class OrderDesk {
  readonly #ports: OrderDeskPorts;
  readonly #patience: OrderPatience;
  readonly #time: Time;
  readonly #live = new Map<ClientOrderId, LiveOrder>();
  /** One chain of work per order: a cancel never overtakes the placing it cancels. */
  /** Orders that will be asked about once what is under way for them is done. */
  readonly #refreshes = new Set<string>();
  readonly #chains = new Map<ClientOrderId, Promise<void>>();
  readonly #fillChecks = new Map<ClientOrderId, CancelTimer>();
  readonly #stop = new AbortController();
  readonly #pace: OrderPace;
  /** Cancels that were refused come before questions that were. */
  readonly #refusedCancels: EarlyPauses;
  readonly #refusedQuestions: EarlyPauses;
  /** Orders that found the vault locked, until their bots are told. */
  readonly #locked = new Map<ClientOrderId, EarlyPauses>();
  #goingOn: (() => void)[] = [];
  #cancelGoOn: CancelTimer | null = null;
  #inFlight = 0;

  constructor(ports: OrderDeskPorts) {
    this.#ports = ports;
    this.#patience = ports.patience ?? PATIENCE;
    this.#time = ports.time ?? systemTime;
    this.#pace = new OrderPace(this.#time, ports.orderLimits ?? ((): readonly OrderLimit[] => []));
    this.#refusedCancels = new EarlyPauses(this.#time);
    this.#refusedQuestions = new EarlyPauses(this.#time);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Orders that wait for their turn to leave, and how long the exchange wants none at all. */
  get held(): { readonly orders: number; readonly blockedMs: number } {
    return { orders: this.#pace.waiting, blockedMs: this.#pace.blockedMs };
  }

  get ambiguous(): number {
    let count = 0;
    for (const order of this.#live.values()) if (order.state === 'ambiguous') count += 1;
    return count;
  }

  get liveOrders(): ReadonlyMap<ClientOrderId, LiveOrder> {
    return this.#live;
  }

  /** Sends an order that was stored and never sent, when its turn comes. */
  place(botId: string, request: OrderRequest, haste: Haste = 'exit'): void {
    const order = this.#track(botId, request, 'intended');
    this.#enqueue(order, () => this.#place(order, haste));
  }

  /** Sends two orders that were stored and never sent as one request, when their turn comes. */
  placePair(botId: string, takeProfit: OrderRequest, stopLoss: OrderRequest): void {
    const pair: Pair = {
      takeProfit: this.#track(botId, takeProfit, 'intended'),
      stopLoss: this.#track(botId, stopLoss, 'intended'),
    };
    let sent: Promise<Doubt | null> | null = null;
    for (const order of [pair.takeProfit, pair.stopLoss]) {
      this.#enqueue(order, async () => {
        sent ??= this.#placePair(pair);
        const doubt = await sent;
        if (doubt !== null) await this.#resolve(order, doubt.signedUntil, doubt.reason);
      });
    }
  }

  /** Cancels an order, or learns how it ended first. */
  cancel(clientOrderId: ClientOrderId): void {
    const order = this.#live.get(clientOrderId);
    if (order === undefined) return;
    order.isCancelRequested = true;
    this.#pace.withdraw(clientOrderId);
    this.#locked.get(clientOrderId)?.endAll();
    this.#enqueue(order, () => this.#cancel(order));
  }

  /**
   * The signer signs again what it refused, as after its vault was opened: what waited for that goes on without waiting
   * any longer, cancels first and a few at a time.
   */
  goOn(): void {
    const locked = [...this.#locked.values()].flatMap(({ ends }) => ends);
    this.#goingOn = [...this.#refusedCancels.ends, ...locked, ...this.#refusedQuestions.ends];
    if (this.#cancelGoOn === null) this.#goOnWith(GO_ON_AT_ONCE);
  }

  /**
   * Takes up an order from the store at a start. How those stand that the exchange has accepted the first comparison
   * with the exchange tells, all at once; one that is in doubt or to be cancelled is asked about by itself.
   */
  takeUp(order: LiveOrder): void {
    if (order.state === 'open' && !order.isCancelRequested) {
      this.#live.set(order.request.clientOrderId, order);
    } else this.resume(order);
  }

  /** Follows an order of which the desk knows little: asks what became of it, then cancels it if that was asked. */
  resume(order: LiveOrder): void {
    this.#live.set(order.request.clientOrderId, order);
    this.#enqueue(order, async () => {
      if (order.state === 'open') await this.#refresh(order);
      else await this.#resolve(order, order.signedUntil, 'the desk restarted');
      if (order.isCancelRequested) await this.#cancel(order);
    });
  }

  /** The account stream spoke of an order. Orders that are not ours are left alone. */
  onAccountEvent(event: AccountEvent): void {
    if (event.kind !== 'order') return;
    const order = this.#live.get(event.order.clientOrderId);
    if (order === undefined || event.order.symbol !== order.request.symbol) return;
    if (this.#isNamesake(order, event.order)) return;
    // An ID that was used before has another number at the exchange each time.
    const known = order.exchangeOrderId;
    if (known === null || known === event.order.exchangeOrderId) this.#learn(order, event.order);
  }

  /** The orders that rest at the exchange as far as is known, and what is known of their fills. */
  resting(): ReadonlyMap<ClientOrderId, number> {
    const resting = new Map<ClientOrderId, number>();
    for (const [id, order] of this.#live) {
      if (order.state === 'open' && order.end === null && !this.#chains.has(id)) {
        resting.set(id, order.toldLots);
      }
    }
    return resting;
  }

  /** Whether an order still stands as `resting` said it does. */
  stands(clientOrderId: ClientOrderId, toldLots: number): boolean {
    const order = this.#live.get(clientOrderId);
    return order !== undefined && order.end === null && order.toldLots === toldLots;
  }

  /** Asks how one order stands; resolves when that is learned. */
  async ask(clientOrderId: ClientOrderId): Promise<void> {
    const order = this.#live.get(clientOrderId);
    if (order?.state !== 'open') return;
    this.#enqueue(order, () => this.#refresh(order));
    await this.#chains.get(clientOrderId);
  }

  /** Asks about every open order one by one: where what happened cannot be read from anything else. */
  reconcile(): void {
    for (const order of this.#live.values()) {
      const id = order.request.clientOrderId;
      if (this.#refreshes.has(id)) continue;
      this.#refreshes.add(id);
      // Behind what is under way: an answer that is on its way may be older than what could not be read.
      this.#enqueue(order, async () => {
        this.#refreshes.delete(id);
        if (this.#isLive(order) && order.state === 'open') await this.#refresh(order);
      });
    }
  }

  /**
   * Stops asking. Orders stay as they are, at the exchange and in the store. Resolves once no work is under way,
   * so the links are to be closed meanwhile: what they still owe is waited for otherwise.
   */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelGoOn?.();
    this.#pace.close();
    for (const cancel of this.#fillChecks.values()) cancel();
    await Promise.allSettled(this.#chains.values());
  }

  #goOnWith(count: number): void {
    this.#cancelGoOn = null;
    for (const end of this.#goingOn.splice(0, count)) end();
    if (this.#stop.signal.aborted || count === 0) return;
    this.#cancelGoOn = this.#time.after(GO_ON_EVERY_MS, () =>
      this.#goOnWith(Math.min(GO_ON_MORE, this.#goingOn.length)),
    );
  }

  #track(botId: string, request: OrderRequest, state: LiveOrder['state']): LiveOrder {
    const order: LiveOrder = {
      botId,
      request,
      placedAt: this.#ports.marketNow(),
      exchangeOrderId: null,
      state,
      signedUntil: null,
      tradeIds: new Set(),
      seenLots: 0,
      toldLots: 0,
      end: null,
      isCancelRequested: false,
    };
    this.#live.set(request.clientOrderId, order);
    return order;
  }

  #enqueue(order: LiveOrder, work: () => Promise<void>): void {
    const id = order.request.clientOrderId;
    this.#inFlight += 1;
    const next = (this.#chains.get(id) ?? Promise.resolve())
      .then(() => (this.#stop.signal.aborted ? undefined : work()))
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) throw error;
      })
      .finally(() => {
        this.#inFlight -= 1;
        if (this.#chains.get(id) === next) this.#chains.delete(id);
      });
    this.#chains.set(id, next);
  }

  async #place(order: LiveOrder, haste: Haste): Promise<void> {
    const { request } = order;
    await this.#waitForPeers();
    const turn = await this.#pace.turn(request.clientOrderId, haste);
    if (this.#stop.signal.aborted) return;
    if (turn.kind === 'full') {
      const reason = `expected fewer orders to wait for their turn, found ${turn.waiting}`;
      this.#reject(order, 'desk', 'busy', reason);
      return;
    }
    if (turn.kind === 'withdrawn' || order.isCancelRequested) {
      if (turn.kind === 'now') turn.done({});
      this.#endUnsent(order);
      return;
    }
    const { type, timeInForce } = request;
    assert(type !== 'stopLimit', 'Invariant: a stop is sent with its take profit');
    const startedAt = this.#time.monotonic();
    const answered = (verdict: 'accepted' | 'rejected' | 'refused' | 'ambiguous'): void =>
      this.#ports.onAnswered(verdict, (this.#time.monotonic() - startedAt) / 1000);
    const outcome = await this.#ports.links.submit({
      kind: 'placeOrder',
      connection: this.#ports.connection(),
      order: { ...this.#wordsOf(request), type, timeInForce },
    });
    turn.done(outcome.kind === 'refused' ? {} : (outcome.pace ?? {}));
    if (this.#stop.signal.aborted) return;
    switch (outcome.kind) {
      case 'refused':
        answered('refused');
        await this.#untilOpen(outcome.rule, order);
        if (order.isCancelRequested) this.#endUnsent(order);
        else this.#reject(order, 'policy', outcome.rule, outcome.reason);
        return;
      case 'failed':
        answered('ambiguous');
        if (outcome.certainty === 'notSent') this.#reject(order, 'desk', 'notSent', outcome.reason);
        else await this.#resolve(order, outcome.signedUntil, outcome.reason);
        return;
      case 'answered': {
        const verdict = this.#ports.parser.place(outcome, this.#ports.instrument);
        answered(verdict.kind);
        if (verdict.kind === 'accepted') this.#learn(order, verdict.order);
        else if (verdict.kind === 'rejected') {
          // Told to wait, the exchange has not judged the order: it may be taken later.
          const isTooFast = outcome.status === TOO_MANY_REQUESTS || outcome.status === BANNED;
          const reason = `${verdict.rule} ${verdict.reason}`;
          if (isTooFast) this.#reject(order, 'desk', 'tooFast', reason);
          else this.#reject(order, 'exchange', verdict.rule, verdict.reason);
        } else await this.#resolve(order, outcome.signedUntil, verdict.reason);
        return;
      }
    }
  }

  /** Sends a pair; answers with what leaves the fate of both in doubt, or null once it is known. */
  async #placePair({ takeProfit, stopLoss }: Pair): Promise<Doubt | null> {
    const both = [takeProfit, stopLoss];
    const reject = (by: RejectedBy, rule: string, reason: string): null => {
      for (const order of both) this.#reject(order, by, rule, reason);
      return null;
    };
    await this.#waitForPeers();
    const turn = await this.#pace.turn(takeProfit.request.clientOrderId, 'exit');
    if (this.#stop.signal.aborted) return null;
    if (turn.kind === 'full') {
      return reject('desk', 'busy', `expected fewer orders to wait, found ${turn.waiting}`);
    }
    if (turn.kind === 'withdrawn' || both.some((order) => order.isCancelRequested)) {
      if (turn.kind === 'now') turn.done({});
      for (const order of both) this.#endUnsent(order);
      return null;
    }
    const startedAt = this.#time.monotonic();
    const answered = (verdict: 'accepted' | 'rejected' | 'refused' | 'ambiguous'): void =>
      this.#ports.onAnswered(verdict, (this.#time.monotonic() - startedAt) / 1000);
    const outcome = await this.#ports.links.submit({
      kind: 'placePair',
      connection: this.#ports.connection(),
      takeProfit: { ...this.#wordsOf(takeProfit.request), type: 'limitMaker', timeInForce: 'GTC' },
      stopLoss: {
        ...this.#wordsOf(stopLoss.request),
        type: 'stopLimit',
        timeInForce: 'GTC',
        stopPrice: this.#stopPriceOf(stopLoss.request),
      },
    });
    turn.done(outcome.kind === 'refused' ? {} : (outcome.pace ?? {}));
    if (this.#stop.signal.aborted) return null;
    switch (outcome.kind) {
      case 'refused':
        answered('refused');
        await this.#untilOpen(outcome.rule, ...both);
        if (both.some((order) => order.isCancelRequested)) {
          for (const order of both) this.#endUnsent(order);
          return null;
        }
        return reject('policy', outcome.rule, outcome.reason);
      case 'failed':
        answered('ambiguous');
        if (outcome.certainty === 'notSent') return reject('desk', 'notSent', outcome.reason);
        return { signedUntil: outcome.signedUntil, reason: outcome.reason };
      case 'answered': {
        const verdict = this.#ports.parser.placePair(outcome, this.#ports.instrument);
        answered(verdict.kind);
        if (verdict.kind === 'accepted') {
          for (const seen of verdict.orders) this.#learnOf(seen);
          // An answer that names only one of the two says nothing of the other.
          return { signedUntil: outcome.signedUntil, reason: 'the answer did not name the order' };
        }
        if (verdict.kind === 'rejected') {
          const isTooFast = outcome.status === TOO_MANY_REQUESTS || outcome.status === BANNED;
          return isTooFast
            ? reject('desk', 'tooFast', `${verdict.rule} ${verdict.reason}`)
            : reject('exchange', verdict.rule, verdict.reason);
        }
        return { signedUntil: outcome.signedUntil, reason: verdict.reason };
      }
    }
  }

  /** It never left, so for its bot it ends as a cancelled order does. */
  #endUnsent(order: LiveOrder): void {
    order.end = { end: 'cancelled', filledLots: 0, time: this.#ports.marketNow() };
    this.#endIfComplete(order);
  }

  /**
   * While the vault is locked no order leaves, and a bot that asks again and again would only run out of tries or wait
   * ever longer: it is told once the vault is open, or when it wants the order no more.
   */
  async #untilOpen(rule: string, ...orders: readonly LiveOrder[]): Promise<void> {
    if (rule !== LOCKED_RULE || orders.some(({ isCancelRequested }) => isCancelRequested)) return;
    const pauses = new EarlyPauses(this.#time);
    for (const { request } of orders) this.#locked.set(request.clientOrderId, pauses);
    try {
      await pauses.pause(this.#patience.lockedMs, this.#stop.signal);
    } finally {
      for (const { request } of orders) this.#locked.delete(request.clientOrderId);
    }
  }

  /** What every order says, as decimal text. */
  #wordsOf({ symbol, side, priceTicks, quantity, clientOrderId }: OrderRequest): {
    readonly symbol: string;
    readonly side: OrderRequest['side'];
    readonly price: string;
    readonly quantity: string;
    readonly clientOrderId: ClientOrderId;
  } {
    const instrument = this.#instrumentOf(symbol);
    const price = formatPrice(instrument, priceTicks);
    return { symbol, side, price, quantity: formatQuantity(instrument, quantity), clientOrderId };
  }

  #stopPriceOf({ symbol, stopTicks }: OrderRequest): string {
    assert(stopTicks !== undefined, 'Invariant: the second order of a pair has a stop');
    return formatPrice(this.#instrumentOf(symbol), stopTicks);
  }

  /** Asks for an order in doubt until it is found or proven absent (order-life.md section 2, step 5). */
  async #resolve(order: LiveOrder, signedUntil: number | null, reason: string): Promise<void> {
    if (!this.#isInDoubt(order)) return;
    order.state = 'ambiguous';
    order.signedUntil = signedUntil;
    this.#ports.onDoubt(order);
    this.#ports.log('warn', 'the fate of an order is unknown; asking the exchange', {
      clientOrderId: order.request.clientOrderId,
      reason,
    });
    const doubted = { wall: this.#time.now(), monotonic: this.#time.monotonic() };
    for (let attempt = 0; this.#isInDoubt(order); attempt += 1) {
      order.signedUntil ??= await this.#askSigner(order);
      if (!this.#isInDoubt(order)) return;
      const waitedMs = this.#time.monotonic() - doubted.monotonic;
      const verdict = await this.#query(order);
      const isNamesake = verdict.kind === 'found' && this.#isNamesake(order, verdict.order);
      if (verdict.kind === 'found' && !isNamesake) {
        this.#learn(order, verdict.order);
        return;
      }
      // The account stream was faster than the answer.
      if (!this.#isInDoubt(order)) return;
      // "Absent" counts only when the question itself was put after the last moment the order could land.
      const deadline =
        order.signedUntil === null ? Infinity : order.signedUntil + this.#patience.clockSkewMs;
      // A wall clock that is set forward in the meantime must not shorten the wait.
      const hasWaited = waitedMs >= deadline - doubted.wall;
      if (verdict.kind !== 'ambiguous' && verdict.askedAt > deadline && hasWaited) {
        const hearing = this.#ports.untilHeard?.(order.request.clientOrderId) ?? null;
        if (hearing !== null) await hearing;
        if (!this.#isInDoubt(order)) return;
        if (verdict.kind === 'found') this.#rejectForNamesake(order, verdict.order);
        else this.#reject(order, 'desk', 'absent', 'the order never arrived at the exchange');
        return;
      }
      if (verdict.kind === 'ambiguous' && verdict.isRefused) {
        await this.#pauseRefused(this.#refusedQuestions);
        continue;
      }
      const untilDeadline = deadline - this.#time.now();
      const pause = this.#backOff(attempt);
      await this.#pause(untilDeadline > 0 ? Math.min(untilDeadline + 1, pause) : pause);
    }
  }

  /** When the exchange stops taking the order: 0 when it was never signed, null when the signer cannot say now. */
  async #askSigner(order: LiveOrder): Promise<number | null> {
    const signedAt = await this.#ports.links.signedAt(
      this.#ports.connection(),
      order.request.clientOrderId,
    );
    if (signedAt === undefined) return null;
    return signedAt === null ? 0 : signedAt + RECV_WINDOW_MS;
  }

  async #query(order: LiveOrder): Promise<QueryAnswer> {
    const askedAt = this.#time.now();
    const outcome = await this.#ports.links.submit({
      kind: 'queryOrder',
      connection: this.#ports.connection(),
      symbol: order.request.symbol,
      clientOrderId: order.request.clientOrderId,
    });
    const isRefused = outcome.kind === 'refused';
    if (isRefused) {
      this.#ports.onFinding('questionRefused', {
        about: order.request.clientOrderId,
        reason: reasonOf(outcome),
      });
    }
    if (outcome.kind !== 'answered') {
      return { kind: 'ambiguous', reason: reasonOf(outcome), isRefused };
    }
    const verdict = this.#ports.parser.query(outcome, this.#ports.instrument);
    if (verdict.kind === 'found' && verdict.order.symbol !== order.request.symbol) {
      const reason = `expected an order on ${order.request.symbol}, found one on ${verdict.order.symbol}`;
      return { kind: 'ambiguous', reason, isRefused };
    }
    return verdict.kind === 'ambiguous' ? { ...verdict, isRefused } : { ...verdict, askedAt };
  }

  /**
   * True of an order that was there before ours was sent: another life of this desk used the ID. The exchange takes
   * no request that is dated more than a second ahead of its clock, so it took ours no earlier than that.
   */
  #isNamesake(order: LiveOrder, seen: VenueOrder): boolean {
    if (order.exchangeOrderId !== null) return false;
    const signedAt =
      order.signedUntil === null || order.signedUntil === 0
        ? null
        : order.signedUntil - RECV_WINDOW_MS;
    if (!this.#ports.isMarketTimeReal) return seen.time < order.placedAt;
    return seen.time < (signedAt ?? order.placedAt) - this.#patience.clockSkewMs;
  }

  #rejectForNamesake(order: LiveOrder, seen: VenueOrder): void {
    const { clientOrderId, symbol } = order.request;
    this.#ports.onFinding('namesake', {
      clientOrderId,
      symbol,
      exchangeOrderId: seen.exchangeOrderId,
      placedAt: String(seen.time),
    });
    this.#reject(
      order,
      'desk',
      'namesake',
      'the order never arrived; the exchange has an older one under its ID',
    );
  }

  /** Asks how an order stands that the exchange has accepted. */
  async #refresh(order: LiveOrder): Promise<void> {
    let unknownSince: number | null = null;
    for (let attempt = 0; this.#isLive(order); attempt += 1) {
      const verdict = await this.#query(order);
      if (verdict.kind === 'found') {
        this.#learn(order, verdict.order);
        return;
      }
      if (verdict.kind === 'absent') {
        unknownSince ??= verdict.askedAt;
        if (verdict.askedAt - unknownSince >= this.#patience.goneMs) {
          // What the exchange does not know cannot fill, so for the deal it has expired.
          this.#ports.log('warn', 'the exchange no longer knows an order it had accepted', {
            clientOrderId: order.request.clientOrderId,
          });
          order.end = {
            end: 'expired',
            filledLots: Math.max(order.seenLots, order.toldLots),
            time: this.#ports.marketNow(),
          };
          this.#endIfComplete(order);
          if (order.seenLots < order.toldLots) this.#askForFillsSoon(order);
          return;
        }
      } else {
        unknownSince = null;
      }
      if (verdict.kind === 'ambiguous' && verdict.isRefused) {
        await this.#pauseRefused(this.#refusedQuestions);
      } else await this.#pause(this.#backOff(attempt));
    }
  }

  async #cancel(order: LiveOrder): Promise<void> {
    for (let attempt = 0; this.#isLive(order); attempt += 1) {
      if (order.end !== null) {
        // It ended by itself, and only fills are missing: no cancel can bring them.
        await this.#fetchFills(order);
        return;
      }
      await this.#pace.unblocked();
      if (!this.#isLive(order)) return;
      const outcome = await this.#ports.links.submit({
        kind: 'cancelOrder',
        connection: this.#ports.connection(),
        symbol: order.request.symbol,
        clientOrderId: order.request.clientOrderId,
      });
      if (outcome.kind !== 'refused') this.#pace.learn(outcome.pace ?? {});
      if (!this.#isLive(order)) return;
      if (outcome.kind === 'answered') {
        const verdict = this.#ports.parser.cancel(outcome, this.#ports.instrument);
        if (verdict.kind === 'cancelled') {
          for (const ended of verdict.orders) this.#learnOf(ended);
          if (!this.#isLive(order) || order.end !== null) return;
        }
        if (verdict.kind === 'notOpen') {
          await this.#refresh(order);
          if (!this.#isLive(order) || order.end !== null) continue;
        }
      } else {
        this.#ports.log('warn', 'a cancel did not go through; trying again', {
          clientOrderId: order.request.clientOrderId,
          reason: reasonOf(outcome),
        });
      }
      if (outcome.kind === 'refused') await this.#pauseRefused(this.#refusedCancels);
      else await this.#pause(this.#backOff(attempt));
    }
  }

  /** As `#learn`, of whichever live order the exchange spoke. */
  #learnOf(seen: VenueOrder): void {
    const order = this.#live.get(seen.clientOrderId);
    if (order !== undefined && order.request.symbol === seen.symbol) this.#learn(order, seen);
  }

  /** Tells the bot all that `seen` says and it does not know yet. */
  #learn(order: LiveOrder, seen: VenueOrder): void {
    if (!this.#isLive(order)) return;
    const { clientOrderId } = order.request;
    if (order.exchangeOrderId === null) {
      order.exchangeOrderId = seen.exchangeOrderId;
      order.state = 'open';
      this.#ports.deliver(order.botId, {
        kind: 'orderAccepted',
        time: seen.time,
        clientOrderId,
        exchangeOrderId: seen.exchangeOrderId,
      });
    }
    for (const fill of seen.fills) {
      if (order.tradeIds.has(fill.tradeId)) continue;
      order.tradeIds.add(fill.tradeId);
      order.seenLots += fill.quantity;
      this.#ports.deliver(order.botId, {
        kind: 'orderFilled',
        time: fill.time,
        clientOrderId,
        fill,
      });
    }
    // News come out of order: an end stays an end, and a sum never shrinks.
    order.toldLots = Math.max(order.toldLots, seen.filledLots);
    if (seen.state !== 'open' && order.end === null) {
      order.end = { end: seen.state, filledLots: seen.filledLots, time: seen.updateTime };
    }
    this.#endIfComplete(order);
    if (order.seenLots < order.toldLots) this.#askForFillsSoon(order);
  }

  #endIfComplete(order: LiveOrder): void {
    const { end } = order;
    if (end === null || order.seenLots < end.filledLots || !this.#isLive(order)) return;
    this.#forget(order);
    const { timeInForce, symbol, pairedWith } = order.request;
    // An order of a pair expires when the other one trades or is triggered.
    const isNoSurprise = pairedWith !== undefined && end.end === 'expired';
    if (
      end.end !== 'filled' &&
      timeInForce === 'GTC' &&
      !order.isCancelRequested &&
      !isNoSurprise
    ) {
      this.#ports.onFinding('orderCancelledByOthers', {
        clientOrderId: order.request.clientOrderId,
        symbol,
        end: end.end,
      });
    }
    this.#ports.deliver(order.botId, {
      kind: 'orderEnded',
      time: end.time,
      clientOrderId: order.request.clientOrderId,
      end: end.end,
      filledLots: end.filledLots,
    });
  }

  /** The order does not exist; said of one that the exchange has spoken of, it proves nothing. */
  #reject(order: LiveOrder, by: RejectedBy, rule: string, reason: string): void {
    if (!this.#isInDoubt(order)) return;
    this.#forget(order);
    this.#ports.deliver(order.botId, {
      kind: 'orderRejected',
      time: this.#ports.marketNow(),
      clientOrderId: order.request.clientOrderId,
      by,
      rule,
      reason,
    });
  }

  #askForFillsSoon(order: LiveOrder): void {
    const id = order.request.clientOrderId;
    if (!this.#isLive(order) || this.#fillChecks.has(id)) return;
    const cancel = this.#time.after(this.#patience.fillGraceMs, () => {
      this.#fillChecks.delete(id);
      if (this.#isLive(order) && order.seenLots < order.toldLots) {
        this.#enqueue(order, () => this.#fetchFills(order));
      }
    });
    this.#fillChecks.set(id, cancel);
  }

  /** Fetches the fills of an order until they are as many as the exchange has named. */
  async #fetchFills(order: LiveOrder): Promise<void> {
    const { exchangeOrderId } = order;
    assert(exchangeOrderId !== null, 'Invariant: an order with fills was accepted');
    for (let attempt = 0; this.#isLive(order) && order.seenLots < order.toldLots; attempt += 1) {
      const fills = await this.#queryFills(order, exchangeOrderId);
      if (fills !== null) {
        const filledLots = fills.reduce((sum, fill) => sum + fill.quantity, 0);
        this.#learn(order, {
          clientOrderId: order.request.clientOrderId,
          exchangeOrderId,
          symbol: order.request.symbol,
          state: 'open',
          filledLots,
          time: order.end?.time ?? this.#ports.marketNow(),
          updateTime: order.end?.time ?? this.#ports.marketNow(),
          fills,
        });
        if (order.seenLots >= order.toldLots) break;
      }
      await this.#pause(this.#backOff(attempt));
    }
    if (this.#isLive(order) && order.end === null) await this.#refresh(order);
  }

  /** All fills of an order that the exchange lists; null when it does not say. */
  async #queryFills(order: LiveOrder, exchangeOrderId: string): Promise<readonly Fill[] | null> {
    const instrument = this.#instrumentOf(order.request.symbol);
    const fills: Fill[] = [];
    let fromTradeId: string | null = null;
    for (let page = 0; page < FILL_PAGES_MAX; page += 1) {
      const outcome = await this.#ports.links.submit({
        kind: 'queryFills',
        connection: this.#ports.connection(),
        symbol: order.request.symbol,
        exchangeOrderId,
        ...(fromTradeId === null ? {} : { fromTradeId }),
      });
      if (outcome.kind !== 'answered') return null;
      const listing = this.#ports.parser.fills(outcome, instrument);
      if (listing.kind !== 'ok') return null;
      const isFull = listing.items.length >= FILLS_PER_PAGE;
      if (isFull && fromTradeId === null) {
        // Which of so many an exchange shows first it need not say: from the first on, then.
        fromTradeId = '0';
        continue;
      }
      fills.push(...listing.items.filter((fill) => fill.exchangeOrderId === exchangeOrderId));
      const last = listing.items.at(-1);
      if (!isFull || last === undefined) return fills;
      fromTradeId = String(BigInt(last.tradeId) + 1n);
    }
    return fills;
  }

  #forget(order: LiveOrder): void {
    const id = order.request.clientOrderId;
    this.#live.delete(id);
    this.#fillChecks.get(id)?.();
    this.#fillChecks.delete(id);
  }

  #isLive(order: LiveOrder): boolean {
    return !this.#stop.signal.aborted && this.#live.get(order.request.clientOrderId) === order;
  }

  /** Still live, and the exchange has not spoken of it yet. */
  #isInDoubt(order: LiveOrder): boolean {
    return this.#isLive(order) && order.exchangeOrderId === null;
  }

  /** A peer that restarts is back in a moment; an order that waits for it is better than one given up. */
  async #waitForPeers(): Promise<void> {
    const { links } = this.#ports;
    const { peerMs, retryMsMin } = this.#patience;
    for (let waited = 0; waited < peerMs; waited += retryMsMin) {
      if (links.isUp('signer') && links.isUp('egress')) return;
      await this.#pause(retryMsMin);
    }
  }

  async #pause(ms: number): Promise<void> {
    await this.#time.pause(ms, this.#stop.signal);
  }

  async #pauseRefused(pauses: EarlyPauses): Promise<void> {
    await pauses.pause(this.#patience.refusedMs, this.#stop.signal);
  }

  #backOff(attempt: number): number {
    const { retryMsMin, retryMsMax } = this.#patience;
    return Math.min(retryMsMin * 2 ** Math.min(attempt, 10), retryMsMax);
  }

  #instrumentOf(symbol: string): Instrument {
    const instrument = this.#ports.instrument(symbol);
    if (instrument === undefined)
      throw new Error(`Invariant: an order on ${symbol} without its instrument`);
    return instrument;
  }
}

function reasonOf(outcome: Exclude<Outcome, { kind: 'answered' }>): string {
  return outcome.kind === 'refused' ? `${outcome.rule}: ${outcome.reason}` : outcome.reason;
}
