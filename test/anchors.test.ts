// SPDX-License-Identifier: Apache-2.0
// Dates for the log from time-stamping authorities: the desk that asks for them, and the terminal that checks them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { AnchorDesk, type AnchorView } from '../server/src/witness/anchor-desk.ts';
import { anchorsFolder, listAnchors } from '../server/src/witness/anchor-files.ts';
import {
  authorityListPath,
  parseAuthorityList,
  type TimeAuthority,
} from '../server/src/witness/anchor-list.ts';
import { askOver } from '../server/src/witness/http-answer.ts';
import { PublicLog } from '../server/src/witness/public-log.ts';
import { witnessStanding } from '../server/src/witness/witness-level.ts';
import {
  authorityChain,
  pemOf,
  REJECTED,
  stampOf,
  startAuthority,
  type Wrong,
} from '../server/test/time-authority.ts';
import { toVerifierKey } from '../tlog/src/index.ts';
import { testSigner } from '../tlog/test/keys.ts';
import { ClientWorld, FORGED_ENTRIES, LOG, LOG_KEY } from './witness-world.ts';

const MAIN = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CHAIN = authorityChain();
const OTHERS = authorityChain();

interface Told {
  readonly name: string;
  readonly isStale: boolean;
}

/** A data directory with a log, an authority that the test steers, and a clock that the test turns. */
class AnchorWorld extends ClientWorld {
  readonly told: Told[] = [];
  readonly faults: unknown[] = [];
  anchors: AnchorDesk;
  /** What is wrong with the next answers. */
  wrong: Wrong = {};
  isDown = false;
  /** Whether it says that it has created what it answers. */
  isCreated = false;
  #url = '';

  constructor(t: TestContext) {
    super(t);
    this.anchors = this.anchorDesk();
  }

  anchorDesk(): AnchorDesk {
    return new AnchorDesk({
      dataDirectory: this.directory,
      log: new PublicLog(this.directory),
      logKeys: () => [LOG.key],
      time: {
        now: () => this.nowMs,
        monotonic: () => this.nowMs,
        after: () => () => undefined,
        every: () => () => undefined,
        soon: (work) => setImmediate(work),
        pause: async () => undefined,
      },
      onStale: (name, isStale) => this.told.push({ name, isStale }),
      onError: (error) => this.faults.push(error),
    });
  }

  async authority(t: TestContext): Promise<Uint8Array[]> {
    const { url, requests } = await startAuthority(
      (work) => t.after(work),
      (request, response) => {
        if (this.isDown) {
          response.writeHead(503).end();
          return undefined;
        }
        const at = new Date(this.nowMs);
        const stamp = stampOf(request, CHAIN.authority, { at, ...this.wrong });
        if (!this.isCreated) return stamp;
        response.writeHead(201, { 'content-type': 'application/timestamp-reply' }).end(stamp);
        return undefined;
      },
    );
    this.#url = url;
    return requests;
  }

  writeAuthorities(...changes: readonly Partial<TimeAuthority>[]): void {
    const path = authorityListPath(this.directory);
    mkdirSync(dirname(path), { recursive: true });
    const authorities = changes.map((change) => ({
      name: 'clock',
      url: this.#url,
      certificates: pemOf(CHAIN.root),
      since: this.nowMs,
      ...change,
    }));
    writeFileSync(path, JSON.stringify({ authorities }));
  }

  async later(ms: number): Promise<AnchorView | undefined> {
    this.nowMs += ms;
    await this.anchors.round();
    if (this.faults.length > 0) throw this.faults[0];
    return this.anchors.status().anchors[0];
  }

  files(): readonly string[] {
    try {
      return readdirSync(anchorsFolder(this.directory)).toSorted();
    } catch {
      return [];
    }
  }
}

/** Certificates are valid around today, so that is the day here. */
async function world(t: TestContext): Promise<{ here: AnchorWorld; requests: Uint8Array[] }> {
  const here = new AnchorWorld(t);
  here.nowMs = Math.floor(Date.now() / 1000) * 1000;
  const requests = await here.authority(t);
  here.writeLog(20);
  return { here, requests };
}

