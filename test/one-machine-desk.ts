// SPDX-License-Identifier: Apache-2.0
// A whole desk with real processes that trades a plan point by point: what its bots filled, and how their deals ended.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BotCommand } from '@kontor/core';
import { readTerminalFile, type api } from '@kontor/server';
import {
  startDesk,
  startSimulator,
  until,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';
import { isOpenAt, type RandomBot, type Wish } from '../core/test/random-bot.ts';
import type { Plan } from './one-machine-plan.ts';

const WAIT_MS_MAX = 30_000;
const POLL_MS = 2;
const NOTES_MAX = 500;
/** Answers to the same question in a row that say the desk is at rest. */
const QUIET_POLLS = 2;

/** What one bot did, as the desk tells it. */
export interface BotRecord {
  readonly notes?: readonly api.Note[];
  /** Notes of fills, in the order in which the bot counted them. */
  readonly fills: readonly api.Note[];
  readonly deals: readonly api.Deal[];
}

export interface DeskRecord {
  readonly bots: readonly BotRecord[];
  /** At the exchange, after every bot was stopped. */
  readonly openOrders: readonly unknown[];
  readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>>;
}

/** Trades `plan` on a desk in `directory` against the simulator that replays its candles. */
export async function runLive(
  plan: Plan,
  directory: string,
  defer: (work: () => unknown) => void,
): Promise<DeskRecord> {
  const simulator = await startSimulator([...replayArguments(plan, directory), ...accountOf(plan)]);
  defer(() => simulator.stop());
  return trade(plan, { simulator, market: simulator }, directory, defer);
}

/** As `runLive`, but on paper: against a simulator that follows the public prices of the one that replays. */
export async function runPaper(
  plan: Plan,
  directory: string,
  defer: (work: () => unknown) => void,
): Promise<DeskRecord> {
  // The last candle of the history is walked: one who follows takes over from trades that it can read.
  const history = plan.history - 1;
  const replay = replayArguments({ ...plan, history }, directory);
  const market = await startSimulator([...replay, '--no-limits']);
  defer(() => market.stop());
  await market.control('/market/step', { untilMs: (plan.times[0] ?? 0) - 1 });
  const { rest, streams } = market.addresses;
  const simulator = await startSimulator([
    ...['--market', 'follow:replay', '--follow-rest', rest, '--follow-streams', streams],
    ...[...plan.files.keys()].flatMap((symbol) => ['--symbol', symbol]),
    ...accountOf(plan),
  ]);
  defer(() => simulator.stop());
  await until('the followed market is seen', async () => {
    const { state } = await simulator.control<{ readonly state: string }>('/market');
    return state === 'running' ? true : null;
  });
  return trade(plan, { simulator, market }, directory, defer);
}

/** Arguments of a simulator that replays the candles of `plan` step by step. */
function replayArguments(plan: Plan, directory: string): string[] {
  const files = [...plan.files].map(([symbol, text]) => {
    const file = join(directory, `${symbol}.csv`);
    writeFileSync(file, text);
    return ['--market', `${symbol}=${file}`];
  });
  return [...files.flat(), '--speed', '0', '--history', String(plan.history), '--path', plan.path];
}

function accountOf({ bots, feePpm }: Plan): string[] {
  const balances = bots.flatMap(({ quoteAsset, quote, coins }) => [
    `${quoteAsset}=${quote}`,
    ...Object.entries(coins).map(([asset, amount]) => `${asset}=${amount}`),
  ]);
  const rate = (ppm: number): string => `${ppm / 10_000}%`;
  return [
    ...['--account', `demo:${balances.join(',')}`, '--no-limits'],
    ...['--maker-fee', rate(feePpm.maker), '--taker-fee', rate(feePpm.taker)],
  ];
}

interface Venue {
  /** Where the desk trades. */
  readonly simulator: SimulatorProcess;
  /** Whose points are walked. */
  readonly market: SimulatorProcess;
}

async function trade(
  plan: Plan,
  { simulator, market }: Venue,
  directory: string,
  defer: (work: () => unknown) => void,
): Promise<DeskRecord> {
  const gate = await StreamGate.open(simulator.addresses.streams);
  defer(() => gate.close());
  const desk = await startDesk({
    simulator,
    bots: [],
    directory: join(directory, 'desk'),
    streams: gate.url,
    policy: policyOf(plan),
    feeRatePpm: Math.max(plan.feePpm.maker, plan.feePpm.taker),
    symbols: [...plan.files.keys()],
    // A followed replay lives in the time of its trades, as a replay does.
    marketKind: 'candles',
  });
  defer(() => desk.stop());
  const line = new DeskLine(desk, simulator);
  const markets = plan.bots.flatMap((bot) => bot.markets);
  for (const time of plan.times) {
    // First what the point fills, with everything that follows from it; then what the market tells.
    gate.hold();
    await market.control('/market/step', { untilMs: time });
    const symbols = markets.filter((each) => isOpenAt(each, time)).map(({ symbol }) => symbol);
    await gate.untilTold(market === simulator ? 'candles' : 'trades', time, symbols);
    if (await line.hasNewFills()) await line.untilQuiet(null);
    gate.release();
    await line.untilQuiet(time);
    // A bot is checked against the prices there are.
    if (time === plan.times[0]) {
      for (const { settings } of plan.bots) await line.createBot(settings);
    }
    for (const [index, { wishes }] of plan.bots.entries()) {
      for (const wish of wishes) {
        if (wish.time !== time) continue;
        await line.ask(index, wish.ask);
        await line.untilQuiet(time);
      }
    }
  }
  return line.record(plan.bots.length);
}

/** The stream of a market, which a test holds back and lets go: a tunnel that keeps what comes through it. */
class StreamGate {
  readonly url: string;
  readonly #close: () => void;
  readonly #clients = new Set<Socket>();
  #held: { readonly client: Socket; readonly chunk: Buffer }[] | null = null;

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  static async open(target: string): Promise<StreamGate> {
    const { hostname, port } = new URL(target);
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.on('data', (chunk) => upstream.write(chunk));
      upstream.on('data', (chunk: Buffer) => gate.#take(client, chunk));
      gate.#clients.add(client);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address() as AddressInfo;
    const gate = new StreamGate(`ws://127.0.0.1:${address.port}`, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return gate;
  }

  hold(): void {
    this.#held ??= [];
  }

  /**
   * Waits until all that the market tells of `time` is held. A replay tells the running candles of `symbols` last; one
   * that is followed tells these at its own beat, and of the moment the trades and then the candles that have closed.
   */
  async untilTold(
    last: 'candles' | 'trades',
    time: number,
    symbols: readonly string[],
  ): Promise<void> {
    const started = performance.now();
    while (!this.#holds(last, time, symbols)) {
      assert.ok(performance.now() - started < WAIT_MS_MAX, `the market told of ${time}`);
      await delay(POLL_MS);
    }
  }

  /** Lets go what is held. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const client of this.#clients) {
      const chunks = held.filter((each) => each.client === client).map(({ chunk }) => chunk);
      if (chunks.length > 0) client.write(Buffer.concat(chunks));
    }
  }

  #holds(last: 'candles' | 'trades', time: number, symbols: readonly string[]): boolean {
    const text = (this.#held ?? []).map(({ chunk }) => chunk.toString('latin1')).join('');
    const told = (pattern: RegExp): boolean => {
      const found = new Set(Array.from(text.matchAll(pattern), ([, symbol]) => symbol));
      return symbols.every((symbol) => found.has(symbol));
    };
    return last === 'candles'
      ? told(new RegExp(`"e":"kline","E":${time},"s":"(\\w+)"[^}]*"x":false`, 'g'))
      : told(new RegExp(`"e":"trade","E":\\d+,"s":"(\\w+)"[^}]*"T":${time}\\b`, 'g'));
  }

  close(): void {
    this.#close();
  }

  #take(client: Socket, chunk: Buffer): void {
    if (this.#held === null) client.write(chunk);
    else this.#held.push({ client, chunk });
  }
}

/** Speaks to a desk as a person's program does, and knows when it is at rest. */
class DeskLine {
  readonly #simulator: SimulatorProcess;
  readonly #access: { readonly url: string; readonly token: string };
  readonly #botIds: string[] = [];
  /** In order of their sequence. */
  readonly #notes: api.Note[] = [];
  #fills = 0;

  constructor(desk: TestDesk, simulator: SimulatorProcess) {
    this.#simulator = simulator;
    const access = readTerminalFile(desk.directory);
    assert.ok(access !== null);
    this.#access = { url: access.url, token: access.token.reveal() };
  }

  async createBot(settings: RandomBot['settings']): Promise<void> {
    const made = await this.#call<api.Bot>('POST', '/bots', settings);
    assert.ok(made.ok, JSON.stringify(made.body));
    this.#botIds.push(made.body.id);
  }

  /** Asks something of the bot that was made as number `index`; a desk that has nothing to do it with says so. */
  async ask(index: number, ask: Wish['ask']): Promise<void> {
    const botId = this.#botIds[index] ?? '';
    const request =
      ask.kind === 'signal'
        ? { path: `/bots/${botId}/signal`, body: { ...ask.given, symbol: ask.symbol } }
        : requestOf(botId, ask.command, ask.changes);
    const answer = await this.#call(request.method ?? 'POST', request.path, request.body);
    assert.ok(
      answer.ok || answer.status === 404 || answer.status === 409,
      `${request.path}: ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  }

  /** Whether the exchange has filled what the desk has not counted. */
  async hasNewFills(): Promise<boolean> {
    return (await this.#tradeCount()) !== this.#fills;
  }

  /** Waits until nothing is on its way any more; with `time` until the market has told of it as well. */
  async untilQuiet(time: number | null): Promise<void> {
    const started = performance.now();
    let polls = 0;
    let seen = -1;
    let state: unknown;
    while (polls < QUIET_POLLS) {
      assert.ok(
        performance.now() - started < WAIT_MS_MAX,
        `the desk came to rest at ${time}, last seen ${JSON.stringify(state)}`,
      );
      const [health, overview] = await Promise.all([
        this.#get<api.Health>('/health'),
        time === null ? null : this.#get<api.Desk>('/desk'),
        this.#readNotes(),
      ]);
      const { pendingEffects, ambiguousOrders } = health;
      const marketTime = overview?.market.marketTime ?? 0;
      const sequence = this.#notes.at(-1)?.sequence ?? 0;
      state = { pendingEffects, ambiguousOrders, marketTime, sequence, fills: this.#fills };
      const isAtRest =
        pendingEffects === 0 &&
        ambiguousOrders === 0 &&
        (time === null || marketTime >= time) &&
        this.#fills === (await this.#tradeCount());
      polls = isAtRest && sequence === seen ? polls + 1 : 0;
      seen = sequence;
      if (polls < QUIET_POLLS && !isAtRest) await delay(POLL_MS);
    }
  }

  async record(count: number): Promise<DeskRecord> {
    const bots: BotRecord[] = [];
    for (const botId of this.#botIds.slice(0, count)) {
      const deals: api.Deal[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: api.DealPage = await this.#get(
          `/deals?bot=${botId}&limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        deals.push(...page.deals);
        cursor = page.nextCursor;
      }
      const fills = this.#notes.filter(
        (note) => note.botId === botId && note.kind === 'orderFilled',
      );
      bots.push({ fills, deals, notes: this.#notes.filter((n) => n.botId === botId) });
    }
    const { orders } = await this.#simulator.control<{ readonly orders: readonly unknown[] }>(
      '/accounts/demo/open-orders',
    );
    const { balances } =
      await this.#simulator.control<Pick<DeskRecord, 'balances'>>('/accounts/demo');
    return { bots, openOrders: orders, balances };
  }

  async #tradeCount(): Promise<number> {
    const { trades } = await this.#simulator.control<{ readonly trades: readonly unknown[] }>(
      '/accounts/demo/trades',
    );
    return trades.length;
  }

  /** Reads the notes that came since the last look. */
  async #readNotes(): Promise<void> {
    const last = this.#notes.at(-1)?.sequence ?? 0;
    for (const limit of [20, NOTES_MAX]) {
      const notes = await this.#get<readonly api.Note[]>(`/notes?limit=${limit}`);
      const isComplete = notes.length < limit || (notes.at(-1)?.sequence ?? 0) <= last + 1;
      if (!isComplete && limit < NOTES_MAX) continue;
      assert.ok(isComplete, `at most ${NOTES_MAX} notes between two looks`);
      const fresh = notes.filter(({ sequence }) => sequence > last).toReversed();
      this.#notes.push(...fresh);
      this.#fills += fresh.filter(({ kind }) => kind === 'orderFilled').length;
      return;
    }
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await this.#call<T>('GET', path);
    assert.ok(answer.ok, `${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async #call<T>(
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body?: unknown,
  ): Promise<{ readonly ok: boolean; readonly status: number; readonly body: T }> {
    const response = await fetch(`${this.#access.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#access.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(WAIT_MS_MAX),
    });
    // The desk and this test are of one version.
    const answer = (await response.json()) as T;
    return { ok: response.ok, status: response.status, body: answer };
  }
}

