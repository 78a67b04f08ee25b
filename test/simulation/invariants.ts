// SPDX-License-Identifier: Apache-2.0
// What must hold in every run, whatever happens: at each request, while the run goes on, and when it has come to rest.

import {
  addFill,
  dealView,
  decodeJournal,
  emptyPosition,
  encodeJournal,
  formatDecimal,
  parseDecimal,
  ASSET_SCALE,
  step,
  toScaled,
  type BotEvent,
  type BotState,
  type Deal,
  type DealOrder,
  type Direction,
  type Position,
} from '@kontor/core';
import { sellLots } from '../../core/src/grid/deal.ts';
import { heldLots } from '../../core/src/position.ts';
import { numberOf, textOf } from '../../server/src/store/store.ts';
import type { KeyIntent } from '../../signer/src/binance/requests.ts';
import {
  isOpen,
  type VenueFill,
  type VenueOrder,
} from '../../simulator/src/exchange/venue-order.ts';
import { describe, orderIdsOf } from './line.ts';
import type { Plan } from './plan.ts';
import type { ServerLife } from './server-life.ts';
import type { SimulatedVenue, VenueAnswer } from './venue.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Something that must never be. `rule` is one word for what was broken. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, message: string) {
    super(message);
    this.name = 'Violation';
    this.rule = rule;
  }
}

/** The run as the invariants look at it. */
export interface Observed {
  readonly plan: Plan;
  readonly time: VirtualTime;
  readonly venue: SimulatedVenue;
  readonly life: ServerLife | null;
  /** For how long nothing has been wrong. */
  readonly calmMs: number;
  /** The store was replaced by an earlier copy, and how many orders were signed in between. */
  readonly isRestored: boolean;
  readonly signedMeanwhile: number;
}

/**
 * Coins may lie without a resting exit for so long once nothing is wrong any more: a subscription's longest pause and
 * a sweep, and the retries between them.
 */
export const PROTECTED_WITHIN_MS = 90_000;
/** A timer comes within this time of calm; prices of a replay may be so far apart. */
const TIMERS_WITHIN_MS = 30_000;
const REPLAY_STANDS_MS = 180_000;
/** Candles come within this time of calm. */
const CANDLES_WITHIN_MS = 120_000;
/** A refused exit is tried again at the latest after this time, and a person may see it late by as much more. */
const EXIT_RETRY_MS = 300_000;
/** A stop may wait so long at its price before it acts. */
const STOP_TIMEOUT_MS = 120_000;
/** Less than this part of a deal's coins may lie open: the last of them may be too few for an order. */
const UNCOVERED_SHARE = 0.02;
/** An order that was asked for just before its bot was halted may wait so long for its peers. */
const HALTED_WITHIN_MS = 20_000;
/** What the exchange may answer to an order of ours for other reasons than the order itself. */
const NOT_THE_ORDERS_FAULT = new Set([
  -1000, -1001, -1003, -1006, -1007, -1008, -1015, -1016, -1021,
]);
/** Holds every amount of any instrument. */
const WIDE_SCALE = 24;
const REJECTED = -2010;
const NO_FUNDS = /insufficient balance/;
const WOULD_TAKE = /would immediately match|would trigger immediately|relationship of the prices/i;
/** Findings that blame what never happens here: no store is restored, no second desk is at work. */
const FALSE_ALARMS = ['restoreNoticed', 'otherDeskNoticed', 'namesake', 'orphanFound'];

interface Replayed {
  readonly state: BotState;
  /** Every deal, as it was last seen, and the position that it began with. */
  readonly deals: ReadonlyMap<number, { readonly deal: Deal; readonly begun: Position }>;
}

export class Invariants {
  readonly #world: Observed;
  /** Orders that were signed, by client order ID. */
  readonly #signed = new Set<string>();
  /** Deals that are not where they say they are, and since when. */
  readonly #troubled = new Map<string, number>();
  /** The limits of each scope as they were last seen, and since when. */
  readonly #limitsAt = new Map<string, { readonly limits: string; readonly at: number }>();
  /** Conditions that have seen no candle yet, and since when in the market's time. */
  readonly #blindSince = new Map<string, number>();
  /** Orders that bots which may send have asked back. */
  readonly #askedBack = new Set<string>();
  /** Bots that may send nothing, and since when. */
  readonly #haltedAt = new Map<string, number>();
  /** Each bot as it was first seen in the store. */
  readonly #firstSeen = new Map<string, { readonly version: number; readonly state: string }>();

  constructor(world: Observed) {
    this.#world = world;
  }

  get signedCount(): number {
    return this.#signed.size;
  }

