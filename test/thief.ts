// SPDX-License-Identifier: Apache-2.0
// Someone who has stolen the exchange's key out of a desk: a process of his own that signs real requests with it.
//
// Run as a process it reads lines of JSON: first the key, then one request each, and answers each with a line.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { sealedSecret } from '../signer/test/fixture.ts';

interface Key {
  readonly rest: string;
  readonly apiKey: string;
  /** PKCS #8, base64. */
  readonly secret: string;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface ThiefAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test reads from it, it checks
  readonly body: any;
  /** When the request had been answered, wall time. */
  readonly at: number;
}

const THIS_FILE = fileURLToPath(import.meta.url);

if (process.argv[1] === THIS_FILE) await steal();

export class Thief {
  readonly #process: ChildProcess;
  readonly #waiting: ((answer: ThiefAnswer) => void)[] = [];

  /** Takes the key of a desk's only connection from a copy of its signer's folder, which an unlock file opens. */
  constructor(signerDirectory: string, copy: string, rest: string) {
    cpSync(signerDirectory, copy, { recursive: true });
    const { connections } = JSON.parse(readFileSync(join(copy, 'connections'), 'utf8'));
    const [{ connection, apiKey }] = connections;
    const key: Key = {
      rest,
      apiKey,
      secret: sealedSecret(copy, connection).toString('base64'),
    };
    this.#process = spawn(process.execPath, [THIS_FILE], { stdio: ['pipe', 'pipe', 'inherit'] });
    assert.ok(this.#process.stdout !== null);
    createInterface({ input: this.#process.stdout }).on('line', (line) =>
      this.#waiting.shift()?.(JSON.parse(line)),
    );
    this.#write(key);
  }

  /** Sends one signed request; fails where the exchange says no. */
  async ask(
    method: Request['method'],
    path: string,
    parameters: Request['parameters'],
  ): Promise<ThiefAnswer> {
    const answer = await new Promise<ThiefAnswer>((resolve) => {
      this.#waiting.push(resolve);
      this.#write({ method, path, parameters });
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer;
  }

  place(
    symbol: string,
    side: 'BUY' | 'SELL',
    quantity: string,
    price: string,
    id = 'taken',
  ): Promise<ThiefAnswer> {
    return this.ask('POST', '/api/v3/order', {
      ...{ symbol, side, type: 'LIMIT', timeInForce: 'GTC', quantity, price },
      ...{ newClientOrderId: `${id}-${Date.now()}`, newOrderRespType: 'RESULT' },
    });
  }

  stop(): void {
    this.#process.kill();
  }

  #write(message: Key | Request): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`);
  }
}

async function steal(): Promise<void> {
  let key: Key | null = null;
  let signing: KeyObject | null = null;
  for await (const line of createInterface({ input: process.stdin })) {
    if (key === null || signing === null) {
      key = JSON.parse(line) as Key;
      const secret = Buffer.from(key.secret, 'base64');
      signing = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
      continue;
    }
    const { method, path, parameters } = JSON.parse(line) as Request;
    const query = new URLSearchParams({ ...parameters, timestamp: String(Date.now()) });
    query.set('signature', sign(null, Buffer.from(String(query)), signing).toString('base64'));
    const response = await fetch(`${key.rest}${path}?${query}`, {
      method,
      headers: { 'x-mbx-apikey': key.apiKey },
      signal: AbortSignal.timeout(10_000),
    });
    const answer: ThiefAnswer = {
      status: response.status,
      body: await response.json(),
      at: Date.now(),
    };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
