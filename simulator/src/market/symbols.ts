// SPDX-License-Identifier: Apache-2.0
// Symbols and their two assets, told apart by the quote assets Binance uses.

import type { FeedSymbol } from './feed.ts';

/** Longer names first, so that FDUSD is not read as USD. */
const QUOTE_ASSETS: readonly string[] = [
  'FDUSD',
  'USDT',
  'USDC',
  'TUSD',
  'BUSD',
  'USD1',
  'EUR',
  'TRY',
  'BRL',
  'JPY',
  'GBP',
  'USD',
  'BTC',
  'ETH',
  'BNB',
];

/** `BTCUSDT`, `BTC/USDT`, `BTC_USDT` and `BTC-USDT` as a symbol with its assets; `undefined` for anything else. */
export function parseSymbol(text: string): FeedSymbol | undefined {
  const upper = text.toUpperCase();
  const parts = /^([A-Z0-9]{1,20})[/_-]([A-Z0-9]{2,10})$/.exec(upper);
  if (parts !== null) {
    const baseAsset = parts[1] ?? '';
    const quoteAsset = parts[2] ?? '';
    return { symbol: baseAsset + quoteAsset, baseAsset, quoteAsset };
  }
  if (!/^[A-Z0-9]{4,30}$/.test(upper)) return undefined;
  const quoteAsset = QUOTE_ASSETS.find(
    (asset) => upper.endsWith(asset) && upper.length > asset.length,
  );
  if (quoteAsset === undefined) return undefined;
  return { symbol: upper, baseAsset: upper.slice(0, -quoteAsset.length), quoteAsset };
}

/** The symbol in a file's name: `BTC_USDT.csv.gz`, `FILUSDT-1m-2024-10.zip`, `binance-XRPETH-aggtrades.csv`. */
export function symbolFromFileName(fileName: string): FeedSymbol | undefined {
  const stem = fileName.replace(/\.(csv|txt|gz|zip)(?=\.|$)/gi, '');
  const whole = /^([A-Z0-9]+)[_-]([A-Z]{3,5})$/.exec(stem);
  if (whole !== null && QUOTE_ASSETS.includes(whole[2] ?? '')) return parseSymbol(stem);
  for (const part of stem.split(/[-.\s]+/)) {
    if (!/^[A-Z0-9]+_?[A-Z0-9]+$/.test(part)) continue;
    const symbol = parseSymbol(part);
    if (symbol !== undefined) return symbol;
  }
  return undefined;
}
