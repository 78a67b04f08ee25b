// SPDX-License-Identifier: Apache-2.0
// Who may vouch for the exchange: authorities made on the spot, all trusted by the system, and a man in the middle with one.

import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DetailedPeerCertificate } from 'node:tls';
import type { Answer } from '@kontor/signer';
import { issuersOf } from '../src/issuers.ts';
import { PinStore, PinStoreError, readGivenPins } from '../src/pin-store.ts';
import { Authority, type ServerCertificate } from './authority.ts';
import { Desk, EGRESS_MAIN, placeIntent } from './desk.ts';
import { VenueServer } from './venue-server.ts';

const HOST = '127.0.0.1';
type Condition = Extract<Answer, { kind: 'condition' }>;

const root = new Authority('Honest Root');
const between = root.sub('Honest Sub');
const rogue = new Authority('Rogue Root');
/** Bears the very names of the honest ones. */
const impostor = new Authority('Honest Root');
const impostorBetween = impostor.sub('Honest Sub');

interface Scene {
  readonly desk: Desk;
  readonly venue: VenueServer;
  readonly store: PinStore;
  readonly state: string;
}

async function scene(
  t: TestContext,
  options: { readonly given?: string; readonly certificate?: ServerCertificate } = {},
): Promise<Scene> {
  const venue = await VenueServer.start(t, options.certificate ?? between.issue());
  const desk = new Desk(t, { demo: venue.addresses });
  const trusted = join(desk.parent, 'trusted.pem');
  writeFileSync(trusted, [root, rogue, impostor].map(({ pem }) => pem).join(''));
  desk.environment = { NODE_EXTRA_CA_CERTS: trusted };
  const state = join(desk.parent, 'egress');
  mkdirSync(state, { mode: 0o700 });
  desk.egressOptions = ['--state', state];
  if (options.given !== undefined) writeFileSync(join(desk.parent, 'tls-pins'), options.given);
  await desk.startWithChannel();
  await desk.connect();
  venue.publicKeyPem = desk.publicKeyPem;
  return { desk, venue, store: new PinStore(state), state };
}

function condition(desk: Desk, isWanted: (found: Condition) => boolean): Promise<Condition> {
  return desk.server.find((found) =>
    found.kind === 'condition' && isWanted(found) ? found : undefined,
  );
}

async function refusal(desk: Desk): Promise<string> {
  const answer = await desk.perform(placeIntent(desk.connection));
  assert.equal(answer.kind, 'failed', JSON.stringify(answer));
  assert.equal(answer.certainty, 'notSent');
  return answer.reason;
}

async function openStream(desk: Desk): Promise<string> {
  const { connection } = desk;
  const answer = await desk.perform({ kind: 'subscribe', connection });
  if (answer.kind === 'answer') return `status ${answer.status}`;
  return `${answer.certainty}: ${answer.reason}`;
}

test('[E60] a host is known by the authorities above its first certificate, over requests and streams', async (t) => {
  const { desk, venue, store } = await scene(t);
  const answer = await desk.perform(placeIntent(desk.connection));
  assert.equal(answer.kind, 'answer');
  assert.equal(await openStream(desk), 'status 200');
  const pins = store.pins.get(HOST);
  assert.equal(pins?.by, 'firstUse');
  assert.deepEqual(pins.issuers, [
    { name: 'Honest Sub', fingerprint: between.fingerprint },
    { name: 'Honest Root', fingerprint: root.fingerprint },
  ]);
  // Another key, another certificate, another authority in between: the root is the same.
  venue.showCertificate(root.sub('Another Sub').issue());
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  assert.equal(await openStream(desk), 'status 200');
  assert.deepEqual(store.pins.get(HOST), pins, 'nothing is learned beside the first');
});

