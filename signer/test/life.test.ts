// SPDX-License-Identifier: Apache-2.0
// The life of a connection within the signer: checks of its rights, freezing, what only reduces, and a new key.

import { strict as assert } from 'node:assert';
import { createHmac, generateKeyPairSync, hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Passkey } from '../../test/passkey.ts';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { comparePolicies } from '../src/policy/compare.ts';
import { sealSecret } from '../src/seal-secret.ts';
import { runTool } from '../src/tool/tool.ts';
import { parsePolicy, type Policy } from '../src/policy/grammar.ts';
import type { ConnectionInfo, Decision, OrderIntent } from '../src/index.ts';
import {
  API_KEY,
  OpenSigner,
  outcomeOf,
  placeIntent,
  readLog,
  temporaryDirectory,
  writePolicy,
  reopen,
} from './fixture.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const POLICY = `policy/v1
connection main
allow id=btc op=order.place symbol=BTCUSDT,BNBUSDT side=buy,sell
allow id=rest op=order.cancel,read.*
default deny
`;
/** What Binance says of a key as it should be. */
const GOOD = {
  ipRestrict: true,
  createTime: 1_793_491_100_000,
  enableReading: true,
  enableWithdrawals: false,
  enableInternalTransfer: false,
  enableMargin: false,
  enableFutures: false,
  permitsUniversalTransfer: false,
  enableVanillaOptions: false,
  enableFixApiTrade: false,
  enableFixReadOnly: false,
  enableSpotAndMarginTrading: true,
  enablePortfolioMarginTrading: false,
};

function connected(t: TestContext): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  return new OpenSigner(directory).connect('main', 'binance');
}

/** A signer, and then one that starts anew on its directory. */
function* lives(signer: OpenSigner): Generator<OpenSigner> {
  yield signer;
  yield reopen(signer);
}

/** Lets the exchange answer the newest request of the signer. */
function answer(signer: OpenSigner, body: unknown, status = 200): void {
  const request = signer.requests.at(-1);
  assert.ok(request !== undefined);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  signer.report({ kind: 'echo', id: request.id, status, body: text });
  signer.receipt(request.id);
}

function check(signer: OpenSigner, body: unknown = GOOD, status = 200): void {
  const [decision] = signer.ask({ kind: 'queryPermissions', connection: signer.connection });
  assert.equal(outcomeOf(decision), 'signed');
  answer(signer, body, status);
}

function infoOf(signer: OpenSigner, connection = signer.connection): ConnectionInfo {
  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.equal(listed?.kind, 'connections');
  const info = listed.connections.find((each) => each.connection === connection);
  assert.ok(info);
  return info;
}

function active(t: TestContext): OpenSigner {
  const signer = connected(t);
  check(signer);
  return signer;
}

function freeze(signer: OpenSigner): void {
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
function enrol(signer: OpenSigner, owner: Passkey): void {
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

/** Takes an owner off the list, with his own consent. */
function remove(signer: OpenSigner, owner: Passkey): void {
  const act = { kind: 'removeOwner', credential: owner.credential } as const;
  const [asked] = signer.ask({ kind: 'requestAct', act });
  assert.equal(asked?.kind, 'consent');
  const approval = owner.assert(asked.challenge);
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  assert.equal(done?.kind, 'performed');
}

/** Runs a verb of the terminal on the signer's directory; returns what was said. */
async function atTerminal(
  { directory, time }: OpenSigner,
  verb: string,
  word: string,
): Promise<readonly string[]> {
  const said: string[] = [];
  await runTool(
    directory,
    { verb, words: [word], unlockFile: null },
    {
      disk: SYSTEM_DISK,
      time,
      say: (sentence) => said.push(sentence),
      ask: () => Promise.resolve(null),
      input: () => Buffer.alloc(0),
      output: () => assert.fail('nothing is to be printed'),
    },
  );
  return said;
}

/** A disk on which every call fails once so many have been made that change something. */
function dyingDisk(left: { calls: number }): Disk {
  const changes = ['openSync', 'writeSync', 'renameSync', 'unlinkSync', 'ftruncateSync'] as const;
  const dying = Object.fromEntries(
    changes.map((name) => [
      name,
      (...parameters: readonly unknown[]): unknown => {
        left.calls -= 1;
        if (left.calls < 0) throw new Error('the disk died');
        return Reflect.apply(SYSTEM_DISK[name], SYSTEM_DISK, parameters);
      },
    ]),
  );
  return { ...SYSTEM_DISK, ...dying };
}

/** A signer whose disk takes nothing more while it is full. */
function fillable(t: TestContext): {
  readonly signer: OpenSigner;
  readonly room: { isFull: boolean };
} {
  const room = { isFull: false };
  const disk = {
    ...SYSTEM_DISK,
    writeSync: (...given: Parameters<typeof SYSTEM_DISK.writeSync>) => {
      if (room.isFull) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
      return SYSTEM_DISK.writeSync(...given);
    },
  };
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory, { disk: disk as Disk }).connect('main', 'binance');
  check(signer);
  return { signer, room };
}

/** A connection in use, and the named key that is to replace its own. */
function withSuccessor(
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

/** The identifier of a key at another's account. */
const THIEF = 'identifierOfAStrangeAccount';

/** A connection in use, an enrolled owner, and a named key that the server wants in the place of the one in use. */
async function withOwner(
  t: TestContext,
  origin: 'made' | 'imported' | 'testnet',
): Promise<{
  readonly signer: OpenSigner;
  readonly successor: string;
  readonly owner: Passkey;
}> {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const venue = origin === 'testnet' ? 'binance-testnet' : 'binance';
  const signer = new OpenSigner(directory).connect('main', venue);
  if (origin !== 'testnet') check(signer);
  const owner = new Passkey();
  enrol(signer, owner);
  const wanted = { name: 'main', venue, replaces: signer.connection } as const;
  const [made] = signer.ask(
    origin === 'imported'
      ? { kind: 'importConnection', ...wanted, ...(await sealedKey(signer, wanted)) }
      : { kind: 'createConnection', ...wanted },
  );
  assert.equal(made?.kind, 'connections', JSON.stringify(made));
  const successor = made.connections[0]?.connection ?? '';
  signer.ask({ kind: 'activateConnection', connection: successor, apiKey: THIEF });
  return { signer, successor, owner };
}

/** A key that was made elsewhere, sealed to the vault. */
async function sealedKey(
  signer: OpenSigner,
  { name, venue }: { readonly name: string; readonly venue: string },
): Promise<{
  readonly keyKind: 'ed25519';
  readonly sealed: string;
  readonly publicKeyPem: string;
}> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const secret = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }));
  const importKey = Uint8Array.from(signer.ring.vault.importPoint() ?? []);
  const keyKind = 'ed25519' as const;
  const sealed = await sealSecret(secret, { importKey, name, venue, keyKind });
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { keyKind, sealed, publicKeyPem };
}

/** Has the rights of another connection's key checked than the one in use. */
function checkOf(signer: OpenSigner, connection: string, body: unknown = GOOD): void {
  const used = signer.connection;
  signer.connection = connection;
  check(signer, body);
  signer.connection = used;
}

/** Asks for the new key to take over and has `passkey` consent; `between` happens while the person reads. */
function confirmed(
  signer: OpenSigner,
  passkey: Passkey,
  between: () => void = () => undefined,
): { readonly text: string; readonly outcome: string } {
  const act = { kind: 'takeOver', connection: signer.connection } as const;
  const [asked] = signer.ask({ kind: 'requestAct', act });
  if (asked?.kind !== 'consent') return { text: '', outcome: outcomeOf(asked) };
  between();
  const approval = passkey.assert(asked.challenge);
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  return { text: asked.text, outcome: outcomeOf(done) };
}

/** Buys, and lets the exchange say that it was executed by `fills`. */
function buy(signer: OpenSigner, id: string, fills: readonly Fill[], symbol = 'BTCUSDT'): void {
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

const sell = (signer: OpenSigner, quantity: string, symbol = 'BTCUSDT'): string =>
  signer.place({ side: 'sell', quantity, symbol });

test('[S175] orders are signed once the exchange has said what the key may do, and the log says so', (t) => {
  const signer = connected(t);
  assert.equal(infoOf(signer).state, 'probing');
  assert.equal(infoOf(signer).grade, null);
  assert.equal(signer.place(), 'connection-probing');
  const read = { kind: 'queryAccount', connection: signer.connection } as const;
  assert.equal(outcomeOf(signer.ask(read)[0]), 'signed', 'reading is allowed');
  check(signer);
  for (const life of lives(signer)) {
    assert.equal(infoOf(life).state, 'active');
    assert.equal(infoOf(life).grade, 'A');
    assert.equal(infoOf(life).signs, 'all');
    assert.equal(life.place(), 'signed');
  }
  const entry = readLog(signer.directory).find(({ kind }) => kind === 'perm.check');
  assert.equal(entry?.['result'], 'passed');
  assert.equal(entry['rights'], 'enableReading+enableSpotAndMarginTrading');
});

test('[S175] a server that asks no more loses the orders after 26 hours', (t) => {
  const signer = active(t);
  signer.time.pass(26 * HOUR_MS - 1);
  assert.equal(signer.place(), 'signed');
  signer.time.pass(1);
  assert.equal(signer.place(), 'connection-probing');
  check(signer, 'not found', 404);
  assert.equal(signer.place(), 'connection-probing', 'an answer that says nothing is no check');
  check(signer);
  assert.equal(signer.place(), 'signed');
});

test('[S173] a key that may move money out is refused: grade D, and quarantined until the right is gone', (t) => {
  for (const [right, fault] of [
    ['enableWithdrawals', 'withdrawals'],
    ['enableInternalTransfer', 'internalTransfer'],
    ['permitsUniversalTransfer', 'universalTransfer'],
    ['permitsSubAccountTransfer', 'unknownTransfer'],
  ] as const) {
    const signer = connected(t);
    check(signer, { ...GOOD, [right]: true });
    const { state, grade, quarantined, signs } = infoOf(signer);
    assert.deepEqual([state, grade, signs], ['quarantined', 'D', 'cancels'], right);
    assert.deepEqual(quarantined?.faults, [fault]);
    assert.equal(signer.place(), 'connection-quarantined');
    assert.match(signer.said.join('\n'), new RegExp(`main \\(c_.*is quarantined: ${fault}`));
    check(signer);
    assert.equal(signer.place(), 'signed', 'a key that never was in order may be set right');
  }
});

test('[S173] a key that may trade more than spot is refused', (t) => {
  for (const [right, fault] of [
    ['enableMargin', 'margin'],
    ['enableFutures', 'futures'],
    ['enableVanillaOptions', 'options'],
    ['enablePortfolioMarginTrading', 'portfolioMargin'],
  ] as const) {
    const signer = connected(t);
    check(signer, { ...GOOD, [right]: true });
    assert.deepEqual(infoOf(signer).quarantined?.faults, [fault]);
    assert.equal(signer.place(), 'connection-quarantined');
  }
});

test('[S174] what changes at a checked key without a person here quarantines it, over restarts and new checks', (t) => {
  for (const [change, fault] of [
    [{ enableFixApiTrade: true }, 'rightAppeared'],
    [{ enableSomethingNew: true }, 'rightAppeared'],
    [{ ipRestrict: false }, 'ipListVanished'],
    [{ createTime: GOOD.createTime + 1 }, 'createTimeChanged'],
  ] as const) {
    const signer = active(t);
    check(signer, { ...GOOD, ...change });
    assert.deepEqual(infoOf(signer).quarantined?.faults, [fault]);
    assert.equal(signer.place(), 'connection-quarantined', fault);
    const next = reopen(signer);
    check(next);
    assert.equal(next.place(), 'connection-quarantined', fault);
    assert.equal(infoOf(next).state, 'quarantined');
    const naming = { kind: 'activateConnection', connection: next.connection } as const;
    next.ask({ ...naming, apiKey: API_KEY });
    next.ask({ ...naming, apiKey: `${API_KEY}2` });
    check(next);
    assert.equal(next.place(), 'connection-quarantined', 'naming the key again heals nothing');
  }
});

test('[S174] a key that is named otherwise for a while is still compared with what it was before', (t) => {
  for (const [change, fault] of [
    [{ enableFixApiTrade: true }, 'rightAppeared'],
    [{ ipRestrict: false }, 'ipListVanished'],
  ] as const) {
    const signer = active(t);
    for (const apiKey of ['another', 'a third', API_KEY])
      signer.ask({ kind: 'activateConnection', connection: signer.connection, apiKey });
    const next = reopen(signer);
    assert.equal(next.place(), 'connection-probing');
    check(next, { ...GOOD, ...change });
    assert.deepEqual(infoOf(next).quarantined?.faults, [fault]);
  }
});

test('[S172] what decides must be said: an answer that leaves it out, or says it otherwise, passes nothing', (t) => {
  const { enableWithdrawals, ...without } = GOOD;
  assert.equal(enableWithdrawals, false);
  for (const body of [
    without,
    { ...GOOD, enableWithdrawals: 'false' },
    { ...GOOD, permitsUniversalTransfer: null },
    { ...GOOD, ipRestrict: 1 },
    { ...GOOD, createTime: 'yesterday' },
    { ...GOOD, 'a name': true },
    [GOOD],
    'null',
    '',
    '{"enableWithdrawals":false',
  ]) {
    const signer = connected(t);
    check(signer, body);
    assert.equal(signer.place(), 'connection-probing', JSON.stringify(body));
    const entry = readLog(signer.directory).find(({ kind }) => kind === 'perm.check');
    assert.equal(entry?.['result'], 'unreadable');
  }
  const signer = connected(t);
  check(signer, { ...GOOD, enableNothing: false, tradingAuthorityExpirationTime: 1 });
  assert.equal(signer.place(), 'signed', 'fields that are not known and not set say nothing');
});

test('[S172] an answer to what was asked under an earlier identifier says nothing of the new one', (t) => {
  const signer = connected(t);
  const { connection } = signer;
  signer.ask({ kind: 'queryPermissions', connection });
  signer.time.pass(10);
  signer.ask({ kind: 'activateConnection', connection, apiKey: 'another' });
  answer(signer, GOOD);
  assert.equal(infoOf(signer).state, 'probing');
});

test('[S176] a key without a list of addresses is a grade lower and ends after 14 days', (t) => {
  const signer = connected(t);
  check(signer, { ...GOOD, ipRestrict: false });
  const { grade, expiresAt, state } = infoOf(signer);
  assert.deepEqual([grade, state], ['B', 'expiring']);
  assert.equal(expiresAt, GOOD.createTime + 14 * DAY_MS);
  signer.time.pass(14 * DAY_MS);
  check(signer, { ...GOOD, ipRestrict: false });
  assert.equal(signer.place(), 'connection-expired');
});

test('[S178] a frozen connection signs sales up to what was bought here and not promised elsewhere', (t) => {
  const signer = active(t);
  const usdt = { commission: '0.01', commissionAsset: 'USDT' };
  buy(signer, 'b-1', [{ qty: '2', ...usdt }]);
  freeze(signer);
  let last = signer;
  for (const life of lives(signer)) {
    last = life;
    assert.equal(life.place({ price: '1' }), 'connection-frozen', 'no new risk');
    assert.equal(sell(life, '2.00000001'), 'connection-frozen');
    assert.equal(sell(life, '2', 'BNBUSDT'), 'connection-frozen', 'of each symbol its own');
  }
  assert.equal(sell(last, '1.5'), 'signed');
  assert.equal(sell(last, '0.6'), 'connection-frozen', 'what rests is promised');
  last = reopen(last);
  assert.equal(sell(last, '0.6'), 'connection-frozen');
  assert.equal(sell(last, '0.5'), 'signed');
  assert.equal(sell(last, '0.00000001'), 'connection-frozen');
  const together = reopen(last).ask(
    placeIntent(signer.connection, { side: 'sell', quantity: '0.1' }),
    { kind: 'cancelOrder', connection: signer.connection, symbol: 'BTCUSDT', clientOrderId: 'x' },
  );
  assert.deepEqual(together.map(outcomeOf), ['connection-frozen', 'signed']);
});

test('[S178] exits that come together share what is held', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  freeze(signer);
  const exit = (): ReturnType<typeof placeIntent> =>
    placeIntent(signer.connection, { side: 'sell', quantity: '0.6' });
  assert.deepEqual(signer.ask(exit(), exit()).map(outcomeOf), ['signed', 'connection-frozen']);
});

test('[S178] a pair takes its coins once, and what ends gives them back', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  freeze(signer);
  const leg = { symbol: 'BTCUSDT', side: 'sell', quantity: '1', timeInForce: 'GTC' } as const;
  const [pair] = signer.ask({
    kind: 'placePair',
    connection: signer.connection,
    takeProfit: { ...leg, type: 'limitMaker', price: '200', clientOrderId: 'p-1' },
    stopLoss: { ...leg, type: 'stopLimit', price: '90', stopPrice: '91', clientOrderId: 'p-2' },
  });
  assert.equal(outcomeOf(pair), 'signed');
  const report = (clientOrderId: string, status: string, executedQty = '0.00000000') => ({
    symbol: 'BTCUSDT',
    clientOrderId: signer.exchangeId(clientOrderId),
    executedQty,
    status,
  });
  answer(signer, { orderListId: 1, orderReports: [report('p-1', 'NEW'), report('p-2', 'NEW')] });
  assert.equal(sell(signer, '0.1'), 'connection-frozen');
  const cancel = { kind: 'cancelOrder', connection: signer.connection, symbol: 'BTCUSDT' } as const;
  signer.ask({ ...cancel, clientOrderId: 'p-1' });
  answer(signer, {
    orderListId: 1,
    orderReports: [report('p-1', 'CANCELED'), report('p-2', 'CANCELED')],
  });
  assert.equal(sell(reopen(signer), '1'), 'signed');
});

test('[S179] commission in the coin itself is taken off exactly; unknown commission keeps a hundredth back', (t) => {
  const signer = active(t);
  const base = { commissionAsset: 'BTC' };
  buy(signer, 'b-1', [
    { qty: '0.5', commission: '0.0005', ...base },
    { qty: '0.5', commission: '0.00000001', ...base },
  ]);
  freeze(signer);
  assert.equal(sell(signer, '0.9995'), 'connection-frozen');
  assert.equal(sell(signer, '0.99949999'), 'signed');
  const other = active(t);
  assert.equal(other.place({ clientOrderId: 'b-2', quantity: '1' }), 'signed');
  const order = {
    symbol: 'BTCUSDT',
    orderId: 9,
    clientOrderId: other.exchangeId('b-2'),
    status: 'FILLED',
  };
  answer(other, { ...order, executedQty: '1.00000000' });
  freeze(other);
  assert.equal(sell(other, '0.99000001'), 'connection-frozen');
  const fills = { kind: 'queryFills', connection: other.connection, symbol: 'BTCUSDT' } as const;
  other.ask(fills);
  const trade = { symbol: 'BTCUSDT', orderId: 9, commissionAsset: 'BTC', commission: '0.001' };
  answer(other, [{ ...trade, qty: '0.4' }]);
  assert.equal(
    sell(other, '0.99000001'),
    'connection-frozen',
    'trades that are not all say nothing',
  );
  other.ask(fills);
  answer(other, [
    { ...trade, qty: '0.4' },
    { ...trade, qty: '0.6' },
    { ...trade, orderId: 10, qty: '3' },
  ]);
  assert.equal(sell(other, '0.998'), 'signed');
});

test('[S179] events of the account count each trade once, whatever their order and number', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '2' }), 'signed');
  const event = (z: string, l: string, n: string, X = 'PARTIALLY_FILLED') => ({
    e: 'executionReport',
    s: 'BTCUSDT',
    c: signer.exchangeId('b-1'),
    C: '',
    i: 5,
    X,
    z,
    l,
    n,
    N: 'BTC',
  });
  const tell = (...events: readonly unknown[]): void => {
    for (const each of events)
      signer.report({ kind: 'accountNews', connection: signer.connection, event: each });
  };
  const first = event('0.50000000', '0.50000000', '0.0005');
  const second = event('2.00000000', '1.50000000', '0.0015', 'FILLED');
  tell(first, first, second, second, first);
  freeze(signer);
  assert.equal(sell(reopen(signer), '1.99800001'), 'connection-frozen');
  assert.equal(sell(reopen(signer), '1.998'), 'signed');
  const lines = readLog(signer.directory).filter(({ kind }) => kind === 'answer');
  assert.equal(lines.length, 2, 'what is no news is not written');
});

test('[S210] egress lies of executions: no order becomes more than was signed, and the log is not filled', (t) => {
  const signer = active(t);
  const { connection } = signer;
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '2' }), 'signed');
  const { id } = signer.requests.at(-1) ?? { id: 0 };
  const says = (z: string, X: string, l = '0', i = 5): void =>
    signer.report({
      kind: 'accountNews',
      connection,
      event: {
        ...{ e: 'executionReport', s: 'BTCUSDT', c: signer.exchangeId('b-1'), C: '' },
        ...{ i, X, z, l, n: '0', N: 'BTC' },
      },
    });
  const answers = (): number =>
    readLog(signer.directory).filter(({ kind }) => kind === 'answer').length;
  for (let step = 1; step <= 3_000; step += 1)
    says(`0.${String(step).padStart(8, '0')}`, 'PARTIALLY_FILLED');
  assert.equal(answers(), 1_000);
  for (let executed = 3; executed < 100; executed += 1) {
    const fills = [{ qty: String(executed), commission: '0', commissionAsset: 'BTC' }];
    const body = {
      ...{ symbol: 'BTCUSDT', orderId: 5, clientOrderId: signer.exchangeId('b-1') },
      ...{ executedQty: String(executed), status: 'PARTIALLY_FILLED', fills },
    };
    signer.report({ kind: 'echo', id, status: 200, body: JSON.stringify(body) });
  }
  assert.equal(answers(), 1_000);
  says('1000', 'FILLED');
  says('2000', 'FILLED');
  assert.equal(answers(), 1_001, 'that it ended is heard once more');
  freeze(signer);
  for (const life of lives(signer)) {
    assert.equal(sell(life, '2'), 'connection-frozen', 'a hundredth is kept for its commission');
    assert.equal(sell(life, '1000'), 'connection-frozen');
  }
  assert.equal(sell(reopen(signer), '1.98'), 'signed');
});

test('[S178] an order of another’s under an ID like ours adds nothing to what may be sold', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '1' }), 'signed');
  const { connection } = signer;
  const report = (c: string, z: string): void =>
    signer.report({
      kind: 'accountNews',
      connection,
      event: {
        e: 'executionReport',
        s: 'BTCUSDT',
        c,
        C: '',
        i: 5,
        X: 'FILLED',
        z,
        l: z,
        n: '0',
        N: 'USDT',
      },
    });
  for (const forged of ['b-1', 'b-1_00000000', 'b-1_x', `${signer.exchangeId('b-1')}_x`])
    report(forged, '1');
  freeze(signer);
  assert.equal(sell(signer, '0.00000001'), 'connection-frozen');
  // No word makes more of an order than was asked for.
  report(signer.exchangeId('b-1'), '5');
  assert.equal(sell(signer, '1.00000001'), 'connection-frozen');
  assert.equal(sell(signer, '1'), 'signed');
});

test('[S178] trades of another market whose order has the same number say nothing of ours', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '2' }), 'signed');
  const clientOrderId = signer.exchangeId('b-1');
  answer(signer, { symbol: 'BTCUSDT', orderId: 9, clientOrderId, status: 'NEW', executedQty: '0' });
  freeze(signer);
  signer.ask({ kind: 'queryFills', connection: signer.connection, symbol: 'BNBUSDT' });
  const trade = { symbol: 'BNBUSDT', orderId: 9, commissionAsset: 'USDT', commission: '0' };
  answer(signer, [{ ...trade, qty: '2' }]);
  assert.equal(sell(signer, '0.1'), 'connection-frozen');
});

test('[S178] what is not of this exchange’s form, or of no order of ours, changes nothing', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '1' }), 'signed');
  const { connection } = signer;
  const event = {
    e: 'executionReport',
    s: 'BTCUSDT',
    c: signer.exchangeId('b-1'),
    C: '',
    X: 'FILLED',
    z: '1',
    l: '1',
  };
  for (const strange of [
    null,
    'b-1',
    [event],
    { ...event, z: 1 },
    { ...event, z: '1e3' },
    { ...event, z: '-1' },
    { ...event, s: 'ETHUSDT' },
    { ...event, c: 'b-2' },
    { ...event, e: 'balanceUpdate' },
  ]) {
    signer.report({ kind: 'accountNews', connection, event: strange });
  }
  answer(signer, { ...event, executedQty: '9', fills: 'many' });
  freeze(signer);
  assert.equal(sell(signer, '0.00000001'), 'connection-frozen');
});

test('[S177] attack 49: for seven days after its end only what was opened here is closed, by the server’s own wish or not', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  signer.time.pass(90 * DAY_MS);
  check(signer);
  assert.equal(infoOf(signer).state, 'expired');
  assert.equal(signer.place({ price: '1' }), 'connection-expired');
  assert.equal(sell(signer, '1.1'), 'connection-expired');
  assert.equal(sell(signer, '0.4'), 'signed');
  signer.time.pass(7 * DAY_MS);
  assert.equal(sell(signer, '0.4'), 'connection-expired');
  const cancel = {
    kind: 'cancelOrder',
    connection: signer.connection,
    symbol: 'BTCUSDT',
    clientOrderId: 'x',
  } as const;
  assert.equal(outcomeOf(signer.ask(cancel)[0]), 'signed');
  signer.time.pass(3 * DAY_MS);
  assert.equal(outcomeOf(signer.ask(cancel)[0]), 'connection-expired');
});

test('[S177] the policy’s line `grace` shortens or lengthens the time for reductions', (t) => {
  for (const [line, days] of [
    ['grace 0d', 0],
    ['grace 14d', 14],
    ['', 7],
  ] as const) {
    const directory = temporaryDirectory(t);
    writePolicy(directory, POLICY.replace('connection main\n', `connection main\n${line}\n`));
    const signer = new OpenSigner(directory).connect('main', 'binance');
    check(signer);
    buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
    signer.time.pass(90 * DAY_MS);
    check(signer);
    assert.equal(infoOf(signer).reducesUntil - infoOf(signer).expiresAt, days * DAY_MS);
    assert.equal(sell(signer, '0.1'), days === 0 ? 'connection-expired' : 'signed');
    signer.time.pass(days * DAY_MS);
    assert.equal(sell(signer, '0.1'), 'connection-expired');
  }
  for (const wrong of [
    'grace',
    'grace 15d',
    'grace 7',
    'grace -1d',
    'grace 7d 8d',
    'grace 1d\ngrace 1d',
  ]) {
    const text = POLICY.replace('connection main\n', `connection main\n${wrong}\n`);
    assert.equal(parsePolicy(Buffer.from(text)).ok, false, wrong);
  }
  const policyOf = (line: string): Policy => {
    const parsed = parsePolicy(Buffer.from(POLICY.replace('main\n', `main\n${line}\n`)));
    assert.ok(parsed.ok);
    return parsed.policy;
  };
  for (const [before, next, direction] of [
    ['grace 5d', 'grace 4d', 'tightening'],
    ['', 'grace 6d', 'tightening'],
    ['', 'grace 8d', 'loosening'],
    ['grace 5d', '', 'loosening'],
  ] as const)
    assert.equal(comparePolicies(policyOf(before), policyOf(next)).direction, direction);
});

test('[S178] an order that the exchange refused, or does not know after a minute, gives its coins back', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  freeze(signer);
  assert.equal(signer.place({ side: 'sell', quantity: '1', clientOrderId: 's-1' }), 'signed');
  answer(signer, { code: -1007, msg: 'Timeout' }, 400);
  assert.equal(sell(signer, '1'), 'connection-frozen', 'it may have come about all the same');
  const ask = {
    kind: 'queryOrder',
    connection: signer.connection,
    symbol: 'BTCUSDT',
    clientOrderId: 's-1',
  } as const;
  signer.ask(ask);
  answer(signer, { code: -2013, msg: 'Order does not exist.' }, 400);
  assert.equal(sell(signer, '1'), 'connection-frozen', 'it may be on its way');
  signer.time.pass(60_001);
  signer.ask(ask);
  answer(signer, { code: -2013, msg: 'Order does not exist.' }, 400);
  assert.equal(signer.place({ side: 'sell', quantity: '1', clientOrderId: 's-2' }), 'signed');
  answer(signer, { code: -2010, msg: 'Account has insufficient balance.' }, 400);
  assert.equal(sell(signer, '1'), 'signed');
});

test('[S178] what was sold here may be bought back, and nothing beyond it', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ side: 'sell', quantity: '1', clientOrderId: 's-1' }), 'signed');
  const fills = [{ qty: '1', commission: '0.1', commissionAsset: 'USDT' }];
  const order = {
    symbol: 'BTCUSDT',
    orderId: 3,
    clientOrderId: signer.exchangeId('s-1'),
    status: 'FILLED',
  };
  answer(signer, { ...order, executedQty: '1.00000000', fills });
  freeze(signer);
  assert.equal(sell(signer, '0.1'), 'connection-frozen');
  assert.equal(signer.place({ quantity: '1.1' }), 'connection-frozen');
  assert.equal(signer.place({ quantity: '1' }), 'signed');
});

test('[S181] freezing needs no consent, no open vault and no right clock, and outlives a restart', (t) => {
  const signer = active(t);
  signer.time.wallMs -= DAY_MS;
  assert.equal(signer.place(), 'clock');
  freeze(signer);
  freeze(signer);
  signer.time.wallMs += DAY_MS;
  for (const life of lives(signer)) {
    assert.equal(life.place(), 'connection-frozen');
    assert.equal(infoOf(life).frozen?.cause, 'person');
  }
  assert.equal(readLog(signer.directory).filter(({ kind }) => kind === 'freeze').length, 1);
  const [unknown] = signer.ask({
    kind: 'freezeConnection',
    connection: 'c_7777777',
    cause: 'alarm',
  });
  assert.equal(outcomeOf(unknown), 'connections');
});

test('[S183] a connection is thawed by an owner alone; without one the signer says how', (t) => {
  const signer = active(t);
  const { connection } = signer;
  const thaw = { kind: 'requestAct', act: { kind: 'thawConnection', connection } } as const;
  assert.equal(outcomeOf(signer.ask(thaw)[0]), 'act', 'there is nothing to thaw');
  freeze(signer);
  const [refused] = signer.ask(thaw);
  assert.equal(refused?.kind, 'refused');
  assert.match(refused.reason, /expected an enrolled owner/);
  assert.equal(signer.place(), 'connection-frozen');
});

test('[S183] an owner’s passkey over the very words thaws a connection, and nothing less does', (t) => {
  const signer = active(t);
  const { connection } = signer;
  const owner = new Passkey();
  enrol(signer, owner);
  freeze(signer);
  const ask = (): Extract<Decision, { kind: 'consent' }> => {
    const [asked] = signer.ask({ kind: 'requestAct', act: { kind: 'thawConnection', connection } });
    assert.equal(asked?.kind, 'consent');
    return asked;
  };
  const confirm = (nonce: string, challenge: string, passkey = owner): string => {
    const approval = passkey.assert(challenge);
    return outcomeOf(signer.ask({ kind: 'confirmAct', nonce, approval })[0]);
  };
  const { nonce, challenge, text } = ask();
  assert.match(text, /act: thaw a connection, which then signs new risk again\n/);
  assert.match(
    text,
    new RegExp(`connection: ${connection}\nname: main\n.*\nfrozen: since .* by person`),
  );
  assert.equal(confirm(nonce, challenge, new Passkey()), 'consent');
  assert.equal(signer.place(), 'connection-frozen');
  const again = ask();
  assert.equal(confirm(again.nonce, again.challenge), 'performed');
  for (const life of lives(signer)) assert.equal(life.place(), 'signed');
});

test('[S150] attack 58: what a person was shown is what is done: what changed meanwhile is asked for anew', (t) => {
  const signer = active(t);
  const { connection } = signer;
  const owner = new Passkey();
  enrol(signer, owner);
  freeze(signer);
  const [asked] = signer.ask({ kind: 'requestAct', act: { kind: 'thawConnection', connection } });
  assert.equal(asked?.kind, 'consent');
  assert.doesNotMatch(asked.text, /quarantined/);
  check(signer, { ...GOOD, enableFixApiTrade: true });
  const approval = owner.assert(asked.challenge);
  const [late] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  assert.equal(outcomeOf(late), 'act');
  assert.ok(late?.kind === 'refused');
  assert.match(late.reason, /^expected the action as it was shown/);
  assert.equal(infoOf(signer).state, 'quarantined');
});

test('[S183] a key that is named anew hides no forbidden right from who thaws', (t) => {
  const signer = active(t);
  const { connection } = signer;
  enrol(signer, new Passkey());
  check(signer, { ...GOOD, enableWithdrawals: true });
  signer.ask({ kind: 'activateConnection', connection, apiKey: 'another' });
  const [refused] = signer.ask({
    kind: 'requestAct',
    act: { kind: 'thawConnection', connection },
  });
  assert.ok(refused?.kind === 'refused');
  assert.match(refused.reason, /expected a key without forbidden rights, found withdrawals/);
});

test('[S183] nobody can accept a right to withdraw; what is gone again can be accepted', (t) => {
  const signer = active(t);
  const { connection } = signer;
  enrol(signer, new Passkey());
  const thaw = { kind: 'requestAct', act: { kind: 'thawConnection', connection } } as const;
  check(signer, { ...GOOD, enableWithdrawals: true });
  const [refused] = signer.ask(thaw);
  assert.equal(refused?.kind, 'refused');
  assert.match(refused.reason, /expected a key without forbidden rights, found withdrawals/);
  check(signer);
  assert.equal(outcomeOf(signer.ask(thaw)[0]), 'consent');
});

test('[S185] a crash at any call to the disk leaves the old key or the new one in use, and never both', (t) => {
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    const left = { calls: Number.POSITIVE_INFINITY };
    const { signer, successor } = withSuccessor(t, dyingDisk(left));
    signer.connection = successor;
    left.calls = at;
    try {
      check(signer);
    } catch {
      // A process would be gone, or have refused for want of its log.
    }
    const hasDied = left.calls < 0;
    const next = new OpenSigner(signer.directory, { time: signer.time });
    const [listed] = next.ask({ kind: 'listConnections' });
    assert.equal(listed?.kind, 'connections');
    const own = listed.connections.find(({ replaces }) => replaces === null);
    assert.ok(own);
    const waiting = listed.connections.find(({ replaces }) => replaces !== null);
    const files = readdirSync(join(signer.directory, 'vault')).filter((name) =>
      /^c_.*\.vault$/.test(name),
    );
    assert.equal(files.length, listed.connections.length, `each key in use has its file (${at})`);
    next.connection = own.connection;
    if (waiting !== undefined) {
      next.connection = waiting.connection;
      check(next);
      next.connection = own.connection;
    }
    assert.equal(infoOf(next).state, 'active');
    assert.equal(next.place(), 'signed', `the key in use signs (${at})`);
    if (!hasDied) break;
    deaths += 1;
  }
  t.diagnostic(`${deaths} deaths`);
  assert.ok(deaths > 5);
});

test('[S182] the freeze file works without a word from the server: by name, by identifier, or all', (t) => {
  for (const words of ['main', 'the identifier', '*', '', 'no such name', '\u0000\u0001']) {
    const signer = active(t);
    const path = join(signer.directory, 'freeze');
    const text = words === 'the identifier' ? signer.connection : words;
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    assert.equal(signer.place(), 'connection-frozen', JSON.stringify(words));
    assert.ok(!existsSync(path), 'what stands on the log needs no file');
    assert.equal(reopen(signer).place(), 'connection-frozen');
    assert.match(signer.said.join(' '), /Frozen from the terminal: main/);
  }
});

test('[S182] on a full disk the freeze file stays until the log has its word', (t) => {
  const { signer, room } = fillable(t);
  const path = join(signer.directory, 'freeze');
  writeFileSync(path, '*\n', { mode: 0o600 });
  room.isFull = true;
  for (const time of ['first', 'second']) {
    assert.equal(signer.place(), 'connection-frozen', time);
    assert.ok(existsSync(path), time);
  }
  room.isFull = false;
  assert.equal(signer.place(), 'connection-frozen');
  assert.ok(!existsSync(path));
  assert.equal(reopen(signer).place(), 'connection-frozen');
});

test('[S208] an order is explained by the state of its connection first', (t) => {
  const explain = (
    signer: OpenSigner,
    order: Partial<OrderIntent> = {},
  ): Extract<Decision, { kind: 'explained' }>['explanation'] => {
    const { order: whole } = placeIntent(signer.connection, order);
    const { connection } = signer;
    const [decision] = signer.ask({ kind: 'explainOrder', connection, order: whole });
    assert.ok(decision?.kind === 'explained');
    return decision.explanation;
  };
  const probing = connected(t);
  assert.equal(explain(probing).rule, 'connection-probing');
  const signer = active(t);
  assert.deepEqual([explain(signer).isAllowed, explain(signer).rule], [true, 'btc']);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  freeze(signer);
  const frozen = explain(signer);
  assert.deepEqual([frozen.isAllowed, frozen.rule], [false, 'connection-frozen']);
  assert.match(
    frozen.reason,
    /^expected a connection that is not frozen, found it frozen \(person\)/,
  );
  assert.equal(explain(signer, { symbol: 'ETHUSDT' }).rule, 'connection-frozen');
  assert.equal(explain(signer, { side: 'sell', quantity: '1' }).isAllowed, true, 'an exit is not');
  assert.equal(explain(signer, { side: 'sell', quantity: '1.1' }).isAllowed, false);
  check(signer, { ...GOOD, enableWithdrawals: true });
  assert.equal(explain(signer, { side: 'sell', quantity: '1' }).rule, 'connection-quarantined');
  signer.time.pass(90 * DAY_MS);
  signer.time.pass(20 * DAY_MS);
  assert.equal(explain(signer).rule, 'connection-expired');
  const { signer: waiting, successor } = withSuccessor(t, SYSTEM_DISK);
  waiting.connection = successor;
  assert.match(explain(waiting).rule, /^connection-(?:probing|waiting)$/);
  const locked = active(t);
  assert.equal(explain(locked).isAllowed, true);
  writePolicy(locked.directory, `${POLICY}; changed\n`);
  const edited = explain(reopen(locked));
  assert.deepEqual([edited.isAllowed, edited.rule], [false, 'policy-unattested']);
});

test('[S181] a quarantine that the log did not take is put there as soon as it takes entries', (t) => {
  const { signer, room } = fillable(t);
  signer.ask({ kind: 'queryPermissions', connection: signer.connection });
  room.isFull = true;
  answer(signer, { ...GOOD, enableWithdrawals: true });
  room.isFull = false;
  assert.equal(signer.place(), 'connection-quarantined');
  assert.equal(reopen(signer).place(), 'connection-quarantined');
});

test('[S181] a freeze that the log did not take is put there when it is asked for again', (t) => {
  const { signer, room } = fillable(t);
  const { connection } = signer;
  const ask = { kind: 'freezeConnection', connection, cause: 'person' } as const;
  room.isFull = true;
  for (let time = 0; time < 2; time += 1)
    assert.equal(outcomeOf(signer.ask(ask)[0]), 'connections');
  for (let time = 0; time < 2; time += 1) assert.equal(signer.ask(ask)[0]?.kind, 'refused');
  room.isFull = false;
  assert.equal(signer.ask(ask)[0]?.kind, 'connections');
  assert.equal(reopen(signer).place(), 'connection-frozen');
  const lines = readLog(signer.directory).filter(({ kind }) => kind === 'freeze');
  assert.equal(lines.length, 1, 'and once only');
});

test('[S182] of two connections the named one is frozen; a name that means none freezes both', (t) => {
  const signer = active(t);
  const other = new OpenSigner(signer.directory, { time: signer.time });
  other.connect('second', 'demo');
  const frozen = (): readonly (string | undefined)[] =>
    [signer.connection, other.connection].map((each) => infoOf(other, each).frozen?.cause);
  writeFileSync(join(signer.directory, 'freeze'), 'main\n', { mode: 0o600 });
  assert.deepEqual(frozen(), ['terminal', undefined]);
  writeFileSync(join(signer.directory, 'freeze'), 'main\nmian\n', { mode: 0o600 });
  assert.deepEqual(frozen(), ['terminal', 'terminal']);
});

test('[S184] a new key takes over once it is checked: same connection, same record, the old key destroyed', (t) => {
  const signer = active(t);
  const { connection } = signer;
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  signer.time.pass(80 * DAY_MS);
  const create = { kind: 'createConnection', name: 'main', venue: 'binance' } as const;
  assert.equal(
    outcomeOf(signer.ask({ ...create, venue: 'demo', replaces: connection })[0]),
    'connections',
  );
  const successor = (): ConnectionInfo => {
    const [made] = signer.ask({ ...create, replaces: connection });
    assert.equal(made?.kind, 'connections');
    const [info] = made.connections;
    assert.ok(info);
    return info;
  };
  const dropped = successor();
  const next = successor();
  assert.equal(next.replaces, connection);
  const vault = (): readonly string[] => readdirSync(join(signer.directory, 'vault'));
  assert.ok(
    !vault().includes(`${dropped.connection}.vault`),
    'a second successor replaces the first',
  );
  const oldPem = infoOf(signer).publicKeyPem;
  const naming = { kind: 'activateConnection', connection: next.connection } as const;
  signer.ask({ ...naming, apiKey: 'another' });
  signer.connection = next.connection;
  assert.equal(signer.place(), 'connection-probing');
  check(signer, { ...GOOD, enableWithdrawals: true });
  assert.equal(infoOf(signer, connection).publicKeyPem, oldPem, 'a key that is not in order waits');
  check(signer, { ...GOOD, createTime: signer.time.wallMs });
  signer.connection = connection;
  let last = signer;
  for (const life of lives(signer)) {
    last = life;
    const info = infoOf(life);
    assert.equal(info.publicKeyPem, next.publicKeyPem);
    assert.equal(info.state, 'active');
    assert.equal(info.expiresAt, next.createdAt + 90 * DAY_MS);
    const [listed] = life.ask({ kind: 'listConnections' });
    assert.equal(listed?.kind === 'connections' && listed.connections.length, 1);
    assert.equal(life.place(), 'signed');
    assert.equal(life.place({ clientOrderId: 'b-1' }), 'duplicate', 'one record of orders');
  }
  assert.deepEqual(
    vault().filter((name) => name.startsWith('c_')),
    [`${next.connection}.vault`],
  );
  assert.match(signer.said.join(' '), /main \(c_.*\) has its new key/);
  freeze(last);
  assert.equal(sell(last, '1'), 'signed', 'what the old key bought the new one may sell');
});

test('[S187] the server replaces a key by one of its own: it waits for an owner, and the old key stays in use', async (t) => {
  for (const origin of ['made', 'imported', 'testnet'] as const) {
    const { signer, successor, owner } = await withOwner(t, origin);
    const old = infoOf(signer);
    if (origin !== 'testnet') {
      assert.equal(infoOf(signer, successor).isReady, false, 'what is not checked is not ready');
      assert.equal(confirmed(signer, owner).outcome, 'act');
      checkOf(signer, successor);
      checkOf(signer, successor);
    }
    let last = signer;
    for (const life of lives(signer)) {
      last = life;
      const waiting = infoOf(life, successor);
      assert.deepEqual([waiting.isReady, waiting.signs], [true, 'cancels'], origin);
      assert.equal(infoOf(life).publicKeyPem, old.publicKeyPem);
      assert.equal(infoOf(life).isReady, false);
      const order = { ...placeIntent(successor), id: 900 };
      assert.equal(
        outcomeOf(life.ask(order)[0]),
        'connection-waiting',
        'no order with the new one',
      );
      assert.equal(life.place(), 'signed', 'the old key stays in use');
    }
    assert.ok(existsSync(join(signer.directory, 'vault', `${old.connection}.vault`)));
    const stranger = confirmed(last, new Passkey());
    assert.equal(stranger.outcome, 'consent');
    const { text, outcome } = confirmed(last, owner);
    assert.equal(outcome, 'performed');
    const next = infoOf(last);
    const fingerprint = (pem: string): string => hash('sha256', pem, 'hex');
    for (const line of [
      'act: use the new key of a connection, and destroy the old one',
      `connection: ${old.connection}`,
      'name: main',
      `venue: ${old.venue}`,
      `old key: ed25519, SHA-256 of its public half ${fingerprint(old.publicKeyPem)}`,
      `old key at the exchange: ${API_KEY}`,
      `new key: ed25519, SHA-256 of its public half ${fingerprint(next.publicKeyPem)}`,
      `new key at the exchange: ${THIEF}`,
      `new key was: ${origin === 'imported' ? 'made elsewhere and taken in' : 'made in this vault'}`,
    ])
      assert.ok(text.includes(`${line}\n`), `${line} in ${text}`);
    assert.notEqual(next.publicKeyPem, old.publicKeyPem);
    assert.equal(next.isReady, false);
    assert.ok(!existsSync(join(signer.directory, 'vault', `${old.connection}.vault`)));
    for (const life of lives(last)) assert.equal(life.place(), 'signed');
    assert.equal(confirmed(last, owner).outcome, 'act', 'nothing waits any more');
  }
});

test('[S201] a key that waits for an owner goes on waiting when the last owner is gone', async (t) => {
  for (const ending of ['owner', 'terminal', 'dropped'] as const) {
    const { signer, successor, owner } = await withOwner(t, 'made');
    const old = infoOf(signer);
    checkOf(signer, successor);
    remove(signer, owner);
    for (const life of lives(signer)) {
      checkOf(life, successor);
      assert.equal(infoOf(life).publicKeyPem, old.publicKeyPem, 'the old key stays in use');
      assert.equal(infoOf(life, successor).isReady, true);
      assert.equal(life.place(), 'signed');
    }
    const unasked = infoOf(signer, successor).publicKeyPem;
    const last = reopen(signer);
    if (ending === 'owner') {
      await assert.rejects(atTerminal(last, 'take-over', 'another'), /found 0/);
      const next = reopen(last);
      const later = new Passkey();
      enrol(next, later);
      await assert.rejects(atTerminal(next, 'take-over', 'main'), /expected no enrolled owner/);
      assert.equal(confirmed(reopen(next), later).outcome, 'performed');
    } else if (ending === 'terminal') {
      const said = await atTerminal(last, 'take-over', 'main');
      assert.match(said.join(' '), /main \(c_.*\) has its new key/);
      await assert.rejects(atTerminal(last, 'take-over', 'main'), /found none of this name/);
    } else {
      await atTerminal(last, 'retire', successor);
      const next = reopen(last);
      const [listed] = next.ask({ kind: 'listConnections' });
      assert.ok(listed?.kind === 'connections' && listed.connections.length === 1);
    }
    const end = reopen(signer);
    assert.equal(
      infoOf(end).publicKeyPem,
      ending === 'dropped' ? old.publicKeyPem : unasked,
      ending,
    );
    assert.equal(end.place(), 'signed');
  }
});

test('[S187] what an owner saw of a new key is what takes over: another key or identifier is asked for anew', async (t) => {
  const { signer, successor, owner } = await withOwner(t, 'made');
  const { publicKeyPem } = infoOf(signer);
  checkOf(signer, successor);
  const renamed = confirmed(signer, owner, () => {
    signer.ask({ kind: 'activateConnection', connection: successor, apiKey: 'yet another' });
    signer.ask({ kind: 'activateConnection', connection: successor, apiKey: 'thirdIdentifier' });
    checkOf(signer, successor);
  });
  assert.equal(renamed.outcome, 'act');
  const replaced = confirmed(signer, owner, () => {
    const created = { name: 'main', venue: 'binance', replaces: signer.connection } as const;
    const [made] = signer.ask({ kind: 'createConnection', ...created });
    assert.equal(made?.kind, 'connections');
    const other = made.connections[0]?.connection ?? '';
    signer.ask({ kind: 'activateConnection', connection: other, apiKey: THIEF });
    checkOf(signer, other);
  });
  assert.equal(replaced.outcome, 'act');
  assert.equal(infoOf(signer).publicKeyPem, publicKeyPem);
  assert.equal(signer.place(), 'signed');
});

test('[S187] a check that failed or is too old does not let a key take over; the old one ends as it would have', async (t) => {
  const { signer, successor, owner } = await withOwner(t, 'made');
  const { expiresAt } = infoOf(signer);
  checkOf(signer, successor);
  signer.time.pass(27 * HOUR_MS);
  assert.equal(infoOf(signer, successor).isReady, false);
  assert.equal(confirmed(signer, owner).outcome, 'act');
  checkOf(signer, successor, { ...GOOD, enableWithdrawals: true });
  assert.equal(infoOf(signer, successor).isReady, false);
  assert.equal(confirmed(signer, owner).outcome, 'act');
  assert.equal(infoOf(signer).expiresAt, expiresAt);
  signer.time.pass(90 * DAY_MS);
  assert.equal(infoOf(signer).state, 'expired');
});

test('[S200] the server names an identifier of its own for a key in use: refused where there is an owner', async (t) => {
  for (const venue of ['binance', 'demo', 'binance-testnet'] as const) {
    const directory = temporaryDirectory(t);
    writePolicy(directory, POLICY);
    const signer = new OpenSigner(directory).connect('main', venue);
    const name = (apiKey: string, life = signer): string =>
      outcomeOf(life.ask({ kind: 'activateConnection', connection: signer.connection, apiKey })[0]);
    if (venue === 'binance') {
      enrol(signer, new Passkey());
      assert.equal(name('mistyped'), 'connections', 'a key that was never checked is not in use');
      assert.equal(name(API_KEY), 'connections');
      check(signer);
    } else {
      assert.equal(name(`${API_KEY}2`), 'connections', 'without an owner there is nobody to ask');
      assert.equal(name(API_KEY), 'connections');
      enrol(signer, new Passkey());
    }
    for (const life of lives(signer)) {
      const [refused] = life.ask({
        kind: 'activateConnection',
        connection: signer.connection,
        apiKey: THIEF,
      });
      assert.ok(refused?.kind === 'refused', venue);
      assert.match(
        refused.reason,
        /expected the exchange's identifier that the key is in use under/,
      );
      assert.equal(name(API_KEY, life), 'connections', 'the one in use may be named again');
      assert.equal(life.place(), 'signed');
      const request = life.requests.at(-1);
      assert.equal(request?.kind === 'request' && request.apiKey, API_KEY);
    }
  }
});

test('[S184] what was allowed is signed before a change that came along with it takes its key away', (t) => {
  const { signer, successor } = withSuccessor(t, SYSTEM_DISK);
  const another = { name: 'main', venue: 'binance', replaces: signer.connection } as const;
  const decisions = signer.ask(
    { kind: 'queryPermissions', connection: successor },
    { kind: 'createConnection', ...another },
  );
  assert.deepEqual(decisions.map(outcomeOf), ['signed', 'connections']);
  const together = signer.ask(placeIntent(signer.connection), {
    kind: 'freezeConnection',
    connection: signer.connection,
    cause: 'person',
  });
  assert.deepEqual(together.map(outcomeOf), ['signed', 'connections']);
  const kinds = readLog(signer.directory).map(({ kind }) => kind);
  assert.ok(
    kinds.lastIndexOf('signed') < kinds.indexOf('freeze'),
    'in the order in which they came',
  );
});

test('[S185] attack 33: the file of a key that was replaced is destroyed when it is put back', (t) => {
  const { signer, successor } = withSuccessor(t, SYSTEM_DISK);
  const old = signer.connection;
  const path = join(signer.directory, 'vault', `${old}.vault`);
  const kept = readFileSync(path);
  signer.connection = successor;
  check(signer);
  assert.ok(!existsSync(path));
  writeFileSync(path, kept, { mode: 0o600 });
  const next = new OpenSigner(signer.directory, { time: signer.time });
  assert.ok(!existsSync(path));
  assert.match(next.said.join(' '), /was still here or here again; it is destroyed/);
  next.connection = old;
  assert.equal(next.place(), 'signed');
});

test('[S184] a new key heals a quarantine, but a frozen connection stays frozen', (t) => {
  const signer = active(t);
  const { connection } = signer;
  check(signer, { ...GOOD, ipRestrict: false });
  freeze(signer);
  const [made] = signer.ask({
    kind: 'createConnection',
    name: 'main',
    venue: 'binance',
    replaces: connection,
  });
  assert.equal(made?.kind, 'connections');
  const successor = made.connections[0]?.connection ?? '';
  signer.ask({ kind: 'activateConnection', connection: successor, apiKey: 'another' });
  signer.connection = successor;
  check(signer);
  assert.deepEqual(
    [infoOf(signer, connection).state, infoOf(signer, connection).quarantined],
    ['frozen', null],
  );
});
