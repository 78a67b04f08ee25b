// SPDX-License-Identifier: Apache-2.0
// Runs the bots: event in, `step`, everything written in one transaction, then the effects.
//
// Recovery after a crash is the normal start: the last snapshot, the journal after it, then every order, timer and
// quote request that the store says is still open.

import {
  assert,
  createBot,
  decodeJournal,
  encodeJournal,
  quantityLots,
  settingsOfHandover,
  step,
  watchedAbove,
  watchedBelow,
  type AdoptedOrder,
  type BotCommand,
  type BotEvent,
  type BotSettings,
  type BotState,
  type ClientOrderId,
  type Effect,
  type FreeFunds,
  type HandedOverPosition,
  type Fill,
  type Instrument,
  type OrderRequest,
  type PlacedOrder,
  type Quote,
  type RiskState,
  type Side,
} from '@kontor/core';
import type { TimedQuote } from '@kontor/exchange';
import type { Note } from '../api/schemas.ts';
import type { MarketClock } from '../market/market-clock.ts';
import type { OrderIds } from '../reconcile/order-ids.ts';
import { numberOf, textOf, type Row, type Store } from '../store/store.ts';
import type { Bot } from './bot.ts';
import type { DealProjection } from './deal-projection.ts';
import { TimerBook } from './timer-book.ts';
import { systemTime, type CancelTimer, type Time } from '../time.ts';
import type { LiveOrder } from './order-desk.ts';
import type { Haste } from './order-pace.ts';

/** Snapshots are taken this many journal entries apart; the rest is replayed at start. */
const SNAPSHOT_EVERY = 64;
/** So many waiting events are written at once, without waiting for the turn of the event loop to end. */
const QUEUE_LENGTH_MAX = 10_000;
/** Most answers of the desk to one event of a bot: every rejection may lead to one more order, a few times. */
const ANSWERS_MAX = 10_000;
/** Timers are looked at when the next one is due, and at least this often: the clock may be set meanwhile. */
const TIMER_LOOK_MS_MAX = 1_000;

export interface RunnerPorts {
  readonly store: Store;
  readonly clock: MarketClock;
  /** The connection new bots trade on. */
  readonly connection: () => string;
  readonly feeRatePpm: number;
  readonly instrument: (symbol: string) => Instrument | undefined;
  readonly projection: DealProjection;
  /** What the IDs of a bot's orders begin with. */
  readonly ids: Pick<OrderIds, 'prefixOf'>;
  readonly place: (botId: string, order: OrderRequest, haste: Haste) => void;
  /** Two orders of which one ends the other: both go to the exchange, or none. */
  readonly placePair: (botId: string, takeProfit: OrderRequest, stopLoss: OrderRequest) => void;
  readonly cancel: (clientOrderId: ClientOrderId) => void;
  readonly freshQuote: (symbol: string) => Promise<TimedQuote | null>;
  /** Why an order may not leave, or null; `later` are the orders the same event asks for after it. */
  readonly denial?: (bot: Bot, effect: PlaceEffect, later: readonly PlaceEffect[]) => Denial | null;
  /** The risk state in which a new bot begins; active where nobody says. */
  readonly risk?: (botId: string) => RiskState;
  /** What is free for a bot on `symbol`; null while it is not known. */
  readonly funds?: (botId: string, symbol: string) => FreeFunds | null;
  /** After the writes are on disk: what a page wants to know. */
  readonly onChanged: (botId: string, notes: readonly Note[]) => void;
  /** A fill was counted that was not known before; inside the transaction that stores it. */
  readonly onFill: (symbol: string, side: Side, fill: Fill) => void;
  /** The store failed: nothing of the batch happened, and this process must not go on. */
  readonly onFatal: (error: unknown) => void;
  /** The process's own by default. */
  readonly time?: Time;
}

/** An order that a bot asks for. */
export type PlaceEffect = Extract<Effect, { kind: 'placeOrder' }>;

/** Why the desk itself does not let an order leave. */
export interface Denial {
  readonly rule: string;
  readonly reason: string;
}

