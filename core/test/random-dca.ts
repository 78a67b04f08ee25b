// SPDX-License-Identifier: Apache-2.0
// Random settings of DCA bots: both directions, all volumes, ladders, take profits and stops.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseSettings, type DcaSettings } from '../src/index.ts';
import { PLAIN } from './deal-script.ts';

/** Hundredths of a percent as text. */
function percent(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map((hundredths) => String(hundredths / 100));
}

const volumeType = fc.constantFrom('quote', 'quote', 'quote', 'base', 'percent');

/** A ladder: by step and scales, or one of its own. */
const randomLadder = fc.record({
  safetyOrderStep: percent(10, 200),
  volumeScale: fc.constantFrom('0.9', '1', '1.3'),
  stepScale: fc.constantFrom('0.9', '1', '1.2'),
  maxSafetyOrders: fc.nat({ max: 7 }),
  active: fc.integer({ min: 1, max: 7 }),
  customSteps: fc.option(fc.array(fc.integer({ min: 10, max: 200 }), { minLength: 7 }), {
    nil: undefined,
    freq: 4,
  }),
});

/** Take profit: one, several, one that trails, of either type, or none. */
const randomTakeProfit = fc.record({
  takeProfitType: fc.constantFrom('total', 'total', 'base'),
  profits: fc.array(fc.integer({ min: 10, max: 150 }), { minLength: 1, maxLength: 4 }),
  cuts: fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 3, maxLength: 3 }),
  isSingle: fc.boolean(),
  trailing: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined, freq: 3 }),
  isAbsent: fc.nat({ max: 14 }).map((number) => number === 0),
});

const randomStop = fc.option(
  fc.record({
    /** Tenths of a percent beyond the last safety order. */
    beyond: fc.integer({ min: 1, max: 40 }),
    stopLossFrom: fc.constantFrom('base', 'base', 'average'),
    stopLossTrailing: fc.boolean(),
    stopLossTimeoutSeconds: fc.constantFrom(0, 0, 5, 60),
    move: fc.constantFrom('never', 'breakEven', 'firstStep', 'secondStep'),
  }),
  { nil: undefined },
);

/** Right settings of every kind that one deal can have. */
export const randomSettings: fc.Arbitrary<DcaSettings> = fc
  .record({
    direction: fc.constantFrom('long', 'long', 'short'),
    profitCurrency: fc.constantFrom('quote', 'quote', 'base'),
    baseOrderType: fc.constantFrom('market', 'limit'),
    baseOrderVolumeType: volumeType,
    safetyOrderVolumeType: volumeType,
    baseVolume: fc.integer({ min: 8, max: 200 }),
    safetyVolume: fc.integer({ min: 8, max: 200 }),
    ladder: randomLadder,
    exits: randomTakeProfit,
    stop: randomStop,
    closeTimeoutSeconds: fc.option(fc.constantFrom(60, 600, 3600), { nil: undefined, freq: 3 }),
    cooldownSeconds: fc.constantFrom(0, 5, 120),
    maxSlippage: fc.constantFrom('0', '0.5', '1'),
    postOnly: fc.constantFrom(false, false, false, true),
  })
  .map(({ ladder, exits, stop, baseVolume, safetyVolume, ...rest }) => ({
    ...PLAIN,
    ...withoutUndefined(rest),
    baseOrderVolume: volumeText(rest.baseOrderVolumeType, baseVolume),
    safetyOrderVolume: volumeText(rest.safetyOrderVolumeType, safetyVolume),
    ...ladderOf(ladder, (count) => volumeText(rest.safetyOrderVolumeType, safetyVolume + count)),
    ...exitsOf(exits),
    ...(stop === undefined ? {} : stopOf(stop, ladder, exits)),
    ...(exits.isAbsent ? { takeProfit: undefined, closeTrigger: 'signal' } : {}),
  }))
  .map((settings): DcaSettings => {
    const parsed = parseSettings(withoutUndefined(settings));
    assert.ok(
      parsed.ok && parsed.settings.kind === 'dca',
      parsed.ok ? '' : JSON.stringify([parsed.errors, settings]),
    );
    return parsed.settings;
  });

/** Up to eight orders of a share each must not be more than the whole. */
function volumeText(type: string, volume: number): string {
  return type === 'quote' ? String(volume) : String(volume / 50);
}

function withoutUndefined(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

type Ladder = typeof randomLadder extends fc.Arbitrary<infer Value> ? Value : never;
type Exits = typeof randomTakeProfit extends fc.Arbitrary<infer Value> ? Value : never;
type Stop = typeof randomStop extends fc.Arbitrary<infer Value> ? NonNullable<Value> : never;

function deviationsOf({ customSteps, maxSafetyOrders, ...ladder }: Ladder): number[] {
  const deviations: number[] = [];
  let deviation = 0;
  for (let number = 0; number < maxSafetyOrders; number += 1) {
    deviation +=
      customSteps === undefined
        ? Number(ladder.safetyOrderStep) * Number(ladder.stepScale) ** number
        : (customSteps[number] ?? 1) / 100;
    deviations.push(deviation);
  }
  return deviations;
}

function ladderOf(ladder: Ladder, volume: (count: number) => string): Record<string, unknown> {
  const { customSteps, active, ...rest } = ladder;
  const deviations = deviationsOf(ladder);
  const isCustom = customSteps !== undefined && deviations.length > 0;
  return {
    ...rest,
    maxActiveSafetyOrders: Math.min(active, ladder.maxSafetyOrders),
    customSafetyOrders: isCustom
      ? deviations.map((deviation, index) => ({
          deviation: deviation.toFixed(2),
          volume: volume(index),
        }))
      : undefined,
  };
}

function exitsOf({ profits, cuts, isSingle, trailing, takeProfitType, isAbsent }: Exits): object {
  if (isAbsent) return { takeProfitType };
  let profit = 0;
  const growing = profits.map((more) => (profit += more));
  const last = isSingle ? (growing[0] ?? 10) : profit;
  const trailingDeviation =
    trailing === undefined ? undefined : String((Math.floor((last * trailing) / 101) + 1) / 200);
  if (isSingle || growing.length < 2) {
    const takeProfit = String((growing[0] ?? 10) / 100);
    return { takeProfitType, takeProfit, trailingDeviation };
  }
  const edges = [0, ...new Set(cuts.toSorted((left, right) => left - right)), 100];
  const parts = edges.slice(1).map((edge, index) => edge - (edges[index] ?? 0));
  const count = Math.min(parts.length, growing.length);
  const takeProfitSteps = growing.slice(growing.length - count).map((hundredths, index) => ({
    profit: String(hundredths / 100),
    share: String(
      index === count - 1
        ? parts.slice(index).reduce((sum, part) => sum + part, 0)
        : (parts[index] ?? 1),
    ),
  }));
  return { takeProfitType, takeProfit: undefined, takeProfitSteps, trailingDeviation };
}

function stopOf({ beyond, move, ...rest }: Stop, ladder: Ladder, exits: Exits): object {
  const last = deviationsOf(ladder).at(-1) ?? 0;
  const { takeProfitSteps } = exitsOf(exits) as { takeProfitSteps?: readonly object[] };
  const needed = { never: 0, breakEven: 2, firstStep: 3, secondStep: 4 }[move] ?? 0;
  return {
    ...rest,
    stopLoss: (last + beyond / 10).toFixed(6),
    stopLossMove: (takeProfitSteps?.length ?? 1) >= needed ? move : 'never',
  };
}
