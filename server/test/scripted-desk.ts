// SPDX-License-Identifier: Apache-2.0
// Runner, order life and store as the server puts them together, joined to a scripted exchange.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  makeSettings,
  priceTicks,
  type BotEvent,
  type DcaSettings,
  type Instrument,
  type Quote,
} from '@kontor/core';
import { binanceAnswers, type PairName, type TimedQuote } from '@kontor/exchange';
import { Store } from '@kontor/server';
import type { ForeignReport } from '../src/alarms/foreign-watch.ts';
import type { Note } from '../src/api/schemas.ts';
import { Links } from '../src/link/links.ts';
import { createMarketClock, type MarketClock } from '../src/market/market-clock.ts';
import { BalanceBook } from '../src/reconcile/balances.ts';
import { FindingBook } from '../src/reconcile/findings.ts';
import { OrderIds } from '../src/reconcile/order-ids.ts';
import { OrderTags } from '../src/reconcile/order-tags.ts';
import { OrphanBook } from '../src/reconcile/orphans.ts';
import {
  Reconciler,
  type ForeignListener,
  type ReconcilePatience,
} from '../src/reconcile/reconcile.ts';
import { BotRunner } from '../src/runner/bot-runner.ts';
import { RiskDesk } from '../src/risk/risk-desk.ts';
import { DealProjection, type EndedDeal } from '../src/runner/deal-projection.ts';
import { OrderDesk } from '../src/runner/order-desk.ts';
import type { Row } from '../src/store/store.ts';
import { systemTime } from '../src/time.ts';
import { CONNECTION, INSTRUMENT, ScriptedExchange, SYMBOL } from './scripted-exchange.ts';

const WAIT_MS_MAX = 10_000;

/** One deal with one resting buy of 100 lots: what becomes of a single order shows without any other. */
export const ONE_ORDER: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'One order',
  symbols: [SYMBOL],
  baseOrderVolume: '19.9999',
  baseOrderType: 'limit',
  safetyOrderVolume: '20',
  safetyOrderStep: '1',
  maxSafetyOrders: 0,
  maxActiveSafetyOrders: 0,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '1',
  cooldownSeconds: 2_592_000,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

/** Waits as the desk does, only shorter: a test has no exchange far away. */
const LINK_PATIENCE = { decisionMs: 400, answerMs: 400, passedOnMs: 100 };
const ORDER_PATIENCE = {
  clockSkewMs: 200,
  retryMsMin: 5,
  retryMsMax: 40,
  peerMs: 150,
  fillGraceMs: 15,
  goneMs: 60,
  refusedMs: 40,
  lockedMs: 60_000,
};

const RECONCILE_PATIENCE = {
  sweepMs: 600_000,
  refillMs: 20,
  startMs: 400,
  startRetryMs: 10,
  streamGraceMs: 30,
  askMs: 2_000,
  doubtMs: 40,
  balancesMs: 600_000,
  fullMs: 86_400_000,
  disagreeMs: 40,
};

export interface ScriptedDeskOptions {
  readonly directory?: string;
  /** An exchange that outlives the desk: what a restart finds. */
  readonly before?: ScriptedDesk;
  readonly clock?: 'wall' | 'events';
  readonly wallNow?: () => number;
  readonly patience?: Partial<typeof ORDER_PATIENCE>;
  readonly reconcilePatience?: Partial<ReconcilePatience>;
  readonly instrument?: Instrument;
  /** Compares with the exchange at the start; later when `reconciler.request` is called. */
  readonly reconciles?: boolean;
}

export class ScriptedDesk {
  readonly directory: string;
  readonly store: Store;
  readonly findings: FindingBook;
  readonly ids: OrderIds;
  readonly orphans: OrphanBook;
  readonly balances: BalanceBook;
  readonly reconciler: Reconciler;
  /** What the desk was asked to open the account stream anew for. */
  readonly resubscribed: string[] = [];
  isStreamUp = true;
  /** What the reconciler told of others. */
  readonly foreign: ForeignReport[] = [];
  readonly unexplained: Readonly<Record<string, string>>[] = [];
  readonly disagreements: Readonly<Record<string, string>>[] = [];
  agreements = 0;
  /** Every symbol of the exchange. */
  pairs: readonly PairName[] = [];
  readonly watch: ForeignListener = {
    onFirstSight: () => undefined,
    onForeign: (report) => this.foreign.push(report),
    onUnexplained: (values) => this.unexplained.push(values),
    onDisagreement: (values) => this.disagreements.push(values),
    onAgreement: () => (this.agreements += 1),
  };
  readonly clock: MarketClock;
  readonly links: Links;
  readonly exchange: ScriptedExchange;
  readonly orders: OrderDesk;
  readonly runner: BotRunner;
  readonly risk: RiskDesk;
  /** What the order desk told the bots, whether it changed them or not. */
  readonly told: { readonly botId: string; readonly event: BotEvent }[] = [];
  readonly notes: Note[] = [];
  /** Deals that ended, as whoever sums them is told. */
  readonly ended: EndedDeal[] = [];
  onChanged: (botId: string) => void = () => undefined;
  readonly fatal: unknown[] = [];
  readonly broken: string[] = [];
  /** Answers to `requestQuote`; while it is null they wait. */
  quote: TimedQuote | null;
  readonly #reconciles: boolean;
  #isDown = false;

