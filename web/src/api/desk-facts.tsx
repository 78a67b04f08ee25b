// SPDX-License-Identifier: Apache-2.0
// What every page needs to show a number rightly: the instruments, whether money is real, since when data is old.

import {
  createContext,
  useContext,
  useMemo,
  useSyncExternalStore,
  type Provider,
  type ReactElement,
  type ReactNode,
} from 'react';

import { amountDecimals } from '../number/format.ts';
import { useHealth, useLive } from './queries.ts';
import type { StreamState } from './live.ts';
import type { Desk, Instrument } from './types.ts';

export interface DeskFacts {
  readonly desk: Desk;
  /** The instrument, or null for a symbol that the desk no longer trades. */
  readonly instrument: (symbol: string) => Instrument | null;
  readonly priceDecimals: (symbol: string) => number;
  readonly quantityDecimals: (symbol: string) => number;
  readonly assetDecimals: (asset: string) => number;
}

const FactsContext = createContext<DeskFacts | null>(null);

/** Decimals for a symbol or an asset that no instrument names: enough for any of them. */
const UNKNOWN_DECIMALS = 8;

export function DeskFactsProvider({
  desk,
  children,
}: {
  readonly desk: Desk;
  readonly children: ReactNode;
}): ReactElement {
  const facts = useMemo(() => toFacts(desk), [desk]);
  return <FactsContext value={facts}>{children}</FactsContext>;
}

export function useDeskFacts(): DeskFacts {
  const facts = useContext(FactsContext);
  if (facts === null) throw new Error('Invariant: the page must stand inside DeskFactsProvider');
  return facts;
}

const StaleContext = createContext<number | null>(null);

/** Tells every number on the page since when it is stale. */
export const StaleProvider: Provider<number | null> = StaleContext.Provider;

/** Since when the numbers around are stale, in wall time; null while they are fresh. */
export function useStale(): number | null {
  return useContext(StaleContext);
}

export function useStreamState(): StreamState {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, live.state);
}

/** Since when the numbers on the page may be old, in wall time; null while they are fresh. */
export function useStaleSince(): number | null {
  const state = useStreamState();
  const health = useHealth();
  if (state.kind === 'down') return state.since;
  const market = health.data?.streams.find((stream) => stream.name === 'market');
  if (market?.state === 'down') return market.lastEventAt ?? 0;
  return null;
}

function toFacts(desk: Desk): DeskFacts {
  const bySymbol = new Map(desk.instruments.map((instrument) => [instrument.symbol, instrument]));
  const assets = new Map<string, number>();
  const widen = (asset: string, decimals: number): void => {
    assets.set(asset, Math.max(assets.get(asset) ?? 0, decimals));
  };
  for (const instrument of desk.instruments) {
    widen(instrument.quoteAsset, amountDecimals(instrument.quoteAsset, instrument.priceDecimals));
    widen(instrument.baseAsset, instrument.quantityDecimals);
  }
  return {
    desk,
    instrument: (symbol) => bySymbol.get(symbol) ?? null,
    priceDecimals: (symbol) => bySymbol.get(symbol)?.priceDecimals ?? UNKNOWN_DECIMALS,
    quantityDecimals: (symbol) => bySymbol.get(symbol)?.quantityDecimals ?? UNKNOWN_DECIMALS,
    assetDecimals: (asset) => assets.get(asset) ?? amountDecimals(asset, UNKNOWN_DECIMALS),
  };
}
