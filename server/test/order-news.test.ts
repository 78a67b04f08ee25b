// SPDX-License-Identifier: Apache-2.0
// Orders whose answers and news come in any order, twice or never: the bot hears of each fill once and of one end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { encodeJournal, type BotEvent } from '@kontor/core';
import { RECV_WINDOW_MS, type Intent } from '@kontor/signer';
import fc from 'fast-check';
import type { BookedOrder } from './scripted-exchange.ts';
import { ONE_ORDER, ScriptedDesk, until } from './scripted-desk.ts';

const SEED = 20_261_122;
const RUNS = 6;
/** Orders at once in one desk. */
const ORDERS = 24;
const LOTS = 100;
/** Time between two things that happen at the exchange, in the script's own steps. */
const STEP = 10;
const LONG_AGO_MS = RECV_WINDOW_MS + 2_000;

const LANDING = ['answered', 'error', 'unknown', 'silent', 'duplicate'] as const;
const NEVER_LANDING = ['lost', 'refused', 'rejected', 'notSent', 'unsigned'] as const;

interface OrderScript {
  readonly place: (typeof LANDING)[number] | (typeof NEVER_LANDING)[number];
  /** Lots of each fill. */
  readonly fills: readonly number[];
  readonly end: 'filled' | 'CANCELED' | 'EXPIRED';
  /** When the answer to placing it is given. */
  readonly answerAt: number;
  /** For each report (accepted, fills, end): how long after it happened its copies arrive; none is lost news. */
  readonly news: readonly (readonly number[])[];
  readonly failingQueries: number;
  readonly failingFills: number;
}

const lags = fc.array(fc.integer({ min: 0, max: 4 * STEP }), { maxLength: 3 });

const orderScript: fc.Arbitrary<OrderScript> = fc
  .record({
    place: fc.constantFrom(...LANDING, ...LANDING, ...NEVER_LANDING),
    parts: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 3 }),
    end: fc.constantFrom('filled' as const, 'CANCELED' as const, 'EXPIRED' as const),
    answerAt: fc.integer({ min: 0, max: 8 * STEP }),
    news: fc.array(lags, { minLength: 6, maxLength: 6 }),
    failingQueries: fc.integer({ min: 0, max: 2 }),
    failingFills: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ parts, ...rest }) => {
    const remainder = LOTS - parts.reduce((sum, part) => sum + part, 0);
    return { ...rest, fills: rest.end === 'filled' ? [...parts, remainder] : parts };
  });

function landed({ place }: OrderScript): boolean {
  return LANDING.some((kind) => kind === place);
}

/** Plays the scripts, one for each order, as the desk sends them; remembers which order got which. */
class Stage {
  readonly #desk: ScriptedDesk;
  readonly #scripts: OrderScript[];
  readonly played = new Map<string, OrderScript>();
  readonly #queries = new Map<string, number>();
  readonly #fillQueries = new Map<string, number>();
  readonly ends: Promise<void>[] = [];

  constructor(desk: ScriptedDesk, scripts: readonly OrderScript[]) {
    this.#desk = desk;
    this.#scripts = [...scripts];
    desk.exchange.intercept = (intent) => this.#take(intent);
  }

