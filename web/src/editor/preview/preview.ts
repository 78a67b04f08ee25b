// SPDX-License-Identifier: Apache-2.0
// What a bot would do before it is started: lines for the chart, figures, a table, and what to beware of. All numbers
// come from the machine's own previews.

import {
  ASSET_SCALE,
  toScaled,
  type FreeFunds,
  type Instrument,
  type PriceTicks,
} from '@kontor/core';

import type { Level, LevelKind } from '../../chart/levels.ts';
import type { Catalogue } from '../../language/english.ts';
import type { EditorText } from '../../language/settings-languages.ts';
import { amountDecimals, type Format } from '../../number/format.ts';
import { compareDecimals, subtractDecimals } from '../../number/decimal-sum.ts';
import type { Market } from '../check-draft.ts';

export interface PreviewFigure {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly hint?: string;
}

/** What an asset must have free, and whether it has. */
export interface PreviewFunds {
  readonly asset: string;
  readonly required: string;
  readonly free: string;
  /** How much is missing; null where there is enough. */
  readonly missing: string | null;
  /** What one of several deals takes; empty where there is only one. */
  readonly perDeal: string;
}

export interface PreviewTable {
  readonly name: string;
  readonly head: readonly { readonly name: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

export interface Preview {
  readonly symbol: string;
  readonly price: string;
  readonly levels: readonly Level[];
  readonly funds: readonly PreviewFunds[];
  readonly figures: readonly PreviewFigure[];
  readonly table: PreviewTable | null;
  readonly warnings: readonly string[];
}

/** What a kind's preview is made from, and how numbers are written. */
export interface PreviewContext {
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly price: PriceTicks;
  readonly market: Market;
  /** Free by asset, as decimal text. */
  readonly free: (asset: string) => string;
  readonly format: Format;
  readonly text: EditorText;
  readonly words: Catalogue;
}

export function freeFunds({ instrument, free }: PreviewContext): FreeFunds {
  const scaled = (asset: string): bigint => toScaled(free(asset), ASSET_SCALE, asset);
  return { base: scaled(instrument.baseAsset), quote: scaled(instrument.quoteAsset) };
}

/** The needs of one asset against what is free; none where nothing is needed. */
export function fundsOf(
  { free }: PreviewContext,
  asset: string,
  required: string,
  perDeal = '',
): readonly PreviewFunds[] {
  if (!/[1-9]/.test(required)) return [];
  const held = free(asset);
  const missing = compareDecimals(required, held) > 0 ? subtractDecimals(required, held) : null;
  return [{ asset, required, free: held, missing, perDeal }];
}

/** Sentences about assets of which too little is free. */
export function fundsWarnings(
  funds: readonly PreviewFunds[],
  { format, text, instrument }: PreviewContext,
): readonly string[] {
  return funds.flatMap(({ asset, free, missing }) => {
    if (missing === null) return [];
    const amount = (value: string): string =>
      `${format.decimal(value, decimalsOf(asset, instrument))} ${asset}`;
    return [
      /[1-9]/.test(free)
        ? text.preview.shortBy(amount(missing), amount(free))
        : text.preview.noFunds(asset),
    ];
  });
}

/** Decimals at which an amount of one of the instrument's assets is shown. */
export function decimalsOf(asset: string, instrument: Instrument): number {
  return asset === instrument.baseAsset
    ? instrument.quantityScale
    : amountDecimals(asset, instrument.priceScale);
}

/** A horizontal line of the preview. */
export function levelOf(
  { instrument, format }: PreviewContext,
  kind: LevelKind,
  id: string,
  given: {
    readonly name: string;
    readonly shortName?: string;
    readonly price: string;
    readonly quantity?: string;
  },
): Level {
  return {
    id: `preview ${id}`,
    kind,
    price: Number(given.price),
    name: given.name,
    shortName: given.shortName ?? given.name,
    quantityText:
      given.quantity === undefined ? '' : format.decimal(given.quantity, instrument.quantityScale),
    priceText: format.decimal(given.price, instrument.priceScale),
  };
}

export interface Writer {
  readonly price: (text: string) => string;
  readonly quantity: (text: string) => string;
  /** An amount of the quote asset, with its unit. */
  readonly money: (text: string) => string;
  readonly amount: (text: string) => string;
  readonly percent: (text: string) => string;
}

/** Numbers as the preview shows them; what is not there is a dash. */
export function writerOf({ instrument, format }: PreviewContext): Writer {
  const quoteDecimals = amountDecimals(instrument.quoteAsset, instrument.priceScale);
  const shown = (text: string, write: () => string): string => (text === '' ? '–' : write());
  return {
    price: (text) => shown(text, () => format.decimal(text, instrument.priceScale)),
    quantity: (text) => shown(text, () => format.decimal(text, instrument.quantityScale)),
    money: (text) =>
      shown(text, () => `${format.decimal(text, quoteDecimals)} ${instrument.quoteAsset}`),
    amount: (text) => shown(text, () => format.decimal(text, quoteDecimals)),
    percent: (text) => shown(text, () => format.deviation(text)),
  };
}
