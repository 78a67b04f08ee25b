// SPDX-License-Identifier: Apache-2.0
// The tags of orders: what is signed carries one, nobody else can make one, and what came before them goes on.

import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { readAct } from '../src/acts/act.ts';
import { readObject } from '../src/fields.ts';
import { ownTrade } from '../src/acts/own-trade.ts';
import { WireError } from '../src/fields.ts';
import type { Entry, Recorded } from '../src/log/intent-log.ts';
import { draftRequest } from '../src/binance/requests.ts';
import { DESK_ID_CHARACTERS_MAX, OrderTags } from '../src/order-tag.ts';
import { derived } from '../src/vault/file.ts';
import { materialOf } from '../src/vault/keys.ts';
import { SignedOrders } from '../src/signed-orders.ts';
import {
  OpenSigner,
  outcomeOf,
  temporaryDirectory,
  takePolicy,
  POLICY,
  writePolicy,
} from './fixture.ts';

const SEED = 1;
const TAGS = new OrderTags(createSecretKey(Buffer.alloc(32, 7)));
const CONNECTION = 'c_ABCDEF2';
const DESK_ID = /^[A-Za-z0-9_-]{1,27}$/;

test('[S190] a tagged ID fits the exchange, is its own connection’s, and no change of it is valid', () => {
  const deskId = fc.stringMatching(DESK_ID);
  fc.assert(
    fc.property(deskId, fc.nat(35), fc.constantFrom('0', 'a', '_', 'v'), (id, at, character) => {
      const tagged = TAGS.taggedId(CONNECTION, id);
      assert.match(tagged, /^[A-Za-z0-9_-]{1,36}$/);
      assert.ok(tagged.startsWith(`${id}_`) && tagged.length === id.length + 9);
      assert.ok(TAGS.isTagged(CONNECTION, tagged));
      assert.ok(!TAGS.isTagged('c_ABCDEF3', tagged), 'another connection');
      assert.ok(
        !new OrderTags(createSecretKey(Buffer.alloc(32, 8))).isTagged(CONNECTION, tagged),
        'another key',
      );
      assert.ok(!TAGS.isTagged(CONNECTION, id) || id.length > 9);
      const place = at % tagged.length;
      const changed = tagged.slice(0, place) + character + tagged.slice(place + 1);
      assert.equal(TAGS.isTagged(CONNECTION, changed), changed === tagged);
      for (const cut of [tagged.slice(1), tagged.slice(0, -1), `${tagged}0`, tagged.toUpperCase()])
        assert.ok(!TAGS.isTagged(CONNECTION, cut), cut);
    }),
    { seed: SEED },
  );
  for (const text of ['', '_', '_00000000', '00000000', 'k1abcd1-1-1', 'k1abcd1-1-1_000000ü0'])
    assert.ok(!TAGS.isTagged(CONNECTION, text), text);
});

test('[S190] tags are spread over all of their 40 bits', () => {
  const tags = new OrderTags(createSecretKey(randomBytes(32)));
  const seen = new Set<string>();
  const letters = Array.from({ length: 8 }, () => new Set<string>());
  for (let index = 0; index < 4_000; index += 1) {
    const tag = tags.taggedId(CONNECTION, `k1abcd1-1-${index}`).slice(-8);
    seen.add(tag);
    for (const [place, letter] of tag.split('').entries()) letters[place]?.add(letter);
  }
  assert.equal(seen.size, 4_000);
  for (const each of letters) assert.equal(each.size, 32);
});

async function opened(t: TestContext): Promise<OpenSigner> {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory).connect();
  await takePolicy(directory, POLICY, signer.time).catch(() => undefined);
  return signer;
}

const ORDER = {
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'limit',
  timeInForce: 'GTC',
  price: '100',
  quantity: '1',
  clientOrderId: 'k1abcd1-1-1',
} as const;

test('[S190] what is built to be placed, cancelled and asked for bears the ID as the exchange has it', () => {
  const context = { venue: 'demo', apiKey: 'abc', timestamp: 1 };
  const tag = (id: string): string => TAGS.taggedId(CONNECTION, id);
  const connection = CONNECTION;
  const stop = {
    ...ORDER,
    type: 'stopLimit',
    stopPrice: '90',
    clientOrderId: 'k1abcd1-1-2',
  } as const;
  const maker = { ...ORDER, type: 'limitMaker' } as const;
  const symbol = 'BTCUSDT';
  const { clientOrderId } = ORDER;
  for (const [intent, ids] of [
    [{ kind: 'placeOrder', id: 1, connection, order: ORDER }, [clientOrderId]],
    [
      { kind: 'placePair', id: 1, connection, takeProfit: maker, stopLoss: stop },
      [clientOrderId, stop.clientOrderId],
    ],
    [{ kind: 'cancelOrder', id: 1, connection, symbol, clientOrderId }, [clientOrderId]],
    [{ kind: 'queryOrder', id: 1, connection, symbol, clientOrderId }, [clientOrderId]],
    [{ kind: 'queryOpenOrders', id: 1, connection }, []],
  ] as const) {
    const { text } = draftRequest(intent, context, tag);
    for (const id of ids) assert.ok(text.includes(`ClientOrderId=${tag(id)}`), text);
    assert.equal(text.split('ClientOrderId=').length - 1, ids.length);
  }
});

