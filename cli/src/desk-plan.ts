// SPDX-License-Identifier: Apache-2.0
// What `kontor start` is to start: a desk on the demo exchange, or a paper desk on a real exchange's prices.

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { DcaSettings } from '@kontor/core';
import {
  DEMO_ACCOUNT,
  DEMO_CONNECTION,
  DEMO_VENUE,
  demoBots,
  demoPolicy,
  demoSymbols,
} from './demo-desk.ts';
import type { DemoExchangeAddresses } from './demo-exchange.ts';
import { DeskFilesError, readJson, writeJson, type DeskFiles } from './desk-files.ts';
import {
  PAPER_CONNECTION,
  paperArguments,
  paperLabel,
  paperMarket,
  paperPolicy,
  paperVenue,
  recordedSymbols,
  type PaperOptions,
} from './paper-desk.ts';

const DEFAULT_SEED = 7;
const PAIRS_MS_MAX = 5_000;

export interface DemoOptions {
  readonly market?: string;
  readonly symbol?: string;
  readonly speed?: number;
  readonly seed?: number;
}

/** The market as the desk shows it. */
export interface MarketFacts {
  readonly kind: 'synthetic' | 'candles' | 'trades' | 'paper';
  readonly label: string;
  /** For the person at the terminal. */
  readonly line: string;
}

export interface DeskPlan {
  /** What the desk's record says: a desk's history makes sense on no other market. */
  readonly market: string;
  /** Whether a desk that was begun on `recorded` may go on. */
  goesOn(recorded: string): boolean;
  readonly simulatorArguments: readonly string[];
  /** True where the exchange may have to wait for another before it is ready. */
  readonly mayWait: boolean;
  /** Under this name the signer keeps the desk's key and its policy. */
  readonly connection: string;
  readonly venue: string;
  symbols(addresses: DemoExchangeAddresses): readonly string[];
  facts(addresses: DemoExchangeAddresses): MarketFacts;
  /** The signer's first policy. */
  policy(addresses: DemoExchangeAddresses): Promise<string>;
  bots(symbols: readonly string[]): readonly DcaSettings[];
}

/** A desk on the demo exchange: a made-up market, or a replay. */
export function demoPlan(files: DeskFiles, options: DemoOptions): DeskPlan {
  const market =
    options.market === undefined
      ? `synthetic ${options.seed ?? DEFAULT_SEED}`
      : resolve(options.market);
  const label = ({ market: { seed } }: DemoExchangeAddresses): string =>
    options.market === undefined ? `seed ${seed}` : basename(options.market);
  return {
    market,
    goesOn: (recorded) =>
      recorded === market ||
      (recorded.startsWith('synthetic ') &&
        options.market === undefined &&
        options.seed === undefined),
    simulatorArguments: demoArguments(files, options),
    mayWait: false,
    connection: DEMO_CONNECTION,
    venue: DEMO_VENUE,
    symbols: (addresses) => demoSymbols(addresses.market.symbols, addresses.market.kind),
    facts(addresses) {
      const { kind } = addresses.market;
      if (kind === 'follow') throw new Error('Invariant: the demo exchange follows no other');
      const name = label(addresses);
      const line =
        kind === 'synthetic' ? `synthetic (${name}): made up, no real prices` : `replay of ${name}`;
      return { kind, label: name, line };
    },
    policy: async ({ market }) =>
      demoPolicy(demoSymbols(market.symbols, market.kind), 'USDT', market.kind),
    bots: demoBots,
  };
}

function demoArguments(files: DeskFiles, options: DemoOptions): readonly string[] {
  const { market, symbol, speed, seed } = options;
  const isFirst = !existsSync(files.simulatorState);
  return [
    '--account',
    DEMO_ACCOUNT,
    '--no-keys',
    '--state',
    files.simulatorState,
    ...(market === undefined ? [] : ['--market', resolve(market)]),
    ...(symbol === undefined ? [] : ['--symbol', symbol]),
    ...(speed === undefined ? [] : ['--speed', String(speed)]),
    ...(market === undefined && isFirst ? ['--seed', String(seed ?? DEFAULT_SEED)] : []),
  ];
}

/** A desk on a real exchange's public prices whose orders go to the simulator. */
export function paperPlan(files: DeskFiles, options: PaperOptions): DeskPlan {
  const { venue } = options;
  const record = readRecord(files);
  const begun = record === undefined ? undefined : recordedSymbols(record, venue);
  const market = paperMarket(venue, options.symbols ?? begun);
  const symbols = recordedSymbols(market, venue) ?? [];
  const label = paperLabel(venue);
  return {
    market,
    goesOn: (recorded) => recorded === market,
    simulatorArguments: paperArguments(options, symbols, files.simulatorState),
    mayWait: true,
    connection: PAPER_CONNECTION,
    venue: paperVenue(venue),
    symbols: () => symbols,
    facts: () => ({
      kind: 'paper',
      label,
      line: `paper: live prices of ${label}, simulated orders, no real money`,
    }),
    policy: async ({ rest }) => paperPolicy(await readPairs(rest, symbols)),
    bots: () => [],
  };
}

/** The pairs as the exchange lists them. */
async function readPairs(
  rest: string,
  symbols: readonly string[],
): Promise<readonly { readonly symbol: string; readonly quoteAsset: string }[]> {
  const query = encodeURIComponent(JSON.stringify(symbols));
  const response = await fetch(`${rest}/api/v3/exchangeInfo?symbols=${query}`, {
    signal: AbortSignal.timeout(PAIRS_MS_MAX),
  });
  // The simulator is our own and answers in the form that it documents.
  const info = (await response.json()) as {
    readonly symbols: readonly { readonly symbol: string; readonly quoteAsset: string }[];
  };
  return info.symbols;
}

/** Throws DeskFilesError when the desk in the directory was begun on another market. */
export function checkMarket(files: DeskFiles, plan: DeskPlan): void {
  const recorded = readRecord(files);
  if (recorded === undefined || plan.goesOn(recorded)) return;
  const isPaper = recorded.startsWith('paper:');
  const goOn = isPaper && !plan.market.startsWith('paper:') ? 'go on with it by --paper, ' : '';
  throw new DeskFilesError(
    'otherMarket',
    `the desk in ${files.directory} was begun on the market ${recorded}, not ${plan.market}; ${goOn}begin a new one with --fresh, or keep both with --data DIR`,
  );
}

/** Only a market that the demo exchange could open becomes this desk's market. */
export function recordMarket(files: DeskFiles, plan: DeskPlan): void {
  const path = recordPath(files);
  if (existsSync(path)) return;
  const record: DeskRecord = { version: 1, market: plan.market };
  writeJson(path, record);
}

interface DeskRecord {
  readonly version: 1;
  readonly market: string;
}

function recordPath(files: DeskFiles): string {
  return join(files.directory, 'desk.json');
}

function readRecord(files: DeskFiles): string | undefined {
  const record = readJson(recordPath(files));
  const isRecord =
    typeof record === 'object' &&
    record !== null &&
    'market' in record &&
    typeof record.market === 'string';
  return isRecord && typeof record.market === 'string' ? record.market : undefined;
}
