// SPDX-License-Identifier: Apache-2.0
// Compares orders, fills and balances with the exchange: at the start, after each gap in the account stream, and
// from time to time (order-life.md, section 3).
//
// A sweep reads the account's open orders (weight 80) and balances (20) and the trades of a symbol (20; at the start of
// up to 50), and asks about single orders (4) only where something does not fit. Between sweeps balances are read
// alone. A sweep a minute and balances every 15 s come to 180 of Binance's 6,000 a minute; there are never more than
// six sweeps a minute beyond the first five.
//
// What others did at the account is told at once: to the balances, which it explains, and to whoever watches.

import {
  ASSET_SCALE,
  clientOrderId as toClientOrderId,
  formatDecimal,
  formatPrice,
  formatQuantity,
  parsePrice,
  parseQuantity,
  type AdoptedOrder,
  type BotState,
  type ClientOrderId,
  type Fill,
  type Instrument,
} from '@kontor/core';
import type {
  AccountEvent,
  AnswerParser,
  ListedOrder,
  PairName,
  RawAnswer,
  ReportedTrade,
} from '@kontor/exchange';
import type { ForeignWatch } from '../alarms/foreign-watch.ts';
import type { Evidence } from '../cases/case-book.ts';
import { EarlyPauses } from '../early-pause.ts';
import type { Outcome } from '../link/links.ts';
import { isStandstill, LOCKED_RULE } from '../link/standstill.ts';
import type { LiveOrder, OrderDesk, OrderLinks } from '../runner/order-desk.ts';
import { numberOf, textOf, type Store } from '../store/store.ts';
import type { CancelTimer, Time } from '../time.ts';
import type { BalanceBook } from './balances.ts';
import type { FindingBook } from './findings.ts';
import type { OrderIds } from './order-ids.ts';
import type { OrderTags, Origin } from './order-tags.ts';
import type { Orphan, OrphanBook, OrphanReason } from './orphans.ts';

/** How patient reconciliation is; the tests are less so. */
export interface ReconcilePatience {
  /** From one sweep to the next. */
  readonly sweepMs: number;
  /** From one reading of the balances to the next. */
  readonly balancesMs: number;
  /** From one reading of the trades of every symbol to the next. */
  readonly fullMs: number;
  /** So long may the account stream and the list of orders say different things of an order. */
  readonly disagreeMs: number;
  /** Beyond the first few, one sweep in this time. */
  readonly refillMs: number;
  /** How long the bots wait for the first sweep. */
  readonly startMs: number;
  readonly startRetryMs: number;
  /** While the vault is locked the first sweep is tried again no sooner than this, unless it is told to go on. */
  readonly lockedMs: number;
  /** What the account stream may be late. */
  readonly streamGraceMs: number;
  /** How long a sweep waits for the questions it put about single orders. */
  readonly askMs: number;
  /** A balance that nothing explains for so long is written down. */
  readonly doubtMs: number;
}

const PATIENCE: ReconcilePatience = {
  sweepMs: 60_000,
  balancesMs: 15_000,
  fullMs: 86_400_000,
  disagreeMs: 10_000,
  refillMs: 10_000,
  startMs: 30_000,
  startRetryMs: 500,
  lockedMs: 60_000,
  streamGraceMs: 2_000,
  askMs: 20_000,
  doubtMs: 5_000,
};

const SWEEPS_AT_ONCE = 5;
/** Symbols whose trades a sweep reads: at the start, and else. */
const START_SYMBOLS_MAX = 50;
const SWEEP_SYMBOLS_MAX = 1;
const DOUBT_SYMBOLS_MAX = 10;
/** Pages of 1,000 trades that are read of a symbol at once; the rest waits for the next sweep. */
const TRADE_PAGES_MAX = 5;
const TRADES_PER_PAGE = 1_000;
/** Orders of others that a sweep asks about, and orders of ours. */
const IDENTIFIED_MAX = 50;
const ASKED_MAX = 100;
const START_ASKED_MAX = 1_000;
/** Orders of others that are remembered, and shown. */
const FOREIGN_KNOWN_MAX = 2_000;
const FOREIGN_SHOWN_MAX = 200;
/** So old may the list of all symbols of the exchange be. */
const PAIRS_MS_MAX = 86_400_000;
/** Trades this much older than the last explained balances may explain a new difference. */
const EXPLAINED_MARGIN_MS = 60_000;
const EXPLAINED_META = 'balancesExplainedAt';
/** Order IDs that the signer is asked about at the start. */
const LOOK_UPS_MAX = 2_000;
/** IDs are given that are never signed, of orders denied or lost on the way and of idle bots: so many are passed over. */
const GAPS_MAX = 10;
const LOOK_UPS_AT_ONCE = 50;

export type SweepTrigger = 'start' | 'stream' | 'timer' | 'full' | 'doubt' | 'person';

export interface ReconcilerPorts {
  readonly connection: () => string;
  readonly links: OrderLinks;
  readonly parser: AnswerParser;
  readonly instrument: (symbol: string) => Instrument | undefined;
  /** The symbols that this desk trades. */
  readonly symbols: () => readonly string[];
  readonly store: Store;
  readonly ids: OrderIds;
  /** Tells orders of ours from those that only look like them. */
  readonly tags: OrderTags;
  /** Hears of everything that others do at the account. */
  readonly watch: ForeignListener;
  /** Every symbol of the exchange; fails where it does not say. */
  readonly pairs: () => Promise<readonly PairName[]>;
  readonly findings: FindingBook;
  readonly orphans: OrphanBook;
  readonly balances: BalanceBook;
  readonly orders: OrderDesk;
  readonly bots: () => readonly BotState[];
  /** Takes an order that the store believes ended back among the living; null where there is no such order. */
  readonly revive: (clientOrderId: ClientOrderId, exchangeOrderId: string) => LiveOrder | null;
  /** Gives every bot the prefix of the new epoch. */
  readonly renewOrderIds: () => void;
  /** Gives an order to a running deal; null where the deal does not take it. */
  readonly adopt: (
    botId: string,
    dealId: number,
    adopted: AdoptedOrder,
  ) => Promise<LiveOrder | null>;
  /** Market time. */
  readonly marketNow: () => number;
  readonly isStreamUp: () => boolean;
  /** The account stream is up and says nothing: it is to be opened anew. */
  readonly resubscribe: (reason: string) => void;
  /** Something that `status` or the list of orphans shows has changed. */
  readonly onChanged: () => void;
  readonly time: Time;
  readonly patience?: Partial<ReconcilePatience>;
}

/** What others did at the account, and where sources of the exchange contradict each other. */
export type ForeignListener = Pick<
  ForeignWatch,
  'onFirstSight' | 'onForeign' | 'onUnexplained' | 'onDisagreement' | 'onAgreement'
>;

export interface ReconciliationStatus {
  /** Wall time of the last sweep that succeeded; null before the first. */
  readonly sweptAt: number | null;
  /** Why the last sweep failed; null where it did not. */
  readonly fault: string | null;
  /** Sweeps that have failed since the last that succeeded. */
  readonly failedInARow: number;
  /** Orders of others that rest at the exchange: never touched. */
  readonly foreignCount: number;
  readonly foreignOrders: readonly ListedOrder[];
}