  /** The bots there are in a store, as they are remembered. */
  get botIds(): ReadonlySet<string> {
    return new Set(this.#firstSeen.keys());
  }

  /** The store is another one now: bots that were made since its copy are no more. */
  keepBots(botIds: ReadonlySet<string>): void {
    for (const botId of this.#firstSeen.keys()) {
      if (!botIds.has(botId)) this.#firstSeen.delete(botId);
    }
    this.#haltedAt.clear();
  }

  isOurs(clientOrderId: string): boolean {
    return this.#signed.has(clientOrderId);
  }

  /** The signer is about to sign. */
  onIntent(intent: KeyIntent): void {
    if (intent.kind === 'cancelOrder') this.#onCancel(intent.clientOrderId);
    if (intent.kind === 'placeOrder') this.#onPlaced(intent.order.clientOrderId);
    if (intent.kind !== 'placePair') return;
    this.#onPlaced(intent.takeProfit.clientOrderId);
    this.#onPlaced(intent.stopLoss.clientOrderId);
  }

  #onPlaced(clientOrderId: string): void {
    if (this.#signed.has(clientOrderId)) {
      throw new Violation('twice', `${clientOrderId} is sent a second time`);
    }
    this.#signed.add(clientOrderId);
    const { life } = this.#world;
    if (life === null || !life.isAlive) return;
    const row = life.store.get(
      'SELECT bot_id FROM orders WHERE client_order_id = ?',
      clientOrderId,
    );
    if (row === undefined) {
      throw new Violation('unstored', `${clientOrderId} is signed and was never stored`);
    }
    const botId = textOf(row, 'bot_id');
    this.#checkLimits(life, botId, clientOrderId);
    const haltedMs = this.#haltedMs(life, botId);
    if (haltedMs <= HALTED_WITHIN_MS) return;
    const seconds = Math.round(haltedMs / 1000);
    throw new Violation('risk', `${clientOrderId} is sent, its bot has been halted ${seconds} s`);
  }

  /** An entry that leaves keeps the limits of the desk and of its bot, once they have stood for a moment. */
  #checkLimits(life: ServerLife, botId: string, clientOrderId: string): void {
    const { risk, runner } = life.server;
    const state = runner.bots.get(botId)?.state;
    const role = ordersOf(state).find((order) => order.clientOrderId === clientOrderId)?.role;
    if (role !== 'entry') return;
    for (const scope of ['desk', `bot:${botId}`] as const) {
      const limits = encodeJournal(risk.of(scope).limits);
      const since = this.#limitsAt.get(scope);
      if (since?.limits !== limits || this.#world.time.now - since.at <= HALTED_WITHIN_MS) continue;
      const { maxOpenOrders, maxExposure } = risk.of(scope).limits;
      const states = scope === 'desk' ? [...runner.bots.values()].map((bot) => bot.state) : [state];
      const entries = states.flatMap(ordersOf).filter((order) => order.role === 'entry').length;
      if (maxOpenOrders !== undefined && entries > maxOpenOrders) {
        const message = `${clientOrderId} is entry ${entries} of ${scope}, which may have ${maxOpenOrders} orders`;
        throw new Violation('risk', message);
      }
      const standing = risk.standing(scope).exposure;
      for (const { asset, amount } of maxExposure) {
        const found = standing.find((exposure) => exposure.asset === asset)?.amount ?? '0';
        if (toScaled(found, WIDE_SCALE, 'found') <= toScaled(amount, WIDE_SCALE, 'limit')) continue;
        const message = `${clientOrderId} makes ${found} ${asset} at stake of ${scope}, which may have ${amount}`;
        throw new Violation('risk', message);
      }
    }
  }

