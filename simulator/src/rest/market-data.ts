// SPDX-License-Identifier: Apache-2.0
// Handlers of what anyone may ask: rules, books, trades, candles and statistics.

import { invalidData, missingEither, OPTIONAL_COMBINATION, refusal } from '../errors.ts';
import { unitsText, type Market } from '../exchange/market.ts';
import type { TradeEvent } from '../ports.ts';
import {
  answer,
  keepStatus,
  readMarket,
  readMarkets,
  readStatus,
  refused,
  type Answer,
  type Venue,
  type VenueRequest,
} from './endpoint.ts';
import type { Parameters } from './parameters.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const AVERAGE_MINUTES = 5;
const REFERENCE_BUCKETS = 80;
const TICKER_SYMBOLS_MAX = 100;
const INTERVALS: ReadonlySet<string> = new Set(
  '1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M'.split(' '),
);
const WINDOW = /^(?:([1-9]|[1-5][0-9])m|([1-9]|1[0-9]|2[0-3])h|([1-7])d)$/;
const TIME_ZONE = /^([+-]?)([0-9]{1,2})(?::([0-9]{2}))?$/;
const NO_BACKEND = refusal(-1007, 'Timeout waiting for response from backend server.', 504);
const MINI_KEYS = [
  'symbol',
  'openPrice',
  'highPrice',
  'lowPrice',
  'lastPrice',
  'volume',
  'quoteVolume',
  'openTime',
  'closeTime',
  'firstId',
  'lastId',
  'count',
] as const;
const WINDOW_KEYS = [
  'symbol',
  'priceChange',
  'priceChangePercent',
  'weightedAvgPrice',
  ...MINI_KEYS.slice(1),
] as const;

type Statistics = Readonly<Record<string, unknown>>;

export function ping(request: VenueRequest): Answer {
  const problem = request.parameters.problem();
  return problem === undefined ? answer({}) : refused(problem);
}

export function time(request: VenueRequest): Answer {
  const problem = request.parameters.problem();
  return problem === undefined
    ? answer({ serverTime: request.venue.clock.wallMs() })
    : refused(problem);
}

export function systemStatus(request: VenueRequest): Answer {
  const problem = request.parameters.problem();
  return problem === undefined ? answer({ status: 0, msg: 'normal' }) : refused(problem);
}

export function exchangeInfo(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const { markets } = readMarkets(request);
  const permissions = parameters.optionalWords('permissions');
  const isWithSets = parameters.flag('showPermissionSets', true);
  const status = readStatus(parameters);
  if (markets !== undefined && (permissions !== undefined || status !== undefined)) {
    parameters.fail(OPTIONAL_COMBINATION);
  }
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const asked = markets ?? Array.from(venue.exchange.markets());
  const shown = asked.filter(
    (market) =>
      (status === undefined || market.status === status) &&
      (permissions === undefined || hasPermission(market, permissions)),
  );
  return answer({
    timezone: 'UTC',
    serverTime: venue.clock.wallMs(),
    rateLimits: venue.limits.describe(),
    exchangeFilters: [],
    symbols: shown.map((market) =>
      isWithSets ? market.info : { ...market.info, permissionSets: [] },
    ),
  });
}

export function depth(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const market = readMarket(request);
  const limit = parameters.limit(100, 5000);
  if (market !== undefined) keepStatus(request, [market], true);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  return answer(venue.exchange.depth(market.symbol, limit));
}

export function trades(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const market = readMarket(request);
  const limit = parameters.limit(500, 1000);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  return answer(
    venue.marketData.recentTrades(market.symbol, limit).map((trade) => tradeBody(market, trade)),
  );
}

export function historicalTrades(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const market = readMarket(request);
  const limit = parameters.limit(500, 1000);
  const fromId = parameters.optionalInteger('fromId');
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  return answer(
    venue.marketData
      .recentTrades(market.symbol, limit, fromId)
      .map((trade) => tradeBody(market, trade)),
  );
}

/** The venue has no block trades. */
export function blockTrades(request: VenueRequest): Answer {
  const { parameters } = request;
  readMarket(request);
  parameters.limit(500, 1000);
  parameters.optionalInteger('fromId');
  const problem = parameters.problem();
  return problem === undefined ? answer([]) : refused(problem);
}

export function aggTrades(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const market = readMarket(request);
  const fromId = parameters.optionalInteger('fromId');
  const startMs = parameters.optionalTime('startTime');
  const endMs = parameters.optionalTime('endTime');
  const limit = parameters.limit(500, 1000);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  return answer(
    venue.marketData.aggTrades(market.symbol, {
      ...(fromId === undefined ? {} : { fromId }),
      ...(startMs === undefined ? {} : { startMs }),
      ...(endMs === undefined ? {} : { endMs }),
      limit,
    }),
  );
}

