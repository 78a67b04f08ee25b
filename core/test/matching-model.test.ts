// SPDX-License-Identifier: Apache-2.0
// Rules M29 to M31 and M33 as properties: random streams of calls against an engine that is slow and plain.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  MatchingEngine,
  type EngineOrder,
  type EngineOrderType,
  type EngineTrade,
  type PlaceVerdict,
  type SelfTradePrevention,
} from '../src/matching/engine.ts';
import type { Side, TimeInForce } from '../src/order.ts';
import { EventLog } from './matching-script.ts';

const SEED = 20_221_111;
const SETTINGS = { seed: SEED, numRuns: 1000 };

/** Every answer and event there is, without its numbers: what the streams must reach. */
const KINDS_OF_ANSWERS = [
  ...'accepted|buys from|cancelled|expired|expiredInMatch|false|filled|kept from of'.split('|'),
  ...'level buy|level sell|rests|sells from|triggers|true|undefined|wouldTake|wouldTrigger'.split(
    '|',
  ),
];

/** An order before it has an ID; `toOrder` drops the fields its kind has no use for. */
interface Draft {
  readonly ownerId: number;
  readonly side: Side;
  readonly type: EngineOrderType;
  readonly timeInForce: TimeInForce;
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly quoteBudget: number;
  readonly stopTicks: number;
  readonly trailingDeltaBips: number;
  readonly icebergLots: number;
  readonly selfTradePrevention: SelfTradePrevention;
}

type Call =
  | { readonly kind: 'place'; readonly draft: Draft }
  | { readonly kind: 'cancel'; readonly target: number }
  | { readonly kind: 'reduce'; readonly target: number; readonly quantityLots: number }
  | { readonly kind: 'print'; readonly priceTicks: number; readonly lots: number }
  | {
      readonly kind: 'houseTakes';
      readonly side: Side;
      readonly priceTicks: number;
      readonly lotsMax: number;
    };

const price = fc.integer({ min: 95, max: 105 });
const side = fc.constantFrom<Side>('buy', 'sell');

const draft: fc.Arbitrary<Draft> = fc.record({
  ownerId: fc.integer({ min: 0, max: 3 }),
  side,
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constant<EngineOrderType>('limit') },
    {
      weight: 5,
      arbitrary: fc.constantFrom<EngineOrderType>(
        'limitMaker',
        'market',
        'stopLoss',
        'stopLossLimit',
        'takeProfit',
        'takeProfitLimit',
      ),
    },
  ),
  timeInForce: fc.constantFrom<TimeInForce>('GTC', 'GTC', 'GTC', 'IOC', 'FOK'),
  priceTicks: price,
  quantityLots: fc.integer({ min: 1, max: 12 }),
  quoteBudget: fc.oneof(fc.constant(0), fc.integer({ min: 50, max: 1500 })),
  stopTicks: fc.oneof(fc.constant(0), price, price),
  trailingDeltaBips: fc.oneof(fc.constant(0), fc.integer({ min: 50, max: 900 })),
  icebergLots: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 })),
  selfTradePrevention: fc.constantFrom<SelfTradePrevention>(
    'none',
    'expireTaker',
    'expireMaker',
    'expireBoth',
    'decrement',
  ),
});

const target = fc.nat({ max: 60 });
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('place' as const), draft }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), target }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reduce' as const),
      target,
      quantityLots: fc.integer({ min: 0, max: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('print' as const),
      priceTicks: price,
      lots: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('houseTakes' as const),
      side,
      priceTicks: price,
      lotsMax: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 12 })),
    }),
  },
);
const calls = fc.array(call, { minLength: 1, maxLength: 70, size: 'max' });

