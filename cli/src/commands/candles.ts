// SPDX-License-Identifier: Apache-2.0
// `kontor candles`: import, list and export the market data that backtests and the simulator run on.

import { once } from 'node:events';
import { open, rename, stat, unlink } from 'node:fs/promises';

import {
  CandleError,
  exportCsv,
  gapText,
  importCandles,
  intervalMs,
  listCandles,
  loadCandles,
  parseCandleSymbol,
  parseInterval,
  parseSeriesName,
  parseTime,
  sliceColumns,
  timeText,
  type CandleSymbol,
  type ImportedCandles,
  type Interval,
  type SeriesName,
  type StoredCandles,
} from '@kontor/server';
import { Command, InvalidArgumentError } from 'commander';

import {
  EXIT_FAILED,
  EXIT_INTERRUPTED,
  EXIT_USAGE,
  grouped,
  orUsageError,
  printJson,
  ProgressLine,
  reportFailure,
  textTable,
  withExitCodes,
} from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';

const MAX_DECIMALS_OPTION = 15;

export function candlesCommand(): Command {
  const command = withExitCodes(new Command('candles'))
    .description('import, list and export candles')
    .addHelpText('after', '\nExample:\n  kontor candles import BTCUSDT-1m-2024-01.csv.gz')
    .addCommand(importCommand())
    .addCommand(listCommand())
    .addCommand(exportCommand());
  return command;
}

interface ImportCommandOptions {
  readonly symbol?: CandleSymbol;
  readonly interval?: Interval;
  readonly priceDecimals?: number;
  readonly volumeDecimals?: number;
  readonly roundVolumes?: boolean;
  readonly data?: string;
  readonly json?: boolean;
}

function importCommand(): Command {
  return withExitCodes(new Command('import'))
    .description('read candles or trades from CSV, .csv.gz or .zip files into the candle store')
    .argument('<file...>', 'files of one or more symbols; all are imported, or none')
    .option(
      '--symbol <symbol>',
      'BTCUSDT, or BASE/QUOTE; else taken from the beginning of each file name',
      orUsageError(parseCandleSymbol),
    )
    .option(
      '--interval <interval>',
      'length of the candles, where the file does not show it; for trades, what to build (1m)',
      orUsageError(parseInterval),
    )
    .option('--price-decimals <n>', 'keep prices to n decimals, refuse finer ones', parseDecimals)
    .option('--volume-decimals <n>', 'keep volumes to n decimals, refuse finer ones', parseDecimals)
    .option('--round-volumes', 'round finer volumes to --volume-decimals instead of refusing them')
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  kontor candles import BTCUSDT-1m-2024-01.zip BTCUSDT-1m-2024-02.zip',
    )
    .action(async (files: string[], options: ImportCommandOptions, command: Command) => {
      if (options.roundVolumes === true && options.volumeDecimals === undefined) {
        command.error('error: --round-volumes needs --volume-decimals', { exitCode: EXIT_USAGE });
      }
      await runImport(files, options);
    });
}

