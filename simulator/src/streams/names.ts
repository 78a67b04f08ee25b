// SPDX-License-Identifier: Apache-2.0
// Names of market streams and what they ask for.

import { parseIntervalName, DAY_MS, HOUR_MS, type Interval } from '../market/intervals.ts';

/** Rolling windows with a stream of their own. */
export type TickerWindow = '1h' | '4h' | '1d';

export const TICKER_WINDOW_MS: Readonly<Record<TickerWindow, number>> = {
  '1h': HOUR_MS,
  '4h': 4 * HOUR_MS,
  '1d': DAY_MS,
};

/** How long a stream gathers changes before it tells them. */
export type Cadence = 100 | 1000 | 2000;

export type StreamSpec =
  | { readonly kind: 'trade' | 'aggTrade' | 'bookTicker'; readonly symbol: string }
  | {
      readonly kind: 'miniTicker' | 'ticker' | 'avgPrice';
      readonly symbol: string;
      readonly cadence: Cadence;
    }
  | {
      readonly kind: 'windowTicker';
      readonly symbol: string;
      readonly window: TickerWindow;
      readonly cadence: Cadence;
    }
  | {
      readonly kind: 'kline';
      readonly symbol: string;
      readonly interval: Interval;
      readonly offsetMs: number;
      readonly cadence: Cadence;
    }
  | {
      readonly kind: 'partialDepth';
      readonly symbol: string;
      readonly levels: number;
      readonly cadence: Cadence;
    }
  | { readonly kind: 'diffDepth'; readonly symbol: string; readonly cadence: Cadence }
  | { readonly kind: 'allMiniTickers' | 'allTickers'; readonly cadence: Cadence }
  | {
      readonly kind: 'allWindowTickers';
      readonly window: TickerWindow;
      readonly cadence: Cadence;
    };

/** What `name` asks for; `undefined` when no stream is called so. Symbols are lower case. */
export function parseStreamName(name: string): StreamSpec | undefined {
  if (name.startsWith('!')) return parseAllMarkets(name);
  const at = name.indexOf('@');
  const lower = name.slice(0, at);
  if (at <= 0 || !/^[a-z0-9]+$/.test(lower)) return undefined;
  return parseSymbolStream(lower.toUpperCase(), name.slice(at + 1));
}

function parseSymbolStream(symbol: string, topic: string): StreamSpec | undefined {
  switch (topic) {
    case 'trade':
    case 'aggTrade':
    case 'bookTicker':
      return { kind: topic, symbol };
    case 'miniTicker':
    case 'ticker':
    case 'avgPrice':
      return { kind: topic, symbol, cadence: 1000 };
    default:
      return (
        parseKline(symbol, topic) ?? parseDepth(symbol, topic) ?? parseWindowTicker(symbol, topic)
      );
  }
}

function parseKline(symbol: string, topic: string): StreamSpec | undefined {
  if (!topic.startsWith('kline_')) return undefined;
  const name = topic.slice('kline_'.length);
  const parsed = parseIntervalName(name);
  if (parsed === undefined) return undefined;
  if (name.includes('@') && !name.endsWith('@+08:00')) return undefined;
  const cadence = parsed.interval === '1s' ? 1000 : 2000;
  return { kind: 'kline', symbol, ...parsed, cadence };
}

function parseDepth(symbol: string, topic: string): StreamSpec | undefined {
  const match = /^depth(5|10|20)?(@100ms|@1000ms)?$/.exec(topic);
  if (match === null) return undefined;
  const cadence = match[2] === '@100ms' ? 100 : 1000;
  const levels = match[1];
  return levels === undefined
    ? { kind: 'diffDepth', symbol, cadence }
    : { kind: 'partialDepth', symbol, levels: Number(levels), cadence };
}

function parseWindowTicker(symbol: string, topic: string): StreamSpec | undefined {
  const window = parseWindow(/^ticker_(.+)$/.exec(topic)?.[1]);
  return window === undefined ? undefined : { kind: 'windowTicker', symbol, window, cadence: 1000 };
}

function parseAllMarkets(name: string): StreamSpec | undefined {
  if (name === '!miniTicker@arr') return { kind: 'allMiniTickers', cadence: 1000 };
  if (name === '!ticker@arr') return { kind: 'allTickers', cadence: 1000 };
  const window = parseWindow(/^!ticker_(.+)@arr$/.exec(name)?.[1]);
  return window === undefined ? undefined : { kind: 'allWindowTickers', window, cadence: 1000 };
}

function parseWindow(text: string | undefined): TickerWindow | undefined {
  return text === '1h' || text === '4h' || text === '1d' ? text : undefined;
}
