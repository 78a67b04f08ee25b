// SPDX-License-Identifier: Apache-2.0
// Whose word on the log counts: by lists that the server cannot write, and by what the terminal computes itself.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deskFiles, makeDirectories } from '../cli/src/desk-files.ts';
import { overclaim, provenStanding } from '../cli/src/log/proven-standing.ts';
import { settleTrust } from '../cli/src/log/trusted-lists.ts';
import { serverStart } from '../cli/src/process-starts.ts';
import { authorityChain, pemOf, stampOf } from '../server/test/time-authority.ts';
import { anchorDigest, beginAnchor, endAnchor } from '../server/src/witness/anchor-files.ts';
import { readAuthorityList } from '../server/src/witness/anchor-list.ts';
import { toTimeStampRequest } from '../server/src/witness/time-stamp.ts';
import { readWitnessList, witnessListPath } from '../server/src/witness/witness-list.ts';
import { keptEnvironment, networkedArguments } from '../signer/src/hardening/plan.ts';
import type { Hardening } from '../signer/src/hardening/walls.ts';
import { kontor } from './kontor-command.ts';
import {
  ClientWorld,
  FORGED_ENTRIES,
  listed,
  LOG_KEY,
  startWitness,
  temporaryFolder,
} from './witness-world.ts';

const PROBE = fileURLToPath(new URL('trust-probe.ts', import.meta.url));
const HOUR = 60 * 60_000;
/** A user and a group without rights on every system. */
const NOBODY = 65_534;

test(
  '[T205] attack 29: a server that was taken over cannot change who counts, behind its own walls',
  { skip: process.platform === 'linux' ? false : 'Linux only' },
  async (t) => {
    const directory = temporaryFolder(t);
    const files = deskFiles(directory);
    makeDirectories(files);
    settleTrust(files);
    const before = readFileSync(join(files.trust, 'anchors.json'), 'utf8');
    mkdirSync(join(directory, 'witness'));
    const configFile = join(files.config, 'server.json');
    writeFileSync(configFile, '{}');
    const start = serverStart({
      dataDirectory: directory,
      configFile,
      environment: {},
      inherited: [],
      channel: null,
    });
    const given = networkedArguments({ ...start, main: PROBE }, [directory], [
      '--disable-warning=ExperimentalWarning',
    ]); // prettier-ignore
    const child = spawn(process.execPath, given, { env: keptEnvironment({}) });
    t.after(() => child.kill('SIGKILL'));
    let [out, said] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await once(child, 'close');
    assert.notEqual(out, '', said);
    const { hardening, outcomes } = JSON.parse(out) as {
      readonly hardening: Hardening;
      readonly outcomes: Readonly<Record<string, string>>;
    };
    if (hardening.walls.some(({ name, isUp }) => name === 'landlock' && !isUp))
      return t.skip('this kernel has no Landlock');
    const { 'reads the list': reads, 'writes in its own folder': writes, ...tries } = outcomes;
    assert.deepEqual([reads, writes], ['done', 'done'], 'the check can fail');
    for (const [name, outcome] of Object.entries(tries))
      assert.match(outcome, /^(EACCES|EXDEV|EPERM)$/, name);
    assert.equal(readFileSync(join(files.trust, 'anchors.json'), 'utf8'), before);
  },
);

