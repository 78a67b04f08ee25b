// SPDX-License-Identifier: Apache-2.0
// What the test of conditions found, for a person at a terminal.

import type { LookaheadDifference, LookaheadValue } from '@kontor/core';
import { timeText } from '../candles/index.ts';
import { isPassed, type LookaheadCheck } from './lookahead.ts';
import { groupedCount } from './shown-number.ts';

const DIFFERENCES_SHOWN = 5;
const STANDINGS = ['unknown', 'not met', 'met'];

/** The checks as lines of text. */
export function lookaheadText(checks: readonly LookaheadCheck[]): string {
  const failed = checks.filter((check) => !isPassed(check));
  return [
    'Do the conditions know the future?',
    'Each was read over all candles, then again with the candles cut off at a close: nothing that comes later may change what was read there. It was also read over candles that begin later: once settled, it must not matter where they begin.',
    '',
    ...checks.flatMap(checkLines),
    '',
    failed.length === 0
      ? 'Nothing of the kind was found.'
      : `${failed.length} of ${checks.length} checks failed: do not trust a backtest with these conditions.`,
  ].join('\n');
}

function checkLines(check: LookaheadCheck): readonly string[] {
  const { symbol, field, report } = check;
  const what = `${field} on ${symbol}`;
  const done = `${groupedCount(report.candles)} candles, cut off at ${groupedCount(report.positionsChecked)} of them; ${groupedCount(report.beginningsChecked)} readings over later beginnings`;
  if (report.knownChecked === 0) {
    return [
      `FAILED  ${what}: nothing could be checked`,
      `        ${done}; the conditions were unknown at every place that was looked at. Give more candles.`,
    ];
  }
  if (report.differencesTotal === 0) return [`passed  ${what}: ${done}`];
  const more = report.differencesTotal - Math.min(DIFFERENCES_SHOWN, report.differences.length);
  return [
    `FAILED  ${what}: ${groupedCount(report.differencesTotal)} differences (${done})`,
    ...report.differences.slice(0, DIFFERENCES_SHOWN).map((one) => `        ${difference(one)}`),
    ...(more > 0 ? [`        and ${groupedCount(more)} more`] : []),
  ];
}

function difference({
  kind,
  condition,
  conditionIndex,
  closeTime,
  whole,
  part,
}: LookaheadDifference): string {
  const why =
    kind === 'future'
      ? 'later candles changed what was read'
      : 'it hangs on where the candles begin';
  return `condition ${conditionIndex + 1} (${condition.kind}) at the close of ${timeText(closeTime)}: ${why}: ${valueText(whole)} over all candles, ${valueText(part)} without them`;
}

function valueText({ status, values }: LookaheadValue): string {
  const shown = values.map((value) => (value === null ? 'none' : value.toPrecision(8)));
  return `${STANDINGS[status] ?? 'unknown'} (${shown.join(', ')})`;
}
