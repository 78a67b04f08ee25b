// SPDX-License-Identifier: Apache-2.0
// The simulator's command line: what may be given and what it means.

import { readFileSync } from 'node:fs';

import { parseDecimal } from '@kontor/core';
import type { FeedSymbol } from './market/feed.ts';
import { FOLLOWED_VENUES, type FollowAddresses } from './market/follow.ts';
import type { MarketOptions } from './market/opening.ts';
import type { CandlePath } from './market/replay.ts';
import type { MarketSpeed } from './market/runner.ts';
import { parseSymbol } from './market/symbols.ts';
import type { AccountOptions, SimulatorOptions } from './compose.ts';

export const simulatorHelp: string = `Usage: kontor simulator [options]

An exchange on this computer that speaks Binance Spot: REST, WebSocket API and streams.
Without --market it makes up a market of its own.

Market
  --market FILE          replay candles or trades: CSV, .gz or .zip; may be repeated
  --market SYMBOL=FILE   the same, naming the symbol, e.g. BTC/USDT=prices.csv
  --market follow:VENUE  follow the public prices of a real exchange: binance. Needs the
                         internet and no key
  --symbol SYMBOL        the symbol of the file before it; without a file, one of those to
                         make up or to follow; may be repeated
  --speed N              market ms per wall ms; 0 moves by control only; max: as fast as
                         possible (files only). Default 1
  --path ORDER           low-first (default) or high-first: which extreme of a candle comes
                         first
  --start TIME           where to begin in the files: ISO time or ms since 1970
  --history N            candles before the start that fill the chart; default 500 of a
                         file, 720 minutes of a made-up and 1500 of a followed market
  --follow-rest URL      where the followed exchange's REST listens, if elsewhere
  --follow-streams URL   and its streams, e.g. wss://stream.binance.com:9443
  --fill-by-volume       orders on a followed market trade no more than was traded or
                         quoted there; without, they are filled whole
  --seed TEXT            the made-up market, keys and faults follow from it; drawn without

Accounts
  --account NAME:ASSET=AMOUNT,…   an account with balances; may be repeated
  --public-key FILE      Ed25519 or RSA public key (PEM) of the account before it; without,
                         the account gets an HMAC key
  --no-keys              accounts get no key; the control server registers keys
  --maker-fee PERCENT    default 0.1
  --taker-fee PERCENT    default 0.1

Server
  --host ADDRESS         default 127.0.0.1
  --port N               REST (/api, /sapi), streams (/ws, /stream) and WebSocket API
                         (/ws-api/v3); default 0: any free port
  --control-port N       control server, GET /control lists its routes; default 0
  --no-limits            no rate limits
  --state FILE           go on from this state and keep it there
  --exit-with-stdin      stop when standard input ends
  --json                 print one line of JSON when ready
  --help                 print this

Example:
  kontor simulator --account demo:USDT=10000,BTC=1 --seed 7 --json
`;

export type SimulatorArguments =
  | {
      readonly ok: true;
      readonly kind: 'run';
      readonly options: SimulatorOptions;
      readonly isJson: boolean;
      readonly exitsWithStdin: boolean;
    }
  | { readonly ok: true; readonly kind: 'help' }
  | { readonly ok: false; readonly reason: string };

interface Collected {
  /** The venue to follow. */
  followed: string | undefined;
  readonly files: { path: string; symbol: FeedSymbol | undefined }[];
  readonly symbols: FeedSymbol[];
  readonly accounts: AccountOptions[];
  readonly values: Map<string, string>;
  readonly flags: Set<string>;
}

const VALUES: ReadonlySet<string> = new Set([
  '--speed',
  '--path',
  '--start',
  '--history',
  '--seed',
  '--maker-fee',
  '--taker-fee',
  '--host',
  '--port',
  '--control-port',
  '--state',
  '--follow-rest',
  '--follow-streams',
]);
const REPEATED: ReadonlySet<string> = new Set([
  '--market',
  '--symbol',
  '--account',
  '--public-key',
]);
const FLAGS: ReadonlySet<string> = new Set([
  '--no-keys',
  '--no-limits',
  '--fill-by-volume',
  '--exit-with-stdin',
  '--json',
  '--help',
]);

const FOLLOW = 'follow:';
const FOLLOWED_ALONE = 'a followed market stands alone: no --market file goes with it';

/** An option that is not what it should be. */
class BadArgument extends Error {}

/** What `args`, without program and command, ask for. Reads public key files and nothing else. */
export function parseSimulatorArguments(args: readonly string[]): SimulatorArguments {
  try {
    const collected = collect(args);
    if (collected.flags.has('--help')) return { ok: true, kind: 'help' };
    return {
      ok: true,
      kind: 'run',
      options: toOptions(collected),
      isJson: collected.flags.has('--json'),
      exitsWithStdin: collected.flags.has('--exit-with-stdin'),
    };
  } catch (error) {
    if (error instanceof BadArgument) return { ok: false, reason: error.message };
    throw error;
  }
}

