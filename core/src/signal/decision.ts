// SPDX-License-Identifier: Apache-2.0
// What a signal means for the position that is open: the decision table of SPEC.md, one function a rule.

import type { PositionSide, Signal, StrategyPosition } from '../machine.ts';
import type { Direction } from '../order.ts';
import type { Ratio } from '../position.ts';
import { ratioOf } from '../smart-trade/exact.ts';
import { mayOpen, type SignalSettings } from './settings.ts';

export type Decision =
  | { readonly kind: 'enter'; readonly direction: Direction }
  /** Enlarges the open position. */
  | { readonly kind: 'add' }
  /** `part`: of the open position, in percent; null closes all of it. */
  | { readonly kind: 'exit'; readonly part: Ratio | null }
  | { readonly kind: 'reverse'; readonly direction: Direction }
  | { readonly kind: 'disable' }
  | { readonly kind: 'refuse'; readonly reason: string };

type Rules = Pick<SignalSettings, 'directions' | 'onOpposite'>;

/** What `signal` asks for while `held` is open. */
export function decide(signal: Signal, held: PositionSide, settings: SignalSettings): Decision {
  switch (signal.action) {
    case 'enterLong':
      return enter('long', held, settings);
    case 'enterShort':
      return enter('short', held, settings);
    case 'exitLong':
      return exit('long', held, signal);
    case 'exitShort':
      return exit('short', held, signal);
    case 'close':
      return held === 'flat' ? refuse('no position is open') : exit(held, held, signal);
    case 'reverse':
      return held === 'flat'
        ? refuse('no position is open')
        : flip(opposite(held), held, settings, true);
    case 'disable':
      return { kind: 'disable' };
    case 'buy':
      return strategyOrder('long', held, signal, settings);
    case 'sell':
      return strategyOrder('short', held, signal, settings);
    case 'start':
    case 'safetyOrder':
      return refuse(`a signal bot does not know the action ${signal.action}`);
  }
}

function refuse(reason: string): Decision {
  return { kind: 'refuse', reason };
}

function enter(direction: Direction, held: PositionSide, settings: Rules): Decision {
  if (held === direction) return { kind: 'add' };
  if (held === 'flat') return open(direction, settings);
  return settings.onOpposite === 'ignore'
    ? refuse(`a ${held} position is open`)
    : flip(direction, held, settings, false);
}

function open(direction: Direction, settings: Rules): Decision {
  return mayOpen(settings, direction)
    ? { kind: 'enter', direction }
    : refuse(`${direction} positions are not allowed`);
}

/** From the position held to the opposite one, as far as the settings go along; at least it is closed. */
function flip(to: Direction, held: Direction, settings: Rules, isAsked: boolean): Decision {
  const reverses = isAsked || settings.onOpposite === 'reverse';
  return held !== to && reverses && mayOpen(settings, to)
    ? { kind: 'reverse', direction: to }
    : { kind: 'exit', part: null };
}

function exit(direction: Direction, held: PositionSide, signal: Signal): Decision {
  if (held !== direction) return refuse(`no ${direction} position is open`);
  const { size } = signal;
  if (size === undefined) return { kind: 'exit', part: null };
  return size.kind === 'position'
    ? { kind: 'exit', part: ratioOf(size.percent) }
    : refuse('the size of an exit is a percentage of the position');
}

/** A strategy's order towards `to`: a buy towards long, a sell towards short. */
function strategyOrder(
  to: Direction,
  held: PositionSide,
  signal: Signal,
  settings: SignalSettings,
): Decision {
  const { strategy } = signal;
  const from = opposite(to);
  if (strategy === undefined) {
    // Nothing is known of the strategy's position: a buy closes a short one, else it enters.
    return held === from ? flip(to, from, settings, false) : enter(to, held, settings);
  }
  const before = strategy.sideBefore ?? held;
  if (strategy.side === to) {
    if (before === to) return strategyAdd(to, held, strategy);
    if (held === to) return refuse(`a ${to} position is open already`);
    if (held === 'flat') return open(to, settings);
    // The strategy has left the position that is open: it is closed whatever the settings say of entries.
    return flip(to, from, settings, false);
  }
  if (before !== from) {
    return refuse(
      `contradiction: a ${signal.action} cannot lead from ${before} to ${strategy.side}`,
    );
  }
  if (held !== from) return refuse(`no ${from} position is open`);
  return strategy.side === 'flat' ? { kind: 'exit', part: null } : strategyReduction(strategy);
}

function strategyAdd(to: Direction, held: PositionSide, strategy: StrategyPosition): Decision {
  if (held !== to) return refuse(`no ${to} position is open that could be enlarged`);
  const { size, sizeBefore } = strategy;
  if (size !== undefined && sizeBefore !== undefined && !isLess(sizeBefore, size)) {
    return refuse(`contradiction: the position is to grow, but goes from ${sizeBefore} to ${size}`);
  }
  return { kind: 'add' };
}

/** A smaller position on the same side: the part that is gone. */
function strategyReduction({ size, sizeBefore }: StrategyPosition): Decision {
  if (size === undefined || sizeBefore === undefined) {
    return refuse('the strategy does not say how much of its position is left');
  }
  if (!isLess(size, sizeBefore)) {
    return refuse(
      `contradiction: the position is to shrink, but goes from ${sizeBefore} to ${size}`,
    );
  }
  const left = ratioOf(size);
  const all = ratioOf(sizeBefore);
  // 100 × (before − after) / before
  return {
    kind: 'exit',
    part: {
      numerator: 100n * (all.numerator * left.denominator - left.numerator * all.denominator),
      denominator: all.numerator * left.denominator,
    },
  };
}

function isLess(left: string, right: string): boolean {
  const a = ratioOf(left);
  const b = ratioOf(right);
  return a.numerator * b.denominator < b.numerator * a.denominator;
}

export function opposite(direction: Direction): Direction {
  return direction === 'long' ? 'short' : 'long';
}
