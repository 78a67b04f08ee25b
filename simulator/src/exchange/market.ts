// SPDX-License-Identifier: Apache-2.0
// One symbol of the venue: its engine, its counters and how its whole numbers are written on the wire.

import {
  ASSET_SCALE,
  formatDecimal,
  notionalScale,
  toScaled,
  type MatchingEngine,
  type Side,
} from '@kontor/core';
import type { FollowedQuotes, SimulatorInstrument } from '../ports.ts';
import { parseFilters, type SymbolFilters } from './filters.ts';
import type { VenueOrder } from './venue-order.ts';

const MINUTE_MS = 60_000;
/** Longest average a filter may ask for. */
const AVERAGE_MINUTES_MAX = 60;

/** Decimals at which the venue holds each asset: enough for every amount its instruments can make. */
export type AssetScales = ReadonlyMap<string, number>;

export function assetScales(instruments: readonly SimulatorInstrument[]): AssetScales {
  const scales = new Map<string, number>();
  const widen = (asset: string, scale: number): void => {
    scales.set(asset, Math.max(scales.get(asset) ?? ASSET_SCALE, scale));
  };
  for (const instrument of instruments) {
    widen(instrument.baseAsset, instrument.quantityScale);
    widen(instrument.quoteAsset, notionalScale(instrument));
  }
  return scales;
}

interface MinuteBucket {
  minute: number;
  /** Sum of ticks × lots, and of lots. */
  notional: bigint;
  lots: bigint;
}

export interface MarketCounters {
  nextOrderId: number;
  nextExecutionId: number;
  nextPreventedMatchId: number;
  lastUpdateId: number;
}

interface HiddenLots {
  priceTicks: number;
  lots: number;
}

export class Market {
  readonly instrument: SimulatorInstrument;
  readonly symbol: string;
  readonly filters: SymbolFilters;
  /** The symbol's object in `exchangeInfo`, with every documented field. */
  readonly info: Readonly<Record<string, unknown>>;
  readonly baseScale: number;
  readonly quoteScale: number;
  /** Base units (at `baseScale`) of one lot. */
  readonly baseUnit: bigint;
  /** Quote units (at `quoteScale`) of one tick × lot. */
  readonly quoteUnit: bigint;
  readonly counters: MarketCounters = {
    nextOrderId: 1,
    nextExecutionId: 1,
    nextPreventedMatchId: 0,
    lastUpdateId: 1,
  };
  /** User orders by the ID the engine knows them by. */
  readonly byEngineId: Map<number, VenueOrder> = new Map();
  /** User orders by the ID the wire knows them by. */
  readonly orders: Map<number, VenueOrder> = new Map();
  /** Orders that wait for their stop, by the ID of what waits for them in the engine. */
  readonly sentinels: Map<number, VenueOrder> = new Map();
  /** Trailing stops whose stop price the market has not reached yet. */
  readonly awaitingTrail: Set<VenueOrder> = new Set();
  engine: MatchingEngine;
  lastTicks = 0;
  lastLots = 0;
  houseTicks = 0;
  houseBidId = 0;
  houseAskId = 0;
  /** What a followed market quotes; undefined for other markets and while it cannot be seen. */
  followed: FollowedQuotes | undefined;
  /** How much more than it shows the house offers at its quote of each side. */
  readonly hidden: Readonly<Record<Side, HiddenLots>> = {
    buy: { priceTicks: 0, lots: 0 },
    sell: { priceTicks: 0, lots: 0 },
  };
  /** The taker's side of the print at work. */
  printSide: Side | undefined;
  readonly #priceUnit: bigint;
  readonly #quantityUnit: bigint;
  readonly #minutes: MinuteBucket[] = [];

  constructor(
    instrument: SimulatorInstrument,
    scales: AssetScales,
    makeEngine: (market: Market) => MatchingEngine,
  ) {
    this.instrument = instrument;
    this.symbol = instrument.symbol;
    this.filters = parseFilters(instrument);
    this.info = completeInfo(instrument);
    this.baseScale = scales.get(instrument.baseAsset) ?? ASSET_SCALE;
    this.quoteScale = scales.get(instrument.quoteAsset) ?? ASSET_SCALE;
    this.baseUnit =
      BigInt(instrument.lotUnits) * 10n ** BigInt(this.baseScale - instrument.quantityScale);
    this.quoteUnit =
      BigInt(instrument.tickUnits) *
      BigInt(instrument.lotUnits) *
      10n ** BigInt(this.quoteScale - notionalScale(instrument));
    this.#priceUnit = BigInt(instrument.tickUnits) * 10n ** BigInt(8 - instrument.priceScale);
    this.#quantityUnit = BigInt(instrument.lotUnits) * 10n ** BigInt(8 - instrument.quantityScale);
    this.engine = makeEngine(this);
  }

  get status(): string {
    return String(this.info['status']);
  }