  constructor(options: ScriptedDeskOptions = {}) {
    this.#reconciles = options.reconciles ?? false;
    this.directory =
      options.directory ??
      options.before?.directory ??
      mkdtempSync(join(tmpdir(), 'kontor-scripted-'));
    this.store = new Store(join(this.directory, 'desk.db'));
    this.clock = createMarketClock(options.clock ?? 'events', options.wallNow);
    this.findings = new FindingBook(
      this.store,
      () => this.clock.now(),
      () => undefined,
    );
    this.links = new Links(
      {
        onAccountEvent: (_connection, event) => {
          const parsed = binanceAnswers.accountEvent(event, (symbol) =>
            symbol === SYMBOL ? instrument : undefined,
          );
          this.reconciler.onAccountEvent(parsed);
        },
        onAccountStream: () => undefined,
        onEgressHealth: () => undefined,
        onCondition: () => undefined,
        onPeer: () => undefined,
        onBroken: (peer) => this.broken.push(peer),
      },
      LINK_PATIENCE,
    );
    this.exchange = new ScriptedExchange(this.links);
    this.ids = new OrderIds(this.store);
    this.orphans = new OrphanBook(this.store);
    this.balances = new BalanceBook({
      store: this.store,
      instrument: (symbol) => (symbol === SYMBOL ? instrument : undefined),
      monotonic: () => performance.now(),
      onChanged: () => undefined,
      onExplained: (difference) => this.findings.add('balanceExplained', { ...difference }),
    });
    const { before } = options;
    if (before !== undefined) {
      this.exchange.goOnFrom(before.exchange);
    }
    this.quote = { time: this.exchange.time, quote: quoteAt(200_000) };
    const instrument = options.instrument ?? INSTRUMENT;
    this.runner = new BotRunner({
      store: this.store,
      clock: this.clock,
      connection: () => CONNECTION,
      feeRatePpm: 0,
      instrument: (symbol) => (symbol === SYMBOL ? instrument : undefined),
      projection: new DealProjection(this.store, {
        onEnded: (deal) => this.ended.push(deal),
        onRealised: (change) => this.risk.onRealised(change),
      }),
      denial: (bot, effect, later) => this.risk.denial(bot, effect, later),
      risk: (botId) => this.risk.effective(botId),
      ids: this.ids,
      onFill: (symbol, side, fill) => this.balances.onFill(symbol, side, fill),
      place: (botId, order) => this.orders.place(botId, order),
      placePair: (botId, takeProfit, stopLoss) =>
        this.orders.placePair(botId, takeProfit, stopLoss),
      cancel: (clientOrderId) => this.orders.cancel(clientOrderId),
      freshQuote: async () => {
        while (this.quote === null && !this.#isDown) await delay(2);
        return this.#isDown ? null : this.quote;
      },
      onChanged: (botId, notes) => {
        this.notes.push(...notes);
        this.onChanged(botId);
      },
      onFatal: (error) => this.fatal.push(error),
    });
    this.risk = new RiskDesk({
      store: this.store,
      now: () => this.clock.now(),
      bots: () => this.runner.bots,
      instrument: (symbol) => (symbol === SYMBOL ? instrument : undefined),
      quoteAssets: () => new Set([instrument.quoteAsset]),
      setRisk: (botId, risk) =>
        this.runner.deliver(botId, {
          kind: 'command',
          time: this.clock.now(),
          command: { kind: 'setRisk', risk },
        }),
      onChanged: () => undefined,
    });
    this.orders = new OrderDesk({
      connection: () => CONNECTION,
      links: this.links,
      parser: binanceAnswers,
      instrument: (symbol) => (symbol === SYMBOL ? instrument : undefined),
      marketNow: () => this.clock.now(),
      deliver: (botId, event) => {
        this.told.push({ botId, event });
        this.runner.deliver(botId, event);
      },
      onDoubt: (order) =>
        this.store.run(
          "UPDATE orders SET state = 'ambiguous', signed_until = ? WHERE client_order_id = ? AND state IN ('intended', 'ambiguous')",
          order.signedUntil,
          order.request.clientOrderId,
        ),
      onAnswered: () => undefined,
      onFinding: (code, values) =>
        this.findings.add(code, values, values['clientOrderId'] ?? values['about'] ?? null),
      untilHeard: (clientOrderId) => this.reconciler.untilHeard(clientOrderId),
      isMarketTimeReal: this.clock.runsByItself,
      log: () => undefined,
      patience: { ...ORDER_PATIENCE, ...options.patience },
    });
    this.reconciler = new Reconciler({
      connection: () => CONNECTION,
      links: this.links,
      parser: binanceAnswers,
      instrument: (symbol) => (symbol === SYMBOL ? instrument : undefined),
      symbols: () => [SYMBOL],
      store: this.store,
      ids: this.ids,
      tags: new OrderTags({
        connection: () => CONNECTION,
        links: this.links,
        ids: this.ids,
        store: this.store,
        orders: () => this.orders,
      }),
      watch: this.watch,
      pairs: async () => this.pairs,
      findings: this.findings,
      orphans: this.orphans,
      balances: this.balances,
      orders: this.orders,
      bots: () => [...this.runner.bots.values()].map(({ state }) => state),
      revive: (clientOrderId, exchangeOrderId) =>
        this.runner.revive(clientOrderId, exchangeOrderId),
      renewOrderIds: () => this.runner.renewOrderIds(),
      adopt: (botId, dealId, order) => this.runner.adopt(botId, dealId, order),
      marketNow: () => this.clock.now(),
      isStreamUp: () => this.isStreamUp,
      resubscribe: (reason) => this.resubscribed.push(reason),
      onChanged: () => undefined,
      time: systemTime,
      patience: { ...RECONCILE_PATIENCE, ...options.reconcilePatience },
    });
  }

  /** Links up and does what the server does at its start. */
  async start(): Promise<this> {
    await this.exchange.joinAll();
    const alive = this.runner.load();
    for (const order of alive) {
      if (this.#reconciles) this.orders.takeUp(order);
      else this.orders.resume(order);
    }
    this.balances.load();
    if (this.#reconciles) await this.reconciler.start();
    this.runner.start();
    this.risk.start();
    return this;
  }

  /** Makes a bot, starts it, and waits until its first order is stored. Returns that order's ID. */
  async firstOrder(settings: DcaSettings = ONE_ORDER): Promise<string> {
    const { botId } = this.runner.create(settings);
    await this.runner.command(botId, { kind: 'start' });
    const row = await until('the first order', () =>
      this.row('SELECT client_order_id FROM orders WHERE bot_id = ?', botId),
    );
    return String(row['client_order_id']);
  }

  row(sql: string, ...parameters: readonly string[]): Row | null {
    return this.store.get(sql, ...parameters) ?? null;
  }

  order(id: string): Row {
    const row = this.row('SELECT * FROM orders WHERE client_order_id = ?', id);
    return row ?? assert.fail(`there is no order ${id}`);
  }

  async untilState(id: string, state: string): Promise<Row> {
    return until(
      () => `${id} ${state} (it is ${String(this.order(id)['state'])})`,
      () => (this.order(id)['state'] === state ? this.order(id) : null),
    );
  }

  /** What was told of an order, by kind. */
  toldOf(id: string): readonly BotEvent['kind'][] {
    return this.told
      .map(({ event }) => event)
      .filter((event) => 'clientOrderId' in event && event.clientOrderId === id)
      .map(({ kind }) => kind);
  }

  /** So many orders have work under way. */
  async untilInFlight(count: number): Promise<void> {
    await until(`${count} in flight`, () => (this.orders.inFlight === count ? true : null));
  }

  /** Nothing is under way any more. */
  async untilQuiet(): Promise<void> {
    await until(
      () => `quiet (${this.orders.inFlight} in flight, ${this.runner.waiting} waiting)`,
      () => (this.orders.inFlight === 0 && this.runner.waiting === 0 ? true : null),
    );
  }

  /** The process is gone, as after kill -9: what was not committed never was. */
  async crash(): Promise<void> {
    if (this.#isDown) return;
    this.#isDown = true;
    this.exchange.close();
    const isQuiet = Promise.all([this.orders.close(), this.reconciler.close()]);
    this.links.close();
    await isQuiet;
    this.store.close();
    // With its store closed it cannot write what still waits; only its timers end.
    this.runner.close();
  }

  async close(): Promise<void> {
    await this.crash();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function quoteAt(ticks: number): Quote {
  return { bid: priceTicks(ticks - 1), ask: priceTicks(ticks + 1), last: priceTicks(ticks) };
}

/** Polls until `condition` gives something. */
export async function until<T>(
  what: string | (() => string),
  condition: () => T | null,
): Promise<T> {
  const started = performance.now();
  while (performance.now() - started < WAIT_MS_MAX) {
    const value = condition();
    if (value !== null) return value;
    await delay(1);
  }
  return assert.fail(`${typeof what === 'string' ? what : what()} did not happen`);
}
