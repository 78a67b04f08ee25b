// SPDX-License-Identifier: Apache-2.0
// Consent: what the signer takes for a person's yes, and everything that it does not.

import { strict as assert } from 'node:assert';
import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { codeText, leaveCode, lineFault, PENDING_MS } from '../src/acts/consent.ts';
import { credentialFingerprint, publicKeyOfCose } from '../src/acts/cose.ts';
import { SYSTEM_DISK } from '../src/disk.ts';
import type { Act, Approval, Decision } from '../src/wire.ts';
import { OpenSigner, outcomeOf, readLog, temporaryDirectory, TestTime } from './fixture.ts';
import { Passkey, sha256, signPss, type Bent } from '../../test/passkey.ts';

type Consent = Extract<Decision, { kind: 'consent' }>;

function enrolment(passkey: Passkey, name = 'Ada'): Extract<Act, { kind: 'enrolOwner' }> {
  const { credential, rpId, origin, cose } = passkey;
  const publicKey = cose.toString('base64url');
  return { kind: 'enrolOwner', name, credential, publicKey, rpId, origin };
}

function ask(signer: OpenSigner, act: Act): Decision {
  const [decision] = signer.ask({ kind: 'requestAct', act });
  assert.ok(decision);
  return decision;
}

function askConsent(signer: OpenSigner, act: Act): Consent {
  const decision = ask(signer, act);
  assert.equal(decision.kind, 'consent', JSON.stringify(decision));
  return decision;
}

function confirm(signer: OpenSigner, nonce: string, approval: Approval): Decision {
  const [decision] = signer.ask({ kind: 'confirmAct', nonce, approval });
  assert.ok(decision);
  return decision;
}

/** The code that the signer showed last. */
function shownCode(signer: OpenSigner): string {
  const code = /code into the page within an hour: ([A-Z2-9-]{19})$/.exec(signer.said.at(-1) ?? '');
  return (code?.[1] ?? '').replaceAll('-', '');
}

function proof(code: string, text: string): Approval {
  return { kind: 'code', proof: createHmac('sha256', code).update(text).digest('base64url') };
}

function reasonOf(decision: Decision): string {
  return decision.kind === 'refused' ? decision.reason : decision.kind;
}

/** A signer with one owner, who came by the code. */
function withOwner(
  t: TestContext,
  options: ConstructorParameters<typeof Passkey>[0] = {},
): { readonly signer: OpenSigner; readonly owner: Passkey } {
  const signer = new OpenSigner(temporaryDirectory(t));
  const owner = new Passkey(options);
  const { nonce, text } = askConsent(signer, enrolment(owner));
  assert.equal(confirm(signer, nonce, proof(shownCode(signer), text)).kind, 'performed');
  return { signer, owner };
}

function ownersOf(signer: OpenSigner): readonly string[] {
  const [decision] = signer.ask({ kind: 'listOwners' });
  assert.ok(decision?.kind === 'owners');
  return decision.owners.map(({ credential }) => credential);
}

test('[S150] an act is done only with the consent of an enrolled owner over its text', (t) => {
  const { signer, owner } = withOwner(t);
  const second = new Passkey();
  const asked = askConsent(signer, enrolment(second, 'Ben'));
  assert.deepEqual(asked.credentials, [owner.credential]);
  assert.equal(asked.challenge, sha256(asked.text).toString('base64url'));
  assert.deepEqual(ownersOf(signer), [owner.credential], 'asking does nothing');
  assert.equal(confirm(signer, asked.nonce, owner.assert(asked.challenge)).kind, 'performed');
  assert.deepEqual(ownersOf(signer), [owner.credential, second.credential]);
});

test('[S150] the text names the whole action in lines', (t) => {
  const { signer } = withOwner(t);
  const second = new Passkey({ rpId: 'desk.example', origin: 'https://desk.example' });
  const { text, nonce } = askConsent(signer, enrolment(second, 'Ben'));
  assert.equal(
    text,
    'kontor-act/v1\n' +
      'act: enrol an owner, whose passkey then approves acts like this one\n' +
      'name: Ben\n' +
      `fingerprint: ${credentialFingerprint(second.publicKey)}\n` +
      `credential: ${second.credential}\n` +
      'site: desk.example\n' +
      'origin: https://desk.example\n' +
      'time: 2026-11-01T00:00:00.000Z\n' +
      `nonce: ${nonce}\n`,
  );
});

