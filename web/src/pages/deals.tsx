// SPDX-License-Identifier: Apache-2.0
// All deals: thousands of rows to filter, sort and export; a row opens beside first, as a page second.

import { useMemo, useState, type ReactElement } from 'react';

import { useAddress, type Address } from '../address.ts';
import type { DealFilter, DealRow, DealScope } from '../api/cache.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { useBots, useDealRows } from '../api/queries.ts';
import { dealCsv } from '../deal-csv.ts';
import { useLanguage } from '../language/language.tsx';
import type { Language } from '../language/languages.ts';
import { reasonText } from '../language/reason.ts';
import { signOf } from '../number/format.ts';
import { Button } from '../parts/button.tsx';
import { DataTable, sortRows, type Column } from '../parts/data-table.tsx';
import { DealStatus } from '../parts/deal-state.tsx';
import { FilterField, Select } from '../parts/field.tsx';
import { Amount, NoNumber, Price, Profit, ProfitPercent } from '../parts/numbers.tsx';
import { Segmented } from '../parts/segmented.tsx';
import { useIsPhone } from '../parts/media.ts';
import { SidePanel } from '../parts/side-panel.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { Duration, ShortTime } from '../parts/times.tsx';
import { say } from '../parts/toasts.tsx';
import { ViewsMenu } from '../parts/views-menu.tsx';
import { dealNumber, dealPath } from '../paths.ts';
import { useMay } from '../people/use-may.ts';
import { parseSort, sortText, type Sort } from '../sort-text.ts';
import { DealPanel } from './deal-panel.tsx';
import { DealsMenu } from './deals-menu.tsx';

const DEFAULT_SORT: Sort = { column: 'opened', isDescending: true };
const SCOPES: readonly DealScope[] = ['open', 'closed', 'all'];
const NO_ROWS: readonly DealRow[] = [];
const NO_IDS: ReadonlySet<string> = new Set();

export function DealsPage(): ReactElement {
  const language = useLanguage();
  const { text, format } = language;
  const address = useAddress();
  const isPhone = useIsPhone();
  const filter = useDealFilter(address);
  const result = useDealRows(filter);
  const words = address.parameter('filter') ?? '';
  const order = address.parameter('sort');
  const sort = useMemo(() => parseSort(order, DEFAULT_SORT), [order]);
  const openId = address.parameter('panel');
  const columns = useMemo(() => dealColumns(language), [language]);
  const all = useMemo(
    () => result.data?.pages.flatMap((page) => page.rows) ?? NO_ROWS,
    [result.data],
  );
  const rows = useMemo(
    () => sortRows(filterDeals(all, words, language), columns, sort),
    [all, words, language, columns, sort],
  );
  const [selected, setSelected] = useState(NO_IDS);
  const selection = useMemo(() => ({ ids: selected, onChange: setSelected }), [selected]);
  const isTrader = useMay('trader');
  const total = result.data?.pages[0]?.total ?? 0;
  const isWhole = result.data !== undefined && !result.hasNextPage;
  const isCut = isWhole && result.data?.pages.at(-1)?.nextCursor !== null;
  const open = all.find((row) => row.id === openId);
  const chosen = selected.size === 0 ? NO_ROWS : rows.filter((row) => selected.has(row.id));

  const exportCsv = (): void => {
    download('kontor-deals.csv', dealCsv(rows));
    say(text.deals.exported({ count: rows.length, text: format.integer(rows.length) }));
  };

  return (
    <div className="page-fixed">
      <div className="page-main">
        <header className="page-head">
          <h1>{text.deals.title}</h1>
          <DealFilters address={address} filter={filter} words={words} />
          {isPhone ? null : <ViewsMenu page="deals" />}
          <span className="page-head-space" />
          {isCut ? (
            <span className="needs-you">{text.deals.tooMany(format.integer(all.length))}</span>
          ) : null}
          <span className="muted number" role="status">
            {result.data === undefined
              ? ''
              : isWhole
                ? rows.length === all.length
                  ? text.deals.count({ count: rows.length, text: format.integer(rows.length) })
                  : text.deals.shown(format.integer(rows.length), format.integer(all.length))
                : text.deals.loadingCount(format.integer(all.length), format.integer(total))}
          </span>
          {chosen.length === 0 ? null : (
            <>
              <span className="muted">
                {text.bots.selected({
                  count: chosen.length,
                  text: format.integer(chosen.length),
                })}
              </span>
              <DealsMenu rows={chosen} onDone={() => setSelected(NO_IDS)} />
            </>
          )}
          {isPhone ? null : (
            <Button
              icon="export"
              disabled={!isWhole || rows.length === 0}
              title={isWhole ? text.deals.exportHint : text.deals.exportWait}
              onClick={exportCsv}
            >
              {text.deals.export}
            </Button>
          )}
        </header>
        {result.data === undefined ? (
          result.isError ? (
            <Failed error={result.error} onRetry={() => void result.refetch()} />
          ) : (
            <Skeleton rows={16} />
          )
        ) : (
          <DataTable
            label={text.deals.title}
            rows={rows}
            columns={columns}
            rowId={(row) => row.id}
            rowName={(row) => text.deal.title(row.symbol, text.deal.number(String(row.number)))}
            rowHref={(row) => dealPath(row.id)}
            sort={sort}
            onSort={(next) => address.change({ sort: sortText(next, DEFAULT_SORT) })}
            openId={openId}
            onOpen={(row) => {
              if (row.id === openId) address.go(dealPath(row.id));
              else address.change({ panel: row.id });
            }}
            {...(isTrader ? { selection } : {})}
            empty={
              <NoDeals address={address} isFiltered={words !== '' || filter.scope !== 'all'} />
            }
          />
        )}
      </div>
      {openId === null ? null : (
        <SidePanel
          title={
            open === undefined
              ? text.deal.number(dealNumber(openId))
              : text.deal.title(open.symbol, text.deal.number(String(open.number)))
          }
          href={dealPath(openId)}
          onClose={() => address.change({ panel: null })}
        >
          <DealPanel id={openId} />
        </SidePanel>
      )}
    </div>
  );
}