export type Decision =
  | { readonly ok: true; readonly orphan: Orphan }
  | {
      readonly ok: false;
      readonly kind: 'unknown' | 'decided' | 'refused' | 'unclear';
      readonly reason: string;
    };

type SweepResult = { readonly kind: 'done' } | SweepFailure;

interface SweepFailure {
  readonly kind: 'failed';
  /** Refused, so that asking again changes nothing. */
  readonly isFinal: boolean;
  /** Refused under this rule of the signer's; null where it was not refused. */
  readonly rule: string | null;
  /** Only the balances are missing. */
  readonly areOrdersCompared: boolean;
}

/** What one sweep has spent and found. */
interface Sweep {
  readonly trigger: SweepTrigger;
  readonly wasStreamUp: boolean;
  readonly readSymbols: Set<string>;
  identified: number;
  /** The answer that lists the open orders, as it came. */
  listing: RawAnswer | null;
  /** The last answer about the balances, as it came. */
  account: RawAnswer | null;
  /** Orders of ours of which the exchange knows more than the desk was told. */
  readonly suspects: Map<ClientOrderId, number>;
  /** Suspects of which the exchange has said how they stand. */
  readonly answered: Set<ClientOrderId>;
}

export class Reconciler {
  readonly #ports: ReconcilerPorts;
  readonly #patience: ReconcilePatience;
  readonly #stop = new AbortController();
  readonly #timers: CancelTimer[] = [];
  readonly #locked: EarlyPauses;
  /** Orders of others, by symbol and exchange ID: their trades need no further question. */
  readonly #foreign = new Map<string, ListedOrder>();
  #foreignOpen: readonly ListedOrder[] = [];
  #sweptAt: number | null = null;
  #fault: string | null = null;
  #failedInARow = 0;
  /** Why nobody could tell of deposits for some time since the balances were last explained. */
  #blind: 'start' | 'stream' | null = 'start';
  #running: Promise<unknown> = Promise.resolve();
  #isStarted = false;
  #isSweeping = false;
  #hasAskedSigner = false;
  #isOlderStore = false;
  /** Orphans that a person is deciding about. */
  readonly #deciding = new Map<number, 'adopt' | 'cancel'>();
  /** Market time of the last thing the store knew when this desk started. */
  #storeTime = 0;
  #waiting: SweepTrigger | null = null;
  #allowance: number = SWEEPS_AT_ONCE;
  #refilledAt: number;
  #endDelay: CancelTimer | null = null;
  #endDoubtTimer: CancelTimer | null = null;
  #nextSymbol = 0;
  #pairs: readonly PairName[] = [];
  #pairsAt = -Infinity;
  /** Which of the symbols that may explain a difference come first, where not all can be read at once. */
  #nextPair = 0;
  /** Since when the list of orders says less of an order than the stream did. */
  readonly #behind = new Map<string, number>();
  /** News of orders that wait for the signer's word on whose they are, the last for each ID. */
  readonly #heard = new Map<string, Promise<void>>();

  constructor(ports: ReconcilerPorts) {
    this.#ports = ports;
    this.#patience = { ...PATIENCE, ...ports.patience };
    this.#refilledAt = ports.time.monotonic();
    this.#locked = new EarlyPauses(ports.time);
  }

  get status(): ReconciliationStatus {
    return {
      sweptAt: this.#sweptAt,
      fault: this.#fault,
      failedInARow: this.#failedInARow,
      foreignCount: this.#foreignOpen.length,
      foreignOrders: this.#foreignOpen.slice(0, FOREIGN_SHOWN_MAX),
    };
  }

  /** True where the store was found older than its orders: what it did not ask for another life of it may have. */
  get isOlderStore(): boolean {
    return this.#isOlderStore;
  }

  /** True while a sweep is under way or waits for its turn. */
  get isBusy(): boolean {
    return this.#isSweeping || this.#waiting !== null;
  }

