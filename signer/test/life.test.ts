// SPDX-License-Identifier: Apache-2.0
// The life of a connection within the signer: checks of its rights, freezing and thawing.

import { strict as assert } from 'node:assert';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Passkey } from '../../test/passkey.ts';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import type { Decision, OrderIntent } from '../src/index.ts';
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
import {
  HOUR_MS,
  DAY_MS,
  POLICY,
  GOOD,
  connected,
  lives,
  answer,
  check,
  infoOf,
  active,
  freeze,
  enrol,
  withSuccessor,
  buy,
} from './life-fixture.ts';

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
