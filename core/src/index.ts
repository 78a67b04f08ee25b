// SPDX-License-Identifier: Apache-2.0
// The public API of the trading machine.

export * from './decimal.ts';
export * from './instrument.ts';
export * from './machine.ts';
export * from './order.ts';
export * from './units.ts';
export * from './matching/engine.ts';
export * from './candle.ts';
export * from './candle-interval.ts';
export * from './candle-resample.ts';
export { daysLeft, daysText } from './days-left.ts';
export * from './policy-words.ts';
export { shellWord } from './shell-word.ts';
export type { Bar, Bars, Indicator, PeriodSettings } from './indicators/indicator.ts';
export * from './indicators/bollinger.ts';
export * from './indicators/commodity-channel.ts';
export * from './indicators/directional-movement.ts';
export * from './indicators/heikin-ashi.ts';
export * from './indicators/macd.ts';
export * from './indicators/money-flow.ts';
export * from './indicators/moving-average.ts';
export * from './indicators/parabolic-sar.ts';
export * from './indicators/rate-of-change.ts';
export * from './indicators/relative-strength.ts';
export * from './indicators/rolling-volume.ts';
export * from './indicators/stochastic.ts';
export * from './indicators/technical-rating.ts';
export * from './indicators/true-range.ts';
export * from './indicators/ultimate-oscillator.ts';
export * from './conditions/condition.ts';
export * from './conditions/condition-series.ts';
export * from './conditions/condition-watcher.ts';
export { decisionIntervals, signalReading } from './conditions/decision.ts';
export * from './conditions/lookahead.ts';
export * from './settings/field.ts';
export type { BotKind } from './bot/kind.ts';
export * from './bot/settings.ts';
export * from './bot/step.ts';
export type * from './bot/deal-order.ts';
export type { SignalWatch } from './bot/state.ts';
export { addedOrderFault } from './bot/deal-manual.ts';
export type { ManualMarket } from './bot/manual-order.ts';
export { orderFault, type OrderFault } from './bot/order-rules.ts';
export type * from './dca/bot.ts';
export * from './dca/deal-ladder.ts';
export type * from './dca/deal.ts';
export type { DcaSettings } from './dca/terms.ts';
export { MAX_SAFETY_ORDERS } from './dca/settings.ts';
export { profitGoal, rungPrice, stopLossPrice, takeProfitTicks } from './dca/ladder.ts';
export * from './dca/preview.ts';
export { DCA_DEAL_FIELDS, editErrors } from './dca/deal-edit.ts';
export { manualFault, type ManualCommand } from './dca/manual-orders.ts';
export type * from './bot/handover.ts';
export type { PendingSignal, SignalBotState, SignalSlot } from './signal/state.ts';
export * from './signal/given.ts';
export { signalFault } from './signal/acceptance.ts';
export { signalPlan, type SignalSettings } from './signal/settings.ts';
export type { SmartTradeBotState } from './smart-trade/bot.ts';
export type { TradeDeal } from './smart-trade/deal.ts';
export { heldPosition, settingsOfHandover } from './smart-trade/held.ts';
export type * from './smart-trade/plan.ts';
export * from './smart-trade/preview.ts';
export {
  beginsHeld,
  directionOf,
  planOf,
  type HeldTerm,
  type SmartTradeSettings,
  type TradeType,
} from './smart-trade/settings.ts';
export { tradeView, type TradeStepView, type TradeView } from './smart-trade/view.ts';
export { dealView } from './bot/deal-view.ts';
export type {
  DealOutcome,
  DealStatus,
  DealView,
  DealWait,
  OrderView,
  TakeProfitView,
} from './bot/common-view.ts';
export type { GridBotState, GridStart } from './grid/bot.ts';
export type * from './grid/deal.ts';
export { lineTicks, type Lattice, type Spacing } from './grid/lattice.ts';
export * from './grid/preview.ts';
export type { GridSettings, GridStop, StopAction } from './grid/terms.ts';
export { gridView, type GridLineView, type GridView } from './grid/view.ts';
export * from './journal.ts';
export type * from './rebalance/bot.ts';
export { portfolioCash } from './rebalance/bot.ts';
export { previewRebalance, type RebalancePreview, type RebalanceRow } from './rebalance/preview.ts';
export type * from './rebalance/deal.ts';
export { coinsWorth, WORTH_SCALE } from './rebalance/deal.ts';
export type { RebalanceSettings, TargetShare } from './rebalance/settings.ts';
export * from './position.ts';
export * from './risk/exposure.ts';
export * from './risk/limits.ts';
export * from './risk/planned.ts';
export * from './risk/reservations.ts';
export type { EquityPoint } from './backtest/equity.ts';
export * from './backtest/run.ts';
export type { BacktestStatistics } from './backtest/statistics.ts';
