// SPDX-License-Identifier: Apache-2.0
// What may be at stake: limits and states of the desk and of every bot that has its own.

import type { ReactElement } from 'react';

import { useBots, useRisks } from '../api/queries.ts';
import type { Risk } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { Badge } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { riskLook } from '../parts/risk-look.ts';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { botPath } from '../paths.ts';
import { amountsText, RiskCard } from './risk-card.tsx';
import './risk.css';

export function RiskPage(): ReactElement {
  const { text } = useLanguage();
  const risks = useRisks(true);
  return (
    <div className="page-scroll risk">
      <header className="page-head">
        <h1>{text.risk.title}</h1>
      </header>
      <RiskCard scope="desk" title={text.risk.deskTitle} />
      <Card title={text.risk.bots}>
        {risks.data === undefined ? (
          risks.isError ? (
            <Failed error={risks.error} onRetry={() => void risks.refetch()} />
          ) : (
            <Skeleton rows={3} />
          )
        ) : (
          <BotRisks risks={risks.data.filter(({ scope }) => scope !== 'desk')} />
        )}
      </Card>
    </div>
  );
}

function BotRisks({ risks }: { readonly risks: readonly Risk[] }): ReactElement {
  const { text, format } = useLanguage();
  const bots = useBots();
  if (risks.length === 0) return <Empty title={text.risk.noBots} hint={text.risk.noBotsHint} />;
  return (
    // A box that scrolls takes the focus, so that the keyboard can scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="scroll-box" role="group" aria-label={text.risk.bots} tabIndex={0}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{text.risk.column.bot}</th>
            <th>{text.risk.column.state}</th>
            <th className="is-number">{text.risk.column.exposure}</th>
            <th className="is-number">{text.risk.column.orders}</th>
            <th className="is-number">{text.risk.column.today}</th>
          </tr>
        </thead>
        <tbody>
          {risks.map((risk) => {
            const id = risk.scope.slice('bot:'.length);
            return (
              <tr key={risk.scope}>
                <th scope="row">
                  <Anchor className="risk-bot" href={botPath(id)}>
                    {bots.data?.find((bot) => bot.id === id)?.name ?? risk.scope}
                  </Anchor>
                </th>
                <td>
                  <Badge look={riskLook(risk.state)}>{text.risk.botState[risk.state]}</Badge>
                </td>
                <td className="is-number number">{amountsText(risk.exposure, format)}</td>
                <td className="is-number number">{format.integer(risk.openOrders)}</td>
                <td className="is-number number">{amountsText(risk.realisedToday, format)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
