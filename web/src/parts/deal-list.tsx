// SPDX-License-Identifier: Apache-2.0
// Running deals with their ladders drawn to scale.

import type { ReactElement } from 'react';

import type { Deal } from '../api/types.ts';
import { LadderStrip } from '../chart/ladder-strip.tsx';
import { useLanguage } from '../language/language.tsx';
import { useStepsText } from '../language/steps-text.ts';
import { dealPath } from '../paths.ts';
import { Anchor } from './anchor.tsx';
import { Badge } from './badge.tsx';
import { dealLook, hasOpenRefusal } from './deal-state.tsx';
import { Profit, ProfitPercent } from './numbers.tsx';
import { Ago } from './times.tsx';
import './deal-list.css';

export function DealList({
  deals,
  hasBot,
}: {
  readonly deals: readonly Deal[];
  readonly hasBot: boolean;
}): ReactElement {
  const { text } = useLanguage();
  const stepsText = useStepsText();
  return (
    <ul className="deal-list">
      {deals.map((deal) => {
        const count = stepsText(deal);
        return (
          <li key={deal.id}>
            <Anchor className="deal-line" href={dealPath(deal.id)}>
              <span className="deal-line-name">
                <strong>{deal.symbol}</strong>{' '}
                <span className="muted">{text.deal.number(String(deal.number))}</span>
              </span>
              <span className="deal-line-aside cut">
                {deal.status === 'open' && !hasOpenRefusal(deal) ? (
                  <span className="muted">{hasBot ? deal.botName : count}</span>
                ) : (
                  <Badge look={dealLook(deal)}>
                    {hasOpenRefusal(deal)
                      ? text.deal.step.rejected
                      : text.deals.status[deal.status]}
                  </Badge>
                )}
              </span>
              <span className="deal-line-ladder">
                <LadderStrip deal={deal} />
              </span>
              <span className="deal-line-profit">
                <Profit value={deal.unrealisedProfit} asset={deal.quoteAsset} />
              </span>
              <span className="deal-line-percent">
                <ProfitPercent value={deal.unrealisedProfitPercent} />
              </span>
              <span className="deal-line-age muted">
                <Ago at={deal.openedAt} />
              </span>
            </Anchor>
          </li>
        );
      })}
    </ul>
  );
}