test('[Y162] a chosen authority dates the last checkpoint once a day, and nobody is asked unasked', async (t) => {
  const { here, requests } = await world(t);
  assert.equal(await here.later(0), undefined);
  assert.equal(requests.length, 0, 'no authority, no request');
  here.writeAuthorities({});
  const first = await here.later(MINUTE);
  assert.deepEqual(
    [first?.state, first?.size, first?.at, first?.count, first?.isFresh],
    ['anchored', 20, here.nowMs, 1, true],
  );
  const sent = requests[0] ?? new Uint8Array();
  assert(sent.length < 80, 'a hash and a number, no more');
  assert.equal(here.files().length, 2);
  for (const name of here.files()) {
    assert.equal(statSync(join(anchorsFolder(here.directory), name)).mode & 0o077, 0);
  }
  const [{ checkpoint } = { checkpoint: '' }] = listAnchors(here.directory);
  assert.deepEqual(
    readFileSync(checkpoint),
    readFileSync(join(here.directory, 'log', 'checkpoint')),
  );
  here.writeLog(30);
  await here.later(23 * 60 * MINUTE);
  assert.equal(requests.length, 1, 'not within the day');
  const second = await here.later(60 * MINUTE);
  assert.deepEqual([second?.size, second?.count, requests.length], [30, 2, 2]);
  // A restart knows what lies on the disk.
  here.anchors = here.anchorDesk();
  const again = await here.later(MINUTE);
  assert.deepEqual(
    [again?.size, again?.count, again?.state, requests.length],
    [30, 2, 'anchored', 2],
  );
});

test('[Y162] on demand it is dated at once, at most every ten seconds', async (t) => {
  const { here, requests } = await world(t);
  here.writeAuthorities({});
  await here.anchors.now();
  await here.anchors.now();
  assert.equal(requests.length, 1);
  here.nowMs += 10_000;
  here.isCreated = true;
  const { anchors } = await here.anchors.now();
  assert.deepEqual([requests.length, anchors[0]?.count], [2, 2]);
});

test('[Y163] what proves nothing is not kept, is asked for again at growing pauses, and after three days raises an alarm until it works', async (t) => {
  const { here, requests } = await world(t);
  here.isDown = true;
  here.writeAuthorities({});
  const first = await here.later(0);
  assert.deepEqual([first?.state, first?.reason], ['failing', 'it answered 503']);
  await here.later(4 * MINUTE);
  assert.equal(requests.length, 1);
  await here.later(MINUTE);
  await here.later(5 * MINUTE);
  assert.equal(requests.length, 2, 'the second pause is longer');
  await here.later(5 * MINUTE);
  assert.equal(requests.length, 3);
  for (let hours = 0; hours < 73; hours += 1) await here.later(60 * MINUTE);
  assert(requests.length > 12 && requests.length < 22, `${requests.length} requests in three days`);
  assert.deepEqual(here.told, [
    { name: 'clock', isStale: false },
    { name: 'clock', isStale: true },
  ]);
  // The document of an attempt that failed is not left behind for each of them.
  assert.equal(here.files().filter((name) => name.endsWith('.checkpoint')).length, 1);
  here.isDown = false;
  const last = await here.later(6 * 60 * MINUTE);
  assert.equal(last?.state, 'anchored');
  assert.deepEqual(here.told.at(-1), { name: 'clock', isStale: false });
  assert.equal(here.files().length, 2);
});

test('[Y163] answers of any wrong kind are told apart and none is kept', async (t) => {
  const { here } = await world(t);
  const wrongs: readonly (readonly [Wrong, RegExp])[] = [
    [{ status: REJECTED, statusWords: 'closed' }, /refused: rejection: closed/],
    [{ digest: new Uint8Array(32) }, /other bytes/],
    [{ nonce: 5n }, /nonce/],
    [{ isSignatureBroken: true }, /signature is wrong/],
    [{ at: new Date(here.nowMs - 6 * MINUTE) }, /one of them is wrong/],
    [{ at: new Date(here.nowMs + 6 * MINUTE) }, /one of them is wrong/],
  ];
  here.writeAuthorities({});
  for (const [wrong, reason] of wrongs) {
    here.wrong = wrong;
    await here.anchors.now();
    const [view] = here.anchors.status().anchors;
    assert.match(view?.reason ?? '', reason);
    assert.equal(view?.state, 'failing');
    here.nowMs += 10_000;
  }
  here.wrong = {};
  here.writeAuthorities({ certificates: pemOf(OTHERS.root) });
  assert.match((await here.later(10_000))?.reason ?? '', /not issued by one that is trusted/);
  assert.deepEqual(listAnchors(here.directory), []);
  assert.equal(witnessStanding([], here.anchors.status().anchors).level, 'W0');
});