  #take(intent: Intent): boolean {
    const { exchange } = this.#desk;
    if (intent.kind === 'placeOrder') {
      const script = intent.order.side === 'buy' ? this.#scripts.shift() : undefined;
      if (script === undefined) return false;
      const id = intent.order.clientOrderId;
      this.played.set(id, script);
      this.#queries.set(id, script.failingQueries);
      if (landed(script)) this.ends.push(this.#land(intent, script));
      else this.#refuse(intent, script);
      return true;
    }
    if (intent.kind === 'queryOrder' && spend(this.#queries, intent.clientOrderId)) {
      exchange.answerError(intent, 503, -1001);
      return true;
    }
    if (intent.kind === 'queryFills' && spend(this.#fillQueries, intent.exchangeOrderId ?? '')) {
      exchange.fail(intent, 'unknown');
      return true;
    }
    return false;
  }

  #refuse(intent: Extract<Intent, { kind: 'placeOrder' }>, { place }: OrderScript): void {
    const { exchange } = this.#desk;
    if (place === 'refused') exchange.refuse(intent, 'a rule');
    else if (place !== 'unsigned') exchange.sign(intent, LONG_AGO_MS);
    if (place === 'rejected') exchange.answerError(intent, 400, -2010);
    if (place === 'notSent') exchange.fail(intent, 'notSent');
    if (place === 'lost') exchange.fail(intent, 'unknown');
  }

  async #land(intent: Extract<Intent, { kind: 'placeOrder' }>, script: OrderScript): Promise<void> {
    const { exchange } = this.#desk;
    exchange.sign(intent);
    const order = exchange.accept(intent);
    this.#fillQueries.set(String(order.orderId), script.failingFills);
    const actions: { readonly at: number; readonly act: () => void }[] = [];
    const happens = [
      () => order.report(),
      ...script.fills.map((lots) => () => exchange.fill(order, lots)),
      ...(script.end === 'filled' ? [] : [() => exchange.end(order, script.end as 'CANCELED')]),
    ];
    for (const [index, happen] of happens.entries()) {
      const at = index * STEP;
      let report: Record<string, unknown> = {};
      actions.push({ at, act: () => void (report = happen()) });
      for (const lag of script.news[index] ?? []) {
        actions.push({ at: at + lag, act: () => exchange.event(report) });
      }
    }
    actions.push({ at: script.answerAt, act: () => this.#answer(intent, script, order) });
    for (const { act } of actions.toSorted((a, b) => a.at - b.at)) {
      act();
      await turn();
    }
  }

  #answer(intent: Intent, { place }: OrderScript, order: BookedOrder): void {
    const { exchange } = this.#desk;
    if (place === 'answered') exchange.answer(intent, 200, order.placed());
    else if (place === 'error') exchange.answerError(intent, 503, -1006);
    else if (place === 'unknown') exchange.fail(intent, 'unknown');
    else if (place === 'duplicate') {
      exchange.answerError(intent, 400, -2010, 'Duplicate order sent.');
    }
  }
}

/** True while there is something left to fail. */
function spend(left: Map<string, number>, id: string): boolean {
  const count = left.get(id) ?? 0;
  if (count === 0) return false;
  left.set(id, count - 1);
  return true;
}

function checkOrder(
  id: string,
  script: OrderScript,
  told: readonly BotEvent[],
  order: BookedOrder | undefined,
): void {
  const of = <K extends BotEvent['kind']>(kind: K): readonly Extract<BotEvent, { kind: K }>[] =>
    told.filter((event): event is Extract<BotEvent, { kind: K }> => event.kind === kind);
  if (!landed(script)) {
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['orderRejected'],
      `${id} never landed`,
    );
    return;
  }
  assert.ok(order !== undefined);
  assert.equal(of('orderAccepted').length, 1, `${id} accepted`);
  assert.equal(of('orderEnded').length, 1, `${id} ended`);
  assert.equal(of('orderRejected').length, 0, `${id} rejected`);
  assert.equal(told.at(-1)?.kind, 'orderEnded', `${id}: its end is told last`);
  assert.deepEqual(
    of('orderFilled')
      .map(({ fill }) => `${fill.tradeId} ${fill.quantity}`)
      .toSorted(),
    order.fills.map(({ tradeId, lots }) => `${tradeId} ${lots}`).toSorted(),
    `${id}: fills`,
  );
  assert.equal(of('orderEnded')[0]?.filledLots, order.filledLots, `${id}: sum of fills`);
}

test(`[R8] whatever comes twice, late, never or in another order: fills count once, one end (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(orderScript, { minLength: ORDERS, maxLength: ORDERS }),
      async (scripts) => {
        const desk = await new ScriptedDesk().start();
        try {
          const stage = new Stage(desk, scripts);
          for (let index = 0; index < ORDERS; index += 1) {
            const { botId } = desk.runner.create(ONE_ORDER);
            void desk.runner.command(botId, { kind: 'start' });
          }
          await until(
            () => `${ORDERS} orders sent (${stage.played.size})`,
            () => (stage.played.size === ORDERS ? true : null),
          );
          await Promise.all(stage.ends);
          await desk.untilQuiet();
          await until(
            () => `all ended (${[...desk.orders.liveOrders.keys()].join(', ')})`,
            () => {
              // From time to time, as the desk does it by itself.
              desk.orders.reconcile();
              return [...stage.played.keys()].some((id) =>
                [...desk.orders.liveOrders.keys()].some((live) => live === id),
              )
                ? null
                : true;
            },
          );
          await desk.untilQuiet();
          check(desk, stage);
          await checkRestart(desk);
        } finally {
          await desk.close();
        }
      },
    ),
    // To shrink one order among so many would take longer than reading the counterexample.
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  );
});

function check(desk: ScriptedDesk, stage: Stage): void {
  assert.deepEqual(desk.fatal, []);
  const ids = desk.exchange.placedIds();
  assert.equal(new Set(ids).size, ids.length, 'an order was sent twice');
  const told = Map.groupBy(
    desk.told.map(({ event }) => event),
    (event) => ('clientOrderId' in event ? event.clientOrderId : ''),
  );
  for (const [id, script] of stage.played) {
    const order = desk.exchange.orders.get(id);
    const events = [...told].find(([known]) => known === id)?.[1] ?? [];
    checkOrder(id, script, events, order);
    assert.equal(desk.order(id)['filled_lots'], order?.filledLots ?? 0);
    const botId = String(desk.order(id)['bot_id']);
    const state = desk.runner.bots.get(botId)?.state;
    const deal = [...(state?.deals ?? []), ...(state?.endedDeals ?? [])][0];
    const others = [...desk.exchange.orders.values()].filter(
      (other) =>
        other.side === 'buy' &&
        other.clientOrderId !== id &&
        String(desk.order(other.clientOrderId)['bot_id']) === botId,
    );
    const bought = others.reduce((sum, other) => sum + other.filledLots, order?.filledLots ?? 0);
    assert.equal(deal?.position.boughtLots, bought, `${id}: coins of the deal`);
  }
}

/** What the store holds leads to the very state that was in memory. */
async function checkRestart(desk: ScriptedDesk): Promise<void> {
  const states = [...desk.runner.bots.values()].map(({ state }) => encodeJournal(state));
  await desk.crash();
  const again = new ScriptedDesk({ before: desk });
  again.runner.load();
  assert.deepEqual(
    [...again.runner.bots.values()].map(({ state }) => encodeJournal(state)),
    states,
  );
  await again.crash();
}
