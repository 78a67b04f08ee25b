// SPDX-License-Identifier: Apache-2.0
// `kontor start`: the demo exchange, the three processes of the desk, and one link.

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { EXIT_FAILED, EXIT_USAGE, reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { startDemoExchange, DemoExchangeError, type DemoExchange } from '../demo-exchange.ts';
import {
  DEMO_ACCOUNT,
  DEMO_CONNECTION,
  DEMO_VENUE,
  demoBots,
  demoPolicy,
  demoSymbols,
} from '../demo-desk.ts';
import {
  deskFiles,
  DeskFilesError,
  lockDirectory,
  makeDirectories,
  putDeskAside,
  readJson,
  writeJson,
  type DeskFiles,
} from '../desk-files.ts';
import { Supervisor, type ServerReady } from '../supervisor.ts';
import { version } from '../version.ts';

const DEFAULT_PORT = 7447;
const DEFAULT_SEED = 7;
/** The fee of the demo exchange, as Binance's usual one: 0.1 %. */
const DEMO_FEE_PPM = 1_000;

interface StartOptions {
  readonly market?: string;
  readonly symbol?: string;
  readonly speed?: number;
  readonly seed?: number;
  readonly port?: number;
  readonly data?: string;
  readonly open: boolean;
  readonly fresh: boolean;
  readonly json: boolean;
}

/** The market this desk was begun on: a desk's history makes sense on no other. */
interface DeskRecord {
  readonly version: 1;
  readonly market: string;
}

export function startCommand(): Command {
  return withExitCodes(new Command('start'))
    .description('start the desk with its demo exchange and print one link')
    .option(
      '--market <file>',
      'replay candles or trades (CSV, .gz or .zip) as the market; without it the market is synthetic',
    )
    .option('--symbol <symbol>', 'the instrument in the file, where its name does not say')
    .option('--speed <n>', 'market time per real time in a replay', positiveNumber)
    .option('--seed <n>', 'seed of the synthetic market', wholeNumber)
    .option('--port <n>', `port of the desk on 127.0.0.1 (default ${DEFAULT_PORT})`, portNumber)
    .option('--data <dir>', 'data directory (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--no-open', 'do not open the browser')
    .option(
      '--fresh',
      'put the desk that lies in the data directory aside and begin a new one',
      false,
    )
    .option('--json', 'print one line of JSON when the desk is ready', false)
    .addHelpText(
      'after',
      '\nExample:\n  kontor start --market BTCUSDT-1m-2024-10.csv.gz --speed 60',
    )
    .action(async (options: StartOptions, command: Command) => {
      for (const option of ['speed', 'symbol'] as const) {
        if (options[option] !== undefined && options.market === undefined) {
          command.error(`error: --${option} needs a replay: name its file with --market`, {
            exitCode: EXIT_USAGE,
          });
        }
      }
      await runStart(options);
    });
}

async function runStart(options: StartOptions): Promise<void> {
  const files = deskFiles(dataDirectory(options.data));
  let lock: { readonly release: () => void };
  try {
    makeDirectories(files);
    lock = lockDirectory(files);
    if (options.fresh) {
      const aside = putDeskAside(files, new Date());
      if (aside !== null && !options.json)
        process.stdout.write(`The desk that was here is now in ${aside}\n`);
      makeDirectories(files);
    }
    checkMarket(files, options);
  } catch (error) {
    if (!(error instanceof DeskFilesError)) throw error;
    reportFailure({ code: error.code, message: error.message }, options.json);
    return;
  }
  let exchange: DemoExchange;
  let stop: (code: number) => Promise<void> = async () => undefined;
  try {
    exchange = await startDemoExchange({
      arguments: simulatorArguments(files, options),
      onStopped: (reason) => {
        process.stderr.write(
          `The demo exchange stopped (${reason}); start again to go on from its last state.\n`,
        );
        void stop(EXIT_FAILED);
      },
    });
  } catch (error) {
    if (!(error instanceof DemoExchangeError)) throw error;
    reportFailure({ code: 'demo_exchange', message: error.message }, options.json);
    lock.release();
    return;
  }
  recordMarket(files, options);
  const configs = writeConfigs(files, options, exchange);
  const supervisor = new Supervisor({
    signerDirectory: files.signer,
    ...configs,
    logFile: join(files.run, 'processes.log'),
    onMessage: (_name, line) => process.stderr.write(`${line}\n`),
    onReady: (ready) => {
      keepPort(configs.serverConfigFile, ready);
      announce(ready, options, exchange, files);
    },
    onFatal: () => void stop(EXIT_FAILED),
    onRestart: (name, reason) =>
      process.stderr.write(`${name} stopped (${reason}); starting it again\n`),
  });
  let stopping: Promise<void> | null = null;
  stop = (code) => {
    stopping ??= (async () => {
      if (!options.json) process.stdout.write('\nStopping…\n');
      await supervisor.stop();
      await exchange.stop();
      lock.release();
      process.exit(code);
    })();
    return stopping;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void stop(0));
  // Whoever started us and is gone cannot stop us any more.
  process.on('disconnect', () => void stop(0));
  supervisor.start();
}

function marketOf(options: StartOptions): string {
  return options.market === undefined
    ? `synthetic ${options.seed ?? DEFAULT_SEED}`
    : resolve(options.market);
}

/** Throws DeskFilesError when the desk in the directory was begun on another market. */
function checkMarket(files: DeskFiles, options: StartOptions): void {
  if (options.market !== undefined && !existsSync(options.market)) {
    throw new DeskFilesError(
      'otherMarket',
      `--market: expected a file, found nothing at ${resolve(options.market)}`,
    );
  }
  const record = readJson(join(files.directory, 'desk.json'));
  if (!isDeskRecord(record)) return;
  const isSynthetic = record.market.startsWith('synthetic ');
  const isSame = record.market === marketOf(options);
  const goesOn = isSynthetic && options.market === undefined && options.seed === undefined;
  if (isSame || goesOn) return;
  throw new DeskFilesError(
    'otherMarket',
    `the desk in ${files.directory} was begun on the market ${record.market}, not ${marketOf(options)}; begin a new one with --fresh, or keep both with --data DIR`,
  );
}

/** Only a market that the demo exchange could open becomes this desk's market. */
function recordMarket(files: DeskFiles, options: StartOptions): void {
  const path = join(files.directory, 'desk.json');
  if (!existsSync(path)) {
    const record: DeskRecord = { version: 1, market: marketOf(options) };
    writeJson(path, record);
  }
}

function isDeskRecord(value: unknown): value is DeskRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'market' in value &&
    typeof value.market === 'string'
  );
}

