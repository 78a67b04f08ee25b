// SPDX-License-Identifier: Apache-2.0
// All bots: sort, filter, select, start and stop; a row opens beside first, as a page second.

import { useMemo, useState, type ReactElement } from 'react';

import { useBotActions } from '../actions.ts';
import { useAddress } from '../address.ts';
import { useBots } from '../api/queries.ts';
import type { Bot } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import type { Language } from '../language/languages.ts';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import type { SettingsWords } from '../language/settings-words.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { DataTable, sortRows, type Column } from '../parts/data-table.tsx';
import { FilterField } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { useKeys } from '../parts/keyboard.ts';
import { Amount, Profit } from '../parts/numbers.tsx';
import { useIsPhone } from '../parts/media.ts';
import { SidePanel } from '../parts/side-panel.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { Ago } from '../parts/times.tsx';
import { ViewsMenu } from '../parts/views-menu.tsx';
import { botPath, newBotPath } from '../paths.ts';
import { useMay } from '../people/use-may.ts';
import { parseSort, sortText, type Sort } from '../sort-text.ts';
import { BotsMenu } from './bot-menu.tsx';
import { BotPanel } from './bot-panel.tsx';
import { BotState } from './bot-state.tsx';

const NO_IDS: ReadonlySet<string> = new Set();
const DEFAULT_SORT: Sort = { column: 'name', isDescending: false };

export function BotsPage(): ReactElement {
  const language = useLanguage();
  const { text, format } = language;
  const address = useAddress();
  const isPhone = useIsPhone();
  const bots = useBots();
  const { start, stop } = useBotActions();
  const [selected, setSelected] = useState(NO_IDS);
  const [isBusy, setBusy] = useState(false);

  const filter = address.parameter('filter') ?? '';
  const order = address.parameter('sort');
  const sort = useMemo(() => parseSort(order, DEFAULT_SORT), [order]);
  const openId = address.parameter('panel');
  const { words } = useSettingsLanguage();
  const columns = useMemo(() => botColumns(language, words), [language, words]);
  const isTrader = useMay('trader');
  useKeys(isTrader ? { n: () => address.go(newBotPath(null)) } : {});
  const rows = useMemo(
    () => sortRows(filterBots(bots.data ?? [], filter, language), columns, sort),
    [bots.data, filter, language, columns, sort],
  );
  const chosen = rows.filter((bot) => selected.has(bot.id));
  const startable = chosen.filter((bot) => bot.state === 'stopped');
  const stoppable = chosen.filter((bot) => bot.state === 'running');
  const open = bots.data?.find((bot) => bot.id === openId);

  const run = async (action: Promise<void>): Promise<void> => {
    setBusy(true);
    await action;
    setBusy(false);
    setSelected(NO_IDS);
  };
  const count = (many: number): { count: number; text: string } => ({
    count: many,
    text: format.integer(many),
  });

  return (
    <div className="page-fixed">
      <div className="page-main">
        <header className="page-head">
          <h1>{text.bots.title}</h1>
          <FilterField
            label={text.bots.filter}
            value={filter}
            onChange={(value) => address.change({ filter: value })}
          />
          {isPhone ? null : <ViewsMenu page="bots" />}
          <span className="page-head-space" />
          {chosen.length > 0 ? (
            <>
              <span className="muted">{text.bots.selected(count(chosen.length))}</span>
              <Button
                icon="play"
                disabled={startable.length === 0}
                isBusy={isBusy}
                onClick={() => void run(start(startable))}
              >
                {text.bots.start}
              </Button>
              <Button
                icon="stop"
                disabled={stoppable.length === 0}
                isBusy={isBusy}
                title={text.bots.stopHint}
                onClick={() => void run(stop(stoppable))}
              >
                {text.bots.stop}
              </Button>
              <BotsMenu bots={chosen} onDone={() => setSelected(NO_IDS)} />
            </>
          ) : (
            <>
              <span className="muted">
                {bots.data === undefined ? '' : text.bots.count(count(rows.length))}
              </span>
              {isTrader ? (
                <Anchor className="button button-primary" href={newBotPath(null)}>
                  <Icon name="plus" />
                  {text.bots.new}
                </Anchor>
              ) : null}
            </>
          )}
        </header>
        {bots.data === undefined ? (
          bots.isError ? (
            <Failed error={bots.error} onRetry={() => void bots.refetch()} />
          ) : (
            <Skeleton rows={8} />
          )
        ) : (
          <DataTable
            label={text.bots.title}
            rows={rows}
            columns={columns}
            rowId={(bot) => bot.id}
            rowName={(bot) => bot.name}
            rowHref={(bot) => botPath(bot.id)}
            sort={sort}
            onSort={(next) => address.change({ sort: sortText(next, DEFAULT_SORT) })}
            openId={openId}
            onOpen={(bot) => {
              if (bot.id === openId) address.go(botPath(bot.id));
              else address.change({ panel: bot.id });
            }}
            {...(isTrader ? { selection: { ids: selected, onChange: setSelected } } : {})}
            empty={
              filter === '' ? (
                <Empty
                  title={text.bots.empty}
                  hint={text.bots.emptyHint}
                  action={
                    isTrader ? (
                      <Anchor className="button button-primary" href={newBotPath(null)}>
                        {text.bots.new}
                      </Anchor>
                    ) : null
                  }
                />
              ) : (
                <Empty
                  title={text.bots.noMatch}
                  action={
                    <Button onClick={() => address.change({ filter: null })}>
                      {text.bots.clearFilter}
                    </Button>
                  }
                />
              )
            }
          />
        )}
      </div>
      {open === undefined ? null : (
        <SidePanel
          title={open.name}
          href={botPath(open.id)}
          onClose={() => address.change({ panel: null })}
        >
          <BotPanel bot={open} />
        </SidePanel>
      )}
    </div>
  );
}

