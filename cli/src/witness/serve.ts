// SPDX-License-Identifier: Apache-2.0
// A witness over HTTP (C2SP tlog-witness): logs ask for cosignatures, monitors read the last checkpoint of each.
//
// Between the decision and the signature nothing else runs: one process, one thread, synchronous writes. So two requests
// that arrive together are two requests one after the other.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  ADD_CHECKPOINT_BYTES_MAX,
  answerAccepted,
  decideAddCheckpoint,
  monitorPath,
  openCheckpoint,
  signCheckpoint,
  toNote,
  type NoteSignature,
  type WitnessAnswer,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { WitnessKeys } from './keys.ts';
import type { WitnessStore } from './store.ts';

/** A log asks a few times a minute; an address may stand for some hundred logs. */
const REQUESTS_PER_MINUTE = 600;
const ADDRESSES_MAX = 10_000;
const CONNECTIONS_MAX = 256;
const REQUEST_MS_MAX = 10_000;
const HEADERS_MS_MAX = 5_000;
const KEEP_ALIVE_MS = 5_000;
const WINDOW_MS = 60_000;
const TEXT = 'text/plain; charset=utf-8';

export interface WitnessServerParts {
  readonly store: WitnessStore;
  readonly keys: WitnessKeys;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** One line for whoever runs the witness. */
  readonly tell: (line: string) => void;
  readonly requestsPerMinute?: number;
}

/** The server; call `listen` on it. */
export function witnessServer(parts: WitnessServerParts): Server {
  const allowance = new Allowance(parts.requestsPerMinute ?? REQUESTS_PER_MINUTE);
  const server = createServer(
    {
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8 * 1024,
    },
    (request, response) => {
      if (!allowance.take(request.socket.remoteAddress ?? '', parts.now())) {
        send(response, {
          status: 429,
          contentType: TEXT,
          body: 'too many requests; wait a minute\n',
        });
        return;
      }
      answer(parts, request).then(
        (found) => send(response, found),
        (error: unknown) => {
          parts.tell(`a request failed: ${error instanceof Error ? error.message : String(error)}`);
          send(response, {
            status: 500,
            contentType: TEXT,
            body: 'the witness cannot store or read its record; nothing was signed\n',
          });
        },
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

type Answer = Omit<WitnessAnswer, 'status'> & { readonly status: number };

async function answer(parts: WitnessServerParts, request: IncomingMessage): Promise<Answer> {
  const path = request.url ?? '';
  if (request.method === 'POST' && path === '/add-checkpoint') {
    const body = await readBody(request);
    if (body === undefined) {
      return {
        status: 413,
        contentType: TEXT,
        body: `a body must have at most ${ADD_CHECKPOINT_BYTES_MAX} bytes\n`,
      };
    }
    return addCheckpoint(parts, body);
  }
  if (request.method !== 'GET') {
    return { status: 405, contentType: TEXT, body: 'expected GET, or POST of /add-checkpoint\n' };
  }
  if (path === '/') {
    const { name, verifierKeys } = parts.keys;
    return {
      status: 200,
      contentType: TEXT,
      body: `witness ${name}\n${verifierKeys.join('\n')}\n`,
    };
  }
  for (const { name } of parts.store.logs) {
    if (path === `/${monitorPath(nodeCryptography, name)}`) return lastCheckpoint(parts, name);
  }
  return { status: 404, contentType: TEXT, body: 'this witness has nothing here\n' };
}

/** Decides, stores, signs, in this order and without a pause. */
function addCheckpoint(parts: WitnessServerParts, body: Uint8Array): Answer {
  const { store, keys, now, tell } = parts;
  const decision = decideAddCheckpoint(nodeCryptography, body, (origin) => store.logOf(origin));
  if (decision.kind === 'refused') {
    if (decision.evidence !== undefined) {
      const path = store.keepEvidence(decision.evidence);
      if (path !== undefined) tell(`a log has signed two histories: ${path}`);
    }
    return decision.answer;
  }
  const { origin, size } = decision.signed.checkpoint;
  if (!store.replace(origin, decision.expected, decision.next)) {
    throw new Error('Invariant: nothing runs between a decision and its record');
  }
  const accepted = answerAccepted(decision, keys.signers, seconds(now));
  if (!accepted.ok) {
    return { status: 403, contentType: TEXT, body: `${accepted.reason}\n` };
  }
  tell(`cosigned ${origin} at ${size} entries`);
  return accepted.value;
}

/** The last checkpoint of a log with our cosignature of now: it still is the largest tree we have seen. */
function lastCheckpoint({ store, keys, now }: WitnessServerParts, origin: string): Answer {
  const log = store.logOf(origin);
  const signed =
    log?.record === undefined
      ? undefined
      : openCheckpoint(nodeCryptography, log.record.note, log.keys);
  if (signed === undefined || !signed.ok) {
    return { status: 404, contentType: TEXT, body: `no checkpoint of ${origin} yet\n` };
  }
  const { note, verified } = signed.value;
  const cosignatures: NoteSignature[] = [];
  for (const { key, sign } of keys.signers) {
    const signature = signCheckpoint(note.text, key, sign, seconds(now));
    if (signature.ok) cosignatures.push(signature.value);
  }
  // Whatever else a log may have put under its note is not for us to hand on.
  const own = verified.map(({ key, signature }) => ({ name: key.name, keyId: key.id, signature }));
  const bytes = toNote({ text: note.text, signatures: [...own, ...cosignatures] });
  return { status: 200, contentType: TEXT, body: Buffer.from(bytes).toString('utf8') };
}

function seconds(now: () => number): bigint {
  return BigInt(Math.floor(now() / 1000));
}

/** The whole body; undefined where it is longer than a request may be. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    const bytes = part as Buffer;
    length += bytes.length;
    if (length > ADD_CHECKPOINT_BYTES_MAX) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  // After 413 the rest of the body is not read.
  const closing = status === 413 ? { connection: 'close' } : {};
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...closing,
  });
  response.end(body);
}

/** Requests of each address within the running minute. */
class Allowance {
  readonly #most: number;
  readonly #taken = new Map<string, number>();
  #windowFrom = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(address: string, nowMs: number): boolean {
    if (Math.abs(nowMs - this.#windowFrom) >= WINDOW_MS) {
      this.#taken.clear();
      this.#windowFrom = nowMs;
    }
    const taken = this.#taken.get(address) ?? 0;
    if (taken >= this.#most) return false;
    if (taken === 0 && this.#taken.size >= ADDRESSES_MAX) return false;
    this.#taken.set(address, taken + 1);
    return true;
  }
}
