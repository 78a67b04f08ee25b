// SPDX-License-Identifier: Apache-2.0
// What other packages use of the server.

export * from './candles/index.ts';
