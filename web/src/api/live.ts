// SPDX-License-Identifier: Apache-2.0
// The one live stream: sequence numbers checked, gaps answered by reading again, updates gathered per frame.

import type {
  Alarms,
  Balance,
  Bot,
  Candles,
  Deal,
  Health,
  Market,
  Note,
  Reconciliation,
  Risk,
  StreamMessage,
  Totals,
} from './types.ts';

export type CandleRow = Candles['candles'][number];
export type QuoteMessage = Extract<StreamMessage, { kind: 'quote' }>;

/** What one frame brought, each thing in its last state. */
export interface Batch {
  readonly quotes: ReadonlyMap<string, QuoteMessage>;
  /** By `symbol interval`, then by open time. */
  readonly candles: ReadonlyMap<string, ReadonlyMap<number, CandleRow>>;
  readonly bots: ReadonlyMap<string, Bot>;
  readonly deals: ReadonlyMap<string, Deal>;
  readonly notes: readonly Note[];
  readonly totals: Totals | null;
  readonly balances: readonly Balance[] | null;
  readonly reconciliation: Reconciliation | null;
  /** By scope. */
  readonly risks: ReadonlyMap<string, Risk>;
  readonly alarms: Alarms | null;
  readonly health: Health | null;
  readonly market: Market | null;
}

export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'up' }
  /** `since`: when the last message came, in wall time. */
  | { readonly kind: 'down'; readonly since: number };

/** The part of EventSource that is used. */
export interface EventSourceLike {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<string>) => void) | null;
  onerror: ((event: Event) => void) | null;
  readonly readyState: number;
  close(): void;
}

export interface LivePorts {
  readonly open: () => EventSourceLike;
  /** Calls back before the next frame is drawn. */
  readonly nextFrame: (callback: () => void) => void;
  readonly setTimer: (callback: () => void, delayMs: number) => unknown;
  readonly clearTimer: (timer: unknown) => void;
  readonly wallMs: () => number;
  readonly apply: (batch: Batch) => void;
  /** Everything that was read may be old: read it again. */
  readonly readAgain: () => void;
  /** The stream ended or fell silent: find out whether the desk still answers. True when it does. */
  readonly check: () => Promise<boolean>;
}

const CLOSED = 2;
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10_000;
/** A stream without any message for this long is asked about; health alone comes more often. */
const SILENCE_MS = 20_000;
/** More notes or candles in one frame mean that the page slept; reading again is cheaper. */
const NOTES_MOST = 1_000;
const CANDLES_MOST = 2_000;

interface Gathering {
  quotes: Map<string, QuoteMessage>;
  candles: Map<string, Map<number, CandleRow>>;
  candleCount: number;
  bots: Map<string, Bot>;
  deals: Map<string, Deal>;
  notes: Note[];
  totals: Totals | null;
  balances: readonly Balance[] | null;
  reconciliation: Reconciliation | null;
  risks: Map<string, Risk>;
  alarms: Alarms | null;
  health: Health | null;
  market: Market | null;
}

export class LiveStream {
  readonly #ports: LivePorts;
  readonly #listeners = new Set<() => void>();
  readonly #watchers = new Set<StreamMessage[]>();
  #state: StreamState = { kind: 'connecting' };
  #source: EventSourceLike | null = null;
  #sequence: number | null = null;
  #lastMessageAt: number;
  #gathering: Gathering = emptyGathering();
  #isFrameAsked = false;
  #retryMs = RETRY_FIRST_MS;
  #retryTimer: unknown = null;
  #silenceTimer: unknown = null;
  #wasUp = false;

  constructor(ports: LivePorts) {
    this.#ports = ports;
    this.#lastMessageAt = ports.wallMs();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): StreamState => this.#state;

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#source?.close();
    this.#source = null;
    this.#ports.clearTimer(this.#retryTimer);
    this.#ports.clearTimer(this.#silenceTimer);
  }

