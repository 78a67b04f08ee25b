// SPDX-License-Identifier: Apache-2.0
// What a person, or a program with the person's rights, may do to bots and deals beside watching them.

import {
  addedOrderFault,
  checkSettings,
  clientOrderId,
  parseGivenSignal,
  parseSettings,
  SETTINGS_FIELDS,
  type BotCommand,
  type BotEvent,
  type BotSettings,
  type BotState,
  type FieldError,
  type FreeFunds,
  type Instrument,
  type ManualOrder,
  type PriceTicks,
  type Signal,
} from '@kontor/core';
import type { MarketHub } from './market/market-hub.ts';
import type { Bot } from './runner/bot.ts';
import { RefusalLimit } from './refusal-limit.ts';
import type { BotRunner } from './runner/bot-runner.ts';
import type { ConditionHub, WatchedConditions } from './runner/condition-hub.ts';

export interface BotActionsParts {
  readonly symbols: readonly string[];
  readonly feeRatePpm: number;
  readonly runner: BotRunner;
  readonly hub: MarketHub;
  readonly conditions: ConditionHub;
  readonly now: () => number;
  /** What a bot may use of the balances for deals on a symbol; null while it is not known. */
  readonly funds: (botId: string, symbol: string) => FreeFunds | null;
}

/** What came of an action. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly errors: readonly FieldError[] };

export type CheckedSettings =
  | {
      readonly ok: true;
      readonly settings: BotSettings;
      readonly instruments: readonly Instrument[];
    }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Commands for a whole bot that need nothing more said, beside its start and stop. */
export type BotAction = 'stop-and-close' | 'stop-and-cancel' | 'close-all' | 'cancel-all';

/** What may be asked of one deal. */
export type DealAction =
  | { readonly kind: 'convert' }
  | { readonly kind: 'forceEntry' }
  | { readonly kind: 'addFunds' | 'reduceFunds'; readonly order: ManualOrder }
  | { readonly kind: 'cancelOrder'; readonly clientOrderId: string }
  | { readonly kind: 'closeStep'; readonly step: number }
  | {
      readonly kind: 'cancelStep';
      readonly of: 'entry' | 'takeProfit' | 'addFunds' | 'reduceFunds';
      readonly step: number;
    };

interface FoundDeal {
  readonly botId: string;
  readonly dealId: number;
  readonly state: BotState;
}

const DONE: Outcome = { kind: 'done' };
const ABSENT: Outcome = { kind: 'absent' };

export class BotActions {
  readonly refusals = new RefusalLimit();
  readonly #parts: BotActionsParts;

  constructor(parts: BotActionsParts) {
    this.#parts = parts;
  }

