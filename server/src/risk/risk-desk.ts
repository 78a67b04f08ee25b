// SPDX-License-Identifier: Apache-2.0
// What desk and bots may have at stake: limits, risk states and the daily loss pause, kept in the store.
//
// A scope is `desk` or `bot:<id>`. A bot trades by the strictest state of its scopes; it learns of a change by the
// command `setRisk`, which is journalled like every event.

import {
  ASSET_SCALE,
  exposureOf,
  formatDecimal,
  lossFault,
  NO_LIMITS,
  parseFields,
  RISK_LIMIT_FIELDS,
  riskFault,
  stakeOf,
  strictest,
  trimDecimal,
  type BotExposure,
  type FieldError,
  type Instrument,
  type RiskLimits,
  type RiskState,
} from '@kontor/core';
import type { Bot } from '../runner/bot.ts';
import { BotSums } from '../runner/bot-sums.ts';
import type { Denial, PlaceEffect } from '../runner/bot-runner.ts';
import type { RealisedChange } from '../runner/deal-projection.ts';
import { numberOf, textOf, type Store } from '../store/store.ts';
import { RealisedToday } from './realised-today.ts';

export type RiskScope = 'desk' | `bot:${string}`;

/** Why a scope is in its state: nothing was ever changed, a person did, or the daily loss was reached. */
export type RiskCause = 'none' | 'person' | 'dailyLoss';

export interface ScopeRisk {
  readonly scope: RiskScope;
  readonly limits: RiskLimits;
  readonly state: RiskState;
  readonly cause: RiskCause;
  /** What happened, as values for a sentence. */
  readonly values: Readonly<Record<string, string>>;
  readonly since: number;
  /** When the state ends by itself; 0 when it stays. */
  readonly until: number;
}

/** What a scope has at stake now, as decimal text by quote asset. */
export interface ScopeStanding {
  readonly exposure: readonly { readonly asset: string; readonly amount: string }[];
  readonly openOrders: number;
  /** Realised since the day began, or since a person resumed after a loss. */
  readonly realisedToday: readonly { readonly asset: string; readonly amount: string }[];
}

export interface RiskPorts {
  readonly store: Store;
  readonly now: () => number;
  readonly bots: () => ReadonlyMap<string, Bot>;
  readonly instrument: (symbol: string) => Instrument | undefined;
  /** What the instruments of the desk are paid in. */
  readonly quoteAssets: () => ReadonlySet<string>;
  readonly setRisk: (botId: string, risk: RiskState) => void;
  readonly onChanged: (risk: ScopeRisk) => void;
  /** What the connection leaves to all bots; everything where nobody says. */
  readonly connectionRisk?: () => RiskState;
}

export class RiskDesk {
  readonly #ports: RiskPorts;
  readonly #scopes = new Map<RiskScope, ScopeRisk>();
  readonly #sums: BotSums<'open' | 'entries' | 'openOrders'>;
  readonly #realised: RealisedToday;