export function klines(request: VenueRequest): Answer | Promise<Answer> {
  const { parameters, venue } = request;
  const market = readMarket(request);
  const interval = parameters.text('interval');
  if (interval !== '' && !INTERVALS.has(interval)) {
    parameters.fail(refusal(-1120, 'Invalid interval.'));
  }
  const startMs = parameters.optionalTime('startTime');
  const endMs = parameters.optionalTime('endTime');
  const zone = zoneName(readTimeZone(parameters));
  const limit = parameters.limit(500, 1000);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  const name = `${interval}${zone}`;
  const range = {
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
    limit,
  };
  const own = (part: typeof range): readonly (readonly unknown[])[] =>
    venue.marketData.klines(market.symbol, name, part);
  const older = venue.olderKlines?.(market.symbol, { interval: name, range, own });
  if (older === undefined) return answer(own(range));
  return older.then(answer, () => refused(NO_BACKEND));
}

export function avgPrice(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const market = readMarket(request);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  return answer({
    mins: AVERAGE_MINUTES,
    ...venue.marketData.averagePrice(market.symbol, AVERAGE_MINUTES),
  });
}

export function ticker24hr(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const asked = readMarkets(request);
  const isMini = readIsMini(parameters);
  const all = asked.markets ?? Array.from(venue.exchange.markets());
  const markets = keepStatus(request, all, asked.isOne);
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const bodies = markets.map((market) => {
    const statistics = venue.marketData.ticker(market.symbol, DAY_MS);
    return isMini ? pick(statistics, MINI_KEYS) : fullTicker(venue, market, statistics);
  });
  return answer(asked.isOne ? bodies[0] : bodies);
}

export function tickerTradingDay(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const offset = readTimeZone(parameters);
  return tickers(request, (market) => {
    const now = venue.clock.marketMs();
    const dayStart = Math.floor((now + offset) / DAY_MS) * DAY_MS - offset;
    return {
      ...venue.marketData.ticker(market.symbol, now - dayStart),
      openTime: dayStart,
      closeTime: dayStart + DAY_MS - 1,
    };
  });
}

export function ticker(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const windowMs = readWindow(parameters);
  return tickers(request, (market) => venue.marketData.ticker(market.symbol, windowMs));
}

export function tickerPrice(request: VenueRequest): Answer {
  return perMarket(request, (venue, market) => ({
    symbol: market.symbol,
    // Before the first trade of this run the last price is one of the past that the market came with.
    price:
      market.lastTicks > 0
        ? market.priceText(market.lastTicks)
        : venue.marketData.ticker(market.symbol, DAY_MS)['lastPrice'],
  }));
}

export function bookTicker(request: VenueRequest): Answer {
  return perMarket(request, (venue, market) => venue.exchange.bookTicker(market.symbol));
}

/** No symbol here has rules beyond its filters. */
export function executionRules(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const { markets } = readMarkets(request);
  const status = readStatus(parameters);
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const shown = (markets ?? Array.from(venue.exchange.markets())).filter(
    (market) => status === undefined || market.status === status,
  );
  return answer({ symbolRules: shown.map((market) => ({ symbol: market.symbol, rules: [] })) });
}

/** The mean of the last minutes, as the venue makes it: null without a trade in them, refused before the first. */
export function referencePrice(request: VenueRequest): Answer {
  const { parameters, venue } = request;
  const market = readMarket(request);
  if (market !== undefined) keepStatus(request, [market], true);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  const { symbol } = market;
  const mean = venue.marketData.meanPrice(symbol, AVERAGE_MINUTES);
  if (mean === undefined) {
    return refused(refusal(-2043, "This symbol doesn't have a reference price."));
  }
  return answer({ symbol, referencePrice: mean, timestamp: venue.clock.marketMs() });
}

/** How that mean is made: of so many parts of so many milliseconds. */
export function referencePriceCalculation(request: VenueRequest): Answer {
  const { parameters } = request;
  const market = readMarket(request);
  if (market !== undefined) keepStatus(request, [market], true);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refusedBy(parameters);
  return answer({
    symbol: market.symbol,
    calculationType: 'ARITHMETIC_MEAN',
    bucketCount: REFERENCE_BUCKETS,
    bucketWidthMs: (AVERAGE_MINUTES * MINUTE_MS) / REFERENCE_BUCKETS,
  });
}

function tickers(request: VenueRequest, statisticsOf: (market: Market) => Statistics): Answer {
  const { parameters } = request;
  const asked = readMarkets(request);
  const isMini = readIsMini(parameters);
  if (asked.markets === undefined) parameters.fail(missingEither('symbol', 'symbols'));
  if ((asked.markets?.length ?? 0) > TICKER_SYMBOLS_MAX) parameters.fail(invalidData('symbols'));
  const markets = keepStatus(request, asked.markets ?? [], asked.isOne);
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const keys = isMini ? MINI_KEYS : WINDOW_KEYS;
  const bodies = markets.map((market) => pick(statisticsOf(market), keys));
  return answer(asked.isOne ? bodies[0] : bodies);
}

