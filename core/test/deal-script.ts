// SPDX-License-Identifier: Apache-2.0
// Deal tests as tables: a line says what happens, the texts after it what the bot wants done.

import assert from 'node:assert/strict';
import { WOULD_TAKE } from '../src/bot/post-only.ts';
import {
  clientOrderId,
  createBot,
  encodeJournal,
  formatPrice,
  formatQuantity,
  makeInstrument,
  parseSettings,
  parsePrice,
  parseQuantity,
  priceTicks,
  quantityLots,
  step,
  toScaled,
  type BotEvent,
  type BotState,
  type ConditionStanding,
  type DcaBotState,
  type DcaSettings,
  type Effect,
  type Instrument,
  type OrderEnd,
  type PriceTicks,
  type QuantityLots,
  type RejectedBy,
  type Signal,
  type SignalAction,
  type RiskState,
} from '../src/index.ts';

/** Ticks of 0.01 and lots of 0.01: a table can be checked in the head. */
export const COIN: Instrument = makeInstrument({
  symbol: 'COINUSDT',
  baseAsset: 'COIN',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.01',
  minPrice: '0.01',
  maxPrice: '100000',
  minQuantity: '0.01',
  maxQuantity: '10000',
  minNotional: '5',
  maxNotional: '1000000',
});

export const OTHER: Instrument = { ...COIN, symbol: 'OTHERUSDT', baseAsset: 'OTHER' };
export const THIRD: Instrument = { ...COIN, symbol: 'THIRDUSDT', baseAsset: 'THIRD' };

/** Base order 100 USDT, safety orders 1, 2, 3, … % below it of 100 USDT each, take profit 2 %. */
export const PLAIN: Readonly<Record<string, unknown>> = {
  name: 'plain',
  symbols: ['COINUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '100',
  safetyOrderStep: '1',
  maxSafetyOrders: 3,
  maxActiveSafetyOrders: 2,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '2',
  cooldownSeconds: 0,
  maxActiveDeals: 1,
};

export function settingsOf(changes: Readonly<Record<string, unknown>> = {}): DcaSettings {
  const parsed = parseSettings({ ...PLAIN, ...changes });
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.errors));
  assert.ok(parsed.settings.kind === 'dca');
  return parsed.settings;
}

export function botOf(
  changes: Readonly<Record<string, unknown>> = {},
  options: { readonly feeRatePpm?: number; readonly instruments?: readonly Instrument[] } = {},
): DcaBotState {
  return createBot({
    botId: 'test',
    clientOrderIdPrefix: 'k-',
    settings: settingsOf(changes),
    instruments: options.instruments ?? [COIN, OTHER, THIRD],
    feeRatePpm: options.feeRatePpm ?? 0,
  });
}

export type Row = readonly [happens: string, ...wants: readonly string[]];

/** Time of the first row; `+30s` at the start of a row lets that much pass before it. */
const START = 1_700_000_000_000;

/**
 * Plays `rows` on `bot` and compares, row by row, what it wants done (notes aside). Orders are named by deal and
 * number (`1-2`), times count from the row. Returns all notes.
 */
export function play(bot: BotState, rows: readonly Row[]): Extract<Effect, { kind: 'notify' }>[] {
  const notes: Extract<Effect, { kind: 'notify' }>[] = [];
  let time = START;
  for (const [index, [text, ...wants]] of rows.entries()) {
    const passing = /^\+(\d+)(ms|s|min) /.exec(text);
    if (passing !== null) {
      time +=
        Number(passing[1]) * { ms: 1, s: 1000, min: 60_000 }[passing[2] as 'ms' | 's' | 'min'];
    }
    const event = eventOf(passing === null ? text : text.slice(passing[0].length), time);
    const before = encodeJournal(event);
    const version = bot.version;
    const stateBefore = encodeJournal(bot);
    const effects = step(bot, event);
    const found = effects.filter((effect) => effect.kind !== 'notify').map((e) => told(e, time));
    assert.deepEqual(found, wants, `row ${index}: ${text}`);
    assert.equal(encodeJournal(event), before, 'an event is never changed');
    assert.equal(
      bot.version > version,
      encodeJournal(bot) !== stateBefore,
      `row ${index}: the version goes up exactly when the state changes`,
    );
    for (const effect of effects) if (effect.kind === 'notify') notes.push(effect);
  }
  return notes;
}