  /**
   * Collects messages from now on, until `release`. A reader holds while its request is under way and applies
   * what came meanwhile on top of the answer, which may be older.
   */
  hold(): { readonly messages: readonly StreamMessage[]; readonly release: () => void } {
    const messages: StreamMessage[] = [];
    this.#watchers.add(messages);
    return { messages, release: () => void this.#watchers.delete(messages) };
  }

  #connect(): void {
    this.#source?.close();
    this.#ports.clearTimer(this.#retryTimer);
    this.#sequence = null;
    const source = this.#ports.open();
    this.#source = source;
    source.onmessage = (event) => {
      if (source === this.#source) this.#receive(event);
    };
    source.onerror = () => {
      if (source === this.#source) this.#fail();
    };
    this.#watchSilence();
  }

  #receive(event: MessageEvent<string>): void {
    const message = parseMessage(event.data);
    if (message === null) return;
    this.#lastMessageAt = this.#ports.wallMs();
    if (message.kind === 'hello') {
      this.#greet(message.sequence);
      return;
    }
    const sequence = Number.parseInt(event.lastEventId, 10);
    if (Number.isSafeInteger(sequence)) {
      const isGap = this.#sequence !== null && sequence > this.#sequence + 1;
      this.#sequence = sequence;
      if (isGap) this.#ports.readAgain();
    }
    if (message.kind === 'reset') {
      this.#gathering = emptyGathering();
      this.#ports.readAgain();
      return;
    }
    for (const messages of this.#watchers) messages.push(message);
    this.#gather(message);
  }

  #greet(sequence: number): void {
    this.#sequence = sequence;
    this.#retryMs = RETRY_FIRST_MS;
    // What happened while the stream was closed is not known, except on the first connection.
    if (this.#wasUp) this.#ports.readAgain();
    this.#wasUp = true;
    this.#set({ kind: 'up' });
  }

  #gather(message: Exclude<StreamMessage, { kind: 'hello' | 'reset' }>): void {
    const gathering = this.#gathering;
    switch (message.kind) {
      case 'quote':
        gathering.quotes.set(message.symbol, message);
        break;
      case 'candle':
        this.#gatherCandle(message.symbol, message.interval, message.candle);
        break;
      case 'bot':
        gathering.bots.set(message.bot.id, message.bot);
        break;
      case 'deal':
        gathering.deals.set(message.deal.id, message.deal);
        break;
      case 'note':
        gathering.notes.push(message.note);
        break;
      case 'totals':
        gathering.totals = message.totals;
        break;
      case 'balances':
        gathering.balances = message.balances;
        break;
      case 'reconciliation':
        gathering.reconciliation = message.reconciliation;
        break;
      case 'risk':
        gathering.risks.set(message.risk.scope, message.risk);
        break;
      case 'alarms':
        gathering.alarms = message.alarms;
        break;
      case 'health':
        gathering.health = message.health;
        break;
      case 'market':
        gathering.market = message.market;
        break;
      default:
        // A newer server may send more kinds than this page knows.
        return;
    }
    if (gathering.notes.length > NOTES_MOST || gathering.candleCount > CANDLES_MOST) {
      this.#gathering = emptyGathering();
      this.#ports.readAgain();
      return;
    }
    if (this.#isFrameAsked) return;
    this.#isFrameAsked = true;
    this.#ports.nextFrame(() => {
      this.#isFrameAsked = false;
      const batch = this.#gathering;
      this.#gathering = emptyGathering();
      this.#ports.apply(batch);
    });
  }

  #gatherCandle(symbol: string, interval: string, candle: CandleRow): void {
    const key = `${symbol} ${interval}`;
    const rows = this.#gathering.candles.get(key) ?? new Map<number, CandleRow>();
    if (!rows.has(candle[0])) this.#gathering.candleCount += 1;
    rows.set(candle[0], candle);
    this.#gathering.candles.set(key, rows);
  }

  #fail(): void {
    if (this.#state.kind !== 'down') this.#set({ kind: 'down', since: this.#lastMessageAt });
    // An EventSource that is not closed connects again by itself.
    if (this.#source?.readyState !== CLOSED) return;
    this.#ports.clearTimer(this.#silenceTimer);
    void this.#ports.check();
    this.#retryTimer = this.#ports.setTimer(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MOST_MS);
  }

  /** A socket may stay open and carry nothing: then only asking tells whether the desk is there. */
  #watchSilence(): void {
    this.#ports.clearTimer(this.#silenceTimer);
    this.#silenceTimer = this.#ports.setTimer(() => {
      const silentMs = this.#ports.wallMs() - this.#lastMessageAt;
      if (silentMs < SILENCE_MS || this.#state.kind === 'down') {
        this.#watchSilence();
        return;
      }
      void this.#ports.check().then((isThere) => {
        if (isThere) {
          this.#watchSilence();
          return;
        }
        this.#set({ kind: 'down', since: this.#lastMessageAt });
        this.#connect();
      });
    }, SILENCE_MS);
  }

  #set(state: StreamState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function emptyGathering(): Gathering {
  return {
    quotes: new Map(),
    candles: new Map(),
    candleCount: 0,
    bots: new Map(),
    deals: new Map(),
    notes: [],
    totals: null,
    balances: null,
    reconciliation: null,
    risks: new Map(),
    alarms: null,
    health: null,
    market: null,
  };
}

function parseMessage(data: string): StreamMessage | null {
  try {
    const found: unknown = JSON.parse(data);
    if (typeof found !== 'object' || found === null || !('kind' in found)) return null;
    // The server checks its messages against the schema that StreamMessage is made from.
    return found as StreamMessage;
  } catch {
    return null;
  }
}
