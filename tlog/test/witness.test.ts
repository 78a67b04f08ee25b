// SPDX-License-Identifier: Apache-2.0
// The witness: a table of requests and answers, and the log's side of the same conversation.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  answerAccepted,
  decideAddCheckpoint,
  monitorPath,
  openCheckpoint,
  parseAddCheckpoint,
  parseSignedCheckpoint,
  proveConsistency,
  readWitnessAnswer,
  signCheckpoint,
  toAddCheckpoint,
  toCheckpointText,
  toNote,
  verifyCosignatures,
  verifyForkEvidence,
  type Tree,
  type WitnessAnswer,
  type WitnessDecision,
  type WitnessedLog,
  type WitnessRecord,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, testSigner, valueOf, type TestSigner } from './keys.ts';
import { entriesOf, hasher, logOf, plainRoot, signedCheckpoint } from './log.ts';

const SEED = 20261122;
const NOW = 1_700_000_000n;
const LOG = testSigner('desk.example/log');
const SIGNERS = [
  testSigner('witness.example/w', 'ed25519-cosignature'),
  testSigner('witness.example/w', 'ml-dsa-44-cosignature'),
];
const KEYS = SIGNERS.map(({ key }) => key);
const ENTRIES = entriesOf(60);
const { tiles } = logOf(ENTRIES, 1);
const treeOf = (size: number): Tree => ({
  size: BigInt(size),
  root: plainRoot(ENTRIES.slice(0, size)),
});
const FORGED: Tree = logOf(ENTRIES.slice(0, 20).with(3, Buffer.from('another history'))).tree;

/** A witness that keeps its records as a real one does: compared and put before the answer. */
class Witness {
  readonly records = new Map<string, WitnessRecord>();
  readonly origins = new Map([[LOG.key.name, [LOG.key]]]);

  logOf(origin: string): WitnessedLog | undefined {
    const keys = this.origins.get(origin);
    return keys === undefined ? undefined : { keys, record: this.records.get(origin) };
  }

  decide(body: Uint8Array): WitnessDecision {
    return decideAddCheckpoint(nodeCryptography, body, (origin) => this.logOf(origin));
  }

  post(body: Uint8Array): WitnessAnswer {
    const decision = this.decide(body);
    if (decision.kind === 'refused') return decision.answer;
    const { origin } = decision.signed.checkpoint;
    assert.equal(this.records.get(origin), decision.expected);
    this.records.set(origin, decision.next);
    return valueOf(answerAccepted(decision, SIGNERS, NOW));
  }
}

function request(
  from: number,
  to: number,
  { signer = LOG, tree = treeOf(to) }: { signer?: TestSigner; tree?: Tree } = {},
): Uint8Array {
  const proof =
    from === 0 || from >= to
      ? []
      : valueOf(proveConsistency(hasher, tiles, BigInt(from), treeOf(to))).proof;
  return toAddCheckpoint({ oldSize: BigInt(from), proof, note: signedCheckpoint(signer, tree) });
}

/** A witness that has cosigned the tree of twenty. */
function atTwenty(): Witness {
  const witness = new Witness();
  assert.equal(witness.post(request(0, 20)).status, 200);
  return witness;
}

const textOf = (body: Uint8Array): string => Buffer.from(body).toString();

test('[H34] a request is what it was written as, and has one writing', () => {
  const body = request(20, 33);
  const parsed = valueOf(parseAddCheckpoint(body));
  assert.equal(parsed.oldSize, 20n);
  assert.equal(textOf(toAddCheckpoint(parsed)), textOf(body));
  const text = textOf(body);
  const [, hash = ''] = text.split('\n');
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /empty line/],
    [text.replace('old 20', 'old 020'), /"old" and a decimal/],
    [text.replace('old 20', 'old  20'), /"old" and a decimal/],
    [text.replace('old 20', 'Old 20'), /"old" and a decimal/],
    [text.replace('old 20\n', ''), /"old" and a decimal/],
    [text.replace('old 20\n', 'old 20\r\n'), /"old" and a decimal/],
    [text.replace(hash, hash.slice(4)), /32 bytes in base64/],
    [text.replace(hash, `${hash} `), /32 bytes in base64/],
    [text.replace(hash, Array.from({ length: 64 }, () => hash).join('\n')), /at most 63 lines/],
    ['x'.repeat(600_000), /at most/],
  ];
  for (const [each, expected] of wrong) {
    assert.match(reasonOf(parseAddCheckpoint(Buffer.from(each))), expected);
  }
  assert.ok(!parseAddCheckpoint(Buffer.of(0xff, 0x0a, 0x0a)).ok);
  const most = text.replace(
    hash,
    Array.from({ length: 64 - parsed.proof.length }, () => hash).join('\n'),
  );
  assert.ok(parseAddCheckpoint(Buffer.from(most)).ok);
});

const STRANGER = testSigner('stranger.example/log');
const IMPOSTOR = testSigner(LOG.key.name, 'ed25519', 'another key');
const WRONG_EMPTY: Tree = { size: 0n, root: FORGED.root };

