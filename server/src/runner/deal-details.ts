// SPDX-License-Identifier: Apache-2.0
// What a running deal has beyond what every kind has: targets, lines of a grid, steps of a trade, share of a portfolio.

import {
  coinsWorth,
  dealView,
  formatDecimal,
  formatPercent,
  formatPrice,
  gridView,
  portfolioCash,
  tradeView,
  trimDecimal,
  WORTH_SCALE,
  type BotState,
  type Deal as CoreDeal,
  type Quote,
} from '@kontor/core';
import type { DealDetails } from '../api/schemas.ts';

/** The details of `deal`, a running one of `state`; `quote` is the last known of a symbol. */
export function detailsOf(
  deal: CoreDeal,
  state: BotState,
  quote: (symbol: string) => Quote | undefined,
): DealDetails {
  switch (deal.kind) {
    case 'dca':
      return {
        kind: 'dca',
        settings: deal.settings,
        takeProfits: (dealView(deal).takeProfits ?? []).map((each) => ({
          step: each.step,
          profit: each.profit,
          share: each.share,
          price: orNull(each.price),
          quantity: each.quantity,
          filled: each.filled,
          state: each.state,
          best: each.best ?? null,
          trigger: each.trigger ?? null,
        })),
        waiting: deal.requests.flatMap(({ kind, number, amount, priceTicks }) =>
          kind === 'closeStep' || number === undefined || amount === null
            ? []
            : [
                {
                  purpose: kind,
                  number,
                  amount: amount.value,
                  asset:
                    amount.kind === 'quote'
                      ? deal.instrument.quoteAsset
                      : deal.instrument.baseAsset,
                  price: priceTicks === 0 ? null : formatPrice(deal.instrument, priceTicks),
                },
              ],
        ),
      };
    case 'grid': {
      const view = gridView(deal, quote(deal.symbol)?.last);
      return {
        kind: 'grid',
        settings: deal.settings,
        lines: view.lines.map((line) => ({ ...line })),
        linesClosed: view.linesClosed,
        gridProfit: view.gridProfit,
        profitBase: view.profitBase,
        otherProfit: view.otherProfit,
        coins: view.coins,
        reserve: view.reserve,
        investment: view.investment,
        lowerStop: orNull(view.lowerStop),
        upperStop: orNull(view.upperStop),
        takeProfit: orNull(view.takeProfit),
      };
    }
    case 'smartTrade':
    case 'signal': {
      const { steps, stopLoss } = tradeView(deal);
      return {
        kind: 'trade',
        steps: steps.map((step) => ({
          purpose: step.purpose,
          number: step.number,
          order: step.order,
          state: step.state,
          price: orNull(step.price),
          trigger: orNull(step.trigger),
          best: orNull(step.best),
          quantity: orNull(step.quantity),
          filled: step.filled,
        })),
        stop: {
          price: orNull(stopLoss.price),
          best: orNull(stopLoss.best),
          isAtBreakEven: stopLoss.isAtBreakEven,
          breachedUntil: stopLoss.breachedUntil === 0 ? null : stopLoss.breachedUntil,
          heldBy: stopLoss.heldBy,
        },
      };
    }
    case 'rebalance': {
      const worths = portfolioWorths(state, quote);
      const own = quote(deal.symbol);
      const worth = own === undefined ? null : coinsWorth(deal, own.last);
      return {
        kind: 'rebalance',
        target: formatDecimal(deal.share, 2),
        share: worth === null || worths === null ? null : orNull(formatPercent(worth, worths, 2)),
        worth: worth === null ? null : trimDecimal(formatDecimal(worth, WORTH_SCALE)),
        trades: deal.trades,
      };
    }
  }
}

/** Coins and cash of a whole portfolio, or null before every coin has a price. */
function portfolioWorths(
  state: BotState,
  quote: (symbol: string) => Quote | undefined,
): bigint | null {
  if (state.kind !== 'rebalance') return null;
  let sum = portfolioCash(state);
  for (const deal of state.deals) {
    const last = quote(deal.symbol)?.last;
    if (last === undefined) return null;
    sum += coinsWorth(deal, last);
  }
  return sum > 0n ? sum : null;
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
