// SPDX-License-Identifier: Apache-2.0
// The venue port and the adapters behind it.

export { binanceAnswers } from './binance/answers.ts';
export { CANDLES_PER_PAGE } from './binance/public-candles.ts';
export { binancePublicMarket, type PublicMarketAddresses } from './binance/public-market.ts';
export { deskOrderId } from './order-tag.ts';
export * from './port.ts';
