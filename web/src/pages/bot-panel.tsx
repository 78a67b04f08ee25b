// SPDX-License-Identifier: Apache-2.0
// A bot beside the table: how it goes, what it needs, its running deals, its settings.

import { useState, type ReactElement } from 'react';

import { useBotActions } from '../actions.ts';
import { useRunningDeals } from '../api/queries.ts';
import type { Bot, Deal } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { refusalText } from '../language/reason.ts';
import { Button } from '../parts/button.tsx';
import { DealList } from '../parts/deal-list.tsx';
import { Figure, Figures } from '../parts/figure.tsx';
import { Amount, Profit } from '../parts/numbers.tsx';
import { Skeleton } from '../parts/states.tsx';
import { useMay } from '../people/use-may.ts';
import { BotSettings } from './bot-settings.tsx';
import { BotState } from './bot-state.tsx';
import { RefusalNote } from './refusal-note.tsx';
import './panels.css';

export function BotPanel({ bot }: { readonly bot: Bot }): ReactElement {
  const { text, format } = useLanguage();
  const deals = useRunningDeals();
  const isTrader = useMay('trader');
  if (deals.isPending) return <Skeleton rows={12} />;
  const own = deals.data?.filter((deal) => deal.botId === bot.id) ?? [];
  return (
    <>
      <div className="panel-row">
        <BotState bot={bot} />
        <span className="page-head-space" />
        {isTrader ? <BotSwitch bot={bot} /> : null}
      </div>
      <Attention bot={bot} deals={own} />
      <Figures label={text.overview.figures} isSmall>
        <Figure name={text.bots.column.realised}>
          <Profit value={bot.realisedProfit} asset={bot.quoteAsset} />
        </Figure>
        <Figure name={text.bots.column.unrealised}>
          <Profit value={bot.unrealisedProfit} asset={bot.quoteAsset} />
        </Figure>
        <Figure name={text.bots.column.funds}>
          <Amount value={bot.fundsInUse} asset={bot.quoteAsset} />
        </Figure>
        <Figure name={text.overview.completedDeals}>{format.integer(bot.completedDeals)}</Figure>
      </Figures>
      <section aria-label={text.bot.runningDeals}>
        <h3 className="panel-title">{text.bot.runningDeals}</h3>
        {own.length === 0 ? (
          <p className="muted">{text.bot.noDeals}</p>
        ) : (
          <div className="panel-deals">
            <DealList deals={own} hasBot={false} />
          </div>
        )}
      </section>
      <BotSettings bot={bot} />
    </>
  );
}

/** Starts a stopped bot, stops a running one. Neither needs a gesture: each undoes the other. */
export function BotSwitch({ bot }: { readonly bot: Bot }): ReactElement {
  const { text } = useLanguage();
  const { start, stop } = useBotActions();
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    await (bot.state === 'running' ? stop([bot]) : start([bot]));
    setBusy(false);
  };
  return bot.state === 'running' ? (
    <Button icon="stop" isBusy={isBusy} title={text.bots.stopHint} onClick={() => void run()}>
      {text.bots.stop}
    </Button>
  ) : (
    <Button look="primary" icon="play" isBusy={isBusy} onClick={() => void run()}>
      {text.bots.start}
    </Button>
  );
}

/** What the bot waits for a person with: the refused order itself where it is known, the words otherwise. */
export function Attention({
  bot,
  deals,
}: {
  readonly bot: Bot;
  readonly deals: readonly Deal[];
}): ReactElement | null {
  const language = useLanguage();
  const { attention } = bot;
  if (attention === null) return null;
  for (const deal of deals) {
    if (deal.id !== attention.dealId) continue;
    const order = deal.orders.findLast((each) => each.state === 'rejected');
    if (order !== undefined) return <RefusalNote order={order} symbol={deal.symbol} />;
  }
  return (
    <div className="attention" role="note">
      <strong>{language.text.bots.attention}</strong>
      <p>{refusalText(attention, language)}</p>
    </div>
  );
}