function DealFilters({
  address,
  filter,
  words,
}: {
  readonly address: Address;
  readonly filter: DealFilter;
  readonly words: string;
}): ReactElement {
  const { text } = useLanguage();
  const { desk } = useDeskFacts();
  const bots = useBots();
  return (
    <>
      <Segmented
        label={text.deals.scopeLabel}
        value={filter.scope}
        options={SCOPES.map((scope) => ({ value: scope, name: text.deals.scope[scope] }))}
        onChange={(scope) => address.change({ scope: scope === 'all' ? null : scope })}
      />
      <Select
        label={text.deals.bot}
        value={filter.botId ?? ''}
        options={[
          { value: '', name: text.deals.allBots },
          ...(bots.data?.map((bot) => ({ value: bot.id, name: bot.name })) ?? []),
        ]}
        onChange={(bot) => address.change({ bot })}
      />
      <Select
        label={text.deals.instrument}
        value={filter.symbol ?? ''}
        options={[
          { value: '', name: text.deals.allInstruments },
          ...desk.instruments.map(({ symbol }) => ({ value: symbol, name: symbol })),
        ]}
        onChange={(symbol) => address.change({ symbol })}
      />
      <FilterField
        label={text.deals.filter}
        value={words}
        onChange={(value) => address.change({ filter: value })}
      />
    </>
  );
}

function NoDeals({
  address,
  isFiltered,
}: {
  readonly address: Address;
  readonly isFiltered: boolean;
}): ReactElement {
  const { text } = useLanguage();
  if (!isFiltered) return <Empty title={text.deals.empty} hint={text.deals.emptyHint} />;
  return (
    <Empty
      title={text.deals.noMatch}
      action={
        <Button
          onClick={() => address.change({ filter: null, scope: null, bot: null, symbol: null })}
        >
          {text.deals.clearFilter}
        </Button>
      }
    />
  );
}

function useDealFilter(address: Address): DealFilter {
  const scope = SCOPES.find((each) => each === address.parameter('scope')) ?? 'all';
  const botId = address.parameter('bot');
  const symbol = address.parameter('symbol');
  return useMemo(() => ({ scope, botId, symbol }), [scope, botId, symbol]);
}

