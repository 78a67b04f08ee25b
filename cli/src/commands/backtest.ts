// SPDX-License-Identifier: Apache-2.0
// `kontor backtest`: runs a bot over candles and writes what came of it.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { parseDecimal, type Parsed } from '@kontor/core';
import {
  isPassed,
  lookaheadText,
  parseCandleSymbol,
  parseInterval,
  parseSeriesName,
  parseTime,
  reportText,
  startBacktest,
  timeText,
  type Assignment,
  type BacktestOutcome,
  type BacktestRequest,
  type CandlesWanted,
  type CandleSymbol,
  type Interval,
  type LookaheadCheck,
} from '@kontor/server';
import { Command, InvalidArgumentError, Option } from 'commander';

import { settingsIn } from '../bot-file.ts';
import {
  EXIT_FAILED,
  EXIT_INTERRUPTED,
  EXIT_USAGE,
  grouped,
  orUsageError,
  printJson,
  ProgressLine,
  reportFailure,
  withExitCodes,
} from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';

const DEFAULT_OUT = 'backtest-report';
/** A bot's settings are a page of JSON. */
const MAX_BOT_FILE_BYTES = 1024 * 1024;
/** Percent to parts per million: four decimals of a percent. */
const PERCENT_PPM_DECIMALS = 4;
const MAX_FEE_PPM = 100_000;

interface BacktestOptions {
  readonly candles: readonly string[];
  readonly bot?: string;
  readonly set: readonly Assignment[];
  readonly symbol?: CandleSymbol;
  readonly interval?: Interval;
  readonly from?: number;
  readonly to?: number;
  readonly path: 'low-first' | 'high-first';
  readonly makerFee: number;
  readonly takerFee: number;
  readonly balance: string;
  readonly coins: Readonly<Record<string, string>>;
  readonly missingCandles: 'gap' | 'no-trade';
  readonly checkLookahead?: boolean;
  readonly tickSize?: string;
  readonly lotSize?: string;
  readonly minNotional?: string;
  readonly out?: string;
  readonly html?: boolean;
  readonly json?: boolean;
  readonly data?: string;
}

export function backtestCommand(): Command {
  return withExitCodes(new Command('backtest'))
    .description('run a bot over candles and write a report')
    .requiredOption(
      '--candles <name...>',
      'SYMBOL-INTERVAL of the candle store, or a file that can be imported; one for each symbol',
    )
    .option('--bot <file>', 'settings of the bot as JSON; else an example')
    .option(
      '--set <key=value...>',
      'single settings on top, like takeProfit=2; lists as JSON (an empty value takes one away)',
      collectAssignments,
      [],
    )
    .option('--symbol <symbol>', 'of a file, as for import', orUsageError(parseCandleSymbol))
    .option('--interval <interval>', 'of a file, as for import', orUsageError(parseInterval))
    .option('--from <time>', 'first opening time, like 2018-01-31 (UTC)', orUsageError(parseTime))
    .option('--to <time>', 'opening time from which on nothing is used', orUsageError(parseTime))
    .addOption(
      new Option('--path <path>', 'which extreme of a candle comes first')
        .choices(['low-first', 'high-first'])
        .default('low-first'),
    )
    .addOption(
      new Option('--maker-fee <percent>', 'commission of resting orders')
        .argParser(parseFee)
        .default(1_000, '0.1'),
    )
    .addOption(
      new Option('--taker-fee <percent>', 'commission of immediate orders')
        .argParser(parseFee)
        .default(1_000, '0.1'),
    )
    .option('--balance <amount>', 'money to begin with, in the quote asset', '10000')
    .option(
      '--coins <asset=amount...>',
      'coins to begin with, like BTC=0.5, for bots that sell first',
      collectCoins,
      {},
    )
    .addOption(
      new Option('--missing-candles <meaning>', 'what a missing candle means to conditions')
        .choices(['gap', 'no-trade'])
        .default('gap'),
    )
    .option(
      '--check-lookahead',
      'run nothing; test whether the conditions of the bot know the future',
    )
    .option('--tick-size <size>', 'smallest price step; else that of the data')
    .option('--lot-size <size>', 'smallest quantity step; else that of the data')
    .option('--min-notional <amount>', 'least value of an order; else none')
    .option('--out <folder>', `where report.json and report.html go (${DEFAULT_OUT})`)
    .option('--html', 'write report.html only')
    .option('--json', 'print report.json as the only output; files are written only with --out')
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .addHelpText(
      'after',
      '\nExamples:\n  kontor backtest --candles BTCUSDT-1m --from 2024-01-01 --set takeProfit=2 --set stopLoss=30\n  kontor backtest --candles BTCUSDT-1m --bot rsi.json --check-lookahead',
    )
    .action(async (options: BacktestOptions, command: Command) => {
      await runCommand(options, command);
    });
}

