// SPDX-License-Identifier: Apache-2.0
// The desk as its API sees it: bots, deals, totals and health, put together from the parts that own them.

import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import {
  dealView,
  formatNotional,
  formatPrice,
  formatQuantity,
  trimDecimal,
  type Deal as CoreDeal,
  type Instrument as CoreInstrument,
  type FieldError,
} from '@kontor/core';
import type { VenueBalance } from '@kontor/exchange';
import type { ConnectionInfo } from '@kontor/signer';
import type {
  Balance,
  Bot,
  Candles,
  Connection,
  Deal,
  DealPage,
  Desk as DeskOverview,
  Health,
  Instrument,
  Market,
  Note,
  ProcessHealth,
  StreamMessage,
  Totals,
} from './api/schemas.ts';
import type { LiveSource } from './api/live.ts';
import { BotActions } from './bot-actions.ts';
import type { MarketHub } from './market/market-hub.ts';
import type { ReconciliationView } from './reconcile/view.ts';
import type { BotRunner } from './runner/bot-runner.ts';
import type { Bot as RunnerBot } from './runner/bot.ts';
import type { ConditionHub } from './runner/condition-hub.ts';
import { detailsOf } from './runner/deal-details.ts';
import { toNote, type DealProjection } from './runner/deal-projection.ts';
import type { OrderDesk } from './runner/order-desk.ts';
import { sumTexts, type ProfitBook } from './runner/profit-book.ts';
import { numberOf, textOf, type Parameter, type Row, type Store } from './store/store.ts';

export interface AccountStatus {
  readonly state: 'up' | 'down';
  readonly reason: string;
  readonly lastEventAt: number | null;
}

export interface DeskParts {
  readonly version: string;
  readonly dataDirectory: string;
  readonly symbols: readonly string[];
  readonly feeRatePpm: number;
  readonly store: Store;
  readonly runner: BotRunner;
  readonly orders: OrderDesk;
  readonly hub: MarketHub;
  readonly projection: DealProjection;
  readonly profits: ProfitBook;
  readonly reconciliation: ReconciliationView;
  readonly conditions: ConditionHub;
  readonly now: () => number;
  /** What others keep up to date and the desk only shows. */
  readonly market: () => Market;
  /** Why the exchange whose prices a paper market follows cannot be seen; null while it can. */
  readonly marketUnseen: () => string | null;
  readonly balances: () => readonly VenueBalance[];
  readonly connections: () => Promise<readonly ConnectionInfo[]>;
  readonly account: () => AccountStatus;
  readonly processes: () => readonly ProcessHealth[];
  readonly exchangeClock: () => {
    readonly skewMs: number | null;
    readonly roundTripMs: number | null;
  };
}

export interface DealQuery {
  readonly bot?: string;
  readonly status: 'open' | 'closed' | 'all';
  readonly symbol?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** What a running deal comes to, as decimal text in the quote asset. */
interface OpenFigures {
  readonly realized: string;
  readonly unrealized: string;
  readonly cost: string;
}

type CreateResult =
  | { readonly ok: true; readonly bot: Bot }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

export class Desk implements LiveSource {
  readonly #parts: DeskParts;
  readonly actions: BotActions;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.actions = new BotActions(parts);
  }

  get reconciliation(): ReconciliationView {
    return this.#parts.reconciliation;
  }