function dealColumns(language: Language): readonly Column<DealRow>[] {
  const { text, format } = language;
  const { column } = text.deals;
  return [
    {
      id: 'deal',
      head: column.deal,
      width: 148,
      isEssential: true,
      sortKey: (row) => `${row.symbol} ${String(row.number).padStart(9, '0')}`,
      cell: (row) => <DealName row={row} />,
      phoneCell: (row) => (
        <>
          <DealName row={row} />
          <span className="table-second cut">{`${format.short(row.openedAt)} · ${row.botName}`}</span>
        </>
      ),
    },
    {
      id: 'bot',
      rank: 2,
      head: column.bot,
      width: 140,
      isWide: true,
      sortKey: (row) => row.botName,
      cell: (row) => row.botName,
    },
    {
      id: 'status',
      head: column.status,
      width: 124,
      sortKey: (row) => text.deals.status[row.status],
      cell: (row) => <DealStatus status={row.status} />,
    },
    {
      id: 'reason',
      rank: 7,
      head: column.reason,
      width: 156,
      sortKey: (row) => reasonText(row.reason, language),
      cell: (row) => (
        <span className="muted" title={reasonText(row.reason, language)}>
          {reasonText(row.reason, language)}
        </span>
      ),
    },
    {
      id: 'opened',
      rank: 1,
      head: column.opened,
      width: 132,
      isNumber: true,
      sortKey: (row) => row.openedAt,
      cell: (row) => <ShortTime at={row.openedAt} />,
    },
    {
      id: 'duration',
      rank: 6,
      head: column.duration,
      width: 84,
      isNumber: true,
      sortKey: (row) => (row.closedAt ?? Number.MAX_SAFE_INTEGER) - row.openedAt,
      cell: (row) => <Duration from={row.openedAt} to={row.closedAt} />,
    },
    {
      id: 'safety',
      rank: 3,
      head: column.safety,
      width: 104,
      isNumber: true,
      sortKey: (row) => row.filledSafetyOrders,
      cell: (row) => (
        <span className="number">
          {format.integer(row.filledSafetyOrders)}
          {row.kind === 'dca' ? (
            <span className="faint">{` / ${format.integer(row.safetyOrders)}`}</span>
          ) : null}
        </span>
      ),
    },
    {
      id: 'cost',
      rank: 5,
      head: column.cost,
      width: 124,
      isNumber: true,
      sortKey: (row) => Number(row.cost),
      cell: (row) => <Amount value={row.cost} asset={row.quoteAsset} />,
    },
    {
      id: 'average',
      rank: 8,
      head: column.average,
      width: 112,
      isNumber: true,
      cell: (row) =>
        row.averagePrice === null ? (
          <NoNumber />
        ) : (
          <Price value={row.averagePrice} symbol={row.symbol} />
        ),
    },
    {
      id: 'profit',
      head: column.profit,
      width: 132,
      isNumber: true,
      isEssential: true,
      sortKey: (row) => Number(profitOf(row).amount),
      cell: (row) => <Profit value={profitOf(row).amount} asset={row.quoteAsset} />,
      phoneCell: (row) => (
        <>
          <Profit value={profitOf(row).amount} asset={row.quoteAsset} />
          <span className="table-second">
            <DealStatus status={row.status} />
          </span>
        </>
      ),
    },
    {
      id: 'percent',
      rank: 4,
      head: column.percent,
      width: 100,
      isNumber: true,
      sortKey: (row) => Number(profitOf(row).percent),
      cell: (row) => <ProfitPercent value={profitOf(row).percent} />,
    },
  ];
}

function DealName({ row }: { readonly row: DealRow }): ReactElement {
  const { text } = useLanguage();
  return (
    <>
      <strong>{row.symbol}</strong>{' '}
      <span className="muted">{text.deal.number(String(row.number))}</span>
    </>
  );
}

/** Of a deal that runs what it would bring now, of one that is over what it brought. */
function profitOf(row: DealRow): { readonly amount: string; readonly percent: string } {
  return row.closedAt === null && signOf(row.realisedProfit) === 0
    ? { amount: row.unrealisedProfit, percent: row.unrealisedProfitPercent }
    : { amount: row.realisedProfit, percent: row.realisedProfitPercent };
}

/** Deals whose name, bot, status or reason hold every word typed. */
function filterDeals(
  rows: readonly DealRow[],
  filter: string,
  language: Language,
): readonly DealRow[] {
  const { text } = language;
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const whole =
      `${row.symbol} #${row.number} ${row.botName} ${text.deals.status[row.status]} ${reasonText(row.reason, language)}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the file by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