test('[E61] attack 51: a man in the middle with an authority that the system trusts gets no byte of a request, and is told', async (t) => {
  const { desk, venue, store } = await scene(t);
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  const before = venue.requests.length;
  venue.showCertificate(rogue.issue());
  const reason = await refusal(desk);
  assert.match(reason, /certificate of 127\.0\.0\.1 comes from Rogue Root \([0-9a-f]{16}…\)/);
  assert.match(reason, /expected Honest Sub .* Honest Root/);
  assert.match(reason, /kontor connect pins/);
  assert.match(
    await openStream(desk),
    /^notSent: the certificate of 127\.0\.0\.1 comes from Rogue/,
  );
  assert.equal(venue.requests.length, before, 'he read no request');
  assert.equal(venue.sockets.length, 0, 'and no subscription');
  const told = await condition(desk, ({ isOver }) => !isOver);
  assert.equal(told.condition, 'issuerRefused');
  assert.equal(told.subject, HOST);
  assert.equal(told.facts['found'], 'Rogue Root');
  assert.equal(told.facts['foundKeys'], rogue.fingerprint);
  assert.equal(told.facts['expectedKeys'], `${between.fingerprint} ${root.fingerprint}`);
  const refused = store.refused.get(HOST);
  assert.deepEqual(refused?.issuers, [{ name: 'Rogue Root', fingerprint: rogue.fingerprint }]);
  // The honest one is back: it goes on by itself, and that is told.
  venue.showCertificate(between.issue());
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  assert.ok(await condition(desk, ({ isOver, facts }) => isOver && facts['found'] !== ''));
});

test('[E62] attack 51: names and certificates of the known authorities do not help him; their signatures count', async (t) => {
  const { desk, venue } = await scene(t);
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  const before = venue.requests.length;
  for (const certificate of [
    impostorBetween.issue(),
    impostorBetween.issue([between.pem]),
    impostor.issue([root.pem]),
  ]) {
    venue.showCertificate(certificate);
    await refusal(desk);
    assert.match(await openStream(desk), /^notSent: /);
  }
  // This one the system finds in order.
  venue.showCertificate(rogue.issue([between.pem, root.pem]));
  assert.match(await refusal(desk), /comes from Rogue Root/);
  assert.equal(venue.requests.length, before);
});

test('[E62] a chain counts as far up as each key verifies what is below it', () => {
  const link = (
    pem: string,
    issuerCertificate?: DetailedPeerCertificate,
  ): DetailedPeerCertificate =>
    ({ raw: new X509Certificate(pem).raw, issuerCertificate }) as DetailedPeerCertificate;
  const names = (leaf: DetailedPeerCertificate): readonly string[] =>
    issuersOf(leaf).map(({ name }) => name);
  const honest = between.issue().cert;
  const end = link(root.pem);
  end.issuerCertificate = end;
  assert.deepEqual(names(link(honest, link(between.pem, end))), ['Honest Sub', 'Honest Root']);
  assert.deepEqual(names(link(honest, link(between.pem))), ['Honest Sub'], 'the end is not known');
  assert.deepEqual(names(link(honest, end)), [], 'one is missing');
  assert.deepEqual(names(link(impostorBetween.issue().cert, link(between.pem, end))), []);
  assert.deepEqual(names(link(honest, link(between.pem, link(impostor.pem)))), ['Honest Sub']);
  const own = link(root.pem);
  own.issuerCertificate = own;
  assert.deepEqual(names(own), ['Honest Root'], 'one that signed itself is its own');
  // A server's certificate does not make it an authority.
  const server = between.issue();
  const below = Authority.under(server, 'Not an authority');
  assert.deepEqual(names(link(below.issue().cert, link(below.pem, link(server.cert)))), [
    'Not an authority',
  ]);
});

test('[E63] what is known outlives the process, and what cannot be kept or read is not trusted', async (t) => {
  const { desk, venue, state } = await scene(t);
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  desk.egressChild.kill('SIGKILL');
  await once(desk.egressChild, 'exit');
  venue.showCertificate(rogue.issue());
  await desk.startWithChannel();
  const told = await condition(desk, ({ isOver }) => !isOver);
  assert.equal(told.facts['found'], 'Rogue Root');
  // What lasts is told to each new server.
  await desk.joinServer();
  assert.ok(await condition(desk, ({ isOver }) => !isOver));
  desk.egressChild.kill('SIGKILL');
  await once(desk.egressChild, 'exit');
  writeFileSync(join(state, 'pins.json'), '{"version":1,"hosts":{"127.0.0.1":7}}');
  const started = async (
    given: readonly string[],
  ): Promise<{ status: unknown; stderr: string }> => {
    const child = spawn(process.execPath, [EGRESS_MAIN, '--config', desk.config, ...given], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {},
    });
    t.after(() => child.kill('SIGKILL'));
    let stderr = '';
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString('utf8')));
    const [status] = await once(child, 'close');
    return { status, stderr };
  };
  const damaged = await started(['--state', state]);
  assert.equal(damaged.status, 3);
  assert.match(damaged.stderr, /pins\.json is damaged: .*restore it, or remove it/);
  const missing = await started(['--state', join(state, 'none')]);
  assert.equal(missing.status, 3);
  assert.match(missing.stderr, /expected a folder that this process may write/);
  writeFileSync(join(desk.parent, 'tls-pins'), 'api.example.com 123\n');
  const wrong = await started(['--state', join(state, 'none')]);
  assert.equal(wrong.status, 3);
  assert.match(wrong.stderr, /tls-pins, line 1: expected a host and the SHA-256/);
});

