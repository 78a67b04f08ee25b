// SPDX-License-Identifier: Apache-2.0
// Who makes a request, and whether they may.

import type { PeopleBook, User } from './people-book.ts';
import { demandOf, hasRole, type Role } from './roles.ts';
import type { Session, Sessions } from './sessions.ts';

/** Who makes a request. */
export type Caller =
  /** Who can read the data directory: the `kontor` command. */
  | { readonly kind: 'terminal' }
  | {
      readonly kind: 'session';
      readonly token: string;
      readonly session: Session;
      /** Null where a link from the terminal began the session. */
      readonly user: User | null;
    };

export type Verdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly status: 401 | 403;
      readonly error: 'locked' | 'not_allowed' | 'step_up_needed';
      readonly message: string;
    };

export class Access {
  readonly #sessions: Sessions;
  readonly #people: PeopleBook;
  readonly #now: () => number;

  constructor(sessions: Sessions, people: PeopleBook, now: () => number = Date.now) {
    this.#sessions = sessions;
    this.#people = people;
    this.#now = now;
  }

  /** Who holds `bearer` or the cookie value `token`; null for a stranger. */
  callerOf(bearer: string | undefined, token: string | undefined): Caller | null {
    if (this.#sessions.isTerminal(bearer)) return { kind: 'terminal' };
    const session = this.#sessions.find(token);
    if (session === null || token === undefined) return null;
    const user = session.userId === null ? null : this.#people.user(session.userId);
    // A session outlives nobody who was taken off the desk.
    if (user === null && session.userId !== null) return null;
    return { kind: 'session', token, session, user };
  }

  /** Whether an act that asks for a passkey may go on without a new one. */
  isFresh(caller: Caller): boolean {
    return (
      caller.kind === 'terminal' ||
      caller.session.freshUntil > this.#now() ||
      // Nobody could show one.
      (caller.user === null && !this.#people.isProtected)
    );
  }

  /** Whether `caller` may ask `method` of the route `pattern`. */
  judge(caller: Caller | null, method: string, pattern: string): Verdict {
    if (caller === null) return { ok: false, status: 401, error: 'locked', message: this.#wayIn() };
    const { demand } = demandOf(method, pattern);
    if (caller.kind === 'terminal') return { ok: true };
    if (demand.role === 'terminal') {
      return denied('not_allowed', 'expected the terminal of this machine: use the kontor command');
    }
    const role = roleOf(caller);
    if (!hasRole(role, demand.role)) {
      return denied('not_allowed', `expected the role ${demand.role}, found ${role}`);
    }
    if (demand.isStepUp && !this.isFresh(caller)) {
      return denied(
        'step_up_needed',
        caller.user === null
          ? 'expected a login of the last five minutes: make a new link with `kontor link`, or confirm with a passkey'
          : 'expected a passkey that was shown in the last five minutes: confirm with yours',
      );
    }
    return { ok: true };
  }

  #wayIn(): string {
    const link = 'open the link that `kontor start` printed, or make a new one with `kontor link`';
    return this.#people.isProtected ? `log in with your passkey, or ${link}` : link;
  }
}

/** A link from the terminal stands for the owner of this machine. */
export function roleOf(caller: Caller): Role {
  return caller.kind === 'terminal' || caller.user === null ? 'owner' : caller.user.role;
}

/** Under whom an act is noted. */
export function nameOf(caller: Caller): { readonly who: string; readonly name: string } {
  if (caller.kind === 'terminal') return { who: 'terminal', name: 'terminal' };
  if (caller.user === null) return { who: 'link', name: 'link from the terminal' };
  return { who: caller.user.id, name: caller.user.name };
}

function denied(error: 'not_allowed' | 'step_up_needed', message: string): Verdict {
  return { ok: false, status: 403, error, message };
}