/** In the order of precedence: each row is right in all that the rows below it have wrong. */
const TABLE: readonly {
  readonly title: string;
  readonly witness: () => Witness;
  readonly body: Uint8Array;
  readonly status: number;
  readonly answer?: RegExp;
}[] = [
  {
    title: 'no request at all',
    witness: atTwenty,
    body: Buffer.from('hello'),
    status: 400,
    answer: /empty line/,
  },
  {
    title: 'a checkpoint that is no note',
    witness: atTwenty,
    body: Buffer.from('old 0\n\nhello\n'),
    status: 400,
  },
  {
    title: 'an unknown log',
    witness: atTwenty,
    body: request(0, 20, { signer: STRANGER }),
    status: 404,
  },
  {
    title: 'a known log, signed by another key',
    witness: atTwenty,
    body: request(0, 20, { signer: IMPOSTOR }),
    status: 403,
  },
  {
    title: 'an old size over the new one',
    witness: atTwenty,
    body: request(21, 20),
    status: 400,
    answer: /old size 21 is over the checkpoint's size 20/,
  },
  {
    title: 'an old size below the witness’s',
    witness: atTwenty,
    body: request(19, 33),
    status: 409,
    answer: /^20\n$/,
  },
  {
    title: 'an old size over the witness’s',
    witness: atTwenty,
    body: request(21, 33),
    status: 409,
    answer: /^20\n$/,
  },
  {
    title: 'a rollback: a smaller tree, signed anew',
    witness: atTwenty,
    body: request(10, 15),
    status: 409,
    answer: /^20\n$/,
  },
  {
    title: 'the first request with an old size',
    witness: () => new Witness(),
    body: request(5, 20),
    status: 409,
    answer: /^0\n$/,
  },
  {
    title: 'an empty tree with another root',
    witness: () => new Witness(),
    body: request(0, 0, { tree: WRONG_EMPTY }),
    status: 422,
    answer: /root of an empty tree/,
  },
  {
    title: 'another tree of the same size',
    witness: atTwenty,
    body: request(20, 20, { tree: FORGED }),
    status: 422,
    answer: /cosigned another tree of 20/,
  },
  {
    title: 'a larger tree that does not continue it',
    witness: atTwenty,
    body: request(20, 33, { tree: { size: 33n, root: FORGED.root } }),
    status: 422,
  },
  {
    title: 'a larger tree without its proof',
    witness: atTwenty,
    body: toAddCheckpoint({ oldSize: 20n, proof: [], note: signedCheckpoint(LOG, treeOf(33)) }),
    status: 422,
  },
  {
    title: 'a proof where there is nothing to prove',
    witness: () => new Witness(),
    body: toAddCheckpoint({
      oldSize: 0n,
      proof: [hasher.empty],
      note: signedCheckpoint(LOG, treeOf(20)),
    }),
    status: 422,
    answer: /must be empty/,
  },
  {
    title: 'a proof between equal trees',
    witness: atTwenty,
    body: toAddCheckpoint({
      oldSize: 20n,
      proof: [hasher.empty],
      note: signedCheckpoint(LOG, treeOf(20)),
    }),
    status: 422,
    answer: /must be empty/,
  },
  { title: 'the first tree', witness: () => new Witness(), body: request(0, 20), status: 200 },
  { title: 'an empty tree', witness: () => new Witness(), body: request(0, 0), status: 200 },
  { title: 'the same tree again', witness: atTwenty, body: request(20, 20), status: 200 },
  { title: 'a larger tree', witness: atTwenty, body: request(20, 33), status: 200 },
];

for (const { title, witness: make, body, status, answer } of TABLE) {
  test(`[H35] ${status}: ${title}`, () => {
    const witness = make();
    const before = witness.records.get(LOG.key.name);
    const found = witness.post(body);
    assert.equal(found.status, status, found.body);
    if (answer !== undefined) assert.match(found.body, answer);
    if (status === 409) assert.equal(found.contentType, 'text/x.tlog.size');
    if (status === 200) assert.match(found.body, /^(\u2014 witness\.example\/w \S+\n){2}$/);
    else assert.equal(witness.records.get(LOG.key.name), before, 'a refusal changes nothing');
  });
}

test('[H36] a decision names the record it was made on, and is void once another stands there', () => {
  const witness = atTwenty();
  const slow = witness.decide(request(20, 33));
  const fast = witness.decide(request(20, 41));
  assert.ok(slow.kind === 'accepted' && fast.kind === 'accepted');
  assert.equal(slow.expected, witness.records.get(LOG.key.name));
  witness.records.set(LOG.key.name, fast.next);
  assert.notEqual(slow.expected, witness.records.get(LOG.key.name));
  assert.equal(witness.post(request(20, 33)).status, 409);
  assert.equal(witness.records.get(LOG.key.name)?.size, 41n);
});