function simulatorArguments(files: DeskFiles, options: StartOptions): readonly string[] {
  const result = ['--account', DEMO_ACCOUNT, '--no-keys', '--state', files.simulatorState];
  if (options.market !== undefined) result.push('--market', resolve(options.market));
  if (options.symbol !== undefined) result.push('--symbol', options.symbol);
  if (options.speed !== undefined) result.push('--speed', String(options.speed));
  if (options.market === undefined && !existsSync(files.simulatorState)) {
    result.push('--seed', String(options.seed ?? DEFAULT_SEED));
  }
  return result;
}

function writeConfigs(
  files: DeskFiles,
  options: StartOptions,
  exchange: DemoExchange,
): { readonly egressConfigFile: string; readonly serverConfigFile: string } {
  const { addresses } = exchange;
  const symbols = demoSymbols(addresses.market.symbols, addresses.market.kind);
  const policyFile = join(files.signer, 'policy');
  if (!existsSync(policyFile)) {
    writeFileSync(policyFile, demoPolicy(symbols, 'USDT'), { mode: 0o600 });
  }
  const egressConfigFile = join(files.run, 'egress.json');
  writeJson(egressConfigFile, {
    venues: { [DEMO_VENUE]: { rest: addresses.rest, wsApi: addresses.wsApi } },
  });
  const serverConfigFile = join(files.run, 'server.json');
  writeJson(serverConfigFile, {
    version,
    dataDirectory: files.directory,
    webDirectory: fileURLToPath(new URL('../../../web/dist', import.meta.url)),
    port: options.port ?? DEFAULT_PORT,
    connectionName: DEMO_CONNECTION,
    venue: DEMO_VENUE,
    market: {
      kind: addresses.market.kind,
      label: labelOf(options, exchange),
      rest: addresses.rest,
      streams: addresses.streams,
      control: addresses.control,
    },
    symbols,
    feeRatePpm: DEMO_FEE_PPM,
    firstBots: demoBots(symbols),
  });
  return { egressConfigFile, serverConfigFile };
}

/** What the desk calls its market: the file, or the seed that makes the same market again. */
function labelOf(options: StartOptions, { addresses }: DemoExchange): string {
  return options.market === undefined ? `seed ${addresses.market.seed}` : basename(options.market);
}

/** A port that the system chose is asked for by number from now on, so that a restarted server keeps its address. */
function keepPort(serverConfigFile: string, ready: ServerReady): void {
  const config = readJson(serverConfigFile);
  if (typeof config === 'object') {
    writeJson(serverConfigFile, { ...config, port: Number(new URL(ready.url).port) });
  }
}

let isAnnounced = false;

/** Says where the desk is, once: a server that was restarted keeps its address and its sessions. */
function announce(
  ready: ServerReady,
  options: StartOptions,
  exchange: DemoExchange,
  files: DeskFiles,
): void {
  if (isAnnounced) return;
  isAnnounced = true;
  const { addresses } = exchange;
  const label = labelOf(options, exchange);
  if (options.json) {
    const market = { kind: addresses.market.kind, label };
    const { rest, streams, wsApi, control } = addresses;
    const line = {
      ...ready,
      data: files.directory,
      market,
      exchange: { rest, streams, wsApi, control },
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const kind =
    addresses.market.kind === 'synthetic'
      ? `synthetic (${label}): made up, no real prices`
      : `replay of ${label}`;
  process.stdout.write(`
Kontor ${version}
  market  ${kind}
  data    ${files.directory}

Open this link; it logs in once:

  ${ready.link}

Ctrl-C stops the desk; starting again goes on where it stopped.
`);
  if (options.open) openBrowser(ready.link);
}

/** Opens the link where there is a person with a browser to see it. */
function openBrowser(link: string): void {
  const hasScreen =
    process.platform === 'darwin' ||
    process.env['DISPLAY'] !== undefined ||
    process.env['WAYLAND_DISPLAY'] !== undefined;
  if (!process.stdout.isTTY || !hasScreen) return;
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(opener, [link], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError(`expected a number above 0, found ${text}.`);
  return value;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError(`expected a whole number, found ${text}.`);
  return Number(text);
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535) {
    throw new InvalidArgumentError(
      `expected a port from 0 (any free one) to 65535, found ${text}.`,
    );
  }
  return value;
}
