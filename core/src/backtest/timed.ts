// SPDX-License-Identifier: Apache-2.0
// What comes from outside while a backtest runs: commands of people and signals, each at its time.

import { conditionLists, parseSettings, type BotSettings } from '../bot/settings.ts';
import type { BotCommand, BotEvent, Signal } from '../machine.ts';
import type { TimeMs } from '../units.ts';
import type { BacktestMarket } from './market-run.ts';
import { scheduleFault } from './signal-schedule.ts';

/** A signal and when it comes. */
export interface TimedSignal {
  readonly time: TimeMs;
  readonly symbol: string;
  readonly signal: Signal;
}

/** What a person asks and when. */
export interface TimedCommand {
  readonly time: TimeMs;
  readonly command: BotCommand;
}

/** Each list in order of time. */
export interface Timed {
  readonly signals?: readonly TimedSignal[];
  readonly commands?: readonly TimedCommand[];
}

/** Hands out what is due: the earlier first, of one time commands before signals. */
export class TimedQueue {
  readonly #signals: readonly TimedSignal[];
  readonly #commands: readonly TimedCommand[];
  #signalsTold = 0;
  #commandsTold = 0;

  constructor({ signals = [], commands = [] }: Timed) {
    this.#signals = signals;
    this.#commands = commands;
  }

  /** When the next is due; Infinity without one. */
  get nextTime(): TimeMs {
    const signal = this.#signals[this.#signalsTold]?.time ?? Infinity;
    const command = this.#commands[this.#commandsTold]?.time ?? Infinity;
    return Math.min(signal, command);
  }

  /** Whether somebody starts the bot. */
  get hasStart(): boolean {
    return this.#commands.some(({ command }) => command.kind === 'start');
  }

  /** The next that is due at `now`, as an event of that time; null without one. */
  take(now: TimeMs): Extract<BotEvent, { kind: 'command' | 'signal' }> | null {
    if (this.nextTime > now) return null;
    const command = this.#commands[this.#commandsTold];
    if (command !== undefined && command.time <= this.nextTime) {
      this.#commandsTold += 1;
      return { kind: 'command', time: now, command: command.command };
    }
    const signal = this.#signals[this.#signalsTold];
    if (signal === undefined) return null;
    this.#signalsTold += 1;
    return { kind: 'signal', time: now, symbol: signal.symbol, signal: signal.signal };
  }
}

/** Refuses what is out of order, and what the markets of the run cannot serve. */
export function checkTimed(
  run: Timed & { readonly settings: BotSettings; readonly markets: readonly BacktestMarket[] },
  refuse: (field: string, expected: string, found: string) => void,
): void {
  const { signals = [], commands = [], markets } = run;
  const lists = [
    ['signals', signals],
    ['commands', commands],
  ] as const;
  for (const [field, list] of lists) {
    const isInOrder = ({ time }: { readonly time: TimeMs }, index: number): boolean =>
      time >= (list[index - 1]?.time ?? -Infinity);
    const late = list.findIndex((each, index) => !isInOrder(each, index));
    if (late !== -1) refuse(field, `${field} in order of time`, String(list[late]?.time));
  }
  const symbols = markets.map(({ instrument }) => instrument.symbol);
  for (const [index, { command }] of commands.entries()) {
    const field = `commands[${index}]`;
    for (const symbol of symbolsOf(command)) {
      if (symbols.includes(symbol)) continue;
      refuse(field, `a symbol that is run (${symbols.join(', ')})`, symbol);
    }
    if ('settings' in command) checkChange(run, command.settings, `${field}.settings`, refuse);
  }
}

function checkChange(
  { settings, markets }: { settings: BotSettings; markets: readonly BacktestMarket[] },
  changed: unknown,
  field: string,
  refuse: (field: string, expected: string, found: string) => void,
): void {
  const parsed = parseSettings(changed);
  if (!parsed.ok || parsed.settings.kind !== settings.kind) {
    const found = parsed.ok ? parsed.settings.kind : (parsed.errors[0]?.field ?? 'others');
    refuse(field, `sound settings of the kind ${settings.kind}`, found);
    return;
  }
  const [market] = markets;
  for (const { field: list, conditions } of conditionLists(parsed.settings)) {
    const fault = market === undefined ? null : scheduleFault(conditions, market.candles);
    if (fault !== null) refuse(`${field}.${list}`, 'conditions that the candles can answer', fault);
  }
}

function symbolsOf(command: BotCommand): readonly string[] {
  switch (command.kind) {
    case 'startDeal':
      return [command.symbol];
    case 'editSettings':
    case 'editDeal':
      return command.settings.symbols;
    default:
      return [];
  }
}