interface Waiting {
  readonly botId: string;
  readonly event: BotEvent;
  /** The answer to `requestQuote`: it settles the request. */
  readonly isAnswer: boolean;
  /** Called when the event is stored and its effects are under way, with the notes that came of it. */
  readonly onStored?: (notes: readonly Note[]) => void;
}

/** An effect that is stored and still to be performed. */
interface Todo {
  readonly botId: string;
  readonly effect: Effect;
}

interface Running extends Bot {
  lastTime: number;
  snapshotVersion: number;
}

export class BotRunner {
  readonly #ports: RunnerPorts;
  readonly #time: Time;
  readonly #bots = new Map<string, Running>();
  readonly #bySymbol = new Map<string, Running[]>();
  readonly #timers = new TimerBook();
  /** Bots that wait for a fresh quote see no older one from the stream. */
  readonly #awaitingQuote = new Set<string>();
  #queue: Waiting[] = [];
  #isScheduled = false;
  #isStarted = false;
  #isStopped = false;
  /** The market time for which the next look at the timers is planned. */
  #lookDue = Infinity;
  #cancelLook: CancelTimer | null = null;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#time = ports.time ?? systemTime;
  }

  get bots(): ReadonlyMap<string, Bot> {
    return this.#bots;
  }

  get waiting(): number {
    return this.#queue.length + this.#awaitingQuote.size;
  }

  /** Reads all bots from the store and brings them to where the journal ends. Returns the orders still alive. */
  load(): readonly LiveOrder[] {
    const { store } = this.#ports;
    for (const row of store.all(
      'SELECT * FROM bots WHERE archived_at IS NULL ORDER BY CAST(bot_id AS INTEGER)',
    )) {
      const bot = this.#replay(row);
      this.#add(bot);
      this.#ports.projection.resume(bot);
    }
    for (const row of store.all('SELECT bot_id, timer, due FROM timers')) {
      this.#timers.set(textOf(row, 'bot_id'), textOf(row, 'timer'), numberOf(row, 'due'));
    }
    for (const row of store.all('SELECT bot_id, symbol FROM quote_requests')) {
      this.#awaitingQuote.add(requestKey(textOf(row, 'bot_id'), textOf(row, 'symbol')));
    }
    return store
      .all(
        "SELECT * FROM orders WHERE state IN ('intended', 'ambiguous', 'open') ORDER BY placed_at, client_order_id",
      )
      .map((row) => this.#toLiveOrder(row));
  }

  /** Begins to act: asks for the quotes that bots wait for, hears the market, minds the timers. */
  start(): void {
    this.#isStarted = true;
    for (const row of this.#ports.store.all('SELECT bot_id, symbol FROM quote_requests')) {
      this.#requestQuote(textOf(row, 'bot_id'), textOf(row, 'symbol'));
    }
    this.#planLook(this.#timers.earliest);
  }

  /** Makes a bot and stores it; it does nothing until it gets the command `start`. */
  create(settings: BotSettings): Bot {
    const bot = this.#write(() => this.#insert(settings));
    this.#add(bot);
    return bot;
  }

  /** Makes bots that run from the start on; all of them and `alongside` are stored together, or nothing is. */
  createStarted(many: readonly BotSettings[], alongside: () => void): void {
    const time = this.#ports.clock.now();
    const todo: Todo[] = [];
    this.#write(() => {
      for (const settings of many) {
        const bot = this.#insert(settings);
        this.#add(bot);
        const event: BotEvent = { kind: 'command', time, command: { kind: 'start' } };
        this.#applyAll([{ botId: bot.botId, event, isAnswer: false }], todo, new Map());
        this.#writeState(bot.botId);
      }
      alongside();
    });
    for (const { botId, effect } of todo) this.#perform(botId, effect);
  }

  /** Gives a person's command to a bot; resolves when it is stored and carried out as far as the bot can. */
  async command(botId: string, command: BotCommand): Promise<void> {
    await this.tell(botId, { kind: 'command', time: this.#ports.clock.now(), command });
  }

  /** Delivers an event; resolves, when it is stored, with the notes that came of it. */
  tell(botId: string, event: BotEvent): Promise<readonly Note[]> {
    this.#ports.clock.observe(event.time);
    return new Promise((onStored) => this.#push({ botId, event, isAnswer: false, onStored }));
  }

  /** Applies and stores what waits, now: what is decided next on a bot's state is decided on all that came before. */
  applyWaiting(): void {
    this.#flush();
  }

  /** Takes a stopped bot without open deals off the desk; its deals and notes stay. */
  archive(botId: string): void {
    const bot = this.#bots.get(botId);
    assert(bot !== undefined, `Invariant: there is a bot ${botId}`);
    assert(
      !bot.state.isRunning && bot.state.deals.length === 0,
      `Invariant: bot ${botId} is stopped and has no open deal`,
    );
    const { store } = this.#ports;
    this.#write(() => {
      store.run(
        'UPDATE bots SET state = ?, version = ?, archived_at = ? WHERE bot_id = ?',
        encodeJournal(bot.state),
        bot.state.version,
        this.#ports.clock.now(),
        botId,
      );
      store.run('DELETE FROM timers WHERE bot_id = ?', botId);
      store.run('DELETE FROM quote_requests WHERE bot_id = ?', botId);
    });
    this.#bots.delete(botId);
    this.#timers.forget(botId);
    for (const [symbol, bots] of this.#bySymbol) {
      this.#bySymbol.set(
        symbol,
        bots.filter((candidate) => candidate !== bot),
      );
      this.#awaitingQuote.delete(requestKey(botId, symbol));
    }
  }

  /**
   * Gives an order that is at the exchange to a running deal. Returns it, stored, for the order desk to follow; null
   * where the deal does not take it.
   */
  async adopt(botId: string, dealId: number, adopted: AdoptedOrder): Promise<LiveOrder | null> {
    const { store } = this.#ports;
    await this.command(botId, { kind: 'adoptOrder', dealId, order: adopted });
    const row = store.get('SELECT * FROM orders WHERE client_order_id = ?', adopted.clientOrderId);
    return row === undefined ? null : this.#toLiveOrder(row);
  }

  /** Every bot's orders get new IDs from now on; what is out keeps its own. */
  renewOrderIds(): void {
    const time = this.#ports.clock.now();
    for (const botId of this.#bots.keys()) {
      const clientOrderIdPrefix = this.#ports.ids.prefixOf(botId);
      const command: BotCommand = { kind: 'renewOrderIds', clientOrderIdPrefix };
      this.deliver(botId, { kind: 'command', time, command });
    }
  }

  /**
   * An order that the store believes ended is at the exchange after all: it is open again, and to be cancelled, since
   * its deal has gone on without it. Null when there is no such order.
   */
  revive(clientOrderId: ClientOrderId, exchangeOrderId: string): LiveOrder | null {
    const { store } = this.#ports;
    this.#write(() =>
      store.run(
        "UPDATE orders SET state = 'open', exchange_order_id = ?, rejected_by = NULL, rule = NULL, reason = NULL, ended_at = NULL, cancel_requested = 1 WHERE client_order_id = ?",
        exchangeOrderId,
        clientOrderId,
      ),
    );
    const row = store.get('SELECT * FROM orders WHERE client_order_id = ?', clientOrderId);
    return row === undefined ? null : this.#toLiveOrder(row);
  }

  /** Takes an event for a bot. It is stored with its effects within this turn of the event loop. */
  deliver(botId: string, event: BotEvent): void {
    this.#ports.clock.observe(event.time);
    this.#push({ botId, event, isAnswer: false });
  }

  /**
   * A trade on the stream: told to every bot on the symbol, then their timers where the market is a replay. A bot's
   * time goes on with its own markets there, or what else the desk trades would decide where prices stand meanwhile.
   */
  onTrade(symbol: string, time: number, quote: Quote): void {
    if (!this.#isStarted) return;
    for (const bot of this.#bySymbol.get(symbol) ?? []) {
      if (this.#awaitingQuote.has(requestKey(bot.botId, symbol))) continue;
      // Most prices concern nobody; but what still waits before this one may change that.
      if (this.#queue.length === 0 && !concerns(bot.state, symbol, quote)) continue;
      this.#push({
        botId: bot.botId,
        event: { kind: 'quote', time, symbol, quote },
        isAnswer: false,
      });
    }
    if (this.#ports.clock.runsByItself) return;
    const bots = this.#bySymbol.get(symbol) ?? [];
    this.#fireTimers(time, (botId) => bots.some((bot) => bot.botId === botId));
  }

  /** Writes what still waits and stops. */
  close(): void {
    this.#cancelLook?.();
    this.#flush();
    this.#isStopped = true;
  }

  #replay(row: Row): Running {
    const botId = textOf(row, 'bot_id');
    const state = decodeJournal<BotState>(textOf(row, 'state'));
    const snapshotVersion = numberOf(row, 'version');
    let lastTime = numberOf(row, 'created_at');
    for (const entry of this.#ports.store.all(
      'SELECT event, effects FROM journal WHERE bot_id = ? AND version > ? ORDER BY version',
      botId,
      snapshotVersion,
    )) {
      const event = decodeJournal<BotEvent>(textOf(entry, 'event'));
      const effects = encodeJournal(step(state, event));
      if (effects !== textOf(entry, 'effects')) {
        throw new Error(
          `Invariant: the journal of bot ${botId} no longer gives what it gave (version ${state.version})`,
        );
      }
      lastTime = Math.max(lastTime, event.time);
    }
    this.#ports.clock.observe(lastTime);
    return {
      botId,
      connection: textOf(row, 'connection'),
      createdAt: numberOf(row, 'created_at'),
      state,
      lastTime,
      snapshotVersion,
    };
  }

  /** Writes a new bot; to be called in a transaction. */
  #insert(settings: BotSettings): Running {
    const { store, connection, clock } = this.#ports;
    const instruments = settings.symbols.map((symbol) => {
      const instrument = this.#ports.instrument(symbol);
      assert(instrument !== undefined, `Invariant: ${symbol} was checked before`);
      return instrument;
    });
    const createdAt = clock.now();
    const number = Number(store.meta('nextBot') ?? '1');
    store.setMeta('nextBot', String(number + 1));
    const botId = String(number);
    const state = createBot({
      botId,
      clientOrderIdPrefix: this.#ports.ids.prefixOf(botId),
      settings,
      instruments,
      feeRatePpm: this.#ports.feeRatePpm,
    });
    state.risk = this.#ports.risk?.(botId) ?? 'active';
    store.run(
      'INSERT INTO bots (bot_id, connection, created_at, settings, state, version) VALUES (?, ?, ?, ?, ?, ?)',
      botId,
      connection(),
      createdAt,
      encodeJournal(settings),
      encodeJournal(state),
      state.version,
    );
    return {
      botId,
      connection: connection(),
      createdAt,
      state,
      lastTime: createdAt,
      snapshotVersion: state.version,
    };
  }

  #add(bot: Running): void {
    this.#bots.set(bot.botId, bot);
    this.#index(bot);
  }

  /** A symbol that a deal is on stays, though the settings may no longer name it. */
  #index(bot: Running): void {
    const { settings, deals } = bot.state;
    for (const symbol of [...settings.symbols, ...deals.map((deal) => deal.symbol)]) {
      const bots = this.#bySymbol.get(symbol) ?? [];
      if (!bots.includes(bot)) bots.push(bot);
      this.#bySymbol.set(symbol, bots);
    }
  }

  /** Runs `work` in a transaction. Where that fails memory may be ahead of the disk: only a restart is safe. */
  #write<T>(work: () => T): T {
    try {
      return this.#ports.store.transaction(work);
    } catch (error) {
      this.#isStopped = true;
      this.#ports.onFatal(error);
      throw error;
    }
  }

  #push(waiting: Waiting): void {
    if (this.#isStopped) return;
    this.#queue.push(waiting);
    if (this.#queue.length >= QUEUE_LENGTH_MAX) this.#flush();
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    this.#time.soon(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isStopped || this.#queue.length === 0) return;
    const batch = this.#queue;
    this.#queue = [];
    const todo: Todo[] = [];
    const changed = new Map<string, Note[]>();
    const stored: (() => void)[] = [];
    try {
      this.#write(() => {
        stored.push(...this.#applyAll(batch, todo, changed));
        for (const botId of changed.keys()) this.#writeState(botId);
      });
    } catch {
      // Reported already, and nothing of the batch is performed.
      return;
    }
    for (const { botId, effect } of todo) this.#perform(botId, effect);
    for (const [botId, notes] of changed) this.#ports.onChanged(botId, notes);
    for (const tell of stored) tell();
  }

  /** Applies `batch` and what the desk itself answers to the orders that come of it. Returns whom to tell afterwards. */
  #applyAll(
    batch: readonly Waiting[],
    todo: Todo[],
    changed: Map<string, Note[]>,
  ): readonly (() => void)[] {
    const stored: (() => void)[] = [];
    for (const waiting of batch) {
      const noted = changed.get(waiting.botId)?.length ?? 0;
      const answers = [waiting];
      for (let index = 0; index < answers.length; index += 1) {
        assert(index < ANSWERS_MAX, 'Invariant: a bot whose orders are denied comes to rest');
        const next = answers[index];
        if (next !== undefined) answers.push(...this.#apply(next, todo, changed));
      }
      const { botId, onStored } = waiting;
      if (onStored === undefined) continue;
      const notes = changed.get(botId)?.slice(noted) ?? [];
      stored.push(() => onStored(notes));
    }
    return stored;
  }

  /** Answers with what follows at once: rejections of orders the desk does not let leave, the start of a new bot. */
  #apply(
    { botId, event: given, isAnswer }: Waiting,
    todo: Todo[],
    changed: Map<string, Note[]>,
  ): readonly Waiting[] {
    const bot = this.#bots.get(botId);
    if (bot === undefined) return [];
    const event = given.time < bot.lastTime ? { ...given, time: bot.lastTime } : given;
    const { version, endedCount } = bot.state;
    const effects = step(bot.state, event);
    // The state keeps only the last ended deals; none may leave it unwritten within one batch.
    if (bot.state.endedCount !== endedCount) this.#ports.projection.write(bot);
    const isChange = bot.state.version !== version || effects.length > 0;
    this.#projectOrderEvent(event);
    this.#settle(botId, event, isAnswer);
    if (!isChange) return [];
    bot.lastTime = event.time;
    if (event.kind === 'command' && event.command.kind === 'adoptOrder') {
      this.#storeAdopted(bot, event.time, event.command);
    }
    const { store } = this.#ports;
    store.run(
      'INSERT INTO journal (bot_id, version, event, effects) VALUES (?, ?, ?, ?)',
      botId,
      bot.state.version,
      encodeJournal(event),
      encodeJournal(effects),
    );
    const notes = changed.get(botId) ?? [];
    changed.set(botId, notes);
    this.#followSettings(bot, event);
    const answers: Waiting[] = [];
    for (const [index, effect] of effects.entries()) {
      const note = this.#storeEffect(botId, event.time, effect);
      const denial = effect.kind === 'placeOrder' ? this.#denial(bot, effects, index) : null;
      if (note !== null) notes.push(note);
      else if (denial === null) todo.push({ botId, effect });
      if (denial !== null && effect.kind === 'placeOrder') {
        const { clientOrderId } = effect.order;
        answers.push({
          botId,
          isAnswer: false,
          event: { kind: 'orderRejected', time: event.time, clientOrderId, by: 'desk', ...denial },
        });
      }
      if (effect.kind === 'handOver') answers.push(this.#takeOver(effect.position, event.time));
    }
    return answers;
  }

  /** Makes the smart trade that takes over what a deal leaves, in the transaction in which the deal leaves it. */
  #takeOver(position: HandedOverPosition, time: number): Waiting {
    const instrument = this.#ports.instrument(position.symbol);
    assert(
      instrument !== undefined,
      `Invariant: a deal on ${position.symbol}, which is not loaded`,
    );
    const bot = this.#insert(settingsOfHandover(position, instrument));
    this.#add(bot);
    const event: BotEvent = { kind: 'command', time, command: { kind: 'start' } };
    return { botId: bot.botId, event, isAnswer: false };
  }

  /** After new settings the bot hears the symbols they name; those of its running deals it hears already. */
  #followSettings(bot: Running, event: BotEvent): void {
    if (event.kind !== 'command' || event.command.kind !== 'editSettings') return;
    this.#index(bot);
    this.#ports.store.run(
      'UPDATE bots SET settings = ? WHERE bot_id = ?',
      encodeJournal(bot.state.settings),
      bot.botId,
    );
  }

  #denial(bot: Bot, effects: readonly Effect[], index: number): Denial | null {
    const asked = effects.slice(index).filter((effect) => effect.kind === 'placeOrder');
    const [effect, ...later] = asked;
    return effect === undefined ? null : (this.#ports.denial?.(bot, effect, later) ?? null);
  }

  /** What the event answers is no longer open. */
  #settle(botId: string, event: BotEvent, isAnswer: boolean): void {
    const { store } = this.#ports;
    if (event.kind === 'quote' && isAnswer) {
      this.#awaitingQuote.delete(requestKey(botId, event.symbol));
      store.run('DELETE FROM quote_requests WHERE bot_id = ? AND symbol = ?', botId, event.symbol);
    } else if (event.kind === 'timer') {
      store.run(
        'DELETE FROM timers WHERE bot_id = ? AND timer = ? AND due <= ?',
        botId,
        event.timer,
        event.time,
      );
    }
  }

  #projectOrderEvent(event: BotEvent): void {
    const { store } = this.#ports;
    switch (event.kind) {
      case 'orderAccepted':
        store.run(
          "UPDATE orders SET state = 'open', exchange_order_id = ? WHERE client_order_id = ? AND state IN ('intended', 'ambiguous')",
          event.exchangeOrderId,
          event.clientOrderId,
        );
        return;
      case 'orderFilled': {
        const added = store.run(
          `INSERT OR IGNORE INTO fills (client_order_id, trade_id, bot_id, deal_number, symbol, side, time, fill)
           SELECT client_order_id, ?, bot_id, deal_number, symbol, json_extract(request, '$.side'), ?, ?
           FROM orders WHERE client_order_id = ?`,
          event.fill.tradeId,
          event.fill.time,
          encodeJournal(event.fill),
          event.clientOrderId,
        );
        if (added > 0) {
          store.run(
            'UPDATE orders SET filled_lots = filled_lots + ? WHERE client_order_id = ?',
            event.fill.quantity,
            event.clientOrderId,
          );
          this.#tellFill(event.clientOrderId, event.fill);
        }
        return;
      }
      case 'orderEnded':
        store.run(
          "UPDATE orders SET state = ?, ended_at = ? WHERE client_order_id = ? AND state IN ('intended', 'ambiguous', 'open')",
          event.end,
          event.time,
          event.clientOrderId,
        );
        return;
      case 'orderRejected':
        store.run(
          "UPDATE orders SET state = 'rejected', rejected_by = ?, rule = ?, reason = ?, ended_at = ? WHERE client_order_id = ? AND state IN ('intended', 'ambiguous', 'open')",
          event.by,
          event.rule,
          event.reason,
          event.time,
          event.clientOrderId,
        );
        return;
      case 'quote':
      case 'signal':
      case 'timer':
      case 'command':
        return;
    }
  }

  #tellFill(clientOrderId: ClientOrderId, fill: Fill): void {
    const row = this.#ports.store.get(
      "SELECT symbol, json_extract(request, '$.side') AS side FROM orders WHERE client_order_id = ?",
      clientOrderId,
    );
    if (row === undefined) return;
    this.#ports.onFill(textOf(row, 'symbol'), row['side'] === 'buy' ? 'buy' : 'sell', fill);
  }

  /** An order that a deal has just taken in is kept as one that the desk sent itself. */
  #storeAdopted(
    { botId, state }: Running,
    time: number,
    { dealId, order }: Extract<BotCommand, { kind: 'adoptOrder' }>,
  ): void {
    const deal = state.deals.find((candidate) => candidate.dealId === dealId);
    const taken = deal?.orders.find(({ clientOrderId }) => clientOrderId === order.clientOrderId);
    if (deal === undefined || taken === undefined) return;
    const { clientOrderId, side, priceTicks, quantity, exchangeOrderId } = order;
    const request: OrderRequest = {
      ...{ clientOrderId, symbol: deal.symbol, side, priceTicks, quantity },
      ...{ type: 'limit', timeInForce: 'GTC' },
    };
    this.#ports.store.run(
      "INSERT OR IGNORE INTO orders (client_order_id, bot_id, deal_number, symbol, purpose, ladder_index, request, state, exchange_order_id, placed_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
      clientOrderId,
      botId,
      dealId,
      deal.symbol,
      taken.purpose,
      taken.ladderIndex,
      JSON.stringify(request),
      exchangeOrderId,
      time,
    );
  }

  /** Writes an effect; a note is done with that and comes back with its sequence, the others are to be performed. */
  #storeEffect(botId: string, time: number, effect: Effect): Note | null {
    const { store } = this.#ports;
    switch (effect.kind) {
      case 'placeOrder':
        this.#storePlaced(botId, effect.dealId, time, effect);
        return null;
      case 'placePair':
        this.#storePlaced(botId, effect.dealId, time, effect.takeProfit);
        this.#storePlaced(botId, effect.dealId, time, effect.stopLoss);
        return null;
      case 'cancelOrder':
        store.run(
          'UPDATE orders SET cancel_requested = 1 WHERE client_order_id = ?',
          effect.clientOrderId,
        );
        return null;
      case 'requestQuote':
        store.run(
          'INSERT OR REPLACE INTO quote_requests (bot_id, symbol) VALUES (?, ?)',
          botId,
          effect.symbol,
        );
        return null;
      case 'setTimer':
        store.run(
          'INSERT OR REPLACE INTO timers (bot_id, timer, due) VALUES (?, ?, ?)',
          botId,
          effect.timer,
          effect.time,
        );
        return null;
      case 'handOver':
        // The bot that takes over is made in the same transaction.
        return null;
      case 'notify': {
        store.run(
          'INSERT INTO notes (bot_id, deal_number, time, kind, note_values) VALUES (?, ?, ?, ?, ?)',
          botId,
          effect.note.dealId,
          effect.note.time,
          effect.note.kind,
          JSON.stringify(effect.note.values),
        );
        const row = store.get('SELECT last_insert_rowid() AS sequence');
        const { dealId } = effect.note;
        const { deals = [], endedDeals = [] } = this.#bots.get(botId)?.state ?? {};
        const deal = [...deals, ...endedDeals].find((each) => each.dealId === dealId);
        return {
          sequence: row === undefined ? 0 : numberOf(row, 'sequence'),
          botId,
          dealId: `${botId}-${effect.note.dealId}`,
          time: effect.note.time,
          kind: effect.note.kind,
          values: { ...effect.note.values },
          ...(deal === undefined ? {} : { symbol: deal.symbol }),
        };
      }
    }
  }

  #storePlaced(botId: string, dealId: number, time: number, placed: PlacedOrder): void {
    const { order, purpose, ladderIndex } = placed;
    this.#ports.store.run(
      'INSERT INTO orders (client_order_id, bot_id, deal_number, symbol, purpose, ladder_index, request, state, placed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      order.clientOrderId,
      botId,
      dealId,
      order.symbol,
      purpose,
      ladderIndex,
      JSON.stringify(order),
      'intended',
      time,
    );
  }

  #writeState(botId: string): void {
    const bot = this.#bots.get(botId);
    if (bot === undefined) return;
    this.#ports.projection.write(bot);
    if (bot.state.version - bot.snapshotVersion < SNAPSHOT_EVERY) return;
    this.#ports.store.run(
      'UPDATE bots SET state = ?, version = ? WHERE bot_id = ?',
      encodeJournal(bot.state),
      bot.state.version,
      botId,
    );
    bot.snapshotVersion = bot.state.version;
  }

  #perform(botId: string, effect: Effect): void {
    switch (effect.kind) {
      case 'placeOrder':
        this.#ports.place(botId, effect.order, hasteOf(effect));
        return;
      case 'placePair':
        this.#ports.placePair(botId, effect.takeProfit.order, effect.stopLoss.order);
        return;
      case 'cancelOrder':
        this.#ports.cancel(effect.clientOrderId);
        return;
      case 'requestQuote':
        if (this.#isStarted) this.#requestQuote(botId, effect.symbol);
        else this.#awaitingQuote.add(requestKey(botId, effect.symbol));
        return;
      case 'setTimer':
        this.#timers.set(botId, effect.timer, effect.time);
        if (this.#isStarted) this.#planLook(effect.time);
        return;
      case 'handOver':
      case 'notify':
        return;
    }
  }

  #requestQuote(botId: string, symbol: string): void {
    const key = requestKey(botId, symbol);
    this.#awaitingQuote.add(key);
    void this.#ports.freshQuote(symbol).then((fresh) => {
      if (fresh === null) return;
      this.#ports.clock.observe(fresh.time);
      const time = this.#ports.clock.now();
      const funds = this.#ports.funds?.(botId, symbol) ?? null;
      const event: BotEvent = {
        kind: 'quote',
        time,
        symbol,
        quote: fresh.quote,
        ...(funds === null ? {} : { funds }),
      };
      this.#push({ botId, event, isAnswer: true });
    });
  }

  #fireTimers(now: number, isMeant?: (botId: string) => boolean): void {
    for (const { botId, timer } of this.#timers.takeDue(now, isMeant)) {
      this.deliver(botId, { kind: 'timer', time: now, timer });
    }
  }

  /** In a market whose time passes by itself, looks at the timers again when one is due at `due`. */
  #planLook(due: number): void {
    if (!this.#ports.clock.runsByItself || due >= this.#lookDue || this.#isStopped) return;
    this.#lookDue = due;
    this.#cancelLook?.();
    const ms = Math.min(Math.max(1, due - this.#ports.clock.now()), TIMER_LOOK_MS_MAX);
    this.#cancelLook = this.#time.after(ms, () => {
      this.#lookDue = Infinity;
      this.#fireTimers(this.#ports.clock.now());
      this.#planLook(this.#timers.earliest);
    });
  }

  #toLiveOrder(row: Row): LiveOrder {
    const request = decodeJournal<OrderRequest>(textOf(row, 'request'));
    const tradeIds = this.#ports.store
      .all('SELECT trade_id FROM fills WHERE client_order_id = ?', request.clientOrderId)
      .map((fill) => textOf(fill, 'trade_id'));
    const state = textOf(row, 'state');
    const exchangeOrderId = row['exchange_order_id'];
    const signedUntil = row['signed_until'];
    return {
      botId: textOf(row, 'bot_id'),
      request: { ...request, quantity: quantityLots(request.quantity) },
      placedAt: numberOf(row, 'placed_at'),
      exchangeOrderId: typeof exchangeOrderId === 'string' ? exchangeOrderId : null,
      state: state === 'open' ? 'open' : 'ambiguous',
      signedUntil: typeof signedUntil === 'number' ? signedUntil : null,
      tradeIds: new Set(tradeIds),
      seenLots: numberOf(row, 'filled_lots'),
      toldLots: numberOf(row, 'filled_lots'),
      end: null,
      isCancelRequested: numberOf(row, 'cancel_requested') === 1,
    };
  }
}

function hasteOf({ role, order }: PlaceEffect): Haste {
  const isImmediate = order.timeInForce !== 'GTC';
  if (role === 'exit') return isImmediate ? 'protective' : 'exit';
  return isImmediate ? 'immediate' : 'entry';
}

function requestKey(botId: string, symbol: string): string {
  return `${botId} ${symbol}`;
}

function concerns(state: BotState, symbol: string, { bid, ask, last }: Quote): boolean {
  return (
    Math.min(bid, last) <= watchedBelow(state, symbol) ||
    Math.max(ask, last) >= watchedAbove(state, symbol)
  );
}