  constructor(ports: RiskPorts) {
    this.#ports = ports;
    this.#sums = new BotSums(ports.bots, amountsOf);
    this.#realised = new RealisedToday(ports.store, ports.now);
    for (const row of ports.store.all('SELECT * FROM risk')) {
      const scope = toScope(textOf(row, 'scope'));
      const limits = parseFields(RISK_LIMIT_FIELDS, JSON.parse(textOf(row, 'limits')), 'limits');
      this.#scopes.set(scope, {
        scope,
        limits: limits.ok ? limits.value : NO_LIMITS,
        state: toState(textOf(row, 'state')),
        cause: toCause(textOf(row, 'cause')),
        values: toValues(textOf(row, 'cause_values')),
        since: numberOf(row, 'since'),
        until: numberOf(row, 'until'),
      });
    }
  }

  /** Brings bots to the state of their scopes; once the bots are loaded. */
  start(): void {
    for (const botId of this.#ports.bots().keys()) this.align(botId);
    this.tick();
  }

  of(scope: RiskScope): ScopeRisk {
    return (
      this.#scopes.get(scope) ?? {
        scope,
        limits: NO_LIMITS,
        state: 'active',
        cause: 'none',
        values: {},
        since: 0,
        until: 0,
      }
    );
  }

  /** Every scope somebody has set something on, the desk first. */
  all(): readonly ScopeRisk[] {
    const bots = [...this.#scopes.values()].filter(({ scope }) => scope !== 'desk');
    return [this.of('desk'), ...bots];
  }

  standing(scope: RiskScope): ScopeStanding {
    const exposure = this.#exposureOfScope(scope);
    return {
      exposure: [...exposure.assets].map(([asset, { open, entries }]) => ({
        asset,
        amount: text(open + entries),
      })),
      openOrders: exposure.openOrders,
      realisedToday: [...this.#realised.of(scope)].map(([asset, amount]) => ({
        asset,
        amount: text(amount),
      })),
    };
  }

  /** The state a bot is to trade by. */
  effective(botId: string): RiskState {
    const connection = this.#ports.connectionRisk?.() ?? 'active';
    return strictest([connection, this.of('desk').state, this.of(`bot:${botId}`).state]);
  }

  /** The connection leaves the bots more or less than before. */
  alignAll(): void {
    this.#alignScope('desk');
  }

  /** Sets the limits of a scope, or says field by field what is wrong with them. */
  setLimits(scope: RiskScope, input: unknown): readonly FieldError[] {
    const parsed = parseFields(RISK_LIMIT_FIELDS, input, 'limits');
    if (!parsed.ok) return parsed.errors;
    for (const field of ['maxExposure', 'dailyLoss'] as const) {
      const assets = parsed.value[field].map(({ asset }) => asset);
      const twice = assets.find((asset, index) => assets.indexOf(asset) !== index);
      if (twice !== undefined) {
        return [{ field, expected: 'each asset once', found: twice }];
      }
      // A limit in an asset that nothing is counted in would protect from nothing.
      const traded = [...this.#ports.quoteAssets()];
      const stray = assets.findIndex((asset) => !traded.includes(asset));
      if (stray >= 0) {
        const expected = `a quote asset of this desk: ${traded.join(', ')}`;
        return [{ field: `${field}[${stray}].asset`, expected, found: assets[stray] ?? 'nothing' }];
      }
    }
    this.#put({ ...this.of(scope), limits: parsed.value });
    this.#checkLoss(scope);
    return [];
  }

  /** A person's word. Resuming after a daily loss counts losses anew from now on. */
  setState(scope: RiskScope, state: RiskState): void {
    const known = this.of(scope);
    const since = this.#ports.now();
    this.#ports.store.transaction(() => {
      const isLost = known.cause === 'dailyLoss' || this.#lossFault(known) !== null;
      if (state === 'active' && isLost) this.#realised.forget(scope);
      this.#put({ ...known, state, cause: 'person', values: {}, since, until: 0 });
    });
    this.#alignScope(scope);
  }

  /** Tells a bot its state where it trades by another one. */
  align(botId: string): void {
    const bot = this.#ports.bots().get(botId);
    const risk = this.effective(botId);
    if (bot !== undefined && bot.state.risk !== risk) this.#ports.setRisk(botId, risk);
  }

  /**
   * Whether an order that `bot` asks for may leave; `later` are the orders of the same event that come after it,
   * which the bot's state holds already.
   */
  denial(bot: Bot, effect: PlaceEffect, later: readonly PlaceEffect[]): Denial | null {
    if (effect.role === 'exit') return null;
    for (const scope of ['desk', `bot:${bot.botId}`] as const) {
      const { limits } = this.of(scope);
      if (limits.maxOpenOrders === undefined && limits.maxExposure.length === 0) continue;
      const waiting = [effect, ...later];
      const exposure = without(
        this.#exposureOfScope(scope),
        waiting.map((placed) => this.#stake(placed)),
      );
      const { asset, stake } = this.#stake(effect);
      const fault = riskFault(limits, exposure, { role: effect.role, quoteAsset: asset, stake });
      if (fault !== null) {
        return {
          rule: `risk: ${scope}: ${fault.rule}`,
          reason: `expected ${fault.expected}, found ${fault.found}`,
        };
      }
    }
    return null;
  }

  /** A deal, running or just ended, has realised more or less; in the transaction that writes it. */
  onRealised({ botId, asset, amount }: RealisedChange): void {
    const scopes = ['desk', `bot:${botId}`] as const;
    this.#realised.add(scopes, asset, amount);
    for (const scope of scopes) this.#checkLoss(scope);
  }

  /** States that end by themselves end; to be called about once a second. */
  tick(): void {
    const now = this.#ports.now();
    this.#realised.turnDay();
    for (const [scope, risk] of this.#scopes) {
      if (risk.until === 0 || now < risk.until) continue;
      this.#put({ ...risk, state: 'active', cause: 'none', values: {}, since: now, until: 0 });
      this.#alignScope(scope);
    }
  }

  #checkLoss(scope: RiskScope): void {
    const known = this.of(scope);
    const fault = known.state === 'active' ? this.#lossFault(known) : null;
    if (fault === null) return;
    this.#put({
      ...known,
      state: 'reducing',
      cause: 'dailyLoss',
      values: fault,
      since: this.#ports.now(),
      until: this.#realised.endsAt,
    });
    this.#alignScope(scope);
  }

  #lossFault({ scope, limits }: ScopeRisk): ReturnType<typeof lossFault> {
    return limits.dailyLoss.length === 0 ? null : lossFault(limits, this.#realised.of(scope));
  }

  #alignScope(scope: RiskScope): void {
    if (scope === 'desk') for (const botId of this.#ports.bots().keys()) this.align(botId);
    else this.align(scope.slice('bot:'.length));
  }

  #exposureOfScope(scope: RiskScope): BotExposure {
    if (scope === 'desk') return toExposure(this.#sums.all());
    const bot = this.#ports.bots().get(scope.slice('bot:'.length));
    return bot === undefined ? exposureOf([]) : toExposure(this.#sums.of(bot));
  }

  #stake({ order, role }: PlaceEffect): { readonly asset: string; readonly stake: bigint } {
    const instrument = this.#ports.instrument(order.symbol);
    if (instrument === undefined) return { asset: '', stake: 0n };
    return {
      asset: instrument.quoteAsset,
      stake: role === 'exit' ? 0n : stakeOf(instrument, order.priceTicks, order.quantity),
    };
  }

  #put(risk: ScopeRisk): void {
    this.#ports.store.run(
      'INSERT OR REPLACE INTO risk (scope, limits, state, cause, cause_values, since, until) VALUES (?, ?, ?, ?, ?, ?, ?)',
      risk.scope,
      JSON.stringify(risk.limits),
      risk.state,
      risk.cause,
      JSON.stringify(risk.values),
      risk.since,
      risk.until,
    );
    this.#scopes.set(risk.scope, risk);
    this.#ports.onChanged(risk);
  }
}