/** A command as a request to the API of the desk. */
function requestOf(
  botId: string,
  command: BotCommand,
  changes: unknown,
): { readonly path: string; readonly method?: 'PATCH'; readonly body?: unknown } {
  const deal = (dealId: number, action: string): string => `/deals/${botId}-${dealId}/${action}`;
  switch (command.kind) {
    case 'start':
      return { path: `/bots/${botId}/start` };
    case 'stop':
      return {
        path: `/bots/${botId}/${command.deals === undefined ? 'stop' : `stop-and-${command.deals}`}`,
      };
    case 'closeAllDeals':
      return { path: `/bots/${botId}/close-all` };
    case 'cancelAllDeals':
      return { path: `/bots/${botId}/cancel-all` };
    case 'startDeal': {
      const { symbol, skipConditions, skipLimits, onlyWhileRunning } = command;
      return {
        path: `/bots/${botId}/start-deal`,
        body: { symbol, skipConditions, skipLimits, onlyWhileRunning },
      };
    }
    case 'closeDeal':
      return { path: deal(command.dealId, 'close') };
    case 'cancelDeal':
      return { path: deal(command.dealId, 'cancel') };
    case 'addFunds':
      return { path: deal(command.dealId, 'add-funds'), body: command.order };
    case 'reduceFunds':
      return { path: deal(command.dealId, 'reduce-funds'), body: command.order };
    case 'closeStep':
      return { path: deal(command.dealId, 'close-step'), body: { step: command.step } };
    case 'cancelStep':
      return {
        path: deal(command.dealId, 'cancel-step'),
        body: { of: command.of, step: command.step },
      };
    case 'forceEntry':
      return { path: deal(command.dealId, 'force-entry') };
    case 'editSettings':
      return { path: `/bots/${botId}/settings`, method: 'PATCH', body: changes };
    case 'editDeal':
      return { path: deal(command.dealId, 'settings'), method: 'PATCH', body: changes };
    case 'cancelOrder':
    case 'handOverDeal':
    case 'setRisk':
    case 'adoptOrder':
    case 'renewOrderIds':
      return assert.fail(`nobody wishes ${command.kind} in a plan`);
  }
}

/** The signer may sign everything that the bots of `plan` can want. */
function policyOf({ bots }: Plan): string {
  const allows = bots.map(({ quoteAsset, markets }, index) => {
    const symbols = markets.map(({ symbol }) => symbol).join(',');
    return `allow id=orders-${index} op=order.place symbol=${symbols} side=BUY,SELL type=LIMIT,LIMIT_MAKER,STOP_LOSS_LIMIT notional<=1000000 ${quoteAsset} per-day<=1000000000 ${quoteAsset} rate<=10000/10s`;
  });
  return [
    'policy/v1',
    'connection demo',
    ...allows,
    'allow id=cancels op=order.cancel rate<=10000/10s',
    'allow id=reads op=read.* rate<=10000/10s',
    'default deny',
    '',
  ].join('\n');
}
