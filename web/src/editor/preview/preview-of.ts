// SPDX-License-Identifier: Apache-2.0
// The preview of a bot of any kind.

import type { BotSettings } from '@kontor/core';

import { marketOf } from '../check-draft.ts';
import { previewDca } from './dca.ts';
import { previewGridBot } from './grid.ts';
import type { Preview, PreviewContext } from './preview.ts';
import { previewPortfolio } from './rebalance.ts';
import { previewSignal } from './signal.ts';
import { previewSmartTrade } from './smart-trade.ts';

/** The preview of `settings` on `context.symbol`; null for a kind that has none. */
export function previewOf(
  settings: BotSettings,
  context: Omit<PreviewContext, 'instrument' | 'price'>,
): Preview | null {
  const { instruments, prices } = marketOf([context.symbol], context.market);
  const [instrument] = instruments;
  const price = prices[context.symbol];
  if (instrument === undefined || price === undefined) return null;
  const given = { ...context, instrument, price };
  switch (settings.kind) {
    case 'dca':
      return previewDca(settings, given);
    case 'grid':
      return previewGridBot(settings, given);
    case 'smartTrade':
      return previewSmartTrade(settings, given);
    case 'signal':
      return previewSignal(settings, given);
    case 'rebalance':
      return previewPortfolio(settings, given);
  }
}
