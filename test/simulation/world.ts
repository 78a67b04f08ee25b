// SPDX-License-Identifier: Apache-2.0
// One run: the real server, its store, bots and reconciliation against the simulator's exchange, in one process and
// on virtual time, while a plan lets things happen.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '@kontor/core';
import type { DealAction, Outcome } from '../../server/src/bot-actions.ts';
import type { ServerConfig } from '../../server/src/config.ts';
import { Random } from '../../simulator/src/market/random.ts';
import type { PeerName } from '../../server/src/link/links.ts';
import { randomBot } from './bots.ts';
import { randomGiven } from '../../core/test/random-signal.ts';
import { startPrice } from './market-plan.ts';
import { Invariants, Violation, type Observed } from './invariants.ts';
import { CALM, describe, Line, orderIdsOf } from './line.ts';
import { MarketFeed } from './market-feed.ts';
import {
  historyMinutes,
  HOUR_MINUTES,
  lengthOf,
  type Happening,
  type Plan,
  type Wish,
} from './plan.ts';
import { CrashError, ServerLife } from './server-life.ts';
import { SimulatedVenue } from './venue.ts';
import { processTime, VirtualTime } from './virtual-time.ts';

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = HOUR_MINUTES * MINUTE_MS;
const LOOK_MS = 5_000;
/** After the hour the market goes on for so long, then stands still until nothing is under way any more. */
const CALM_MS = 3 * MINUTE_MS;
const QUIET_WITHIN_MS = 4 * MINUTE_MS;
const QUIET_LOOK_MS = 250;
/** When all deals are to be closed, the market moves on until they are. */
const CLOSE_WITHIN_MS = 4 * MINUTE_MS;
/** So many orphans are looked at when a person decides about one. */
const ORPHANS = 50;
const QUOTE_ASSET = 'USDT';
const TAG = 'simu';

export interface RunResult {
  readonly seed: number;
  readonly violation: {
    readonly rule: string;
    readonly message: string;
    readonly at: number;
  } | null;
  readonly counts: Readonly<Record<string, number>>;
  /** Of a run whose story was asked for: its length and hash. */
  readonly story?: string;
}

export interface RunOptions {
  /** Hears the story, line by line. */
  readonly tell?: (line: string) => void;
  /** Done behind everybody's back at a moment of the hour, to see that it is found. */
  readonly damage?: { readonly at: number; readonly work: (world: Observed) => void };
}

