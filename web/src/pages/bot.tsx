// SPDX-License-Identifier: Apache-2.0
// One bot: its ladder drawn to scale, its deals, what it did and why, its settings beside.

import { useParams } from '@tanstack/react-router';
import { useMemo, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { useBots, useBotNotes, useRunningDeals } from '../api/queries.ts';
import type { Bot, Deal } from '../api/types.ts';
import { ChartPanel } from '../chart/chart-panel.tsx';
import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { Card } from '../parts/card.tsx';
import { DealList } from '../parts/deal-list.tsx';
import { EventList } from '../parts/event-list.tsx';
import { Figure, Figures } from '../parts/figure.tsx';
import { Icon } from '../parts/icon.tsx';
import { Amount, Profit } from '../parts/numbers.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { useSymbolOf } from '../parts/symbol-of.ts';
import { copyBotPath, editBotPath, paths } from '../paths.ts';
import { Attention, BotSwitch } from './bot-panel.tsx';
import { useMay } from '../people/use-may.ts';
import { BotMenu } from './bot-menu.tsx';
import { BotSettings } from './bot-settings.tsx';
import { BotState } from './bot-state.tsx';
import { RiskCard } from './risk-card.tsx';
import { NotFoundPage } from './closed.tsx';
import { ConditionsCard } from './conditions-card.tsx';
import './bot.css';

const NO_DEALS: readonly Deal[] = [];

export function BotPage(): ReactElement {
  const { botId } = useParams({ strict: false });
  const bots = useBots();
  const running = useRunningDeals();
  if (bots.data === undefined) {
    return bots.isError ? (
      <Failed error={bots.error} onRetry={() => void bots.refetch()} />
    ) : (
      <Skeleton rows={12} />
    );
  }
  // The deals tell what the bot needs a person for, which stands above everything else.
  if (running.isPending) return <Skeleton rows={12} />;
  const bot = bots.data.find((each) => each.id === botId);
  return bot === undefined ? <NotFoundPage what="bot" /> : <BotView bot={bot} />;
}

function BotView({ bot }: { readonly bot: Bot }): ReactElement {
  const { text, format } = useLanguage();
  const address = useAddress();
  const running = useRunningDeals();
  const notes = useBotNotes(bot.id);
  const symbolOf = useSymbolOf();
  const deals = useMemo(
    () => running.data?.filter((deal) => deal.botId === bot.id) ?? NO_DEALS,
    [running.data, bot.id],
  );
  const isTrader = useMay('trader');
  const { symbols } = bot.settings;
  const asked = address.parameter('symbol');
  const symbol =
    asked !== null && symbols.includes(asked) ? asked : (deals[0]?.symbol ?? symbols[0] ?? '');
  const openedFirst = Math.min(
    ...deals.filter((deal) => deal.symbol === symbol).map((deal) => deal.openedAt),
  );
  const span = useMemo(
    () => (Number.isFinite(openedFirst) ? { from: openedFirst, to: null } : null),
    [openedFirst],
  );
  return (
    <div className="page-scroll">
      <header className="page-head">
        <Anchor className="crumb" href={paths.bots}>
          {text.bots.title}
        </Anchor>
        <span className="faint">/</span>
        <h1>{bot.name}</h1>
        <BotState bot={bot} />
        <span className="page-head-space" />
        {isTrader ? (
          <>
            <Anchor className="button button-plain" href={copyBotPath(bot.id)}>
              <Icon name="copy" />
              {text.bots.copy}
            </Anchor>
            <Anchor className="button button-plain" href={editBotPath(bot.id)}>
              <Icon name="settings" />
              {text.bots.edit}
            </Anchor>
            <BotMenu bot={bot} />
            <BotSwitch bot={bot} />
          </>
        ) : null}
      </header>
      <Attention bot={bot} deals={deals} />
      <Figures label={text.overview.figures} isSmall>
        <Figure name={text.overview.realised}>
          <Profit value={bot.realisedProfit} asset={bot.quoteAsset} />
        </Figure>
        <Figure name={text.overview.unrealised}>
          <Profit value={bot.unrealisedProfit} asset={bot.quoteAsset} />
        </Figure>
        <Figure name={text.overview.fundsInUse}>
          <Amount value={bot.fundsInUse} asset={bot.quoteAsset} />
        </Figure>
        <Figure name={text.overview.runningDeals}>{format.integer(bot.activeDeals)}</Figure>
        <Figure name={text.overview.completedDeals}>{format.integer(bot.completedDeals)}</Figure>
      </Figures>
      <div className="bot-grid">
        <div className="bot-main">
          <ChartPanel
            symbol={symbol}
            symbols={symbols}
            onSymbol={(next) => address.change({ symbol: next })}
            deals={deals}
            isFittedFirst
            span={span}
          />
          <ConditionsCard bot={bot} />
          <Card
            title={text.bot.runningDeals}
            aside={
              <Anchor
                className="card-link"
                href={`${paths.deals}?scope=closed&bot=${encodeURIComponent(bot.id)}`}
              >
                {text.bot.closedDeals}
              </Anchor>
            }
          >
            {deals.length === 0 ? (
              <Empty
                title={text.bot.noDeals}
                hint={bot.state === 'running' ? text.bot.noDealsRunning : text.bot.noDealsStopped}
              />
            ) : (
              <DealList deals={deals} hasBot={false} />
            )}
          </Card>
          <Card title={text.bot.events} className="bot-events">
            {notes.data === undefined ? (
              <Skeleton rows={6} height={40} />
            ) : notes.data.length === 0 ? (
              <Empty title={text.overview.eventsEmpty} />
            ) : (
              <EventList label={text.bot.events} notes={notes.data} symbolOf={symbolOf} hasDeal />
            )}
          </Card>
        </div>
        <div className="bot-side">
          <Card title={text.bot.settings}>
            <div className="card-body">
              <BotSettings bot={bot} />
            </div>
          </Card>
          <RiskCard scope={`bot:${bot.id}`} title={text.risk.title} />
        </div>
      </div>
    </div>
  );
}
