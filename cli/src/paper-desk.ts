// SPDX-License-Identifier: Apache-2.0
// What a paper desk is: the demo exchange with a real exchange's public prices, under names of its own everywhere.

import { MARKET_LINES } from './demo-desk.ts';

/** Exchanges whose prices a paper desk can follow, by their name on the command line. */
const PAPER_VENUES: Readonly<Record<string, { readonly label: string }>> = {
  binance: { label: 'Binance' },
};

export const PAPER_CONNECTION = 'paper';
export const PAPER_VENUE_NAMES: readonly string[] = Object.keys(PAPER_VENUES);
const DEFAULT_FUNDS = 'USDT=10000';
const DEFAULT_SYMBOLS: readonly string[] = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];

/** How the exchange's prices reach the desk, as `kontor start` was asked. */
export interface PaperOptions {
  readonly venue: string;
  readonly symbols: readonly string[] | undefined;
  /** Coins of a new paper account: `USDT=10000,BTC=1`. */
  readonly funds: string | undefined;
  readonly fillByVolume: boolean;
  readonly followRest: string | undefined;
  readonly followStreams: string | undefined;
}

/** The venue's name in egress' and the signer's files: never that of a real connection. */
export function paperVenue(venue: string): string {
  return `paper-${venue}`;
}

export function paperLabel(venue: string): string {
  return PAPER_VENUES[venue]?.label ?? venue;
}

/** What a desk's record says of its market. */
export function paperMarket(venue: string, symbols: readonly string[] | undefined): string {
  return `paper:${venue} ${(symbols ?? DEFAULT_SYMBOLS).join(',')}`;
}

/** The pairs in a desk's record, when it is one of a paper desk at `venue`. */
export function recordedSymbols(market: string, venue: string): readonly string[] | undefined {
  const [name, symbols] = market.split(' ');
  return name === `paper:${venue}` ? symbols?.split(',') : undefined;
}

/** The simulator's arguments. */
export function paperArguments(
  options: PaperOptions,
  symbols: readonly string[],
  statePath: string,
): readonly string[] {
  const { venue, funds, fillByVolume, followRest, followStreams } = options;
  return [
    '--market',
    `follow:${venue}`,
    ...symbols.flatMap((symbol) => ['--symbol', symbol]),
    '--account',
    `${PAPER_CONNECTION}:${funds ?? DEFAULT_FUNDS}`,
    '--no-keys',
    '--state',
    statePath,
    ...(fillByVolume ? ['--fill-by-volume'] : []),
    ...(followRest === undefined ? [] : ['--follow-rest', followRest]),
    ...(followStreams === undefined ? [] : ['--follow-streams', followStreams]),
  ];
}

/** The signer's first policy of a paper desk: its pairs, limit orders only, at most so much an order and a day. */
export function paperPolicy(
  pairs: readonly { readonly symbol: string; readonly quoteAsset: string }[],
): string {
  const byQuote = Map.groupBy(pairs, ({ quoteAsset }) => quoteAsset);
  const orders = [...byQuote].map(
    ([quoteAsset, listed]) =>
      `allow id=paper-orders-${quoteAsset.toLowerCase()} op=order.place symbol=${listed.map(({ symbol }) => symbol).join(',')} side=BUY,SELL type=LIMIT,LIMIT_MAKER,STOP_LOSS_LIMIT band=5.0% notional<=2000 ${quoteAsset} per-day<=1000000 ${quoteAsset} rate<=200/10s`,
  );
  return `policy/v1
; What the signer may sign for the paper connection, whose orders reach no real exchange. Everything else is refused.
; Change it with kontor policy edit: a file that was changed otherwise locks orders out.
connection ${PAPER_CONNECTION}
${MARKET_LINES}
${orders.join('\n')}
allow id=paper-cancels op=order.cancel rate<=400/10s
allow id=paper-reads op=read.* rate<=400/10s
default deny
`;
}

/** What to do when the exchange's prices cannot be had. */
export function paperAdvice(): string {
  return `Without the exchange's public prices there is no paper market. Check the connection to the internet, and
whether a firewall or a proxy stands in between. Where the exchange does not serve your place, other addresses
of it can be named with --follow-rest URL and --follow-streams URL. Kontor goes on trying; Ctrl-C ends it.`;
}