test('[H36] whatever is asked, the trees a witness cosigns are one history', () => {
  const step = fc.record({
    from: fc.nat(60),
    to: fc.nat(60),
    isForged: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const witness = new Witness();
      let size = 0;
      for (const { from, to, isForged } of steps) {
        const tree = isForged ? { size: BigInt(to), root: FORGED.root } : treeOf(to);
        const isFirst = size === 0 && from === 0;
        const { status } = witness.post(request(from, to, { tree }));
        // A witness believes the first tree it sees: it has nothing to hold against it.
        if (isForged && isFirst && to > 0 && status === 200) return;
        assert.equal(status === 200, !isForged && from === size && to >= from);
        if (status === 200) size = to;
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('[H37] two trees of one size that a log signed are kept as evidence', () => {
  for (const body of [request(20, 20, { tree: FORGED }), request(0, 20, { tree: FORGED })]) {
    const decision = atTwenty().decide(body);
    assert.ok(decision.kind === 'refused' && decision.evidence !== undefined);
    const verdict = verifyForkEvidence(nodeCryptography, decision.evidence, [LOG.key]);
    assert.equal(reasonOf(verdict), '');
  }
  const honest = atTwenty().decide(request(0, 33));
  assert.ok(honest.kind === 'refused' && honest.evidence === undefined);
  const unsigned = atTwenty().decide(request(20, 20, { tree: FORGED, signer: IMPOSTOR }));
  assert.ok(unsigned.kind === 'refused' && unsigned.evidence === undefined);
});

test('[H37] monitors read a log’s last checkpoint under the hash of its origin', () => {
  const hash = createHash('sha256').update('desk.example/log').digest('hex');
  assert.equal(monitorPath(nodeCryptography, 'desk.example/log'), `${hash}/checkpoint`);
});

const ours = valueOf(parseSignedCheckpoint(signedCheckpoint(LOG, treeOf(20))));
const read = (
  answer: { status: number; contentType?: string; body: string },
  signed = ours,
): ReturnType<typeof readWitnessAnswer> =>
  readWitnessAnswer(
    nodeCryptography,
    { contentType: 'text/plain', ...answer, body: Buffer.from(answer.body) },
    signed,
    KEYS,
  );

test('[H38] the cosignatures of known witnesses go under the note, once each', () => {
  const answer = new Witness().post(request(0, 20));
  const reply = read(answer);
  assert.ok(reply.kind === 'cosigned');
  const opened = valueOf(openCheckpoint(nodeCryptography, reply.note, [LOG.key]));
  const clock = { nowSeconds: NOW, skewSeconds: 0n };
  const found = valueOf(verifyCosignatures(nodeCryptography, opened.note, KEYS, clock));
  assert.deepEqual(
    found.map(({ key }) => key.type),
    ['ed25519-cosignature', 'ml-dsa-44-cosignature'],
  );
  const again = read(answer, opened);
  assert.ok(again.kind === 'cosigned');
  assert.equal(textOf(again.note), textOf(reply.note));
});

test('[H38] an answer about another tree, of strangers or out of shape is not taken', () => {
  const { body } = new Witness().post(request(0, 33));
  const outcome = (answer: Parameters<typeof read>[0]): string => {
    const reply = read(answer);
    return reply.kind === 'failed' ? reply.reason : reply.kind;
  };
  assert.match(outcome({ status: 200, body }), /is wrong/);
  assert.match(outcome({ status: 200, body: '' }), /end with a newline/);
  assert.match(outcome({ status: 200, body: 'thanks\n' }), /em dash/);
  const line = `\u2014 stranger.example ${Buffer.alloc(76, 1).toString('base64')}\n`;
  assert.match(outcome({ status: 200, body: line }), /no cosignature of a known key/);
  assert.match(outcome({ status: 500, body: 'oops\n' }), /answered 500/);
  assert.match(outcome({ status: 409, body: '20\n' }), /without the size/);
  const contentType = 'text/x.tlog.size';
  assert.match(outcome({ status: 409, contentType, body: '020\n' }), /without the size/);
  assert.match(outcome({ status: 409, contentType, body: '20' }), /without the size/);
  assert.deepEqual(read({ status: 409, contentType, body: '20\n' }), { kind: 'behind', size: 20n });
});

test('[H38] a witness has a key, and a log’s key does not cosign', () => {
  const decision = new Witness().decide(request(0, 20));
  assert.ok(decision.kind === 'accepted');
  assert.match(reasonOf(answerAccepted(decision, [], NOW)), /must have a key/);
  assert.match(reasonOf(answerAccepted(decision, [LOG], NOW)), /does not make cosignatures/);
});

test('[H35] a checkpoint with extension lines is cosigned as a whole or not at all', () => {
  const text = `${toCheckpointText({ origin: LOG.key.name, extensions: [], ...treeOf(20) })}more\n`;
  const note = toNote({ text, signatures: [valueOf(signCheckpoint(text, LOG.key, LOG.sign, 0n))] });
  const decision = new Witness().decide(toAddCheckpoint({ oldSize: 0n, proof: [], note }));
  assert.ok(decision.kind === 'accepted');
  const [ed25519, mlDsa] = SIGNERS;
  assert.ok(ed25519 !== undefined && mlDsa !== undefined);
  const answer = valueOf(answerAccepted(decision, [ed25519], NOW));
  const reply = read(answer, decision.signed);
  assert.equal(reply.kind, 'cosigned');
  assert.match(reasonOf(answerAccepted(decision, [mlDsa], NOW)), /no extension line/);
});