  /** `input` as settings that this desk can trade, or what is wrong with them, field by field. */
  checked(input: unknown): CheckedSettings {
    const parsed = parseSettings(input);
    if (!parsed.ok) return parsed;
    const { hub, symbols } = this.#parts;
    const instruments: Instrument[] = [];
    for (const symbol of parsed.settings.symbols) {
      const instrument = symbols.includes(symbol) ? hub.instruments.get(symbol) : undefined;
      if (instrument === undefined) {
        const expected = `one of ${symbols.join(', ')}`;
        return { ok: false, errors: [{ field: 'symbols', expected, found: symbol }] };
      }
      instruments.push(instrument);
    }
    const prices: Record<string, PriceTicks> = {};
    for (const { symbol } of instruments) {
      const quote = hub.quote(symbol);
      if (quote !== undefined) prices[symbol] = quote.last;
    }
    const quoted = instruments.filter(({ symbol }) => prices[symbol] !== undefined);
    const errors = checkSettings(parsed.settings, quoted, prices, this.#parts.feeRatePpm);
    if (errors.length > 0) return { ok: false, errors };
    return { ok: true, settings: parsed.settings, instruments };
  }

  /** New settings for a bot: the fields of `changes` replace its own, null takes one away. */
  async editSettings(botId: string, changes: unknown): Promise<Outcome> {
    this.#parts.runner.applyWaiting();
    const state = this.#stateOf(botId);
    if (state === undefined) return ABSENT;
    const merged = withChanges(state.settings, changes);
    if (!merged.ok) return { kind: 'invalid', errors: merged.errors };
    const checked = this.checked(merged.settings);
    if (!checked.ok) return { kind: 'invalid', errors: checked.errors };
    const { settings, instruments } = checked;
    return this.#command(botId, { kind: 'editSettings', settings, instruments });
  }

  /** One of the commands for a whole bot; the two for all deals may name a symbol. */
  async act(botId: string, action: BotAction, symbol?: string): Promise<Outcome> {
    if (this.#stateOf(botId) === undefined) return ABSENT;
    const where = symbol === undefined ? {} : { symbol };
    switch (action) {
      case 'stop-and-close':
        return this.#command(botId, { kind: 'stop', deals: 'close' });
      case 'stop-and-cancel':
        return this.#command(botId, { kind: 'stop', deals: 'cancel' });
      case 'close-all':
        return this.#command(botId, { kind: 'closeAllDeals', ...where });
      case 'cancel-all':
        return this.#command(botId, { kind: 'cancelAllDeals', ...where });
    }
  }

  /** Opens a deal by a person's wish, as the conditions of the bot stand now. */
  async startDeal(
    botId: string,
    wish: {
      readonly symbol?: string | undefined;
      readonly skipConditions: boolean;
      readonly skipLimits: boolean;
      readonly onlyWhileRunning: boolean;
    },
  ): Promise<Outcome> {
    const state = this.#stateOf(botId);
    if (state === undefined) return ABSENT;
    if (state.kind !== 'dca') {
      return { kind: 'refused', reason: 'only a DCA bot opens single deals by a wish' };
    }
    const symbol = wish.symbol ?? onlySymbol(state);
    if (symbol === undefined) return missingSymbol(state);
    const { skipConditions, skipLimits, onlyWhileRunning } = wish;
    const standing = this.#parts.conditions.startStanding(botId, symbol);
    const skips = { skipConditions, skipLimits, onlyWhileRunning };
    return this.#command(botId, { kind: 'startDeal', symbol, ...skips, ...standing });
  }

  /**
   * Hands a signal to a bot. `input` is the signal, and `symbol` where the bot trades several. It comes with how the
   * bot's own conditions stand; where deals have different ones, each group of deals hears of its own.
   */
  async signal(
    botId: string,
    input: unknown,
    source: Exclude<Signal['source'], 'conditions'>,
  ): Promise<Outcome> {
    const state = this.#stateOf(botId);
    if (state === undefined) return ABSENT;
    const { symbol: named, ...given } = objectOf(input);
    const parsed = parseGivenSignal(given);
    if (!parsed.ok) return { kind: 'invalid', errors: parsed.errors };
    const symbol = named === undefined ? onlySymbol(state) : named;
    if (typeof symbol !== 'string') return missingSymbol(state);
    const events = this.#standings(botId, symbol, parsed.value.action).map(
      ({ dealIds, conditions, readings }): BotEvent => {
        const quote = this.#parts.hub.quote(symbol);
        return {
          kind: 'signal',
          time: this.#parts.now(),
          symbol,
          signal: { ...parsed.value, source, conditions, readings },
          ...(dealIds.length === 0 ? {} : { dealIds }),
          ...(quote === undefined ? {} : { quote }),
        };
      },
    );
    let outcome: Outcome = DONE;
    let isFollowed = false;
    for (const event of events) {
      const told = await this.#tell(botId, event);
      if (told.kind === 'done') isFollowed = true;
      else outcome = told;
    }
    // One group of deals that follows is enough to say that the signal was followed.
    return isFollowed ? DONE : outcome;
  }

  /** How the conditions of a bot stand; null when there is no such bot. */
  conditions(botId: string): readonly WatchedConditions[] | null {
    if (this.#stateOf(botId) === undefined) return null;
    return this.#parts.conditions.conditionsOf(botId);
  }

  /** Takes a bot off the desk. It must be stopped and have no open deal; its history stays. */
  archive(botId: string): Outcome {
    this.#parts.runner.applyWaiting();
    const state = this.#stateOf(botId);
    if (state === undefined) return ABSENT;
    if (state.isRunning) return { kind: 'refused', reason: 'the bot runs: stop it first' };
    if (state.deals.length > 0) {
      return { kind: 'refused', reason: `the bot has ${state.deals.length} open deals` };
    }
    this.#parts.runner.archive(botId);
    this.#parts.conditions.refresh(botId);
    this.refusals.forget(botId);
    return DONE;
  }

  /** Does something with one running deal, `<bot id>-<number>`. */
  async actOnDeal(id: string, action: DealAction): Promise<Outcome> {
    const found = this.#dealOf(id);
    if (found === null) return ABSENT;
    const unfit = kindFault(found.state.kind, action.kind);
    if (unfit !== null) return { kind: 'refused', reason: unfit };
    const { botId, dealId } = found;
    switch (action.kind) {
      case 'convert':
        return this.#command(botId, { kind: 'handOverDeal', dealId });
      case 'cancelOrder': {
        const order = clientOrderId(action.clientOrderId);
        return this.#command(botId, { kind: 'cancelOrder', dealId, clientOrderId: order });
      }
      case 'forceEntry':
        return this.#command(botId, { kind: 'forceEntry', dealId });
      case 'addFunds':
      case 'reduceFunds': {
        const reason = this.#addedFault(found, action.kind, action.order);
        if (reason !== null) return { kind: 'refused', reason };
        return this.#command(botId, { ...action, dealId });
      }
      case 'closeStep':
      case 'cancelStep':
        return this.#command(botId, { ...action, dealId });
    }
  }

  /** New settings for one running deal, as `editSettings`. */
  async editDeal(id: string, changes: unknown): Promise<Outcome> {
    this.#parts.runner.applyWaiting();
    const found = this.#dealOf(id);
    if (found === null) return ABSENT;
    const { botId, dealId, state } = found;
    const deal = state.deals.find((candidate) => candidate.dealId === dealId);
    const own = deal !== undefined && 'settings' in deal ? deal.settings : state.settings;
    const merged = withChanges(ofItsKind(state.settings.kind, own), changes);
    if (!merged.ok) return { kind: 'invalid', errors: merged.errors };
    const parsed = parseSettings(merged.settings);
    if (!parsed.ok) return { kind: 'invalid', errors: parsed.errors };
    return this.#command(botId, { kind: 'editDeal', dealId, settings: parsed.settings });
  }

  /** Why an order that a person adds to a deal could not be placed as the market and the balances stand. */
  #addedFault(
    { botId, dealId, state }: FoundDeal,
    kind: 'addFunds' | 'reduceFunds',
    order: ManualOrder,
  ): string | null {
    const deal = state.deals.find((candidate) => candidate.dealId === dealId);
    if (deal === undefined) return null;
    const quote = this.#parts.hub.quote(deal.symbol);
    const funds = this.#parts.funds(botId, deal.symbol);
    return addedOrderFault(deal, kind, order, {
      ...(quote === undefined ? {} : { quote }),
      ...(funds === null ? {} : { funds }),
    });
  }

  #standings(
    botId: string,
    symbol: string,
    action: Signal['action'],
  ): readonly (Pick<Signal, 'conditions' | 'readings'> & {
    readonly dealIds: readonly number[];
  })[] {
    const { conditions } = this.#parts;
    if (action === 'start') return [{ ...conditions.startStanding(botId, symbol), dealIds: [] }];
    if (action === 'safetyOrder' || action === 'close') {
      const groups = conditions.dealStandings(botId, symbol, action);
      if (groups.length > 0) return groups;
    }
    return [{ conditions: 'none', readings: [], dealIds: [] }];
  }

