// SPDX-License-Identifier: Apache-2.0
// The public API of the trading machine.

export * from './decimal.ts';
export * from './instrument.ts';
export * from './machine.ts';
export * from './order.ts';
export * from './units.ts';
export * from './matching/engine.ts';
export * from './candle.ts';
export * from './dca/bot.ts';
export * from './dca/deal-ladder.ts';
export type * from './dca/deal.ts';
export {
  previewLadder,
  rungPrice,
  stopLossPrice,
  takeProfitTicks,
  type LadderPreview,
  type PreviewRow,
} from './dca/ladder.ts';
export { orderFault, type OrderFault } from './dca/order-rules.ts';
export * from './dca/settings.ts';
export * from './dca/view.ts';
export * from './journal.ts';
export * from './position.ts';
export type { EquityPoint } from './backtest/equity.ts';
export * from './backtest/run.ts';
export type { BacktestStatistics } from './backtest/statistics.ts';
