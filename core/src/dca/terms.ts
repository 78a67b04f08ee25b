// SPDX-License-Identifier: Apache-2.0
// Settings as a person writes them, and as exact numbers: percentages, volumes and the ladder as ratios of integers.

import { formatDecimal, toScaled, trimDecimal } from '../decimal.ts';
import { power10, type Ratio } from '../position.ts';
import { divHalfEven } from '../units.ts';

/** Plain JSON data with decimals as text; settings.ts checks it. */
export interface DcaSettings {
  readonly kind: 'dca';
  readonly name: string;
  readonly symbols: readonly string[];
  /** In the quote asset, before the venue's fee. */
  readonly baseOrderVolume: string;
  /** `market`: IOC within `maxSlippage` of the ask. `limit`: rests at the bid, moved after five minutes. */
  readonly baseOrderType: 'market' | 'limit';
  readonly safetyOrderVolume: string;
  /** Distance of the first safety order from the base order's average price, in percent. */
  readonly safetyOrderStep: string;
  readonly maxSafetyOrders: number;
  readonly maxActiveSafetyOrders: number;
  readonly volumeScale: string;
  readonly stepScale: string;
  /** Profit in percent of everything the deal bought, after both fees. */
  readonly takeProfit: string;
  /** In percent below the base order's average price; absent means none. */
  readonly stopLoss?: string;
  /** Per symbol, counted from the close of the deal. */
  readonly cooldownSeconds: number;
  readonly maxActiveDeals: number;
  /** How far from the best price an immediate order may trade, in percent. */
  readonly maxSlippage: string;
}

/** One safety order of the ladder before it has a price: how deep, and how much to spend. */
export interface Rung {
  /** In percent of the base order's average price. */
  readonly deviation: Ratio;
  /** In the quote asset. */
  readonly volume: Ratio;
}

/** `DcaSettings` read once. Percentages are in percent, volumes in the quote asset. */
export interface Terms {
  readonly baseVolume: Ratio;
  readonly takeProfit: Ratio;
  readonly stopLoss: Ratio | null;
  readonly maxSlippage: Ratio;
  readonly rungs: readonly Rung[];
}

const SHOWN_PERCENT_DECIMALS = 6;

/** Reading is a pure function of settings that never change, so its result is remembered beside them. */
const remembered = new WeakMap<DcaSettings, Terms>();

/** The numbers behind `settings`. */
export function termsOf(settings: DcaSettings): Terms {
  const known = remembered.get(settings);
  if (known !== undefined) return known;
  const terms: Terms = {
    baseVolume: ratioOf(settings.baseOrderVolume, 'baseOrderVolume'),
    takeProfit: ratioOf(settings.takeProfit, 'takeProfit'),
    stopLoss: settings.stopLoss === undefined ? null : ratioOf(settings.stopLoss, 'stopLoss'),
    maxSlippage: ratioOf(settings.maxSlippage, 'maxSlippage'),
    rungs: rungsOf(settings),
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

/** Deviation of safety order n: s·(1 + c + … + c^(n−1)); volume: v·k^(n−1). */
function rungsOf(settings: DcaSettings): readonly Rung[] {
  const stepScale = decimalOf(settings.stepScale, 'stepScale');
  const volumeScale = decimalOf(settings.volumeScale, 'volumeScale');
  const rungs: Rung[] = [];
  let distance = decimalOf(settings.safetyOrderStep, 'safetyOrderStep');
  let deviation: Decimal = { digits: 0n, scale: 0 };
  let volume = decimalOf(settings.safetyOrderVolume, 'safetyOrderVolume');
  for (let number = 1; number <= settings.maxSafetyOrders; number += 1) {
    deviation = sum(deviation, distance);
    rungs.push({ deviation: toRatio(deviation), volume: toRatio(volume) });
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
