// SPDX-License-Identifier: Apache-2.0
// A signer with a connection in each stage of its life, and what the exchange says of it, for tests.

import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Passkey } from '../../test/passkey.ts';
import type { Disk } from '../src/disk.ts';
import type { ConnectionInfo } from '../src/index.ts';
import {
  BOUND_KEY,
  OpenSigner,
  outcomeOf,
  reopen,
  START_MS,
  temporaryDirectory,
  writePolicy,
} from './fixture.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const POLICY = `policy/v1
connection main
allow id=btc op=order.place symbol=BTCUSDT,BNBUSDT side=buy,sell
allow id=rest op=order.cancel,read.*
default deny
`;
/** What Binance says of a key as it should be, that was made a little before it came here; with its newer fields. */
export const GOOD = {
  ...BOUND_KEY,
  createTime: START_MS - 100_000,
  enableFixApiTrade: false,
  enableFixReadOnly: false,
  enablePortfolioMarginTrading: false,
};

export function connected(t: TestContext): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  return new OpenSigner(directory).connect('main', 'binance');
}

/** A signer, and then one that starts anew on its directory. */
export function* lives(signer: OpenSigner): Generator<OpenSigner> {
  yield signer;
  yield reopen(signer);
}

/** Lets the exchange answer the newest request of the signer. */
export function answer(signer: OpenSigner, body: unknown, status = 200): void {
  const request = signer.requests.at(-1);
  assert.ok(request !== undefined);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  signer.report({ kind: 'echo', id: request.id, status, body: text });
  signer.receipt(request.id);
}

export function check(signer: OpenSigner, body: unknown = GOOD, status = 200): void {
  const [decision] = signer.ask({ kind: 'queryPermissions', connection: signer.connection });
  assert.equal(outcomeOf(decision), 'signed');
  answer(signer, body, status);
}

export function infoOf(signer: OpenSigner, connection = signer.connection): ConnectionInfo {
  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.equal(listed?.kind, 'connections');
  const info = listed.connections.find((each) => each.connection === connection);
  assert.ok(info);
  return info;
}

export function active(t: TestContext): OpenSigner {
  const signer = connected(t);
  check(signer);
  return signer;
}

export function freeze(signer: OpenSigner): void {
  const { connection } = signer;
  const [decision] = signer.ask({ kind: 'freezeConnection', connection, cause: 'person' });
  assert.equal(decision?.kind, 'connections');
}

interface Fill {
  readonly qty: string;
  readonly commission: string;
  readonly commissionAsset: string;
}

/** Takes a passkey onto the signer's list by the code that it shows. */
export function enrol(signer: OpenSigner, owner: Passkey): void {
  const { credential, rpId, origin, cose } = owner;
  const publicKey = cose.toString('base64url');
  const act = { kind: 'enrolOwner', name: 'Ada', credential, publicKey, rpId, origin } as const;
  const [asked] = signer.ask({ kind: 'requestAct', act });
  assert.equal(asked?.kind, 'consent');
  const code = /([A-Z2-9-]{19})$/.exec(signer.said.at(-1) ?? '')?.[1]?.replaceAll('-', '') ?? '';
  const proof = createHmac('sha256', code).update(asked.text).digest('base64url');
  const approval = { kind: 'code', proof } as const;
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  assert.equal(done?.kind, 'performed');
}

/** A connection in use, and the named key that is to replace its own. */
export function withSuccessor(
  t: TestContext,
  disk: Disk,
): { readonly signer: OpenSigner; readonly successor: string } {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory, { disk }).connect('main', 'binance');
  check(signer);
  const [made] = signer.ask({
    kind: 'createConnection',
    name: 'main',
    venue: 'binance',
    replaces: signer.connection,
  });
  assert.equal(made?.kind, 'connections');
  const successor = made.connections[0]?.connection ?? '';
  signer.ask({ kind: 'activateConnection', connection: successor, apiKey: 'another' });
  return { signer, successor };
}

/** Buys, and lets the exchange say that it was executed by `fills`. */
export function buy(
  signer: OpenSigner,
  id: string,
  fills: readonly Fill[],
  symbol = 'BTCUSDT',
): void {
  const total = fills.reduce((sum, { qty }) => sum + Number(qty), 0).toFixed(8);
  assert.equal(signer.place({ clientOrderId: id, quantity: total, symbol }), 'signed');
  answer(signer, {
    symbol,
    orderId: 7,
    clientOrderId: signer.exchangeId(id),
    executedQty: total,
    status: 'FILLED',
    fills,
  });
}

export const sell = (signer: OpenSigner, quantity: string, symbol = 'BTCUSDT'): string =>
  signer.place({ side: 'sell', quantity, symbol });
