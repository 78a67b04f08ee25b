// SPDX-License-Identifier: Apache-2.0
// One deal: chart, ladder, orders with what was refused and why, fills, and everything it did.

import { useParams } from '@tanstack/react-router';
import { useMemo, type ReactElement } from 'react';

import { ApiError } from '../api/client.ts';
import { useDeal, useDealNotes } from '../api/queries.ts';
import type { Deal } from '../api/types.ts';
import { ChartPanel } from '../chart/chart-panel.tsx';
import { useLanguage } from '../language/language.tsx';
import { reasonText } from '../language/reason.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Card } from '../parts/card.tsx';
import { DealStatus } from '../parts/deal-state.tsx';
import { EventList } from '../parts/event-list.tsx';
import { Figure, Figures } from '../parts/figure.tsx';
import { Amount, Price, Profit, ProfitPercent, Quantity } from '../parts/numbers.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { Duration, ShortTime } from '../parts/times.tsx';
import { botPath, paths } from '../paths.ts';
import { NotFoundPage } from './closed.tsx';
import { DealActionButtons } from './deal-actions.tsx';
import { DetailsCard } from './deal-details.tsx';
import { FillTable, OrderTable } from './deal-tables.tsx';
import { RefusalNote } from './refusal-note.tsx';
import './deal.css';

export function DealPage(): ReactElement {
  const { dealId } = useParams({ strict: false });
  const deal = useDeal(String(dealId));
  if (deal.data !== undefined) return <DealView deal={deal.data} />;
  if (!deal.isError) return <Skeleton rows={14} />;
  if (deal.error instanceof ApiError && deal.error.status === 404) {
    return <NotFoundPage what="deal" />;
  }
  return <Failed error={deal.error} onRetry={() => void deal.refetch()} />;
}

function DealView({ deal }: { readonly deal: Deal }): ReactElement {
  const language = useLanguage();
  const { text } = language;
  const { openedAt, closedAt } = deal;
  const deals = useMemo(() => [deal], [deal]);
  const span = useMemo(() => ({ from: openedAt, to: closedAt }), [openedAt, closedAt]);
  const refused = deal.orders.filter((order) => order.state === 'rejected');
  return (
    <div className="page-scroll">
      <header className="page-head">
        <Anchor className="crumb" href={paths.deals}>
          {text.deals.title}
        </Anchor>
        <span className="faint">/</span>
        <Anchor className="crumb cut" href={botPath(deal.botId)}>
          {deal.botName}
        </Anchor>
        <span className="faint">/</span>
        <h1>{text.deal.title(deal.symbol, text.deal.number(String(deal.number)))}</h1>
        <DealStatus status={deal.status} />
        {deal.direction === 'short' ? (
          <span className="figure-tag">{text.deal.direction.short}</span>
        ) : null}
        <span className="muted cut">{reasonText(deal.reason, language)}</span>
        <span className="page-head-space" />
        <DealActionButtons deal={deal} />
      </header>
      <DealFigures deal={deal} />
      <div className="deal-grid">
        <div className="deal-main">
          <ChartPanel
            symbol={deal.symbol}
            symbols={[deal.symbol]}
            onSymbol={() => undefined}
            deals={deals}
            isFittedFirst
            span={span}
          />
          {refused.map((order) => (
            <RefusalNote key={order.clientOrderId} order={order} symbol={deal.symbol} />
          ))}
          <Card title={text.deal.orders}>
            {deal.orders.length === 0 ? (
              <Empty title={text.deal.noOrders} />
            ) : (
              <OrderTable deal={deal} />
            )}
          </Card>
          <Card title={text.deal.fills}>
            {deal.fills.length === 0 ? (
              <Empty title={text.deal.noFills} />
            ) : (
              <FillTable deal={deal} />
            )}
          </Card>
        </div>
        <div className="deal-side">
          <DetailsCard deal={deal} />
          <DealEvents deal={deal} />
        </div>
      </div>
    </div>
  );
}

function DealFigures({ deal }: { readonly deal: Deal }): ReactElement {
  const { text } = useLanguage();
  const { symbol, quoteAsset, closedAt } = deal;
  return (
    <Figures label={text.overview.figures} isSmall>
      {closedAt === null ? (
        <Figure
          name={text.deal.unrealised}
          note={<ProfitPercent value={deal.unrealisedProfitPercent} />}
        >
          <Profit value={deal.unrealisedProfit} asset={quoteAsset} />
        </Figure>
      ) : (
        <Figure
          name={text.deal.realised}
          note={<ProfitPercent value={deal.realisedProfitPercent} />}
        >
          <Profit value={deal.realisedProfit} asset={quoteAsset} />
        </Figure>
      )}
      {closedAt === null ? (
        <Figure name={deal.direction === 'short' ? text.deal.owed : text.deal.quantity}>
          <Quantity value={deal.quantity} symbol={symbol} hasUnit />
        </Figure>
      ) : null}
      <Figure name={text.deal.cost}>
        <Amount value={deal.cost} asset={quoteAsset} />
      </Figure>
      <Figure name={text.deal.average}>
        <Price value={deal.averagePrice} symbol={symbol} />
      </Figure>
      <Figure name={text.deal.breakEven}>
        <Price value={deal.breakEvenPrice} symbol={symbol} />
      </Figure>
      <Figure name={text.deal.takeProfit}>
        <Price value={deal.takeProfitPrice} symbol={symbol} />
      </Figure>
      <Figure name={text.deal.opened} note={<Duration from={deal.openedAt} to={closedAt} />}>
        <ShortTime at={deal.openedAt} />
      </Figure>
    </Figures>
  );
}

function DealEvents({ deal }: { readonly deal: Deal }): ReactElement {
  const { text } = useLanguage();
  const notes = useDealNotes(deal.id);
  return (
    <Card title={text.deal.events} className="deal-events">
      {notes.data === undefined ? (
        notes.isError ? (
          <Failed error={notes.error} onRetry={() => void notes.refetch()} />
        ) : (
          <Skeleton rows={6} height={40} />
        )
      ) : notes.data.length === 0 ? (
        <Empty title={text.deal.noEvents} />
      ) : (
        <EventList
          label={text.deal.events}
          notes={notes.data}
          symbolOf={() => deal.symbol}
          hasDeal={false}
        />
      )}
    </Card>
  );
}
