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
  type BotState,
  type Deal as CoreDeal,
  type Instrument as CoreInstrument,
  type FieldError,
  type FreeFunds,
} from '@kontor/core';
import type { VenueBalance } from '@kontor/exchange';
import type { ConnectionInfo } from '@kontor/signer';
import { toConnection } from './api/connection-routes.ts';
import type {
  Attention,
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
import { botWarnings } from './bot-warnings.ts';
import type { MarketHub } from './market/market-hub.ts';
import type { ReconciliationStatus } from './reconcile/reconcile.ts';
import type { ReconciliationView } from './reconcile/view.ts';
import type { BotRunner } from './runner/bot-runner.ts';
import type { Bot as RunnerBot } from './runner/bot.ts';
import type { ConditionHub } from './runner/condition-hub.ts';
import { detailsOf } from './runner/deal-details.ts';
import {
  NOTES,
  textOrNull,
  toNote,
  toRejectedBy,
  type DealProjection,
} from './runner/deal-projection.ts';
import type { OrderDesk } from './runner/order-desk.ts';
import { sumTexts, type ProfitBook } from './runner/profit-book.ts';
import { numberOf, textOf, type Parameter, type Row, type Store } from './store/store.ts';

/** One comparison with the exchange may fail; so many in a row are worth a word. */
const COMPARISONS_FAILED_MAX = 3;
/** Bots on one desk, beside those that take deals over: each of them is asked about every price of its market. */
const BOTS_MAX = 1_000;

/** Most notes of one deal that one answer holds. */
const DEAL_NOTES_MAX = 500;

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
  /** How many bots there may be for another one to be made; `BOTS_MAX` unless told otherwise. */
  readonly botsMax?: number;
  readonly orders: OrderDesk;
  readonly hub: MarketHub;
  readonly projection: DealProjection;
  readonly profits: ProfitBook;
  readonly reconciliation: ReconciliationView;
  readonly conditions: ConditionHub;
  readonly now: () => number;
  /** What a bot may use of the balances for deals on a symbol; null while it is not known. */
  readonly funds: (botId: string, symbol: string) => FreeFunds | null;
  /** What others keep up to date and the desk only shows. */
  readonly market: () => Market;
  /** Why the exchange whose prices a paper market follows cannot be seen; null while it can. */
  readonly marketUnseen: () => string | null;
  /** Connections that a person must look after. */
  readonly troubled: () => Health['connections'];
  readonly balances: () => readonly VenueBalance[];
  readonly connections: () => Promise<readonly ConnectionInfo[]>;
  readonly account: () => AccountStatus;
  readonly comparison: () => Pick<ReconciliationStatus, 'sweptAt' | 'fault' | 'failedInARow'>;
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
  readonly realised: string;
  readonly unrealised: string;
  readonly cost: string;
}

type CreateResult =
  | { readonly ok: true; readonly bot: Bot }
  | { readonly ok: false; readonly errors: readonly FieldError[] }
  /** No settings would be taken. */
  | { readonly ok: false; readonly reason: string };