test('[E66] the signer keeps in its log by whom the exchange is known, and who was refused', async (t) => {
  const { desk, venue } = await scene(t);
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  venue.showCertificate(rogue.issue());
  await refusal(desk);
  await refusal(desk);
  // What egress reported before this was answered is in the log by now.
  assert.equal((await desk.ask({ kind: 'listConnections' })).kind, 'connections');
  const lines = await venue.until(() => {
    const text = readFileSync(join(desk.directory, 'intents.log'), 'utf8');
    const found = text.split('\n').filter((line) => line.includes('"note":"issuer.'));
    return found.length >= 2 ? found : undefined;
  });
  assert.equal(lines.length, 2, 'each once');
  assert.ok(lines[0]?.includes('issuer.met') && lines[0].includes(root.fingerprint));
  assert.ok(lines[1]?.includes('issuer.refused') && lines[1].includes(rogue.fingerprint));
});

test('[E64] a running egress takes a decision of the person at once: another authority, or to meet the host anew', async (t) => {
  const { desk, venue, store } = await scene(t);
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  venue.showCertificate(rogue.issue());
  await refusal(desk);
  const issuers = store.refused.get(HOST)?.issuers ?? [];
  store.putPins(HOST, { since: Date.now(), by: 'person', issuers });
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  assert.ok(
    await condition(desk, ({ isOver, facts }) => isOver && facts['found'] === 'Rogue Root'),
  );
  venue.showCertificate(between.issue());
  await refusal(desk);
  store.putPins(HOST, null);
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  assert.equal(store.pins.get(HOST)?.issuers[1]?.name, 'Honest Root');
});

test('[E65, E81] keys that a person named in a file are alone good for their host', async (t) => {
  const text = `# by hand\n${HOST} ${rogue.fingerprint.toUpperCase()} # remark\n\n`;
  const { desk, venue, store } = await scene(t, { given: text });
  assert.deepEqual(store.given, new Map([[HOST, new Set([rogue.fingerprint])]]));
  assert.match(await refusal(desk), /comes from Honest Sub .*, expected tls-pins/);
  assert.equal(store.pins.size, 0);
  venue.showCertificate(rogue.issue());
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  assert.equal(store.pins.size, 0);
});

test('[E63] the files: whole or not at all, bounded, and nothing but what belongs there', (t) => {
  const { parent } = new Desk(t, {});
  const store = new PinStore(parent);
  assert.equal(store.pins.size, 0);
  const issuers = [{ name: 'A', fingerprint: 'a'.repeat(64) }];
  store.putPins('one.example', { since: 5, by: 'person', issuers });
  store.noteRefused('one.example', { at: 6, issuers });
  assert.deepEqual(store.pins.get('one.example'), { since: 5, by: 'person', issuers });
  assert.deepEqual(store.refused.get('one.example'), { at: 6, issuers });
  store.forgetRefused('one.example');
  assert.equal(store.refused.size, 0);
  const path = join(parent, 'pins.json');
  const good = readFileSync(path, 'utf8');
  for (const bad of [
    '',
    '[]',
    good.replace('"version": 1', '"version": 2'),
    good.replace('a'.repeat(64), 'z'),
    good.replace('"since": 5', '"since": 5.5'),
    good.slice(0, -5),
  ]) {
    writeFileSync(path, bad);
    assert.throws(() => store.pins, PinStoreError, bad);
  }
  const given = join(parent, 'tls-pins');
  assert.equal(readGivenPins(given).size, 0);
  for (const bad of [
    'host',
    `host ${'a'.repeat(63)}`,
    `host ${'a'.repeat(64)} more`,
    `ho/st ${'a'.repeat(64)}`,
  ]) {
    writeFileSync(given, bad);
    assert.throws(() => readGivenPins(given), PinStoreError, bad);
  }
});

