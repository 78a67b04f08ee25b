// SPDX-License-Identifier: Apache-2.0
// Whether an order fits its market: its price against the references, and the market against the floor of liquidity.
// What is missing, too old, empty or in dispute refuses.

import { formatNotional, toNotional } from '../amount.ts';
import type { PriceSource, ReferenceSource } from '../wire.ts';
import type { PolicyLiquidity, PolicyReference, Share } from './policy.ts';
import type { Book, References, TwicePrice } from './references.ts';

/** A day's volume changes slowly. */
export const DAY_VOLUME_AGE_MS_MAX = 600_000;
export const BOOK_AGE_MS_MAX = 30_000;
const WHOLE = 1_000_000n;

/** An order as its market sees it. */
export interface MarketOrder {
  readonly venue: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  /** At 8 decimals. */
  readonly price: bigint;
  /** The trade price from which on the order exists for the market; null for one that is there at once. */
  readonly stop: bigint | null;
  readonly notional: bigint;
}

/** Why an order does not fit. */
export interface MarketBreach {
  readonly field:
    'reference' | 'agree' | 'band' | 'min-24h-quote' | 'max-spread' | 'max-book-share';
  readonly reason: string;
  /** A fact is missing or old, and may come yet. */
  readonly mayCome: boolean;
}

/** The facts that an order is judged by. */
export function sourcesOf(
  reference: PolicyReference,
  liquidity: readonly PolicyLiquidity[],
): readonly ReferenceSource[] {
  const sources = new Set<ReferenceSource>(reference.sources);
  for (const { minDayQuote, maxSpread, maxBookShare } of liquidity) {
    if (minDayQuote !== null) sources.add('dayVolume');
    if (maxSpread !== null) sources.add('bookTicker');
    if (maxBookShare !== null) sources.add('depth');
  }
  return [...sources];
}

/**
 * Null where the price is within `band` on the side that loses: a buy not above, a sell not below each reference. A
 * stop is measured from where it begins, if that is further than the reference.
 */
export function bandBreach(
  order: MarketOrder,
  rule: { readonly reference: PolicyReference; readonly band: Share },
  references: References,
  now: number,
): MarketBreach | null {
  const { reference, band } = rule;
  const prices: { readonly source: PriceSource; readonly twice: bigint }[] = [];
  for (const source of reference.sources) {
    const price = references.priceOf(order.venue, order.symbol, source);
    const breach = freshness(source, order.symbol, { price, maxAgeMs: reference.maxAgeMs, now });
    if (breach !== null) return breach;
    const twice = price?.twice ?? null;
    if (twice === null) return noPrice(source, order.symbol);
    prices.push({ source, twice });
  }
  const disagreement = agreeBreach(prices, reference.agree);
  if (disagreement !== null) return disagreement;
  for (const { source, twice } of prices) {
    const from = startOf(order, twice);
    const price = order.price * 2n;
    const isOutside =
      order.side === 'BUY'
        ? price * WHOLE > from * (WHOLE + band.millionths)
        : price * WHOLE < from * (WHOLE - band.millionths);
    if (!isOutside) continue;
    const [sign, word] = order.side === 'BUY' ? ['above', 'buy'] : ['below', 'sell'];
    return {
      field: 'band',
      reason:
        `expected a ${word} at most ${band.text} ${sign} ${priceText(from)} ` +
        `(${from === twice ? source : 'its stop price'}), found ${priceText(price)}`,
      mayCome: false,
    };
  }
  return null;
}

/** A stop does nothing before the market is at it: then the market is there, and its limit is measured from there. */
function startOf({ side, stop }: MarketOrder, twice: bigint): bigint {
  if (stop === null) return twice;
  const twiceStop = stop * 2n;
  if (side === 'BUY') return twiceStop > twice ? twiceStop : twice;
  return twiceStop < twice ? twiceStop : twice;
}

function agreeBreach(
  prices: readonly { readonly source: PriceSource; readonly twice: bigint }[],
  agree: Share | null,
): MarketBreach | null {
  if (agree === null) return null;
  for (const [index, left] of prices.entries()) {
    for (const right of prices.slice(index + 1)) {
      const [low, high] = left.twice < right.twice ? [left, right] : [right, left];
      if ((high.twice - low.twice) * WHOLE <= low.twice * agree.millionths) continue;
      return {
        field: 'agree',
        reason:
          `expected references within ${agree.text} of each other, found ${low.source} ${priceText(low.twice)} ` +
          `and ${high.source} ${priceText(high.twice)}`,
        mayCome: false,
      };
    }
  }
  return null;
}

