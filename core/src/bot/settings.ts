// SPDX-License-Identifier: Apache-2.0
// The settings of every kind of bot: read from outside, and checked against the venue.

import type { Condition } from '../conditions/condition.ts';
import { DCA_FIELDS, dcaContradictions } from '../dca/settings.ts';
import { checkDcaSettings } from '../dca/settings-check.ts';
import type { BotKind } from './kind.ts';
import type { DcaSettings } from '../dca/terms.ts';
import { checkGridSettings, GRID_FIELDS, gridContradictions } from '../grid/settings.ts';
import type { GridSettings } from '../grid/terms.ts';
import {
  checkRebalanceSettings,
  REBALANCE_FIELDS,
  rebalanceContradictions,
  type RebalanceSettings,
} from '../rebalance/settings.ts';
import { checkSmartTradeSettings } from '../smart-trade/check.ts';
import {
  SMART_TRADE_FIELDS,
  smartTradeContradictions,
  type SmartTradeSettings,
} from '../smart-trade/settings.ts';
import { checkSignalSettings } from '../signal/check.ts';
import { SIGNAL_FIELDS, signalContradictions, type SignalSettings } from '../signal/settings.ts';
import type { Instrument } from '../instrument.ts';
import {
  parseFields,
  shownValue,
  type FieldError,
  type FieldsOf,
  type ParsedFields,
} from '../settings/field.ts';
import type { PriceTicks } from '../units.ts';

/** Plain JSON data with decimals as text. */
export type BotSettings =
  DcaSettings | GridSettings | RebalanceSettings | SmartTradeSettings | SignalSettings;

/** What the settings of each kind may hold, beside `kind` itself. */
export const SETTINGS_FIELDS: {
  readonly [K in BotKind]: FieldsOf<Omit<Extract<BotSettings, { readonly kind: K }>, 'kind'>>;
} = {
  dca: DCA_FIELDS,
  grid: GRID_FIELDS,
  rebalance: REBALANCE_FIELDS,
  signal: SIGNAL_FIELDS,
  smartTrade: SMART_TRADE_FIELDS,
};

export type ParsedSettings =
  | { readonly ok: true; readonly settings: BotSettings }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/**
 * `input` as settings, or every wrong field at once: what was expected there and what was found. `kind` is 'dca'
 * when absent, and other absent fields have the defaults that `SETTINGS_FIELDS` names.
 */
export function parseSettings(input: unknown): ParsedSettings {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return {
      ok: false,
      errors: [{ field: 'settings', expected: 'an object', found: shownValue(input) }],
    };
  }
  const { kind = 'dca', ...fields }: { readonly kind?: unknown } = input;
  switch (kind) {
    case 'dca':
      return settled(parseFields(SETTINGS_FIELDS.dca, fields, 'settings'), kind, dcaContradictions);
    case 'grid':
      return settled(
        parseFields(SETTINGS_FIELDS.grid, fields, 'settings'),
        kind,
        gridContradictions,
      );
    case 'rebalance':
      return settled(
        parseFields(SETTINGS_FIELDS.rebalance, fields, 'settings'),
        kind,
        rebalanceContradictions,
      );
    case 'signal':
      return settled(
        parseFields(SETTINGS_FIELDS.signal, fields, 'settings'),
        kind,
        signalContradictions,
      );
    case 'smartTrade':
      return settled(
        parseFields(SETTINGS_FIELDS.smartTrade, fields, 'settings'),
        kind,
        smartTradeContradictions,
      );
    default: {
      const expected = `one of ${Object.keys(SETTINGS_FIELDS).join(', ')}`;
      return { ok: false, errors: [{ field: 'kind', expected, found: shownValue(kind) }] };
    }
  }
}

/**
 * Settings written in code, with defaults filled in: `makeSettings<DcaSettings>('dca', { name: 'Steady', … })`. Throws
 * RangeError naming every wrong field.
 */
export function makeSettings<S extends BotSettings>(
  kind: S['kind'],
  fields: Partial<Omit<S, 'kind'>>,
): S {
  const parsed = parseSettings({ kind, ...fields });
  if (parsed.ok) return parsed.settings as S;
  const faults = parsed.errors.map(
    ({ field, expected, found }) => `${field} must be ${expected}, was ${found}`,
  );
  throw new RangeError(faults.join('; '));
}

/**
 * Whether `settings` can trade on `instruments` at `prices` (ticks by symbol): every order they would place keeps
 * the venue's limits, and what is bought can be sold again.
 */
export function checkSettings(
  settings: BotSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): readonly FieldError[] {
  switch (settings.kind) {
    case 'dca':
      return checkDcaSettings(settings, instruments, prices, feeRatePpm);
    case 'grid':
      return checkGridSettings(settings, instruments, prices, feeRatePpm);
    case 'rebalance':
      return checkRebalanceSettings(settings, instruments, prices);
    case 'signal':
      return checkSignalSettings(settings, instruments, prices, feeRatePpm);
    case 'smartTrade':
      return checkSmartTradeSettings(settings, instruments, prices, feeRatePpm);
  }
}

/** Lists of indicator conditions in `settings`, by field. */
export function conditionLists(
  settings: BotSettings,
): readonly { readonly field: string; readonly conditions: readonly Condition[] }[] {
  if (settings.kind !== 'dca') return [];
  return (['startConditions', 'safetyOrderConditions', 'closeConditions'] as const).flatMap(
    (field) => {
      const conditions = settings[field];
      return conditions === undefined ? [] : [{ field, conditions }];
    },
  );
}

function settled<S extends BotSettings>(
  parsed: ParsedFields<Omit<S, 'kind'>>,
  kind: S['kind'],
  contradictions: (settings: S) => readonly FieldError[],
): ParsedSettings {
  if (!parsed.ok) return parsed;
  const settings = Object.freeze({ kind, ...parsed.value }) as S;
  const errors = contradictions(settings);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, settings };
}