/** Runs a plan from start to end. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  const world = new World(plan, options);
  return world.run();
}

class World implements Observed {
  readonly plan: Plan;
  readonly time = new VirtualTime(START_MS, (error) => this.#onThrown(error));
  readonly venue: SimulatedVenue;
  readonly symbols: readonly string[];
  life: ServerLife | null = null;

  readonly #directory = mkdtempSync(join(tmpdir(), 'kontor-simulation-'));
  readonly #line: Line;
  readonly #feed: MarketFeed;
  readonly #config: ServerConfig;
  readonly #invariants: Invariants;
  readonly #options: RunOptions;
  readonly #handOrders: { readonly symbol: string; readonly id: string }[] = [];
  readonly counts: Record<string, number> = {};
  #violation: RunResult['violation'] = null;
  #wallOffset = 0;
  #activeTroubles = 0;
  #lastTroubleMs = START_MS;
  #downUntilMs = 0;
  #isOver = false;
  #backup: string | null = null;
  isRestored = false;
  signedBefore = 0;
  #botsBefore: ReadonlySet<string> = new Set();
  signedMeanwhile = 0;
  #handNumber = 0;
  #drawn = 0;

  constructor(plan: Plan, options: RunOptions) {
    this.plan = plan;
    this.#options = options;
    this.symbols = plan.market.symbols;
    const { seed } = plan;
    const { time } = this;
    const random = (name: string): Random => Random.fromSeed(`${seed} ${name}`);
    this.venue = new SimulatedVenue({
      seed: String(seed),
      time,
      market: plan.market,
      feePpm: plan.feePpm,
      listener: {
        onTrade: (trade) => this.#feed.onTrade(trade),
        onUserEvent: (payload) => {
          this.tell(() => `account event ${eventText(payload)}`);
          this.#line.onUserEvent(payload);
        },
        onDrop: () => {
          this.#line.dropSockets();
          this.#feed.drop(0);
        },
        onTrouble: () => this.#noteTrouble(),
      },
    });
    const { venue } = this;
    this.#invariants = new Invariants(this);
    this.#line = new Line({
      time,
      venue,
      random: random('line'),
      wallOffset: () => this.#wallOffset,
      watcher: {
        onServerWrites: (pass) => this.life?.send(pass),
        onIntent: (intent) => {
          this.#count(intent.kind);
          if (orderIdsOf(intent).length > 0 || intent.kind === 'cancelOrder') {
            this.tell(() => `signs ${describe(intent)}`);
          }
          this.#guard(() => this.#invariants.onIntent(intent));
        },
        onAnswered: (intent, answer) => {
          if (orderIdsOf(intent).length > 0 || intent.kind === 'cancelOrder') {
            this.tell(
              () =>
                `exchange answers ${describe(intent)}: ${answer.kind === 'hang' ? 'nothing' : `${answer.status} ${answer.body.slice(0, 300)}`}`,
            );
          }
          this.#guard(() => this.#invariants.onAnswered(intent, answer));
        },
        onTrouble: () => this.#noteTrouble(),
        onPeerDies: (peer, ms) => this.#peerDies(peer, ms),
        tell: (what) => this.tell(what),
      },
    });
    this.#feed = new MarketFeed({
      time,
      venue,
      random: random('feed'),
      tell: (what) => this.tell(what),
      onTrouble: () => this.#noteTrouble(),
    });
    this.#config = {
      version: '0.0.0-simulation',
      dataDirectory: this.#directory,
      webDirectory: this.#directory,
      port: 0,
      connectionName: 'demo',
      venue: 'demo',
      market: { kind: venue.isLive ? 'synthetic' : 'candles', label: '', rest: '', streams: '' },
      symbols: [...plan.market.symbols],
      feeRatePpm: plan.feePpm,
      firstBots: plan.firstBots.filter((settings) => parseSettings(settings).ok),
    };
  }

  async run(): Promise<RunResult> {
    const { time } = this;
    const onRejection = (error: unknown): void => this.#onThrown(error);
    process.on('unhandledRejection', onRejection);
    try {
      this.venue.open(this.#balances(), historyMinutes());
      for (const happening of this.plan.happenings) {
        time.at(START_MS + happening.at, () => this.#happen(happening));
      }
      const { damage } = this.#options;
      if (damage !== undefined) {
        time.at(START_MS + damage.at, () => time.enter(() => damage.work(this)));
      }
      time.every(LOOK_MS, () => this.#look());
      this.#startServer();
      await this.#runTo(START_MS + HOUR_MS);
      await this.#settle();
    } catch (error) {
      this.#fail(error);
    } finally {
      process.off('unhandledRejection', onRejection);
      this.life?.end(null);
      this.life?.bury();
      this.venue.faults.close();
      rmSync(this.#directory, { recursive: true, force: true });
    }
    const { seed } = this.plan;
    return {
      seed,
      violation: this.#violation,
      counts: { ...this.counts, happenings: time.happenings },
    };
  }

  #balances(): Record<string, string> {
    const balances: Record<string, string> = { [QUOTE_ASSET]: this.plan.quote };
    if (this.plan.coins === 0) return balances;
    for (const { symbol, baseAsset } of this.venue.instruments) {
      balances[baseAsset] = (this.plan.coins / startPrice(symbol)).toFixed(6);
    }
    return balances;
  }

  /** How long the whole system has had to recover; 0 while something is wrong. */
  get calmMs(): number {
    if (this.#activeTroubles > 0 || this.life === null || !this.life.isStarted) return 0;
    return this.time.now - this.#lastTroubleMs;
  }

  tell(what: () => string): void {
    const { tell } = this.#options;
    if (tell === undefined) return;
    const seconds = ((this.time.now - START_MS) / 1000).toFixed(3).padStart(9);
    tell(`${seconds}  ${what()}`);
  }

  async #runTo(ms: number, isOver: () => boolean = () => false): Promise<void> {
    await this.time.runUntil(ms, () => this.#violation !== null || isOver());
  }

  // ---- The server ----

  #startServer(): void {
    if (this.#isOver) return;
    this.tell(() => 'the server starts');
    this.time.enter(() => {
      this.life = this.#newLife();
    });
  }

  #newLife(): ServerLife {
    return new ServerLife({
      file: join(this.#directory, 'desk.db'),
      config: this.#config,
      time: (isAlive) => processTime(this.time, isAlive, () => this.#wallOffset),
      onMade: (life) =>
        this.#line.connect({
          isAlive: () => life.isAlive,
          attach: (peer, pipe) => this.time.enter(() => life.server.attach(peer, pipe.serverEnd)),
        }),
      market: (isAlive) => this.#feed.connect(isAlive),
      log: (level, message, fields) =>
        this.tell(() => `server ${level}: ${message} ${JSON.stringify(fields)}`),
      onEnd: (life, error) => this.#onServerEnd(life, error),
      drawText: (length) => {
        // The desk's tag, and after it the epochs of its order IDs.
        this.#drawn += 1;
        return this.#drawn === 1 ? TAG : this.#drawn.toString(36).padStart(length, '0');
      },
    });
  }

  #onServerEnd(life: ServerLife, error: unknown): void {
    if (this.#isOver) return;
    if (error !== null && error !== undefined) {
      this.#fail(new Violation('server', `the server ended by itself: ${textOf(error)}`));
      return;
    }
    this.tell(() => 'the server is killed');
    this.#count('crashes');
    this.#line.disconnect();
    const downMs = Math.max(this.#downMs, 1);
    this.#downMs = 200;
    this.#downUntilMs = this.time.now + downMs;
    this.#lastTroubleMs = Math.max(this.#lastTroubleMs, this.#downUntilMs);
    this.time.after(0.01, () => {
      life.bury();
      this.life = null;
    });
    this.time.after(downMs, () => this.#startServer());
  }

  /** For how long the next crash keeps the server away. */
  #downMs = 200;

  /** The server threw where nobody catches, or a promise failed that nobody looks at: a real one would end. */
  #onThrown(error: unknown): void {
    if (error instanceof CrashError) return;
    this.#fail(new Violation('server', `the server throws: ${textOf(error)}`));
  }

  // ---- What happens ----

  #happen(happening: Happening): void {
    if (this.#violation !== null) return;
    this.tell(() => `--- ${happeningText(happening)}`);
    this.#noteTrouble();
    const lengthMs = lengthOf(happening);
    if (lengthMs > 0) {
      this.#activeTroubles += 1;
      this.time.after(lengthMs, () => {
        this.#activeTroubles -= 1;
        this.#noteTrouble();
        this.tell(() => `--- over: ${happeningText(happening)}`);
      });
    }
    switch (happening.kind) {
      case 'venue':
        this.venue.faults.arm(happening.request);
        return;
      case 'crash':
        this.#crash(happening);
        return;
      case 'peerDown':
        this.#peerDies(happening.peer, happening.ms);
        return;
      case 'line':
        this.#line.arm(happening.strike);
        return;
      case 'network':
        this.#line.trouble = happening.trouble;
        this.time.after(happening.ms, () => {
          if (this.#line.trouble === happening.trouble) this.#line.trouble = CALM;
        });
        return;
      case 'policy': {
        const refusals = { share: happening.share, rule: 'deny test: orders per minute' };
        this.#line.refusals = refusals;
        this.time.after(happening.ms, () => {
          if (this.#line.refusals === refusals) this.#line.refusals = { share: 0, rule: '' };
        });
        return;
      }
      case 'marketStreamDown':
        this.#feed.drop(happening.ms);
        return;
      case 'wallClock':
        this.#wallOffset += happening.offsetMs;
        this.time.after(happening.ms, () => {
          this.#wallOffset -= happening.offsetMs;
        });
        return;
      case 'strangerCancels': {
        const open = this.#openOrders().filter(({ id }) => this.#invariants.isOurs(id));
        const order = pickOf(open, happening.pick);
        if (order === undefined) return;
        this.#byHand('DELETE', { symbol: order.symbol, origClientOrderId: order.id });
        return;
      }
      case 'handOrder':
        this.#placeByHand(happening);
        return;
      case 'handCancel': {
        const order = pickOf(this.#handOrders, happening.pick);
        if (order === undefined) return;
        this.#byHand('DELETE', { symbol: order.symbol, origClientOrderId: order.id });
        return;
      }
      case 'withdraw':
        this.#withdraw(happening);
        return;
      case 'sweep':
        this.#sweep(happening);
        return;
      case 'createBot':
        this.#createBot(happening.settings);
        return;
      case 'commandBot': {
        const { desk, runner } = this.life?.server ?? {};
        const botId = pickOf([...(runner?.bots.keys() ?? [])], happening.pick);
        if (desk === undefined || botId === undefined) return;
        this.time.enter(() => void desk.commandBot(botId, happening.action));
        return;
      }
      case 'command':
        this.#command(happening.wish, happening.pick);
        return;
      case 'signal':
        this.#signal(happening);
        return;
      case 'risk':
      case 'riskLimits':
        this.#setRisk(happening);
        return;
      case 'backup':
        this.#backUp();
        return;
      case 'restore':
        this.#restore(happening.downMs);
        return;
      case 'commandDeal': {
        const deal = pickOf(this.#openDeals(), happening.pick);
        if (deal !== undefined) this.#commandDeal(deal, happening.action);
        return;
      }
    }
  }

  #noteTrouble(): void {
    this.#lastTroubleMs = Math.max(this.#lastTroubleMs, this.time.now);
  }

  /** With egress goes the signer, and comes after it: it inherits its end of the link between them. */
  #peerDies(peer: PeerName, ms: number): void {
    this.#line.bringDown(peer);
    this.#activeTroubles += 1;
    this.time.after(ms, () => {
      this.#line.bringUp('egress');
      this.time.after(150, () => {
        this.#line.bringUp('signer');
        this.#activeTroubles -= 1;
        this.#noteTrouble();
      });
    });
  }

  #crash(happening: Extract<Happening, { kind: 'crash' }>): void {
    const { life } = this;
    if (life === null || !life.isAlive) return;
    this.#downMs = happening.downMs;
    if (happening.moment === 'now') {
      life.end(null);
      return;
    }
    life.planCrash(happening.moment, happening.nth);
  }

  #createBot(settings: Readonly<Record<string, unknown>>): void {
    const { life } = this;
    if (life === null || !life.isStarted) return;
    this.time.enter(() => {
      const made = life.server.desk.createBot(settings);
      if (made.ok) void life.server.desk.commandBot(made.bot.id, 'start');
      else this.tell(() => `the desk refuses the bot: ${JSON.stringify(made)}`);
    });
  }

  /** What a person asks for over the desk's API; most bots refuse most of it. */
  #command(wish: Wish, pick: number): void {
    const { life } = this;
    if (life === null || !life.isStarted || !life.isAlive) return;
    const { actions } = life.server.desk;
    const bot = pickOf([...life.server.runner.bots.values()], pick);
    const deal = pickOf(this.#openDeals(), pick);
    if (bot === undefined) return;
    const { botId } = bot;
    const settle = (outcome: Promise<Outcome>): void => this.#hearOf(outcome);
    this.time.enter(() => {
      switch (wish.kind) {
        case 'startDeal': {
          const { symbol, skipLimits } = wish;
          const skips = { skipConditions: true, skipLimits, onlyWhileRunning: false };
          settle(actions.startDeal(botId, { symbol, ...skips }));
          return;
        }
        case 'stop-and-close':
        case 'stop-and-cancel':
        case 'close-all':
        case 'cancel-all':
          settle(actions.act(botId, wish.kind));
          return;
        case 'addFunds':
        case 'reduceFunds':
          if (deal !== undefined) settle(actions.actOnDeal(deal, this.#fundsAction(deal, wish)));
          return;
        case 'convert':
        case 'forceEntry':
        case 'closeStep':
        case 'cancelStep':
          if (deal !== undefined) settle(actions.actOnDeal(deal, wish));
          return;
        case 'editSettings':
          settle(actions.editSettings(botId, this.#drawSettings(botId, wish.draw)));
          return;
        case 'editDeal': {
          const [owner = ''] = deal?.split('-') ?? [];
          if (deal !== undefined) {
            settle(actions.editDeal(deal, this.#drawSettings(owner, wish.draw)));
          }
          return;
        }
        case 'cancelOrder': {
          const [owner = '', number] = deal?.split('-') ?? [];
          const { deals = [] } = life.server.runner.bots.get(owner)?.state ?? {};
          const orders = deals.find(({ dealId }) => dealId === Number(number))?.orders ?? [];
          const clientOrderId = pickOf(orders, pick)?.clientOrderId;
          if (deal === undefined || clientOrderId === undefined) return;
          settle(actions.actOnDeal(deal, { kind: 'cancelOrder', clientOrderId }));
          return;
        }
        case 'orphan': {
          const { reconciliation } = life.server.desk;
          const shown = reconciliation.orphans(ORPHANS).filter(({ state }) => state === 'shown');
          const orphan = pickOf(shown, pick);
          if (orphan === undefined) return;
          this.#hearOf(reconciliation.decide(orphan.id, wish.decision));
          return;
        }
        case 'archive':
          actions.archive(botId);
          return;
      }
    });
  }

  #hearOf(outcome: Promise<unknown>): void {
    void outcome.then((came) => this.tell(() => `the desk: ${JSON.stringify(came)}`));
  }

  #fundsAction(
    deal: string,
    wish: Extract<Wish, { kind: 'addFunds' | 'reduceFunds' }>,
  ): DealAction {
    const [botId = '', number] = deal.split('-');
    const state = this.life?.server.runner.bots.get(botId)?.state;
    const symbol = state?.deals.find(({ dealId }) => dealId === Number(number))?.symbol ?? '';
    const market = this.venue.exchange.market(symbol);
    const side = wish.kind === 'addFunds' ? -1 : 1;
    const ticks = Math.round((market?.lastTicks ?? 1) * (1 + side * (wish.distance ?? 0)));
    const price = (market?.priceText(ticks) ?? '1').replace(/\.?0+$/, '');
    const order = {
      amount: { kind: 'quote', value: wish.quote },
      ...(wish.distance === null ? {} : { price }),
    } as const;
    return { kind: wish.kind, order };
  }

  /** Other settings of the kind that a bot has. */
  #drawSettings(botId: string, draw: number): Readonly<Record<string, unknown>> {
    const settings = this.life?.server.runner.bots.get(botId)?.state.settings;
    if (settings === undefined) return {};
    const random = Random.fromSeed(`${draw} settings`);
    const { kind: _, ...drawn } = randomBot(random, this.symbols, settings.name, settings.kind);
    return drawn;
  }

  #signal({ action, symbol, pick, draw }: Extract<Happening, { kind: 'signal' }>): void {
    const { life } = this;
    if (life === null || !life.isStarted || !life.isAlive) return;
    const bots = [...life.server.runner.bots.values()];
    const bot = pickOf(
      bots.filter(({ state }) => state.settings.symbols.includes(symbol)),
      pick,
    );
    if (bot === undefined) return;
    const random = Random.fromSeed(`${draw} signal`);
    const market = this.venue.exchange.market(symbol);
    const isTraded = market !== undefined && market.lastTicks > 0;
    const price = isTraded ? Number(market.priceText(market.lastTicks)) : startPrice(symbol);
    const given = {
      ...randomGiven(random, action, price),
      symbol,
      ...(random.chance(0.5) ? { sentTime: this.venue.marketMs - random.below(12_000) } : {}),
    };
    const source = random.chance(0.7) ? 'webhook' : 'person';
    this.time.enter(() => this.#hearOf(life.server.desk.actions.signal(bot.botId, given, source)));
  }

  #setRisk(happening: Extract<Happening, { kind: 'risk' | 'riskLimits' }>): void {
    const { life } = this;
    if (life === null || !life.isStarted || !life.isAlive) return;
    const { runner, risk } = life.server;
    const botId = happening.pick === null ? null : pickOf([...runner.bots.keys()], happening.pick);
    if (botId === undefined) return;
    const scope = botId === null ? 'desk' : (`bot:${botId}` as const);
    this.time.enter(() => {
      if (happening.kind === 'risk') {
        risk.setState(scope, happening.state);
        return;
      }
      const errors = risk.setLimits(scope, happening.limits);
      if (errors.length > 0) this.tell(() => `limits are refused: ${JSON.stringify(errors)}`);
    });
  }

  #backUp(): void {
    const { life } = this;
    if (life === null || !life.isStarted || !life.isAlive || this.#backup !== null) return;
    this.#backup = join(this.#directory, 'backup.db');
    life.store.copyTo(this.#backup);
    this.#guard(() => this.#invariants.onLook());
    this.#botsBefore = this.#invariants.botIds;
    this.signedBefore = this.#invariants.signedCount;
  }

  /** The server is killed, and comes back with the store as it was when it was copied. */
  #restore(downMs: number): void {
    const { life } = this;
    const backup = this.#backup;
    if (life === null || !life.isAlive || backup === null || this.isRestored) return;
    this.isRestored = true;
    const botIds = this.#botsBefore;
    this.signedMeanwhile = this.#invariants.signedCount - this.signedBefore;
    this.#downMs = downMs;
    life.end(null);
    this.time.after(0.1, () => {
      const file = join(this.#directory, 'desk.db');
      for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
      copyFileSync(backup, file);
      this.#invariants.keepBots(botIds);
    });
  }

  #openDeals(): readonly string[] {
    const bots = this.life?.isStarted === true ? this.life.server.runner.bots : new Map();
    return [...bots.values()].flatMap((bot) =>
      bot.state.deals.map((deal: { readonly dealId: number }) => `${bot.botId}-${deal.dealId}`),
    );
  }

  #commandDeal(id: string, action: 'close' | 'cancel'): void {
    this.time.enter(() => void this.life?.server.desk.commandDeal(id, action));
  }

  #openOrders(): readonly { readonly symbol: string; readonly id: string }[] {
    return [...this.venue.account.openOrders].map((order) => ({
      symbol: order.market.symbol,
      id: order.clientOrderId,
    }));
  }

  #byHand(method: 'POST' | 'DELETE', parameters: Record<string, string>): void {
    const answer = this.venue.byHand(method, '/api/v3/order', parameters);
    this.tell(() => `by hand ${method} ${JSON.stringify(parameters)}: ${answer.slice(0, 200)}`);
  }

  #placeByHand(happening: Extract<Happening, { kind: 'handOrder' }>): void {
    const symbol = pickOf(this.symbols, happening.pick);
    if (symbol === undefined) return;
    const { side, type, share, distance } = happening;
    const instrument = this.venue.instrument(symbol);
    const market = this.venue.exchange.market(symbol);
    if (market === undefined) return;
    const asset = side === 'BUY' ? instrument.quoteAsset : instrument.baseAsset;
    const scale = this.venue.account.scaleOf(asset);
    const free = Number(this.venue.account.balance(asset).free) / 10 ** scale;
    const last = market.lastTicks;
    const ticks = Math.max(1, Math.round(last * (side === 'BUY' ? 1 - distance : 1 + distance)));
    const price = market.priceText(ticks);
    const quantity = (free * share) / (side === 'BUY' ? Number(price) : 1);
    const lots = Math.floor((quantity * 10 ** instrument.quantityScale) / instrument.lotUnits);
    if (lots < 1) return;
    const id = `web_${(this.#handNumber += 1)}`;
    if (type === 'LIMIT') this.#handOrders.push({ symbol, id });
    this.#byHand('POST', {
      symbol,
      side,
      type,
      quantity: market.quantityText(lots),
      ...(type === 'LIMIT' ? { price, timeInForce: 'GTC' } : {}),
      newClientOrderId: id,
    });
  }

  /** Takes a part of what is free off the account, and later brings it back. */
  #withdraw(happening: Extract<Happening, { kind: 'withdraw' }>): void {
    const assets = [
      QUOTE_ASSET,
      ...this.symbols.map((symbol) => this.venue.instrument(symbol).baseAsset),
    ];
    const asset = pickOf(assets, happening.pick);
    if (asset === undefined) return;
    const { account } = this.venue;
    const scale = account.scaleOf(asset);
    const units =
      (account.balance(asset).free * BigInt(Math.floor(happening.share * 1_000))) / 1_000n;
    if (units === 0n) return;
    const amount = unitsText(units, scale);
    if (!this.venue.deposit(asset, `-${amount}`)) return;
    this.tell(() => `by hand: ${amount} ${asset} leaves`);
    this.time.after(happening.ms, () => {
      this.venue.deposit(asset, amount);
      this.tell(() => `by hand: ${amount} ${asset} comes back`);
    });
  }

  /** Somebody with deep pockets takes everything up to a distance from the last price. */
  #sweep(happening: Extract<Happening, { kind: 'sweep' }>): void {
    const symbol = pickOf(this.symbols, happening.pick);
    const market = symbol === undefined ? undefined : this.venue.exchange.market(symbol);
    if (market === undefined || !this.venue.isLive) return;
    const { side, distance } = happening;
    const limit = Math.max(
      2,
      Math.round(market.lastTicks * (side === 'buy' ? 1 + distance : 1 - distance)),
    );
    const levels = market.engine.depth(side === 'buy' ? 'sell' : 'buy', 500);
    let lots = 0;
    for (const [ticks, offered] of levels) {
      if (side === 'buy' ? ticks <= limit : ticks >= limit) lots += offered;
    }
    const most = this.venue.instrument(market.symbol).maxLots;
    if (lots < 1) return;
    const { house } = this.venue.exchange;
    const orderId = house.place(market.symbol, side, 'limit', limit, Math.min(lots, most), 3);
    house.cancel(market.symbol, orderId);
  }

  // ---- Looking ----

  #look(): void {
    if (this.life === null || !this.life.isStarted || !this.life.isAlive) return;
    this.#guard(() => this.#invariants.onLook());
  }

  /** The hour is over: everything that was broken is mended, and the system must come to rest. */
  async #settle(): Promise<void> {
    if (this.#violation !== null) return;
    this.venue.faults.clear();
    this.#line.mend();
    this.life?.forgetCrash();
    await this.#runTo(Math.max(this.#lastTroubleMs, this.time.now) + CALM_MS, () => false);
    const isClosing = this.plan.seed % 2 === 0;
    if (isClosing) {
      this.#liftRisk();
      this.#closeEverything();
      await this.#runTo(this.time.now + CLOSE_WITHIN_MS, () => this.#openDeals().length === 0);
    }
    this.tell(() => 'the market stands still');
    this.venue.freeze();
    const end = this.time.now + QUIET_WITHIN_MS;
    let quietLooks = 0;
    while (this.#violation === null && quietLooks < 3) {
      await this.#runTo(this.time.now + QUIET_LOOK_MS);
      const unrest = this.#invariants.unrest();
      quietLooks = unrest === null ? quietLooks + 1 : 0;
      if (unrest !== null && this.time.now >= end) {
        this.#fail(new Violation('rest', `no rest after ${QUIET_WITHIN_MS / 1000} s: ${unrest}`));
      }
    }
    if (this.#violation !== null) return;
    this.#guard(() => this.#invariants.onEnd(isClosing));
    this.#isOver = true;
  }

  /** What is halted cannot be closed. */
  #liftRisk(): void {
    const { life } = this;
    if (life === null) return;
    for (const { scope } of life.server.risk.all()) {
      this.time.enter(() => life.server.risk.setState(scope, 'active'));
    }
  }

  #closeEverything(): void {
    const { life } = this;
    if (life === null) return;
    this.tell(() => 'all bots are stopped, all deals closed');
    for (const botId of life.server.runner.bots.keys()) {
      this.time.enter(() => void life.server.desk.commandBot(botId, 'stop'));
    }
    for (const deal of this.#openDeals()) this.#commandDeal(deal, 'close');
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#violation !== null) return;
    const at = Math.round(this.time.now - START_MS);
    this.#violation =
      error instanceof Violation
        ? { rule: error.rule, message: error.message, at }
        : { rule: 'simulation', message: textOf(error), at };
    const { rule, message } = this.#violation;
    this.tell(() => `VIOLATION ${rule}: ${message}`);
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}

function pickOf<T>(items: readonly T[], pick: number): T | undefined {
  return items.length === 0 ? undefined : items[pick % items.length];
}

function unitsText(units: bigint, scale: number): string {
  const digits = units.toString().padStart(scale + 1, '0');
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

export function happeningText(happening: Happening): string {
  const { at: _, kind, ...rest } = happening;
  return `${kind} ${JSON.stringify(rest)}`;
}

function eventText(payload: Readonly<Record<string, unknown>>): string {
  if (payload['e'] === 'executionReport') {
    const { c, C, x, X, l, z, L, t } = payload;
    return `${String(x)} ${String(C) === '' ? String(c) : String(C)} ${String(X)} last ${String(l)} at ${String(L)} sum ${String(z)} trade ${String(t)}`;
  }
  return JSON.stringify(payload).slice(0, 200);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}\n${error.stack ?? ''}`;
}