  /**
   * Asks the signer whether the store is older than its orders; to be called before anything can make a bot ask for an
   * order, whose ID could be used up. Resolves when it is known, or when waiting longer would do more harm.
   */
  async askSigner(): Promise<void> {
    const { time } = this.#ports;
    const until = time.monotonic() + this.#patience.startMs;
    while (!this.#hasAskedSigner && !this.#stop.signal.aborted) {
      this.#hasAskedSigner = (await this.#compareWithSigner()) || time.monotonic() >= until;
      if (!this.#hasAskedSigner) await this.#pause(this.#patience.startRetryMs);
    }
  }

  /** The first comparison. Resolves when it is done, can not be done, or the bots should not wait any longer. */
  async start(): Promise<void> {
    this.#storeTime = this.#lastJournalTime();
    const first = this.#firstSweep();
    this.#running = first.catch(() => undefined);
    await first;
    if (this.#stop.signal.aborted) return;
    const { time } = this.#ports;
    const { sweepMs, balancesMs, fullMs } = this.#patience;
    this.#timers.push(
      time.every(sweepMs, () => this.request('timer')),
      time.every(balancesMs, () => this.#readBalances()),
      time.every(fullMs, () => this.request('full')),
    );
    this.#isStarted = true;
    this.#begin();
  }

  /** The signer signs again what it refused, as after its vault was opened. */
  goOn(): void {
    this.#locked.endAll();
    if (this.#isStarted) this.request('timer');
  }

  /** Asks for a sweep. Sweeps come one at a time and at a bounded rate; several wishes are one sweep. */
  request(trigger: SweepTrigger): void {
    if (this.#stop.signal.aborted) return;
    const isWeightier = trigger === 'stream' || trigger === 'full' || this.#waiting === null;
    if (isWeightier) this.#waiting = trigger;
    this.#begin();
  }

  /**
   * What the account's stream tells, and the text of it. Orders that the signer signed are the order desk's, which must
   * not hear of any that only look like them; so an order whose number is not known yet waits for the signer's word.
   */
  onAccountEvent(event: AccountEvent, text: string = ''): void {
    const { balances, findings, tags } = this.#ports;
    switch (event.kind) {
      case 'balances':
        balances.onEvent(event.balances, event.time);
        this.#watchDoubts();
        return;
      case 'transfer':
        balances.onTransfer(event.asset, event.amount, event.time);
        findings.add('transfer', { asset: event.asset, amount: event.amount });
        return;
      case 'order':
      case 'foreignOrder': {
        const evidence = { source: 'stream', text };
        const known = tags.known(event.listed);
        if (known !== null) this.#onReport(event, known, evidence);
        else {
          const { clientOrderId } = event.listed;
          const hearing = tags.find(event.listed).then((origin) => {
            if (this.#heard.get(clientOrderId) === hearing) this.#heard.delete(clientOrderId);
            if (this.#stop.signal.aborted) return;
            if (origin !== null) this.#onReport(event, origin, evidence);
            // The signer does not say now: what happened is found by comparing.
            else this.request('doubt');
          });
          this.#heard.set(clientOrderId, hearing);
        }
        return;
      }
      case 'other':
        return;
    }
  }

  /** Resolves once the news that came under an ID are known to be ours or not; null where none wait. */
  untilHeard(clientOrderId: string): Promise<unknown> | null {
    return this.#heard.get(clientOrderId) ?? null;
  }

  /** A person takes an orphan in: its deal follows it, or the desk itself where no deal takes it. */
  async adopt(orphanId: number): Promise<Decision> {
    const { orphans, findings, marketNow } = this.#ports;
    const orphan = orphans.get(orphanId);
    const objection = objectionTo(orphan, orphanId);
    if (orphan === null || objection !== null) return objection ?? unknownOrphan(orphanId);
    return this.#decide(orphanId, 'adopt', async () => {
      const isTaken = await this.#giveToDeal(orphan);
      // The stream may have spoken of it meanwhile.
      const now = orphans.get(orphanId) ?? orphan;
      const adopted = orphans.update(now, now.order, 'adopted', marketNow());
      findings.add('orphanAdopted', {
        ...orderValues(now.order),
        by: isTaken ? 'deal' : 'desk',
        deal: `${orphan.botId ?? ''}-${orphan.dealNumber ?? ''}`,
      });
      this.#ports.onChanged();
      return { ok: true, orphan: adopted };
    });
  }

  /** True where the deal that the orphan's ID names has taken it: the order desk then follows it as any other. */
  async #giveToDeal({ order, botId, dealNumber }: Orphan): Promise<boolean> {
    const instrument = this.#ports.instrument(order.symbol);
    if (instrument === undefined || botId === null || dealNumber === null) return false;
    const price = parsePrice(instrument, order.price);
    const quantity = parseQuantity(instrument, order.quantity);
    if (!price.ok || !quantity.ok || !this.#isDealOn(botId, dealNumber, order.symbol)) return false;
    const live = await this.#ports.adopt(botId, dealNumber, {
      clientOrderId: toClientOrderId(order.clientOrderId),
      exchangeOrderId: order.exchangeOrderId,
      side: order.side,
      priceTicks: price.value,
      quantity: quantity.value,
    });
    if (live !== null) this.#ports.orders.resume(live);
    return live !== null;
  }

  /** A person has an orphan taken off the book. */
  async cancel(orphanId: number): Promise<Decision> {
    const { orphans, links, connection } = this.#ports;
    const orphan = orphans.get(orphanId);
    const objection = objectionTo(orphan, orphanId);
    if (orphan === null || objection !== null) return objection ?? unknownOrphan(orphanId);
    return this.#decide(orphanId, 'cancel', async () => {
      const { symbol, clientOrderId, exchangeOrderId } = orphan.order;
      const outcome = await links.submit({
        kind: 'cancelOrder',
        connection: connection(),
        symbol,
        clientOrderId,
      });
      if (outcome.kind === 'refused') {
        return { ok: false, kind: 'refused', reason: reasonOf(outcome) };
      }
      // Whatever the answer says: how the order stands now is what counts.
      const order = await this.#identify(symbol, exchangeOrderId);
      if (order === null || order === 'absent') {
        const reason = `the exchange does not say what became of it: ${reasonOf(outcome)}`;
        return { ok: false, kind: 'unclear', reason };
      }
      if (order.state === 'open') {
        return { ok: false, kind: 'refused', reason: `it is still open: ${reasonOf(outcome)}` };
      }
      return { ok: true, orphan: this.#onOrphan(orphans.get(orphanId) ?? orphan, order) };
    });
  }

  /** One decision about an orphan at a time. */
  async #decide(
    orphanId: number,
    decision: 'adopt' | 'cancel',
    work: () => Promise<Decision>,
  ): Promise<Decision> {
    if (this.#deciding.has(orphanId)) {
      return { ok: false, kind: 'decided', reason: `orphan ${orphanId} is being decided about` };
    }
    this.#deciding.set(orphanId, decision);
    try {
      return await work();
    } finally {
      this.#deciding.delete(orphanId);
    }
  }

  /** Resolves once nothing is under way; the links are to be closed meanwhile. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#waiting = null;
    this.#endDelay?.();
    this.#endDoubtTimer?.();
    for (const cancel of this.#timers) cancel();
    await this.#running;
    this.#ports.balances.save();
  }

  async #firstSweep(): Promise<void> {
    const { time, findings } = this.#ports;
    let until = time.monotonic() + this.#patience.startMs;
    await this.askSigner();
    while (!this.#stop.signal.aborted) {
      const result = await this.#sweep('start');
      if (result.kind === 'done' || result.areOrdersCompared) return;
      if (result.rule === LOCKED_RULE) {
        // Nothing that a bot could ask for would be signed.
        await this.#locked.pause(this.#patience.lockedMs, this.#stop.signal).catch(() => undefined);
        until = time.monotonic() + this.#patience.startMs;
        continue;
      }
      if (result.isFinal || time.monotonic() >= until) {
        findings.add('startedUnchecked', { reason: this.#fault ?? '' });
        return;
      }
      await this.#pause(this.#patience.startRetryMs);
    }
  }

  #begin(): void {
    const trigger = this.#waiting;
    if (trigger === null || this.#isSweeping || !this.#isStarted) return;
    if (this.#stop.signal.aborted) return;
    const waitMs = this.#untilAllowed();
    if (waitMs > 0) {
      this.#endDelay ??= this.#ports.time.after(waitMs, () => {
        this.#endDelay = null;
        this.#begin();
      });
      return;
    }
    this.#waiting = null;
    this.#running = this.#sweep(trigger)
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) throw error;
      })
      .finally(() => this.#begin());
  }

  /** Takes one sweep off the allowance, or says how long until there is one. */
  #untilAllowed(): number {
    const { refillMs } = this.#patience;
    const now = this.#ports.time.monotonic();
    const refilled = Math.floor((now - this.#refilledAt) / refillMs);
    if (refilled > 0) {
      this.#allowance = Math.min(SWEEPS_AT_ONCE, this.#allowance + refilled);
      this.#refilledAt += refilled * refillMs;
    }
    if (this.#allowance === 0) return this.#refilledAt + refillMs - now;
    this.#allowance -= 1;
    return 0;
  }

  async #sweep(trigger: SweepTrigger): Promise<SweepResult> {
    this.#isSweeping = true;
    try {
      const result = await this.#compare(trigger);
      if (result.kind === 'done') {
        this.#sweptAt = this.#ports.time.now();
        this.#fault = null;
        this.#failedInARow = 0;
        this.#ports.findings.settle('sweepFailed', 'sweep');
      } else this.#failedInARow += 1;
      return result;
    } finally {
      this.#isSweeping = false;
      this.#ports.onChanged();
    }
  }

  async #compare(trigger: SweepTrigger): Promise<SweepResult> {
    const { orders, balances } = this.#ports;
    const sweep: Sweep = {
      trigger,
      wasStreamUp: this.#ports.isStreamUp(),
      readSymbols: new Set(),
      identified: 0,
      listing: null,
      account: null,
      suspects: new Map(),
      answered: new Set(),
    };
    if (trigger === 'stream' || !sweep.wasStreamUp) this.#blind ??= 'stream';
    const resting = orders.resting();
    const accepted = [...orders.liveOrders.keys()].filter(
      (id) => orders.liveOrders.get(id)?.state === 'open',
    );
    const listing = await this.#openOrders();
    if (listing.kind === 'failed') {
      // Without the list every order is asked for by itself, where that is not refused as well.
      if (listing.rule !== null && !isStandstill(listing.rule)) orders.reconcile();
      return listing;
    }
    const listed = listing.orders;
    sweep.listing = listing.answer;
    await this.#judgeListed(sweep, listed);
    this.#compareSources(resting, listed);
    this.#suspectMissing(sweep, resting, listed);
    await this.#followOrphans(listed);
    await this.#readTrades(sweep, this.#symbolsToRead(trigger));
    await this.#askSuspects(sweep);
    const account = await this.#account(sweep);
    if (account !== null) return { ...account, areOrdersCompared: true };
    const found = listedOf(orders, listed);
    const missing = accepted.filter((id) => !found.has(id) && !sweep.answered.has(id));
    await this.#judgeBalances(sweep, missing);
    balances.save();
    return { kind: 'done' };
  }

