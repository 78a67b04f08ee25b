// SPDX-License-Identifier: Apache-2.0
// A grid that can be checked in the head: lines at 90, 95, 100, 105 and 110, one coin each, without fees.

import assert from 'node:assert/strict';
import {
  createBot,
  encodeJournal,
  makeSettings,
  step,
  type BotCommand,
  type DealNote,
  type Effect,
  type GridBotState,
  type GridDeal,
  type GridSettings,
} from '../src/index.ts';
import { COIN, play, type Row } from './deal-script.ts';

const PLAIN_GRID: Partial<Omit<GridSettings, 'kind'>> = {
  name: 'grid',
  symbols: ['COINUSDT'],
  lowerPrice: '90',
  upperPrice: '110',
  lines: 5,
  quantityPerLine: '1',
  quantityUnit: 'base',
};

export function gridSettings(changes: Partial<Omit<GridSettings, 'kind'>> = {}): GridSettings {
  return makeSettings<GridSettings>('grid', { ...PLAIN_GRID, ...changes });
}

export function gridBot(
  changes: Partial<Omit<GridSettings, 'kind'>> = {},
  feeRatePpm: number = 0,
): GridBotState {
  return createBot({
    botId: 'test',
    clientOrderIdPrefix: 'k-',
    settings: gridSettings(changes),
    instruments: [COIN],
    feeRatePpm,
  });
}

export function gridOf(bot: GridBotState): GridDeal {
  const deal = bot.deals[0] ?? bot.endedDeals.at(-1);
  assert.ok(deal !== undefined);
  return deal;
}

/** Rows that bring the plain grid to where its lines stand, bought at 100.00. */
export const LAID: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.00 @ 101.00 IOC'],
  ['accept 1-1'],
  ['fill 1-1 2.00 @ 100.00', 'quote? COINUSDT'],
  ['end 1-1 filled 2.00'],
  [
    'quote 99.99 100.00 100.00',
    'sell 1-2 gridLine 4 1.00 @ 105.00 GTC',
    'sell 1-3 gridLine 5 1.00 @ 110.00 GTC',
    'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
    'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
  ],
  ['accept 1-2'],
  ['accept 1-3'],
  ['accept 1-4'],
  ['accept 1-5'],
];

/** Plays `rows` and gives the notes of `kind`. */
export function notesOf(
  bot: GridBotState,
  kind: DealNote['kind'],
  rows: readonly Row[],
): readonly DealNote['values'][] {
  return play(bot, rows)
    .filter(({ note }) => note.kind === kind)
    .map(({ note }) => note.values);
}

/** What `command` at `seconds` after the start of a script makes the bot want, notes aside; and the notes. */
export function commanded(
  bot: GridBotState,
  command: BotCommand,
): { readonly wants: readonly string[]; readonly notes: readonly DealNote[] } {
  const effects = step(bot, { kind: 'command', time: 1_700_000_000_000, command });
  const wants = effects.flatMap((effect) => told(effect));
  const notes = effects.flatMap((effect) => (effect.kind === 'notify' ? [effect.note] : []));
  return { wants, notes };
}

function told(effect: Effect): string[] {
  switch (effect.kind) {
    case 'placeOrder': {
      const { order, purpose, ladderIndex } = effect;
      return [
        `${order.side} ${order.clientOrderId.slice(2)} ${purpose} ${ladderIndex} ${order.quantity} @ ${order.priceTicks}`,
      ];
    }
    case 'cancelOrder':
      return [`cancel ${effect.clientOrderId.slice(2)}`];
    case 'requestQuote':
      return [`quote? ${effect.symbol}`];
    case 'notify':
      return [];
    default:
      return [encodeJournal(effect)];
  }
}
