// SPDX-License-Identifier: Apache-2.0
// Who may talk to the desk: a link that logs in once, the session cookie it sets, and the terminal's token.
//
// Only hashes are stored. A link lives ten minutes and works once; a session lives thirty days from its last use.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { numberOf, type Store } from '../store/store.ts';

const LINK_MS_MAX = 10 * 60_000;
const SESSION_MS_MAX = 30 * 24 * 60 * 60_000;
/** A session's last use is written at most this often. */
const SEEN_EVERY_MS = 60 * 60_000;
const LINKS_MAX = 16;

/**
 * The cookie of the desk that answers at `host`. Browsers keep cookies by name of the host and not by its port, so
 * that desks on several ports would otherwise put each other's session out.
 */
export function sessionCookie(host: string | undefined): string {
  return `kontor_session_${/:(\d+)$/.exec(host ?? '')?.[1] ?? '80'}`;
}

export class Sessions {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #terminalHash: Buffer;
  readonly #links = new Map<string, number>();
  /** Sessions this process has checked already, and until when it need not look again. */
  readonly #known = new Map<string, number>();

  /** `terminalToken` is what the `kontor` command shows; it lies in a file only its owner can read. */
  constructor(store: Store, terminalToken: string, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#terminalHash = hash(terminalToken);
  }

  /** A token that logs in once. */
  createLink(): string {
    const token = randomBytes(24).toString('base64url');
    this.#links.set(hashText(token), this.#now() + LINK_MS_MAX);
    for (const old of [...this.#links.keys()].slice(0, -LINKS_MAX)) this.#links.delete(old);
    return token;
  }

  /** Spends a link for a session's cookie value; null when it is unknown, spent or too old. */
  redeemLink(token: string): string | null {
    const key = hashText(token);
    const until = this.#links.get(key);
    this.#links.delete(key);
    if (until === undefined || until < this.#now()) return null;
    const session = randomBytes(32).toString('base64url');
    this.#store.run('DELETE FROM sessions WHERE seen_at < ?', this.#now() - SESSION_MS_MAX);
    this.#store.run(
      'INSERT INTO sessions (token_hash, created_at, seen_at) VALUES (?, ?, ?)',
      hashText(session),
      this.#now(),
      this.#now(),
    );
    return session;
  }

  hasSession(session: string | undefined): boolean {
    if (session === undefined) return false;
    const key = hashText(session);
    const now = this.#now();
    if ((this.#known.get(key) ?? 0) > now) return true;
    const row = this.#store.get('SELECT seen_at FROM sessions WHERE token_hash = ?', key);
    if (row === undefined || numberOf(row, 'seen_at') < now - SESSION_MS_MAX) return false;
    this.#store.run('UPDATE sessions SET seen_at = ? WHERE token_hash = ?', now, key);
    this.#known.set(key, now + SEEN_EVERY_MS);
    return true;
  }

  isTerminal(token: string | undefined): boolean {
    return token !== undefined && timingSafeEqual(hash(token), this.#terminalHash);
  }

  endSession(session: string): void {
    this.#known.delete(hashText(session));
    this.#store.run('DELETE FROM sessions WHERE token_hash = ?', hashText(session));
  }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function hashText(token: string): string {
  return hash(token).toString('hex');
}
