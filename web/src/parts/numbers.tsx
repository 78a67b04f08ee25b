// SPDX-License-Identifier: Apache-2.0
// Every number on the page: formatted in the reader's locale, with its unit, its exact text on hover, and greyed
// by the page when it is stale.

import type { ReactElement } from 'react';

import { useDeskFacts, useStale } from '../api/desk-facts.tsx';
import { useLanguage } from '../language/language.tsx';
import { signOf } from '../number/format.ts';
import './numbers.css';

/** The exact text, whether no real money moves, and since when it is stale. */
export function useNumberTitle(): (text: string, unit: string) => string {
  const { format, text: words } = useLanguage();
  const { desk } = useDeskFacts();
  const staleSince = useStale();
  return (text, unit) => {
    const exact = `${format.exact(text)}${unit === '' ? '' : ` ${unit}`}`;
    const notes = [
      ...(desk.market.isSimulated ? [words.common.simulated] : []),
      ...(staleSince === null ? [] : [words.common.stale(format.clock(staleSince))]),
    ];
    return notes.length === 0 ? exact : `${exact} (${notes.join(', ')})`;
  };
}

export function Price({
  value,
  symbol,
  hasUnit = false,
}: {
  readonly value: string | null;
  readonly symbol: string;
  readonly hasUnit?: boolean;
}): ReactElement {
  const { format } = useLanguage();
  const facts = useDeskFacts();
  const title = useNumberTitle();
  if (value === null) return <NoNumber />;
  const unit = facts.instrument(symbol)?.quoteAsset ?? '';
  return (
    <span className="number live" title={title(value, unit)}>
      {format.decimal(value, facts.priceDecimals(symbol))}
      {hasUnit ? <Unit name={unit} /> : null}
    </span>
  );
}

export function Quantity({
  value,
  symbol,
  hasUnit = false,
}: {
  readonly value: string;
  readonly symbol: string;
  readonly hasUnit?: boolean;
}): ReactElement {
  const { format } = useLanguage();
  const facts = useDeskFacts();
  const title = useNumberTitle();
  const unit = facts.instrument(symbol)?.baseAsset ?? '';
  return (
    <span className="number live" title={title(value, unit)}>
      {format.decimal(value, facts.quantityDecimals(symbol))}
      {hasUnit ? <Unit name={unit} /> : null}
    </span>
  );
}

export function Amount({
  value,
  asset,
  hasUnit = true,
}: {
  readonly value: string;
  readonly asset: string;
  readonly hasUnit?: boolean;
}): ReactElement {
  const { format } = useLanguage();
  const facts = useDeskFacts();
  const title = useNumberTitle();
  return (
    <span className="number live" title={title(value, asset)}>
      {format.decimal(value, facts.assetDecimals(asset))}
      {hasUnit ? <Unit name={asset} /> : null}
    </span>
  );
}

/** What an account holds, to its last digit. */
export function Holding({
  value,
  asset,
}: {
  readonly value: string;
  readonly asset: string;
}): ReactElement {
  const { format } = useLanguage();
  const facts = useDeskFacts();
  const title = useNumberTitle();
  return (
    <span className="number live" title={title(value, asset)}>
      {format.atLeast(value, facts.assetDecimals(asset))}
    </span>
  );
}

/** Profit or loss: sign, arrow and colour all say which. */
export function Profit({
  value,
  asset,
  hasUnit = true,
}: {
  readonly value: string;
  readonly asset: string;
  readonly hasUnit?: boolean;
}): ReactElement {
  const { format } = useLanguage();
  const facts = useDeskFacts();
  const title = useNumberTitle();
  return (
    <span className={`number live ${profitClass(value)}`} title={title(value, asset)}>
      <Arrow value={value} />
      {format.signed(value, facts.assetDecimals(asset))}
      {hasUnit ? <Unit name={asset} /> : null}
    </span>
  );
}

/** Profit or loss in per cent. */
export function ProfitPercent({ value }: { readonly value: string }): ReactElement {
  const { format } = useLanguage();
  return (
    <span className={`number live ${profitClass(value)}`} title={format.exactPercent(value)}>
      {format.percent(value)}
    </span>
  );
}

/** How many. */
export function CountOf({ value }: { readonly value: number }): ReactElement {
  const { format } = useLanguage();
  return <span className="number live">{format.integer(value)}</span>;
}

export function Unit({ name }: { readonly name: string }): ReactElement {
  return <span className="unit">{`\u00a0${name}`}</span>;
}

/** In the place of a number that does not exist yet. */
export function NoNumber(): ReactElement {
  return <span className="faint">–</span>;
}

function Arrow({ value }: { readonly value: string }): ReactElement | null {
  const sign = signOf(value);
  if (sign === 0) return null;
  return (
    <svg className="arrow" width="8" height="8" viewBox="0 0 8 8" aria-hidden="true">
      <path d={sign > 0 ? 'M4 1 7.5 7h-7z' : 'M4 7 .5 1h7z'} fill="currentColor" />
    </svg>
  );
}

function profitClass(value: string): string {
  const sign = signOf(value);
  return sign === 0 ? '' : sign > 0 ? 'profit' : 'loss';
}
