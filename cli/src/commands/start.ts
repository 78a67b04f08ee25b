// SPDX-License-Identifier: Apache-2.0
// `kontor start`: the demo exchange or its paper market, the three processes of the desk, and one link.

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listeningFault, type Listening } from '@kontor/server';
import { Command, InvalidArgumentError } from 'commander';
import { EXIT_FAILED, EXIT_USAGE, reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory, paperDirectory } from '../data-directory.ts';
import { startDemoExchange, DemoExchangeError, type DemoExchange } from '../demo-exchange.ts';
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
import { checkMarket, demoPlan, paperPlan, recordMarket, type DeskPlan } from '../desk-plan.ts';
import { settleTrust } from '../log/trusted-lists.ts';
import { PAPER_VENUE_NAMES, paperAdvice } from '../paper-desk.ts';
import { unlockKeyLine } from '../key-fingerprint.ts';
import { askSecret } from '../passphrase.ts';
import { Supervisor, type ServerReady, type VaultState } from '../supervisor.ts';
import { version } from '../version.ts';

const DEFAULT_PORT = 7447;
/** The fee of the demo exchange, as Binance's usual one: 0.1 %. */
const DEMO_FEE_PPM = 1_000;

const WEB_DIRECTORY = fileURLToPath(new URL('../../../web/dist', import.meta.url));

interface StartOptions {
  readonly market?: string;
  readonly symbol?: string;
  readonly speed?: number;
  readonly seed?: number;
  /** True without a venue's name. */
  readonly paper?: string | true;
  readonly symbols?: readonly string[];
  readonly funds?: string;
  readonly fillByVolume?: true;
  readonly followRest?: string;
  readonly followStreams?: string;
  readonly port?: number;
  readonly listen?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindProxy?: string;
  readonly origin?: string;
  readonly data?: string;
  readonly unlockFile?: string;
  readonly lockOnRestart: boolean;
  readonly open: boolean;
  readonly fresh: boolean;
  readonly json: boolean;
}

const DEMO_ONLY = ['market', 'symbol', 'speed', 'seed'] as const;
const PAPER_ONLY = ['symbols', 'funds', 'fillByVolume', 'followRest', 'followStreams'] as const;

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
    .option(
      '--paper [venue]',
      `paper trading: live public prices of an exchange (${PAPER_VENUE_NAMES.join(', ')}; the default), simulated orders, no key`,
    )
    .option('--symbols <list>', 'pairs of a paper desk, e.g. BTC/USDT,ADA/USDT', symbolList)
    .option('--funds <list>', 'coins of a new paper account (default USDT=10000)', fundsList)
    .option('--fill-by-volume', 'paper orders trade no more than was traded or quoted')
    .option('--follow-rest <url>', "where the followed exchange's REST listens, if elsewhere")
    .option('--follow-streams <url>', 'and its market streams')
    .option('--port <n>', `port of the desk on 127.0.0.1 (default ${DEFAULT_PORT})`, portNumber)
    .option(
      '--listen <address>',
      'take requests there too, such as 0.0.0.0:8443; needs TLS or a proxy, and --origin',
    )
    .option('--tls-cert <file>', 'certificate and chain of --listen, as PEM')
    .option('--tls-key <file>', 'its key, as PEM')
    .option('--behind-proxy <address>', 'the IP address of the proxy that speaks TLS for the desk')
    .option('--origin <url>', 'how browsers know the desk, such as https://desk.example')
    .option(
      '--data <dir>',
      'data directory (default: $KONTOR_DATA, else ~/.kontor, or ~/.kontor-paper for paper)',
    )
    .option(
      '--unlock-file <file>',
      'what opens the vault without a person; whoever reads this file and the data directory has the keys',
    )
    .option(
      '--lock-on-restart',
      'ask for the passphrase again when the signer had to be restarted; until then nothing is signed',
      false,
    )
    .option('--no-open', 'do not open the browser')
    .option(
      '--fresh',
      'put the desk that lies in the data directory aside and begin a new one',
      false,
    )
    .option('--json', 'print one line of JSON when the desk is ready', false)
    .addHelpText(
      'after',
      '\nExamples:\n  kontor start --market BTCUSDT-1m-2024-10.csv.gz --speed 60\n  kontor start --paper --symbols BTC/USDT,ETH/USDT',
    )
    .action(async (options: StartOptions, command: Command) => {
      refuseMixture(options, command);
      for (const option of ['speed', 'symbol'] as const) {
        if (options[option] !== undefined && options.market === undefined) {
          command.error(`error: --${option} needs a replay: name its file with --market`, {
            exitCode: EXIT_USAGE,
          });
        }
      }
      const fault = listeningFault(listeningOf(options));
      if (fault !== null) command.error(`error: ${fault}`, { exitCode: EXIT_USAGE });
      await runStart(options);
    });
}

