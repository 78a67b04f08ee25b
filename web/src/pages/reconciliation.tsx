// SPDX-License-Identifier: Apache-2.0
// How the desk compares with the exchange: orders it does not know, orders of others, and what was found.

import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import { decideOrphan, sweepNow, useReconciliation } from '../api/queries.ts';
import type { Finding, ForeignOrder, Orphan, Reconciliation } from '../api/types.ts';
import { useErrorText } from '../language/error-text.ts';
import { findingSentence, findingWeight } from '../language/finding-sentence.ts';
import { useLanguage } from '../language/language.tsx';
import { reconciliationIn, type ReconciliationText } from '../language/reconciliation-languages.ts';
import { Badge, type BadgeLook } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { Price, Quantity } from '../parts/numbers.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { Ago } from '../parts/times.tsx';
import { say } from '../parts/toasts.tsx';
import { useMay } from '../people/use-may.ts';
import './reconciliation.css';

export function ReconciliationCard(): ReactElement {
  const words = useWords();
  const found = useReconciliation();
  const isTrader = useMay('trader');
  return (
    <Card title={words.title} aside={isTrader ? <SweepButton /> : null}>
      {found.data === undefined ? (
        found.isError ? (
          <Failed error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <Skeleton rows={6} />
        )
      ) : (
        <div className="card-body reconciliation">
          <LastSweep found={found.data} />
          <Orphans orphans={found.data.orphans} />
          <Foreign found={found.data} />
          <Findings findings={found.data.findings} />
        </div>
      )}
    </Card>
  );
}

function SweepButton(): ReactElement {
  const words = useWords();
  const errorText = useErrorText();
  return (
    <Button
      look="quiet"
      onClick={() => {
        sweepNow().then(
          () => say(words.sweeping),
          (error: unknown) => say(words.notSwept(errorText(error)), { look: 'failed' }),
        );
      }}
    >
      {words.sweep}
    </Button>
  );
}

function LastSweep({ found }: { readonly found: Reconciliation }): ReactElement {
  const words = useWords();
  return (
    <div>
      <p className="muted">
        {words.sweptAt} {found.sweptAt === null ? words.never : <Ago at={found.sweptAt} />}
      </p>
      {found.fault === null ? null : (
        <p className="reconciliation-fault">{words.fault(found.fault)}</p>
      )}
    </div>
  );
}

function Orphans({ orphans }: { readonly orphans: readonly Orphan[] }): ReactElement {
  const words = useWords();
  return (
    <div>
      <h3>{words.orphans}</h3>
      {orphans.length === 0 ? (
        <p className="muted">{words.noOrphans}</p>
      ) : (
        <>
          <p className="muted">{words.orphansHint}</p>
          <ul className="reconciliation-list" aria-label={words.orphans}>
            {orphans.map((orphan) => (
              <OrphanRow key={orphan.id} orphan={orphan} />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function OrphanRow({ orphan }: { readonly orphan: Orphan }): ReactElement {
  const words = useWords();
  const isTrader = useMay('trader');
  return (
    <li className="reconciliation-row">
      <div className="reconciliation-what">
        <p>
          <OrderWords order={orphan} />
        </p>
        <p className="muted">
          <code>{orphan.clientOrderId}</code> {words.reason[orphan.reason]},{' '}
          <Ago at={orphan.placedAt} />
        </p>
        <p className="muted">
          {words.filled} <Quantity value={orphan.filledQuantity} symbol={orphan.symbol} hasUnit />,{' '}
          {words.orderState[orphan.orderState]}
        </p>
      </div>
      <div className="reconciliation-decide">
        <Badge look={lookOf(orphan.state)}>{words.state[orphan.state]}</Badge>
        {orphan.state === 'shown' && isTrader ? <Decide orphan={orphan} /> : null}
      </div>
    </li>
  );
}

function Decide({ orphan }: { readonly orphan: Orphan }): ReactElement {
  const client = useQueryClient();
  const words = useWords();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const id = orphan.clientOrderId;
  const decide = async (decision: 'adopt' | 'cancel'): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      const decided = await decideOrphan(client, orphan.id, decision);
      if (decision === 'adopt') say(words.adopted(id));
      else if (decided.state === 'cancelled') say(words.cancelled(id));
      else say(words.endedSo(id, words.orderState[decided.orderState]));
    } catch (error) {
      const sentence = decision === 'adopt' ? words.notAdopted : words.notCancelled;
      say(sentence(id, errorText(error)), { look: 'failed' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button aria-disabled={isBusy} onClick={() => void decide('adopt')}>
        {words.adopt}
      </Button>
      <HoldButton
        label={words.cancel}
        armedLabel={words.cancelArmed}
        isBusy={isBusy}
        onConfirm={() => void decide('cancel')}
      />
    </>
  );
}

function Foreign({ found }: { readonly found: Reconciliation }): ReactElement {
  const { format } = useLanguage();
  const words = useWords();
  const more = found.foreignCount - found.foreignOrders.length;
  return (
    <div>
      <h3>{words.foreign}</h3>
      <p className="muted">{words.foreignHint}</p>
      {found.foreignCount === 0 ? <p className="muted">{words.noForeign}</p> : null}
      <ul className="reconciliation-list" aria-label={words.foreign}>
        {found.foreignOrders.map((order) => (
          <li key={`${order.symbol} ${order.exchangeOrderId}`} className="reconciliation-row">
            <p className="reconciliation-what">
              <OrderWords order={order} />
            </p>
            <code className="muted">{order.clientOrderId}</code>
          </li>
        ))}
      </ul>
      {more > 0 ? <p className="muted">{words.moreForeign(format.integer(more))}</p> : null}
    </div>
  );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }): ReactElement {
  const language = useLanguage();
  const { words } = reconciliationIn(language.name);
  return (
    <div>
      <h3>{words.findings}</h3>
      {findings.length === 0 ? (
        <Empty title={words.noFindings} />
      ) : (
        // A list that scrolls takes the focus, so that the keyboard can scroll it.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <ol className="reconciliation-findings" aria-label={words.findings} tabIndex={0}>
          {findings.map((finding) => (
            <li key={finding.sequence} className={`finding finding-${findingWeight(finding.code)}`}>
              <p>{findingSentence(finding, language)}</p>
              <p className="muted">
                <Ago at={finding.lastTime} />
                {finding.count > 1
                  ? `, ${words.times(language.format.integer(finding.count))}`
                  : null}
              </p>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function OrderWords({ order }: { readonly order: ForeignOrder }): ReactElement {
  const words = useWords();
  return (
    <>
      {order.side === 'buy' ? words.buy : words.sell}{' '}
      <Quantity value={order.quantity} symbol={order.symbol} /> {order.symbol} @{' '}
      <Price value={order.price} symbol={order.symbol} hasUnit />
    </>
  );
}

function lookOf(state: Orphan['state']): BadgeLook {
  switch (state) {
    case 'shown':
      return 'needsYou';
    case 'adopted':
      return 'on';
    case 'cancelled':
    case 'gone':
      return 'done';
  }
}

function useWords(): ReconciliationText['words'] {
  return reconciliationIn(useLanguage().name).words;
}
