// SPDX-License-Identifier: Apache-2.0
// The strip above every page: which market this is, whether the desk is well, what is stale.

import { useState, type ReactElement, type ReactNode } from 'react';

import { useDeskFacts, useStreamState } from '../api/desk-facts.tsx';
import { marketNow, useEverySecond } from '../api/market-clock.ts';
import { useHealth } from '../api/queries.ts';
import type { Market, StreamHealth } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import type { Language } from '../language/languages.ts';
import { Button } from '../parts/button.tsx';
import { HealthBadge } from '../parts/health-badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { useSessionState } from '../people/session-state.ts';
import { RiskSwitch } from './risk-switch.tsx';
import './strip.css';

export function Strip({ onCommands }: { readonly onCommands: () => void }): ReactElement {
  const { text } = useLanguage();
  const { desk } = useDeskFacts();
  const warning = useWarning();
  const { data: session } = useSessionState();
  return (
    <header className="strip">
      <p className="strip-name">Kontor</p>
      <div className="strip-middle" role="status">
        {warning === null ? <MarketLine market={desk.market} /> : warning}
      </div>
      {session?.role === 'viewer' ? null : <RiskSwitch />}
      <span className="strip-health">
        <HealthBadge />
      </span>
      <button type="button" className="strip-commands" onClick={onCommands}>
        <Icon name="search" />
        <span>{text.palette.title}</span>
        <kbd aria-hidden="true">{isApple() ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
    </header>
  );
}

function MarketLine({ market }: { readonly market: Market }): ReactElement {
  const language = useLanguage();
  const { text, format } = language;
  const clock = useEverySecond(() => format.short(marketNow()));
  const seconds = useEverySecond(() => format.full(marketNow()));
  return (
    <p className={market.isSimulated ? 'market-line is-simulated' : 'market-line'}>
      <strong>{marketName(market, language)}</strong>
      <span className="market-line-text cut">{marketText(market, language)}</span>
      {market.isSimulated ? (
        <span className="market-line-speed">{speedText(market, language)}</span>
      ) : null}
      {market.marketTime === null ? null : (
        <span className="market-line-time number" title={`${text.market.time}: ${seconds}`}>
          {clock}
        </span>
      )}
    </p>
  );
}

function marketName(market: Market, { text }: Language): string {
  switch (market.kind) {
    case 'synthetic':
      return text.market.synthetic;
    case 'candles':
    case 'trades':
      return text.market.replay;
    case 'paper':
      return text.market.paper;
    case 'exchange':
      return market.isSimulated ? text.market.synthetic : text.market.exchange;
  }
}

function marketText(market: Market, { text }: Language): string {
  switch (market.kind) {
    case 'synthetic':
      return text.market.syntheticText(market.label);
    case 'candles':
      return text.market.candlesText(market.label);
    case 'trades':
      return text.market.tradesText(market.label);
    case 'paper':
      return text.market.paperText(market.label);
    case 'exchange':
      return market.isSimulated
        ? text.market.simulatedExchangeText(market.label)
        : text.market.exchangeText(market.label);
  }
}

function speedText(market: Market, { text, format }: Language): string {
  if (market.hasEnded) return text.market.ended;
  if (market.speed === 0) return text.market.paused;
  if (market.speed === 1) return text.market.live;
  return text.market.speed(format.multiple(market.speed));
}

/** The most urgent thing that makes the page doubtful, or null. */
function useWarning(): ReactNode {
  const { desk } = useDeskFacts();
  // The server may be replaced under an open page.
  const [pageVersion] = useState(desk.version);
  const { text, format } = useLanguage();
  const state = useStreamState();
  const { data: health } = useHealth();
  if (state.kind === 'down') {
    return <Warning>{text.health.connectionDown(format.clock(state.since))}</Warning>;
  }
  if (desk.version !== pageVersion) {
    return (
      <>
        <Warning>{text.health.updated}</Warning>
        <Button onClick={() => location.reload()}>{text.health.reload}</Button>
      </>
    );
  }
  if (health === undefined) return null;
  const down = health.processes.find((process) => process.state !== 'up');
  if (down !== undefined) {
    return <Warning>{text.health.processDown(text.health.process[down.name])}</Warning>;
  }
  const stream = health.streams.find((each) => each.state === 'down');
  if (stream !== undefined) return <Warning>{streamWarning(stream, { text, format })}</Warning>;
  const [still] = health.connections;
  if (still === undefined) return null;
  return <Warning>{text.health.connection[still.state](still.name)}</Warning>;
}

function streamWarning(
  stream: StreamHealth,
  { text, format }: Pick<Language, 'text' | 'format'>,
): string {
  const { lastEventAt } = stream;
  if (stream.name === 'market') {
    return lastEventAt === null
      ? text.health.marketNever
      : text.health.marketDown(format.clock(lastEventAt));
  }
  if (stream.name === 'reconciliation') return text.health.notCompared;
  return lastEventAt === null
    ? text.health.accountNever
    : text.health.accountDown(format.clock(lastEventAt));
}

function Warning({ children }: { readonly children: string }): ReactElement {
  return (
    <p className="strip-warning" title={children}>
      <Icon name="warning" />
      <span className="cut">{children}</span>
    </p>
  );
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