function refuseMixture(options: StartOptions, command: Command): void {
  const isPaper = options.paper !== undefined;
  const wrong = (isPaper ? DEMO_ONLY : PAPER_ONLY).find((name) => options[name] !== undefined);
  if (wrong !== undefined) {
    const name = wrong.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    command.error(
      isPaper
        ? `error: --${name} does not go with --paper: its market is a real exchange's`
        : `error: --${name} needs --paper`,
      { exitCode: EXIT_USAGE },
    );
  }
  const venue = options.paper === true ? undefined : options.paper;
  const isKnown = venue === undefined || PAPER_VENUE_NAMES.includes(venue);
  if (!isKnown && (options.followRest === undefined || options.followStreams === undefined)) {
    command.error(
      `error: --paper: expected ${PAPER_VENUE_NAMES.join(' or ')}, or another name with --follow-rest and --follow-streams, found ${venue}`,
      { exitCode: EXIT_USAGE },
    );
  }
}

function listeningOf(options: StartOptions): Listening {
  const { listen, tlsCert, tlsKey, behindProxy, origin } = options;
  return {
    ...(listen === undefined ? {} : { listen }),
    ...(tlsCert === undefined ? {} : { tlsCertificate: resolve(tlsCert) }),
    ...(tlsKey === undefined ? {} : { tlsKey: resolve(tlsKey) }),
    ...(behindProxy === undefined ? {} : { behindProxy }),
    ...(origin === undefined ? {} : { origin }),
  };
}

function planOf(files: DeskFiles, options: StartOptions): DeskPlan {
  if (options.paper === undefined) return demoPlan(files, options);
  return paperPlan(files, {
    venue: options.paper === true ? (PAPER_VENUE_NAMES[0] ?? '') : options.paper,
    symbols: options.symbols,
    funds: options.funds,
    fillByVolume: options.fillByVolume ?? false,
    followRest: options.followRest,
    followStreams: options.followStreams,
  });
}