function collect(args: readonly string[]): Collected {
  const collected: Collected = {
    followed: undefined,
    files: [],
    symbols: [],
    accounts: [],
    values: new Map(),
    flags: new Set(),
  };
  for (let index = 0; index < args.length; index += 1) {
    const [name = '', ...rest] = (args[index] ?? '').split('=');
    if (FLAGS.has(name) && rest.length === 0) {
      collected.flags.add(name);
      continue;
    }
    if (!VALUES.has(name) && !REPEATED.has(name)) {
      throw new BadArgument(`expected an option of --help, found ${JSON.stringify(args[index])}`);
    }
    let value = rest.join('=');
    if (rest.length === 0) {
      index += 1;
      const next = args[index];
      if (next === undefined) throw new BadArgument(`${name} needs a value`);
      value = next;
    }
    if (REPEATED.has(name)) addRepeated(collected, name, value);
    else if (collected.values.has(name)) throw new BadArgument(`${name} was given twice`);
    else collected.values.set(name, value);
  }
  return collected;
}

function addRepeated(collected: Collected, name: string, value: string): void {
  switch (name) {
    case '--market':
      addMarket(collected, value);
      return;
    case '--symbol':
      addSymbol(collected, value);
      return;
    case '--account':
      collected.accounts.push(parseAccount(value, collected.accounts));
      return;
    default:
      addPublicKey(collected, value);
  }
}

function addMarket(collected: Collected, value: string): void {
  if (!value.startsWith(FOLLOW)) {
    if (collected.followed !== undefined) throw new BadArgument(FOLLOWED_ALONE);
    collected.files.push(parseMarket(value));
    return;
  }
  const venue = value.slice(FOLLOW.length);
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(venue)) {
    throw new BadArgument(
      `--market follow: must name a venue like binance, was ${JSON.stringify(value)}`,
    );
  }
  if (collected.files.length > 0) throw new BadArgument(FOLLOWED_ALONE);
  if (collected.followed !== undefined) throw new BadArgument('--market follow: was given twice');
  collected.followed = venue;
}

function parseMarket(value: string): { path: string; symbol: FeedSymbol | undefined } {
  const equals = value.indexOf('=');
  const symbol = equals > 0 ? parseSymbol(value.slice(0, equals)) : undefined;
  const path = symbol === undefined ? value : value.slice(equals + 1);
  if (path === '') throw new BadArgument('--market needs a file');
  return { path, symbol };
}

function addSymbol(collected: Collected, value: string): void {
  const symbol = parseSymbol(value);
  if (symbol === undefined) {
    throw new BadArgument(
      `--symbol must be like BTCUSDT or BTC/USDT, was ${JSON.stringify(value)}`,
    );
  }
  const file = collected.files.at(-1);
  if (file === undefined) collected.symbols.push(symbol);
  else if (file.symbol === undefined) file.symbol = symbol;
  else
    throw new BadArgument(`--symbol ${value}: ${file.path} has the symbol ${file.symbol.symbol}`);
}

/** `demo:USDT=10000,BTC=1`; the balances may be left out. */
export function parseAccount(
  value: string,
  others: readonly AccountOptions[] = [],
): AccountOptions {
  const colon = value.indexOf(':');
  const name = colon === -1 ? value : value.slice(0, colon);
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new BadArgument(
      `--account must begin with a name of A-Z a-z 0-9 _ . -, was ${JSON.stringify(value)}`,
    );
  }
  if (others.some((other) => other.name === name)) {
    throw new BadArgument(`--account ${name} was given twice`);
  }
  const balances: Record<string, string> = {};
  const list = colon === -1 ? '' : value.slice(colon + 1);
  for (const part of list.split(',').filter((text) => text !== '')) {
    const match = /^([A-Z0-9]{1,20})=(\d+(?:\.\d{1,8})?)$/.exec(part);
    if (match === null) {
      throw new BadArgument(
        `--account ${name} must list balances like USDT=10000, found ${JSON.stringify(part)}`,
      );
    }
    balances[match[1] ?? ''] = match[2] ?? '0';
  }
  return { name, balances };
}

function addPublicKey(collected: Collected, path: string): void {
  const account = collected.accounts.pop();
  if (account === undefined) throw new BadArgument('--public-key must follow an --account');
  let publicKeyPem: string;
  try {
    publicKeyPem = readFileSync(path, 'utf8');
  } catch (error) {
    const found = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new BadArgument(`--public-key must be a readable file, ${path} gave ${found}`);
  }
  if (!publicKeyPem.includes('-----BEGIN PUBLIC KEY-----')) {
    throw new BadArgument(`--public-key must be a PEM public key, ${path} is none`);
  }
  collected.accounts.push({ ...account, publicKeyPem });
}

