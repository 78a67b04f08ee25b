// SPDX-License-Identifier: Apache-2.0
// The preview of settings at the prices now, and the market it is made from.

import type { BotSettings } from '@kontor/core';
import { useDeferredValue, useMemo } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import { useBalances } from '../api/queries.ts';
import { latestQuote, useLastPrices } from '../api/quotes.ts';
import { toTradingInstrument } from '../api/trading-instrument.ts';
import type { Balance } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import type { Market } from './check-draft.ts';
import type { Preview } from './preview/preview.ts';
import { previewOf } from './preview/preview-of.ts';

const NO_BALANCES: readonly Balance[] = [];

/** The preview of `settings` on `symbol`; null while it cannot be known. */
export function usePreview(
  settings: BotSettings | null,
  symbol: string,
  market: Market,
): Preview | null {
  const language = useLanguage();
  const { text } = useSettingsLanguage();
  const balances = useBalances().data ?? NO_BALANCES;
  // Typing comes first; what follows from it may be drawn a moment later.
  const shown = useDeferredValue(settings);
  return useMemo(() => {
    if (shown === null) return null;
    return previewOf(shown, {
      symbol,
      market,
      free: (asset) => balances.find((each) => each.asset === asset)?.free ?? '0',
      format: language.format,
      text,
      words: language.text,
    });
  }, [shown, symbol, market, balances, language, text]);
}

/** The market of `symbols`; a new one whenever one of their last prices moves. */
export function useMarket(symbols: readonly string[]): Market {
  const { desk } = useDeskFacts();
  const prices = useLastPrices(symbols);
  return useMemo(
    () => ({
      instruments: new Map(
        desk.instruments.map((each) => [each.symbol, toTradingInstrument(each)]),
      ),
      lastPrice: (symbol) => latestQuote(symbol)?.last ?? null,
      feeRatePpm: desk.feeRatePpm,
      prices,
    }),
    [desk.instruments, desk.feeRatePpm, prices],
  );
}
