// SPDX-License-Identifier: Apache-2.0
// What a replay is made of: candles or trades of one symbol as whole numbers at the data's own decimals.

export interface FeedSymbol {
  /** As the venue writes it: `BTCUSDT`. */
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
}

interface FeedScales extends FeedSymbol {
  /** Where the rows came from, for messages. */
  readonly name: string;
  /** Prices are held as price × 10^priceScale, quantities as quantity × 10^quantityScale. */
  readonly priceScale: number;
  readonly quantityScale: number;
  /** Values that had more digits than the instrument can hold and were rounded to it. */
  readonly roundedPrices: number;
  readonly roundedQuantities: number;
}

export interface CandleFeed extends FeedScales {
  readonly kind: 'candles';
  readonly intervalMs: number;
  /** Strictly increasing, all on the grid of `intervalMs`; a missing candle is a gap. */
  readonly openMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

export interface TradeFeed extends FeedScales {
  readonly kind: 'trades';
  /** Never falling. */
  readonly timeMs: Float64Array;
  readonly price: Float64Array;
  readonly quantity: Float64Array;
  /** 1 where the buyer was the maker. */
  readonly isBuyerMaker: Uint8Array;
}

export type MarketFeed = CandleFeed | TradeFeed;

/** A row that cannot be what it should be, or a file that cannot be read: the message names file, line and column. */
export class MarketFileError extends Error {
  readonly code = 'MARKET_FILE';

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'MarketFileError';
  }
}

/** Times of the feed's rows: candle opens or trade times. */
export function feedTimes(feed: MarketFeed): Float64Array {
  return feed.kind === 'candles' ? feed.openMs : feed.timeMs;
}

/**
 * Price and quantity decimals an instrument can carry together: an order of 900,000 of the quote asset must stay
 * below 2^53 in ticks × lots.
 */
export const SCALE_SUM_MAX = 10;
/** Binance writes no number with more decimals. */
export const SCALE_MAX = 8;
/** Prices finer than this many significant digits at the highest price are noise of the recorder. */
const SIGNIFICANT_DIGITS = 7;

/** The scales at which a feed with these decimals is held. */
export function feedScales(options: {
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly highestPrice: number;
}): { readonly priceScale: number; readonly quantityScale: number } {
  const { priceDecimals, quantityDecimals, highestPrice } = options;
  if (priceDecimals + quantityDecimals <= SCALE_SUM_MAX) {
    return { priceScale: priceDecimals, quantityScale: quantityDecimals };
  }
  const wholeDigits = Math.trunc(highestPrice).toFixed(0).length;
  const useful = highestPrice >= 1 ? Math.max(2, SIGNIFICANT_DIGITS - wholeDigits) : SCALE_MAX;
  const priceScale = Math.min(priceDecimals, useful);
  return { priceScale, quantityScale: Math.min(quantityDecimals, SCALE_SUM_MAX - priceScale) };
}

/** A column of non-negative decimals that grows, each kept as digits and the number of decimals it had. */
export class DecimalColumn {
  #digits: Float64Array = new Float64Array(1024);
  #decimals: Uint8Array = new Uint8Array(1024);
  length = 0;
  maxDecimals = 0;
  largest = 0;

