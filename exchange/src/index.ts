// SPDX-License-Identifier: Apache-2.0
// The venue port and the adapters behind it.

export { binanceAnswers } from './binance/answers.ts';
export { binancePublicMarket, type PublicMarketAddresses } from './binance/public-market.ts';
export * from './port.ts';