  /** `ticks` with the wire's eight decimals. */
  priceText(ticks: number): string {
    return ticks === 0 ? '0.00000000' : formatDecimal(BigInt(ticks) * this.#priceUnit, 8);
  }

  /** `lots` with the wire's eight decimals. */
  quantityText(lots: number): string {
    return lots === 0 ? '0.00000000' : formatDecimal(BigInt(lots) * this.#quantityUnit, 8);
  }

  /** A sum of ticks × lots in quote with the wire's eight decimals, cut off. */
  notionalText(ticksLots: bigint): string {
    if (ticksLots === 0n) return '0.00000000';
    return unitsText(ticksLots * this.quoteUnit, this.quoteScale);
  }

  /** What the book shows on one side, best price first. */
  depth(side: Side, limit: number): [priceTicks: number, lots: number][] {
    const levels = this.engine.depth(side, limit);
    if (this.hidden[side].lots === 0) return levels;
    return levels.map(([ticks, lots]) => [ticks, this.shownLots(side, ticks, lots)]);
  }

  /** Of the `lots` at a price of the book, those that are shown. */
  shownLots(side: Side, priceTicks: number, lots: number): number {
    const hidden = this.hidden[side];
    return priceTicks === hidden.priceTicks ? Math.max(0, lots - hidden.lots) : lots;
  }

  recordTrade(priceTicks: number, lots: number, marketMs: number): void {
    this.lastTicks = priceTicks;
    this.lastLots = lots;
    const minute = Math.floor(marketMs / MINUTE_MS);
    let bucket = this.#minutes.at(-1);
    if (bucket === undefined || bucket.minute !== minute) {
      bucket = { minute, notional: 0n, lots: 0n };
      this.#minutes.push(bucket);
      if (this.#minutes.length > AVERAGE_MINUTES_MAX) this.#minutes.shift();
    }
    bucket.notional += BigInt(priceTicks) * BigInt(lots);
    bucket.lots += BigInt(lots);
  }

  /**
   * The volume-weighted mean price of the last `minutes` as a fraction of ticks; the last price for 0 minutes
   * and when nothing traded; null before the first trade.
   */
  averageTicks(
    minutes: number,
    marketMs: number,
  ): { readonly numerator: bigint; readonly denominator: bigint } | null {
    const since = Math.floor(marketMs / MINUTE_MS) - minutes;
    let notional = 0n;
    let lots = 0n;
    for (const bucket of minutes > 0 ? this.#minutes : []) {
      if (bucket.minute <= since) continue;
      notional += bucket.notional;
      lots += bucket.lots;
    }
    if (lots > 0n) return { numerator: notional, denominator: lots };
    return this.lastTicks > 0 ? { numerator: BigInt(this.lastTicks), denominator: 1n } : null;
  }

  /** The minute sums, for a snapshot. */
  averages(): readonly (readonly [minute: number, notional: string, lots: string])[] {
    return this.#minutes.map((bucket) => [
      bucket.minute,
      bucket.notional.toString(),
      bucket.lots.toString(),
    ]);
  }

  restoreAverages(
    averages: readonly (readonly [minute: number, notional: string, lots: string])[],
  ): void {
    for (const [minute, notional, lots] of averages) {
      this.#minutes.push({ minute, notional: BigInt(notional), lots: BigInt(lots) });
    }
  }
}

/** What older or shorter descriptions of a symbol leave out, as Binance has it today. */
function completeInfo(instrument: SimulatorInstrument): Readonly<Record<string, unknown>> {
  return Object.freeze({
    symbol: instrument.symbol,
    status: 'TRADING',
    baseAsset: instrument.baseAsset,
    baseAssetPrecision: ASSET_SCALE,
    quoteAsset: instrument.quoteAsset,
    quotePrecision: ASSET_SCALE,
    quoteAssetPrecision: ASSET_SCALE,
    baseCommissionPrecision: ASSET_SCALE,
    quoteCommissionPrecision: ASSET_SCALE,
    orderTypes: [
      'LIMIT',
      'LIMIT_MAKER',
      'MARKET',
      'STOP_LOSS',
      'STOP_LOSS_LIMIT',
      'TAKE_PROFIT',
      'TAKE_PROFIT_LIMIT',
    ],
    icebergAllowed: true,
    ocoAllowed: true,
    otoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    amendAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [],
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: [
      'NONE',
      'EXPIRE_TAKER',
      'EXPIRE_MAKER',
      'EXPIRE_BOTH',
      'DECREMENT',
    ],
    ...instrument.info,
    // The venue has neither of these, whatever the exchange it is modelled on offers.
    opoAllowed: false,
    pegInstructionsAllowed: false,
  });
}

/** `units` at `scale` decimals with the wire's eight decimals; what does not fit is cut off. */
export function unitsText(units: bigint, scale: number): string {
  if (scale === ASSET_SCALE) return formatDecimal(units, ASSET_SCALE);
  return formatDecimal(units / 10n ** BigInt(scale - ASSET_SCALE), ASSET_SCALE);
}

/** Decimal text as units at `scale`; throws RangeError naming `field`. */
export function toUnits(text: string, scale: number, field: string): bigint {
  return toScaled(text, scale, field);
}