  /** False when `text` is no number ≥ 0, or has too many digits to be held exactly. */
  push(text: string): boolean {
    const plain = plainDecimal(text);
    if (plain === undefined) return false;
    const dot = plain.indexOf('.');
    const decimals = dot === -1 ? 0 : plain.length - dot - 1;
    const digits = Number(dot === -1 ? plain : plain.slice(0, dot) + plain.slice(dot + 1));
    if (!Number.isSafeInteger(digits)) return false;
    if (this.length === this.#digits.length) this.#grow();
    this.#digits[this.length] = digits;
    this.#decimals[this.length] = decimals;
    this.length += 1;
    if (decimals > this.maxDecimals) this.maxDecimals = decimals;
    const value = digits / 10 ** decimals;
    if (value > this.largest) this.largest = value;
    return true;
  }

  /** The value pushed last, near enough to compare. */
  last(): number {
    const index = this.length - 1;
    return (this.#digits[index] ?? 0) / 10 ** (this.#decimals[index] ?? 0);
  }

  /** All values × 10^scale. What does not fit is rounded, down for quantities; `undefined` when one leaves 2^53. */
  atScale(
    scale: number,
    rounding: 'nearest' | 'down',
  ): { readonly values: Float64Array; readonly rounded: number } | undefined {
    const values = new Float64Array(this.length);
    let rounded = 0;
    for (let index = 0; index < this.length; index += 1) {
      const digits = this.#digits[index] ?? 0;
      const decimals = this.#decimals[index] ?? 0;
      if (decimals <= scale) {
        const value = digits * 10 ** (scale - decimals);
        if (!Number.isSafeInteger(value)) return undefined;
        values[index] = value;
        continue;
      }
      const divisor = 10 ** (decimals - scale);
      if (digits % divisor !== 0) rounded += 1;
      const floor = Math.floor(digits / divisor);
      const up = rounding === 'nearest' && (digits - floor * divisor) * 2 >= divisor ? 1 : 0;
      values[index] = floor + up;
    }
    return { values, rounded };
  }

  #grow(): void {
    const digits = new Float64Array(this.#digits.length * 2);
    digits.set(this.#digits);
    this.#digits = digits;
    const decimals = new Uint8Array(this.#decimals.length * 2);
    decimals.set(this.#decimals);
    this.#decimals = decimals;
  }
}

const PLAIN = /^\d+(?:\.\d*)?$/;
const EXPONENT = /^\d+(?:\.\d*)?e[+-]?\d{1,3}$/i;

/** `text` without exponent and trailing zeros, rounded to 8 decimals; `undefined` unless it is a number ≥ 0. */
function plainDecimal(text: string): string | undefined {
  let plain = text;
  if (!PLAIN.test(text)) {
    if (!EXPONENT.test(text)) return undefined;
    plain = Number(text).toFixed(SCALE_MAX);
  } else if (text.length - text.indexOf('.') - 1 > SCALE_MAX && text.includes('.')) {
    plain = Number(text).toFixed(SCALE_MAX);
  }
  if (!PLAIN.test(plain)) return undefined;
  return plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain;
}

/** The grid of `openMs`, or the index of the first row that is not on it. */
export function candleInterval(
  openMs: ArrayLike<number>,
):
  | { readonly ok: true; readonly intervalMs: number }
  | { readonly ok: false; readonly index: number; readonly intervalMs: number } {
  let intervalMs = Number.POSITIVE_INFINITY;
  for (let index = 1; index < openMs.length; index += 1) {
    intervalMs = Math.min(intervalMs, (openMs[index] ?? 0) - (openMs[index - 1] ?? 0));
  }
  if (!Number.isFinite(intervalMs)) return { ok: true, intervalMs: 60_000 };
  const first = openMs[0] ?? 0;
  for (let index = 1; index < openMs.length; index += 1) {
    if (((openMs[index] ?? 0) - first) % intervalMs !== 0) return { ok: false, index, intervalMs };
  }
  return { ok: true, intervalMs };
}

/** Prices and volume are decimal text; a candle without `volume` has none. */
export interface CandleRow {
  readonly openMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

/** A feed of candles that are already at hand. Throws MarketFileError naming the row that is wrong. */
export function candleFeed(
  source: FeedSymbol & { readonly name: string; readonly intervalMs: number },
  rows: Iterable<CandleRow>,
): CandleFeed {
  const openMs: number[] = [];
  const columns = new CandleColumns();
  for (const row of rows) {
    const where = `${source.name}, row ${openMs.length + 1}`;
    const before = openMs.at(-1);
    if (!Number.isSafeInteger(row.openMs) || (before !== undefined && row.openMs <= before)) {
      throw new MarketFileError(
        `${where}: expected an open time after ${before ?? 'the epoch'}, found ${row.openMs}`,
      );
    }
    const problem = columns.push(row);
    if (problem !== undefined) {
      throw new MarketFileError(`${where}, column ${problem.column}: ${problem.message}`);
    }
    if ((row.openMs - (openMs[0] ?? row.openMs)) % source.intervalMs !== 0) {
      throw new MarketFileError(
        `${where}: expected an open time on the grid of ${source.intervalMs} ms, found ${row.openMs}`,
      );
    }
    openMs.push(row.openMs);
  }
  return columns.feed(source, Float64Array.from(openMs), source.intervalMs);
}

/** The five number columns of candles, checked row by row. */
export class CandleColumns {
  readonly #prices = new DecimalColumn();
  readonly #volumes = new DecimalColumn();

  /** What is wrong with the row, if anything. */
  push(
    row: Omit<CandleRow, 'openMs'>,
  ): { readonly column: string; readonly message: string } | undefined {
    const values: number[] = [];
    for (const column of ['open', 'high', 'low', 'close'] as const) {
      if (!this.#prices.push(row[column])) return notANumber(column, 'a price', row[column]);
      const value = this.#prices.last();
      if (value <= 0) return notANumber(column, 'a price above 0', row[column]);
      values.push(value);
    }
    const [open = 0, high = 0, low = 0, close = 0] = values;
    if (high < low) {
      return { column: 'high', message: `expected at least the low ${row.low}, found ${row.high}` };
    }
    if (high < Math.max(open, close)) {
      const bound = open > close ? `open ${row.open}` : `close ${row.close}`;
      return { column: 'high', message: `expected at least the ${bound}, found ${row.high}` };
    }
    if (low > Math.min(open, close)) {
      const bound = open < close ? `open ${row.open}` : `close ${row.close}`;
      return { column: 'low', message: `expected at most the ${bound}, found ${row.low}` };
    }
    if (!this.#volumes.push(row.volume)) return notANumber('volume', 'a number ≥ 0', row.volume);
    return undefined;
  }

  feed(
    source: FeedSymbol & { readonly name: string },
    openMs: Float64Array,
    intervalMs: number,
  ): CandleFeed {
    const scales = feedScales({
      priceDecimals: this.#prices.maxDecimals,
      quantityDecimals: this.#volumes.maxDecimals,
      highestPrice: this.#prices.largest,
    });
    const prices = this.#prices.atScale(scales.priceScale, 'nearest');
    const volumes = this.#volumes.atScale(scales.quantityScale, 'down');
    if (prices === undefined || volumes === undefined) throw tooLarge(source.name, scales);
    const column = (offset: number): Float64Array =>
      openMs.map((_, index) => prices.values[index * 4 + offset] ?? 0);
    return {
      kind: 'candles',
      ...feedSymbol(source),
      ...scales,
      roundedPrices: prices.rounded,
      roundedQuantities: volumes.rounded,
      intervalMs,
      openMs,
      open: column(0),
      high: column(1),
      low: column(2),
      close: column(3),
      volume: volumes.values,
    };
  }
}

/** The columns of trades, checked row by row. */
export class TradeColumns {
  readonly #prices = new DecimalColumn();
  readonly #quantities = new DecimalColumn();

  push(row: {
    readonly price: string;
    readonly quantity: string;
  }): { readonly column: string; readonly message: string } | undefined {
    if (!this.#prices.push(row.price)) return notANumber('price', 'a price', row.price);
    if (this.#prices.last() <= 0) return notANumber('price', 'a price above 0', row.price);
    if (!this.#quantities.push(row.quantity)) {
      return notANumber('quantity', 'a number ≥ 0', row.quantity);
    }
    return undefined;
  }

  feed(
    source: FeedSymbol & { readonly name: string },
    timeMs: Float64Array,
    isBuyerMaker: Uint8Array,
  ): TradeFeed {
    const scales = feedScales({
      priceDecimals: this.#prices.maxDecimals,
      quantityDecimals: this.#quantities.maxDecimals,
      highestPrice: this.#prices.largest,
    });
    const prices = this.#prices.atScale(scales.priceScale, 'nearest');
    const quantities = this.#quantities.atScale(scales.quantityScale, 'down');
    if (prices === undefined || quantities === undefined) throw tooLarge(source.name, scales);
    return {
      kind: 'trades',
      ...feedSymbol(source),
      ...scales,
      roundedPrices: prices.rounded,
      roundedQuantities: quantities.rounded,
      timeMs,
      price: prices.values,
      quantity: quantities.values,
      isBuyerMaker,
    };
  }
}

function feedSymbol(
  source: FeedSymbol & { readonly name: string },
): FeedSymbol & { readonly name: string } {
  const { name, symbol, baseAsset, quoteAsset } = source;
  return { name, symbol, baseAsset, quoteAsset };
}

function notANumber(
  column: string,
  expected: string,
  found: string,
): { readonly column: string; readonly message: string } {
  return { column, message: `expected ${expected}, found ${JSON.stringify(found.slice(0, 40))}` };
}

function tooLarge(
  name: string,
  scales: { readonly priceScale: number; readonly quantityScale: number },
): MarketFileError {
  return new MarketFileError(
    `${name}: a number is too large to be held exactly at ${scales.priceScale} price and ` +
      `${scales.quantityScale} quantity decimals`,
  );
}