  async #openOrders(): Promise<
    | {
        readonly kind: 'listed';
        readonly orders: readonly ListedOrder[];
        readonly answer: RawAnswer;
      }
    | SweepFailure
  > {
    const outcome = await this.#ports.links.submit({
      kind: 'queryOpenOrders',
      connection: this.#ports.connection(),
    });
    if (outcome.kind !== 'answered') return this.#failed('open orders', outcome);
    const listing = this.#ports.parser.openOrders(outcome);
    if (listing.kind !== 'ok') return this.#failed('open orders', listing);
    return { kind: 'listed', orders: listing.items, answer: outcome };
  }

  async #account(sweep: Sweep | null = null): Promise<SweepFailure | null> {
    const { links, connection, parser, balances } = this.#ports;
    const question = balances.ask();
    const outcome = await links.submit({ kind: 'queryAccount', connection: connection() });
    if (outcome.kind !== 'answered') return this.#failed('balances', outcome);
    const listing = parser.account(outcome);
    if (listing.kind !== 'ok') return this.#failed('balances', listing);
    balances.onAnswer(question, listing.items, listing.updateTime);
    if (sweep !== null) sweep.account = outcome;
    return null;
  }

  #failed(
    what: string,
    answer: { readonly kind: string; readonly reason: string; readonly rule?: string },
  ): SweepFailure {
    const isFinal = answer.kind === 'refused';
    const reason = isFinal ? `${answer.rule ?? ''}: ${answer.reason}` : answer.reason;
    this.#fault = `${what}: ${reason}`;
    this.#ports.findings.add('sweepFailed', { what, reason }, 'sweep');
    const rule = isFinal ? (answer.rule ?? '') : null;
    return { kind: 'failed', isFinal, rule, areOrdersCompared: false };
  }

  /** Whose is each order that rests at the exchange? */
  async #judgeListed(sweep: Sweep, listed: readonly ListedOrder[]): Promise<void> {
    const { orders, tags, watch } = this.#ports;
    const foreign: ListedOrder[] = [];
    const forged: ListedOrder[] = [];
    for (const order of listed) {
      const origin = await tags.find(order);
      if (origin === 'foreign' || origin === 'forged') {
        (origin === 'foreign' ? foreign : forged).push(order);
        this.#remember(order);
        continue;
      }
      if (origin === null || isLive(orders, order)) continue;
      await this.#judgeOurs(sweep, order);
    }
    if (sweep.trigger === 'start') watch.onFirstSight(foreign);
    for (const order of foreign) this.#tellForeign('foreign', order, null, sweep.listing);
    for (const order of forged) this.#tellForeign('forged', order, null, sweep.listing);
    this.#foreignOpen = [...foreign, ...forged];
  }

  /** `answer` is where it was seen. */
  #tellForeign(
    origin: Exclude<Origin, 'ours'>,
    order: ListedOrder,
    trade: ReportedTrade | null,
    answer: RawAnswer | null,
    source = 'openOrders',
  ): void {
    const evidence = { source, text: answer?.body ?? JSON.stringify({ order, trade }) };
    this.#ports.watch.onForeign({ origin, order, trade, evidence });
  }

  /**
   * Does the list say less of our orders than the stream did, for longer than answers and news may cross? Then one of
   * the two is not what the exchange says.
   */
  #compareSources(
    resting: ReadonlyMap<ClientOrderId, number>,
    listed: readonly ListedOrder[],
  ): void {
    const { orders, time, watch, marketNow } = this.#ports;
    const live: ReadonlyMap<string, LiveOrder> = orders.liveOrders;
    const behind = new Map<string, number>();
    for (const order of listed) {
      const { clientOrderId, exchangeOrderId } = order;
      const known = live.get(clientOrderId);
      const told = known === undefined ? undefined : resting.get(known.request.clientOrderId);
      const lots = this.#lotsOf(order);
      const isBehind =
        known?.exchangeOrderId === exchangeOrderId &&
        known.request.symbol === order.symbol &&
        told !== undefined &&
        lots >= 0 &&
        lots < told;
      // An order that the stream ended, and the list still shows: its own question settles that, unless it goes on.
      const isUndead = known === undefined && this.#hasEnded(order);
      if (!isBehind && !isUndead) continue;
      const since = this.#behind.get(clientOrderId) ?? time.monotonic();
      behind.set(clientOrderId, since);
      if (time.monotonic() - since < this.#patience.disagreeMs) continue;
      watch.onDisagreement({
        clientOrderId,
        symbol: order.symbol,
        stream: isUndead ? 'ended' : `${told ?? 0} lots filled`,
        list: isUndead ? order.state : `${lots} lots filled`,
        at: new Date(marketNow()).toISOString(),
      });
    }
    const isOver = this.#behind.size > 0 && behind.size === 0;
    this.#behind.clear();
    for (const [id, since] of behind) this.#behind.set(id, since);
    if (isOver) watch.onAgreement();
    // The second look comes as soon as it can prove something.
    if (behind.size > 0) time.after(this.#patience.disagreeMs, () => this.request('doubt'));
  }

  #hasEnded({ clientOrderId, exchangeOrderId, symbol }: ListedOrder): boolean {
    const row = this.#ports.store.get(
      "SELECT 1 FROM orders WHERE client_order_id = ? AND exchange_order_id = ? AND symbol = ? AND state IN ('filled', 'cancelled', 'expired')",
      clientOrderId,
      exchangeOrderId,
      symbol,
    );
    return row !== undefined;
  }

  /** Balances alone, between two sweeps; a sweep under way reads them itself. */
  #readBalances(): void {
    if (this.#isSweeping || this.#stop.signal.aborted) return;
    void this.#account().then(() => {
      if (!this.#stop.signal.aborted) this.#watchDoubts();
    });
  }

  /** An order with our tag that the order desk does not follow. */
  async #judgeOurs(sweep: Sweep | null, order: ListedOrder): Promise<void> {
    const { store, orphans, orders } = this.#ports;
    const known = orphans.find(order.symbol, order.exchangeOrderId);
    if (known !== null) {
      this.#onOrphan(known, order);
      return;
    }
    const row = store.get(
      'SELECT state, rule, exchange_order_id, placed_at FROM orders WHERE client_order_id = ? AND symbol = ?',
      order.clientOrderId,
      order.symbol,
    );
    // Same ID and another number at the exchange, or older than our own intent: another life of the desk sent it.
    const isSame =
      row !== undefined &&
      (row['exchange_order_id'] === null
        ? order.time >= numberOf(row, 'placed_at')
        : row['exchange_order_id'] === order.exchangeOrderId);
    if (row === undefined || !isSame) {
      this.#addOrphan(sweep, order);
      return;
    }
    if (sweep === null) return;
    // The list may be older than the end we know of: only a question put now tells.
    const now = await this.#identify(order.symbol, order.exchangeOrderId);
    if (now === null || now === 'absent' || isLive(orders, order)) return;
    const isNews = now.state === 'open' || this.#hasUnknownFills(now);
    if (isNews) this.#revive(now, textOf(row, 'state'), row['rule']);
  }

  /** The store has seen its end, the exchange has not: it is followed again, and taken off the book. */
  #revive(order: ListedOrder, believed: string, rule: string | number | null | undefined): void {
    const { revive, orders, findings, watch } = this.#ports;
    if (believed === 'filled' || believed === 'cancelled') {
      const { clientOrderId, symbol } = order;
      watch.onDisagreement({ clientOrderId, symbol, stream: believed, list: order.state });
    }
    const live = revive(toClientOrderId(order.clientOrderId), order.exchangeOrderId);
    if (live === null) return;
    findings.add(
      'orderRevived',
      {
        ...orderValues(order),
        believed,
        rule: typeof rule === 'string' ? rule : '',
        found: order.state,
      },
      order.clientOrderId,
    );
    orders.resume(live);
  }

  #addOrphan(sweep: Sweep | null, order: ListedOrder): void {
    const { ids, orphans, findings, marketNow } = this.#ports;
    const name = ids.nameOf(order.clientOrderId);
    const isOlderStore = sweep?.trigger === 'start' && order.time > this.#storeTime;
    const reason: OrphanReason =
      name === null
        ? 'unknownForm'
        : isOlderStore
          ? 'olderStore'
          : this.#hasBot(name.botId)
            ? 'unknownOrder'
            : 'unknownBot';
    const orphan = orphans.add(order, name, reason, marketNow());
    findings.add(
      order.state === 'open' ? 'orphanFound' : 'orphanFilled',
      { ...orderValues(order), reason },
      keyOf(order),
    );
    if (name !== null && name.epoch === ids.epoch) {
      this.#renew(isOlderStore ? 'restoreNoticed' : 'otherDeskNoticed', order.clientOrderId);
    }
    if (orphan.order.state !== 'open') this.#remember(order);
    this.#ports.onChanged();
  }

  /** Writes down how an orphan stands now. */
  #onOrphan(orphan: Orphan, order: ListedOrder): Orphan {
    const { orphans, findings, marketNow } = this.#ports;
    const isCancelledByUs = this.#deciding.get(orphan.orphanId) === 'cancel';
    const before = orphan.order;
    const isSame = before.state === order.state && before.filledQuantity === order.filledQuantity;
    // News come out of order: an end stays an end.
    if (isSame || before.state !== 'open') return orphan;
    const hasEnded = order.state !== 'open';
    const state = !hasEnded
      ? orphan.state
      : isCancelledByUs && order.state === 'cancelled'
        ? 'cancelled'
        : orphan.state === 'shown'
          ? 'gone'
          : orphan.state;
    const changed = orphans.update(orphan, order, state, marketNow());
    const values = { ...orderValues(order), end: order.state };
    if (before.filledQuantity !== order.filledQuantity) {
      findings.add('orphanFilled', { ...values, reason: orphan.reason }, keyOf(order));
    }
    if (hasEnded && order.state !== 'filled') {
      findings.add(isCancelledByUs ? 'orphanCancelled' : 'orphanEnded', values);
    }
    this.#ports.onChanged();
    return changed;
  }

  /** Orphans that rest no more: what became of them? */
  async #followOrphans(listed: readonly ListedOrder[]): Promise<void> {
    const resting = new Set(listed.map(keyOf));
    for (const orphan of this.#ports.orphans.open) {
      if (resting.has(keyOf(orphan.order))) continue;
      const { symbol, exchangeOrderId } = orphan.order;
      const order = await this.#identify(symbol, exchangeOrderId);
      if (order === 'absent') this.#onOrphan(orphan, { ...orphan.order, state: 'expired' });
      else if (order !== null) this.#onOrphan(orphan, order);
    }
  }

  /** Orders that the desk believes to rest as they did, and the list shows otherwise or not at all. */
  #suspectMissing(
    sweep: Sweep,
    resting: ReadonlyMap<ClientOrderId, number>,
    listed: readonly ListedOrder[],
  ): void {
    const found = listedOf(this.#ports.orders, listed);
    for (const [id, toldLots] of resting) {
      const order = found.get(id);
      if (order === undefined || this.#lotsOf(order) !== toldLots) sweep.suspects.set(id, toldLots);
    }
  }

  /** Gives the stream a moment, then asks about what it has not told. */
  async #askSuspects(sweep: Sweep): Promise<void> {
    const { orders, findings } = this.#ports;
    const stands = (): (readonly [ClientOrderId, number])[] =>
      [...sweep.suspects].filter(([id, toldLots]) => orders.stands(id, toldLots));
    if (stands().length === 0) return;
    const isStart = sweep.trigger === 'start';
    if (!isStart) await this.#pause(this.#patience.streamGraceMs);
    const asked = stands().slice(0, isStart ? START_ASKED_MAX : ASKED_MAX);
    if (asked.length === 0) return;
    const asking = asked.map(([id]) => orders.ask(id).then(() => sweep.answered.add(id)));
    await this.#atMost(this.#patience.askMs, Promise.all(asking));
    // What happened while the desk was not there no stream could tell it.
    if (isStart) return;
    const missed = asked.filter(([id, toldLots]) => !orders.stands(id, toldLots));
    for (const [clientOrderId] of missed) findings.add('orderMissed', { clientOrderId });
    const isDeaf = missed.length > 0 && sweep.wasStreamUp && this.#ports.isStreamUp();
    if (isDeaf) this.#onDeafStream(missed[0]?.[0] ?? '');
  }

  #onDeafStream(clientOrderId: string): void {
    this.#ports.findings.add('streamDeaf', { clientOrderId });
    this.#ports.resubscribe('it was up and told nothing of what happened to an order');
  }

  #symbolsToRead(trigger: SweepTrigger): readonly string[] {
    const symbols = this.#ports.symbols();
    const isWide = trigger === 'start' || trigger === 'full';
    const count = Math.min(symbols.length, isWide ? START_SYMBOLS_MAX : SWEEP_SYMBOLS_MAX);
    const chosen: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const symbol = symbols[(this.#nextSymbol + index) % symbols.length];
      if (symbol !== undefined) chosen.push(symbol);
    }
    this.#nextSymbol = symbols.length === 0 ? 0 : (this.#nextSymbol + count) % symbols.length;
    return chosen;
  }

  async #readTrades(sweep: Sweep, symbols: readonly string[]): Promise<void> {
    for (const symbol of symbols) {
      if (this.#stop.signal.aborted || sweep.readSymbols.has(symbol)) continue;
      sweep.readSymbols.add(symbol);
      await this.#readTradesOf(sweep, symbol);
    }
  }

  /** Trades of a symbol since the last one known; on the first reading only where they end. */
  async #readTradesOf(sweep: Sweep, symbol: string): Promise<void> {
    const { store, links, connection, parser } = this.#ports;
    const instrument = this.#ports.instrument(symbol);
    if (instrument === undefined) return;
    for (let page = 0; page < TRADE_PAGES_MAX; page += 1) {
      const row = store.get('SELECT trade_id FROM trade_marks WHERE symbol = ?', symbol);
      const mark = row === undefined ? null : BigInt(textOf(row, 'trade_id'));
      const outcome = await links.submit({
        kind: 'queryFills',
        connection: connection(),
        symbol,
        ...(mark === null ? {} : { fromTradeId: String(mark + 1n) }),
      });
      if (outcome.kind !== 'answered') return;
      const listing = parser.fills(outcome, instrument);
      if (listing.kind !== 'ok') return;
      let last = mark ?? -1n;
      for (const trade of listing.items) {
        if (mark !== null && !(await this.#judgeTrade(sweep, instrument, trade))) break;
        const id = BigInt(trade.tradeId);
        if (id > last) last = id;
      }
      if (mark === null || last > mark) {
        store.run(
          'INSERT OR REPLACE INTO trade_marks (symbol, trade_id) VALUES (?, ?)',
          symbol,
          String(last),
        );
      }
      if (mark === null || listing.items.length < TRADES_PER_PAGE || last === mark) return;
    }
  }

  /** Whose is a trade? False where that cannot be said now. */
  async #judgeTrade(
    sweep: Sweep,
    instrument: Instrument,
    trade: Fill & { readonly exchangeOrderId: string },
  ): Promise<boolean> {
    const { store, orders, orphans, balances } = this.#ports;
    const { symbol } = instrument;
    const { exchangeOrderId, tradeId } = trade;
    const row = store.get(
      'SELECT client_order_id, state, rule FROM orders WHERE exchange_order_id = ? AND symbol = ?',
      exchangeOrderId,
      symbol,
    );
    if (row !== undefined) {
      const clientOrderId = textOf(row, 'client_order_id');
      if (this.#hasFill(clientOrderId, tradeId)) return true;
      const live = orders.liveOrders.get(toClientOrderId(clientOrderId));
      if (live !== undefined) sweep.suspects.set(live.request.clientOrderId, live.toldLots);
      else {
        const order = await this.#identify(symbol, exchangeOrderId);
        if (order === null) return false;
        if (order !== 'absent') this.#revive(order, textOf(row, 'state'), row['rule']);
      }
      return true;
    }
    const found = await this.#orderOf(sweep, symbol, exchangeOrderId);
    if (found === null) return false;
    // What the exchange has forgotten is nobody's any more: it counts as a stranger's.
    if (found === 'absent') return true;
    const { order, origin } = found;
    if (origin === 'ours') {
      const isKnown = isLive(orders, order) || orphans.find(symbol, exchangeOrderId) !== null;
      if (!isKnown) await this.#judgeOurs(sweep, order);
      // An order whose acceptance was not told yet is the order desk's: its fills come with the answer.
      if (isLive(orders, order) || this.#hasFill(order.clientOrderId, tradeId)) return true;
    }
    const reported: ReportedTrade = {
      tradeId,
      price: formatPrice(instrument, trade.priceTicks),
      quantity: formatQuantity(instrument, trade.quantity),
      commission: formatDecimal(trade.commission, ASSET_SCALE),
      commissionAsset: trade.commissionAsset,
    };
    const cause = origin === 'ours' ? 'ownTrade' : 'foreignTrade';
    balances.onOtherTrade(cause, symbol, order.side, reported, trade.time);
    if (origin !== 'ours') this.#onForeignTrade(origin, order, reported, null);
    return true;
  }

  /** The order of a trade, and whose it is; null where that cannot be said now. */
  async #orderOf(
    sweep: Sweep,
    symbol: string,
    exchangeOrderId: string,
  ): Promise<{ readonly order: ListedOrder; readonly origin: Origin } | 'absent' | null> {
    const { orphans, tags } = this.#ports;
    let order =
      this.#foreign.get(`${symbol} ${exchangeOrderId}`) ??
      orphans.find(symbol, exchangeOrderId)?.order ??
      null;
    if (order === null) {
      if (sweep.identified >= IDENTIFIED_MAX) return null;
      sweep.identified += 1;
      const found = await this.#identify(symbol, exchangeOrderId);
      if (found === null || found === 'absent') return found;
      order = found;
    }
    const origin = await tags.find(order);
    return origin === null ? null : { order, origin };
  }

  /** The stream told of an order, and whose it is is known. */
  #onReport(
    event: Extract<AccountEvent, { kind: 'order' | 'foreignOrder' }>,
    origin: Origin,
    evidence: Evidence,
  ): void {
    const { orders, balances, store, watch } = this.#ports;
    const { listed: order, trade } = event;
    if (origin !== 'ours') {
      this.#remember(order);
      if (trade === null) {
        watch.onForeign({ origin, order, trade, evidence });
        return;
      }
      const { symbol, side, updateTime } = order;
      balances.onOtherTrade('foreignTrade', symbol, side, trade, updateTime);
      this.#onForeignTrade(origin, order, trade, evidence);
      return;
    }
    if (isLive(orders, order)) {
      orders.onAccountEvent(event);
      return;
    }
    const row = store.get(
      'SELECT 1 FROM orders WHERE client_order_id = ? AND symbol = ?',
      order.clientOrderId,
      order.symbol,
    );
    // Late news of an order that has ended here; where it says something new the next sweep finds out.
    if (row !== undefined) return;
    void this.#judgeOurs(null, order);
    if (trade !== null) {
      balances.onOtherTrade('ownTrade', order.symbol, order.side, trade, order.updateTime);
    }
  }

  #onForeignTrade(
    origin: Exclude<Origin, 'ours'>,
    order: ListedOrder,
    trade: ReportedTrade,
    evidence: Evidence | null,
  ): void {
    const { findings, watch } = this.#ports;
    findings.add(
      'foreignTrade',
      { ...orderValues(order), tradePrice: trade.price, tradeQuantity: trade.quantity },
      keyOf(order),
    );
    const seen = evidence ?? { source: 'myTrades', text: JSON.stringify({ order, trade }) };
    watch.onForeign({ origin, order, trade, evidence: seen });
  }

  /**
   * Balances that nothing explains: looks for trades of others, then writes the difference down, unless orders of ours
   * are `missing` of which nobody knows yet what became of them.
   */
  async #judgeBalances(sweep: Sweep, missing: readonly ClientOrderId[]): Promise<void> {
    const { balances, findings, symbols, store, watch, marketNow, time } = this.#ports;
    const doubtful = new Set(balances.doubtful(0));
    if (doubtful.size === 0) {
      this.#blind = null;
      store.setMeta(EXPLAINED_META, String(marketNow()));
      return;
    }
    const concerned = symbols()
      .filter((symbol) => !sweep.readSymbols.has(symbol))
      .filter((symbol) => balances.assetsOf(symbol).some((asset) => doubtful.has(asset)));
    await this.#readTrades(sweep, concerned.slice(0, DOUBT_SYMBOLS_MAX));
    await this.#readElsewhere(sweep);
    const unsettled = new Set(
      missing.flatMap((id) => {
        const order = this.#ports.orders.liveOrders.get(id);
        return order === undefined ? [] : balances.assetsOf(order.request.symbol);
      }),
    );
    // An order that has just ended is live no more, and its last fills are booked within this turn.
    await new Promise<void>((resolve) => {
      time.soon(resolve);
    });
    for (const asset of balances.doubtful(this.#patience.doubtMs)) {
      if (unsettled.has(asset)) continue;
      const difference = balances.accept(asset);
      if (difference === null) continue;
      const why = this.#blind === null ? {} : { reason: this.#blind };
      const values = { ...difference, ...why };
      findings.add('balanceUnexplained', values);
      const evidence = sweep.account === null ? [] : [evidenceOf('account', sweep.account)];
      watch.onUnexplained(values, this.#blind === null, evidence);
    }
    this.#watchDoubts();
  }

  /**
   * Trades on symbols that this desk does not trade, where balances changed that nothing explains: first between two
   * assets that changed both, one up and one down, then between one that changed and another of the account's, then
   * any other.
   */
  async #readElsewhere(sweep: Sweep): Promise<void> {
    const { balances } = this.#ports;
    for (let reads = 0; reads < DOUBT_SYMBOLS_MAX; reads += 1) {
      const changes = balances.doubts();
      if (changes.size === 0 || this.#stop.signal.aborted) return;
      const candidates = await this.#candidates(sweep, changes);
      const [next] = candidates;
      if (next === undefined) return;
      sweep.readSymbols.add(next.symbol);
      await this.#readForeignTrades(sweep, next);
    }
  }

  /** Symbols that may explain what changed and were not read yet, the likeliest first. */
  async #candidates(
    sweep: Sweep,
    changes: ReadonlyMap<string, bigint>,
  ): Promise<readonly PairName[]> {
    const held = new Set(this.#ports.balances.list().map(({ asset }) => asset));
    const pairs = await this.#allPairs();
    const likelihood = ({ baseAsset, quoteAsset }: PairName): number => {
      const base = changes.get(baseAsset);
      const quote = changes.get(quoteAsset);
      if (base === undefined && quote === undefined) return 3;
      if (base !== undefined && quote !== undefined) return base > 0n === quote > 0n ? 1 : 0;
      return held.has(base === undefined ? baseAsset : quoteAsset) ? 1 : 2;
    };
    const likely = pairs
      .filter(({ symbol }) => !sweep.readSymbols.has(symbol))
      .map((pair) => ({ pair, rank: likelihood(pair) }))
      .filter(({ rank }) => rank < 3);
    const sorted = likely.toSorted((left, right) => left.rank - right.rank);
    const certain = sorted.filter(({ rank }) => rank < 2).map(({ pair }) => pair);
    if (certain.length > 0) return certain;
    const others = sorted.map(({ pair }) => pair);
    if (others.length === 0) return [];
    this.#nextPair = (this.#nextPair + 1) % others.length;
    return [...others.slice(this.#nextPair), ...others.slice(0, this.#nextPair)];
  }

  async #allPairs(): Promise<readonly PairName[]> {
    const { pairs, time } = this.#ports;
    if (time.monotonic() - this.#pairsAt < PAIRS_MS_MAX) return this.#pairs;
    try {
      this.#pairs = await pairs();
      this.#pairsAt = time.monotonic();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      this.#ports.findings.add('sweepFailed', { what: 'symbols', reason: error.message }, 'sweep');
    }
    return this.#pairs;
  }

  /** The latest trades of a symbol, those from before the balances were last explained left out. */
  async #readForeignTrades(sweep: Sweep, { symbol }: PairName): Promise<void> {
    const { links, connection, parser, store, balances } = this.#ports;
    const explained = Number(store.meta(EXPLAINED_META) ?? 'NaN');
    if (!Number.isFinite(explained)) return;
    const outcome = await links.submit({ kind: 'queryFills', connection: connection(), symbol });
    if (outcome.kind !== 'answered') return;
    const listing = parser.trades(outcome);
    if (listing.kind !== 'ok') return;
    for (const { exchangeOrderId, side, time, trade } of listing.items) {
      if (time < explained - EXPLAINED_MARGIN_MS) continue;
      const isStored = store.get(
        'SELECT 1 FROM orders WHERE exchange_order_id = ? AND symbol = ?',
        exchangeOrderId,
        symbol,
      );
      if (isStored !== undefined) continue;
      const found = await this.#orderOf(sweep, symbol, exchangeOrderId);
      if (found === null || found === 'absent') continue;
      const { order, origin } = found;
      const cause = origin === 'ours' ? 'ownTrade' : 'foreignTrade';
      balances.onOtherTrade(cause, symbol, side, trade, time);
      if (origin === 'ours') continue;
      this.#remember(order);
      this.#onForeignTrade(origin, order, trade, evidenceOf('myTrades', outcome));
    }
  }

  /** A balance in doubt is looked at again soon. */
  #watchDoubts(): void {
    if (this.#endDoubtTimer !== null || this.#ports.balances.doubtful(0).length === 0) return;
    this.#endDoubtTimer = this.#ports.time.after(this.#patience.doubtMs, () => {
      this.#endDoubtTimer = null;
      if (this.#ports.balances.doubtful(0).length > 0) this.request('doubt');
    });
  }

  /**
   * Does the signer know an ID that the store has yet to give? Then the store is older than its orders. False when the
   * signer did not say.
   */
  async #compareWithSigner(): Promise<boolean> {
    const { links, connection } = this.#ports;
    const next = Array.from({ length: GAPS_MAX + 1 }, (_, gap) => this.#idsToCome(gap)).flat();
    const asked = next.slice(0, LOOK_UPS_MAX);
    for (let index = 0; index < asked.length; index += LOOK_UPS_AT_ONCE) {
      const batch = asked.slice(index, index + LOOK_UPS_AT_ONCE);
      const answers = await Promise.all(batch.map((id) => links.signedAt(connection(), id)));
      const at = answers.findIndex((signedAt) => typeof signedAt === 'number');
      if (at !== -1) {
        this.#renew('restoreNoticed', batch[at] ?? '');
        return true;
      }
      if (answers.includes(undefined)) return false;
    }
    return true;
  }

  /** The IDs that come when `gap` bots, deals or orders have come first: of each bot, its deals, and bots to come. */
  #idsToCome(gap: number): string[] {
    const { bots, ids, store } = this.#ports;
    const nextBot = Number(store.meta('nextBot') ?? '1');
    const botsToCome = Array.from({ length: gap + 1 }, (_, skipped) =>
      idsFrom(ids.prefixOf(String(nextBot + skipped)), 1, gap - skipped),
    );
    return [
      ...botsToCome.flat(),
      ...bots().flatMap(({ clientOrderIdPrefix: prefix, nextDealId, deals }) => [
        ...idsFrom(prefix, nextDealId, gap),
        ...deals.map(({ dealId, orderCount }) => `${prefix}${dealId}-${orderCount + 1 + gap}`),
      ]),
    ];
  }

  #renew(code: 'restoreNoticed' | 'otherDeskNoticed', clientOrderId: string): void {
    const { ids, findings, renewOrderIds } = this.#ports;
    const before = ids.epoch;
    this.#isOlderStore = true;
    const epoch = ids.renew();
    renewOrderIds();
    findings.add(code, { clientOrderId, epoch, before });
  }

  /** The order as it stands; `absent` where the exchange knows of none, null where it does not say. */
  async #identify(symbol: string, exchangeOrderId: string): Promise<ListedOrder | 'absent' | null> {
    const outcome = await this.#ports.links.submit({
      kind: 'identifyOrder',
      connection: this.#ports.connection(),
      symbol,
      exchangeOrderId,
    });
    if (outcome.kind !== 'answered') return null;
    const verdict = this.#ports.parser.identify(outcome);
    if (verdict.kind === 'ambiguous') return null;
    return verdict.kind === 'found' ? verdict.order : 'absent';
  }

  #remember(order: ListedOrder): void {
    const key = keyOf(order);
    this.#foreign.delete(key);
    this.#foreign.set(key, order);
    for (const oldest of this.#foreign.keys()) {
      if (this.#foreign.size <= FOREIGN_KNOWN_MAX) break;
      this.#foreign.delete(oldest);
    }
  }

  #isDealOn(botId: string, dealNumber: number, symbol: string): boolean {
    const bot = this.#ports.bots().find((candidate) => candidate.botId === botId);
    const deal = bot?.deals.find((candidate) => candidate.dealId === dealNumber);
    return deal?.symbol === symbol;
  }

  #hasBot(botId: string): boolean {
    return this.#ports.bots().some((bot) => bot.botId === botId);
  }

  #hasFill(clientOrderId: string, tradeId: string): boolean {
    const row = this.#ports.store.get(
      'SELECT 1 FROM fills WHERE client_order_id = ? AND trade_id = ?',
      clientOrderId,
      tradeId,
    );
    return row !== undefined;
  }

  #hasUnknownFills(order: ListedOrder): boolean {
    const row = this.#ports.store.get(
      'SELECT filled_lots FROM orders WHERE client_order_id = ?',
      order.clientOrderId,
    );
    return row !== undefined && this.#lotsOf(order) > numberOf(row, 'filled_lots');
  }

  #lotsOf(order: ListedOrder): number {
    const instrument = this.#ports.instrument(order.symbol);
    const lots = instrument === undefined ? null : parseQuantity(instrument, order.filledQuantity);
    return lots?.ok === true ? lots.value : -1;
  }

  /** Market time of the last event that the store holds, or of its last bot. */
  #lastJournalTime(): number {
    const row = this.#ports.store.get(
      `SELECT max(time) AS time FROM (
         SELECT json_extract(event, '$.time') AS time FROM (SELECT event FROM journal ORDER BY sequence DESC LIMIT 1)
         UNION ALL SELECT max(created_at) FROM bots)`,
    );
    const time = row?.['time'];
    return typeof time === 'number' ? time : 0;
  }

  async #pause(ms: number): Promise<void> {
    await this.#ports.time.pause(ms, this.#stop.signal).catch(() => undefined);
  }

  /** Waits for `work`, and no longer than `ms`. */
  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#ports.time.after(ms, resolve);
      this.#stop.signal.addEventListener('abort', () => resolve(), { once: true });
      void work.finally(() => {
        cancel();
        resolve();
      });
    });
  }
}