function perMarket(
  request: VenueRequest,
  bodyOf: (venue: Venue, market: Market) => unknown,
): Answer {
  const { parameters, venue } = request;
  const asked = readMarkets(request);
  const all = asked.markets ?? Array.from(venue.exchange.markets());
  const markets = keepStatus(request, all, asked.isOne);
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const bodies = markets.map((market) => bodyOf(venue, market));
  return answer(asked.isOne ? bodies[0] : bodies);
}

function refusedBy(parameters: Parameters): Answer {
  return refused(parameters.problem() ?? refusal(-1121, 'Invalid symbol.'));
}

function hasPermission(market: Market, permissions: readonly string[]): boolean {
  const sets = market.info['permissionSets'];
  return (
    Array.isArray(sets) &&
    sets.flat().some((permission: unknown) => permissions.includes(String(permission)))
  );
}

function tradeBody(market: Market, trade: TradeEvent): Record<string, unknown> {
  const notional = BigInt(trade.priceTicks) * BigInt(trade.lots);
  return {
    id: trade.tradeId,
    price: market.priceText(trade.priceTicks),
    qty: market.quantityText(trade.lots),
    quoteQty: unitsText(notional * market.quoteUnit, market.quoteScale),
    time: trade.marketMs,
    isBuyerMaker: trade.isBuyerMaker,
    isBestMatch: true,
  };
}

function fullTicker(venue: Venue, market: Market, statistics: Statistics): Statistics {
  const book = venue.exchange.bookTicker(market.symbol);
  return {
    symbol: market.symbol,
    priceChange: statistics['priceChange'],
    priceChangePercent: statistics['priceChangePercent'],
    weightedAvgPrice: statistics['weightedAvgPrice'],
    prevClosePrice: statistics['prevClosePrice'] ?? statistics['openPrice'],
    lastPrice: statistics['lastPrice'],
    lastQty: statistics['lastQty'] ?? market.quantityText(market.lastLots),
    bidPrice: book.bidPrice,
    bidQty: book.bidQty,
    askPrice: book.askPrice,
    askQty: book.askQty,
    openPrice: statistics['openPrice'],
    highPrice: statistics['highPrice'],
    lowPrice: statistics['lowPrice'],
    volume: statistics['volume'],
    quoteVolume: statistics['quoteVolume'],
    openTime: statistics['openTime'],
    closeTime: statistics['closeTime'],
    firstId: statistics['firstId'],
    lastId: statistics['lastId'],
    count: statistics['count'],
  };
}

function pick(statistics: Statistics, keys: readonly string[]): Statistics {
  const body: Record<string, unknown> = {};
  for (const key of keys) body[key] = statistics[key];
  return body;
}

function readIsMini(parameters: Parameters): boolean {
  const type = parameters.optionalWord(
    'type',
    ['FULL', 'MINI'],
    refusal(-1139, 'Invalid ticker type.'),
  );
  return type === 'MINI';
}

function readWindow(parameters: Parameters): number {
  const text = parameters.optionalText('windowSize');
  if (text === undefined) return DAY_MS;
  const match = WINDOW.exec(text);
  if (match === null) parameters.fail(invalidData('windowSize'));
  const [, minutes, hours, days] = match ?? [];
  if (minutes !== undefined) return Number(minutes) * MINUTE_MS;
  if (hours !== undefined) return Number(hours) * HOUR_MS;
  return Number(days ?? 1) * DAY_MS;
}

/** Offset of `timeZone` from UTC in ms: `-1:00`, `05:45`, `8`. */
function readTimeZone(parameters: Parameters): number {
  const text = parameters.optionalText('timeZone');
  if (text === undefined) return 0;
  const match = TIME_ZONE.exec(text);
  const sign = match?.[1] === '-' ? -1 : 1;
  const offset = sign * (Number(match?.[2]) * HOUR_MS + Number(match?.[3] ?? 0) * MINUTE_MS);
  const isInRange = offset >= -12 * HOUR_MS && offset <= 14 * HOUR_MS;
  if (match === null || !isInRange) parameters.fail(invalidData('timeZone'));
  return match === null ? 0 : offset;
}

/** As candle intervals carry a zone: `@+05:45`; nothing for UTC. */
function zoneName(offsetMs: number): string {
  if (offsetMs === 0) return '';
  const minutes = Math.abs(offsetMs) / MINUTE_MS;
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  return `@${offsetMs < 0 ? '-' : '+'}${hours}:${String(minutes % 60).padStart(2, '0')}`;
}
