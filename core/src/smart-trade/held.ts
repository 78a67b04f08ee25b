// SPDX-License-Identifier: Apache-2.0
// Trades that begin with a position: coins that are there already, or a deal that another bot hands over.

import type { HandedOverPosition } from '../bot/handover.ts';
import { formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import {
  closingLots,
  emptyPosition,
  entryAverage,
  formatAverage,
  type Position,
} from '../position.ts';
import { divCeil, divFloor } from '../units.ts';
import { lotsOf } from './entries.ts';
import { ratioOf, toTicks } from './exact.ts';
import type { StopLossTerm, TakeProfitTerm } from './plan.ts';
import { directionOf, type HeldTerm, type SmartTradeSettings, type TradeType } from './settings.ts';

const NAME_MAX = 80;

/**
 * The position that `held` describes. Its cost is rounded up to what one lot costs per tick, its proceeds down: profit
 * is never shown too high.
 */
export function heldPosition(held: HeldTerm, type: TradeType, instrument: Instrument): Position {
  const lots = lotsOf(instrument, ratioOf(held.quantity));
  const ticks = toTicks(instrument, ratioOf(held.price));
  const worth = BigInt(lots) * ticks.numerator;
  return directionOf(type) === 'long'
    ? { ...emptyPosition(), boughtLots: lots, boughtNotional: divCeil(worth, ticks.denominator) }
    : { ...emptyPosition(), soldLots: lots, soldNotional: divFloor(worth, ticks.denominator) };
}

/** The settings of the smart trade that takes over `position`. */
export function settingsOfHandover(
  position: HandedOverPosition,
  instrument: Instrument,
): SmartTradeSettings {
  const { direction, feeRatePpm, stopLoss, from } = position;
  const average = entryAverage(position.position, instrument, direction);
  const open = closingLots(position.position, instrument, direction, feeRatePpm);
  return {
    kind: 'smartTrade',
    name: `${from.name} #${from.dealId}`.slice(0, NAME_MAX),
    symbols: [position.symbol],
    type: direction === 'long' ? 'sellHeld' : 'buyBack',
    entries: [],
    held: {
      quantity: formatQuantity(instrument, open),
      price: average === null ? '0' : formatAverage(instrument, average),
    },
    takeProfit: position.takeProfits.map(
      ({ priceTicks, share, trailingDeviation }): TakeProfitTerm => ({
        price: { kind: 'price', price: formatPrice(instrument, priceTicks) },
        order: trailingDeviation === undefined ? 'limit' : 'market',
        source: 'own',
        share,
        ...(trailingDeviation === undefined ? {} : { trailing: trailingDeviation }),
      }),
    ),
    ...(stopLoss === undefined ? {} : { stopLoss: stopTerm(stopLoss, instrument) }),
    maxSlippage: position.maxSlippage,
  };
}

/** DCA deals hold their stop against the last price, so the trade goes on doing so. */
function stopTerm(
  stop: NonNullable<HandedOverPosition['stopLoss']>,
  instrument: Instrument,
): StopLossTerm {
  const { triggerTicks, trailingDeviation, timeoutSeconds } = stop;
  return {
    price: { kind: 'price', price: formatPrice(instrument, triggerTicks) },
    source: 'last',
    order: 'market',
    ...(trailingDeviation === undefined ? {} : { trailing: trailingDeviation }),
    timeoutSeconds,
    breakEven: false,
  };
}