/** `reason` is null where there is no such bot. */
type CommandResult =
  { readonly ok: true; readonly bot: Bot } | { readonly ok: false; readonly reason: string | null };

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
    const comparison = this.#parts.comparison();
    const isCompared = comparison.failedInARow < COMPARISONS_FAILED_MAX;
    const connections = this.#parts.troubled();
    const isOk =
      connections.length === 0 &&
      (marketState === 'up' || hasEnded) &&
      account.state === 'up' &&
      isCompared &&
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
        {
          name: 'reconciliation',
          state: isCompared ? 'up' : 'down',
          lastEventAt: comparison.sweptAt,
          detail: comparison.fault ?? 'compared with the exchange',
        },
      ],
      connections,
      clockSkewMs: clock.skewMs,
      roundTripMs: clock.roundTripMs,
      pendingEffects: orders.inFlight + runner.waiting,
      ambiguousOrders: orders.ambiguous,
      heldOrders: orders.held.orders,
      blockedMs: orders.held.blockedMs,
    };
  }

  totals(): Totals {
    const bots = [...this.#parts.runner.bots.values()];
    const open = bots.flatMap((bot) => this.#openFigures(bot));
    const { profit, deals } = this.#parts.profits.total(open.map(({ realised }) => realised));
    return {
      quoteAsset: this.#quoteAsset(),
      realisedProfit: profit,
      unrealisedProfit: sumTexts(open.map(({ unrealised }) => unrealised)),
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
    return (await this.#parts.connections()).map(toConnection);
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
    const botsMax = this.#parts.botsMax ?? BOTS_MAX;
    const count = this.#parts.runner.bots.size;
    if (count >= botsMax) {
      const reason = `expected at most ${botsMax} bots on a desk, found ${count}: delete one that is stopped`;
      return { ok: false, reason };
    }
    const checked = this.actions.checked(input);
    if (!checked.ok) return checked;
    const made = this.#parts.runner.create(checked.settings);
    this.#parts.conditions.refresh(made.botId);
    return { ok: true, bot: this.#toBot(made) };
  }

  /** `bot` with what its first deal would run into; a signer that does not answer warns of nothing. */
  async warned(bot: Bot): Promise<Bot> {
    const { runner, hub, feeRatePpm, funds } = this.#parts;
    const state = runner.bots.get(bot.id)?.state;
    if (state === undefined) return bot;
    const connections = await this.#parts.connections().catch(() => []);
    const own = connections.find(({ connection }) => connection === bot.connection);
    const warnings = botWarnings(state.settings, {
      instruments: state.instruments,
      feeRatePpm,
      price: (symbol) => hub.quote(symbol)?.last,
      funds: (symbol) => funds(bot.id, symbol),
      policy: own?.policy ?? [],
    });
    return { ...bot, warnings: [...warnings] };
  }

  /** Starts or stops a bot. The bot returned is already the changed one. */
  async commandBot(botId: string, action: 'start' | 'stop'): Promise<CommandResult> {
    const { runner } = this.#parts;
    runner.applyWaiting();
    const before = runner.bots.get(botId);
    if (before === undefined) return { ok: false, reason: null };
    const fault = action === 'start' ? startFault(before.state) : null;
    if (fault !== null) return { ok: false, reason: fault };
    await runner.command(botId, { kind: action });
    const bot = this.bot(botId);
    return bot === null ? { ok: false, reason: null } : { ok: true, bot };
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

  /** A page of deals, newest first; null for a bot that never was. The cursor names the last deal of the page before. */
  dealPage(query: DealQuery): DealPage | null {
    if (query.bot !== undefined && !this.#isBotKnown(query.bot)) return null;
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

  /** The latest notes of a deal, oldest first: a grid that runs for months has more than anyone can be sent. */
  dealNotes(id: string): Note[] {
    const [botId = '', number = ''] = id.split('-');
    return this.#parts.store
      .all(
        `${NOTES} WHERE notes.bot_id = ? AND notes.deal_number = ? ORDER BY sequence DESC LIMIT ?`,
        botId,
        Number(number),
        DEAL_NOTES_MAX,
      )
      .map(toNote)
      .toReversed();
  }

  /** The newest events first, of one bot or of all. */
  latestNotes(limit: number, botId?: string): Note[] {
    const { store } = this.#parts;
    const rows =
      botId === undefined
        ? store.all(`${NOTES} ORDER BY sequence DESC LIMIT ?`, limit)
        : store.all(`${NOTES} WHERE notes.bot_id = ? ORDER BY sequence DESC LIMIT ?`, botId, limit);
    return rows.map(toNote);
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
        realised: view.realisedProfit === '' ? '0' : view.realisedProfit,
        unrealised: view.unrealisedProfit === '' ? '0' : view.unrealisedProfit,
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
    const former = [...new Set(running.map(({ symbol }) => symbol))].filter(
      (symbol) => !settings.symbols.includes(symbol),
    );
    const { profit, deals } = this.#parts.profits.of(
      bot.botId,
      open.map(({ realised }) => realised),
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
      realisedProfit: profit,
      unrealisedProfit: sumTexts(open.map(({ unrealised }) => unrealised)),
      fundsInUse: sumTexts(open.map(({ cost }) => cost)),
      attention: this.#attentionOf(bot),
      ...(former.length === 0 ? {} : { formerSymbols: former }),
    };
  }

  /** The last refusal among the running deals' orders, while nothing newer went through. */
  #attentionOf(bot: RunnerBot): Attention | null {
    for (const { dealId } of bot.state.deals) {
      const last = this.#parts.store.get(
        'SELECT state, rejected_by, rule, reason FROM orders WHERE bot_id = ? AND deal_number = ? ORDER BY placed_at DESC, rowid DESC LIMIT 1',
        bot.botId,
        dealId,
      );
      if (last?.['state'] === 'rejected') {
        return {
          dealId: `${bot.botId}-${dealId}`,
          by: toRejectedBy(textOrNull(last, 'rejected_by')) ?? 'desk',
          rule: textOrNull(last, 'rule') ?? '',
          reason: textOrNull(last, 'reason') ?? '',
        };
      }
    }
    return null;
  }

  /** Whether a bot is on the desk or has been. */
  #isBotKnown(botId: string): boolean {
    const { runner, store } = this.#parts;
    if (runner.bots.has(botId)) return true;
    const known =
      'SELECT 1 AS known FROM bots WHERE bot_id = ?1 UNION SELECT 1 FROM deals WHERE bot_id = ?1';
    return store.get(known, botId) !== undefined;
  }

  #quoteAsset(): string {
    const [symbol = ''] = this.#parts.symbols;
    return this.#parts.hub.instruments.get(symbol)?.quoteAsset ?? '';
  }
}

/** Why a bot cannot be started, or null: a smart trade trades once. */
function startFault(state: BotState): string | null {
  if (state.kind !== 'smartTrade' || state.isRunning || state.opening.kind !== 'opened') {
    return null;
  }
  return state.deals.length > 0
    ? 'the trade is open already and goes on to its end'
    : 'the trade has ended, and a smart trade trades once: make a new one';
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
    takesPairs: instrument.takesPairs === true,
  };
}
