// SPDX-License-Identifier: Apache-2.0
// Whether the prices that the signer judges orders by contradict each other or do not come any more. The signer refuses
// then; people are told here, once for each market and until it is over.

import {
  parseDecimal,
  type PriceSource,
  type Reference,
  type VenueCondition,
  type WatchReferences,
} from '@kontor/signer';

/** Something about a market that people are told of. */
export interface PriceNews {
  readonly condition: VenueCondition;
  readonly subject: string;
  readonly isOver: boolean;
  readonly facts: Readonly<Record<string, string>>;
}

/** A market where no price came for so long is silent, and for some rounds of questions at least. */
const SILENT_MS = 10_000;
const SILENT_ROUNDS = 4;
/** Prices count together while each is young by so many rounds; the signer's own bound is three. */
const FRESH_ROUNDS = 3;
/** Over only after so long without another: a market that swings is one alarm. */
const CALM_MS = 10_000;
const WHOLE = 1_000_000n;

interface Price {
  /** Times two; null where the venue has none. */
  readonly twice: bigint | null;
  readonly text: string;
  readonly at: number;
}

interface Market {
  readonly since: number;
  readonly prices: Map<PriceSource, Price>;
  /** When each was last so; null where it is over. */
  disagreedAt: number | null;
  silentAt: number | null;
}

export class PriceWatch {
  readonly #now: () => number;
  readonly #tell: (news: PriceNews) => void;
  readonly #markets = new Map<string, Market>();
  #watch: WatchReferences | null = null;

  constructor(now: () => number, tell: (news: PriceNews) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  /** What nobody wants to trade any more is no trouble any more. */
  watch(watch: WatchReferences | null): void {
    this.#watch = watch;
    for (const [symbol, market] of this.#markets) {
      if (watch?.symbols.includes(symbol) === true) continue;
      this.#endSilence(symbol, market);
      this.#endDispute(symbol, market);
      this.#markets.delete(symbol);
    }
    for (const symbol of watch?.symbols ?? []) {
      if (this.#markets.has(symbol)) continue;
      const market = { since: this.#now(), prices: new Map(), disagreedAt: null, silentAt: null };
      this.#markets.set(symbol, market);
    }
  }

  take(reference: Reference): void {
    const market = this.#markets.get(reference.symbol);
    const price = priceOf(reference);
    if (market === undefined || price === null) return;
    const at = this.#now() - reference.ageMs;
    const [source, twice, text] = price;
    const before = market.prices.get(source);
    // Answers may overtake each other.
    if (before !== undefined && before.at > at) return;
    market.prices.set(source, { twice, text, at });
    this.#compare(reference.symbol, market);
  }

  /** To be called once a round: silence makes no noise of its own. */
  look(): void {
    const watch = this.#watch;
    if (watch === null) return;
    const now = this.#now();
    const boundMs = Math.max(SILENT_MS, SILENT_ROUNDS * watch.everyMs);
    const wanted = sourcesIn(watch);
    for (const [symbol, market] of this.#markets) {
      this.#compare(symbol, market);
      const ageOf = (source: PriceSource): number =>
        now - (market.prices.get(source)?.at ?? market.since);
      const silent = wanted.filter((source) => ageOf(source) > boundMs);
      if (silent.length === 0) {
        this.#endSilence(symbol, market);
        continue;
      }
      if (market.silentAt !== null) continue;
      market.silentAt = now;
      const seconds = String(Math.floor(Math.max(...silent.map(ageOf)) / 1_000));
      const facts = { symbol, sources: silent.join(', '), seconds };
      this.#tell({ condition: 'pricesSilent', subject: symbol, isOver: false, facts });
    }
  }

  #compare(symbol: string, market: Market): void {
    const agreement = this.#watch?.agreement ?? null;
    const everyMs = this.#watch?.everyMs ?? 0;
    if (agreement === null) return this.#endDispute(symbol, market);
    const now = this.#now();
    const prices = agreement.sources.flatMap((source) => {
      const price = market.prices.get(source);
      const isFresh = price !== undefined && now - price.at <= FRESH_ROUNDS * everyMs;
      const twice = price?.twice ?? null;
      return !isFresh || twice === null ? [] : [{ source, twice, text: price.text }];
    });
    const [low, high] = [lowest(prices), highest(prices)];
    if (low === undefined || high === undefined) return;
    const isApart = (high.twice - low.twice) * WHOLE > low.twice * BigInt(agreement.millionths);
    if (!isApart) {
      const { disagreedAt } = market;
      const isPair = prices.length > 1;
      if (isPair && disagreedAt !== null && now - disagreedAt >= CALM_MS)
        this.#endDispute(symbol, market);
      return;
    }
    const isNews = market.disagreedAt === null;
    market.disagreedAt = now;
    if (!isNews) return;
    const facts = {
      symbol,
      low: `${low.source} ${low.text}`,
      high: `${high.source} ${high.text}`,
      agree: `${agreement.millionths / 10_000}%`,
    };
    this.#tell({ condition: 'pricesDisagree', subject: symbol, isOver: false, facts });
  }

  #endDispute(symbol: string, market: Market): void {
    if (market.disagreedAt === null) return;
    market.disagreedAt = null;
    const facts = { symbol };
    this.#tell({ condition: 'pricesDisagree', subject: symbol, isOver: true, facts });
  }

  #endSilence(symbol: string, market: Market): void {
    if (market.silentAt === null) return;
    market.silentAt = null;
    const facts = { symbol };
    this.#tell({ condition: 'pricesSilent', subject: symbol, isOver: true, facts });
  }
}

/** The prices that orders are judged by: those that are compared, or all that are asked for. */
function sourcesIn({ sources, agreement }: WatchReferences): readonly PriceSource[] {
  if (agreement !== null) return agreement.sources;
  return sources.filter((source) => source !== 'dayVolume' && source !== 'depth');
}

type Compared = { readonly source: PriceSource; readonly twice: bigint; readonly text: string };

function lowest(prices: readonly Compared[]): Compared | undefined {
  return prices.reduce<Compared | undefined>(
    (low, price) => (low === undefined || price.twice < low.twice ? price : low),
    undefined,
  );
}

function highest(prices: readonly Compared[]): Compared | undefined {
  return prices.reduce<Compared | undefined>(
    (high, price) => (high === undefined || price.twice > high.twice ? price : high),
    undefined,
  );
}

/** As the signer takes them: of a book the middle, and none where it is crossed or empty on one side. */
function priceOf(
  reference: Reference,
): readonly [source: PriceSource, twice: bigint | null, text: string] | null {
  switch (reference.source) {
    case 'referencePrice':
    case 'avgPrice': {
      const { source, price } = reference;
      const value = price === null ? null : parseDecimal(price);
      return [source, value === null ? null : value * 2n, price ?? 'none'];
    }
    case 'bookTicker': {
      const { source, bid, ask } = reference;
      const [low, high] = [bid, ask].map((text) => (text === null ? null : parseDecimal(text)));
      const isBook = typeof low === 'bigint' && typeof high === 'bigint' && low <= high;
      return [source, isBook ? low + high : null, `${bid ?? 'none'} to ${ask ?? 'none'}`];
    }
    case 'dayVolume':
    case 'depth':
      return null;
  }
}