test('[E80] what is kept is written to a file of its own, not through a link that lies in its place', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-pins-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'as it was');
  const store = new PinStore(folder);
  const issuer = { name: 'Honest Root', fingerprint: 'a'.repeat(64) };
  const pins = { since: 1, by: 'person', issuers: [issuer] } as const;
  for (const [name, put] of [
    ['pins.json', () => store.putPins(HOST, pins)],
    ['refused.json', () => store.noteRefused(HOST, { at: 1, issuers: [issuer] })],
  ] as const) {
    symlinkSync(victim, join(folder, `${name}.terminal.new`));
    put();
    assert.equal(readFileSync(victim, 'utf8'), 'as it was');
    assert.ok(lstatSync(join(folder, name)).isFile());
  }
  assert.deepEqual(store.pins.get(HOST), pins);
  // What could not be read again is not written.
  const many = { ...pins, issuers: Array.from({ length: 17 }, () => issuer) };
  assert.throws(() => store.putPins(HOST, many), /expected at most 16 issuers/);
  assert.deepEqual(store.pins.get(HOST), pins);
});

test('[E80] a person decides while egress notes who was refused: what is kept is whole, and neither fails', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-pins-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const noted = `
    import { PinStore } from ${JSON.stringify(new URL('../src/pin-store.ts', import.meta.url).href)};
    const store = new PinStore(${JSON.stringify(folder)}, 'egress');
    const issuers = [{ name: 'Rogue Root', fingerprint: 'b'.repeat(64) }];
    for (let at = 1; at <= 300; at += 1) store.noteRefused('${HOST}', { at, issuers });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', noted], { stdio: 'inherit' });
  let isOver = false;
  const end = once(child, 'exit').finally(() => (isOver = true));
  const store = new PinStore(folder);
  while (!isOver) {
    store.forgetRefused(HOST);
    assert.ok(store.refused.size <= 1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await end, [0, null]);
});

test('[E87] attack 51: whoever shows many certificates hides none at once, and the newest are told', (t) => {
  const { parent } = new Desk(t, {});
  const store = new PinStore(parent);
  const issuer = (number: number): { readonly name: string; readonly fingerprint: string } => ({
    name: `Root ${number}`,
    fingerprint: String(number).padStart(64, '0'),
  });
  store.noteRefused(HOST, { at: 1, issuers: [issuer(1), issuer(2)] });
  store.noteRefused(HOST, { at: 2, issuers: [issuer(3), issuer(1)] });
  const three = store.refused.get(HOST);
  assert.deepEqual([three?.at, three?.issuers], [2, [issuer(3), issuer(1), issuer(2)]]);
  for (let number = 4; number < 100; number += 1) {
    store.noteRefused(HOST, { at: number, issuers: [issuer(number), issuer(0)] });
  }
  const many = store.refused.get(HOST)?.issuers ?? [];
  assert.equal(many.length, 16, 'which can be read again');
  assert.deepEqual(many.slice(0, 3), [issuer(99), issuer(0), issuer(98)]);
});

test('[E87] attack 51: after seventy refused chains the next is refused, told and noted as the first was', async (t) => {
  const { desk, venue, store } = await scene(t);
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  for (let number = 1; number <= 70; number += 1) {
    venue.showCertificate(rogue.sub(`Rogue ${number}`).issue());
    const named = new RegExp(`comes from Rogue ${number} `);
    assert.match(await refusal(desk), named);
  }
  const told = await condition(
    desk,
    ({ facts }) => facts['found']?.startsWith('Rogue 70 ') === true,
  );
  assert.equal(told.isOver, false);
  assert.equal(store.refused.get(HOST)?.issuers[0]?.name, 'Rogue 70');
  // The owner takes what he compared elsewhere, whatever was shown meanwhile.
  const issuers = [
    ...(store.pins.get(HOST)?.issuers ?? []),
    { name: 'x', fingerprint: rogue.fingerprint },
  ];
  store.putPins(HOST, { since: 1, by: 'person', issuers });
  venue.showCertificate(rogue.issue());
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  assert.equal(store.refused.size, 0);
});

test('[E90] what is no plain file in the place of what is known of hosts is refused at once', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-pins-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'pins.json');
  const refused = (error: unknown): boolean =>
    error instanceof PinStoreError && /expected a plain file/.test(error.message);
  for (const [plant, ...words] of [
    ['mkfifo', path],
    ['mkdir', path],
  ] as const) {
    assert.equal(spawnSync(plant, words).status, 0);
    assert.throws(() => new PinStore(folder).pins, refused);
    assert.throws(() => readGivenPins(path), refused);
    rmSync(path, { recursive: true });
  }
  assert.equal(new PinStore(folder).pins.size, 0);
});
