// SPDX-License-Identifier: Apache-2.0
// The webhook channel: an alarm as signed JSON to an address that the owner named.
//
// The receiver checks `kontor-signature: t=<ms>,v1=<hex>`, where v1 is HMAC-SHA256 over `<t>.<body>` with the secret
// that the desk showed once. A redirect is not followed: it would take the alarm somewhere nobody named.

import { createHmac, randomBytes } from 'node:crypto';
import { Secret } from '../secret.ts';
import type { Store } from '../store/store.ts';
import type { Channel, ChannelResult } from './notifier.ts';

const META = 'alarmWebhook';
const REQUEST_MS_MAX = 10_000;
const URL_CHARACTERS_MAX = 2_000;
const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];
/** The receiver asks for another time; every other no is for good. */
const TRY_AGAIN: readonly number[] = [408, 425, 429];

interface WebhookSettings {
  readonly url: string;
  readonly secret: Secret;
}

export class Webhook implements Channel {
  readonly kind = 'webhook';
  readonly #store: Store;
  readonly #now: () => number;
  #settings: WebhookSettings | null;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#settings = toSettings(store.meta(META));
  }

  get isSet(): boolean {
    return this.#settings !== null;
  }

  /** Where it goes, without what follows the host: paths of such addresses are often secrets. */
  get address(): string | null {
    return this.#settings === null ? null : new URL(this.#settings.url).origin;
  }

  /** Sets the address and draws a new secret, or says what is wrong with the address. */
  set(
    address: string,
  ): { readonly ok: true; readonly secret: Secret } | { readonly ok: false; reason: string } {
    const fault = addressFault(address);
    if (fault !== null) return { ok: false, reason: fault };
    const secret = new Secret(randomBytes(32).toString('base64url'));
    this.#store.setMeta(META, JSON.stringify({ url: address, secret: secret.reveal() }));
    this.#settings = { url: address, secret };
    return { ok: true, secret };
  }

  remove(): void {
    this.#store.run('DELETE FROM meta WHERE key = ?', META);
    this.#settings = null;
  }

  async deliver(body: string): Promise<ChannelResult> {
    const settings = this.#settings;
    if (settings === null) return { ok: false, isFinal: true, reason: 'no address is set' };
    const time = this.#now();
    const signature = createHmac('sha256', settings.secret.reveal())
      .update(`${time}.${body}`)
      .digest('hex');
    let response: Response;
    try {
      response = await fetch(settings.url, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(REQUEST_MS_MAX),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'kontor',
          'kontor-signature': `t=${time},v1=${signature}`,
        },
        body,
      });
    } catch (error) {
      return { ok: false, isFinal: false, reason: `no answer: ${causeOf(error)}` };
    }
    // What it says in its body is of no use here.
    await response.body?.cancel().catch(() => undefined);
    const { status } = response;
    if (status >= 200 && status < 300) return { ok: true };
    if (status >= 300 && status < 400) {
      const reason = `expected an answer of 200 to 299, found the redirect ${status}, which is not followed`;
      return { ok: false, isFinal: true, reason };
    }
    const isFinal = status >= 400 && status < 500 && !TRY_AGAIN.includes(status);
    return { ok: false, isFinal, reason: `expected an answer of 200 to 299, found ${status}` };
  }
}

/** What is wrong with an address for a webhook, or null. */
function addressFault(address: string): string | null {
  if (address.length > URL_CHARACTERS_MAX) {
    return `url: expected at most ${URL_CHARACTERS_MAX} characters, found ${address.length}`;
  }
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return 'url: expected an address such as https://example.com/hook, found no address';
  }
  if (url.username !== '' || url.password !== '') {
    return 'url: expected an address without a user or password, found one with it';
  }
  if (url.protocol === 'https:') return null;
  if (url.protocol === 'http:' && LOOPBACK.includes(url.hostname)) return null;
  return `url: expected https, or http on this machine, found ${url.protocol}//${url.hostname}`;
}

function toSettings(text: string | undefined): WebhookSettings | null {
  if (text === undefined) return null;
  const stored: { readonly url?: unknown; readonly secret?: unknown } = JSON.parse(text);
  const { url, secret } = stored;
  if (typeof url !== 'string' || typeof secret !== 'string') return null;
  return { url, secret: new Secret(secret) };
}

/** What kept the request from being answered; fetch hides it in the cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
