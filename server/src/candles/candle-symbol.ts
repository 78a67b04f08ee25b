// SPDX-License-Identifier: Apache-2.0
// Splits a symbol into what is traded and what it is priced in.

import type { Parsed } from '@kontor/core';

import type { CandleSymbol } from './candle-series.ts';

/** Longest first, so that BTCFDUSD is priced in FDUSD and not in USD. */
const QUOTE_ASSETS = [
  'FDUSD',
  'USDT',
  'USDC',
  'BUSD',
  'TUSD',
  'USD',
  'EUR',
  'GBP',
  'TRY',
  'BRL',
  'JPY',
  'BTC',
  'ETH',
  'BNB',
];

const ASSET = /^[A-Z0-9]{1,20}$/;

/** `BTCUSDT` where the end is a known quote asset; `BTC/USDT` or `BTC_USDT` for any assets. */
export function parseCandleSymbol(text: string): Parsed<CandleSymbol> {
  const parts = text.split(/[/_]/);
  if (parts.length === 2) return symbolOf(parts[0] ?? '', parts[1] ?? '', text);
  const quote = QUOTE_ASSETS.find((asset) => text.endsWith(asset) && text.length > asset.length);
  if (parts.length === 1 && quote !== undefined) {
    return symbolOf(text.slice(0, -quote.length), quote, text);
  }
  return refusal(text);
}

/** The symbol that a file's name begins with, as in `BTCUSDT-1m-2024-01.zip` or `BTC_USDT.csv.gz`. */
export function symbolFromFileName(name: string): CandleSymbol | undefined {
  const match = /^([A-Z0-9]+(?:_[A-Z0-9]+)?)[-.]/.exec(name);
  const parsed = match === null ? undefined : parseCandleSymbol(match[1] ?? '');
  return parsed?.ok === true ? parsed.value : undefined;
}

function symbolOf(baseAsset: string, quoteAsset: string, text: string): Parsed<CandleSymbol> {
  if (!ASSET.test(baseAsset) || !ASSET.test(quoteAsset)) return refusal(text);
  return { ok: true, value: { symbol: `${baseAsset}${quoteAsset}`, baseAsset, quoteAsset } };
}

function refusal(text: string): Parsed<CandleSymbol> {
  return {
    ok: false,
    reason: `expected a symbol in capitals like BTCUSDT, or BASE/QUOTE where the quote asset is a rare one, found ${JSON.stringify(text.slice(0, 40))}`,
  };
}
