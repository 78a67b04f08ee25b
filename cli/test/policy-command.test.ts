// SPDX-License-Identifier: Apache-2.0
// `kontor policy` as a person runs it: real processes, a real desk, running and stopped.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { policyWords } from '@kontor/core';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN];
const WAIT_MS_MAX = 60_000;
const POLL_MS = 50;

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function policy(data: string, ...args: readonly string[]): Said {
  return policyWith({}, data, ...args);
}

function policyWith(
  env: Readonly<Record<string, string>>,
  data: string,
  ...args: readonly string[]
): Said {
  return kontor(env, data, 'policy', ...args);
}

function kontor(
  env: Readonly<Record<string, string>>,
  data: string,
  ...args: readonly string[]
): Said {
  const result = spawnSync(process.execPath, [...FLAGS, ...args, '--data', data], {
    encoding: 'utf8',
    input: '',
    timeout: WAIT_MS_MAX,
    env: { ...process.env, ...env },
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

class Desk {
  readonly child: ChildProcess;
  readonly #exit: Promise<void>;
  isReady = false;
  err = '';

  constructor(t: TestContext, data: string) {
    this.child = spawn(
      process.execPath,
      [...FLAGS, 'start', '--json', '--no-open', '--port', '0', '--data', data],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    if (this.child.stdout !== null)
      createInterface({ input: this.child.stdout }).on('line', () => (this.isReady = true));
    this.#exit = new Promise((resolve) => this.child.once('exit', () => resolve()));
    t.after(() => this.stop());
  }

  async ready(): Promise<this> {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!this.isReady) {
      assert.ok(performance.now() < deadline, `the desk does not start: ${this.err}`);
      await delay(POLL_MS);
    }
    return this;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.#exit;
  }
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-policy-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Asks a running desk until the answer is as wanted: just after its start the signer may not be joined yet. */
async function until(ask: () => Said, isSo: (said: Said) => boolean): Promise<Said> {
  const deadline = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const said = ask();
    if (isSo(said)) return said;
    assert.ok(performance.now() < deadline, said.out + said.err);
    await delay(POLL_MS);
  }
}

test('[C90] a policy is said in words, with its worst day, from a running desk and a stopped one alike', async (t) => {
  const data = join(scratch(t), 'desk');
  const desk = await new Desk(t, data).ready();
  const running = await until(
    () => policy(data, 'show'),
    ({ code }) => code === 0,
  );
  await desk.stop();
  const stopped = policy(data, 'show');
  assert.equal(stopped.out, running.out);
  assert.match(
    stopped.out,
    /May: place orders to buy and to sell as limit orders.* prices 5\.0% worse than the references/,
  );
  assert.match(stopped.out, /Prices: bookTicker, avgPrice, asked for by egress, at most 5 s old/);
  assert.match(
    stopped.out,
    /The worst day: 1000000 USDT turned over, of which bad prices could cost 50000 USDT/,
  );
  const facts = JSON.parse(policy(data, 'show', '--json').out);
  assert.deepEqual(facts.connections[0].worstDay, [
    { asset: 'USDT', turnover: '1000000', loss: '50000' },
  ]);
});

test('[C91] a file is checked: where it departs from the grammar, or what it says and would change', async (t) => {
  const directory = scratch(t);
  const file = join(directory, 'candidate');
  const none = join(directory, 'none');
  writeFileSync(file, 'policy/v1\nconnection demo\nallow op=order.place notional<=5e2 USDT\n');
  const wrong = policy(none, 'check', file);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /candidate:3:32: expected a plain decimal number, found "5e2"/);
  const { error } = JSON.parse(policy(none, 'check', file, '--json').out);
  assert.deepEqual([error.error.line, error.error.column], [3, 32]);
  writeFileSync(file, 'policy/v1\nconnection demo\nallow op=order.place symbol=BTCUSDT\n');
  const right = policy(none, 'check', file);
  assert.equal(right.code, 0);
  assert.match(right.out, /The worst day: no limit/);
  assert.equal(policy(none, 'check', join(directory, 'missing')).code, 1);
});

test('[C92] a running desk tightens at once, explains by the new limits, and leaves loosening to a passkey', async (t) => {
  const directory = scratch(t);
  const data = join(directory, 'desk');
  const desk = await new Desk(t, data).ready();
  await until(
    () => policy(data, 'show'),
    ({ code }) => code === 0,
  );
  const text = readFileSync(join(data, 'signer', 'policy'), 'utf8');
  const [tighter, looser] = [join(directory, 'tighter'), join(directory, 'looser')];
  writeFileSync(tighter, text.replace('notional<=2000', 'notional<=1500'));
  writeFileSync(looser, text.replace('notional<=2000', 'notional<=2500'));
  const unconfirmed = policy(data, 'edit', '--from', tighter);
  // A script is not told that all is well.
  assert.equal(unconfirmed.code, 2);
  assert.match(
    unconfirmed.err,
    /expected a terminal to ask in, found none; --yes .*Nothing is changed/,
  );
  assert.doesNotMatch(unconfirmed.err, /kept in/, 'it lies where it lay');
  const tightened = policy(data, 'edit', '--from', tighter, '--yes');
  assert.equal(tightened.code, 0, tightened.err);
  assert.match(tightened.out, /only tightens.*The policy holds from now on/s);
  const order = ['buy', 'BTCUSDT', '0.05', '40000'];
  const refused = policy(data, 'explain', 'demo', ...order);
  assert.equal(refused.code, 1);
  assert.match(
    refused.out,
    /Refused by demo-orders: notional: expected notional of at most 1500 USDT, found 2000/,
  );
  const allowed = await until(
    () => policy(data, 'explain', 'demo', 'buy', 'BTCUSDT', '0.01', '40000'),
    ({ code }) => code === 0,
  );
  assert.match(allowed.out, /Allowed by demo-orders\..*per-day .* of 1000000 USDT is used/s);
  const loosened = policy(data, 'edit', '--from', looser, '--yes');
  assert.equal(loosened.code, 1);
  assert.match(loosened.err, /expected an enrolled owner, found none/);
  await desk.stop();
});

test('[C93, C181] of a stopped desk whoever can open the vault changes the policy at once, in an editor or from a file', async (t) => {
  const directory = scratch(t);
  const data = join(directory, 'desk');
  await (await new Desk(t, data).ready()).stop();
  const file = join(data, 'signer', 'policy');
  const before = readFileSync(file, 'utf8');
  // C181: nobody to type, nothing to type into.
  const nobody = policyWith({ VISUAL: '', EDITOR: '' }, data, 'edit');
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /expected a terminal to open an editor in, found none; .*--from FILE/);
  assert.equal(readFileSync(file, 'utf8'), before);
  // C181: what was typed and not taken is kept, whether it is no policy, was not confirmed, or its editor failed.
  for (const script of ["'s/policy/police/'", "'s/notional<=2000/notional<=2500/'"]) {
    const refused = policyWith({ VISUAL: ' ', EDITOR: `sed -i ${script}` }, data, 'edit');
    assert.equal(readFileSync(file, 'utf8'), before);
    const [, draft = ''] =
      /kept in (.+); go on with it: kontor policy edit --from \1\n/.exec(refused.err) ?? [];
    assert.notEqual(draft, '', refused.err);
    assert.match(readFileSync(draft, 'utf8'), /police|notional<=2500/);
    rmSync(dirname(draft), { recursive: true });
  }
  const untouched = policyWith({ VISUAL: 'false' }, data, 'edit');
  assert.match(untouched.err, /the editor \(false\) ended with 1; .*\$EDITOR names another\n$/s);
  assert.doesNotMatch(untouched.err, /kept in/);
  const editor = "sed -i 's/notional<=2000/notional<=2500/'";
  const edited = policyWith({ VISUAL: editor }, data, 'edit', '--yes');
  assert.equal(edited.code, 0, edited.err);
  assert.match(edited.out, /It loosens, or may:/);
  assert.match(edited.err, /The policy holds from the next start on/);
  assert.equal(readFileSync(file, 'utf8'), before.replace('notional<=2000', 'notional<=2500'));
  writeFileSync(file, before);
  const locked = await new Desk(t, data).ready();
  const shown = await until(
    () => policy(data, 'show'),
    ({ code }) => code === 0,
  );
  assert.match(shown.out, /No order is signed: expected the policy that the log vouches for/);
  await locked.stop();
  const from = join(directory, 'from');
  writeFileSync(from, before);
  assert.equal(policy(data, 'edit', '--from', from, '--yes').code, 0);
  await new Desk(t, data).ready();
  const open = await until(
    () => policy(data, 'show'),
    ({ code }) => code === 0,
  );
  assert.doesNotMatch(open.out, /No order is signed/);
});

test('[C94, C95] what a hold line keeps is listed, dropped, and released with a passkey, or at the terminal of a stopped desk', async (t) => {
  const directory = scratch(t);
  const data = join(directory, 'desk');
  const desk = await new Desk(t, data).ready();
  await until(
    () => policy(data, 'show'),
    ({ code }) => code === 0,
  );
  const from = join(directory, 'held');
  const text = readFileSync(join(data, 'signer', 'policy'), 'utf8');
  const holding = text.replace('allow id=demo-orders', 'hold id=demo-orders expires=1h');
  writeFileSync(from, holding.replace('rate<=200', 'rate<=199'));
  const tightened = policy(data, 'edit', '--from', from, '--yes');
  assert.equal(tightened.code, 0, tightened.err);
  assert.match(tightened.out, /If you allow it each time, within 1 h: place orders/);
  // Whatever the bots have placed by now, closing a deal takes one order more.
  const deals = await until(
    () => kontor({}, data, 'deals', 'list', '--status', 'open'),
    ({ out }) => /^\d+-\d+ /m.test(out),
  );
  const [deal = ''] = /^\d+-\d+/m.exec(deals.out) ?? [];
  kontor({}, data, 'deals', 'close', deal);
  const listed = await until(
    () => policy(data, 'held'),
    ({ out }) => /^h[0-9]+ {2}/.test(out),
  );
  const [order = ''] = /^h[0-9]+/.exec(listed.out) ?? [];
  assert.match(listed.out, /, worth [0-9.]+, held by demo-orders: waits until /);
  const released = policy(data, 'release', order);
  assert.equal(released.code, 1);
  assert.match(released.err, /expected an enrolled owner, found none: enrol one/);
  const unknown = policy(data, 'drop', 'h1');
  assert.equal(unknown.code, 1, unknown.out);
  assert.match(unknown.err, /expected an order that waits for a person, found none named h1/);
  await desk.stop();
  const atTerminal = policy(data, 'release', order);
  assert.equal(atTerminal.code, 0, atTerminal.err);
  assert.match(atTerminal.err, /is released: .* is signed once if it comes again in time/);
  assert.equal(policy(data, 'release', order).code, 1, 'once');
  assert.equal(policy(data, 'drop', order).code, 0);
});

test('[C214] the terminal says the policy in the sentences of the page, and what to do where somebody wants to hold', (t) => {
  const file = join(scratch(t), 'candidate');
  const line = 'hold id=big op=order.place notional<=2000 USDT rate<=200/10s expires=30m';
  writeFileSync(file, `policy/v1\nconnection demo\n${line}\n`);
  const said = policy(join(file, 'none'), 'check', file, '--json');
  const [connection] = JSON.parse(said.out).connections;
  const [facts] = connection.lines;
  const onPage = policyWords.line(facts);
  assert.equal(
    onPage,
    'If you allow it each time, within 30 min: place orders; up to 2000 USDT an order, 200 requests per 10 s',
  );
  const inTerminal = policy(join(file, 'none'), 'check', file);
  assert.ok(inTerminal.out.includes(`  ${onPage}. (big)\n`), inTerminal.out);
  const hold = policy(join(file, 'none'), 'hold', 'h12');
  assert.equal(hold.code, 2);
  for (const verb of ['edit', 'held', 'release ORDER', 'drop ORDER'])
    assert.ok(hold.err.includes(`kontor policy ${verb}`), hold.err);
});
