// SPDX-License-Identifier: Apache-2.0
// Whatever happened to a signer, one that starts anew on its log decides as it would have.

import { strict as assert } from 'node:assert';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BOUND_KEY,
  OpenSigner,
  outcomeOf,
  placeIntent,
  temporaryDirectory,
  writePolicy,
} from './fixture.ts';

const SEED = 20_261_123;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const POLICY = `policy/v1
connection main
grace 3d
deny id=no op=order.place symbol=BNBUSDT side=BUY
allow id=btc op=order.place symbol=BTCUSDT per-day<=900 USDT open<=3 rate<=4/60s
allow id=all op=order.place notional<=300 USDT
allow id=rest op=order.cancel,read.* rate<=500/60s
default deny
`;
const SYMBOLS = ['BTCUSDT', 'BNBUSDT'] as const;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      symbol: fc.constantFrom(...SYMBOLS),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      quantity: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('told' as const),
      order: fc.nat(12),
      executed: fc.integer({ min: 0, max: 4 }),
      status: fc.constantFrom('NEW', 'PARTIALLY_FILLED', 'FILLED', 'CANCELED', 'EXPIRED'),
      fee: fc.constantFrom(null, 'BTC', 'USDT'),
      isEvent: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('refused' as const),
      code: fc.constantFrom(-2010, -1007),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('freeze' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('check' as const),
      right: fc.constantFrom(null, null, 'enableWithdrawals', 'enableFixApiTrade', 'ipRestrict'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('name' as const),
      apiKey: fc.constantFrom('one', 'two'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('tighten' as const),
      limit: fc.integer({ min: 1, max: 299 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(500, 61_000, DAY_MS),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A signer and what was asked of it so far. */
class Story {
  readonly signer: OpenSigner;
  readonly #orders: { readonly id: string; readonly symbol: string }[] = [];
  policy = POLICY;

  constructor(directory: string) {
    writePolicy(directory, POLICY);
    this.signer = new OpenSigner(directory).connect('main', 'binance');
  }

  tell(next: Step): void {
    const { signer } = this;
    const { connection } = signer;
    switch (next.kind) {
      case 'place': {
        const id = `k${this.#orders.length}`;
        const { symbol, side, quantity } = next;
        const order = { clientOrderId: id, symbol, side, quantity: String(quantity), price: '100' };
        if (signer.place(order) === 'signed') this.#orders.push({ id, symbol });
        return;
      }
      case 'told':
        return this.#told(next);
      case 'refused':
        return this.#answer({ code: next.code, msg: 'no' }, 400);
      case 'freeze':
        signer.ask({ kind: 'freezeConnection', connection, cause: 'person' });
        return;
      case 'check': {
        const [asked] = signer.ask({ kind: 'queryPermissions', connection });
        if (outcomeOf(asked) !== 'signed') return;
        const { right } = next;
        this.#answer(
          right === null ? BOUND_KEY : { ...BOUND_KEY, [right]: right !== 'ipRestrict' },
        );
        return;
      }
      case 'name':
        signer.ask({ kind: 'activateConnection', connection, apiKey: next.apiKey });
        return;
      case 'tighten': {
        const policy = this.policy.replace(/notional<=[0-9]+/, `notional<=${next.limit}`);
        const before = hash('sha256', this.policy, 'hex');
        const act = { kind: 'changePolicy', before, policy } as const;
        if (signer.ask({ kind: 'requestAct', act })[0]?.kind === 'performed') this.policy = policy;
        return;
      }
      case 'pass':
        signer.pass(next.ms);
    }
  }

  #told({ order, executed, status, fee, isEvent }: Extract<Step, { kind: 'told' }>): void {
    const { signer } = this;
    const { connection } = signer;
    const known = this.#orders[order % Math.max(this.#orders.length, 1)];
    if (known === undefined) return;
    const { id, symbol } = known;
    const clientOrderId = signer.exchangeId(id);
    const z = String(executed);
    const paid = fee === null ? {} : { n: '0.01', N: fee };
    if (isEvent) {
      const event = {
        e: 'executionReport',
        s: symbol,
        c: clientOrderId,
        C: '',
        i: order,
        X: status,
      };
      signer.report({ kind: 'accountNews', connection, event: { ...event, z, l: '1', ...paid } });
      return;
    }
    const [asked] = signer.ask({ kind: 'queryOrder', connection, symbol, clientOrderId: id });
    if (outcomeOf(asked) !== 'signed') return;
    const fills = fee === null ? [] : [{ qty: z, commission: '0.01', commissionAsset: fee }];
    this.#answer({ symbol, clientOrderId, orderId: order, executedQty: z, status, fills });
  }

  #answer(body: unknown, status = 200): void {
    const request = this.signer.requests.at(-1);
    if (request === undefined) return;
    this.signer.report({ kind: 'echo', id: request.id, status, body: JSON.stringify(body) });
    this.signer.receipt(request.id);
  }
}

/** What a signer says of itself and would say to orders, in words that name its counts. */
function standingOf(signer: OpenSigner): unknown {
  const { connection } = signer;
  const asked = SYMBOLS.flatMap((symbol) =>
    (['buy', 'sell'] as const).map((side) => ({ ...placeIntent(connection).order, symbol, side })),
  );
  const listed = signer.ask({ kind: 'listConnections' })[0];
  const explained = asked.map((order) => {
    const [said] = signer.ask({
      kind: 'explainOrder',
      connection,
      order: { ...order, clientOrderId: 'e' },
    });
    return said?.kind === 'explained' ? said.explanation : said;
  });
  signer.ask({ kind: 'freezeConnection', connection, cause: 'person' });
  // Refused, with what could be sold or bought back in the reason.
  const reductions = asked.map(({ symbol, side }) => {
    const order = { symbol, side, quantity: '99999', clientOrderId: 'far-too-much' };
    const [said] = signer.ask(placeIntent(connection, order));
    return said?.kind === 'refused' ? [said.rule, said.reason] : said?.kind;
  });
  return { listed: { ...listed, id: 0 }, explained, reductions };
}

test('[S16] whatever happened, a signer that starts anew counts and decides as before', (t) => {
  let moved = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => {
      const story = new Story(temporaryDirectory(t));
      const { signer } = story;
      story.tell({ kind: 'check', right: null });
      for (const each of steps) story.tell(each);
      // A policy that was changed holds what came before it up to two minutes longer.
      if (story.policy !== POLICY) signer.pass(2 * MINUTE_MS);
      // Frozen in both, and by an entry that both have.
      signer.ask({ kind: 'freezeConnection', connection: signer.connection, cause: 'person' });
      const before = standingOf(signer);
      const next = new OpenSigner(signer.directory, { time: signer.time });
      next.connection = signer.connection;
      assert.deepEqual(standingOf(next), before);
      if (/order of at most (?!0 )/.test(JSON.stringify(before))) moved += 1;
    }),
    { seed: SEED, numRuns: 120 },
  );
  assert.ok(moved > 10, `expected stories that left something to sell, found ${moved}`);
});