test('[S150] lines that could be read as another action are refused', () => {
  assert.equal(lineFault(['act: ä', 'tab\there', '']), null);
  for (const odd of ['\n', '\r', '\u0007', '\u202e', '\u2066', '\u2028', '\u200b', '\ufeff']) {
    assert.match(lineFault(['act', `a${odd}b`]) ?? '', /plain text/, JSON.stringify(odd));
  }
});

const BENT: readonly (readonly [name: string, bent: Bent, reason: RegExp])[] = [
  ['a login of a page', { type: 'webauthn.create' }, /^clientData\.type: /],
  [
    'another challenge',
    { challenge: sha256('x').toString('base64url') },
    /^clientData\.challenge: /,
  ],
  ['another origin', { origin: 'https://evil.example' }, /^clientData\.origin: .*evil/],
  ['another port', { origin: 'http://localhost:8421' }, /^clientData\.origin: /],
  ['a page in a page', { crossOrigin: true }, /^clientData\.crossOrigin: /],
  ['another site', { rpId: 'evil.example' }, /^authenticatorData\.rpIdHash: /],
  ['nobody present', { flags: 0x04 }, /^authenticatorData\.flags: .*present/],
  ['nobody verified', { flags: 0x01 }, /^authenticatorData\.flags: .*verified/],
  ['a credential in an assertion', { flags: 0x45 }, /^authenticatorData\.flags: .*contradiction/],
  [
    'backed up without being eligible',
    { flags: 0x15 },
    /^authenticatorData\.flags: .*contradiction/,
  ],
  ['a counter that stands still', { counter: 0 }, /^authenticatorData\.counter: .*copied/],
  ['bytes that no flag names', { tail: Buffer.of(0xa0) }, /^authenticatorData: expected 37 bytes/],
  ['extensions that are not there', { flags: 0x85 }, /^authenticatorData: expected 37 bytes/],
  [
    'another key',
    { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
    /^signature: /,
  ],
];

for (const [name, bent, reason] of BENT) {
  test(`[S151] attack 58: an assertion with ${name} is refused and recorded`, (t) => {
    const { signer, owner } = withOwner(t);
    const honest = askConsent(signer, enrolment(new Passkey(), 'Ben'));
    assert.equal(confirm(signer, honest.nonce, owner.assert(honest.challenge)).kind, 'performed');
    const { nonce, challenge } = askConsent(signer, enrolment(new Passkey(), 'Mallory'));
    const decision = confirm(signer, nonce, owner.assert(challenge, bent));
    assert.match(reasonOf(decision), reason);
    assert.equal(ownersOf(signer).length, 2);
    const last = readLog(signer.directory).at(-1);
    assert.equal(last?.['kind'], 'refused');
    assert.equal(last['rule'], 'consent');
  });
}

test('[S151] client data that can be read in two ways is refused', (t) => {
  const { signer, owner } = withOwner(t);
  const texts = (challenge: string): readonly string[] => {
    const { origin } = owner;
    const head = `"type":"webauthn.get","challenge":"${challenge}"`;
    return [
      `{${head},"origin":"https://evil.example","origin":"${origin}"}`,
      `{${head},"origin":"${origin}","\\u006frigin":"https://evil.example"}`,
      `{${head},"origin":"${origin}","topOrigin":"${origin}"}`,
      `{${head},"origin":["${origin}"]}`,
      `[${head.split(',')[0]?.split(':')[1]}, "${challenge}", "${origin}"]`,
      `{${head},"origin":"${origin}"} {}`,
      'null'.padEnd(60),
    ];
  };
  for (let index = 0; index < texts('').length; index += 1) {
    const { nonce, challenge } = askConsent(signer, enrolment(new Passkey(), 'Ben'));
    const clientData = texts(challenge)[index] ?? '';
    const decision = confirm(signer, nonce, owner.assert(challenge, { clientData }));
    assert.match(reasonOf(decision), /^clientData/, clientData);
  }
  // What browsers add beside these fields does not matter.
  const { nonce, challenge } = askConsent(signer, enrolment(new Passkey(), 'Ben'));
  const clientData = `{"type":"webauthn.get","challenge":"${challenge}","origin":"${owner.origin}","crossOrigin":false,"extra":"ü"}`;
  assert.equal(confirm(signer, nonce, owner.assert(challenge, { clientData })).kind, 'performed');
});

test('[S151] attack 58: a passkey that is nobody’s here, or of an owner who was removed, consents to nothing', (t) => {
  const { signer, owner } = withOwner(t);
  const stranger = new Passkey();
  const first = askConsent(signer, enrolment(stranger, 'Ben'));
  const byStranger = confirm(signer, first.nonce, stranger.assert(first.challenge));
  assert.match(reasonOf(byStranger), /^credential: expected that of an enrolled owner/);
  const second = askConsent(signer, enrolment(stranger, 'Ben'));
  assert.equal(confirm(signer, second.nonce, owner.assert(second.challenge)).kind, 'performed');
  const removal = askConsent(signer, { kind: 'removeOwner', credential: owner.credential });
  assert.match(removal.text, /^act: remove an owner/m);
  const removed = confirm(signer, removal.nonce, stranger.assert(removal.challenge));
  assert.equal(removed.kind, 'performed');
  const third = askConsent(signer, enrolment(new Passkey(), 'Cy'));
  assert.deepEqual(third.credentials, [stranger.credential]);
  assert.match(
    reasonOf(confirm(signer, third.nonce, owner.assert(third.challenge))),
    /^credential: /,
  );
});

test('[S151] a passkey that several devices share shows no count and consents again and again', (t) => {
  const { signer, owner } = withOwner(t, { isCounting: false });
  for (const name of ['Ben', 'Cy']) {
    const { nonce, challenge } = askConsent(signer, enrolment(new Passkey(), name));
    assert.equal(
      confirm(signer, nonce, owner.assert(challenge, { flags: 0x1d })).kind,
      'performed',
    );
  }
});

for (const kind of ['ES256', 'EdDSA', 'RS256'] as const) {
  test(`[S152] an ${kind} passkey is read from its COSE form and consents`, (t) => {
    const { signer, owner } = withOwner(t, { kind });
    const key = publicKeyOfCose(owner.cose);
    const spki = { format: 'der', type: 'spki' } as const;
    assert.deepEqual(key?.export(spki), owner.publicKey.export(spki));
    const { nonce, challenge } = askConsent(signer, enrolment(new Passkey(), 'Ben'));
    assert.equal(confirm(signer, nonce, owner.assert(challenge)).kind, 'performed');
  });
}

test('[S152] any other key, and any other form of these, is refused', (t) => {
  const signer = new OpenSigner(temporaryDirectory(t));
  const [es, ed, rs] = (['ES256', 'EdDSA', 'RS256'] as const).map(
    (kind) => new Passkey({ kind }).cose,
  );
  assert.ok(es && ed && rs);
  const small = Buffer.from(
    String(
      generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' }).n,
    ),
    'base64url',
  );
  const offCurve = Buffer.from(es);
  offCurve[offCurve.length - 1] = (offCurve.at(-1) ?? 0) ^ 1;
  const keys = [
    offCurve,
    Buffer.concat([es, Buffer.of(0)]),
    es.subarray(0, -1),
    Buffer.concat([ed, Buffer.of(0)]),
    Buffer.concat([
      Buffer.from('a401030339010020590080', 'hex'),
      small,
      Buffer.from('2143010001', 'hex'),
    ]),
    Buffer.concat([rs.subarray(0, -5), Buffer.from('2143010003', 'hex')]),
    Buffer.concat([Buffer.from('a501020326200221582000', 'hex'), es.subarray(11)]),
    Buffer.alloc(77, 0xa5),
  ];
  for (const cose of keys) {
    const act = { ...enrolment(new Passkey()), publicKey: cose.toString('base64url') };
    assert.match(reasonOf(ask(signer, act)), /^publicKey: expected an ES256/, cose.toString('hex'));
  }
});

test('[S152] RS256 is PKCS #1 v1.5 and nothing else', (t) => {
  const { signer, owner } = withOwner(t, { kind: 'RS256' });
  const { nonce, challenge } = askConsent(signer, enrolment(new Passkey(), 'Ben'));
  const honest = owner.assert(challenge);
  const signed = Buffer.concat([
    Buffer.from(honest.authenticatorData, 'base64url'),
    sha256(Buffer.from(honest.clientData, 'base64url')),
  ]);
  const signature = signPss(signed, owner.key).toString('base64url');
  assert.match(reasonOf(confirm(signer, nonce, { ...honest, signature })), /^signature: /);
});

test('[S153] attack 58: an assertion is good once, for its own act, and ends it right or wrong', (t) => {
  const { signer, owner } = withOwner(t, { isCounting: false });
  const one = askConsent(signer, enrolment(new Passkey(), 'Ben'));
  const other = askConsent(signer, enrolment(new Passkey(), 'Mallory'));
  const yes = owner.assert(one.challenge);
  assert.match(reasonOf(confirm(signer, other.nonce, yes)), /^clientData\.challenge: /);
  assert.equal(confirm(signer, one.nonce, yes).kind, 'performed');
  for (const { nonce, challenge } of [one, other]) {
    const again = confirm(signer, nonce, owner.assert(challenge));
    assert.match(reasonOf(again), /^expected an act that waits for consent/);
  }
  assert.equal(ownersOf(signer).length, 2);
});

test('[S153] consent waits five minutes by the monotonic clock, and not over a restart', (t) => {
  const { signer, owner } = withOwner(t);
  const inTime = askConsent(signer, enrolment(new Passkey(), 'Ben'));
  signer.time.pass(PENDING_MS - 1);
  assert.equal(confirm(signer, inTime.nonce, owner.assert(inTime.challenge)).kind, 'performed');
  const late = askConsent(signer, enrolment(new Passkey(), 'Cy'));
  signer.time.pass(PENDING_MS);
  assert.match(
    reasonOf(confirm(signer, late.nonce, owner.assert(late.challenge))),
    /found it done or too old$/,
  );
  const before = askConsent(signer, enrolment(new Passkey(), 'Di'));
  const next = new OpenSigner(signer.directory, { time: signer.time });
  assert.match(
    reasonOf(confirm(next, before.nonce, owner.assert(before.challenge))),
    /found it done or too old$/,
  );
});

test('[S153] at most 16 acts wait; when they are too old there is room again', (t) => {
  const { signer } = withOwner(t);
  for (let count = 0; count < 16; count += 1) askConsent(signer, enrolment(new Passkey(), 'Ben'));
  assert.equal(outcomeOf(ask(signer, enrolment(new Passkey(), 'Ben'))), 'busy');
  signer.time.pass(PENDING_MS);
  askConsent(signer, enrolment(new Passkey(), 'Ben'));
});

test('[S154] the log holds the consent whole: who gave it, to which text, and the assertion to check it again', (t) => {
  const { signer, owner } = withOwner(t);
  const { nonce, challenge, text } = askConsent(signer, enrolment(new Passkey(), 'Ben'));
  const approval = owner.assert(challenge);
  const decision = confirm(signer, nonce, approval);
  assert.ok(decision.kind === 'performed');
  const entry = readLog(signer.directory)[decision.entry];
  assert.ok(entry);
  assert.equal(entry['kind'], 'act');
  assert.equal(entry['act'], 'enrolOwner');
  assert.equal(entry['text'], sha256(text).toString('hex'));
  assert.equal(entry['wording'], text);
  const birth = readLog(signer.directory).find(({ kind }) => kind === 'owner.new');
  const key = createPublicKey({
    key: Buffer.from(String(birth?.['publicKey']), 'base64url'),
    format: 'der',
    type: 'spki',
  });
  const bytes = (field: string): Buffer => Buffer.from(String(entry[field]), 'base64url');
  const signed = Buffer.concat([bytes('authenticatorData'), sha256(bytes('clientData'))]);
  assert.ok(verify('sha256', signed, key, bytes('signature')));
});

test('[S155] owners and the counts of their passkeys come from the log', (t) => {
  const { signer, owner } = withOwner(t);
  const { nonce, challenge } = askConsent(signer, enrolment(new Passkey(), 'Ben'));
  const used = owner.counter + 1;
  assert.equal(confirm(signer, nonce, owner.assert(challenge)).kind, 'performed');
  const next = new OpenSigner(signer.directory, { time: signer.time });
  assert.deepEqual(ownersOf(next), ownersOf(signer));
  const again = askConsent(next, enrolment(new Passkey(), 'Cy'));
  const cloned = confirm(next, again.nonce, owner.assert(again.challenge, { counter: used }));
  assert.match(reasonOf(cloned), /^authenticatorData\.counter: /);
});

test('[S156] the first owner needs the code that the signer shows, and is told at the terminal', (t) => {
  const signer = new OpenSigner(temporaryDirectory(t));
  const owner = new Passkey();
  const { nonce, text, credentials } = askConsent(signer, enrolment(owner));
  assert.deepEqual(credentials, []);
  const code = shownCode(signer);
  assert.equal(code.length, 16);
  const byKey = confirm(signer, nonce, owner.assert('x'.repeat(43)));
  assert.match(reasonOf(byKey), /^credential: expected that of an enrolled owner/);
  const again = askConsent(signer, enrolment(owner));
  assert.equal(shownCode(signer), code, 'the code in force is not replaced');
  assert.match(reasonOf(confirm(signer, again.nonce, proof(code, text))), /found another; 4 tries/);
  assert.equal(confirm(signer, again.nonce, proof(code, again.text)).kind, 'performed');
  assert.equal(
    signer.said.at(-1),
    `Ada is enrolled as an owner. Fingerprint of the passkey: ${credentialFingerprint(owner.publicKey)}`,
  );
  const log = readFileSync(join(signer.directory, 'intents.log'), 'utf8');
  assert.ok(!log.includes(code) && !log.includes(codeText(code)), 'the code is not on the log');
  const third = askConsent(signer, enrolment(new Passkey(), 'Ben'));
  assert.deepEqual(third.credentials, [owner.credential]);
  const used = confirm(signer, third.nonce, proof(code, third.text));
  assert.match(reasonOf(used), /^expected the consent of an owner, found a code/);
});

test('[S156] five wrong codes end a code, and so does an hour', (t) => {
  const signer = new OpenSigner(temporaryDirectory(t));
  const { nonce, text } = askConsent(signer, enrolment(new Passkey()));
  const code = shownCode(signer);
  for (let tries = 4; tries >= 0; tries -= 1) {
    const wrong = confirm(signer, nonce, proof('A'.repeat(16), text));
    assert.match(reasonOf(wrong), new RegExp(`found another; ${tries} tries left`));
  }
  assert.match(reasonOf(confirm(signer, nonce, proof(code, text))), /not in force$/);
  const next = askConsent(signer, enrolment(new Passkey()));
  const second = shownCode(signer);
  assert.notEqual(second, code);
  signer.time.pass(60 * 60_000);
  askConsent(signer, enrolment(new Passkey()));
  assert.notEqual(shownCode(signer), second);
  assert.match(reasonOf(confirm(signer, next.nonce, proof(second, next.text))), /too old$/);
});

test('[S156] without an owner nothing but an enrolment can be asked for', (t) => {
  const signer = new OpenSigner(temporaryDirectory(t));
  const decision = ask(signer, { kind: 'removeOwner', credential: new Passkey().credential });
  assert.equal(outcomeOf(decision), 'act');
});

test('[S157] a code left at the terminal enrols one owner beside those there are, once', (t) => {
  const { signer } = withOwner(t);
  const time = new TestTime();
  const code = leaveCode(SYSTEM_DISK, signer.directory, time.wall());
  const lost = new Passkey();
  const { nonce, text, credentials } = askConsent(signer, enrolment(lost, 'Ada again'));
  assert.deepEqual(credentials, []);
  assert.equal(confirm(signer, nonce, proof(code, text)).kind, 'performed');
  assert.ok(!existsSync(join(signer.directory, 'owner-code')));
  assert.equal(askConsent(signer, enrolment(new Passkey(), 'Ben')).credentials.length, 2);
});

test('[S157] a code file that is too old, from the future, or of another form is none', (t) => {
  const { signer } = withOwner(t);
  const hour = 60 * 60_000;
  leaveCode(SYSTEM_DISK, signer.directory, signer.time.wall() - hour);
  assert.equal(askConsent(signer, enrolment(new Passkey(), 'Ben')).credentials.length, 1);
  leaveCode(SYSTEM_DISK, signer.directory, signer.time.wall() + 1);
  assert.equal(askConsent(signer, enrolment(new Passkey(), 'Ben')).credentials.length, 1);
  const path = join(signer.directory, 'owner-code');
  writeFileSync(path, `short ${signer.time.wall() + 1_000}\n`, { mode: 0o600 });
  assert.equal(askConsent(signer, enrolment(new Passkey(), 'Ben')).credentials.length, 1);
});

test('[S158] what stands against an act is asked again when consent comes', (t) => {
  const { signer, owner } = withOwner(t);
  const second = new Passkey();
  const one = askConsent(signer, enrolment(second, 'Ben'));
  const two = askConsent(signer, enrolment(second, 'Ben'));
  assert.equal(confirm(signer, one.nonce, owner.assert(one.challenge)).kind, 'performed');
  const late = confirm(signer, two.nonce, owner.assert(two.challenge));
  assert.match(reasonOf(late), /^expected a passkey that is not enrolled yet/);
});

test('[S159] where the log cannot be written nothing is done', (t) => {
  let isFull = false;
  const disk = {
    ...SYSTEM_DISK,
    writeSync: (...given: Parameters<typeof SYSTEM_DISK.writeSync>) => {
      if (isFull) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
      return SYSTEM_DISK.writeSync(...given);
    },
  };
  const directory = temporaryDirectory(t);
  const signer = new OpenSigner(directory, { disk: disk as typeof SYSTEM_DISK });
  const owner = new Passkey();
  const { nonce, text } = askConsent(signer, enrolment(owner));
  const code = shownCode(signer);
  isFull = true;
  assert.equal(outcomeOf(confirm(signer, nonce, proof(code, text))), 'log');
  assert.deepEqual(ownersOf(signer), []);
  isFull = false;
  const again = askConsent(signer, enrolment(owner));
  assert.equal(confirm(signer, again.nonce, proof(code, again.text)).kind, 'performed');
});

test('[S160] an owner’s origin is of its site, and speaks TLS unless it is this machine', (t) => {
  const signer = new OpenSigner(temporaryDirectory(t));
  const passkey = new Passkey();
  const wrong = [
    ['desk.example', 'https://evil.example'],
    ['desk.example', 'https://notdesk.example'],
    ['desk.example', 'http://desk.example'],
    ['desk.example', 'https://desk.example:443'],
    ['localhost', 'http://127.0.0.1:8420'],
    ['desk.example', 'https://desk.example/'],
  ] as const;
  for (const [rpId, origin] of wrong) {
    const decision = ask(signer, { ...enrolment(passkey), rpId, origin });
    assert.equal(outcomeOf(decision), 'intent', origin);
    assert.match(reasonOf(decision), /^intent\.act\.origin: /);
  }
  for (const [rpId, origin] of [
    ['desk.example', 'https://desk.example'],
    ['example', 'https://desk.example:8443'],
    ['localhost', 'http://localhost:8420'],
  ] as const) {
    assert.equal(ask(signer, { ...enrolment(passkey), rpId, origin }).kind, 'consent', origin);
  }
});