test('[C208][Y241] lists of an earlier version are taken over once, and what is planted in their place later counts for nothing', async (t) => {
  const directory = temporaryFolder(t);
  const files = deskFiles(directory);
  const former = join(directory, 'witness', 'anchors.json');
  mkdirSync(join(directory, 'witness'));
  const list = {
    authorities: [
      { name: 'clock', url: 'https://tsa.example/', certificates: pemOf(authorityChain().root), since: 1 },
    ],
  }; // prettier-ignore
  writeFileSync(former, JSON.stringify(list));

  // Until somebody looks at it, it counts for nothing, and that is said.
  const unread = readAuthorityList(directory);
  assert.ok(!unread.ok);
  assert.match(unread.reason, /found it at .*witness\/anchors\.json alone, where it counts for nothing: .*kontor log trust/); // prettier-ignore

  const taken = await kontor(['log', 'trust', '--data', directory]);
  assert.equal(taken.code, 0, taken.errors);
  assert.match(taken.errors, /time-stamping authorities now lies at .*trust\/anchors\.json, .*: clock at https:\/\/tsa\.example\//); // prettier-ignore
  assert.match(taken.out, /trust\/witnesses\.json\n {2}no witness is asked\n.*trust\/anchors\.json\n {2}clock: https:\/\/tsa\.example\/\n {4}vouched for by .*, SHA-256 [0-9a-f]{64}\n/); // prettier-ignore
  assert.deepEqual(readAuthorityList(directory), { ok: true, value: list.authorities });
  assert.equal(existsSync(former), false);
  assert.equal(statSync(files.trust).mode & 0o777, 0o700);

  writeFileSync(
    former,
    JSON.stringify({ authorities: [{ ...list.authorities[0], name: 'evil' }] }),
  );
  writeFileSync(join(directory, 'witness', 'witnesses.json'), '{"witnesses":[{}]}');
  assert.deepEqual(settleTrust(files), []);
  assert.deepEqual(readAuthorityList(directory), { ok: true, value: list.authorities });
  assert.deepEqual(readWitnessList(directory), { ok: true, value: [] });
});

test('[C208] what is no list is not taken over, nor what a link leads to', (t) => {
  const directory = temporaryFolder(t);
  const files = deskFiles(directory);
  mkdirSync(join(directory, 'witness'));
  const secret = join(directory, 'secret');
  writeFileSync(secret, '{"authorities":[]}');
  symlinkSync(secret, join(directory, 'witness', 'anchors.json'));
  spawnSync('mkfifo', [join(directory, 'witness', 'witnesses.json')]);
  const said = settleTrust(files);
  assert.equal(said.length, 2);
  for (const line of said) assert.match(line, /is no list that can be taken over; .* begins empty/);
  assert.deepEqual(readAuthorityList(directory), { ok: true, value: [] });
  assert.deepEqual(readWitnessList(directory), { ok: true, value: [] });
});

test(
  '[C208] what root makes in another user’s directory that user can read',
  { skip: getuid?.() === 0 ? false : 'needs root' },
  (t) => {
    const directory = temporaryFolder(t);
    chownSync(directory, NOBODY, NOBODY);
    settleTrust(deskFiles(directory));
    for (const name of ['', 'anchors.json', 'witnesses.json'])
      assert.equal(statSync(join(directory, 'trust', name)).uid, NOBODY, name);
  },
);

test(
  '[C208] whoever may not write where the lists lie is told so',
  { skip: getuid?.() === 0 ? 'root may write everywhere' : false },
  async (t) => {
    const directory = temporaryFolder(t);
    mkdirSync(join(directory, 'trust'), { mode: 0o500 });
    const { code, errors } = await kontor(['log', 'trust', '--data', directory]);
    assert.equal(code, 1);
    assert.match(errors, /expected to run as the user who may write there/);
  },
);

/** A log of this size whose verifier key lies beside it, and a witness that has signed it. */
async function witnessed(t: TestContext): Promise<ClientWorld> {
  const world = new ClientWorld(t);
  world.nowMs = Date.now();
  world.writeLog(20);
  writeFileSync(join(world.directory, 'log', 'vkey'), `${LOG_KEY}\n`);
  const witness = await startWitness(t, join(temporaryFolder(t), 'w'));
  world.writeList([listed('anna', witness)]);
  await world.pass(0);
  const { level, witnesses, lists } = world.desk.status();
  assert.equal(level, 'W3');
  assert.deepEqual(witnesses[0]?.keys, witness.keys.verifierKeys);
  assert.equal(lists.witnesses, 'trust/witnesses.json');
  return world;
}

test('[C209] the terminal computes the level from what lies on disk, by keys that the server cannot choose', async (t) => {
  const world = await witnessed(t);
  const files = deskFiles(world.directory);
  const level = async (now = world.nowMs): Promise<string> =>
    (await provenStanding(files, now)).level;
  assert.equal(await level(), 'W3');
  assert.equal(await level(world.nowMs + HOUR + 60_000), 'W0', 'a cosignature counts for an hour');
  // A witness that nobody named, whatever lies in the server's folder.
  const list = readFileSync(witnessListPath(world.directory));
  world.writeList([]);
  writeFileSync(join(world.directory, 'witness', 'witnesses.json'), list);
  assert.equal(await level(), 'W0');
  writeFileSync(witnessListPath(world.directory), list);
  // A cosigned tree that the log does not continue says nothing of this log.
  world.writeLog(30, FORGED_ENTRIES);
  writeFileSync(join(world.directory, 'log', 'vkey'), `${LOG_KEY}\n`);
  assert.equal(await level(), 'W0');
  world.writeLog(30);
  assert.equal((await provenStanding(files, world.nowMs)).fault?.includes('expected a log'), true);
  writeFileSync(join(world.directory, 'log', 'vkey'), `${LOG_KEY}\n`);
  assert.equal(await level(), 'W3', 'the log grew');
  writeFileSync(join(world.directory, 'witness', 'anna.checkpoint'), 'torn');
  assert.equal(await level(), 'W3', 'the note with all signatures says it too');
  rmSync(join(world.directory, 'witness', 'checkpoint'));
  spawnSync('mkfifo', [join(world.directory, 'witness', 'checkpoint')]);
  assert.equal(await level(), 'W0', 'what is no file is not waited for');

  // Dates: by the authority's certificates of the owner's list alone.
  const chain = authorityChain();
  const date = (root: string): void =>
    writeFileSync(
      join(files.trust, 'anchors.json'),
      JSON.stringify({ authorities: [{ name: 'clock', url: 'https://tsa.example/', certificates: root, since: 1 }] }),
    ); // prettier-ignore
  const note = readFileSync(join(files.log, 'checkpoint'));
  const place = beginAnchor(world.directory, 'clock', world.nowMs, note);
  const question = toTimeStampRequest(anchorDigest(note), Buffer.from('4142434445464748', 'hex'));
  endAnchor(place, stampOf(question, chain.authority, { at: new Date(world.nowMs) }));
  date(pemOf(authorityChain().root));
  assert.equal(await level(), 'W0', 'another root than the owner named');
  date(pemOf(chain.root));
  assert.equal(await level(), 'W2');
  assert.equal(await level(world.nowMs + 73 * HOUR), 'W0', 'a date counts for three days');
});

test('[C209] a desk that claims more than lies on disk is contradicted', async (t) => {
  const world = await witnessed(t);
  const claimed = { level: 'W4', operators: 9, meaning: 'all is well', witnesses: [], anchors: [], fault: null } as const; // prettier-ignore
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(claimed));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  mkdirSync(join(world.directory, 'run'));
  const access = { url: `http://127.0.0.1:${port}`, token: 'a'.repeat(43) };
  writeFileSync(join(world.directory, 'run', 'terminal.json'), JSON.stringify(access));
  const status = ['log', 'witness', 'status', '--data', world.directory];
  const { code, out, errors } = await kontor(status);
  assert.match(out, /^W3: another person/);
  assert.doesNotMatch(out, /all is well/);
  assert.match(errors, /the desk says W4, and what lies on disk proves W3 alone/);
  assert.equal(code, 1);
  const document = JSON.parse((await kontor([...status, '--json'])).out) as {
    proven: { level: string };
  };
  assert.equal(document.proven.level, 'W3');
  assert.equal(overclaim({ ...claimed, level: 'W3' }, { ...claimed, level: 'W3' }), null);
  assert.equal(overclaim({ ...claimed, level: 'W0' }, { ...claimed, level: 'W3' }), null);
});
