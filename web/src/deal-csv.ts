// SPDX-License-Identifier: Apache-2.0
// Deals as CSV (RFC 4180): raw decimal text and ISO times, so that a spreadsheet or a script reads them exactly.

import type { DealRow } from './api/cache.ts';

const FIELDS = [
  ['deal', (row) => row.id],
  ['bot', (row) => row.botName],
  ['symbol', (row) => row.symbol],
  ['status', (row) => row.status],
  ['reason', (row) => row.reason],
  ['openedAt', (row) => toIso(row.openedAt)],
  ['closedAt', (row) => (row.closedAt === null ? '' : toIso(row.closedAt))],
  ['filledSafetyOrders', (row) => String(row.filledSafetyOrders)],
  ['quantity', (row) => row.quantity],
  ['baseAsset', (row) => row.baseAsset],
  ['cost', (row) => row.cost],
  ['averagePrice', (row) => row.averagePrice ?? ''],
  ['takeProfitPrice', (row) => row.takeProfitPrice ?? ''],
  ['stopLossPrice', (row) => row.stopLossPrice ?? ''],
  ['realisedProfit', (row) => row.realisedProfit],
  ['realisedProfitPercent', (row) => row.realisedProfitPercent],
  ['unrealisedProfit', (row) => row.unrealisedProfit],
  ['unrealisedProfitPercent', (row) => row.unrealisedProfitPercent],
  ['quoteAsset', (row) => row.quoteAsset],
] as const satisfies readonly (readonly [string, (row: DealRow) => string])[];

export function dealCsv(rows: readonly DealRow[]): string {
  const lines = [FIELDS.map(([name]) => name).join(',')];
  for (const row of rows) lines.push(FIELDS.map(([, read]) => toField(read(row))).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** Quoted where needed. Text that a spreadsheet would run as a formula is made text by an apostrophe. */
function toField(value: string): string {
  const isNumber = /^-?\d+(\.\d+)?$/.test(value);
  const safe = !isNumber && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function toIso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