async function runCommand(options: BacktestOptions, command: Command): Promise<void> {
  const isJson = options.json === true;
  const candles = options.candles.map((name) => candlesWanted(name, options, command));
  const bot = await readBot(options.bot);
  if (!bot.ok) {
    reportFailure({ code: 'BOT_UNREADABLE', message: `--bot: ${bot.reason}` }, isJson);
    return;
  }
  const request: BacktestRequest = {
    candles,
    from: options.from ?? 0,
    to: options.to ?? Number.MAX_SAFE_INTEGER,
    ...(bot.value === undefined ? {} : { settings: bot.value }),
    assignments: options.set,
    rules: {
      ...(options.tickSize === undefined ? {} : { tickSize: options.tickSize }),
      ...(options.lotSize === undefined ? {} : { lotSize: options.lotSize }),
      ...(options.minNotional === undefined ? {} : { minNotional: options.minNotional }),
    },
    path: options.path,
    makerFeePpm: options.makerFee,
    takerFeePpm: options.takerFee,
    startBalance: options.balance,
    startCoins: options.coins,
    missing: options.missingCandles === 'gap' ? 'gap' : 'noTrade',
    what: options.checkLookahead === true ? 'lookahead' : 'backtest',
  };
  const startedMs = performance.now();
  const outcome = await runWithProgress(request, isJson);
  switch (outcome.kind) {
    case 'completed':
      await deliver(outcome, options, performance.now() - startedMs);
      return;
    case 'lookahead':
      reportLookahead(outcome.checks, isJson);
      return;
    case 'refused':
      reportRefusal(outcome, options);
      return;
    case 'cancelled':
      reportCancelled(outcome);
      return;
    case 'failed':
      reportFailure({ code: outcome.code, message: outcome.message, ...outcome.place }, isJson);
      return;
  }
}

async function runWithProgress(
  request: BacktestRequest,
  isQuiet: boolean,
): Promise<BacktestOutcome> {
  const progress = new ProgressLine(isQuiet);
  const interrupt = new AbortController();
  // A second Ctrl-C ends the process at once, as without this handler.
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    return await startBacktest(request, {
      signal: interrupt.signal,
      onProgress: ({ phase, share, candlesDone }) =>
        progress.update(
          share,
          phase === 'loading' ? 'reading candles' : `${grouped(candlesDone)} candles`,
        ),
    });
  } finally {
    progress.clear();
    process.off('SIGINT', onInterrupt);
  }
}

