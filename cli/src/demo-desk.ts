// SPDX-License-Identifier: Apache-2.0
// What a first start puts on a desk: a policy for the demo connection and three bots to watch.

import { makeSettings, type DcaSettings } from '@kontor/core';

export const DEMO_CONNECTION = 'demo';
export const DEMO_VENUE = 'demo';
/** The account on the demo exchange, and the coins it starts with. */
export const DEMO_ACCOUNT = 'demo:USDT=10000';
const SYNTHETIC_SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];

type MarketKind = 'synthetic' | 'candles' | 'trades' | 'follow';

/** The symbols the demo trades: the replayed one, or three of the synthetic market's. */
export function demoSymbols(offered: readonly string[], kind: MarketKind): readonly string[] {
  if (kind === 'follow') return offered;
  if (kind !== 'synthetic') return offered.slice(0, 3);
  return SYNTHETIC_SYMBOLS.filter((symbol) => offered.includes(symbol));
}

/**
 * What a first policy says of the market: prices that egress asks for itself, of two kinds that must agree, and a book
 * that is neither torn nor empty beside the order.
 */
export const MARKET_LINES: string = `reference source=egress:bookTicker,avgPrice max-age=5s agree=5.0%
liquidity * max-spread=2.0% max-book-share=50%@5.0%`;

const REPLAY_LINES = `; A replay does not keep the clock's time: no price is compared with that of a moment ago.`;

/** The signer's first policy: these pairs, limit orders only, at most so much an order and a day. */
export function demoPolicy(
  symbols: readonly string[],
  quoteAsset: string,
  kind: MarketKind,
): string {
  const isReplay = kind === 'candles' || kind === 'trades';
  return `policy/v1
; What the signer may sign for the demo connection. Everything else is refused.
; Change it with kontor policy edit: a file that was changed otherwise locks orders out.
connection ${DEMO_CONNECTION}
${isReplay ? REPLAY_LINES : MARKET_LINES}
allow id=demo-orders op=order.place symbol=${symbols.join(',')} side=BUY,SELL type=LIMIT,LIMIT_MAKER,STOP_LOSS_LIMIT${isReplay ? '' : ' band=5.0%'} notional<=2000 ${quoteAsset} per-day<=1000000 ${quoteAsset} rate<=200/10s
allow id=demo-cancels op=order.cancel rate<=400/10s
allow id=demo-reads op=read.* rate<=400/10s
default deny
`;
}

/** Three bots of different tempers. */
export function demoBots(symbols: readonly string[]): readonly DcaSettings[] {
  const symbolFor = (index: number): readonly string[] => {
    const symbol = symbols[index % symbols.length];
    return symbol === undefined ? [] : [symbol];
  };
  return [
    makeSettings<DcaSettings>('dca', {
      name: 'Steady',
      symbols: symbolFor(0),
      baseOrderVolume: '100',
      baseOrderType: 'market',
      safetyOrderVolume: '120',
      safetyOrderStep: '0.35',
      maxSafetyOrders: 6,
      maxActiveSafetyOrders: 3,
      volumeScale: '1.2',
      stepScale: '1.15',
      takeProfit: '0.4',
      cooldownSeconds: 5,
      maxActiveDeals: 1,
      maxSlippage: '1',
    }),
    makeSettings<DcaSettings>('dca', {
      name: 'Patient',
      symbols: symbolFor(1),
      baseOrderVolume: '80',
      baseOrderType: 'limit',
      safetyOrderVolume: '100',
      safetyOrderStep: '0.6',
      maxSafetyOrders: 5,
      maxActiveSafetyOrders: 2,
      volumeScale: '1.4',
      stepScale: '1.3',
      takeProfit: '0.8',
      cooldownSeconds: 15,
      maxActiveDeals: 1,
      maxSlippage: '1',
    }),
    makeSettings<DcaSettings>('dca', {
      name: 'Quick, with a stop',
      symbols: symbolFor(2),
      baseOrderVolume: '60',
      baseOrderType: 'market',
      safetyOrderVolume: '60',
      safetyOrderStep: '0.25',
      maxSafetyOrders: 4,
      maxActiveSafetyOrders: 4,
      volumeScale: '1',
      stepScale: '1',
      takeProfit: '0.3',
      stopLoss: '2.5',
      cooldownSeconds: 3,
      maxActiveDeals: 1,
      maxSlippage: '1',
    }),
  ];
}
