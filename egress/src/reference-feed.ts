// SPDX-License-Identifier: Apache-2.0
// What the markets of a venue say in public, asked again and again for as long as the signer wants to know: prices, a
// day's volume, the book. Nothing here is signed, and none of it passes the server.

import {
  BOOK_LEVELS_MAX,
  REFERENCE_DECIMAL,
  type BookLevel,
  type Reference,
  type ReferenceSource,
  type WatchReferences,
} from '@kontor/signer';
import { PriceWatch, type PriceNews } from './price-watch.ts';

/** Asks the venue one public question. Null: no answer, or none with status 200 or 400. */
export type AskPublic = (
  path: string,
  query: string,
) => Promise<{
  readonly status: number;
  readonly body: string;
  /** When the venue says that it answered, by its own clock; null where it does not say. */
  readonly saidAt: number | null;
} | null>;

export interface ReferenceFeedOptions {
  readonly venue: string;
  readonly ask: AskPublic;
  /** Monotonic. */
  readonly now: () => number;
  /** The time at the venue; null where its prices are not of today's market. */
  readonly venueNow: (() => number) | null;
  /** What people are told of. */
  readonly onNews: (news: PriceNews) => void;
}

/** Sums and depths change slowly beside prices, and their questions are dear. */
const EVERY_MS: Readonly<Partial<Record<ReferenceSource, number>>> = {
  dayVolume: 60_000,
  depth: 5_000,
};
/** Of the venue's 6,000 a minute: the rest is for orders and for the server's own questions. */
const WEIGHT_PER_MINUTE_MAX = 3_000;
const MINUTE_MS = 60_000;
/** Binance's weights: of one symbol, and of a list of them. */
const BOOK_TICKERS_WEIGHT = 4;
const ONE_WEIGHT = 2;
const DEPTH_WEIGHT = 5;
/** A day's figures cost the same for so many symbols; for more they cost twenty times as much. */
const DAY_SYMBOLS_MAX = 20;
const CONCURRENT_MAX = 8;
/** A symbol that the venue does not know is not asked for again for this long. */
const UNKNOWN_MS = 300_000;
/** Prices are never so late by themselves. */
export const LATE_MS = 5_000;
const AGE_MS_MAX = 600_000;
const ANSWERED = 200;
const REFUSED = 400;

interface Question {
  readonly source: ReferenceSource;
  readonly symbols: readonly string[];
  readonly weight: number;
}

export class ReferenceFeed {
  readonly #options: ReferenceFeedOptions;
  readonly #now: () => number;
  readonly #prices: PriceWatch;
  /** Markets whose prices came late last. */
  readonly #late = new Set<string>();
  #watch: WatchReferences | null = null;
  #tell: (reference: Reference) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = 0;
  readonly #waiting: Question[] = [];
  /** When each source of each symbol was last asked. */
  readonly #askedAt = new Map<string, number>();
  readonly #unknownSince = new Map<string, number>();
  #minuteStart = Number.NEGATIVE_INFINITY;
  #weight = 0;

  constructor(options: ReferenceFeedOptions) {
    this.#options = options;
    this.#now = options.now;
    this.#prices = new PriceWatch(options.now, options.onNews);
  }