async function runStart(options: StartOptions): Promise<void> {
  const files = deskFiles(
    options.paper === undefined ? dataDirectory(options.data) : paperDirectory(options.data),
  );
  let lock: { readonly release: () => void };
  let plan: DeskPlan;
  try {
    makeDirectories(files);
    lock = lockDirectory(files, 'kontor start');
    if (options.fresh) {
      const aside = putDeskAside(files, new Date());
      if (aside !== null && !options.json)
        process.stdout.write(`The desk that was here is now in ${aside}\n`);
      // The signer's lock went with its folder.
      lock.release();
      makeDirectories(files);
      lock = lockDirectory(files, 'kontor start');
    }
    for (const line of settleTrust(files)) process.stderr.write(`${line}\n`);
    checkFile(options);
    plan = planOf(files, options);
    checkMarket(files, plan);
  } catch (error) {
    if (!(error instanceof DeskFilesError)) throw error;
    reportFailure({ code: error.code, message: error.message }, options.json);
    return;
  }
  let exchange: DemoExchange;
  let stop: (code: number) => Promise<void> = async () => undefined;
  try {
    exchange = await startDemoExchange({
      arguments: plan.simulatorArguments,
      ...(plan.mayWait ? { onWaiting: saysWhy() } : {}),
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
  recordMarket(files, plan);
  const configs = await writeConfigs(files, options, { plan, exchange });
  const supervisor = new Supervisor({
    dataDirectory: files.directory,
    signerDirectory: files.signer,
    ...configs,
    logFile: join(files.run, 'processes.log'),
    ...(options.unlockFile === undefined ? {} : { unlockFile: resolve(options.unlockFile) }),
    isKeyCarried: !options.lockOnRestart,
    onVault: (state) => void openVault(supervisor, state),
    onMessage: (_name, line) => process.stderr.write(`${line}\n`),
    onReady: (ready) => {
      keepPort(configs.serverConfigFile, ready);
      announce(ready, options, { plan, exchange, files });
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

function checkFile({ market }: StartOptions): void {
  if (market === undefined || existsSync(market)) return;
  throw new DeskFilesError(
    'otherMarket',
    `--market: expected a file, found nothing at ${resolve(market)}`,
  );
}

/** Hands on what the simulator says while it waits for the exchange to follow, with advice the first time. */
function saysWhy(): (line: string) => void {
  let isAdvised = false;
  return (line) => {
    process.stderr.write(`${line.replace(/^kontor simulator: /, '')}\n`);
    if (isAdvised || !line.includes('; trying again in ')) return;
    isAdvised = true;
    process.stderr.write(`${paperAdvice()}\n`);
  };
}

async function writeConfigs(
  files: DeskFiles,
  options: StartOptions,
  { plan, exchange }: { readonly plan: DeskPlan; readonly exchange: DemoExchange },
): Promise<{ readonly egressConfigFile: string; readonly serverConfigFile: string }> {
  const { addresses } = exchange;
  const symbols = plan.symbols(addresses);
  const policyFile = join(files.signer, 'policy');
  if (!existsSync(policyFile)) {
    writeFileSync(policyFile, await plan.policy(addresses), { mode: 0o600 });
  }
  const egressConfigFile = join(files.config, 'egress.json');
  writeJson(egressConfigFile, {
    venues: { [plan.venue]: { rest: addresses.rest, wsApi: addresses.wsApi } },
  });
  const facts = plan.facts(addresses);
  const serverConfigFile = join(files.config, 'server.json');
  writeJson(serverConfigFile, {
    version,
    dataDirectory: files.directory,
    webDirectory: WEB_DIRECTORY,
    port: options.port ?? DEFAULT_PORT,
    listening: listeningOf(options),
    connectionName: plan.connection,
    venue: plan.venue,
    market: {
      kind: facts.kind,
      label: facts.label,
      rest: addresses.rest,
      streams: addresses.streams,
      control: addresses.control,
    },
    symbols,
    feeRatePpm: DEMO_FEE_PPM,
    firstBots: plan.bots(symbols),
  });
  return { egressConfigFile, serverConfigFile };
}

/** A port that the system chose is asked for by number from now on, so that a restarted server keeps its address. */
function keepPort(serverConfigFile: string, ready: ServerReady): void {
  const config = readJson(serverConfigFile);
  if (typeof config === 'object') {
    writeJson(serverConfigFile, { ...config, port: Number(new URL(ready.url).port) });
  }
}

/** The question that is open; opened elsewhere, the vault needs no answer any more. */
let asking: AbortController | null = null;

/** Tells the person about the vault and asks for the passphrase where the signer waits for one. */
async function openVault(supervisor: Supervisor, state: VaultState): Promise<void> {
  if (state.kind === 'open') {
    asking?.abort();
    process.stderr.write('The vault is open.\n');
    return;
  }
  if (state.kind === 'locked') {
    process.stderr.write(
      `The vault is locked: until it is opened, here or in the page, nothing is signed.\n${unlockKeyLine(state.unlockKey)}`,
    );
  } else if (state.kind === 'wrong' || state.kind === 'tooSoon') {
    const seconds = Math.ceil(state.waitMs / 1_000);
    const reason = state.kind === 'wrong' ? 'The passphrase does not open the vault.' : 'Too soon.';
    process.stderr.write(`${reason}${seconds > 0 ? ` Wait ${seconds} s before the next.` : ''}\n`);
  }
  // A signer that was replaced meanwhile gets the answer to the question that is open already.
  if (asking !== null) return;
  asking = new AbortController();
  const { signal } = asking;
  const passphrase = await askSecret('Passphrase of the vault: ', signal);
  asking = null;
  if (passphrase !== null) supervisor.unlock(passphrase);
  else if (!signal.aborted) {
    process.stderr.write(
      'There is nobody to ask for the passphrase. Start in a terminal, pipe it in, or name an unlock file with --unlock-file.\n',
    );
  }
}

let isAnnounced = false;

/** Says where the desk is, once: a server that was restarted keeps its address and its sessions. */
function announce(
  ready: ServerReady,
  options: StartOptions,
  desk: { readonly plan: DeskPlan; readonly exchange: DemoExchange; readonly files: DeskFiles },
): void {
  if (isAnnounced) return;
  isAnnounced = true;
  const { files } = desk;
  const { addresses } = desk.exchange;
  const { kind, label, line: about } = desk.plan.facts(addresses);
  if (options.json) {
    const market = { kind, label };
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
  process.stdout.write(`
Kontor ${version}
  market  ${about}
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

function symbolList(text: string): readonly string[] {
  const symbols = text
    .split(',')
    .map((part) => part.trim().toUpperCase().replace('/', ''))
    .filter((part) => part !== '');
  const wrong = symbols.find((symbol) => !/^[A-Z0-9]{4,30}$/.test(symbol));
  if (symbols.length === 0 || wrong !== undefined)
    throw new InvalidArgumentError(`expected pairs like BTC/USDT,ADA/USDT, found ${text}.`);
  return [...new Set(symbols)];
}

function fundsList(text: string): string {
  if (!/^[A-Z0-9]{1,20}=\d+(\.\d{1,8})?(,[A-Z0-9]{1,20}=\d+(\.\d{1,8})?)*$/.test(text))
    throw new InvalidArgumentError(`expected amounts like USDT=10000,BTC=1, found ${text}.`);
  return text;
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
