// SPDX-License-Identifier: Apache-2.0
// Settings as a person writes them, and as exact numbers: percentages, volumes and the ladder as ratios of integers.

import { formatDecimal, toScaled, trimDecimal } from '../decimal.ts';
import type { Direction } from '../order.ts';
import { power10, type ProfitCurrency, type Ratio } from '../position.ts';
import { divHalfEven } from '../units.ts';
import type { DcaBotSettings } from './bot-settings.ts';

/**
 * What a volume is given in. `percent` is of what is free when the deal starts: of the quote asset for a long, of the
 * coins for a short.
 */
export type VolumeType = 'quote' | 'base' | 'percent';

/** Where filled take-profit steps move the stop loss, at most. */
export type StopLossMove = 'never' | 'breakEven' | 'firstStep' | 'secondStep';

/** Plain JSON data with decimals as text; settings.ts checks it. */
export interface DcaSettings extends DcaBotSettings {
  readonly kind: 'dca';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly direction: Direction;
  /** Long: `base` sells only what returns the cost. Short: `base` spends all proceeds on coins. */
  readonly profitCurrency: ProfitCurrency;
  /** Before the venue's fee. */
  readonly baseOrderVolume: string;
  readonly baseOrderVolumeType: VolumeType;
  /** `market`: IOC within `maxSlippage` of the best price. `limit`: rests at it, moved after five minutes. */
  readonly baseOrderType: 'market' | 'limit';
  readonly safetyOrderVolume: string;
  readonly safetyOrderVolumeType: VolumeType;
  /** Distance of the first safety order from the base order's average price, in percent. */
  readonly safetyOrderStep: string;
  readonly maxSafetyOrders: number;
  readonly maxActiveSafetyOrders: number;
  readonly volumeScale: string;
  readonly stepScale: string;
  /** Takes the place of volume, step and scales; the first `maxSafetyOrders` of them are used. */
  readonly customSafetyOrders?: readonly CustomSafetyOrder[];
  /** Profit after both fees, in percent of what `takeProfitType` names. Absent with steps, or for no take profit. */
  readonly takeProfit?: string;
  /** `total`: of everything the deal entered with. `base`: of the base order alone. */
  readonly takeProfitType: 'total' | 'base';
  /** Several take profits, each for a share of the position. */
  readonly takeProfitSteps?: readonly TakeProfitStep[];
  /** The last take profit does not rest: past its price it follows the best price at this distance, in percent. */
  readonly trailingDeviation?: string;
  /** In percent of the price that `stopLossFrom` names; absent means none. */
  readonly stopLoss?: string;
  /** `base`: the base order's average, which does not move. `average`: that of all entries. */
  readonly stopLossFrom: 'base' | 'average';
  /** Whether the stop follows the best price at its distance. */
  readonly stopLossTrailing: boolean;
  /** How long the price must stay beyond the stop before it acts; 0 for not at all. */
  readonly stopLossTimeoutSeconds: number;
  readonly stopLossMove: StopLossMove;
  readonly stopLossAction: 'closeDeal' | 'closeDealAndStopBot';
  /** The deal is closed at market this long after its start; absent means never. */
  readonly closeTimeoutSeconds?: number;
  /** Whether a limit base order, safety orders and take profits may only rest, and pay the maker's fee. */
  readonly postOnly: boolean;
  /** Whether the money of safety orders that are not placed is kept from other bots. */
  readonly reserveSafetyOrders: boolean;
  /** How far from the best price an immediate order may trade, in percent. */
  readonly maxSlippage: string;
}

export interface CustomSafetyOrder {
  /** Distance from the base order's average price, in percent. */
  readonly deviation: string;
  /** As `safetyOrderVolumeType` says. */
  readonly volume: string;
}

export interface TakeProfitStep {
  /** As `takeProfit`. */
  readonly profit: string;
  /** Of the position, in percent. */
  readonly share: string;
}

/** What one deal goes by: the bot's settings when it started, and what they were adjusted by. */
export interface DcaDealSettings extends DcaSettings {
  /** Added to the volume of every order, in the asset of the volumes; below zero it takes away. */
  readonly volumeAdjustment?: string;
}

/** One safety order of the ladder before it has a price: how far, and how much. */
export interface Rung {
  /** In percent of the base order's average price. */
  readonly deviation: Ratio;
  /** As `safetyOrderVolumeType` says. */
  readonly volume: Ratio;
}

/** One take profit; the texts are for showing. */
export interface TakeProfitTerm {
  readonly profit: Ratio;
  readonly share: Ratio;
  readonly profitText: string;
  readonly shareText: string;
}

