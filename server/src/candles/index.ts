// SPDX-License-Identifier: Apache-2.0
// Market data on disk: importing, storing and reading candles.

export * from './candle-series.ts';
export * from './candle-store.ts';
export * from './candle-symbol.ts';
export * from './errors.ts';
export * from './export.ts';
export * from './import.ts';
export * from './interval.ts';
export * from './time-text.ts';
export type { CandleFileHeader } from './candle-file.ts';
