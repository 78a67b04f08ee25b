// SPDX-License-Identifier: Apache-2.0
// Sessions: what a browser's cookie stands for. Links from the terminal and the terminal's own token are the way in that
// needs no person.
//
// Only hashes are stored. A link lives ten minutes and works once. A session keeps its name while its cookie is
// exchanged for a new one; the old cookie works for a few seconds more, for requests that were on their way.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { numberOf, textOf, type Row, type Store } from '../store/store.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const LINK_MS_MAX = 10 * MINUTE_MS;
/** A session ends when it was not used for so long, and when it is so old. */
const LIFE = {
  /** It came from this machine's terminal and belongs to nobody. */
  link: { idleMs: 30 * DAY_MS, ageMs: 90 * DAY_MS },
  person: { idleMs: 7 * DAY_MS, ageMs: 30 * DAY_MS },
} as const;
/** How long a passkey that was just shown counts for acts that ask for it. */
export const FRESH_MS: number = 5 * MINUTE_MS;
const REPLACED_MS = 10 * SECOND_MS;
/** A session's last use is written at most this often. */
const SEEN_EVERY_MS = MINUTE_MS;
const LINKS_MAX = 16;
const AGENT_CHARACTERS_MAX = 200;

export type WayIn = 'link' | 'passkey' | 'recovery' | 'invitation';

export interface Session {
  /** Names the session to people; it opens nothing. */
  readonly id: string;
  /** Null for one that a link from the terminal began. */
  readonly userId: string | null;
  readonly how: WayIn;
  readonly createdAt: number;
  readonly seenAt: number;
  /** Until then acts that ask for a passkey need no new one. */
  readonly freshUntil: number;
  /** What the browser says it is. */
  readonly agent: string;
}

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
  redeemLink(token: string, agent = ''): string | null {
    const key = hashText(token);
    const until = this.#links.get(key);
    this.#links.delete(key);
    if (until === undefined || until < this.#now()) return null;
    return this.begin({ userId: null, how: 'link', agent });
  }

  /** A new session's cookie value. It is fresh: who began it has just shown that he may. */
  begin({ userId, how, agent }: Pick<Session, 'userId' | 'how' | 'agent'>): string {
    this.#store.run(
      'DELETE FROM sessions WHERE seen_at < ? OR created_at < ?',
      this.#now() - LIFE.link.idleMs,
      this.#now() - LIFE.link.ageMs,
    );
    const now = this.#now();
    const id = `s_${randomBytes(9).toString('base64url')}`;
    const freshUntil = now + FRESH_MS;
    return this.#insert({ id, userId, how, agent, createdAt: now, seenAt: now, freshUntil });
  }

  /** The session of a cookie value, or null where it is none or over. */
  find(token: string | undefined): Session | null {
    if (token === undefined) return null;
    const key = hashText(token);
    const row = this.#store.get('SELECT * FROM sessions WHERE token_hash = ?', key);
    if (row === undefined) return null;
    const now = this.#now();
    const session = toSession(row);
    const { idleMs, ageMs } = session.userId === null ? LIFE.link : LIFE.person;
    const isOver = session.seenAt < now - idleMs || session.createdAt < now - ageMs;
    const replacedAt = row['replaced_at'];
    if (isOver || (typeof replacedAt === 'number' && replacedAt < now - REPLACED_MS)) return null;
    if (session.seenAt < now - SEEN_EVERY_MS) {
      this.#store.run('UPDATE sessions SET seen_at = ? WHERE token_hash = ?', now, key);
    }
    return session;
  }

  hasSession(token: string | undefined): boolean {
    return this.find(token) !== null;
  }

  /**
   * Exchanges a session's cookie value for a new one after a passkey was shown, or made: then it `becomes` another's and
   * counts from now. The session is fresh. Requests that are under way carry the old value and are answered yet.
   */
  renew(token: string, becomes: Pick<Session, 'userId' | 'how'> | null = null): string | null {
    const session = this.find(token);
    if (session === null) return null;
    const now = this.#now();
    return this.#store.transaction(() => {
      this.#store.run(
        'DELETE FROM sessions WHERE session_id = ? AND replaced_at IS NOT NULL',
        session.id,
      );
      this.#store.run(
        'UPDATE sessions SET replaced_at = ?, fresh_until = 0 WHERE token_hash = ?',
        now,
        hashText(token),
      );
      const next = becomes === null ? session : { ...session, ...becomes, createdAt: now };
      return this.#insert({ ...next, seenAt: now, freshUntil: now + FRESH_MS });
    });
  }

  /** The sessions that go on, the last used first. */
  list(): readonly Session[] {
    const now = this.#now();
    return this.#store
      .all('SELECT * FROM sessions WHERE replaced_at IS NULL ORDER BY seen_at DESC')
      .map(toSession)
      .filter(({ userId, seenAt, createdAt }) => {
        const { idleMs, ageMs } = userId === null ? LIFE.link : LIFE.person;
        return seenAt >= now - idleMs && createdAt >= now - ageMs;
      });
  }

  /** Whether a session is not over; to ask is no use of it. */
  goesOn(id: string): boolean {
    return this.list().some((session) => session.id === id);
  }

  isTerminal(token: string | undefined): boolean {
    return token !== undefined && timingSafeEqual(hash(token), this.#terminalHash);
  }

  /** Ends the session of a cookie value. */
  endSession(token: string): void {
    const session = this.find(token);
    if (session !== null) this.end(session.id);
  }

  /** Ends a session by its name; false where there is none. */
  end(id: string): boolean {
    return this.#store.run('DELETE FROM sessions WHERE session_id = ?', id) > 0;
  }

  #insert(session: Session): string {
    const token = randomBytes(32).toString('base64url');
    this.#store.run(
      `INSERT INTO sessions (token_hash, created_at, seen_at, session_id, user_id, how, fresh_until, agent)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      hashText(token),
      session.createdAt,
      session.seenAt,
      session.id,
      session.userId,
      session.how,
      session.freshUntil,
      session.agent.slice(0, AGENT_CHARACTERS_MAX),
    );
    return token;
  }
}

const WAYS_IN: readonly WayIn[] = ['link', 'passkey', 'recovery', 'invitation'];

function toSession(row: Row): Session {
  const userId = row['user_id'];
  return {
    id: textOf(row, 'session_id'),
    userId: typeof userId === 'string' ? userId : null,
    how: WAYS_IN.find((way) => way === row['how']) ?? 'link',
    createdAt: numberOf(row, 'created_at'),
    seenAt: numberOf(row, 'seen_at'),
    freshUntil: numberOf(row, 'fresh_until'),
    agent: textOf(row, 'agent'),
  };
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function hashText(token: string): string {
  return hash(token).toString('hex');
}
