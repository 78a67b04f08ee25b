// SPDX-License-Identifier: Apache-2.0
// Backtests over stored candles, and their reports.

export { modelCaveats, type BacktestDocument, type DepthCheck } from './document.ts';
export { isPassed, type LookaheadCheck } from './lookahead.ts';
export { lookaheadText } from './lookahead-text.ts';
export type { MarketRules } from './market.ts';
export type {
  BacktestOutcome,
  BacktestProgress,
  BacktestRequest,
  CandlesWanted,
} from './run-request.ts';
export type { Assignment } from './settings-input.ts';
export { reportText } from './report-text.ts';
export { startBacktest } from './start.ts';
