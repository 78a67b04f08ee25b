// SPDX-License-Identifier: Apache-2.0
// The port between the desk and a venue: what an answer means, what the account was told, what the market does.
//
// Duties. An adapter parses and never sends private requests: those are built by the signer and sent by egress.
// It retries nothing. It never guesses: an answer that does not prove that an order exists or does not exist is
// `ambiguous`.

import type { ClientOrderId, Fill, Instrument, OrderEnd, Quote, Side, TimeMs } from '@kontor/core';

/** An exchange's answer as egress received it. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/** An order as the venue describes it. */
export interface VenueOrder {
  readonly clientOrderId: ClientOrderId;
  readonly exchangeOrderId: string;
  readonly symbol: string;
  /** `open` also while partly filled. */
  readonly state: 'open' | OrderEnd;
  readonly filledLots: number;
  /** When the venue accepted it. */
  readonly time: TimeMs;
  /** Last change. */
  readonly updateTime: TimeMs;
  /** Fills that came with the answer; not always all of them. */
  readonly fills: readonly Fill[];
}

/** An order of the account, whoever placed it and on whatever symbol; amounts as the venue writes them. */
export interface ListedOrder {
  readonly symbol: string;
  /** Of any form: other programs choose theirs. A desk's own is without the signer's tag. */
  readonly clientOrderId: string;
  /** The same as the venue has it. */
  readonly venueClientOrderId: string;
  readonly exchangeOrderId: string;
  readonly side: Side;
  readonly state: 'open' | OrderEnd;
  readonly price: string;
  readonly quantity: string;
  readonly filledQuantity: string;
  /** When the venue accepted it. */
  readonly time: TimeMs;
  /** Last change. */
  readonly updateTime: TimeMs;
}

/** A trade as the account's stream reports it. */
export interface ReportedTrade {
  readonly tradeId: string;
  readonly price: string;
  readonly quantity: string;
  readonly commission: string;
  /** '' when there is none. */
  readonly commissionAsset: string;
}

export type PlaceVerdict =
  | { readonly kind: 'accepted'; readonly order: VenueOrder }
  | { readonly kind: 'rejected'; readonly rule: string; readonly reason: string }
  | { readonly kind: 'ambiguous'; readonly reason: string };

/** What became of two orders that were placed as one. */
export type PairVerdict =
  | { readonly kind: 'accepted'; readonly orders: readonly VenueOrder[] }
  | Exclude<PlaceVerdict, { kind: 'accepted' }>;

export type CancelVerdict =
  /** All that the cancel ended: with an order of a pair the other one too. */
  | { readonly kind: 'cancelled'; readonly orders: readonly VenueOrder[] }
  /** The order is not open (any more): ask what became of it. */
  | { readonly kind: 'notOpen'; readonly reason: string }
  | { readonly kind: 'ambiguous'; readonly reason: string };

export type QueryVerdict =
  | { readonly kind: 'found'; readonly order: VenueOrder }
  /** The venue knows no such order at the time of its answer. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'ambiguous'; readonly reason: string };

/** A trade of the account as the venue writes it, on whatever symbol. */
export interface ListedTrade {
  readonly exchangeOrderId: string;
  readonly side: Side;
  readonly time: TimeMs;
  readonly trade: ReportedTrade;
}

/** What became of any order of the account. */
export type IdentifyVerdict =
  | { readonly kind: 'found'; readonly order: ListedOrder }
  | { readonly kind: 'absent' }
  | { readonly kind: 'ambiguous'; readonly reason: string };

export type Listing<T> =
  | { readonly kind: 'ok'; readonly items: readonly T[] }
  | { readonly kind: 'failed'; readonly reason: string };

export interface VenueBalance {
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
}

