// SPDX-License-Identifier: Apache-2.0
// The public API of the trading machine.

export * from './decimal.ts';
export * from './instrument.ts';
export * from './machine.ts';
export * from './order.ts';
export * from './units.ts';