/** Rows that bring a plain deal to the point where its base order has bought 1.00 at 100.00, fee-free. */
export const OPENED: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
  ['accept 1-1'],
  [
    'fill 1-1 1.00 @ 100.00',
    'sell 1-2 takeProfit 1.00 @ 102.00 GTC',
    'buy 1-3 safetyOrder 1 1.02 @ 99.00 GTC',
    'buy 1-4 safetyOrder 2 1.03 @ 98.00 GTC',
  ],
  ['end 1-1 filled 1.00'],
  ['accept 1-2'],
  ['accept 1-3'],
  ['accept 1-4'],
];

let tradeCount = 0;

/** Events as text; see the rows of the tests. */
export function eventOf(text: string, time: number): BotEvent {
  const words = text.split(' ');
  const [kind = '', first = '', second = '', third = '', fourth = ''] = words;
  switch (kind) {
    case 'start':
      return { kind: 'command', time, command: { kind } };
    case 'stop': {
      const deals = first === 'close' || first === 'cancel' ? { deals: first } : {};
      return { kind: 'command', time, command: { kind, ...deals } } as BotEvent;
    }
    case 'closeAll':
    case 'cancelAll': {
      const symbol = first === '' ? {} : { symbol: first };
      return { kind: 'command', time, command: { kind: `${kind}Deals`, ...symbol } };
    }
    case 'startDeal':
      // startDeal COINUSDT met [skipConditions] [skipLimits] [onlyWhileRunning]
      return {
        kind: 'command',
        time,
        command: {
          kind,
          symbol: first,
          skipConditions: words.includes('skipConditions'),
          skipLimits: words.includes('skipLimits'),
          onlyWhileRunning: words.includes('onlyWhileRunning'),
          conditions: second as ConditionStanding,
          readings: [],
        },
      };
    case 'signal': {
      // signal start conditions met [OTHERUSDT] [deals 1,2] [at 99.99 100.00 100.00]
      const deals = words.indexOf('deals');
      const at = words.indexOf('at');
      const [bid = '', ask = '', last = ''] = words.slice(at + 1);
      return {
        kind: 'signal',
        time,
        symbol: ['', 'at', 'deals'].includes(fourth) ? 'COINUSDT' : fourth,
        signal: {
          action: first as SignalAction,
          source: second as Signal['source'],
          conditions: third as ConditionStanding,
          readings: [{ label: 'RSI(14) 1h', value: '27.31, below 30' }],
        },
        ...(deals === -1 ? {} : { dealIds: (words[deals + 1] ?? '').split(',').map(Number) }),
        ...(at === -1 ? {} : { quote: { bid: ticks(bid), ask: ticks(ask), last: ticks(last) } }),
      };
    }
    case 'close':
      return { kind: 'command', time, command: { kind: 'closeDeal', dealId: Number(first) } };
    case 'cancel':
      return { kind: 'command', time, command: { kind: 'cancelDeal', dealId: Number(first) } };
    case 'addFunds':
    case 'reduceFunds': {
      // addFunds 1 quote 100 [@ 99.50]
      const amount = { kind: second as 'quote' | 'base', value: third };
      const order = fourth === '@' ? { amount, price: words[5] ?? '' } : { amount };
      return { kind: 'command', time, command: { kind, dealId: Number(first), order } };
    }
    case 'cancelOrder':
      return {
        kind: 'command',
        time,
        command: { kind, dealId: Number(first), clientOrderId: idOf(second) },
      };
    case 'closeStep':
      return {
        kind: 'command',
        time,
        command: { kind, dealId: Number(first), step: Number(second) },
      };
    case 'cancelStep':
      // cancelStep 1 takeProfit 2
      return {
        kind: 'command',
        time,
        command: {
          kind,
          dealId: Number(first),
          of: second as 'entry' | 'takeProfit' | 'addFunds' | 'reduceFunds',
          step: Number(third),
        },
      };
    case 'forceEntry':
      return { kind: 'command', time, command: { kind, dealId: Number(first) } };
    case 'editDeal': {
      // editDeal 1 <settings as JSON>
      const parsed = parseSettings(JSON.parse(words.slice(2).join(' ')));
      assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.errors));
      return {
        kind: 'command',
        time,
        command: { kind, dealId: Number(first), settings: parsed.settings },
      };
    }
    case 'risk':
      return { kind: 'command', time, command: { kind: 'setRisk', risk: first as RiskState } };
    case 'timer':
      return { kind: 'timer', time, timer: first };
    case 'quote': {
      const quote = { bid: ticks(first), ask: ticks(second), last: ticks(third) };
      // quote 99.99 100.00 100.00 [OTHERUSDT] [funds 1.5 2000]
      const at = words.indexOf('funds');
      const symbol = fourth === '' || fourth === 'funds' ? 'COINUSDT' : fourth;
      if (at === -1) return { kind: 'quote', time, symbol, quote };
      const funds = {
        base: toScaled(words[at + 1] ?? '', 8, 'funds'),
        quote: toScaled(words[at + 2] ?? '', 8, 'funds'),
      };
      return { kind: 'quote', time, symbol, quote, funds };
    }
    case 'accept': {
      const exchangeOrderId = `x${first}`;
      return { kind: 'orderAccepted', time, clientOrderId: idOf(first), exchangeOrderId };
    }
    case 'fill': {
      // fill 1-1 1.00 @ 100.00 [#trade] [fee 0.001 COIN]
      tradeCount += 1;
      const fee = words.indexOf('fee');
      const trade = words.find((word) => word.startsWith('#'));
      return {
        kind: 'orderFilled',
        time,
        clientOrderId: idOf(first),
        fill: {
          tradeId: trade ?? `t${tradeCount}`,
          time,
          priceTicks: ticks(fourth),
          quantity: lots(second),
          commission: fee === -1 ? 0n : toScaled(words[fee + 1] ?? '', 8, 'fee'),
          commissionAsset: fee === -1 ? 'USDT' : (words[fee + 2] ?? ''),
          isMaker: true,
        },
      };
    }
    case 'end':
      return {
        kind: 'orderEnded',
        time,
        clientOrderId: idOf(first),
        end: second as OrderEnd,
        filledLots: lots(third),
      };
    case 'reject':
      return {
        kind: 'orderRejected',
        time,
        clientOrderId: idOf(first),
        by: second as RejectedBy,
        rule: third,
        reason: third === '-2010' && fourth === 'taking' ? WOULD_TAKE : 'said no',
      };
    default:
      throw new Error(`no such event: ${text}`);
  }
}