/** `DcaSettings` read once. Percentages are in percent, volumes as their types say. */
export interface Terms {
  readonly baseVolume: Ratio;
  /** Nearest first, shares sum to 100; one of 100 % without steps, none without take profit. */
  readonly takeProfits: readonly TakeProfitTerm[];
  readonly trailingDeviation: Ratio | null;
  readonly stopLoss: Ratio | null;
  readonly maxSlippage: Ratio;
  readonly minProfit: Ratio;
  readonly rungs: readonly Rung[];
}

const SHOWN_PERCENT_DECIMALS = 6;

/** Reading is a pure function of settings that never change, so its result is remembered beside them. */
const remembered = new WeakMap<DcaDealSettings, Terms>();

/** The numbers behind `settings`. */
export function termsOf(settings: DcaDealSettings): Terms {
  const known = remembered.get(settings);
  if (known !== undefined) return known;
  const adjustment = decimalOf(settings.volumeAdjustment ?? '0', 'volumeAdjustment');
  const terms: Terms = {
    baseVolume: toRatio(sum(decimalOf(settings.baseOrderVolume, 'baseOrderVolume'), adjustment)),
    takeProfits: takeProfitsOf(settings),
    trailingDeviation: optionalRatio(settings.trailingDeviation, 'trailingDeviation'),
    stopLoss: optionalRatio(settings.stopLoss, 'stopLoss'),
    maxSlippage: ratioOf(settings.maxSlippage, 'maxSlippage'),
    minProfit: ratioOf(settings.minProfit, 'minProfit'),
    rungs: rungsOf(settings, adjustment),
  };
  remembered.set(settings, terms);
  return terms;
}

/** A ratio in percent as text, half-even at six decimals: '1.21'. */
export function formatRatioPercent(percent: Ratio): string {
  const scaled = divHalfEven(
    percent.numerator * power10(SHOWN_PERCENT_DECIMALS),
    percent.denominator,
  );
  return trimDecimal(formatDecimal(scaled, SHOWN_PERCENT_DECIMALS));
}

function takeProfitsOf(settings: DcaSettings): readonly TakeProfitTerm[] {
  const { takeProfit, takeProfitSteps } = settings;
  const steps =
    takeProfitSteps ?? (takeProfit === undefined ? [] : [{ profit: takeProfit, share: '100' }]);
  return steps.map(({ profit, share }) => ({
    profit: ratioOf(profit, 'profit'),
    share: ratioOf(share, 'share'),
    profitText: trimDecimal(profit),
    shareText: trimDecimal(share),
  }));
}

/** Deviation of safety order n: s·(1 + c + … + c^(n−1)); volume: v·k^(n−1). */
function rungsOf(settings: DcaSettings, adjustment: Decimal): readonly Rung[] {
  if (settings.customSafetyOrders !== undefined) {
    return settings.customSafetyOrders
      .slice(0, settings.maxSafetyOrders)
      .map(({ deviation, volume }, index) => ({
        deviation: ratioOf(deviation, `customSafetyOrders[${index}].deviation`),
        volume: toRatio(sum(decimalOf(volume, `customSafetyOrders[${index}].volume`), adjustment)),
      }));
  }
  const stepScale = decimalOf(settings.stepScale, 'stepScale');
  const volumeScale = decimalOf(settings.volumeScale, 'volumeScale');
  const rungs: Rung[] = [];
  let distance = decimalOf(settings.safetyOrderStep, 'safetyOrderStep');
  let deviation: Decimal = { digits: 0n, scale: 0 };
  let volume = decimalOf(settings.safetyOrderVolume, 'safetyOrderVolume');
  for (let number = 1; number <= settings.maxSafetyOrders; number += 1) {
    deviation = sum(deviation, distance);
    rungs.push({ deviation: toRatio(deviation), volume: toRatio(sum(volume, adjustment)) });
    distance = product(distance, stepScale);
    volume = product(volume, volumeScale);
  }
  return rungs;
}

/** digits / 10^scale; sums and products of decimals stay decimals, so a ladder needs no common divisors. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

function optionalRatio(text: string | undefined, field: string): Ratio | null {
  return text === undefined ? null : ratioOf(text, field);
}

function ratioOf(text: string, field: string): Ratio {
  return toRatio(decimalOf(text, field));
}

function decimalOf(text: string, field: string): Decimal {
  const trimmed = trimDecimal(text);
  const scale = trimmed.includes('.') ? trimmed.length - trimmed.indexOf('.') - 1 : 0;
  return { digits: toScaled(trimmed, scale, field), scale };
}

function toRatio(decimal: Decimal): Ratio {
  return { numerator: decimal.digits, denominator: power10(decimal.scale) };
}

function sum(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  return {
    digits: left.digits * power10(scale - left.scale) + right.digits * power10(scale - right.scale),
    scale,
  };
}

function product(left: Decimal, right: Decimal): Decimal {
  return { digits: left.digits * right.digits, scale: left.scale + right.scale };
}