test('[Y163] garbage, a huge answer, a redirect, another kind of content and silence are borne', async (t) => {
  const { here } = await world(t);
  let elsewhere = 0;
  const behind = await startAuthority(
    (work) => t.after(work),
    (request) => {
      elsewhere += 1;
      return stampOf(request, CHAIN.authority);
    },
  );
  const kinds: Readonly<Record<string, RegExp>> = {
    garbage: /no time stamp/,
    huge: /more than 65536 bytes/,
    redirect: /does not answer/,
    html: /no application\/timestamp-reply/,
    cut: /does not answer/,
  };
  const { url } = await startAuthority(
    (work) => t.after(work),
    (request, response) => {
      const kind = new URL(`http://x${response.req.url ?? ''}`).searchParams.get('kind');
      if (kind === 'garbage') return Buffer.from('nothing of the kind');
      if (kind === 'huge') return Buffer.alloc(70_000);
      if (kind === 'redirect') response.writeHead(307, { location: behind.url }).end();
      if (kind === 'html') {
        response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(stampOf(request, CHAIN.authority));
      }
      if (kind === 'cut') response.destroy();
      return undefined;
    },
  );
  for (const [kind, reason] of Object.entries(kinds)) {
    here.writeAuthorities({ name: kind, url: `${url}?kind=${kind}` });
    const view = await here.later(MINUTE);
    assert.equal(view?.authority, kind);
    assert.match(view?.reason ?? '', reason, kind);
  }
  const silent = await startAuthority(
    (work) => t.after(work),
    () => undefined,
  );
  // A desk that stops waits for nobody.
  here.writeAuthorities({ name: 'silent', url: silent.url });
  const waiting = here.later(MINUTE);
  await once(silent.server, 'request');
  await here.anchors.close();
  assert.match((await waiting)?.reason ?? '', /does not answer/);
  const asked = { body: Buffer.from('?'), timeoutMs: 100, bytesMax: 10 };
  const slow = await askOver(silent.url, asked);
  assert(!slow.ok);
  assert.match(slow.reason, /does not answer/);
  assert.equal(elsewhere, 0, 'nobody is asked whom the owner did not name');
  assert.deepEqual(listAnchors(here.directory), []);
});

test('[Y164] W2 is said while a date is younger than three days, and never that it stops another history', async (t) => {
  const { here } = await world(t);
  here.writeAuthorities({});
  await here.later(0);
  const { anchors } = here.anchors.status();
  const alone = witnessStanding([], anchors);
  assert.equal(alone.level, 'W2');
  assert.match(alone.meaning, /dated by clock at .* does not stop another history/);
  const own = { operator: 'me', relation: 'own', isFresh: true } as const;
  const both = witnessStanding([own], anchors);
  assert.equal(both.level, 'W2');
  assert.match(both.meaning, /does not stop another history.*second machine of yours/);
  const person = witnessStanding([{ ...own, relation: 'person', operator: 'Anna' }], anchors);
  assert.equal(person.level, 'W3');
  assert.match(person.meaning, /the log was dated by clock/);
  here.isDown = true;
  await here.later(3 * DAY);
  assert.equal(witnessStanding([], here.anchors.status().anchors).level, 'W0');
  assert.equal(witnessStanding([own], here.anchors.status().anchors).level, 'W1');
});

test('[Y165] the list is read strictly, a change counts while the desk runs, and a wrong one is told', async (t) => {
  const { here, requests } = await world(t);
  const one = { name: 'a', url: 'http://127.0.0.1:1/', certificates: '', since: 0 };
  for (const [authorities, reason] of [
    [[one, one], /two authorities/],
    [[{ ...one, url: 'ftp://a' }], /http/],
    [[{ ...one, name: 'A b' }], /name/],
    [[{ ...one, more: 1 }], /./],
    [[1, 2, 3, 4, 5].map((number) => ({ ...one, name: `a${number}` })), /./],
    ['none', /./],
  ] as const) {
    const parsed = parseAuthorityList({ authorities });
    assert(!parsed.ok);
    assert.match(parsed.reason, reason);
  }
  here.writeAuthorities({});
  await here.later(0);
  writeFileSync(authorityListPath(here.directory), '{');
  await here.later(MINUTE);
  assert.match(here.anchors.status().fault ?? '', /must be JSON/);
  assert.equal(here.anchors.status().anchors.length, 1, 'the last good list stays in force');
  rmSync(authorityListPath(here.directory));
  assert.equal(await here.later(MINUTE), undefined);
  assert.equal(requests.length, 1);
});

