// SPDX-License-Identifier: Apache-2.0
// A deal's position as another bot takes it over.

import type { HandedOverPosition, HandedOverTarget } from '../bot/handover.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import type { DcaDeal } from './deal.ts';
import { exitTicks } from './take-profit.ts';
import { termsOf } from './terms.ts';

const SHARE_DECIMALS = 6;

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

/** The steps that are not done; their shares, rounded down, count from what they have left, and the last has the rest. */
function targets(deal: DcaDeal): HandedOverTarget[] {
  const steps = termsOf(deal.settings).takeProfits.filter(
    (_, index) => deal.steps[index]?.isDone !== true,
  );
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
