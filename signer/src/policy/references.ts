// SPDX-License-Identifier: Apache-2.0
// What egress says of the markets, the last word of each source, and which markets are worth asking about.

import { parseDecimal } from '../amount.ts';
import {
  WATCHED_SYMBOLS_MAX,
  type BookLevel,
  type PriceAgreement,
  type PriceSource,
  type Reference,
  type ReferenceSource,
  type WatchReferences,
} from '../wire.ts';

/** A market is watched for this long after the last order in it. */
const WATCHED_MS = 60_000;
/** Venues whose markets are watched at a time. */
const VENUES_MAX = 32;
/** Of the time a price is good for: so often it is asked for. */
const ASKS_PER_AGE = 3;
const EVERY_MS_MIN = 250;

/** A price, times two: the middle of two whole prices needs no half. */
export interface TwicePrice {
  /** Null where the venue said that it has none. */
  readonly twice: bigint | null;
  /** On the window clock; it was so then or a little later. */
  readonly at: number;
}

export interface Spread {
  readonly bid: bigint | null;
  readonly ask: bigint | null;
  readonly at: number;
}

export interface Book {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly at: number;
}

interface Level {
  readonly price: bigint;
  readonly quantity: bigint;
}

interface Market {
  wantedAt: number;
  readonly prices: Map<'referencePrice' | 'avgPrice', TwicePrice>;
  spread: Spread | null;
  dayVolume: { readonly quote: bigint; readonly at: number } | null;
  book: Book | null;
}

/** Which prices must be how close to each other. */
interface Agreement {
  readonly sources: readonly PriceSource[];
  readonly millionths: bigint;
}

interface VenueMarkets {
  readonly markets: Map<string, Market>;
  /** The sources of all that want one, by the strictest of them. */
  agreement: PriceAgreement | null;
  readonly sources: Set<ReferenceSource>;
  everyMs: number;
}

export class References {
  readonly #venues = new Map<string, VenueMarkets>();
  readonly #watch: (watch: WatchReferences) => void;

  /** `watch` takes to egress what is wanted now. */
  constructor(watch: (watch: WatchReferences) => void) {
    this.#watch = watch;
  }

  /** Says that orders in `symbol` are judged by `sources`, whose prices are good for `maxAgeMs`. */
  want(
    { venue, symbol }: { readonly venue: string; readonly symbol: string },
    needs: {
      readonly sources: readonly ReferenceSource[];
      readonly maxAgeMs: number;
      readonly agreement: Agreement | null;
    },
    now: number,
  ): void {
    const known = this.#venueOf(venue);
    if (known === null) return;
    let isNews = false;
    for (const source of needs.sources) {
      if (known.sources.has(source)) continue;
      known.sources.add(source);
      isNews = true;
    }
    const everyMs = Math.max(Math.floor(needs.maxAgeMs / ASKS_PER_AGE), EVERY_MS_MIN);
    if (everyMs < known.everyMs) {
      known.everyMs = everyMs;
      isNews = true;
    }
    const agreement = strictest(known.agreement, needs.agreement);
    if (JSON.stringify(agreement) !== JSON.stringify(known.agreement)) {
      known.agreement = agreement;
      isNews = true;
    }
    const market = known.markets.get(symbol);
    if (market === undefined) {
      this.#makeRoom(known, now);
      known.markets.set(symbol, newMarket(now));
      isNews = true;
    } else market.wantedAt = now;
    if (isNews) this.#tell(venue, known);
  }

  /** Under another policy other needs count: each is said anew by the first order that has it. */
  forgetNeeds(): void {
    for (const known of this.#venues.values()) {
      known.sources.clear();
      known.everyMs = Number.POSITIVE_INFINITY;
      known.agreement = null;
    }
  }