  /** Orders of others stay, and so does what protects coins while nothing may take its place. */
  #onCancel(clientOrderId: string): void {
    if (!this.#signed.has(clientOrderId)) {
      throw new Violation('foreign', `a cancel of ${clientOrderId}, which is not ours`);
    }
    const { life } = this.#world;
    if (life === null || !life.isAlive) return;
    for (const { botId, state } of life.server.runner.bots.values()) {
      for (const { orders, phase } of state.deals) {
        const order = orders.find((candidate) => candidate.clientOrderId === clientOrderId);
        if (order?.role !== 'exit' || isGivenUp(phase)) continue;
        if (this.#haltedMs(life, botId) <= HALTED_WITHIN_MS) continue;
        // It was asked for before, and had to wait for a peer.
        if (this.#askedBack.has(clientOrderId)) continue;
        const kept = `${clientOrderId} is taken back, an exit of a bot that is halted`;
        throw new Violation('risk', kept);
      }
    }
  }

  #haltedMs(life: ServerLife, botId: string): number {
    if (life.server.risk.effective(botId) !== 'halted') return 0;
    const { time } = this.#world;
    return time.now - (this.#haltedAt.get(botId) ?? time.now);
  }

  /** The exchange has answered. */
  onAnswered(intent: KeyIntent, answer: VenueAnswer): void {
    if (orderIdsOf(intent).length === 0 || answer.kind !== 'answer' || answer.status === 200) {
      return;
    }
    const { code, msg }: { readonly code?: number; readonly msg?: string } = JSON.parse(
      answer.body,
    );
    if (code === undefined || NOT_THE_ORDERS_FAULT.has(code)) return;
    if (code === REJECTED && NO_FUNDS.test(msg ?? '')) return;
    // What only rests is refused where the price has moved: no limit of the exchange's.
    const onlyRests = intent.kind === 'placePair' || isPostOnly(intent);
    if (code === REJECTED && onlyRests && WOULD_TAKE.test(msg ?? '')) return;
    const what = `the exchange refuses ${describe(intent)}: ${code} ${msg ?? ''}`;
    throw new Violation('limits', what);
  }

  /** From time to time while the run goes on. */
  onLook(): void {
    const life = this.#running();
    this.#noteBots(life);
    this.#lookAtDeals(life);
    this.#lookAtTimers(life);
    this.#lookAtConditions(life);
    for (const { scope, limits } of life.server.risk.all()) {
      const text = encodeJournal(limits);
      if (this.#limitsAt.get(scope)?.limits === text) continue;
      this.#limitsAt.set(scope, { limits: text, at: this.#world.time.now });
    }
    for (const { botId, state } of life.server.runner.bots.values()) {
      if (life.server.risk.effective(botId) === 'halted') continue;
      for (const { clientOrderId, isCancelling } of ordersOf(state)) {
        if (isCancelling) this.#askedBack.add(clientOrderId);
      }
    }
    for (const botId of life.server.runner.bots.keys()) {
      if (life.server.risk.effective(botId) !== 'halted') this.#haltedAt.delete(botId);
      else if (!this.#haltedAt.has(botId)) this.#haltedAt.set(botId, this.#world.time.now);
    }
  }

  /** What a bot's conditions have seen goes on with the market. */
  #lookAtConditions(life: ServerLife): void {
    const { venue, calmMs } = this.#world;
    const blindBefore = new Map(this.#blindSince);
    this.#blindSince.clear();
    if (calmMs < CANDLES_WITHIN_MS) return;
    const oldest = venue.marketMs - CANDLES_WITHIN_MS - REPLAY_STANDS_MS;
    for (const botId of life.server.runner.bots.keys()) {
      const watched = life.server.desk.actions.conditions(botId) ?? [];
      for (const { symbol, action, isTrigger, dealIds, closedAt } of watched) {
        const key = [botId, symbol, action, isTrigger, dealIds].join(' ');
        // A bot or deal that has just begun reads its history first.
        const since = closedAt ?? blindBefore.get(key) ?? venue.marketMs;
        if (closedAt === null) this.#blindSince.set(key, since);
        if (since >= oldest) continue;
        const what = closedAt === null ? 'no candle' : 'no further candle';
        const seconds = Math.round((venue.marketMs - since) / 1000);
        throw new Violation(
          'conditions',
          `bot ${botId} has seen ${what} of ${symbol} for ${seconds} s`,
        );
      }
    }
  }

  /** Remembers each bot as it is first found in the store. */
  #noteBots(life: ServerLife): void {
    for (const row of life.store.all('SELECT bot_id, version, state FROM bots')) {
      const botId = textOf(row, 'bot_id');
      if (this.#firstSeen.has(botId)) continue;
      this.#firstSeen.set(botId, {
        version: numberOf(row, 'version'),
        state: textOf(row, 'state'),
      });
    }
  }

  /** What still keeps the run from its end, or null. */
  unrest(): string | null {
    const { life } = this.#world;
    if (life === null || !life.isAlive) return 'the server is away';
    if (!life.isStarted) return 'the server has not started';
    const { orders, runner } = life.server;
    if (orders.inFlight > 0) {
      const ids = [...orders.liveOrders.values()]
        .map((order) => `${order.request.clientOrderId} ${order.state}`)
        .join(', ');
      return `${orders.inFlight} questions about orders are open: ${ids}`;
    }
    if (runner.waiting > 0) return `${runner.waiting} events wait`;
    const stored = life.store.get('SELECT count(*) AS count FROM fills');
    const known = stored === undefined ? 0 : numberOf(stored, 'count');
    const orphans = this.#orphans(life);
    const isKnown = (order: VenueOrder): boolean => !orphans.has(order.clientOrderId);
    const traded = this.#ourFills().filter(({ order }) => isKnown(order)).length;
    if (known !== traded) return `${traded} fills at the exchange, ${known} in the store`;
    const open = life.store.all("SELECT client_order_id FROM orders WHERE state = 'open'");
    const resting = this.#ourOrders().filter((order) => isOpen(order) && isKnown(order));
    if (open.length !== resting.length) {
      return `${resting.length} orders rest at the exchange, ${open.length} in the store`;
    }
    return this.#balanceFault(life);
  }

  /** Nothing moves any more. */
  onEnd(isClosed: boolean): void {
    const life = this.#running();
    this.#checkOrders(life);
    this.#checkFills(life);
    this.#checkBalances();
    this.#checkFindings(life);
    const all: Deal[] = [];
    for (const row of life.store.all('SELECT bot_id FROM bots')) {
      const botId = textOf(row, 'bot_id');
      const replayed = this.#replay(life, botId);
      all.push(...[...replayed.deals.values()].map(({ deal }) => deal));
      for (const { deal, begun } of replayed.deals.values()) {
        this.#checkPosition(life, botId, deal, begun);
      }
      this.#checkDeals(life, botId, replayed);
      const state = life.server.runner.bots.get(botId)?.state;
      if (state !== undefined) this.#checkBot(life, state, replayed, isClosed);
    }
    this.#checkNoneLeftBehind(life);
    this.#checkProfit(life, all);
  }

  /** A timer that is due has come. */
  #lookAtTimers(life: ServerLife): void {
    const { venue, calmMs } = this.#world;
    if (calmMs < TIMERS_WITHIN_MS) return;
    // In a replayed market time stands still between two trades.
    const lateMs = venue.isLive ? 0 : REPLAY_STANDS_MS;
    const row = life.store.get(
      'SELECT bot_id, timer, due FROM timers WHERE due < ? LIMIT 1',
      venue.marketMs - TIMERS_WITHIN_MS - lateMs,
    );
    if (row === undefined) return;
    const seconds = Math.round((venue.marketMs - numberOf(row, 'due')) / 1000);
    throw new Violation(
      'timer',
      `timer ${textOf(row, 'timer')} of bot ${textOf(row, 'bot_id')} was due ${seconds} s ago`,
    );
  }

