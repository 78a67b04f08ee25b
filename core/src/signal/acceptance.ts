// SPDX-License-Identifier: Apache-2.0
// Whether a signal is to be heard at all: well formed, young enough, and not one that came before.

import { parseDecimal } from '../decimal.ts';
import type { Signal, SignalSize } from '../machine.ts';
import type { PriceTerm } from '../smart-trade/plan.ts';
import type { TimeMs } from '../units.ts';
import { exitContradictions, type SignalSettings } from './settings.ts';

/** Signals remembered at most; a flood beyond that is refused, or one of them could be sent again. */
export const SEEN_MAX = 2_000;
/** A sender's clock may be ahead by this much. */
const AHEAD_MS_MAX = 60_000;
const ID_MAX = 200;
const NUMBER_DECIMALS = 18;

/** A signal that came, by a number made of it, and the time from which on it is remembered for as long as the settings say. */
export interface SeenSignal {
  readonly key: number;
  readonly time: TimeMs;
}

/** What of `signal` is not as it must be, or null. */
export function signalFault(signal: Signal): string | null {
  const { id, sentTime, price, size, entry, strategy, exits } = signal;
  if (id !== undefined && (id.length < 1 || id.length > ID_MAX)) {
    return `expected an ID of 1 to ${ID_MAX} characters, found ${id.length}`;
  }
  if (sentTime !== undefined && !(Number.isFinite(sentTime) && sentTime > 0)) {
    return `expected a time above 0, found ${sentTime}`;
  }
  return (
    numberFault('price', price) ??
    numberFault('size', sizeNumber(size)) ??
    (entry?.kind === 'limit' ? priceFault(entry.price) : null) ??
    numberFault('position size', strategy?.size, true) ??
    numberFault('position size before', strategy?.sizeBefore) ??
    exitsFault(exits)
  );
}

function sizeNumber(size: SignalSize | undefined): string | undefined {
  if (size === undefined) return undefined;
  if (size.kind === 'quote') return size.amount;
  return size.kind === 'base' ? size.quantity : size.percent;
}

function priceFault(price: PriceTerm): string | null {
  return price.kind === 'price'
    ? numberFault('limit price', price.price)
    : numberFault('limit offset', price.percent, true);
}

function numberFault(name: string, text: string | undefined, mayBeZero = false): string | null {
  if (text === undefined) return null;
  const parsed = parseDecimal(text, NUMBER_DECIMALS);
  if (parsed.ok && (parsed.value > 0n || (mayBeZero && parsed.value === 0n))) return null;
  return `expected a ${name} ${mayBeZero ? 'from' : 'above'} 0, found ${text.slice(0, 40)}`;
}

function exitsFault(exits: Signal['exits']): string | null {
  if (exits === undefined) return null;
  const [error] = exitContradictions(exits.takeProfit, exits.stopLoss);
  return error === undefined
    ? null
    : `${error.field}: expected ${error.expected}, found ${error.found}`;
}

/** Why `signal` is too old, too young or without a time, or null. What the desk itself says is of this moment. */
export function ageFault(signal: Signal, now: TimeMs, settings: SignalSettings): string | null {
  const { sentTime, source } = signal;
  if (sentTime === undefined) {
    return source === 'webhook' && !settings.acceptUntimed
      ? 'it does not say when it was sent'
      : null;
  }
  if (sentTime > now + AHEAD_MS_MAX) {
    return `it was sent ${seconds(sentTime - now)} s in the future`;
  }
  if (now - sentTime > settings.maxLagSeconds * 1000) {
    return `it was sent ${seconds(now - sentTime)} s ago, at most ${settings.maxLagSeconds} s are allowed`;
  }
  return null;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/**
 * Remembers `signal` for as long as the settings say. Answers why it must not be followed: it came before, or too many
 * came to remember them all.
 */
export function rememberSignal(
  seen: SeenSignal[],
  symbol: string,
  signal: Signal,
  now: TimeMs,
  settings: SignalSettings,
): string | null {
  const keepMs = settings.duplicateSeconds * 1000;
  let fresh = 0;
  while (fresh < seen.length && (seen[fresh]?.time ?? 0) + keepMs < now) fresh += 1;
  seen.splice(0, fresh);
  if (keepMs === 0) return null;
  const key = keyOf(symbol, signal);
  if (seen.some((each) => each.key === key)) return 'the same signal came before';
  if (seen.length >= SEEN_MAX)
    return `more than ${SEEN_MAX} signals in ${settings.duplicateSeconds} s`;
  // Its age is counted from when it was sent: by a clock that is ahead it may be followed for longer.
  seen.push({ key, time: Math.max(now, signal.sentTime ?? now) });
  return null;
}

/** Signals with an ID are told apart by it, others by everything they say. */
function keyOf(symbol: string, signal: Signal): number {
  const { id } = signal;
  if (id !== undefined) return hash(`id ${id}`);
  const { action, sentTime, price, size, strategy } = signal;
  return hash(
    [
      symbol,
      action,
      sentTime ?? '',
      price ?? '',
      size === undefined ? '' : `${size.kind} ${sizeNumber(size) ?? ''}`,
      strategy === undefined
        ? ''
        : `${strategy.side} ${strategy.size ?? ''} ${strategy.sideBefore ?? ''} ${strategy.sizeBefore ?? ''}`,
    ].join('|'),
  );
}

/** 53 bits of two FNV-1a sums: enough to tell some thousand signals apart. */
function hash(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 13), 0x85ebca6b);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
