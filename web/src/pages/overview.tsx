// SPDX-License-Identifier: Apache-2.0
// The first page: how it goes, what runs, what just happened.

import { lazy, Suspense, useMemo, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { useBots, useNotes, useRunningDeals, useTotals, useVault } from '../api/queries.ts';
import type { Deal, Totals } from '../api/types.ts';
import { ChartPanel } from '../chart/chart-panel.tsx';
import { ProfitCurve } from '../chart/profit-curve.tsx';
import { useLanguage } from '../language/language.tsx';
import { isNotable } from '../language/note-sentence.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Card } from '../parts/card.tsx';
import { DealList } from '../parts/deal-list.tsx';
import { EventList } from '../parts/event-list.tsx';
import { Figure, Figures } from '../parts/figure.tsx';
import { HealthCard } from '../parts/health-card.tsx';
import { Amount, CountOf, Profit } from '../parts/numbers.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { useSymbolOf } from '../parts/symbol-of.ts';
import { paths } from '../paths.ts';
import { ProtectOffer } from '../people/protect-offer.tsx';
import './overview.css';

/** Loaded when the vault is locked. */
const LockedVaultNote = lazy(async () => ({
  default: (await import('./vault-card.tsx')).LockedVaultNote,
}));
const NO_DEALS: readonly Deal[] = [];
/** More stand on the page of deals. */
const DEALS_MOST = 50;
const EVENTS_MOST = 60;

export function OverviewPage(): ReactElement {
  const { text } = useLanguage();
  const { desk } = useDeskFacts();
  const address = useAddress();
  const totals = useTotals();
  const vault = useVault();
  const deals = useRunningDeals();
  const symbols = desk.instruments.map((instrument) => instrument.symbol);
  const symbol = pickSymbol(address.parameter('symbol'), symbols, deals.data ?? NO_DEALS);
  return (
    <div className="page-scroll overview">
      <h1 className="hidden-text">{text.overview.title}</h1>
      {vault.data?.isOpen === false ? (
        <Suspense fallback={null}>
          <LockedVaultNote />
        </Suspense>
      ) : null}
      <ProtectOffer />
      {totals.isError && totals.data === undefined ? (
        <Failed error={totals.error} onRetry={() => void totals.refetch()} />
      ) : (
        <TotalsBand totals={totals.data ?? null} />
      )}
      <div className="overview-grid">
        <ChartPanel
          symbol={symbol}
          symbols={symbols}
          onSymbol={(next) => address.change({ symbol: next })}
          deals={deals.data ?? NO_DEALS}
          isFittedFirst={false}
        />
        <div className="overview-side">
          <Card title={text.overview.curve} className="overview-curve">
            {totals.data === undefined ? <Skeleton /> : <ProfitCurve totals={totals.data} />}
          </Card>
          <HealthCard />
        </div>
        <RunningDeals />
        <LatestEvents />
      </div>
    </div>
  );
}

function TotalsBand({ totals }: { readonly totals: Totals | null }): ReactElement {
  const { text } = useLanguage();
  const { desk } = useDeskFacts();
  const tag = desk.market.isSimulated ? text.common.simulated : undefined;
  const wait = <span className="faint">…</span>;
  return (
    <Figures label={text.overview.figures}>
      <Figure name={text.overview.realised} tag={tag}>
        {totals === null ? (
          wait
        ) : (
          <Profit value={totals.realisedProfit} asset={totals.quoteAsset} />
        )}
      </Figure>
      <Figure name={text.overview.unrealised} tag={tag}>
        {totals === null ? (
          wait
        ) : (
          <Profit value={totals.unrealisedProfit} asset={totals.quoteAsset} />
        )}
      </Figure>
      <Figure name={text.overview.fundsInUse} tag={tag}>
        {totals === null ? wait : <Amount value={totals.fundsInUse} asset={totals.quoteAsset} />}
      </Figure>
      <Figure name={text.overview.runningDeals}>
        {totals === null ? wait : <CountOf value={totals.activeDeals} />}
      </Figure>
      <Figure name={text.overview.completedDeals}>
        {totals === null ? wait : <CountOf value={totals.completedDeals} />}
      </Figure>
      <Figure name={text.overview.runningBots}>
        {totals === null ? wait : <CountOf value={totals.runningBots} />}
      </Figure>
    </Figures>
  );
}

function RunningDeals(): ReactElement {
  const { text } = useLanguage();
  const deals = useRunningDeals();
  return (
    <Card
      title={text.overview.deals}
      className="overview-deals"
      aside={
        <Anchor className="card-link" href={`${paths.deals}?scope=open`}>
          {text.common.all}
        </Anchor>
      }
    >
      {deals.data === undefined ? (
        deals.isError ? (
          <Failed error={deals.error} onRetry={() => void deals.refetch()} />
        ) : (
          <Skeleton rows={5} height={40} />
        )
      ) : deals.data.length === 0 ? (
        <Empty
          title={text.overview.dealsEmpty}
          hint={text.overview.dealsEmptyHint}
          action={
            <Anchor className="button button-plain" href={paths.bots}>
              {text.overview.toBots}
            </Anchor>
          }
        />
      ) : (
        <DealList deals={deals.data.slice(0, DEALS_MOST)} hasBot />
      )}
    </Card>
  );
}

function LatestEvents(): ReactElement {
  const { text } = useLanguage();
  const notes = useNotes();
  const symbolOf = useSymbolOf();
  const { data: bots } = useBots();
  const botNameOf = useMemo(() => {
    const names = new Map(bots?.map(({ id, name }) => [id, name]));
    return (botId: string): string => names.get(botId) ?? '';
  }, [bots]);
  const shown = notes.data?.filter(isNotable).slice(0, EVENTS_MOST);
  return (
    <Card title={text.overview.events} className="overview-events">
      {shown === undefined ? (
        notes.isError ? (
          <Failed error={notes.error} onRetry={() => void notes.refetch()} />
        ) : (
          <Skeleton rows={5} height={48} />
        )
      ) : shown.length === 0 ? (
        <Empty title={text.overview.eventsEmpty} />
      ) : (
        <EventList
          label={text.overview.events}
          notes={shown}
          symbolOf={symbolOf}
          hasDeal
          botNameOf={botNameOf}
        />
      )}
    </Card>
  );
}

/** The instrument of the address, or of the newest running deal, or the first. */
function pickSymbol(
  asked: string | null,
  symbols: readonly string[],
  deals: readonly Deal[],
): string {
  if (asked !== null && symbols.includes(asked)) return asked;
  return deals[0]?.symbol ?? symbols[0] ?? '';
}