test('[M33] the engine does what the naive engine does', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const reached = new Set<string>();
  fc.assert(
    fc.property(calls, (stream) => {
      const log = new EventLog(true);
      const engine = new MatchingEngine(log);
      const naive = new NaiveEngine();
      const answers = perform(engine, stream, () => log.take());
      const expected = perform(naive, stream, () => naive.lines.splice(0));
      assert.deepEqual(answers, expected);
      assert.deepEqual(engine.openOrders(), naive.openOrders());
      assert.equal(engine.lastTicks(), naive.last);
      for (const line of answers.flat(2)) {
        if (typeof line === 'number') continue;
        reached.add(
          String(line)
            .replaceAll(/[^a-zA-Z]+/g, ' ')
            .trim(),
        );
      }
    }),
    SETTINGS,
  );
  assert.deepEqual([...reached].toSorted(), KINDS_OF_ANSWERS);
});

test('[M29] the levels told are the levels there are', (t) => {
  t.diagnostic(`seed ${SEED}`);
  fc.assert(
    fc.property(calls, (stream) => {
      const told = { buy: new Map<number, number>(), sell: new Map<number, number>() };
      const log = new EventLog(false);
      log.onLevel = (levelSide, priceTicks, lots) => {
        assert.notEqual(told[levelSide].get(priceTicks) ?? 0, lots, 'told unchanged');
        if (lots === 0) told[levelSide].delete(priceTicks);
        else told[levelSide].set(priceTicks, lots);
      };
      const engine = new MatchingEngine(log);
      perform(engine, stream, () => {
        assert.deepEqual(engine.depth('sell', 99), ascending(told.sell));
        assert.deepEqual(engine.depth('buy', 99).toReversed(), ascending(told.buy));
        assert.equal(engine.bestBid(), Math.max(0, ...told.buy.keys()));
        assert.equal(engine.bestAsk(), told.sell.size === 0 ? 0 : Math.min(...told.sell.keys()));
        return [];
      });
    }),
    SETTINGS,
  );
});

test('[M30] nothing is bought that is not sold, and the book is never crossed', (t) => {
  t.diagnostic(`seed ${SEED}`);
  fc.assert(
    fc.property(calls, (stream) => {
      const ledger = new Ledger();
      const engine = new MatchingEngine(ledger);
      perform(engine, stream, () => {
        const ask = engine.bestAsk();
        assert.ok(ask === 0 || engine.bestBid() < ask, 'crossed');
        ledger.audit(engine);
        return [];
      });
    }),
    SETTINGS,
  );
});

test('[M31] an engine restored in the middle goes on as if nothing had happened', (t) => {
  t.diagnostic(`seed ${SEED}`);
  fc.assert(
    fc.property(calls, calls, (before, after) => {
      const log = new EventLog(true);
      const engine = new MatchingEngine(log);
      const firstOrderId = 1 + perform(engine, before, () => log.take()).length;
      const restoredLog = new EventLog(true);
      const text = JSON.stringify(engine.snapshot());
      const restored = MatchingEngine.restore(JSON.parse(text), restoredLog);
      const expected = perform(engine, after, () => log.take(), firstOrderId);
      const answers = perform(restored, after, () => restoredLog.take(), firstOrderId);
      assert.deepEqual(answers, expected);
      assert.deepEqual(restored.openOrders(), engine.openOrders());
      assert.equal(restored.lastTicks(), engine.lastTicks());
    }),
    SETTINGS,
  );
});

function ascending(levels: Map<number, number>): [priceTicks: number, lots: number][] {
  return [...levels].toSorted(([left], [right]) => left - right);
}

type Engine = Pick<MatchingEngine, 'place' | 'cancel' | 'reduce' | 'print' | 'houseTakes'>;
type EngineAnswer = PlaceVerdict | boolean | number | undefined;

/** Makes the calls and hands back each answer with what `observe` found after it. */
function perform(
  engine: Engine,
  stream: readonly Call[],
  observe: () => string[],
  firstOrderId = 1,
): [answer: EngineAnswer, events: string[]][] {
  return stream.map((next, index) => [answer(engine, next, firstOrderId + index), observe()]);
}

function answer(engine: Engine, next: Call, orderId: number): EngineAnswer {
  switch (next.kind) {
    case 'place':
      return engine.place(toOrder(orderId, next.draft));
    case 'cancel':
      return engine.cancel(next.target);
    case 'reduce':
      return engine.reduce(next.target, next.quantityLots);
    case 'print':
      engine.print(next.priceTicks, next.lots);
      return undefined;
    case 'houseTakes':
      return engine.houseTakes(next.side, next.priceTicks, next.lotsMax);
  }
}

