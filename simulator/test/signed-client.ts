// SPDX-License-Identifier: Apache-2.0
// A plain REST client that signs with an HMAC key.

import { createHmac } from 'node:crypto';

import type { RunningSimulator, SimulatorAccount } from '../src/index.ts';

export interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export class SignedClient {
  readonly #rest: string;
  readonly #account: Pick<SimulatorAccount, 'apiKey' | 'secret'>;

  constructor(rest: string, account: Pick<SimulatorAccount, 'apiKey' | 'secret'>) {
    this.#rest = rest;
    this.#account = account;
  }

  static of(running: RunningSimulator, name = 'demo'): SignedClient {
    const account = running.accounts.find((known) => known.name === name);
    if (account === undefined) throw new Error(`no account ${name}`);
    return new SignedClient(running.rest, account);
  }

  async call(
    method: string,
    path: string,
    parameters: Readonly<Record<string, string | number>> = {},
    options: { readonly timeoutMs?: number; readonly timestamp?: number } = {},
  ): Promise<Reply> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) query.set(name, String(value));
    query.set('timestamp', String(options.timestamp ?? Date.now()));
    const signature = createHmac('sha256', this.#account.secret ?? '')
      .update(query.toString())
      .digest('hex');
    const response = await fetch(
      `${this.#rest}${path}?${query.toString()}&signature=${signature}`,
      {
        method,
        headers: { 'x-mbx-apikey': this.#account.apiKey },
        signal: AbortSignal.timeout(options.timeoutMs ?? 5000),
      },
    );
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
}