/** The first IDs from deal `dealId` on that come when `gap` deals or orders have come first. */
function idsFrom(prefix: string, dealId: number, gap: number): string[] {
  return Array.from(
    { length: gap + 1 },
    (_, skipped) => `${prefix}${dealId + skipped}-${1 + gap - skipped}`,
  );
}

function evidenceOf(source: string, answer: RawAnswer): Evidence {
  return { source, text: answer.body };
}

/** Whether the order desk follows an order of this ID on this pair. */
function isLive(orders: OrderDesk, { clientOrderId, symbol }: ListedOrder): boolean {
  const live: ReadonlyMap<string, LiveOrder> = orders.liveOrders;
  return live.get(clientOrderId)?.request.symbol === symbol;
}

/** What the list says of the orders that the desk follows: those on the same pair under the same number. */
function listedOf(
  orders: OrderDesk,
  listed: readonly ListedOrder[],
): ReadonlyMap<string, ListedOrder> {
  const live: ReadonlyMap<string, LiveOrder> = orders.liveOrders;
  const found = new Map<string, ListedOrder>();
  for (const order of listed) {
    const known = live.get(order.clientOrderId);
    if (known?.request.symbol !== order.symbol) continue;
    if (known.exchangeOrderId === order.exchangeOrderId) found.set(order.clientOrderId, order);
  }
  return found;
}

function objectionTo(orphan: Orphan | null, orphanId: number): Decision | null {
  if (orphan === null) return unknownOrphan(orphanId);
  if (orphan.state === 'shown') return null;
  return { ok: false, kind: 'decided', reason: `orphan ${orphanId} is ${orphan.state} already` };
}

function unknownOrphan(orphanId: number): Decision {
  return { ok: false, kind: 'unknown', reason: `there is no orphan ${orphanId}` };
}

function keyOf({
  symbol,
  exchangeOrderId,
}: {
  readonly symbol: string;
  readonly exchangeOrderId: string;
}): string {
  return `${symbol} ${exchangeOrderId}`;
}

function orderValues(order: ListedOrder): Record<string, string> {
  return {
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    price: order.price,
    quantity: order.quantity,
    filled: order.filledQuantity,
  };
}

function reasonOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'refused':
      return `${outcome.rule}: ${outcome.reason}`;
    case 'failed':
      return outcome.reason;
    case 'answered':
      return `HTTP ${outcome.status} ${outcome.body.slice(0, 200)}`;
  }
}