  async #command(botId: string, command: BotCommand): Promise<Outcome> {
    return this.#tell(botId, { kind: 'command', time: this.#parts.now(), command });
  }

  /** Tells the bot, and finds in the notes that come of it whether it refused. */
  async #tell(botId: string, event: BotEvent): Promise<Outcome> {
    if (this.refusals.isSpent(botId, event.time)) {
      this.#parts.runner.applyWaiting();
      const state = this.#stateOf(botId);
      if (state === undefined) return ABSENT;
      const reason = this.refusals.refusal(state, event, (note) => reasonIn(note, event));
      if (reason !== null) return { kind: 'refused', reason };
    }
    const notes = await this.#parts.runner.tell(botId, event);
    const reason = notes.map((note) => reasonIn(note, event)).findLast((found) => found !== null);
    if (reason === undefined) return DONE;
    this.refusals.onWritten(botId, event.time);
    return { kind: 'refused', reason };
  }

  #dealOf(id: string): FoundDeal | null {
    const [botId = '', number = ''] = id.split('-');
    const dealId = Number(number);
    const state = this.#stateOf(botId);
    return state?.deals.some((deal) => deal.dealId === dealId) === true
      ? { botId, dealId, state }
      : null;
  }

  #stateOf(botId: string): BotState | undefined {
    const bot: Bot | undefined = this.#parts.runner.bots.get(botId);
    return bot?.state;
  }
}