  overview(): DeskOverview {
    const instruments = this.#parts.symbols.flatMap((symbol) => {
      const instrument = this.#parts.hub.instruments.get(symbol);
      return instrument === undefined ? [] : [toInstrument(instrument)];
    });
    return {
      name: 'Kontor',
      version: this.#parts.version,
      market: this.#parts.market(),
      instruments,
      quoteAsset: this.#quoteAsset(),
      feeRatePpm: this.#parts.feeRatePpm,
    };
  }

  health(): Health {
    const { hub, orders, runner } = this.#parts;
    const account = this.#parts.account();
    const processes = [...this.#parts.processes()];
    const clock = this.#parts.exchangeClock();
    // After the end of a replay there is nothing to hear, and a stream that falls silent is no fault.
    const hasEnded = this.#parts.market().hasEnded;
    const unseen = this.#parts.marketUnseen();
    const marketState = unseen === null ? hub.status.state : 'down';
    const isOk =
      (marketState === 'up' || hasEnded) &&
      account.state === 'up' &&
      processes.every(({ state }) => state === 'up');
    return {
      state: isOk ? 'ok' : 'degraded',
      processes,
      streams: [
        {
          name: 'market',
          state: marketState,
          lastEventAt: hub.status.lastEventAt,
          detail: hasEnded ? 'the replay has ended' : (unseen ?? hub.status.reason),
        },
        {
          name: 'account',
          state: account.state,
          lastEventAt: account.lastEventAt,
          detail: account.reason,
        },
      ],
      clockSkewMs: clock.skewMs,
      roundTripMs: clock.roundTripMs,
      pendingEffects: orders.inFlight + runner.waiting,
      ambiguousOrders: orders.ambiguous,
    };
  }

  totals(): Totals {
    const bots = [...this.#parts.runner.bots.values()];
    const open = bots.flatMap((bot) => this.#openFigures(bot));
    const { profit, deals } = this.#parts.profits.total(open.map(({ realized }) => realized));
    return {
      quoteAsset: this.#quoteAsset(),
      realizedProfit: profit,
      unrealizedProfit: sumTexts(open.map(({ unrealized }) => unrealized)),
      fundsInUse: sumTexts(open.map(({ cost }) => cost)),
      activeDeals: open.length,
      completedDeals: deals,
      runningBots: bots.filter(({ state }) => state.isRunning).length,
      profitCurve: this.#parts.profits.curve(),
    };
  }

  balances(): Balance[] {
    return this.#parts.balances().map(({ asset, free, locked }) => ({
      asset,
      free: trimDecimal(free),
      locked: trimDecimal(locked),
    }));
  }

  async connections(): Promise<Connection[]> {
    return (await this.#parts.connections()).map((info) => ({
      id: info.connection,
      name: info.name,
      venue: info.venue,
      state: info.state,
      publicKeyPem: info.publicKeyPem,
      createdAt: info.createdAt,
      expiresAt: info.expiresAt,
      policy: [...info.policy],
      policyHash: info.policyHash,
    }));
  }

  bots(): Bot[] {
    return [...this.#parts.runner.bots.values()].map((bot) => this.#toBot(bot));
  }

  bot(botId: string): Bot | null {
    const bot = this.#parts.runner.bots.get(botId);
    return bot === undefined ? null : this.#toBot(bot);
  }

  /** Makes a stopped bot, or says field by field what is wrong with `input`. */
  createBot(input: unknown): CreateResult {
    const checked = this.actions.checked(input);
    if (!checked.ok) return checked;
    const made = this.#parts.runner.create(checked.settings);
    this.#parts.conditions.refresh(made.botId);
    return { ok: true, bot: this.#toBot(made) };
  }

  /** Starts or stops a bot; null when there is none. The bot returned is already the changed one. */
  async commandBot(botId: string, action: 'start' | 'stop'): Promise<Bot | null> {
    if (!this.#parts.runner.bots.has(botId)) return null;
    await this.#parts.runner.command(botId, { kind: action });
    return this.bot(botId);
  }

  /** Sells a deal's coins now, or cancels its orders and keeps the coins; null when no such deal is open. */
  async commandDeal(id: string, action: 'close' | 'cancel'): Promise<Deal | null> {
    const [botId = '', number = ''] = id.split('-');
    const dealId = Number(number);
    const bot = this.#parts.runner.bots.get(botId);
    if (bot === undefined || !bot.state.deals.some((deal) => deal.dealId === dealId)) return null;
    await this.#parts.runner.command(botId, {
      kind: action === 'close' ? 'closeDeal' : 'cancelDeal',
      dealId,
    });
    return this.deal(id);
  }

  /** A page of deals, newest first. The cursor names the last deal of the page before. */
  dealPage(query: DealQuery): DealPage {
    const where: string[] = [];
    const parameters: Parameter[] = [];
    const add = (condition: string, ...values: readonly Parameter[]): void => {
      where.push(condition);
      parameters.push(...values);
    };
    if (query.bot !== undefined) add('bot_id = ?', query.bot);
    if (query.symbol !== undefined) add('symbol = ?', query.symbol);
    if (query.status === 'open') add('closed_at IS NULL');
    if (query.status === 'closed') add('closed_at IS NOT NULL');
    const filter = (conditions: readonly string[]): string =>
      conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const count = this.#parts.store.get(
      `SELECT count(*) AS total FROM deals ${filter(where)}`,
      ...parameters,
    );
    if (query.cursor !== undefined) {
      const [openedAt = '0', botId = '', number = '0'] = query.cursor.split('-');
      add('(opened_at, bot_id, deal_number) < (?, ?, ?)', Number(openedAt), botId, Number(number));
    }
    const rows = this.#parts.store.all(
      `SELECT * FROM deals ${filter(where)} ORDER BY opened_at DESC, bot_id DESC, deal_number DESC LIMIT ?`,
      ...parameters,
      query.limit + 1,
    );
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    return {
      deals: page.map((row) => this.#toDeal(row)),
      nextCursor:
        rows.length > query.limit && last !== undefined
          ? `${numberOf(last, 'opened_at')}-${textOf(last, 'bot_id')}-${numberOf(last, 'deal_number')}`
          : null,
      total: count === undefined ? 0 : numberOf(count, 'total'),
    };
  }

  deal(id: string): Deal | null {
    const [botId = '', number = ''] = id.split('-');
    const row = this.#parts.store.get(
      'SELECT * FROM deals WHERE bot_id = ? AND deal_number = ?',
      botId,
      Number(number),
    );
    return row === undefined ? null : this.#toDeal(row);
  }

  dealNotes(id: string): Note[] {
    const [botId = '', number = ''] = id.split('-');
    return this.#parts.store
      .all(
        'SELECT * FROM notes WHERE bot_id = ? AND deal_number = ? ORDER BY sequence',
        botId,
        Number(number),
      )
      .map(toNote);
  }

  latestNotes(limit: number): Note[] {
    return this.#parts.store
      .all('SELECT * FROM notes ORDER BY sequence DESC LIMIT ?', limit)
      .map(toNote);
  }

  /** The last candles of a symbol of this desk, or the last before `before`; null for any other symbol. */
  async candles(
    symbol: string,
    interval: string,
    limit: number,
    before?: number,
  ): Promise<Candles | null> {
    if (!this.#parts.symbols.includes(symbol)) return null;
    const rows = await this.#parts.hub.candles(symbol, interval, limit, before);
    return { symbol, interval, candles: rows.map((row) => [...row]) };
  }

  /** Copies the store, whole while the desk runs; returns the file, which belongs to whoever asked. */
  backUp(): string {
    const file = join(this.#parts.dataDirectory, 'run', `backup-${randomUUID()}.db`);
    this.#parts.store.copyTo(file);
    chmodSync(file, 0o600);
    return file;
  }

  quoteMessage(symbol: string, time: number): StreamMessage | null {
    const quote = this.#parts.hub.quote(symbol);
    const instrument = this.#parts.hub.instruments.get(symbol);
    if (quote === undefined || instrument === undefined) return null;
    return {
      kind: 'quote',
      symbol,
      time,
      bid: formatPrice(instrument, quote.bid),
      ask: formatPrice(instrument, quote.ask),
      last: formatPrice(instrument, quote.last),
    };
  }

  botMessage(botId: string): StreamMessage | null {
    const bot = this.bot(botId);
    return bot === null ? null : { kind: 'bot', bot };
  }

  dealMessages(botId: string): readonly StreamMessage[] {
    const rows = this.#parts.store.all(
      'SELECT * FROM deals WHERE bot_id = ? ORDER BY deal_number DESC LIMIT ?',
      botId,
      this.#liveDealCount(botId),
    );
    return rows.map((row) => ({ kind: 'deal', deal: this.#toDeal(row) }));
  }

  totalsMessage(): StreamMessage {
    return { kind: 'totals', totals: this.totals() };
  }

  healthMessage(): StreamMessage {
    return { kind: 'health', health: this.health() };
  }

  marketMessage(): StreamMessage {
    return { kind: 'market', market: this.#parts.market() };
  }

  reconciliationMessage(): StreamMessage {
    return { kind: 'reconciliation', reconciliation: this.reconciliation.overview() };
  }

  balancesMessage(): StreamMessage {
    return { kind: 'balances', balances: this.balances() };
  }

  /** The open deals and the one that ended last, which a page may still show as open. */
  #liveDealCount(botId: string): number {
    return (this.#parts.runner.bots.get(botId)?.state.deals.length ?? 0) + 1;
  }

  /** What the running deals of a bot come to now, from its state: no deal is read for a sum. */
  #openFigures(bot: RunnerBot): readonly OpenFigures[] {
    return bot.state.deals.map((deal) => {
      const view = dealView(deal, this.#parts.hub.quote(deal.symbol)?.last);
      return {
        realized: view.realisedProfit === '' ? '0' : view.realisedProfit,
        unrealized: view.unrealisedProfit === '' ? '0' : view.unrealisedProfit,
        cost: view.cost,
      };
    });
  }

  #toDeal(row: Row): Deal {
    const symbol = textOf(row, 'symbol');
    const instrument = this.#parts.hub.instruments.get(symbol);
    if (instrument === undefined)
      throw new Error(`Invariant: a deal on ${symbol}, which is not loaded`);
    const botId = textOf(row, 'bot_id');
    const live = this.#liveDeal(botId, numberOf(row, 'deal_number'));
    const { hub, runner } = this.#parts;
    const quote = hub.quote(symbol);
    const state = runner.bots.get(botId)?.state;
    return this.#parts.projection.read(
      row,
      instrument,
      live === undefined || quote === undefined ? null : { deal: live, quote },
      live === undefined || state === undefined
        ? null
        : detailsOf(live, state, (each) => hub.quote(each)),
    );
  }

  #liveDeal(botId: string, dealId: number): CoreDeal | undefined {
    return this.#parts.runner.bots.get(botId)?.state.deals.find((deal) => deal.dealId === dealId);
  }

  #toBot(bot: RunnerBot): Bot {
    const { settings, deals: running } = bot.state;
    const open = this.#openFigures(bot);
    const { profit, deals } = this.#parts.profits.of(
      bot.botId,
      open.map(({ realized }) => realized),
    );
    return {
      id: bot.botId,
      name: settings.name,
      kind: settings.kind,
      state: bot.state.isRunning ? 'running' : 'stopped',
      connection: bot.connection,
      settings,
      createdAt: bot.createdAt,
      quoteAsset: running[0]?.instrument.quoteAsset ?? this.#quoteAsset(),
      activeDeals: open.length,
      completedDeals: deals,
      realizedProfit: profit,
      unrealizedProfit: sumTexts(open.map(({ unrealized }) => unrealized)),
      fundsInUse: sumTexts(open.map(({ cost }) => cost)),
      attention: this.#attentionOf(bot),
    };
  }

  /** The last refusal among the running deals' orders, while nothing newer went through. */
  #attentionOf(bot: RunnerBot): string | null {
    for (const { dealId } of bot.state.deals) {
      const last = this.#parts.store.get(
        'SELECT state, rejected_by, rule, reason FROM orders WHERE bot_id = ? AND deal_number = ? ORDER BY placed_at DESC, rowid DESC LIMIT 1',
        bot.botId,
        dealId,
      );
      if (last?.['state'] === 'rejected') {
        return `${last['rejected_by'] ?? ''}: ${last['rule'] ?? ''} ${last['reason'] ?? ''}`.trim();
      }
    }
    return null;
  }

  #quoteAsset(): string {
    const [symbol = ''] = this.#parts.symbols;
    return this.#parts.hub.instruments.get(symbol)?.quoteAsset ?? '';
  }
}

function toInstrument(instrument: CoreInstrument): Instrument {
  return {
    symbol: instrument.symbol,
    baseAsset: instrument.baseAsset,
    quoteAsset: instrument.quoteAsset,
    priceDecimals: instrument.priceScale,
    quantityDecimals: instrument.quantityScale,
    tickSize: formatPrice(instrument, 1),
    lotSize: formatQuantity(instrument, 1),
    minPrice: formatPrice(instrument, instrument.minTicks),
    maxPrice: formatPrice(instrument, instrument.maxTicks),
    minQuantity: formatQuantity(instrument, instrument.minLots),
    maxQuantity: formatQuantity(instrument, instrument.maxLots),
    minNotional: formatNotional(instrument, 1, instrument.minNotional),
    maxNotional: formatNotional(instrument, 1, instrument.maxNotional),
  };
}