  /** A bot that has not been put away is what its journal gives, and where it says it is. */
  #checkBot(life: ServerLife, state: BotState, replayed: Replayed, isClosed: boolean): void {
    const { botId } = state;
    const found = encodeJournal(state);
    const expected = encodeJournal(replayed.state);
    if (found !== expected) {
      throw new Violation(
        'replay',
        `bot ${botId} is not what its journal gives:\n${found}\n${expected}`,
      );
    }
    for (const deal of state.deals) {
      this.#explain(life, botId, state, deal);
      this.#checkRisk(botId, state, deal);
    }
    if (isClosed) this.#checkStopped(botId, state);
  }

  #running(): ServerLife {
    const { life } = this.#world;
    if (life === null || !life.isAlive) throw new Violation('rest', 'the server is away');
    return life;
  }

  #ourOrders(): readonly VenueOrder[] {
    return this.#world.venue.orders().filter((order) => this.isOurs(order.clientOrderId));
  }

  #ourFills(): readonly { readonly order: VenueOrder; readonly fill: VenueFill }[] {
    return this.#world.venue.fills().filter(({ order }) => this.isOurs(order.clientOrderId));
  }

  /** Orders that the store came to know by finding them; there are none unless an old copy was brought back. */
  #orphans(life: ServerLife): ReadonlySet<string> {
    if (!this.#world.isRestored) return new Set();
    const known = new Set(
      life.store
        .all('SELECT client_order_id FROM orders')
        .map((row) => textOf(row, 'client_order_id')),
    );
    // What neither rests nor has traded left no trace to be found by.
    return new Set(
      this.#ourOrders()
        .map(({ clientOrderId }) => clientOrderId)
        .filter((id) => !known.has(id)),
    );
  }

  /** What an old copy does not know is found: orders that rest or have traded, and that the copy is old. */
  #checkRestored(life: ServerLife): void {
    const { isRestored, signedMeanwhile } = this.#world;
    if (!isRestored) return;
    const found = new Set(
      life.store
        .all('SELECT client_order_id FROM orphans')
        .map((row) => textOf(row, 'client_order_id')),
    );
    const orphans = this.#orphans(life);
    for (const order of this.#ourOrders()) {
      const id = order.clientOrderId;
      if (!orphans.has(id) || found.has(id)) continue;
      if (!isOpen(order) && order.executedLots === 0) continue;
      throw new Violation('unstored', `the exchange has ${id} ${order.status}, nobody found it`);
    }
    if (signedMeanwhile === 0) return;
    const noticed = life.store.get("SELECT 1 FROM findings WHERE code = 'restoreNoticed'");
    if (noticed === undefined) {
      throw new Violation(
        'restore',
        `${signedMeanwhile} orders were signed after the copy was made, and nobody noticed`,
      );
    }
  }

  /** Every order with its state and sum is the same here and there. */
  #checkOrders(life: ServerLife): void {
    const there = new Map<string, VenueOrder>();
    for (const order of this.#ourOrders()) {
      if (there.has(order.clientOrderId)) {
        throw new Violation('twice', `${order.clientOrderId} was taken twice by the exchange`);
      }
      there.set(order.clientOrderId, order);
    }
    for (const row of life.store.all('SELECT * FROM orders')) {
      const id = textOf(row, 'client_order_id');
      const state = textOf(row, 'state');
      const order = there.get(id);
      there.delete(id);
      if (state === 'intended' || state === 'ambiguous') {
        throw new Violation('doubt', `${id} is still ${state}`);
      }
      if (state === 'rejected') {
        if (order !== undefined) {
          throw new Violation(
            'lost',
            `${id} counts as rejected, the exchange has it ${order.status}`,
          );
        }
        continue;
      }
      // Asked back before its turn to leave came: it ended without ever having been there.
      if (order === undefined && state === 'cancelled' && !this.#signed.has(id)) continue;
      if (order === undefined) {
        throw new Violation('lost', `${id} is ${state} here, the exchange does not have it`);
      }
      const expected = STATES[order.status] ?? order.status;
      if (state !== expected) {
        throw new Violation('state', `${id} is ${state} here, ${order.status} at the exchange`);
      }
      const filled = numberOf(row, 'filled_lots');
      if (filled !== order.executedLots) {
        throw new Violation('fills', `${id} has ${filled} lots here, ${order.executedLots} there`);
      }
    }
    this.#checkRestored(life);
    const orphans = this.#orphans(life);
    for (const id of there.keys()) {
      if (orphans.has(id)) continue;
      throw new Violation('unstored', `the exchange has ${id}, the store does not`);
    }
  }

  /** Every trade is stored exactly once, with its price, quantity and commission. */
  #checkFills(life: ServerLife): void {
    const orphans = this.#orphans(life);
    const known = this.#ourFills().filter(({ order }) => !orphans.has(order.clientOrderId));
    const lines = known.map(({ order, fill }) =>
      [
        order.clientOrderId,
        fill.tradeId,
        fill.priceTicks,
        fill.lots,
        valueOf(fill.commission),
        fill.commissionAsset,
      ].join(' '),
    );
    const stored = life.store.all('SELECT client_order_id, fill FROM fills').map((row) => {
      const fill = decodeJournal<{
        readonly tradeId: string;
        readonly priceTicks: number;
        readonly quantity: number;
        readonly commission: bigint;
        readonly commissionAsset: string;
      }>(textOf(row, 'fill'));
      const { tradeId, priceTicks, quantity, commission, commissionAsset } = fill;
      return [
        textOf(row, 'client_order_id'),
        tradeId,
        priceTicks,
        quantity,
        commission,
        commissionAsset,
      ].join(' ');
    });
    const there = lines.toSorted();
    const here = stored.toSorted();
    for (let index = 0; index < Math.max(there.length, here.length); index += 1) {
      if (there[index] === here[index]) continue;
      throw new Violation(
        'fills',
        `the exchange has ${there[index] ?? 'nothing'}, the store ${here[index] ?? 'nothing'}`,
      );
    }
  }

  /** Where the desk shows another balance than the exchange has, or null. */
  #balanceFault(life: ServerLife): string | null {
    const { account } = this.#world.venue;
    const shown = new Map(
      life.server.desk.balances().map(({ asset, free, locked }) => [asset, `${free} ${locked}`]),
    );
    for (const [asset, { free, locked }] of account.balances) {
      const scale = account.scaleOf(asset);
      const expected = `${unitsText(free, scale)} ${unitsText(locked, scale)}`;
      const found = shown.get(asset) ?? '0 0';
      if (found !== expected) return `${asset} is ${expected}, the desk shows ${found}`;
    }
    return null;
  }

  #checkBalances(): void {
    for (const [asset, { free, locked }] of this.#world.venue.account.balances) {
      if (free < 0n || locked < 0n) {
        throw new Violation('balance', `${asset} is ${free} free and ${locked} locked`);
      }
    }
  }

  #checkFindings(life: ServerLife): void {
    if (this.#world.isRestored) return;
    for (const row of life.store.all('SELECT code, finding_values FROM findings')) {
      const code = textOf(row, 'code');
      if (!FALSE_ALARMS.includes(code)) continue;
      throw new Violation('alarm', `${code} is a false alarm: ${textOf(row, 'finding_values')}`);
    }
  }

  /** The bot as its journal makes it, from the first state that was seen. */
  #replay(life: ServerLife, botId: string): Replayed {
    const first = this.#firstSeen.get(botId);
    if (first === undefined) throw new Violation('replay', `bot ${botId} was never seen`);
    const state = decodeJournal<BotState>(first.state);
    const deals = new Map<number, { readonly deal: Deal; readonly begun: Position }>();
    const note = (): void => {
      for (const deal of [...state.deals, ...state.endedDeals]) {
        const known = deals.get(deal.dealId);
        if (known?.deal === deal) continue;
        const begun = known?.begun ?? decodeJournal<Position>(encodeJournal(deal.position));
        deals.set(deal.dealId, { deal, begun });
      }
    };
    note();
    for (const row of life.store.all(
      'SELECT version, event, effects FROM journal WHERE bot_id = ? AND version > ? ORDER BY version',
      botId,
      first.version,
    )) {
      const effects = encodeJournal(step(state, decodeJournal<BotEvent>(textOf(row, 'event'))));
      if (effects !== textOf(row, 'effects') || state.version !== numberOf(row, 'version')) {
        throw new Violation(
          'replay',
          `bot ${botId}, version ${numberOf(row, 'version')}: expected ${textOf(row, 'effects')}, found ${effects}`,
        );
      }
      note();
    }
    return { state, deals };
  }

  /** A deal's position is the sum of the fills that the exchange has of its orders. */
  #checkPosition(life: ServerLife, botId: string, deal: Deal, begun: Position): void {
    const name = `deal ${botId}-${deal.dealId} (${deal.kind})`;
    const nothing = encodeJournal(emptyPosition());
    if (deal.kind !== 'smartTrade' && encodeJournal(begun) !== nothing) {
      throw new Violation('position', `${name} begins with ${encodeJournal(begun)}`);
    }
    const ids = new Set(
      life.store
        .all(
          'SELECT client_order_id FROM orders WHERE bot_id = ? AND deal_number = ?',
          botId,
          deal.dealId,
        )
        .map((row) => textOf(row, 'client_order_id')),
    );
    const expected = decodeJournal<Position>(encodeJournal(begun));
    for (const { order, fill } of this.#ourFills()) {
      if (!ids.has(order.clientOrderId)) continue;
      const { priceTicks, lots, commissionAsset } = fill;
      addFill(expected, deal.instrument, order.side === 'BUY' ? 'buy' : 'sell', {
        priceTicks,
        quantity: lots,
        commission: valueOf(fill.commission),
        commissionAsset,
      } as Parameters<typeof addFill>[3]);
    }
    const wanted = encodeJournal(expected);
    const found = encodeJournal(deal.position);
    if (wanted !== found) {
      throw new Violation('position', `${name}: fills come to ${wanted}, its position is ${found}`);
    }
  }

  /** What a deal says it waits for is there. */
  #explain(life: ServerLife, botId: string, state: BotState, deal: Deal): void {
    const trouble = this.#troubleOf(life, botId, state, deal, this.#openIds());
    // The market has just been stopped: what follows from its last price needs another one.
    if (trouble === null || trouble.includes('beyond its stop')) return;
    throw new Violation(
      'explain',
      `deal ${botId}-${deal.dealId} (${deal.kind}, ${deal.phase.kind}) ${trouble}`,
    );
  }

  /** A bot that may take no new risk has no entry on the book. */
  #checkRisk(botId: string, state: BotState, deal: Deal): void {
    if (state.risk === 'active') return;
    for (const { role, clientOrderId } of deal.orders) {
      if (role !== 'entry') continue;
      throw new Violation('risk', `bot ${botId} is ${state.risk}, and ${clientOrderId} rests`);
    }
  }

  /** Every deal is listed, with the fills of its orders, and as ended when it has. */
  #checkDeals(life: ServerLife, botId: string, { deals, state }: Replayed): void {
    for (const { deal } of deals.values()) {
      const id = `${botId}-${deal.dealId}`;
      const shown = life.server.desk.deal(id);
      if (shown === null) throw new Violation('projection', `deal ${id} is not listed`);
      const isRunning = state.deals.some(({ dealId }) => dealId === deal.dealId);
      if (isRunning !== (shown.closedAt === null)) {
        throw new Violation('projection', `deal ${id} runs: ${isRunning}, and is ${shown.status}`);
      }
    }
  }

  /** Each order that rests under a tag of ours belongs to a deal that runs. */
  #checkNoneLeftBehind(life: ServerLife): void {
    const orphans = this.#orphans(life);
    const wanted = new Set<string>();
    for (const { state } of life.server.runner.bots.values()) {
      for (const deal of state.deals) {
        for (const { clientOrderId } of deal.orders) wanted.add(clientOrderId);
      }
    }
    for (const { clientOrderId } of this.#world.venue.account.openOrders) {
      if (!this.isOurs(clientOrderId) || wanted.has(clientOrderId)) continue;
      if (orphans.has(clientOrderId)) continue;
      throw new Violation('orphan', `${clientOrderId} rests and belongs to no deal that runs`);
    }
  }

  /** The desk's total is the sum of what its deals have earned. */
  #checkProfit(life: ServerLife, deals: readonly Deal[]): void {
    let sum = 0n;
    for (const deal of deals) {
      const { realisedProfit } = dealView(deal);
      if (realisedProfit !== '') sum += toScaled(realisedProfit, WIDE_SCALE, 'profit');
    }
    const { realisedProfit } = life.server.desk.totals();
    if (toScaled(realisedProfit, WIDE_SCALE, 'total') === sum) return;
    const expected = formatDecimal(sum, WIDE_SCALE);
    throw new Violation('profit', `deals come to ${expected}, the desk shows ${realisedProfit}`);
  }

  #checkStopped(botId: string, state: BotState): void {
    if (state.isRunning) throw new Violation('stopped', `bot ${botId} was stopped and runs`);
    if (state.deals.length > 0) return;
    const prefix = state.clientOrderIdPrefix;
    for (const { clientOrderId } of this.#world.venue.account.openOrders) {
      if (!clientOrderId.startsWith(prefix)) continue;
      throw new Violation('stopped', `bot ${botId} has stopped and left ${clientOrderId} behind`);
    }
  }

  /** What a deal says of its orders is so at the exchange, and what it waits for by itself comes in time. */
  #lookAtDeals(life: ServerLife): void {
    const { time, calmMs } = this.#world;
    const open = this.#openIds();
    const seen = new Set<string>();
    for (const { botId, state } of life.server.runner.bots.values()) {
      for (const deal of state.deals) {
        const trouble = this.#troubleOf(life, botId, state, deal, open);
        if (trouble === null) continue;
        // A deal that sends another order goes on trying.
        const key = `${botId}-${deal.dealId} after ${deal.orderCount} orders`;
        seen.add(key);
        const since = this.#troubled.get(key) ?? time.now;
        this.#troubled.set(key, since);
        const lasted = Math.min(time.now - since, calmMs);
        const isAtStop = trouble.includes('beyond its stop');
        if (lasted <= PROTECTED_WITHIN_MS + (isAtStop ? STOP_TIMEOUT_MS : 0)) continue;
        throw new Violation(
          'unprotected',
          `deal ${key} (${deal.kind}, ${deal.phase.kind}) ${trouble} for ${Math.round(lasted / 1000)} s`,
        );
      }
    }
    for (const key of this.#troubled.keys()) if (!seen.has(key)) this.#troubled.delete(key);
  }

  /** Why a deal is not where it says it is, or null. */
  #troubleOf(
    life: ServerLife,
    botId: string,
    state: BotState,
    deal: Deal,
    open: ReadonlySet<string>,
  ): string | null {
    const gone = deal.orders.find(({ clientOrderId }) => !open.has(clientOrderId));
    if (gone !== undefined) return `misses its order ${gone.clientOrderId}`;
    // What is halted says so itself.
    if (state.risk === 'halted') return null;
    const { waitingFor } = dealView(deal);
    switch (waitingFor) {
      case 'market':
        return this.#exposedOf(deal);
      case 'baseOrder':
        return null;
      case 'timer':
        if (!this.#hasTimer(life, botId, deal)) return 'waits for a timer that nobody has set';
        return this.#retriesLate(life, botId, deal)
          ? 'waits too long to send its exit again'
          : null;
      case 'risk':
        return state.risk === 'active' ? 'waits for a risk state that it has' : null;
      case 'sale':
        // Between two tries.
        return this.#hasTimer(life, botId, deal) ? null : 'waits for a sale';
      case 'quote':
      case 'cancelConfirmation':
      case 'fills':
        return `waits for ${waitingFor}`;
      case 'none':
        return 'waits for nothing';
    }
  }

  /** What a deal that waits for the market does not protect itself against, or null. */
  #exposedOf(deal: Deal): string | null {
    const { stopLoss } = dealView(deal);
    const direction = directionOf(deal);
    const market = this.#world.venue.exchange.market(deal.symbol);
    const isRunning = deal.phase.kind === 'holding' || deal.phase.kind === 'running';
    if (isRunning && stopLoss !== '' && market !== undefined) {
      const stop = Number(stopLoss);
      const { bidPrice, askPrice } = this.#world.venue.exchange.bookTicker(deal.symbol);
      const prices = [bidPrice, askPrice, market.priceText(market.lastTicks)].map(Number);
      const isBeyond = (price: number): boolean =>
        price > 0 && (direction === 'long' ? price < stop : price > stop);
      if (prices.every(isBeyond)) return `stands beyond its stop at ${stopLoss}`;
    }
    const held = heldLots(deal.position, deal.instrument);
    const last = market?.lastTicks ?? 0;
    const latestMs = this.#world.venue.marketMs + EXIT_RETRY_MS;
    if (deal.kind === 'grid' && sellsNothing(deal, last, latestMs)) {
      return 'has lines to sell and too few sells out';
    }
    if (!restsItsExits(deal) || held <= 0) return null;
    let covered = 0;
    for (const order of deal.orders) {
      if (order.role === 'exit') covered += order.quantity - order.filledLots;
    }
    const open = held - covered;
    const { minNotional, minLots } = deal.instrument;
    if (open < 2 * minLots || open * last < 2 * minNotional) return null;
    return open > held * UNCOVERED_SHARE ? `leaves ${open} of ${held} lots without an exit` : null;
  }

  /** Timers of a deal carry its number; those of a portfolio are its bot's. */
  #hasTimer(life: ServerLife, botId: string, deal: Deal): boolean {
    const name = deal.kind === 'rebalance' ? '%' : `deal:${deal.dealId}:%`;
    const sql = 'SELECT 1 FROM timers WHERE bot_id = ? AND timer LIKE ?';
    return life.store.get(sql, botId, name) !== undefined;
  }

  /** Whether a refused exit of a deal is to be tried again only after longer than it may be. */
  #retriesLate(life: ServerLife, botId: string, deal: Deal): boolean {
    const row = life.store.get(
      'SELECT due FROM timers WHERE bot_id = ? AND timer = ?',
      botId,
      `deal:${deal.dealId}:takeProfit`,
    );
    const latest = this.#world.venue.marketMs + EXIT_RETRY_MS;
    return row !== undefined && numberOf(row, 'due') > latest;
  }

  #openIds(): ReadonlySet<string> {
    return new Set(
      [...this.#world.venue.account.openOrders].map(({ clientOrderId }) => clientOrderId),
    );
  }
}

