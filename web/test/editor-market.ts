// SPDX-License-Identifier: Apache-2.0
// The fixture's market as the editor knows it: instruments, last prices, presets.

import { makeInstrument, type BotKind, type BotSettings } from '@kontor/core';

import { completeArrangement, fieldsOf, type Arrangement } from '../src/editor/arrangement.ts';
import { ARRANGEMENTS } from '../src/editor/arrangements.ts';
import { checkDraft, type CheckedDraft, type Market } from '../src/editor/check-draft.ts';
import type { DraftFields } from '../src/editor/draft.ts';
import { presetsOf, type PresetMarket } from '../src/editor/presets.ts';
import { makeFixtureData } from './fixture-data.ts';

export const data = makeFixtureData(42);

const instruments = data.desk.instruments.map(makeInstrument);

export const market: Market = {
  instruments: new Map(instruments.map((each) => [each.symbol, each])),
  lastPrice: (symbol) => data.candles.get(symbol)?.at(-1)?.[4] ?? null,
  feeRatePpm: data.desk.feeRatePpm,
};

export function presetMarket(symbol: string): PresetMarket {
  const instrument = market.instruments.get(symbol);
  if (instrument === undefined)
    throw new Error(`expected a symbol of the fixture, found ${symbol}`);
  return {
    instrument,
    instruments,
    lastPrice: market.lastPrice(symbol),
    minNotional: '5',
    minNotionalOf: () => '5',
  };
}

export function arrangementOf(kind: BotKind): Arrangement {
  return completeArrangement(fieldsOf(kind), ARRANGEMENTS[kind] ?? null);
}

/** The first preset of `kind` on `symbol`, with `changes` typed over it. */
export function presetDraft(kind: BotKind, symbol: string, changes: DraftFields = {}): DraftFields {
  const [first] = presetsOf(kind);
  if (first === undefined) throw new Error(`expected a preset of ${kind}`);
  return { ...first.make(presetMarket(symbol)), name: 'Tried', ...changes };
}

export function checked(kind: BotKind, draft: DraftFields): CheckedDraft {
  return checkDraft(kind, arrangementOf(kind), draft, market);
}

/** The settings of a draft that has nothing wrong with it. */
export function settingsOf<S extends BotSettings>(kind: S['kind'], draft: DraftFields): S {
  const { settings, errors } = checked(kind, draft);
  if (settings === null || errors.length > 0) throw new Error(JSON.stringify(errors));
  return settings as S;
}