interface Said {
  readonly code: number | null;
  readonly text: string;
}

async function kontor(...args: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args]);
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  child.stderr.on('data', (part: Buffer) => (text += part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

test('[C170, C223] dates are checked offline: one by itself, all against the log as it stands, and a rewritten log is found out', async (t) => {
  const { here } = await world(t);
  const ca = join(here.directory, 'ca.pem');
  writeFileSync(ca, pemOf(CHAIN.root));
  const data = ['--data', here.directory];
  const use = await kontor('log', 'anchor', 'use', 'clock', ...data, '--url', 'http://127.0.0.1:1/', '--ca', ca); // prettier-ignore
  assert.equal(use.code, 0, use.text);
  const wrongCa = await kontor('log', 'anchor', 'use', 'other', ...data, '--url', 'http://127.0.0.1:1/', '--ca', MAIN); // prettier-ignore
  assert.match(wrongCa.text, /expected 1 to 64 certificates/);
  here.writeAuthorities({});
  await here.later(0);
  here.writeLog(30);
  writeFileSync(join(here.directory, 'log', 'vkey'), `${LOG_KEY}\n`);
  const [{ checkpoint } = { checkpoint: '' }] = listAnchors(here.directory);
  const time = new Date(here.nowMs).toISOString();

  const one = await kontor('log', 'anchor', 'verify', checkpoint, '--ca', ca, '--key', LOG_KEY);
  assert.equal(one.code, 0, one.text);
  assert.equal(
    one.text,
    `This tree of 20 entries of ${LOG.key.name} existed before ${time}, says Test Time Authority.\n`,
  );
  const all = await kontor('log', 'anchor', 'verify', ...data);
  assert.equal(all.code, 0, all.text);
  assert.match(
    all.text,
    /1 dated checkpoints\n.*the tree of 20 entries existed before .*says clock/,
  );

  const otherCa = join(here.directory, 'other.pem');
  writeFileSync(otherCa, pemOf(OTHERS.root));
  const other = await kontor('log', 'anchor', 'verify', checkpoint, '--ca', otherCa, ...data);
  assert.equal(other.code, 1);
  assert.match(other.text, /not issued by one that is trusted/);

  // Closed and gone on under the next name, as after a restore.
  const next = testSigner(`${LOG.key.name}/2`);
  for (const [entries, isThere] of [
    [undefined, 'which is in'],
    [FORGED_ENTRIES, 'which is not in'],
  ] as const) {
    here.writeLog(30, entries, next);
    writeFileSync(join(here.directory, 'log', 'vkey'), `${toVerifierKey(next.key)}\n`);
    const reopened = await kontor('log', 'anchor', 'verify', ...data);
    assert.equal(reopened.code, 0, reopened.text);
    assert.match(reopened.text, /\/2, 0 dated checkpoints\n {2}of .* the tree of 20 entries, /);
    assert.match(reopened.text, new RegExp(isThere));
  }

  here.writeLog(30, FORGED_ENTRIES);
  writeFileSync(join(here.directory, 'log', 'vkey'), `${LOG_KEY}\n`);
  const rewritten = await kontor('log', 'anchor', 'verify', ...data);
  assert.equal(rewritten.code, 1);
  assert.match(rewritten.text, /the log was rewritten/);

  here.writeLog(10);
  writeFileSync(join(here.directory, 'log', 'vkey'), `${LOG_KEY}\n`);
  assert.match((await kontor('log', 'anchor', 'verify', ...data)).text, /was cut back/);
  const dropped = await kontor('log', 'anchor', 'drop', 'clock', ...data);
  assert.match(dropped.text, /0 authorities/);
  assert.equal(listAnchors(here.directory).length, 1, 'what was dated stays');
});
