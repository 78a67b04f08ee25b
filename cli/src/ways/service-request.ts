// SPDX-License-Identifier: Apache-2.0
// One question to a key service: JSON over HTTPS, in bytes that are overwritten, with a bound and a timeout.

import { readFileSync } from 'node:fs';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { WayError } from './way-error.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 65_536;
const REASON_CHARACTERS_MAX = 200;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export interface ServiceQuestion {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Zeroed once it is sent. */
  readonly body: Buffer;
  /** A file with the certificate of who signed the service's; the system's list by default. */
  readonly caFile?: string | undefined;
}

/** Why a key service cannot be asked at this address, or null. */
export function objectionToAddress(address: string): string | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return `expected an address such as https://bao.example:8200, found ${address}`;
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return 'expected an address without a user, a query and a fragment';
  const isSafe =
    url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
  return isSafe ? null : `expected https, or http on this machine, found ${address}`;
}

/** The body of the answer, which the taker zeroes. Throws WayError. */
export async function askService(question: ServiceQuestion): Promise<Buffer> {
  const { url, headers, body, caFile } = question;
  const options: RequestOptions & { readonly ca?: Buffer } = {
    method: 'POST',
    headers: { ...headers, 'content-length': body.length },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  };
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const sent = ask(url, options, (response) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length > ANSWER_BYTES_MAX)
            response.destroy(new Error(`expected at most ${ANSWER_BYTES_MAX} bytes`));
          else parts.push(part);
        });
        response.on('error', reject);
        response.on('end', () => {
          const answer = joined(parts, length);
          if (response.statusCode === 200) return resolve(answer);
          reject(new Error(`it answered ${response.statusCode}: ${reasonIn(answer)}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WayError(
      'way.service',
      `expected an answer of the key service at ${url.origin}, found none: ${reason}`,
      { cause: error },
    );
  } finally {
    body.fill(0);
  }
}

function joined(parts: readonly Buffer[], length: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const part of parts) {
    part.copy(whole, at);
    part.fill(0);
    at += part.length;
  }
  return whole;
}

/** The start of a refusal, which holds no key. */
function reasonIn(answer: Buffer): string {
  return answer
    .toString('utf8')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, REASON_CHARACTERS_MAX);
}