  /** Asks for what `watch` names from now on, at once for what is new. Facts go to `tell`. */
  watch(watch: WatchReferences, tell: (reference: Reference) => void): void {
    const known = new Set(this.#watch?.symbols ?? []);
    this.#watch = watch;
    this.#tell = tell;
    this.#prices.watch(watch);
    for (const symbol of this.#late) {
      if (!watch.symbols.includes(symbol)) this.#endLateness(symbol);
    }
    for (const key of this.#askedAt.keys()) {
      const [symbol = ''] = key.split(' ');
      // What was watched before and is watched again later counts as new then.
      if (!watch.symbols.includes(symbol)) this.#askedAt.delete(key);
    }
    const isNew = watch.symbols.some((symbol) => !known.has(symbol));
    if (watch.symbols.length === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (isNew || this.#timer === undefined) this.#round();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watch = null;
    this.#waiting.length = 0;
    this.#prices.watch(null);
    for (const symbol of this.#late) this.#endLateness(symbol);
  }

  /** Puts every question that is due in line. Prices that still wait from the round before are not asked for twice. */
  #round(): void {
    clearTimeout(this.#timer);
    const watch = this.#watch;
    if (watch === null) return;
    this.#timer = setTimeout(() => this.#round(), watch.everyMs);
    this.#prices.look();
    const now = this.#now();
    const symbols = watch.symbols.filter((symbol) => {
      const since = this.#unknownSince.get(symbol);
      if (since !== undefined && now - since >= UNKNOWN_MS) this.#unknownSince.delete(symbol);
      return !this.#unknownSince.has(symbol);
    });
    for (const source of watch.sources) {
      const everyMs = Math.max(EVERY_MS[source] ?? 0, watch.everyMs);
      const due = symbols.filter((symbol) => {
        const at = this.#askedAt.get(`${symbol} ${source}`) ?? Number.NEGATIVE_INFINITY;
        // A timer may fire a little early; half a round is late enough to know that this one is due.
        return now - at >= everyMs - watch.everyMs / 2;
      });
      for (const symbol of due) this.#askedAt.set(`${symbol} ${source}`, now);
      this.#waiting.push(...questionsOf(source, due));
    }
    this.#next();
  }

  #next(): void {
    while (this.#running < CONCURRENT_MAX) {
      const question = this.#waiting[0];
      if (question === undefined) return;
      if (!this.#maySpend(question.weight)) {
        // The next round asks anew; what is not told grows old, and the signer sees its age.
        for (const { source, symbols } of this.#waiting.splice(0)) {
          for (const symbol of symbols) this.#askedAt.delete(`${symbol} ${source}`);
        }
        return;
      }
      this.#waiting.shift();
      this.#running += 1;
      void this.#perform(question).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  #maySpend(weight: number): boolean {
    const now = this.#now();
    if (now - this.#minuteStart >= MINUTE_MS) {
      this.#minuteStart = now;
      this.#weight = 0;
    }
    if (this.#weight + weight > WEIGHT_PER_MINUTE_MAX) return false;
    this.#weight += weight;
    return true;
  }

  async #perform({ source, symbols }: Question): Promise<void> {
    const askedAt = this.#now();
    const [path, query] = addressOf(source, symbols);
    const answer = await this.#options.ask(path, query);
    if (answer === null) return;
    const waitedMs = Math.ceil(this.#now() - askedAt);
    const common = { kind: 'reference', venue: this.#options.venue } as const;
    const [only] = symbols;
    if (answer.status === REFUSED && symbols.length === 1 && only !== undefined) {
      // A market without a reference price, or one that the venue does not know, has no price to go by.
      if (source === 'referencePrice') {
        const ageMs = Math.min(waitedMs, AGE_MS_MAX);
        this.#put({ ...common, ageMs, symbol: only, source, price: null });
      } else this.#unknownSince.set(only, this.#now());
      return;
    }
    if (answer.status === REFUSED) {
      // One symbol that the venue does not know spoils the whole list: it is found by asking for each.
      this.#waiting.push(
        ...symbols.map((symbol) => ({ source, symbols: [symbol], weight: ONE_WEIGHT })),
      );
      return;
    }
    if (answer.status !== ANSWERED) return;
    for (const { facts, saidAt } of readReferences(source, symbols, answer.body)) {
      const lateMs = this.#lateness(facts.symbol, [answer.saidAt, saidAt]);
      const ageMs = Math.min(Math.max(waitedMs, lateMs), AGE_MS_MAX);
      this.#put({ ...common, ageMs, ...facts });
    }
  }

  #put(reference: Reference): void {
    this.#prices.take(reference);
    this.#tell(reference);
  }

  /** How long ago a fact was so by the venue's own word, which nobody can make younger by sending it late. */
  #lateness(symbol: string, times: readonly (number | null)[]): number {
    const { venueNow, onNews } = this.#options;
    const said = times.filter((time) => time !== null);
    if (venueNow === null || said.length === 0) return 0;
    const lateMs = Math.max(0, Math.ceil(venueNow() - Math.min(...said)));
    if (lateMs <= LATE_MS) this.#endLateness(symbol);
    else if (!this.#late.has(symbol)) {
      this.#late.add(symbol);
      const facts = { what: `prices of ${symbol}`, seconds: String(Math.floor(lateMs / 1_000)) };
      onNews({ condition: 'dataLate', subject: symbol, isOver: false, facts });
    }
    return lateMs;
  }

  #endLateness(symbol: string): void {
    if (!this.#late.delete(symbol)) return;
    const facts = { what: `prices of ${symbol}` };
    this.#options.onNews({ condition: 'dataLate', subject: symbol, isOver: true, facts });
  }
}

type Facts = Reference extends infer R
  ? R extends Reference
    ? Omit<R, 'kind' | 'venue' | 'ageMs'>
    : never
  : never;

function questionsOf(source: ReferenceSource, symbols: readonly string[]): readonly Question[] {
  if (symbols.length === 0) return [];
  switch (source) {
    case 'bookTicker':
      return [{ source, symbols, weight: symbols.length === 1 ? ONE_WEIGHT : BOOK_TICKERS_WEIGHT }];
    case 'dayVolume': {
      const questions: Question[] = [];
      for (let start = 0; start < symbols.length; start += DAY_SYMBOLS_MAX) {
        const part = symbols.slice(start, start + DAY_SYMBOLS_MAX);
        questions.push({ source, symbols: part, weight: ONE_WEIGHT });
      }
      return questions;
    }
    case 'referencePrice':
    case 'avgPrice':
      return symbols.map((symbol) => ({ source, symbols: [symbol], weight: ONE_WEIGHT }));
    case 'depth':
      return symbols.map((symbol) => ({ source, symbols: [symbol], weight: DEPTH_WEIGHT }));
  }
}

function addressOf(
  source: ReferenceSource,
  symbols: readonly string[],
): readonly [path: string, query: string] {
  const [only = ''] = symbols;
  const one = `symbol=${encodeURIComponent(only)}`;
  const list =
    symbols.length === 1 ? one : `symbols=${encodeURIComponent(JSON.stringify(symbols))}`;
  switch (source) {
    case 'referencePrice':
      return ['/api/v3/referencePrice', one];
    case 'avgPrice':
      return ['/api/v3/avgPrice', one];
    case 'bookTicker':
      return ['/api/v3/ticker/bookTicker', list];
    case 'dayVolume':
      return ['/api/v3/ticker/24hr', `${list}&type=MINI`];
    case 'depth':
      return ['/api/v3/depth', `${one}&limit=${BOOK_LEVELS_MAX}`];
  }
}

/** The facts in an answer. What is not as documented tells nothing: the signer then has no fact, and refuses. */
function readReferences(
  source: ReferenceSource,
  symbols: readonly string[],
  body: string,
): readonly { readonly facts: Facts; readonly saidAt: number | null }[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [];
  }
  const [only = ''] = symbols;
  const found: { readonly facts: Facts; readonly saidAt: number | null }[] = [];
  for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
    if (!isObject(each)) continue;
    // `avgPrice` and `depth` do not repeat the symbol; of a list every answer must.
    const symbol = each['symbol'] ?? (symbols.length === 1 ? only : undefined);
    if (typeof symbol !== 'string' || !symbols.includes(symbol)) continue;
    const facts = factsOf(source, symbol, each);
    // Only this price has a time at which it was so; those of others tell of the last trade, which may be long ago.
    const { timestamp } = each;
    const hasTime = source === 'referencePrice' && typeof timestamp === 'number';
    if (facts !== null) found.push({ facts, saidAt: hasTime ? timestamp : null });
  }
  return found;
}

function factsOf(
  source: ReferenceSource,
  symbol: string,
  answer: Readonly<Record<string, unknown>>,
): Facts | null {
  switch (source) {
    case 'referencePrice':
      return { symbol, source, price: positive(answer['referencePrice']) };
    case 'avgPrice':
      return { symbol, source, price: positive(answer['price']) };
    case 'bookTicker':
      return {
        ...{ symbol, source },
        bid: positive(answer['bidPrice']),
        ask: positive(answer['askPrice']),
      };
    case 'dayVolume': {
      const quoteVolume = decimal(answer['quoteVolume']);
      return quoteVolume === null ? null : { symbol, source, quoteVolume };
    }
    case 'depth': {
      const bids = levels(answer['bids']);
      const asks = levels(answer['asks']);
      return bids === null || asks === null ? null : { symbol, source, bids, asks };
    }
  }
}

function levels(value: unknown): readonly BookLevel[] | null {
  if (!Array.isArray(value)) return null;
  const found: BookLevel[] = [];
  for (const level of (value as unknown[]).slice(0, BOOK_LEVELS_MAX)) {
    if (!Array.isArray(level)) return null;
    const [price, quantity] = (level as unknown[]).map(decimal);
    if (typeof price !== 'string' || typeof quantity !== 'string') return null;
    found.push([price, quantity]);
  }
  return found;
}

function decimal(value: unknown): string | null {
  return typeof value === 'string' && REFERENCE_DECIMAL.test(value) ? value : null;
}

/** A price; zero is how a venue says that there is none. */
function positive(value: unknown): string | null {
  const text = decimal(value);
  return text !== null && /[1-9]/.test(text) ? text : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
