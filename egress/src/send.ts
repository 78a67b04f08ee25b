// SPDX-License-Identifier: Apache-2.0
// One HTTP request, sent once, and what can honestly be said of it afterwards.

import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { ANSWER_BODY_BYTES_MAX } from '@kontor/signer';

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The query (GET, DELETE) or form body (POST). */
  readonly payload: string;
  /** Null for public requests. */
  readonly apiKey: string | null;
  readonly timeoutMs: number;
}

export type SendResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: string;
      readonly sentAt: number;
      readonly receivedAt: number;
    }
  | {
      readonly kind: 'failed';
      /** `notSent`: no byte of the request was given to a socket. `unknown`: some may have been. */
      readonly certainty: 'notSent' | 'unknown';
      readonly reason: string;
    };

const FORM = 'application/x-www-form-urlencoded';
const USER_AGENT = 'kontor';

/** Sends `outgoing` to `origin` and never again. Never rejects. */
export async function send(
  origin: URL,
  agent: Agent,
  outgoing: OutgoingRequest,
): Promise<SendResult> {
  // A kept connection that the exchange has closed must be known to be closed before one is chosen, so the loop looks
  // at all sockets first. That takes two turns: the first may end before it looks again. What is left of the race is
  // the network's and ends as `unknown`.
  await turn();
  await turn();
  return new Promise((resolve) => {
    let hasSocket = false;
    const sentAt = Date.now();
    const request = open(origin, agent, outgoing);
    const timer = setTimeout(
      () => request.destroy(new Error(`expected an answer within ${outgoing.timeoutMs} ms`)),
      outgoing.timeoutMs,
    );
    const finish = (result: SendResult): void => {
      clearTimeout(timer);
      resolve(result);
    };
    const fail = (error: Error): void =>
      finish({
        kind: 'failed',
        certainty: hasSocket ? 'unknown' : 'notSent',
        reason: `${hasSocket ? 'no answer' : 'no connection'}: ${describe(error)}`,
      });
    request.on('socket', () => {
      hasSocket = true;
    });
    request.on('error', fail);
    request.on('response', (response) => {
      readBody(response).then(
        (body) =>
          finish({
            kind: 'answered',
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            sentAt,
            receivedAt: Date.now(),
          }),
        (error: unknown) => {
          request.destroy();
          fail(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
    request.end(outgoing.method === 'POST' ? outgoing.payload : undefined);
  });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function open(origin: URL, agent: Agent, outgoing: OutgoingRequest): ClientRequest {
  const { method, path, payload, apiKey } = outgoing;
  const isForm = method === 'POST';
  const request = origin.protocol === 'https:' ? requestHttps : requestHttp;
  return request({
    agent,
    protocol: origin.protocol,
    hostname: origin.hostname.replace(/^\[|\]$/g, ''),
    port: origin.port,
    method,
    path: isForm || payload === '' ? path : `${path}?${payload}`,
    headers: {
      'user-agent': USER_AGENT,
      ...(apiKey !== null && { 'x-mbx-apikey': apiKey }),
      ...(isForm && { 'content-type': FORM, 'content-length': Buffer.byteLength(payload) }),
    },
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BODY_BYTES_MAX) {
      throw new Error(`expected an answer of at most ${ANSWER_BODY_BYTES_MAX} bytes, found more`);
    }
    chunks.push(chunk);
  }
  if (!response.complete)
    throw new Error('expected a whole answer, found its connection closed within');
  return Buffer.concat(chunks, bytes).toString('utf8');
}

/** What went wrong, without addresses: codes say enough and name nothing private. */
function describe(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
