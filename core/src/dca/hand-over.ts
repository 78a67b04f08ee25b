// SPDX-License-Identifier: Apache-2.0
// A deal's position as another bot takes it over.

import { leavesLots } from '../bot/deal-order.ts';
import type { HandedOverPosition, HandedOverTarget } from '../bot/handover.ts';
import { mostLots, SPLIT_MAX } from '../bot/order-rules.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { formatQuantity } from '../instrument.ts';
import { entryAverage } from '../position.ts';
import { divCeil } from '../units.ts';
import { isStepOver, type DcaDeal } from './deal.ts';
import { exitTicks, openLots } from './take-profit.ts';
import { termsOf } from './terms.ts';

const SHARE_DECIMALS = 6;

/**
 * Why nobody could take `deal` over, or null: a trade closes at most what so many of the venue's largest orders hold,
 * and what is still being entered may come on top of what is open.
 */
export function handOverFault(deal: DcaDeal): string | null {
  const { instrument, position, settings, orders } = deal;
  const average = entryAverage(position, instrument, settings.direction);
  if (average === null) return null;
  const ticks = Math.max(1, Number(divCeil(average.numerator, average.denominator)));
  const most = SPLIT_MAX * mostLots(instrument, ticks, Number.MAX_SAFE_INTEGER);
  let open = openLots(deal);
  for (const order of orders) if (order.role === 'entry') open += leavesLots(order);
  if (open <= most) return null;
  const { baseAsset } = instrument;
  const found = formatQuantity(instrument, open);
  return `expected at most ${formatQuantity(instrument, most)} ${baseAsset}, what ${SPLIT_MAX} orders close, found ${found} ${baseAsset}`;
}

/** What `deal` leaves: its fills, and the exits it would have gone on with. */
export function handedOver(deal: DcaDeal): HandedOverPosition {
  const { settings, stop } = deal;
  return {
    symbol: deal.symbol,
    direction: settings.direction,
    position: { ...deal.position, otherCommissions: { ...deal.position.otherCommissions } },
    feeRatePpm: deal.feeRatePpm,
    openedTime: deal.openedTime,
    takeProfits: targets(deal),
    ...(stop.ticks === 0
      ? {}
      : {
          stopLoss: {
            triggerTicks: stop.ticks,
            timeoutSeconds: settings.stopLossTimeoutSeconds,
            ...(settings.stopLossTrailing && settings.stopLoss !== undefined
              ? { trailingDeviation: settings.stopLoss }
              : {}),
          },
        }),
    maxSlippage: settings.maxSlippage,
    from: { name: settings.name, dealId: deal.dealId },
  };
}

/** The steps that still close something; their shares, rounded down, count from what they have left, and the last has the rest. */
function targets(deal: DcaDeal): HandedOverTarget[] {
  const steps = termsOf(deal.settings).takeProfits.filter((_, index) => !isStepOver(deal, index));
  const { trailingDeviation } = deal.settings;
  const unit = 10n ** BigInt(SHARE_DECIMALS);
  const amounts = steps.map(({ share }) => (share.numerator * unit) / share.denominator);
  const whole = amounts.reduce((sum, amount) => sum + amount, 0n);
  const hundred = 100n * unit;
  let left = hundred;
  return steps.flatMap(({ profit }, index) => {
    const priceTicks = exitTicks(deal, profit);
    if (priceTicks === null) return [];
    const isLast = index === steps.length - 1;
    const amount = amounts[index] ?? 0n;
    const share = isLast || whole === 0n ? left : (amount * hundred) / whole;
    left -= share;
    return [
      {
        priceTicks,
        share: trimDecimal(formatDecimal(share, SHARE_DECIMALS)),
        ...(isLast && trailingDeviation !== undefined ? { trailingDeviation } : {}),
      },
    ];
  });
}