test('[S191] the signer knows its own tags and no others, and no file holds their key', async (t) => {
  const signer = await opened(t);
  const tags = signer.ring.vault.orderTags;
  assert.ok(tags !== null);
  const ask = (clientOrderId: string, connection = signer.connection): unknown => {
    const [decision] = signer.ask({ kind: 'verifyTag', connection, clientOrderId });
    return decision?.kind === 'tag' ? decision.isValid : outcomeOf(decision);
  };
  const own = tags.taggedId(signer.connection, ORDER.clientOrderId);
  assert.equal(ask(own), true);
  assert.equal(ask(own, 'c_ZZZZZZ2'), false);
  assert.equal(ask(ORDER.clientOrderId), false);
  assert.equal(ask(`${ORDER.clientOrderId}_00000000`), false);
  const names = readdirSync(signer.directory, { recursive: true, encoding: 'utf8' });
  const importKey = signer.ring.vault.own('import');
  assert.ok(importKey !== null);
  const key = derived(materialOf(importKey), '', 'order-tags');
  assert.equal(new OrderTags(key).taggedId(signer.connection, ORDER.clientOrderId), own);
  const bytes = key.export();
  for (const name of names) {
    const path = join(signer.directory, name);
    const file = readdirSafe(path);
    if (file !== null) assert.ok(!file.includes(bytes), `${name} holds the key of the tags`);
  }
});

function readdirSafe(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

test('[S192] orders of before there were tags keep their plain IDs, and are known as ours', () => {
  const orders = new SignedOrders();
  orders.addUntagged(CONNECTION, 'old', 1);
  orders.add(CONNECTION, 'new', 2);
  assert.deepEqual(
    [orders.isUntagged(CONNECTION, 'old'), orders.isUntagged(CONNECTION, 'new')],
    [true, false],
  );
  assert.equal(orders.timeOf(CONNECTION, 'old'), 1);
  assert.equal(orders.isUntagged('c_OTHER22', 'old'), false);
  orders.forget(CONNECTION);
  assert.equal(orders.isUntagged(CONNECTION, 'old'), false);
});

test('[S193] an ID that leaves no room for its tag is refused', async (t) => {
  const signer = await opened(t);
  const long = 'k'.repeat(DESK_ID_CHARACTERS_MAX + 1);
  const [decision] = signer.ask({
    kind: 'placeOrder',
    connection: signer.connection,
    order: { ...ORDER, clientOrderId: long },
  });
  assert.ok(decision?.kind === 'refused');
  assert.match(decision.reason, /at most 27 characters, so that its tag fits, found 28/);
});

test('[S194] orders are marked as one’s own by an act that shows each of them, and the log keeps the word', () => {
  const orders = ['sell 1.00000 BTCUSDT at 90.00, order 7', 'buy 2 ETHUSDT at 1500, order 8'];
  const act = readObject(
    { kind: 'ownTrade', connection: CONNECTION, orders },
    'intent.act',
    readAct,
  );
  assert.ok(act.kind === 'ownTrade');
  const written: Entry[] = [];
  const bound = ownTrade(act, { append: (entries) => written.push(...entries) });
  assert.equal(bound.needsConsent, true);
  assert.equal(bound.objection(), null);
  for (const [index, line] of orders.entries())
    assert.ok(bound.lines.includes(`${index + 1}: ${line}`), bound.lines.join('; '));
  const entry: Entry = { time: 5, kind: 'note', fields: {} };
  bound.perform({ sequence: 1, entry } as Recorded);
  assert.deepEqual(
    written.map(({ kind, fields }) => [kind, fields['connection'], fields['orders']]),
    [['foreign.trade', CONNECTION, 2]],
  );
  for (const wrong of [
    [],
    ['all of them'],
    ['buy 2 ETHUSDT at 1500, order 8\nact: withdraw'],
    ['buy 2 ETHUSDT at 1500, order 8 '],
    Array.from({ length: 41 }, () => orders[0]),
    'buy 2 ETHUSDT at 1500, order 8',
  ]) {
    assert.throws(
      () =>
        readObject(
          { kind: 'ownTrade', connection: CONNECTION, orders: wrong },
          'intent.act',
          readAct,
        ),
      WireError,
      JSON.stringify(wrong),
    );
  }
});