  /** Takes what egress says of a market that is watched; `now` is on the window clock. */
  take(reference: Reference, now: number): void {
    const known = this.#venues.get(reference.venue);
    const market = known?.markets.get(reference.symbol);
    if (known === undefined || market === undefined) return;
    if (now - market.wantedAt > WATCHED_MS) {
      for (const [symbol, { wantedAt }] of known.markets) {
        if (now - wantedAt > WATCHED_MS) known.markets.delete(symbol);
      }
      this.#tell(reference.venue, known);
      return;
    }
    const at = now - reference.ageMs;
    switch (reference.source) {
      case 'referencePrice':
      case 'avgPrice': {
        const price = reference.price === null ? null : parseDecimal(reference.price);
        const before = market.prices.get(reference.source);
        // Answers may overtake each other.
        if (before !== undefined && before.at > at) return;
        market.prices.set(reference.source, { twice: price === null ? null : price * 2n, at });
        return;
      }
      case 'bookTicker': {
        if (market.spread !== null && market.spread.at > at) return;
        const { bid, ask } = reference;
        market.spread = {
          bid: bid === null ? null : parseDecimal(bid),
          ask: ask === null ? null : parseDecimal(ask),
          at,
        };
        return;
      }
      case 'dayVolume': {
        const volume = parseDecimal(reference.quoteVolume);
        market.dayVolume = volume === null ? null : { quote: volume, at };
        return;
      }
      case 'depth':
        if (market.book !== null && market.book.at > at) return;
        market.book = { bids: levelsOf(reference.bids), asks: levelsOf(reference.asks), at };
        return;
    }
  }

  /** The last price of a source; undefined where none came yet. */
  priceOf(venue: string, symbol: string, source: PriceSource): TwicePrice | undefined {
    const market = this.#marketOf(venue, symbol);
    if (source !== 'bookTicker') return market?.prices.get(source);
    const spread = market?.spread ?? null;
    if (spread === null) return undefined;
    const { bid, ask, at } = spread;
    // A book that is crossed, empty on one side or worse has no middle.
    return { twice: bid === null || ask === null || bid > ask ? null : bid + ask, at };
  }

  spreadOf(venue: string, symbol: string): Spread | undefined {
    return this.#marketOf(venue, symbol)?.spread ?? undefined;
  }

  /** Money traded in 24 hours, at 8 decimals. */
  dayVolumeOf(
    venue: string,
    symbol: string,
  ): { readonly quote: bigint; readonly at: number } | undefined {
    return this.#marketOf(venue, symbol)?.dayVolume ?? undefined;
  }

  bookOf(venue: string, symbol: string): Book | undefined {
    return this.#marketOf(venue, symbol)?.book ?? undefined;
  }

  #marketOf(venue: string, symbol: string): Market | undefined {
    return this.#venues.get(venue)?.markets.get(symbol);
  }

  #venueOf(venue: string): VenueMarkets | null {
    let known = this.#venues.get(venue);
    if (known === undefined) {
      if (this.#venues.size >= VENUES_MAX) return null;
      known = {
        markets: new Map(),
        agreement: null,
        sources: new Set(),
        everyMs: Number.POSITIVE_INFINITY,
      };
      this.#venues.set(venue, known);
    }
    return known;
  }

  /** Of too many markets the one that was wanted longest ago goes. */
  #makeRoom({ markets }: VenueMarkets, now: number): void {
    for (const [symbol, { wantedAt }] of markets) {
      if (now - wantedAt > WATCHED_MS) markets.delete(symbol);
    }
    while (markets.size >= WATCHED_SYMBOLS_MAX) {
      let oldest: readonly [string, Market] | undefined;
      for (const entry of markets) {
        if (oldest === undefined || entry[1].wantedAt < oldest[1].wantedAt) oldest = entry;
      }
      if (oldest === undefined) return;
      markets.delete(oldest[0]);
    }
  }

  #tell(venue: string, { markets, sources, everyMs, agreement }: VenueMarkets): void {
    this.#watch({
      kind: 'watchReferences',
      venue,
      symbols: [...markets.keys()],
      sources: [...sources],
      everyMs,
      agreement,
    });
  }
}

function strictest(known: PriceAgreement | null, wanted: Agreement | null): PriceAgreement | null {
  if (wanted === null) return known;
  const millionths = Number(wanted.millionths);
  if (known === null) return { sources: wanted.sources, millionths };
  return {
    sources: [...new Set([...known.sources, ...wanted.sources])],
    millionths: Math.min(known.millionths, millionths),
  };
}

function newMarket(now: number): Market {
  return { wantedAt: now, prices: new Map(), spread: null, dayVolume: null, book: null };
}

function levelsOf(levels: readonly BookLevel[]): readonly Level[] {
  const read: Level[] = [];
  for (const [priceText, quantityText] of levels) {
    const price = parseDecimal(priceText);
    const quantity = parseDecimal(quantityText);
    // What cannot be read ends the book here: it is then taken as thinner than it is, never as deeper.
    if (price === null || quantity === null) return read;
    read.push({ price, quantity });
  }
  return read;
}