/** Why `note` says that `event` was refused; null where it says something else. */
function reasonIn(
  { kind, values }: { readonly kind: string; readonly values: Readonly<Record<string, string>> },
  event: BotEvent,
): string | null {
  if (kind !== 'commandRefused' && kind !== 'signalRefused') return null;
  return isAbout(values, event) ? (values['reason'] ?? '') : null;
}

/** Why deals of a bot of `kind` know no such action, or null: the bot itself would pass over it in silence. */
function kindFault(kind: BotState['kind'], action: DealAction['kind']): string | null {
  if (action === 'convert') return kind === 'dca' ? null : 'only a DCA deal can be converted';
  if (kind === 'grid' || kind === 'rebalance') {
    return 'a grid and a portfolio take no single orders and have no steps';
  }
  return kind === 'dca' && action === 'forceEntry'
    ? 'only a trade has entries that wait for their price'
    : null;
}

/** Whether a refusal answers `event` itself and not a part of what it set off. */
function isAbout(values: Readonly<Record<string, string>>, event: BotEvent): boolean {
  if (event.kind === 'signal') return values['action'] === event.signal.action;
  if (event.kind !== 'command') return false;
  const { command } = event;
  return command.kind === 'startDeal'
    ? values['action'] === 'start'
    : values['command'] === command.kind;
}

type Merged =
  | { readonly ok: true; readonly settings: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** `settings` with the fields of `changes` in place of their own; null takes a field away. */
function withChanges(settings: object, changes: unknown): Merged {
  const given = objectOf(changes);
  const merged = new Map<string, unknown>(Object.entries(settings));
  const kind = merged.get('kind');
  if (given['kind'] !== undefined && given['kind'] !== kind) {
    const expected = `${String(kind)}: a bot keeps its kind`;
    return { ok: false, errors: [{ field: 'kind', expected, found: String(given['kind']) }] };
  }
  for (const [field, value] of Object.entries(given)) {
    if (value === null) merged.delete(field);
    else merged.set(field, value);
  }
  return { ok: true, settings: Object.fromEntries(merged) };
}

/** Only what settings of `kind` may hold: a running deal keeps more beside them. */
function ofItsKind(kind: BotSettings['kind'], settings: object): object {
  const fields = SETTINGS_FIELDS[kind];
  return Object.fromEntries(
    Object.entries(settings).filter(([field]) => field === 'kind' || field in fields),
  );
}

function objectOf(input: unknown): Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input))
    : {};
}

function onlySymbol({ settings }: BotState): string | undefined {
  return settings.symbols.length === 1 ? settings.symbols[0] : undefined;
}

function missingSymbol({ settings }: BotState): Outcome {
  const expected = `one of ${settings.symbols.join(', ')}`;
  return { kind: 'invalid', errors: [{ field: 'symbol', expected, found: 'nothing' }] };
}