/** Orders are counted beside the assets, under no asset's name. */
const ORDERS = '';

function amountsOf({
  state,
}: Bot): ReadonlyMap<string, Readonly<Record<'open' | 'entries' | 'openOrders', bigint>>> {
  const { assets, openOrders } = exposureOf(state.deals);
  const amounts = new Map([[ORDERS, { open: 0n, entries: 0n, openOrders: BigInt(openOrders) }]]);
  for (const [asset, { open, entries }] of assets) {
    amounts.set(asset, { open, entries, openOrders: 0n });
  }
  return amounts;
}

function toExposure(
  amounts: ReadonlyMap<string, Readonly<Record<'open' | 'entries' | 'openOrders', bigint>>>,
): BotExposure {
  const assets = new Map(amounts);
  assets.delete(ORDERS);
  return { assets, openOrders: Number(amounts.get(ORDERS)?.openOrders ?? 0n) };
}

/** `exposure` less orders that are counted in it and have not left yet. */
function without(
  exposure: BotExposure,
  stakes: readonly { readonly asset: string; readonly stake: bigint }[],
): BotExposure {
  const assets = new Map(exposure.assets);
  for (const { asset, stake } of stakes) {
    const known = assets.get(asset);
    if (known !== undefined) assets.set(asset, { ...known, entries: known.entries - stake });
  }
  return { assets, openOrders: exposure.openOrders - stakes.length };
}

function text(amount: bigint): string {
  return trimDecimal(formatDecimal(amount, ASSET_SCALE));
}

/** `text` as a scope; anything that is not a bot's is the desk's. */
export function toScope(text: string): RiskScope {
  return text.startsWith('bot:') ? `bot:${text.slice('bot:'.length)}` : 'desk';
}

function toState(text: string): RiskState {
  return text === 'reducing' || text === 'halted' ? text : 'active';
}

function toCause(text: string): RiskCause {
  return text === 'person' || text === 'dailyLoss' ? text : 'none';
}

function toValues(text: string): Record<string, string> {
  const values: unknown = JSON.parse(text);
  return typeof values === 'object' && values !== null
    ? Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))
    : {};
}