function toOrder(orderId: number, from: Draft): EngineOrder {
  const isMarket = ['market', 'stopLoss', 'takeProfit'].includes(from.type);
  const waits = !['limit', 'limitMaker', 'market'].includes(from.type);
  const quoteBudget = from.type === 'market' ? from.quoteBudget : 0;
  const mayShowPart = !isMarket && (from.timeInForce === 'GTC' || from.type === 'limitMaker');
  const needsStop = from.stopTicks + from.trailingDeltaBips === 0;
  return {
    ...from,
    orderId,
    priceTicks: isMarket ? 0 : from.priceTicks,
    quantityLots: quoteBudget > 0 ? 0 : from.quantityLots,
    quoteBudget,
    stopTicks: waits ? (needsStop ? 100 : from.stopTicks) : 0,
    trailingDeltaBips: waits ? from.trailingDeltaBips : 0,
    icebergLots: mayShowPart ? from.icebergLots : 0,
  };
}

/** Keeps the books from events alone. */
class Ledger extends EventLog {
  #bought = 0;
  #sold = 0;
  readonly #filled = new Map<number, { lots: number; notional: number }>();
  readonly #prevented = new Map<number, number>();
  readonly #ended = new Set<number>();

  constructor() {
    super(false);
  }

  override onTrade(trade: EngineTrade): void {
    const { lots, priceTicks, takerSide } = trade;
    for (const [orderId, isBuy] of [
      [trade.takerOrderId, takerSide === 'buy'],
      [trade.makerOrderId, takerSide === 'sell'],
    ] as const) {
      assert.ok(lots > 0 && !this.#ended.has(orderId));
      if (isBuy) this.#bought += lots;
      else this.#sold += lots;
      const filled = this.#filled.get(orderId) ?? { lots: 0, notional: 0 };
      this.#filled.set(orderId, {
        lots: filled.lots + lots,
        notional: filled.notional + lots * priceTicks,
      });
    }
  }

  override onPrevented(takerOrderId: number, makerOrderId: number, lots: number): void {
    for (const orderId of [takerOrderId, makerOrderId]) {
      this.#prevented.set(orderId, (this.#prevented.get(orderId) ?? 0) + lots);
    }
  }

  override onEnded(orderId: number, end: string, filledLots: number): void {
    assert.ok(!this.#ended.has(orderId), `order ${orderId} ended twice`);
    this.#ended.add(orderId);
    assert.equal(filledLots, this.#filled.get(orderId)?.lots ?? 0);
    if (end === 'filled') assert.ok(filledLots > 0);
  }

  audit(engine: MatchingEngine): void {
    assert.equal(this.#bought, this.#sold);
    for (const order of engine.openOrders()) {
      const { orderId, leavesLots, quantityLots } = order;
      const filled = this.#filled.get(orderId) ?? { lots: 0, notional: 0 };
      assert.ok(!this.#ended.has(orderId) && leavesLots > 0);
      assert.equal(order.filledLots, filled.lots);
      assert.equal(order.filledNotional, order.ownerId === 0 ? 0 : filled.notional);
      const missing = quantityLots - filled.lots - leavesLots;
      assert.ok(missing >= 0 && missing <= (this.#prevented.get(orderId) ?? 0));
    }
  }
}

/** What the naive engine knows of an order. `turn` is its place in time. */
interface NaiveOrder {
  readonly terms: EngineOrder;
  quantity: number;
  filled: number;
  prevented: number;
  notional: number;
  spent: number;
  visible: number;
  turn: number;
  triggered: boolean;
  extreme: number;
}

/**
 * The rules written down as plainly as they go: two arrays, sorted for every trade. Tries fill-or-kill orders
 * out on a copy of itself.
 */
class NaiveEngine implements Engine {
  lines: string[] = [];
  last = 0;
  #book: NaiveOrder[] = [];
  #waiting: NaiveOrder[] = [];
  #triggered: NaiveOrder[] = [];
  #turn = 0;

  place(terms: EngineOrder): PlaceVerdict {
    const order: NaiveOrder = {
      terms,
      quantity: terms.quantityLots,
      filled: 0,
      prevented: 0,
      notional: 0,
      spent: 0,
      visible: 0,
      turn: 0,
      triggered: false,
      extreme: 0,
    };
    if (terms.type === 'limitMaker' && this.#makers(order).length > 0) return 'wouldTake';
    if (isStop(order)) {
      if (terms.stopTicks > 0 && this.last > 0 && this.#isReached(order)) return 'wouldTrigger';
      if (terms.stopTicks === 0) order.extreme = this.last;
      this.#waiting.push(order);
      return 'accepted';
    }
    this.#work(order);
    this.#runTriggered();
    return 'accepted';
  }

  cancel(orderId: number): boolean {
    const order = this.#find(orderId);
    if (order === undefined) return false;
    this.#end(order, 'cancelled');
    if (order.visible > 0) this.#tellLevel(order.terms.side, order.terms.priceTicks);
    return true;
  }

  reduce(orderId: number, quantityLots: number): boolean {
    const order = this.#find(orderId);
    if (order === undefined || quantityLots >= order.quantity) return false;
    if (quantityLots <= order.filled + order.prevented) return false;
    order.quantity = quantityLots;
    if (order.visible > leaves(order)) {
      order.visible = leaves(order);
      this.#tellLevel(order.terms.side, order.terms.priceTicks);
    }
    return true;
  }

  print(priceTicks: number, lots: number): void {
    const verb = priceTicks >= this.last ? 'buys' : 'sells';
    if (lots > 0) this.lines.push(`0 ${verb} ${lots} @ ${priceTicks} from 0`);
    this.#observe(priceTicks);
    this.#runTriggered();
  }

  houseTakes(takerSide: Side, limitTicks: number, lotsMax: number): number {
    const isCrossed = ({ terms }: NaiveOrder): boolean =>
      takerSide === 'sell'
        ? terms.side === 'buy' && terms.priceTicks >= limitTicks
        : terms.side === 'sell' && terms.priceTicks <= limitTicks;
    let taken = 0;
    let level = { priceTicks: 0, shown: 0 };
    for (;;) {
      const maker =
        taken < lotsMax ? this.#book.filter(isCrossed).toSorted(byPriority)[0] : undefined;
      if (maker?.terms.priceTicks !== level.priceTicks) {
        const makerSide = takerSide === 'sell' ? 'buy' : 'sell';
        const { priceTicks } = level;
        if (this.#shown(makerSide, priceTicks) !== level.shown) {
          this.#tellLevel(makerSide, priceTicks);
        }
        if (maker === undefined) return taken;
        level = {
          priceTicks: maker.terms.priceTicks,
          shown: this.#shown(makerSide, maker.terms.priceTicks),
        };
      }
      const { priceTicks } = maker.terms;
      if (maker.terms.ownerId === 0) {
        this.#end(maker, 'cancelled');
        continue;
      }
      const lots = Math.min(maker.visible, lotsMax - taken);
      taken += lots;
      fill(maker, lots, priceTicks);
      this.lines.push(`0 ${takerSide}s ${lots} @ ${priceTicks} from ${maker.terms.orderId}`);
      this.#shrink(maker, lots);
    }
  }

  openOrders(): object[] {
    return [...this.#book, ...this.#waiting]
      .toSorted((left, right) => left.terms.orderId - right.terms.orderId)
      .map((order) => ({
        orderId: order.terms.orderId,
        ownerId: order.terms.ownerId,
        side: order.terms.side,
        type: order.terms.type,
        priceTicks: order.terms.priceTicks,
        quantityLots: order.quantity,
        leavesLots: leaves(order),
        filledLots: order.filled,
        filledNotional: order.notional,
        isTriggered: order.triggered,
        stopTicks: order.terms.stopTicks,
      }));
  }

  #work(order: NaiveOrder): void {
    const { type, timeInForce, orderId, side: ownSide, priceTicks } = order.terms;
    const isMarket = priceTicks === 0;
    const mayRest = !isMarket && (timeInForce === 'GTC' || type === 'limitMaker');
    if (!isMarket && type !== 'limitMaker' && timeInForce === 'FOK' && !this.#wouldFill(order)) {
      this.#end(order, 'expired');
      return;
    }
    this.#take(order);
    if (this.#isDone(order)) {
      this.#end(order, order.prevented > 0 ? 'expiredInMatch' : 'filled');
    } else if (mayRest) {
      this.#show(order);
      this.#book.push(order);
      this.lines.push(`${orderId} rests`);
      this.#tellLevel(ownSide, priceTicks);
    } else {
      this.#end(order, 'expired');
    }
  }

  /** Whether the order would fill without any of it being prevented, found out by doing it to a copy. */
  #wouldFill(order: NaiveOrder): boolean {
    const copy = new NaiveEngine();
    copy.#book = structuredClone(this.#book);
    copy.#turn = this.#turn;
    const taker = structuredClone(order);
    copy.#take(taker);
    return taker.filled === taker.quantity;
  }

  #take(taker: NaiveOrder): void {
    for (;;) {
      const best = this.#makers(taker)[0];
      if (best === undefined || wanted(taker, best.terms.priceTicks) === 0) return;
      const { priceTicks, side: makerSide } = best.terms;
      const shownBefore = this.#shown(makerSide, priceTicks);
      for (;;) {
        const maker = this.#makers(taker)[0];
        if (maker === undefined || maker.terms.priceTicks !== priceTicks) break;
        if (wanted(taker, priceTicks) === 0) break;
        this.#meet(taker, maker);
      }
      const shown = this.#shown(makerSide, priceTicks);
      if (shown !== shownBefore) this.#tellLevel(makerSide, priceTicks);
    }
  }

  #meet(taker: NaiveOrder, maker: NaiveOrder): void {
    const { orderId, ownerId, selfTradePrevention: mode, side: takerSide } = taker.terms;
    const { priceTicks } = maker.terms;
    const lots = Math.min(wanted(taker, priceTicks), maker.visible);
    if (ownerId === 0 || ownerId !== maker.terms.ownerId || mode === 'none') {
      fill(taker, lots, priceTicks);
      fill(maker, lots, priceTicks);
      this.lines.push(
        `${orderId} ${takerSide}s ${lots} @ ${priceTicks} from ${maker.terms.orderId}`,
      );
      this.#observe(priceTicks);
      this.#shrink(maker, lots);
      return;
    }
    this.lines.push(`${orderId} kept from ${lots} @ ${priceTicks} of ${maker.terms.orderId}`);
    if (mode === 'decrement') {
      taker.prevented += lots;
      taker.spent += lots * priceTicks;
      maker.prevented += lots;
      this.#shrink(maker, lots);
    }
    if (mode === 'expireMaker' || mode === 'expireBoth') this.#end(maker, 'expiredInMatch');
    if (mode === 'expireTaker' || mode === 'expireBoth') {
      taker.prevented += taker.terms.quoteBudget > 0 ? lots : leaves(taker);
      taker.spent = taker.terms.quoteBudget;
    }
  }

  #shrink(maker: NaiveOrder, lots: number): void {
    maker.visible -= lots;
    if (leaves(maker) === 0) this.#end(maker, maker.prevented > 0 ? 'expiredInMatch' : 'filled');
    else if (maker.visible === 0) this.#show(maker);
  }

  #show(order: NaiveOrder): void {
    const { icebergLots } = order.terms;
    this.#turn += 1;
    order.turn = this.#turn;
    order.visible = icebergLots > 0 ? Math.min(icebergLots, leaves(order)) : leaves(order);
  }

  #isDone(order: NaiveOrder): boolean {
    if (order.terms.quoteBudget === 0) return leaves(order) === 0;
    if (order.spent === order.terms.quoteBudget) return true;
    const best = this.#makers(order)[0];
    if (best === undefined || order.filled + order.prevented === 0) return false;
    return wanted(order, best.terms.priceTicks) === 0;
  }

  #observe(priceTicks: number): void {
    this.last = priceTicks;
    for (const order of this.#waiting) {
      const { side: ownSide, trailingDeltaBips } = order.terms;
      if (order.extreme === 0) {
        const hasActivated = order.terms.stopTicks === 0 || this.#isReached(order);
        if (hasActivated && trailingDeltaBips > 0) order.extreme = priceTicks;
        else if (hasActivated) this.#triggered.push(order);
      } else if (ownSide === 'sell') {
        order.extreme = Math.max(order.extreme, priceTicks);
        if (priceTicks * 10_000 <= order.extreme * (10_000 - trailingDeltaBips)) {
          this.#triggered.push(order);
        }
      } else {
        order.extreme = Math.min(order.extreme, priceTicks);
        if (priceTicks * 10_000 >= order.extreme * (10_000 + trailingDeltaBips)) {
          this.#triggered.push(order);
        }
      }
    }
    this.#waiting = this.#waiting.filter((order) => !this.#triggered.includes(order));
  }

  #isReached(order: NaiveOrder): boolean {
    const { type, side: ownSide, stopTicks } = order.terms;
    switch (`${ownSide} ${type.startsWith('stopLoss') ? 'stop' : 'take'}`) {
      case 'sell stop':
      case 'buy take':
        return this.last <= stopTicks;
      default:
        return this.last >= stopTicks;
    }
  }

  #runTriggered(): void {
    while (this.#triggered.length > 0) {
      const round = this.#triggered
        .splice(0)
        .toSorted((left, right) => left.terms.orderId - right.terms.orderId);
      for (const order of round) {
        order.triggered = true;
        this.lines.push(`${order.terms.orderId} triggers`);
        this.#work(order);
      }
    }
  }

  #makers(taker: NaiveOrder): NaiveOrder[] {
    const { side: takerSide, priceTicks: limitTicks } = taker.terms;
    return this.#book
      .filter(({ terms }) => terms.side !== takerSide)
      .filter(
        ({ terms }) =>
          limitTicks === 0 ||
          (takerSide === 'buy' ? terms.priceTicks <= limitTicks : terms.priceTicks >= limitTicks),
      )
      .toSorted(byPriority);
  }

  #find(orderId: number): NaiveOrder | undefined {
    return [...this.#book, ...this.#waiting].find(({ terms }) => terms.orderId === orderId);
  }

  #end(order: NaiveOrder, end: string): void {
    this.#book = this.#book.filter((other) => other !== order);
    this.#waiting = this.#waiting.filter((other) => other !== order);
    this.lines.push(`${order.terms.orderId} ${end} ${order.filled}`);
  }

  #shown(ofSide: Side, priceTicks: number): number {
    return this.#book
      .filter(({ terms }) => terms.side === ofSide && terms.priceTicks === priceTicks)
      .reduce((sum, order) => sum + order.visible, 0);
  }

  #tellLevel(ofSide: Side, priceTicks: number): void {
    this.lines.push(`level ${ofSide} ${priceTicks}: ${this.#shown(ofSide, priceTicks)}`);
  }
}

function isStop(order: NaiveOrder): boolean {
  return order.terms.stopTicks > 0 || order.terms.trailingDeltaBips > 0;
}

function leaves(order: NaiveOrder): number {
  return order.quantity - order.filled - order.prevented;
}

function wanted(order: NaiveOrder, priceTicks: number): number {
  const { quoteBudget } = order.terms;
  return quoteBudget > 0 ? Math.floor((quoteBudget - order.spent) / priceTicks) : leaves(order);
}

function fill(order: NaiveOrder, lots: number, priceTicks: number): void {
  order.filled += lots;
  order.spent += lots * priceTicks;
  if (order.terms.ownerId !== 0) order.notional += lots * priceTicks;
}

/** Both of one side: the better price, then the earlier turn. */
function byPriority(left: NaiveOrder, right: NaiveOrder): number {
  const byPrice = left.terms.priceTicks - right.terms.priceTicks;
  if (byPrice !== 0) return left.terms.side === 'sell' ? byPrice : -byPrice;
  return left.turn - right.turn;
}
