// SPDX-License-Identifier: Apache-2.0
// Makes the market that was asked for: from files, from feeds at hand, or out of nothing.

import { defaultInstruments, inferInstrument } from '../instruments.ts';
import type { SimulatorInstrument } from '../ports.ts';
import type { FeedSymbol, MarketFeed } from './feed.ts';
import { readMarketFile } from './files.ts';
import { ReplaySource, type CandlePath } from './replay.ts';
import type { MarketHands, MarketSource } from './source.ts';
import {
  DEFAULT_SYNTHETIC_HISTORY,
  defaultPairs,
  SyntheticSource,
  type SyntheticPair,
} from './synthetic.ts';

export type MarketOptions =
  | {
      readonly kind: 'synthetic';
      /** By default all that are known. */
      readonly symbols?: readonly string[];
    }
  | {
      readonly kind: 'files';
      readonly files: readonly { readonly path: string; readonly symbol?: FeedSymbol }[];
    }
  | {
      readonly kind: 'feeds';
      readonly feeds: readonly MarketFeed[];
      /** Instruments to use instead of inferred ones, by symbol. */
      readonly instruments?: readonly SimulatorInstrument[];
    };

export interface OpeningOptions {
  readonly market: MarketOptions;
  readonly path: CandlePath;
  readonly startMs: number | undefined;
  readonly history: number | undefined;
  readonly seed: string;
  readonly wallMs: number;
}

/** A market that is ready to be opened. */
export interface OpenableMarket {
  readonly instruments: readonly SimulatorInstrument[];
  readonly source: MarketSource;
  /** Market time before the first point. */
  readonly startMs: number;
  /** Fills the chart, and lets the house quote where history ended. */
  open(hands: MarketHands): void;
  /** Takes up a saved position instead. Throws MarketStateError. */
  restore(state: unknown): void;
}

const DEFAULT_FILE_HISTORY = 500;

/** Throws MarketFileError for files that cannot be read; `reason` for options that do not fit. */
export async function prepareMarket(
  options: OpeningOptions,
): Promise<
  | { readonly ok: true; readonly market: OpenableMarket }
  | { readonly ok: false; readonly reason: string }
> {
  const { market } = options;
  if (market.kind === 'synthetic') return prepareSynthetic(options, market.symbols);
  if (market.kind === 'feeds')
    return prepareReplay(options, market.feeds, market.instruments ?? []);
  const feeds: MarketFeed[] = [];
  for (const { path, symbol } of market.files) feeds.push(await readMarketFile(path, symbol));
  return prepareReplay(options, feeds, []);
}

type Prepared =
  | { readonly ok: true; readonly market: OpenableMarket }
  | { readonly ok: false; readonly reason: string };

function prepareSynthetic(
  options: OpeningOptions,
  symbols: readonly string[] | undefined,
): Prepared {
  const pairs: SyntheticPair[] = [];
  for (const symbol of symbols ?? defaultPairs.map((pair) => pair.symbol)) {
    const pair = defaultPairs.find((known) => known.symbol === symbol);
    if (pair === undefined) {
      const known = defaultPairs.map((each) => each.symbol).join(', ');
      return { ok: false, reason: `expected a symbol of ${known}, found ${symbol}` };
    }
    if (!pairs.includes(pair)) pairs.push(pair);
  }
  const instruments = defaultInstruments.filter(({ symbol }) =>
    pairs.some((pair) => pair.symbol === symbol),
  );
  const startMs = options.startMs ?? options.wallMs;
  const source = new SyntheticSource({ seed: options.seed, startMs, pairs, instruments });
  const minutes = options.history ?? DEFAULT_SYNTHETIC_HISTORY;
  return {
    ok: true,
    market: {
      instruments,
      source,
      startMs,
      open: (hands) => source.preload(hands, startMs, minutes),
      restore: (state) => source.restore(state),
    },
  };
}

function prepareReplay(
  options: OpeningOptions,
  feeds: readonly MarketFeed[],
  given: readonly SimulatorInstrument[],
): Prepared {
  const instruments = feeds.map(
    (feed) => given.find(({ symbol }) => symbol === feed.symbol) ?? inferInstrument(feed),
  );
  const made = ReplaySource.create({
    feeds,
    instruments,
    path: options.path,
    startMs: options.startMs,
    history: options.history ?? DEFAULT_FILE_HISTORY,
  });
  if (!made.ok) return made;
  const { source } = made;
  return {
    ok: true,
    market: {
      instruments,
      source,
      startMs: source.startMs,
      open: (hands) => openReplay(source, instruments, hands),
      restore: (state) => source.restore(state),
    },
  };
}

/** After its history a replayed market stands at the last close, as it did at that time. */
function openReplay(
  source: ReplaySource,
  instruments: readonly SimulatorInstrument[],
  hands: MarketHands,
): void {
  source.preload(hands);
  for (const { symbol } of instruments) {
    const { lastTicks } = hands.tape(symbol);
    if (lastTicks > 1) hands.house.moveTo(symbol, lastTicks, 0, 'buy');
  }
}
