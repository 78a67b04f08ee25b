// SPDX-License-Identifier: Apache-2.0
// Matching tests as scripts: a line says what is done, the lines after it what the engine must tell.

import assert from 'node:assert/strict';
import {
  MatchingEngine,
  type EngineEvents,
  type EngineOrder,
  type EngineOrderType,
  type SelfTradePrevention,
} from '../src/matching/engine.ts';
import type { Side, TimeInForce } from '../src/order.ts';

/** A call and what must come of it, in order. */
export type Step = readonly [call: string, ...expected: string[]];

/**
 * Runs a script. Orders get the IDs 1, 2, 3 …; an order belongs to an owner of its own unless it says `by`:
 *
 *   buy 5 @ 101 [maker] [IOC] [FOK] [iceberg 2] [by 7] [stp decrement]     limit orders
 *   sell 5 market, buy budget 500                                           market orders
 *   sell 5 stopLoss at 95, buy 5 @ 96 stopLossLimit at 95 trail 100         stops
 *   cancel 1, reduce 1 to 3, print 95 [lots 4], houseTakes sell 95 [lots 4] other calls
 *   book, order 1, last                                                     questions
 *
 * Level events are told only when `levels` is set.
 */
export function check(steps: readonly Step[], options: { readonly levels?: boolean } = {}): void {
  const log = new EventLog(options.levels ?? false);
  const engine = new MatchingEngine(log);
  let nextOrderId = 1;
  steps.forEach(([call, ...expected], index) => {
    const words = call.split(' ');
    const first = words[0];
    if (first === 'buy' || first === 'sell') {
      const verdict = engine.place(parseOrder(nextOrderId, first, words.slice(1)));
      if (verdict === 'accepted') nextOrderId += 1;
      else log.lines.push(`refused ${verdict}`);
    } else {
      perform(engine, log, words);
    }
    assert.deepEqual(log.take(), expected, `step ${index + 1}: ${call}`);
  });
}

/** Writes events as lines. */
export class EventLog implements EngineEvents {
  lines: string[] = [];
  readonly #tellsLevels: boolean;

  constructor(tellsLevels: boolean) {
    this.#tellsLevels = tellsLevels;
  }

  take(): string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  onTrade(trade: Parameters<EngineEvents['onTrade']>[0]): void {
    const { lots, priceTicks, takerOrderId, makerOrderId, takerSide } = trade;
    this.lines.push(`${takerOrderId} ${takerSide}s ${lots} @ ${priceTicks} from ${makerOrderId}`);
  }

  onRested(orderId: number): void {
    this.lines.push(`${orderId} rests`);
  }

  onTriggered(orderId: number): void {
    this.lines.push(`${orderId} triggers`);
  }

  onEnded(orderId: number, end: string, filledLots: number): void {
    this.lines.push(`${orderId} ${end} ${filledLots}`);
  }

  onPrevented(takerOrderId: number, makerOrderId: number, lots: number, priceTicks: number): void {
    this.lines.push(`${takerOrderId} kept from ${lots} @ ${priceTicks} of ${makerOrderId}`);
  }

  onLevel(side: Side, priceTicks: number, lots: number): void {
    if (this.#tellsLevels) this.lines.push(`level ${side} ${priceTicks}: ${lots}`);
  }
}

function perform(engine: MatchingEngine, log: EventLog, words: readonly string[]): void {
  const [call, argument = '', , value = '0'] = words;
  switch (call) {
    case 'cancel':
      if (!engine.cancel(Number(argument))) log.lines.push('no');
      return;
    case 'reduce':
      if (!engine.reduce(Number(argument), Number(value))) log.lines.push('no');
      return;
    case 'print':
      engine.print(Number(argument), Number(value));
      return;
    case 'houseTakes':
      engine.houseTakes(
        argument === 'buy' ? 'buy' : 'sell',
        Number(words[2]),
        words[3] === 'lots' ? Number(words[4]) : undefined,
      );
      return;
    case 'book':
      for (const side of ['buy', 'sell'] as const) {
        for (const [price, lots] of engine.depth(side, 10))
          log.lines.push(`${side} ${lots} @ ${price}`);
      }
      return;
    case 'order':
      log.lines.push(JSON.stringify(engine.openOrder(Number(argument)) ?? null));
      return;
    case 'last':
      log.lines.push(String(engine.lastTicks()));
      return;
    default:
      throw new Error(`unknown call: ${words.join(' ')}`);
  }
}

const TYPES: Readonly<Record<string, EngineOrderType>> = {
  maker: 'limitMaker',
  market: 'market',
  stopLoss: 'stopLoss',
  stopLossLimit: 'stopLossLimit',
  takeProfit: 'takeProfit',
  takeProfitLimit: 'takeProfitLimit',
};

const MODES: readonly SelfTradePrevention[] = [
  'none',
  'expireTaker',
  'expireMaker',
  'expireBoth',
  'decrement',
];

function parseOrder(orderId: number, side: Side, words: readonly string[]): EngineOrder {
  const numberAfter = (word: string): number =>
    words.includes(word) ? Number(words[words.indexOf(word) + 1]) : 0;
  const quoteBudget = numberAfter('budget');
  const kind = words.find((word) => word in TYPES) ?? '';
  const mode = words[words.indexOf('stp') + 1];
  const timeInForce: TimeInForce = words.includes('IOC')
    ? 'IOC'
    : words.includes('FOK')
      ? 'FOK'
      : 'GTC';
  return {
    orderId,
    ownerId: words.includes('by') ? numberAfter('by') : 1000 + orderId,
    side,
    type: TYPES[kind] ?? (quoteBudget > 0 ? 'market' : 'limit'),
    timeInForce,
    priceTicks: numberAfter('@'),
    quantityLots: quoteBudget > 0 ? 0 : Number(words[0]),
    quoteBudget,
    stopTicks: numberAfter('at'),
    trailingDeltaBips: numberAfter('trail'),
    icebergLots: numberAfter('iceberg'),
    selfTradePrevention: MODES.find((candidate) => candidate === mode) ?? 'none',
  };
}
