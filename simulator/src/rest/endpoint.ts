// SPDX-License-Identifier: Apache-2.0
// What an endpoint is: where it answers, whom it asks for, what it weighs, and its handler.

import { INVALID_SYMBOL, refusal, type Refusal } from '../errors.ts';
import type { ApiKey } from '../auth.ts';
import type { Account } from '../exchange/account.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Market } from '../exchange/market.ts';
import type { RequestLimits } from '../limits.ts';
import type { Faults, KlineRange, MarketData, SimulatorClock } from '../ports.ts';
import type { Parameters } from './parameters.ts';

/** All that handlers work on. */
export interface Venue {
  readonly exchange: Exchange;
  readonly marketData: MarketData;
  readonly faults: Faults;
  readonly clock: SimulatorClock;
  readonly limits: RequestLimits;
  /** Of a market that follows another: klines that reach back before what is held here; undefined when none do. */
  readonly olderKlines?: OlderKlines;
}

type KlineRow = readonly unknown[];

export type OlderKlines = (
  symbol: string,
  request: {
    /** With its time zone, as `1d@+08:00`. */
    readonly interval: string;
    readonly range: KlineRange;
    /** Reads what is held. */
    readonly own: (range: KlineRange) => readonly KlineRow[];
  },
) => Promise<readonly KlineRow[]> | undefined;

export interface VenueRequest {
  readonly venue: Venue;
  readonly parameters: Parameters;
}

/** A request of a known account. */
export interface SignedRequest extends VenueRequest {
  readonly account: Account;
  readonly key: ApiKey;
}

export type Answer =
  { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly refusal: Refusal };

interface EndpointBase {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** The name in the WebSocket API; undefined where it has none. */
  readonly wsMethod: string | undefined;
  readonly weight: (parameters: Parameters) => number;
  /** Whether the answer tells the account's count of unfilled orders. */
  readonly countsOrders: boolean;
}

export interface PublicEndpoint extends EndpointBase {
  readonly security: 'NONE';
  /** An answer comes later where it needs another exchange's word. */
  readonly handle: (request: VenueRequest) => Answer | Promise<Answer>;
}

export interface SignedEndpoint extends EndpointBase {
  readonly security: 'USER_DATA' | 'TRADE';
  readonly handle: (request: SignedRequest) => Answer;
}

export type Endpoint = PublicEndpoint | SignedEndpoint;

export function answer(body: unknown): Answer {
  return { ok: true, body };
}

export function refused(reason: Refusal): Answer {
  return { ok: false, refusal: reason };
}

/** The market of the mandatory parameter `symbol`; undefined after a complaint. */
export function readMarket(request: VenueRequest): Market | undefined {
  const symbol = request.parameters.symbol();
  const market = request.venue.exchange.market(symbol);
  if (market === undefined) request.parameters.fail(INVALID_SYMBOL);
  return market;
}

/** The markets of `symbol`, of `symbols` or of neither; `isOne` tells which form the answer has. */
export function readMarkets(request: VenueRequest): {
  readonly markets: readonly Market[] | undefined;
  readonly isOne: boolean;
} {
  const { parameters, venue } = request;
  const symbol = parameters.optionalSymbol();
  const symbols = parameters.optionalSymbols();
  if (symbol !== undefined && symbols !== undefined) {
    parameters.fail(refusal(-1128, 'Combination of optional parameters invalid.'));
  }
  const names = symbol === undefined ? symbols : [symbol];
  if (names === undefined) return { markets: undefined, isOne: false };
  const markets: Market[] = [];
  for (const name of names) {
    const market = venue.exchange.market(name);
    if (market === undefined) parameters.fail(INVALID_SYMBOL);
    else markets.push(market);
  }
  return { markets, isOne: symbol !== undefined };
}

const STATUSES = ['TRADING', 'HALT', 'BREAK'] as const;

/** The markets that have the status asked for; a single one that has another is refused. */
export function keepStatus(
  request: VenueRequest,
  markets: readonly Market[],
  isOne: boolean,
): readonly Market[] {
  const { parameters } = request;
  const status = readStatus(parameters);
  if (status === undefined) return markets;
  const kept = markets.filter((market) => market.status === status);
  if (isOne && kept.length < markets.length) {
    parameters.fail(
      refusal(-1220, "The symbol's status does not match the requested symbolStatus."),
    );
  }
  return kept;
}

export function readStatus(parameters: Parameters): (typeof STATUSES)[number] | undefined {
  return parameters.optionalWord('symbolStatus', STATUSES, refusal(-1122, 'Invalid symbolStatus.'));
}
