// SPDX-License-Identifier: Apache-2.0
// One request to somebody outside whom the owner of the desk named: no redirect, an end in time, an answer of fair size.

import type { Result } from '@kontor/tlog';

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A POST where there is a body, otherwise a GET. The reason of a failure is fit to be shown. */
export async function askOver(
  url: string,
  asked: {
    readonly body: Uint8Array | undefined;
    readonly contentType?: string;
    readonly timeoutMs: number;
    readonly bytesMax: number;
    /** Ends the wait early. */
    readonly signal?: AbortSignal;
  },
): Promise<Result<HttpAnswer>> {
  const { body, contentType, timeoutMs, bytesMax, signal } = asked;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      // It is asked where the owner said it is, nowhere else.
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
      ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
    });
    const answer = await readBounded(response, bytesMax);
    if (answer === undefined) {
      return { ok: false, reason: `its answer has more than ${bytesMax} bytes` };
    }
    const type = response.headers.get('content-type') ?? '';
    return { ok: true, value: { status: response.status, contentType: type, body: answer } };
  } catch (error) {
    return { ok: false, reason: `it does not answer: ${causeOf(error)}` };
  }
}

async function readBounded(response: Response, bytesMax: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > bytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