/** Null where the market is as `rule` wants it for this order. */
export function liquidityBreach(
  order: MarketOrder,
  rule: PolicyLiquidity,
  references: References,
  { now, maxAgeMs }: { readonly now: number; readonly maxAgeMs: number },
): MarketBreach | null {
  return (
    volumeBreach(order, rule, references, now) ??
    spreadBreach(order, rule, references, { now, maxAgeMs }) ??
    shareBreach(order, rule, references, now)
  );
}

function volumeBreach(
  { venue, symbol }: MarketOrder,
  { minDayQuote }: PolicyLiquidity,
  references: References,
  now: number,
): MarketBreach | null {
  if (minDayQuote === null) return null;
  const volume = references.dayVolumeOf(venue, symbol);
  if (volume === undefined || now - volume.at > DAY_VOLUME_AGE_MS_MAX) {
    return missing('a day’s volume of', symbol);
  }
  const quote = toNotional(volume.quote);
  if (quote >= minDayQuote.min) return null;
  return {
    field: 'min-24h-quote',
    reason: `expected ${symbol} to trade at least ${minDayQuote.text} a day, found ${formatNotional(quote)}`,
    mayCome: false,
  };
}

function spreadBreach(
  { venue, symbol }: MarketOrder,
  { maxSpread }: PolicyLiquidity,
  references: References,
  { now, maxAgeMs }: { readonly now: number; readonly maxAgeMs: number },
): MarketBreach | null {
  if (maxSpread === null) return null;
  const spread = references.spreadOf(venue, symbol);
  if (spread === undefined || now - spread.at > maxAgeMs) return missing('a spread of', symbol);
  const { bid, ask } = spread;
  if (bid === null || ask === null || bid > ask) return noPrice('bookTicker', symbol);
  if ((ask - bid) * 2n * WHOLE <= (ask + bid) * maxSpread.millionths) return null;
  return {
    field: 'max-spread',
    reason: `expected a spread of at most ${maxSpread.text}, found ${priceText(bid * 2n)} to ${priceText(ask * 2n)}`,
    mayCome: false,
  };
}

/** The side that the order would trade with: asks for a buy, bids for a sell. */
function shareBreach(
  { venue, symbol, side, notional }: MarketOrder,
  { maxBookShare }: PolicyLiquidity,
  references: References,
  now: number,
): MarketBreach | null {
  if (maxBookShare === null) return null;
  const book = references.bookOf(venue, symbol);
  if (book === undefined || now - book.at > BOOK_AGE_MS_MAX) return missing('a book of', symbol);
  const resting = restingWithin(book, side, maxBookShare.within);
  if (notional * WHOLE <= resting * maxBookShare.share.millionths) return null;
  return {
    field: 'max-book-share',
    reason:
      `expected at most ${maxBookShare.share.text} of what rests within ${maxBookShare.within.text}, ` +
      `found ${formatNotional(notional)} of ${formatNotional(resting)}`,
    mayCome: false,
  };
}

/** Money that rests within a share of the book's middle. Of a book that was cut off, less than there is. */
function restingWithin(book: Book, side: 'BUY' | 'SELL', within: Share): bigint {
  const [bid] = book.bids;
  const [ask] = book.asks;
  if (bid === undefined || ask === undefined) return 0n;
  const twiceMiddle = bid.price + ask.price;
  let sum = 0n;
  for (const { price, quantity } of side === 'BUY' ? book.asks : book.bids) {
    const isWithin =
      side === 'BUY'
        ? price * 2n * WHOLE <= twiceMiddle * (WHOLE + within.millionths)
        : price * 2n * WHOLE >= twiceMiddle * (WHOLE - within.millionths);
    if (isWithin) sum += price * quantity;
  }
  return sum;
}

function freshness(
  source: PriceSource,
  symbol: string,
  {
    price,
    maxAgeMs,
    now,
  }: {
    readonly price: TwicePrice | undefined;
    readonly maxAgeMs: number;
    readonly now: number;
  },
): MarketBreach | null {
  if (price === undefined) return missing(`a price by ${source} of`, symbol);
  const ageMs = now - price.at;
  if (ageMs <= maxAgeMs) return null;
  return {
    field: 'reference',
    reason: `expected a price by ${source} of at most ${maxAgeMs} ms, found one of ${ageMs} ms`,
    mayCome: true,
  };
}

function missing(what: string, symbol: string): MarketBreach {
  const reason = `expected ${what} ${symbol} from egress, found none yet`;
  return { field: 'reference', reason, mayCome: true };
}

function noPrice(source: PriceSource, symbol: string): MarketBreach {
  const reason = `expected a price by ${source} of ${symbol}, found that the exchange has none now`;
  return { field: 'reference', reason, mayCome: false };
}

/** Half of a doubled price, as text. */
function priceText(twice: bigint): string {
  return formatNotional(toNotional(twice) / 2n);
}