/** All balances that are not zero. `updateTime` is the account's last change, null where the venue does not say. */
export type AccountListing =
  | {
      readonly kind: 'ok';
      readonly items: readonly VenueBalance[];
      readonly updateTime: TimeMs | null;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** What the venue tells the account of its own accord. */
export type AccountEvent =
  | {
      readonly kind: 'order';
      readonly time: TimeMs;
      readonly order: VenueOrder;
      readonly listed: ListedOrder;
      readonly trade: ReportedTrade | null;
    }
  /** About an order that cannot be one of ours: another form of ID, or a symbol we do not trade. */
  | {
      readonly kind: 'foreignOrder';
      readonly time: TimeMs;
      readonly listed: ListedOrder;
      readonly trade: ReportedTrade | null;
    }
  | { readonly kind: 'balances'; readonly time: TimeMs; readonly balances: readonly VenueBalance[] }
  /** A deposit or (below zero) a withdrawal or transfer. */
  | {
      readonly kind: 'transfer';
      readonly time: TimeMs;
      readonly asset: string;
      readonly amount: string;
    }
  | { readonly kind: 'other'; readonly time: TimeMs; readonly name: string };

export type InstrumentLookup = (symbol: string) => Instrument | undefined;

/** Reads one venue's private answers. Pure: same input, same result. */
export interface AnswerParser {
  place(answer: RawAnswer, instruments: InstrumentLookup): PlaceVerdict;
  placePair(answer: RawAnswer, instruments: InstrumentLookup): PairVerdict;
  cancel(answer: RawAnswer, instruments: InstrumentLookup): CancelVerdict;
  query(answer: RawAnswer, instruments: InstrumentLookup): QueryVerdict;
  /** Any one order; `query` is for orders of ours, whose fills count. */
  identify(answer: RawAnswer): IdentifyVerdict;
  /** Open orders of the whole account, those of others included. */
  openOrders(answer: RawAnswer): Listing<ListedOrder>;
  fills(
    answer: RawAnswer,
    instrument: Instrument,
  ): Listing<Fill & { readonly exchangeOrderId: string }>;
  /** As `fills`, on a symbol whose rules are not known. */
  trades(answer: RawAnswer): Listing<ListedTrade>;
  account(answer: RawAnswer): AccountListing;
  /** Throws VenueError when the event is none the venue documents. */
  accountEvent(event: unknown, instruments: InstrumentLookup): AccountEvent;
}

/** A candle as the venue gives it, decimal text. */
export type CandleRow = readonly [
  openTime: TimeMs,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string,
];

/** Which candles a request is for: the first from `startTime` on, or the last up to `endTime`. */
export interface CandlePage {
  readonly startTime?: TimeMs;
  /** Candles that open later are left out. */
  readonly endTime?: TimeMs;
  /** At most 1,000. */
  readonly limit: number;
  /** `history` may wait for its turn while others need the venue's limits. */
  readonly haste: 'now' | 'history';
}

/** A quote and the market time of its last trade. */
export interface TimedQuote {
  readonly time: TimeMs;
  readonly quote: Quote;
}

export interface MarketListener {
  /** A trade was printed; `quote` holds the best prices known at that moment. */
  onTrade(symbol: string, time: TimeMs, quote: Quote): void;
  onQuote(symbol: string, quote: Quote): void;
  /** A candle as it stands; `isClosed` is the last word on it. */
  onCandle(symbol: string, interval: string, candle: CandleRow, isClosed: boolean): void;
  onState(state: 'up' | 'down', reason: string): void;
}

/** A symbol and what is traded for what on it. */
export interface PairName {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
}

/** How many new orders a venue takes of one account in a window of its clock. */
export interface OrderLimit {
  readonly windowMs: TimeMs;
  readonly most: number;
}

/**
 * A venue's public market data. Methods throw VenueError when the venue does not answer in time or not in its
 * documented form; the caller decides about retries. The stream reconnects by itself, with back-off, until closed.
 */
export interface PublicMarket {
  instruments(symbols: readonly string[]): Promise<readonly Instrument[]>;
  /** The limits the venue named when it was asked for instruments; absent where a venue names none. */
  orderLimits?(): readonly OrderLimit[];
  /** Every symbol of the venue; absent where a venue does not list them. */
  pairs?(): Promise<readonly PairName[]>;
  /** Candles, oldest first. Without `endTime` the last one is of the window that is not over. */
  candles(symbol: string, interval: string, page: CandlePage): Promise<readonly CandleRow[]>;
  /** The best prices and last trade now, asked for and not remembered. */
  quote(symbol: string): Promise<TimedQuote>;
  open(symbols: readonly string[], interval: string, listener: MarketListener): MarketStream;
}

export interface MarketStream {
  close(): void;
}

/** The venue (or the way to it) failed; `code` is the venue's own code or `timeout`, `network`, `unexpected`. */
export class VenueError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VenueError';
    this.code = code;
  }
}