function botColumns({ text, format }: Language, words: SettingsWords): readonly Column<Bot>[] {
  return [
    {
      id: 'name',
      head: text.bots.column.name,
      width: 200,
      isWide: true,
      isEssential: true,
      sortKey: (bot) => bot.name,
      cell: (bot) => <strong>{bot.name}</strong>,
      phoneCell: (bot) => (
        <>
          <strong>{bot.name}</strong>
          <span className="table-second">
            <BotState bot={bot} />
          </span>
        </>
      ),
    },
    {
      id: 'state',
      head: text.bots.column.state,
      width: 124,
      sortKey: (bot) => `${bot.attention === null ? 1 : 0} ${bot.state}`,
      cell: (bot) => <BotState bot={bot} />,
    },
    {
      id: 'kind',
      rank: 4,
      head: text.bots.kind,
      width: 112,
      sortKey: (bot) => words.kinds[bot.kind]?.name ?? bot.kind,
      cell: (bot) => words.kinds[bot.kind]?.name ?? bot.kind,
    },
    {
      id: 'symbols',
      rank: 3,
      head: text.bots.column.symbols,
      width: 160,
      sortKey: (bot) => bot.settings.symbols.join(' '),
      cell: (bot) => symbolsText(bot, text.bots.formerSymbols),
    },
    {
      id: 'active',
      rank: 2,
      head: text.bots.column.activeDeals,
      width: 88,
      isNumber: true,
      sortKey: (bot) => bot.activeDeals,
      cell: (bot) => format.integer(bot.activeDeals),
    },
    {
      id: 'completed',
      rank: 5,
      head: text.bots.column.completedDeals,
      width: 104,
      isNumber: true,
      sortKey: (bot) => bot.completedDeals,
      cell: (bot) => format.integer(bot.completedDeals),
    },
    {
      id: 'realised',
      head: text.bots.column.realised,
      width: 136,
      isNumber: true,
      isEssential: true,
      sortKey: (bot) => Number(bot.realisedProfit),
      cell: (bot) => <Profit value={bot.realisedProfit} asset={bot.quoteAsset} />,
    },
    {
      id: 'unrealised',
      head: text.bots.column.unrealised,
      width: 136,
      isNumber: true,
      sortKey: (bot) => Number(bot.unrealisedProfit),
      isEssential: true,
      cell: (bot) => <Profit value={bot.unrealisedProfit} asset={bot.quoteAsset} />,
    },
    {
      id: 'funds',
      rank: 6,
      head: text.bots.column.funds,
      width: 128,
      isNumber: true,
      sortKey: (bot) => Number(bot.fundsInUse),
      cell: (bot) => <Amount value={bot.fundsInUse} asset={bot.quoteAsset} />,
    },
    {
      id: 'created',
      rank: 7,
      head: text.bots.column.created,
      width: 112,
      isNumber: true,
      sortKey: (bot) => bot.createdAt,
      cell: (bot) => <Ago at={bot.createdAt} />,
    },
  ];
}

/** Bots whose name, instruments or state hold every word typed. */
function filterBots(bots: readonly Bot[], filter: string, { text }: Language): readonly Bot[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return bots;
  return bots.filter((bot) => {
    const state = bot.attention === null ? text.bots.state[bot.state] : text.bots.attention;
    const whole = `${bot.name} ${bot.settings.symbols.join(' ')} ${state}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

/** What the bot trades, and beside it what deals from before a change still do. */
function symbolsText(bot: Bot, former: (symbols: string) => string): string {
  const symbols = bot.settings.symbols.join(', ');
  return bot.formerSymbols === undefined
    ? symbols
    : `${symbols} (${former(bot.formerSymbols.join(', '))})`;
}
