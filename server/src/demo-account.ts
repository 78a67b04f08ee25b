// SPDX-License-Identifier: Apache-2.0
// Does on the demo exchange what a person does on a real exchange's page: adds the public key to the account.

import { Type } from 'typebox';
import { Value } from 'typebox/value';

const CONTROL_MS_MAX = 5_000;

const RegisteredKey = Type.Object({ apiKey: Type.String({ minLength: 1 }) });
const MarketStatus = Type.Object({
  state: Type.String(),
  speed: Type.Union([Type.Number(), Type.Literal('max')]),
  source: Type.Object({ reason: Type.Optional(Type.String()) }),
});

export interface DemoMarketStatus {
  /** Market time per wall time; 0 while it stands. */
  readonly speed: number;
  readonly hasEnded: boolean;
  /** Why the exchange whose prices the market follows cannot be seen; null while it can. */
  readonly unseen: string | null;
}

/** What "as fast as possible" is shown as. */
const SPEED_MAX = 1_000_000;

/** Registers `publicKeyPem` for the account `name`; returns the exchange's identifier of the key. */
export async function registerDemoKey(
  control: string,
  name: string,
  publicKeyPem: string,
): Promise<string> {
  const answer = await call(`${control}/control/accounts/${encodeURIComponent(name)}/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ publicKeyPem }),
  });
  if (!Value.Check(RegisteredKey, answer))
    throw new Error('the demo exchange did not say under which name it keeps the key');
  return answer.apiKey;
}

/** What the demo market does now. Throws Error when the demo exchange does not answer. */
export async function readDemoMarket(control: string): Promise<DemoMarketStatus> {
  const answer = await call(`${control}/control/market`, {});
  if (!Value.Check(MarketStatus, answer))
    throw new Error('the demo exchange did not describe its market');
  const isMoving = answer.state === 'running';
  return {
    speed: !isMoving ? 0 : answer.speed === 'max' ? SPEED_MAX : answer.speed,
    hasEnded: answer.state === 'ended',
    unseen: answer.state === 'stale' ? (answer.source.reason ?? 'the market is stale') : null,
  };
}

async function call(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(CONTROL_MS_MAX) });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status} ${JSON.stringify(body)}`);
  return body;
}