function toOptions(collected: Collected): SimulatorOptions {
  const { values, files, accounts, flags } = collected;
  const text = (name: string): string | undefined => values.get(name);
  const isReplay = files.length > 0;
  if (collected.followed !== undefined) refuseWithFollow(values);
  else refuseWithoutFollow(collected);
  const speed = parseSpeed(text('--speed'), isReplay);
  if (!isReplay && text('--start') !== undefined) {
    throw new BadArgument('--start needs a --market file');
  }
  if (!isReplay && text('--path') !== undefined) {
    throw new BadArgument('--path needs a --market file');
  }
  const startMs = parseTime(text('--start'));
  const history = parseWhole('--history', text('--history'), 0, 100_000);
  const seed = text('--seed');
  const statePath = text('--state');
  const makerFeePpm = parsePercent('--maker-fee', text('--maker-fee'));
  const takerFeePpm = parsePercent('--taker-fee', text('--taker-fee'));
  const port = parseWhole('--port', text('--port'), 0, 65_535);
  const controlPort = parseWhole('--control-port', text('--control-port'), 0, 65_535);
  const host = text('--host');
  return {
    market: marketOf(collected),
    ...(flags.has('--fill-by-volume') ? { fillsByVolume: true } : {}),
    path: parsePath(text('--path')),
    speed,
    accounts,
    ...(flags.has('--no-keys') ? { hasKeys: false } : {}),
    isLimited: !flags.has('--no-limits'),
    ...(startMs === undefined ? {} : { startMs }),
    ...(history === undefined ? {} : { history }),
    ...(seed === undefined ? {} : { seed }),
    ...(statePath === undefined ? {} : { statePath }),
    ...(makerFeePpm === undefined ? {} : { makerFeePpm }),
    ...(takerFeePpm === undefined ? {} : { takerFeePpm }),
    ...(port === undefined ? {} : { port }),
    ...(controlPort === undefined ? {} : { controlPort }),
    ...(host === undefined ? {} : { host }),
  };
}

function marketOf({ followed, files, symbols, values }: Collected): MarketOptions {
  const listed = symbols.length > 0 ? { symbols: symbols.map((known) => known.symbol) } : {};
  if (followed !== undefined) {
    return { kind: 'follow', venue: followed, addresses: addressesOf(followed, values), ...listed };
  }
  if (files.length === 0) return { kind: 'synthetic', ...listed };
  return {
    kind: 'files',
    files: files.map(({ path, symbol }) => (symbol === undefined ? { path } : { path, symbol })),
  };
}

function addressesOf(venue: string, values: ReadonlyMap<string, string>): FollowAddresses {
  const known = FOLLOWED_VENUES[venue];
  const address = (name: string, scheme: 'http' | 'ws', byDefault: string | undefined): string => {
    const text = values.get(name);
    if (text === undefined) {
      if (byDefault !== undefined) return byDefault;
      const names = Object.keys(FOLLOWED_VENUES).join(', ');
      throw new BadArgument(`--market follow:${venue} needs ${name}; known by name: ${names}`);
    }
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== `${scheme}:` && url?.protocol !== `${scheme}s:`) {
      throw new BadArgument(
        `${name} must be an address like ${scheme}s://example.com, was ${JSON.stringify(text)}`,
      );
    }
    return text;
  };
  return {
    rest: address('--follow-rest', 'http', known?.rest),
    streams: address('--follow-streams', 'ws', known?.streams),
  };
}

function refuseWithFollow(values: ReadonlyMap<string, string>): void {
  for (const name of ['--speed', '--path', '--start']) {
    if (values.has(name)) {
      throw new BadArgument(`${name} does not go with a followed market: it has a pace of its own`);
    }
  }
}

function refuseWithoutFollow({ values, flags }: Collected): void {
  const found = ['--follow-rest', '--follow-streams', '--fill-by-volume'].find(
    (name) => values.has(name) || flags.has(name),
  );
  if (found !== undefined) throw new BadArgument(`${found} needs --market follow:VENUE`);
}

function parsePath(text: string | undefined): CandlePath {
  if (text === undefined || text === 'low-first') return 'low-first';
  if (text === 'high-first') return text;
  throw new BadArgument(`--path must be low-first or high-first, was ${JSON.stringify(text)}`);
}

function parseSpeed(text: string | undefined, isReplay: boolean): MarketSpeed {
  if (text === undefined) return 1;
  if (text === 'max') {
    if (isReplay) return 'max';
    throw new BadArgument('--speed max needs a --market file: a made-up market never ends');
  }
  const speed = Number(text);
  if (text.trim() !== '' && Number.isFinite(speed) && speed >= 0 && speed <= 1_000_000)
    return speed;
  throw new BadArgument(
    `--speed must be a number from 0 to 1000000 or max, was ${JSON.stringify(text)}`,
  );
}

function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{12,14}$/.test(text)) return Number(text);
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new BadArgument(
    `--start must be an ISO time or ms since 1970, was ${JSON.stringify(text)}`,
  );
}

function parseWhole(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new BadArgument(
    `${name} must be a whole number from ${least} to ${most}, was ${JSON.stringify(text)}`,
  );
}

/** Percent with at most four decimals as parts per million. */
function parsePercent(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDecimal(text.replace(/%$/, ''), 4);
  if (parsed.ok && parsed.value >= 0n && parsed.value <= 100_000n) return Number(parsed.value);
  throw new BadArgument(
    `${name} must be a percentage from 0 to 10 with at most 4 decimals, was ${JSON.stringify(text)}`,
  );
}
