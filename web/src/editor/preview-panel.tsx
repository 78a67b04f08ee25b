// SPDX-License-Identifier: Apache-2.0
// The preview beside a form: the chart with what would be placed, what it needs, and what to beware of.

import { useState, type ReactElement } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import type { Deal } from '../api/types.ts';
import { ChartPanel } from '../chart/chart-panel.tsx';
import type { Level } from '../chart/levels.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { Card } from '../parts/card.tsx';
import { Icon } from '../parts/icon.tsx';
import { Amount } from '../parts/numbers.tsx';
import { Empty } from '../parts/states.tsx';
import type { Preview, PreviewFunds } from './preview/preview.ts';
import type { BotForm } from './use-bot-form.ts';
import './preview-panel.css';
import '../pages/deal-tables.css';

const NO_LEVELS: readonly Level[] = [];
const NO_DEALS: readonly Deal[] = [];

export function PreviewPanel({
  form,
  preview,
  symbol,
  onSymbol,
}: {
  readonly form: BotForm;
  readonly preview: Preview | null;
  readonly symbol: string;
  readonly onSymbol: (symbol: string) => void;
}): ReactElement {
  const { text } = useSettingsLanguage();
  const facts = useDeskFacts();
  const known = form.symbols.filter((each) => facts.instrument(each) !== null);
  const hasPrice = form.market.lastPrice(symbol) !== null;
  return (
    <div className="preview">
      <ChartPanel
        symbol={symbol}
        symbols={known.length > 0 ? known : [symbol]}
        onSymbol={onSymbol}
        deals={NO_DEALS}
        levels={preview?.levels ?? NO_LEVELS}
        isFittedFirst
        firstInterval="1h"
      />
      <Card title={text.preview.title} aside={<PriceNow preview={preview} />}>
        {preview === null ? (
          <Empty title={hasPrice ? text.preview.waiting : text.preview.noPrice} />
        ) : (
          <PreviewBody preview={preview} />
        )}
      </Card>
    </div>
  );
}

function PriceNow({ preview }: { readonly preview: Preview | null }): ReactElement | null {
  const { text } = useSettingsLanguage();
  if (preview === null) return null;
  return <span className="muted number live">{text.preview.atPrice(preview.price)}</span>;
}

function PreviewBody({ preview }: { readonly preview: Preview }): ReactElement {
  return (
    <>
      {preview.warnings.length === 0 ? null : (
        <ul className="preview-warnings">
          {preview.warnings.map((warning) => (
            <li key={warning}>
              <Icon name="warning" />
              <span>{warning}</span>
            </li>
          ))}
        </ul>
      )}
      <dl className="preview-figures">
        {preview.funds.map((funds) => (
          <FundsFigure key={funds.asset} funds={funds} />
        ))}
        {preview.figures.map((figure) => (
          <div key={figure.id} title={figure.hint}>
            <dt>{figure.name}</dt>
            <dd className="number live">{figure.value}</dd>
          </div>
        ))}
      </dl>
      {preview.table === null ? null : <PreviewTableView preview={preview} />}
    </>
  );
}

function FundsFigure({ funds }: { readonly funds: PreviewFunds }): ReactElement {
  const { format } = useLanguage();
  const { text } = useSettingsLanguage();
  const facts = useDeskFacts();
  const decimals = facts.assetDecimals(funds.asset);
  const amount = (value: string): string => `${format.decimal(value, decimals)} ${funds.asset}`;
  return (
    <div title={text.preview.requiresHint}>
      <dt>{text.preview.requires(funds.asset)}</dt>
      <dd className={funds.missing === null ? '' : 'needs-you'}>
        <Amount value={funds.required} asset={funds.asset} />
      </dd>
      <dd className="preview-aside number">
        {funds.perDeal === '' ? '' : `${text.preview.perDeal(amount(funds.perDeal))}, `}
        {text.preview.free(amount(funds.free))}
      </dd>
    </div>
  );
}

const ROWS_FIRST = 12;

function PreviewTableView({ preview }: { readonly preview: Preview }): ReactElement | null {
  const { text } = useSettingsLanguage();
  const { format } = useLanguage();
  const [isWhole, setWhole] = useState(false);
  const { table } = preview;
  if (table === null) return null;
  const rows = isWhole ? table.rows : table.rows.slice(0, ROWS_FIRST);
  return (
    <>
      {/* A box that scrolls takes the focus, so that the keyboard can scroll it. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="scroll-box" role="group" aria-label={table.name} tabIndex={0}>
        <table className="plain-table preview-table" aria-label={table.name}>
          <thead>
            <tr>
              {table.head.map((head) => (
                <th key={head.name} className={head.isNumber ? 'is-number' : ''}>
                  {head.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cells, row) => (
              // Rows have no names of their own: they are the steps in their order.
              // oxlint-disable-next-line react/no-array-index-key
              <tr key={row}>
                {cells.map((cell, place) =>
                  place === 0 ? (
                    <th key={table.head[place]?.name} scope="row">
                      {cell}
                    </th>
                  ) : (
                    <td
                      key={table.head[place]?.name}
                      className={table.head[place]?.isNumber === true ? 'is-number' : ''}
                    >
                      {cell}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {table.rows.length > ROWS_FIRST ? (
        <button type="button" className="preview-more" onClick={() => setWhole(!isWhole)}>
          {isWhole ? text.preview.fewer : text.preview.allRows(format.integer(table.rows.length))}
        </button>
      ) : null}
    </>
  );
}