async function runImport(files: readonly string[], options: ImportCommandOptions): Promise<void> {
  const isJson = options.json === true;
  const progress = new ProgressLine(isJson);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    const bytes = await sumOfSizes(files);
    const imported = await importCandles(files, dataDirectory(options.data), {
      ...options,
      signal: interrupt.signal,
      onProgress: ({ file, bytesRead, rows }) =>
        progress.update(bytesRead / bytes, `${file}  ${grouped(rows)} candles`),
    });
    progress.clear();
    if (isJson) printJson({ imported });
    else process.stdout.write(`${imported.map(importedText).join('\n\n')}\n`);
  } catch (error) {
    progress.clear();
    if (interrupt.signal.aborted) {
      process.stderr.write('interrupted; nothing was changed\n');
      process.exitCode = EXIT_INTERRUPTED;
    } else {
      reportCandleError(error, isJson);
    }
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

function importedText(imported: ImportedCandles): string {
  const { gaps } = imported;
  const lines = [
    `${imported.symbol}-${imported.interval}: ${grouped(imported.rowsAdded)} candles added to ${grouped(imported.rows - imported.rowsAdded)}, now ${grouped(imported.rows)}`,
    `  ${timeText(imported.firstTime)} to ${timeText(imported.lastTime)}`,
    `  ${gapsText(gaps, imported.interval)}`,
    `  prices with ${imported.priceDecimals} decimals, volumes with ${imported.volumeDecimals}${imported.roundedVolumes === 0 ? '' : `, ${grouped(imported.roundedVolumes)} volumes rounded`}`,
    ...imported.notes.map((note) => `  ${note}`),
    `  ${imported.path}`,
  ];
  return lines.join('\n');
}

interface ListCommandOptions {
  readonly data?: string;
  readonly json?: boolean;
}

function listCommand(): Command {
  return withExitCodes(new Command('list'))
    .description('show the candles there are, with what is missing in them')
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  kontor candles list')
    .action(async (options: ListCommandOptions) => {
      try {
        const stored = await listCandles(dataDirectory(options.data));
        if (options.json === true) printJson({ candles: stored.map(storedDocument) });
        else process.stdout.write(`${listText(stored)}\n`);
        if (stored.some((one) => !one.ok)) process.exitCode = EXIT_FAILED;
      } catch (error) {
        reportCandleError(error, options.json === true);
      }
    });
}

function listText(stored: readonly StoredCandles[]): string {
  if (stored.length === 0) {
    return 'No candles yet. Bring some: kontor candles import FILE…';
  }
  const rows = stored.flatMap((one) => {
    if (!one.ok) return [];
    const { header } = one;
    return [
      [
        one.name,
        timeText(header.firstTime),
        timeText(header.lastTime),
        grouped(header.rows),
        grouped(header.gaps.missing),
        grouped(header.gaps.count),
        header.gaps.count === 0 ? '–' : gapText(header.gaps.longest * intervalMs(header.interval)),
        `${(one.bytes / 1e6).toFixed(1)} MB`,
      ],
    ];
  });
  const head = ['NAME', 'FIRST', 'LAST', 'CANDLES', 'MISSING', 'GAPS', 'LONGEST', 'SIZE'];
  const faults = stored.flatMap((one) => (one.ok ? [] : [`${one.name}: ${one.reason}`]));
  return [...(rows.length === 0 ? [] : [textTable([head, ...rows], 3)]), ...faults].join('\n');
}

function storedDocument(stored: StoredCandles): unknown {
  if (!stored.ok) return { name: stored.name, path: stored.path, error: stored.reason };
  return { name: stored.name, path: stored.path, bytes: stored.bytes, ...stored.header };
}

interface ExportCommandOptions {
  readonly from?: number;
  readonly to?: number;
  readonly out?: string;
  readonly force?: boolean;
  readonly data?: string;
  readonly json?: boolean;
}

function exportCommand(): Command {
  return withExitCodes(new Command('export'))
    .description('write candles as CSV that reads back the same')
    .argument('<name>', 'SYMBOL-INTERVAL as in the list', orUsageError(parseSeriesName))
    .option('--from <time>', 'first opening time, like 2018-01-31 (UTC)', orUsageError(parseTime))
    .option('--to <time>', 'opening time from which on nothing is written', orUsageError(parseTime))
    .option('--out <file>', 'file to write; - is the standard output', '-')
    .option('--force', 'replace the file where it exists')
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document about the file written')
    .addHelpText(
      'after',
      '\nExample:\n  kontor candles export BTCUSDT-1m --from 2024-01-01 --to 2024-02-01 --out january.csv',
    )
    .action(async (name: SeriesName, options: ExportCommandOptions, command: Command) => {
      if (options.json === true && (options.out ?? '-') === '-') {
        command.error(
          'error: --json needs --out FILE: the candles themselves would be in the way',
          {
            exitCode: EXIT_USAGE,
          },
        );
      }
      await runExport(name, options);
    });
}

async function runExport(name: SeriesName, options: ExportCommandOptions): Promise<void> {
  const isJson = options.json === true;
  const path = options.out ?? '-';
  try {
    const { series } = await loadCandles(dataDirectory(options.data), name);
    const range = {
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(options.to === undefined ? {} : { to: options.to }),
    };
    const rows = sliceColumns(series.columns, range.from ?? 0, range.to ?? Infinity).openTime
      .length;
    if (rows === 0) {
      const { openTime } = series.columns;
      reportFailure(
        {
          code: 'RANGE_EMPTY',
          message: `no candles in this range; there are some from ${timeText(openTime[0] ?? 0)} to ${timeText(openTime.at(-1) ?? 0)}`,
        },
        isJson,
      );
      return;
    }
    const chunks = exportCsv(series, range);
    if (path === '-') {
      await writeToStdout(chunks);
      return;
    }
    await writeToFile(path, chunks, options.force === true);
    if (isJson) printJson({ file: path, candles: rows });
    else process.stdout.write(`${grouped(rows)} candles written to ${path}\n`);
  } catch (error) {
    reportCandleError(error, isJson);
  }
}

/** Stops without a word where the reader has had enough, as in `| head`. */
async function writeToStdout(chunks: Iterable<string>): Promise<void> {
  const closed = { isClosed: false };
  const onError = (): void => {
    closed.isClosed = true;
  };
  process.stdout.on('error', onError);
  try {
    for (const chunk of chunks) {
      if (closed.isClosed) return;
      if (!process.stdout.write(chunk)) {
        await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(
          onError,
        );
      }
    }
  } finally {
    if (!closed.isClosed) process.stdout.off('error', onError);
  }
}

async function writeToFile(
  path: string,
  chunks: Iterable<string>,
  isReplacing: boolean,
): Promise<void> {
  if (!isReplacing && (await exists(path))) {
    throw new OutputError(`${path} exists already; choose another name or add --force`);
  }
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      for (const chunk of chunks) await handle.appendFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw new OutputError(
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

class OutputError extends Error {
  readonly code = 'OUTPUT_UNWRITABLE';
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

async function sumOfSizes(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    try {
      bytes += (await stat(file)).size;
    } catch {
      // The import itself says best what is wrong with the file.
    }
  }
  return Math.max(bytes, 1);
}

function gapsText(gaps: ImportedCandles['gaps'], interval: Interval): string {
  if (gaps.count === 0) return 'no candle missing';
  return `${grouped(gaps.missing)} candles missing in ${grouped(gaps.count)} gaps, the longest ${gapText(gaps.longest * intervalMs(interval))}; they stay gaps`;
}

function reportCandleError(error: unknown, isJson: boolean): void {
  if (error instanceof CandleError) {
    reportFailure({ code: error.code, message: error.message, ...error.place }, isJson);
  } else if (error instanceof OutputError) {
    reportFailure({ code: error.code, message: error.message }, isJson);
  } else {
    throw error;
  }
}

function parseDecimals(text: string): number {
  const value = Number(text);
  if (!/^\d{1,2}$/.test(text) || value > MAX_DECIMALS_OPTION) {
    throw new InvalidArgumentError(`expected a whole number of 0 to ${MAX_DECIMALS_OPTION}.`);
  }
  return value;
}
