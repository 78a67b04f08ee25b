// SPDX-License-Identifier: Apache-2.0
// A deal beside the table: how it goes, its ladder, what was refused, what happened last.

import type { ReactElement } from 'react';

import { useDeal, useDealNotes } from '../api/queries.ts';
import type { Deal } from '../api/types.ts';
import { LadderStrip } from '../chart/ladder-strip.tsx';
import { useLanguage } from '../language/language.tsx';
import { reasonText } from '../language/reason.ts';
import { DealStatus } from '../parts/deal-state.tsx';
import { EventList } from '../parts/event-list.tsx';
import { Amount, NoNumber, Price, Profit, ProfitPercent, Quantity } from '../parts/numbers.tsx';
import { Failed, Skeleton } from '../parts/states.tsx';
import { ShortTime } from '../parts/times.tsx';
import { DealActionButtons } from './deal-actions.tsx';
import { RefusalNote } from './refusal-note.tsx';
import './panels.css';

const EVENTS_MOST = 30;

export function DealPanel({ id }: { readonly id: string }): ReactElement {
  const language = useLanguage();
  const { text } = language;
  const deal = useDeal(id);
  const notes = useDealNotes(id);
  if (deal.data === undefined) {
    return deal.isError ? (
      <Failed error={deal.error} onRetry={() => void deal.refetch()} />
    ) : (
      <Skeleton rows={10} />
    );
  }
  const { symbol } = deal.data;
  const refused = deal.data.orders.filter((order) => order.state === 'rejected');
  return (
    <>
      <div className="panel-row">
        <DealStatus status={deal.data.status} />
        <span className="muted cut">{reasonText(deal.data.reason, language)}</span>
      </div>
      <LadderStrip deal={deal.data} />
      <DealPairs deal={deal.data} />
      <DealActionButtons deal={deal.data} />
      {refused.map((order) => (
        <RefusalNote key={order.clientOrderId} order={order} symbol={symbol} />
      ))}
      {notes.data === undefined || notes.data.length === 0 ? null : (
        <section aria-label={text.deal.events}>
          <h3 className="panel-title">{text.deal.events}</h3>
          <div className="panel-events">
            <EventList
              label={text.deal.events}
              notes={notes.data.slice(0, EVENTS_MOST)}
              symbolOf={() => symbol}
              hasDeal={false}
            />
          </div>
        </section>
      )}
    </>
  );
}

/** The deal's numbers by name. */
export function DealPairs({ deal }: { readonly deal: Deal }): ReactElement {
  const { text } = useLanguage();
  const { symbol, quoteAsset } = deal;
  return (
    <dl className="pairs">
      <div>
        <dt>{text.deal.realised}</dt>
        <dd>
          <Profit value={deal.realisedProfit} asset={quoteAsset} />{' '}
          <ProfitPercent value={deal.realisedProfitPercent} />
        </dd>
      </div>
      <div>
        <dt>{text.deal.unrealised}</dt>
        <dd>
          <Profit value={deal.unrealisedProfit} asset={quoteAsset} />{' '}
          <ProfitPercent value={deal.unrealisedProfitPercent} />
        </dd>
      </div>
      <div>
        <dt>{deal.direction === 'short' ? text.deal.owed : text.deal.quantity}</dt>
        <dd>
          <Quantity value={deal.quantity} symbol={symbol} hasUnit />
        </dd>
      </div>
      <div>
        <dt>{text.deal.cost}</dt>
        <dd>
          <Amount value={deal.cost} asset={quoteAsset} />
        </dd>
      </div>
      <div>
        <dt>{text.deal.average}</dt>
        <dd>
          <Price value={deal.averagePrice} symbol={symbol} hasUnit />
        </dd>
      </div>
      <div>
        <dt>{text.deal.breakEven}</dt>
        <dd>
          <Price value={deal.breakEvenPrice} symbol={symbol} hasUnit />
        </dd>
      </div>
      <div>
        <dt>{text.deal.takeProfit}</dt>
        <dd>
          <Price value={deal.takeProfitPrice} symbol={symbol} hasUnit />
        </dd>
      </div>
      <div>
        <dt>{text.deal.stopLoss}</dt>
        <dd>
          <Price value={deal.stopLossPrice} symbol={symbol} hasUnit />
        </dd>
      </div>
      <div>
        <dt>{text.deal.opened}</dt>
        <dd>
          <ShortTime at={deal.openedAt} />
        </dd>
      </div>
      <div>
        <dt>{text.deal.closed}</dt>
        <dd>{deal.closedAt === null ? <NoNumber /> : <ShortTime at={deal.closedAt} />}</dd>
      </div>
    </dl>
  );
}