function ordersOf(state: BotState | undefined): readonly DealOrder[] {
  return (state?.deals ?? []).flatMap(({ orders }) => orders);
}

function isPostOnly(intent: KeyIntent): boolean {
  return intent.kind === 'placeOrder' && intent.order.type === 'limitMaker';
}

function directionOf(deal: Deal): Direction {
  switch (deal.kind) {
    case 'dca':
      return deal.settings.direction;
    case 'smartTrade':
    case 'signal':
      return deal.plan.direction;
    case 'grid':
    case 'rebalance':
      return 'long';
  }
}

/** Whether lines of a running grid that hold coins for an order, and may be out, are not. */
function sellsNothing(
  deal: Extract<Deal, { kind: 'grid' }>,
  last: number,
  latestMs: number,
): boolean {
  if (deal.phase.kind !== 'running' || last < 1) return false;
  const { minLots, minNotional } = deal.instrument;
  const isEnough = (lots: number): boolean => lots >= 2 * minLots && lots * last > 2 * minNotional;
  const isPaused = (ticks: number): boolean =>
    deal.troubles.some(({ side, priceTicks, until }) => {
      return side === 'sell' && priceTicks === ticks && until <= latestMs;
    });
  // A sell waits for an own buy at its price or above it (G15).
  const isBlocked = (ticks: number): boolean =>
    deal.orders.some(({ side, priceTicks }) => side === 'buy' && priceTicks >= ticks);
  // The lines nearest to the price have the places (G14), those that have to wait among them.
  const wanted = deal.cells
    .filter((cell) => isEnough(sellLots(deal, cell)))
    .slice(0, deal.settings.maxActiveSellLines)
    .filter(({ sellTicks }) => !isPaused(sellTicks) && !isBlocked(sellTicks)).length;
  const out = deal.orders.filter(({ side }) => side === 'sell').length;
  return out < wanted;
}

