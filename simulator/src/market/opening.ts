// SPDX-License-Identifier: Apache-2.0
// Makes the market that was asked for: from files, from feeds at hand, or out of nothing.

import { defaultInstruments, inferInstrument } from '../instruments.ts';
import type { SimulatorInstrument } from '../ports.ts';
import type { WallClock } from '../clock.ts';
import type { SavedMarketData } from '../market-data.ts';
import type { FeedSymbol, MarketFeed } from './feed.ts';
import { readMarketFile } from './files.ts';
import {
  DEFAULT_FOLLOWED_MINUTES,
  DEFAULT_FOLLOWED_SYMBOLS,
  type FollowedMarket,
  FOLLOWED_SYMBOLS_MAX,
  prepareFollowed,
  type FollowAddresses,
} from './follow.ts';
import { FollowError } from './follow-rest.ts';
import type { FollowStreamRules } from './follow-stream.ts';
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
    }
  | {
      /** A real exchange's public prices, or another simulator's. */
      readonly kind: 'follow';
      readonly venue: string;
      readonly addresses: FollowAddresses;
      readonly symbols?: readonly string[];
      readonly streamRules?: Partial<FollowStreamRules>;
    };

export interface OpeningOptions {
  readonly market: MarketOptions;
  readonly path: CandlePath;
  readonly startMs: number | undefined;
  readonly history: number | undefined;
  readonly seed: string;
  readonly wall: WallClock;
  /** Ends the wait for an exchange that does not answer. */
  readonly stop: AbortSignal;
  /** Hears why a market that is followed cannot open yet, and when that is tried again. */
  readonly onWaiting?: (reason: string, pauseMs: number) => void;
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
  /** Of a followed market: candles to begin with, newer than any that were saved. */
  readonly data?: SavedMarketData;
  /** Set where the market moves by itself. */
  readonly followed?: FollowedMarket;
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
  if (market.kind === 'follow') return prepareFollow(options, market);
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
  const startMs = options.startMs ?? Math.floor(options.wall.nowMs());
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

async function prepareFollow(
  options: OpeningOptions,
  market: Extract<MarketOptions, { kind: 'follow' }>,
): Promise<Prepared> {
  const symbols = [...new Set(market.symbols ?? DEFAULT_FOLLOWED_SYMBOLS)];
  if (symbols.length > FOLLOWED_SYMBOLS_MAX) {
    return {
      ok: false,
      reason: `expected at most ${FOLLOWED_SYMBOLS_MAX} symbols to follow, found ${symbols.length}`,
    };
  }
  let followed: FollowedMarket;
  try {
    followed = await prepareFollowed(
      {
        venue: market.venue,
        addresses: market.addresses,
        symbols,
        minutes: options.history ?? DEFAULT_FOLLOWED_MINUTES,
        wall: options.wall,
        ...(market.streamRules === undefined ? {} : { streamRules: market.streamRules }),
        ...(options.onWaiting === undefined ? {} : { onWaiting: options.onWaiting }),
      },
      options.stop,
    );
  } catch (error) {
    if (!(error instanceof FollowError)) throw error;
    return { ok: false, reason: error.message };
  }
  return {
    ok: true,
    market: {
      instruments: followed.instruments,
      source: followed,
      startMs: followed.startMs,
      data: followed.data(),
      followed,
      open: () => undefined,
      restore: (state) => followed.restore(state),
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
