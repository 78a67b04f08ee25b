// SPDX-License-Identifier: Apache-2.0
// Trades that begin with a position: coins that are there already, or a deal that another bot hands over.

import type { HandedOverPosition } from '../bot/handover.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import {
  emptyPosition,
  entryAverage,
  lotsBase,
  openBase,
  power10,
  type Position,
} from '../position.ts';
import { divCeil, divFloor } from '../units.ts';
import { lotsOf } from './entries.ts';
import { ratioOf, toTicks } from './exact.ts';
import type { StopLossTerm, TakeProfitTerm } from './plan.ts';
import {
  COST_DECIMALS,
  directionOf,
  type HeldTerm,
  type SmartTradeSettings,
  type TradeType,
} from './settings.ts';

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

/**
 * The settings of the smart trade that takes over what is open in `position`, at its average. What the position has
 * earned so far stays with the deal that earned it.
 */
export function settingsOfHandover(
  position: HandedOverPosition,
  instrument: Instrument,
): SmartTradeSettings {
  const { direction, stopLoss, from } = position;
  return {
    kind: 'smartTrade',
    name: `${from.name} #${from.dealId}`.slice(0, NAME_MAX),
    symbols: [position.symbol],
    type: direction === 'long' ? 'sellHeld' : 'buyBack',
    entries: [],
    held: heldTerm(position, instrument),
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
    postOnly: false,
    maxSlippage: position.maxSlippage,
  };
}

/** What is open and what a coin of it cost (rounded up) or brought (down), exact enough for any quantity. */
function heldTerm({ position, direction }: HandedOverPosition, instrument: Instrument): HeldTerm {
  const open = openBase(position, instrument, direction);
  const lot = lotsBase(instrument, 1);
  const isLong = direction === 'long';
  const lots = isLong ? divFloor(open, lot) : divCeil(open, lot);
  const average = entryAverage(position, instrument, direction);
  const ticks = average ?? { numerator: 0n, denominator: 1n };
  const numerator = ticks.numerator * BigInt(instrument.tickUnits) * power10(COST_DECIMALS);
  const denominator = ticks.denominator * power10(instrument.priceScale);
  const price = isLong ? divCeil(numerator, denominator) : divFloor(numerator, denominator);
  return {
    quantity: formatQuantity(instrument, Number(lots)),
    price: trimDecimal(formatDecimal(price, COST_DECIMALS)),
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
    placement: 'desk',
  };
}