/** Whether all coins of a deal are to lie in orders that rest: no part of them waits for its price another way. */
function restsItsExits(deal: Deal): boolean {
  switch (deal.kind) {
    case 'dca': {
      const { direction, profitCurrency, takeProfit, takeProfitSteps, trailingDeviation } =
        deal.settings;
      const hasExits = takeProfit !== undefined || takeProfitSteps !== undefined;
      const isPlain = direction === 'long' && profitCurrency === 'quote';
      return (
        isPlain && hasExits && trailingDeviation === undefined && deal.phase.kind === 'holding'
      );
    }
    case 'smartTrade':
    case 'signal':
      return (
        deal.plan.direction === 'long' &&
        deal.phase.kind === 'running' &&
        deal.plan.takeProfit.length > 0 &&
        deal.exits.some(({ purpose }) => purpose === 'takeProfit') &&
        deal.exits.every(({ order, phase }) => order === 'limit' && phase.kind === 'open')
      );
    case 'grid':
    case 'rebalance':
      return false;
  }
}

/** A person takes back what the deal has out and keeps its coins. */
function isGivenUp(phase: { readonly kind: string; readonly action?: unknown }): boolean {
  return phase.kind === 'cancelling' || (phase.kind === 'stopping' && phase.action === 'stop');
}

const STATES: Readonly<Partial<Record<VenueOrder['status'], string>>> = {
  NEW: 'open',
  PARTIALLY_FILLED: 'open',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
};

function valueOf(text: string): bigint {
  const parsed = parseDecimal(text, ASSET_SCALE);
  if (!parsed.ok) throw new Violation('simulation', `commission ${text}: ${parsed.reason}`);
  return parsed.value;
}

/** Without trailing zeros, as the desk shows it. */
function unitsText(units: bigint, scale: number): string {
  const digits = units.toString().padStart(scale + 1, '0');
  const text = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return text.replace(/\.?0+$/, '');
}