async function deliver(
  outcome: Extract<BacktestOutcome, { readonly kind: 'completed' }>,
  options: BacktestOptions,
  tookMs: number,
): Promise<void> {
  const isJson = options.json === true;
  const { document, html } = outcome;
  const json = `${JSON.stringify(document, null, 2)}\n`;
  const folder = options.out ?? (isJson ? undefined : DEFAULT_OUT);
  const files = [
    ...(options.html === true ? [] : [{ name: 'report.json', text: json }]),
    { name: 'report.html', text: html },
  ];
  try {
    if (folder !== undefined) await writeReports(folder, files);
  } catch (error) {
    reportFailure(
      {
        code: 'OUTPUT_UNWRITABLE',
        message: `the report cannot be written to ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      },
      isJson,
    );
    return;
  }
  if (isJson) {
    process.stdout.write(json);
    return;
  }
  const written = files.map(({ name }) => join(folder ?? '', name)).join(' and ');
  process.stdout.write(
    `${reportText(document)}\n\n${written} written; ${(tookMs / 1000).toFixed(1)} s\n`,
  );
}

/** Each file is replaced as a whole. */
async function writeReports(
  folder: string,
  files: readonly { readonly name: string; readonly text: string }[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, text } of files) {
    const temporary = join(folder, `.${name}.${randomUUID()}.tmp`);
    try {
      await writeFile(temporary, text, { flush: true });
      await rename(temporary, join(folder, name));
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  }
}

/** A check that found something, or had nothing to look at, is a failure. */
function reportLookahead(checks: readonly LookaheadCheck[], isJson: boolean): void {
  if (isJson) printJson({ checks });
  else process.stdout.write(`${lookaheadText(checks)}\n`);
  if (!checks.every(isPassed)) process.exitCode = EXIT_FAILED;
}

function reportRefusal(
  outcome: Extract<BacktestOutcome, { readonly kind: 'refused' }>,
  options: BacktestOptions,
): void {
  process.exitCode = EXIT_USAGE;
  if (options.json === true) {
    printJson({ error: { code: 'REFUSED', errors: outcome.errors } });
    return;
  }
  for (const { field, expected, found } of outcome.errors) {
    process.stderr.write(`error: ${field}: expected ${expected}, found ${found}\n`);
  }
  const { rules } = outcome;
  if (rules === undefined || (options.tickSize !== undefined && options.lotSize !== undefined)) {
    return;
  }
  process.stderr.write(
    `The data shows a tick of ${rules.tickSize} and a lot of ${rules.lotSize}; where the venue's are finer, give --tick-size and --lot-size.\n`,
  );
}

function reportCancelled(outcome: Extract<BacktestOutcome, { readonly kind: 'cancelled' }>): void {
  const where =
    outcome.candlesDone === 0
      ? 'before the first candle'
      : `after ${grouped(outcome.candlesDone)} of ${grouped(outcome.candles)} candles, at ${timeText(outcome.time)}`;
  process.stderr.write(`cancelled ${where}; nothing was written\n`);
  process.exitCode = EXIT_INTERRUPTED;
}

/** A name of the store, unless a file of that name lies here. */
function candlesWanted(given: string, options: BacktestOptions, command: Command): CandlesWanted {
  const name = parseSeriesName(given);
  if (name.ok && !existsSync(given)) {
    return { kind: 'store', dataDirectory: dataDirectory(options.data), name: name.value };
  }
  if (!name.ok && !existsSync(given)) {
    command.error(
      `error: --candles: ${name.reason}, which is neither such a name nor a file here; "kontor candles list" shows the names there are`,
      { exitCode: EXIT_USAGE },
    );
  }
  return {
    kind: 'file',
    path: resolve(given),
    ...(options.symbol === undefined ? {} : { symbol: options.symbol }),
    ...(options.interval === undefined ? {} : { interval: options.interval }),
  };
}

/** The parsed file, or undefined where none was named. */
async function readBot(path: string | undefined): Promise<Parsed<unknown>> {
  if (path === undefined) return { ok: true, value: undefined };
  try {
    const { size } = await stat(path);
    if (size > MAX_BOT_FILE_BYTES) {
      return {
        ok: false,
        reason: `${path}: expected at most ${MAX_BOT_FILE_BYTES} bytes, found ${size}`,
      };
    }
    const value: unknown = settingsIn(JSON.parse(await readFile(path, 'utf8')));
    return { ok: true, value };
  } catch (error) {
    return {
      ok: false,
      reason: `${path}: expected a bot's settings as JSON: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function collectAssignments(text: string, before: readonly Assignment[]): readonly Assignment[] {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new InvalidArgumentError(`expected key=value, found ${JSON.stringify(text)}.`);
  }
  return [...before, { field: text.slice(0, at), value: text.slice(at + 1) }];
}

function collectCoins(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [asset = '', amount = ''] = text.split('=');
  if (!/^[A-Za-z0-9]{1,20}$/.test(asset) || amount === '') {
    throw new InvalidArgumentError(`expected asset=amount, found ${JSON.stringify(text)}.`);
  }
  return { ...before, [asset]: amount };
}

function parseFee(text: string): number {
  const parsed = parseDecimal(text, PERCENT_PPM_DECIMALS);
  const ppm = parsed.ok ? Number(parsed.value) : -1;
  if (ppm < 0 || ppm > MAX_FEE_PPM) {
    throw new InvalidArgumentError(
      `expected a percentage of 0 to ${MAX_FEE_PPM / 10_000} with at most ${PERCENT_PPM_DECIMALS} decimals, found ${JSON.stringify(text)}.`,
    );
  }
  return ppm;
}