function told(effect: Effect, time: number): string {
  switch (effect.kind) {
    case 'placeOrder': {
      const { order } = effect;
      const name =
        effect.ladderIndex !== 0 ? `${effect.purpose} ${effect.ladderIndex}` : effect.purpose;
      const price = formatPrice(COIN, order.priceTicks);
      const quantity = formatQuantity(COIN, order.quantity);
      const where = order.symbol === 'COINUSDT' ? '' : ` ${order.symbol}`;
      return `${order.side} ${order.clientOrderId.slice(2)} ${name} ${quantity} @ ${price} ${order.type === 'limitMaker' ? 'post' : order.timeInForce}${where}`;
    }
    case 'placePair': {
      const { takeProfit, stopLoss } = effect;
      const { side, clientOrderId: id, quantity, priceTicks: limit } = takeProfit.order;
      const stop = stopLoss.order;
      const lead = `pair ${side} ${id.slice(2)} ${formatQuantity(COIN, quantity)} @ ${formatPrice(COIN, limit)}`;
      const at = formatPrice(COIN, stop.stopTicks ?? 0);
      return `${lead}, stop ${stop.clientOrderId.slice(2)} at ${at} @ ${formatPrice(COIN, stop.priceTicks)}`;
    }
    case 'cancelOrder':
      return `cancel ${effect.clientOrderId.slice(2)}`;
    case 'requestQuote':
      return `quote? ${effect.symbol}`;
    case 'setTimer':
      return `timer ${effect.timer} in ${(effect.time - time) / 1000}s`;
    case 'handOver':
      return `hand over ${effect.dealId}`;
    case 'notify':
      return `note ${effect.note.kind}`;
  }
}

function idOf(short: string): ReturnType<typeof clientOrderId> {
  return clientOrderId(`k-${short}`);
}

function ticks(text: string): PriceTicks {
  const parsed = parsePrice(COIN, text);
  assert.ok(parsed.ok, `${text} is a price`);
  return priceTicks(parsed.value);
}

function lots(text: string): QuantityLots {
  const parsed = parseQuantity(COIN, text);
  assert.ok(parsed.ok, `${text} is a quantity`);
  return quantityLots(parsed.value);
}
