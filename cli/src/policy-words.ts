// SPDX-License-Identifier: Apache-2.0
// A policy in words, for the terminal: what each line means, and what the worst day could cost.

import type { api } from '@kontor/server';

type Words = readonly string[];

/** The policy of one connection in lines. */
export function connectionWords(connection: api.PolicyConnection): Words {
  const { reference, floors, lines, worstDay } = connection;
  return [
    connection.connection,
    ...lines.map((line) => `  ${lineWords(line)}`),
    ...(reference === null ? [] : [`  ${referenceWords(reference)}`]),
    ...floors.map((floor) => `  ${floorWords(floor)}`),
    '  Everything else is refused.',
    ...worstDayWords(worstDay).map((line) => `  ${line}`),
  ];
}

/** How a policy differs from the one before it. */
export function differenceWords({ direction, changes, reasons }: api.PolicyDifference): Words {
  if (direction === 'same') return ['Nothing changes in what is allowed.'];
  return [
    direction === 'tightening'
      ? 'It only tightens: nothing is allowed that was refused.'
      : 'It loosens, or may:',
    ...(direction === 'tightening' ? [] : reasons.map((reason) => `  ${reason}`)),
    ...changes.map(
      ({ connection, kind, text }) => `${kind === 'added' ? '+' : '-'} ${connection}: ${text}`,
    ),
  ];
}

/** What the policy says to one order. */
export function explanationWords({
  isAllowed,
  rule,
  reason,
  limits,
}: api.PolicyExplanation): Words {
  return [
    isAllowed ? `Allowed by ${rule}.` : `Refused by ${rule}: ${reason}.`,
    ...limits.map(({ field, limit, used }) =>
      used === ''
        ? `  ${field}  ${limit}`
        : field === 'liquidity'
          ? `  ${field}  ${limit}: ${used}`
          : `  ${field}  ${used} of ${limit} is used`,
    ),
  ];
}

/** An order that waits for a person, or was released, in one line. */
export function heldWords(held: api.HeldOrder): string {
  const { order, side, quantity, symbol, price, notional, rule, until, isReleased } = held;
  const end = new Date(until).toISOString();
  const state = isReleased ? `released, good until ${end}` : `waits until ${end}`;
  return `${order}  ${side} ${quantity} ${symbol} at ${price}, worth ${notional}, held by ${rule}: ${state}`;
}

function lineWords(line: api.PolicyLine): string {
  const { effect, operations, symbols, sides, types, timesInForce } = line;
  const what = [
    operations.length === 0 ? 'what no request can be' : operations.join(', '),
    ...(sides === null ? [] : [sides.join(' and ')]),
    ...(types === null ? [] : [`of type ${types.join(', ')}`]),
    ...(timesInForce === null ? [] : [`good ${timesInForce.join(', ')}`]),
    ...(symbols === null ? [] : [`in ${symbols.join(', ')}`]),
  ].join(' ');
  if (effect === 'deny') return `Never: ${what}. (${line.id})`;
  const limits = [
    ...(line.band === null ? [] : [`at most ${line.band} worse than the references`]),
    ...(line.notional === null ? [] : [`${line.notional} an order`]),
    ...(line.perDay === null ? [] : [`${line.perDay} in 24 hours`]),
    ...(line.open === null ? [] : [`${line.open} open at once`]),
    ...(line.rate === null ? [] : [`${line.rate} requests`]),
  ];
  const most = limits.length === 0 ? 'without a limit' : `at most ${limits.join(', ')}`;
  const head =
    effect === 'allow'
      ? 'May'
      : `If a person allows it within ${Math.ceil((line.expiresMs ?? 0) / 1_000)} s`;
  return `${head}: ${what}; ${most.replace('at most at most', 'at most')}. (${line.id})`;
}

function referenceWords({
  sources,
  maxAgeMs,
  agree,
}: NonNullable<api.PolicyConnection['reference']>): string {
  const together = agree === null ? '' : `, within ${agree} of each other`;
  return `Prices: ${sources.join(' and ')}, asked by egress, at most ${maxAgeMs / 1_000} s old${together}.`;
}

function floorWords({
  symbols,
  minDayQuote,
  maxSpread,
  bookShare,
}: api.PolicyConnection['floors'][number]): string {
  const demands = [
    ...(minDayQuote === null ? [] : [`at least ${minDayQuote} traded a day`]),
    ...(maxSpread === null ? [] : [`a spread of at most ${maxSpread}`]),
    ...(bookShare === null
      ? []
      : [`an order of at most ${bookShare.share} of what rests within ${bookShare.within}`]),
  ];
  return `Orders in ${symbols === null ? 'all markets' : symbols.join(', ')} need ${demands.join(', ')}; sales of what was bought here need only a band.`;
}

function worstDayWords(days: api.PolicyConnection['worstDay']): Words {
  if (days.length === 0) return ['Worst day: nothing, no order is allowed.'];
  return days.map(({ asset, turnover, loss }) => {
    const unit = asset === null ? '' : ` ${asset}`;
    if (turnover === null || loss === null) {
      return `Worst day: no limit${unit === '' ? '' : ` in${unit}`}. A line allows orders without per-day<=.`;
    }
    if (loss === turnover) {
      return `Worst day: all of ${turnover}${unit} turned over could be lost: a line has no band.`;
    }
    return `Worst day: ${turnover}${unit} turned over; bad prices within the band could cost ${loss}${unit} of it.`;
  });
}
