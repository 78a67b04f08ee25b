// SPDX-License-Identifier: Apache-2.0
// The people of a desk as the store knows them: users and roles, passkeys, invitations, and what each of them did.

import { createHash, randomBytes } from 'node:crypto';
import { numberOf, textOf, type Row, type Store } from '../store/store.ts';
import { ROLES, type Role } from './roles.ts';

export const USERS_MAX = 50;
export const PASSKEYS_MAX = 10;
const INVITATIONS_MAX = 20;
export const INVITATION_MS: number = 7 * 86_400_000;
/** Acts that are kept, enough for years of a desk. */
const ACTS_MAX = 20_000;
const ABOUT_CHARACTERS_MAX = 300;

export interface User {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
}

export interface Passkey {
  /** The credential's identifier, base64url. */
  readonly credential: string;
  readonly userId: string;
  readonly name: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly rpId: string;
  /** Whether several devices may share it, and whether they do. */
  readonly isBackupEligible: boolean;
  readonly isBackedUp: boolean;
  readonly createdAt: number;
  readonly usedAt: number | null;
}

export interface Invitation {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly invitedBy: string;
  readonly until: number;
}

/** Something that a person did. */
export interface PersonAct {
  readonly sequence: number;
  readonly time: number;
  /** A user's identifier, `link` or `terminal`. */
  readonly who: string;
  readonly name: string;
  readonly act: string;
  readonly about: string;
  readonly status: number;
}

export class PeopleBook {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  users(): readonly User[] {
    return this.#store.all('SELECT * FROM users ORDER BY created_at, user_id').map(toUser);
  }

  user(id: string): User | null {
    const row = this.#store.get('SELECT * FROM users WHERE user_id = ?', id);
    return row === undefined ? null : toUser(row);
  }

  /** Whether an owner has a passkey: then acts that ask for one can be asked of somebody. */
  get isProtected(): boolean {
    const sql =
      "SELECT 1 FROM passkeys JOIN users USING (user_id) WHERE users.role = 'owner' LIMIT 1";
    return this.#store.get(sql) !== undefined;
  }

  /** A new user with the passkey that was just made for them. */
  addUser(id: string, name: string, role: Role, passkey: NewPasskey): User {
    return this.#store.transaction(() => {
      const user = { id, name, role, createdAt: this.#now() };
      this.#store.run(
        'INSERT INTO users (user_id, name, role, created_at) VALUES (?, ?, ?, ?)',
        id,
        name,
        role,
        user.createdAt,
      );
      this.addPasskey(id, passkey);
      return user;
    });
  }

  /** Changes a user; the last owner stays one. Returns why not, or null. */
  setRole(id: string, role: Role): string | null {
    const user = this.user(id);
    if (user === null) return `expected a user, found none named ${id}`;
    if (user.role === 'owner' && role !== 'owner' && this.#isLastOwner(id)) return LAST_OWNER;
    this.#store.transaction(() => {
      this.#store.run('UPDATE users SET role = ? WHERE user_id = ?', role, id);
      if (role !== 'owner') this.#endInvitationsBy(user.name);
    });
    return null;
  }

  /** Takes a user off the desk with everything of theirs. Returns why not, or null. */
  removeUser(id: string): string | null {
    const user = this.user(id);
    if (user === null) return `expected a user, found none named ${id}`;
    if (user.role === 'owner' && this.#isLastOwner(id)) return LAST_OWNER;
    this.#store.transaction(() => {
      for (const table of ['users', 'passkeys', 'recovery_codes', 'sessions']) {
        this.#store.run(`DELETE FROM ${table} WHERE user_id = ?`, id);
      }
      this.#endInvitationsBy(user.name);
    });
    return null;
  }

  /** Who may invite no more comes back by no invitation; one by another of the same name is made anew. */
  #endInvitationsBy(name: string): void {
    this.#store.run('DELETE FROM invitations WHERE invited_by = ?', name);
  }

  #isLastOwner(id: string): boolean {
    return this.users().every((user) => user.id === id || user.role !== 'owner');
  }

  passkeys(userId?: string): readonly Passkey[] {
    return this.#store
      .all('SELECT * FROM passkeys ORDER BY created_at, credential')
      .map(toPasskey)
      .filter((passkey) => userId === undefined || passkey.userId === userId);
  }

  passkey(credential: string): Passkey | null {
    const row = this.#store.get('SELECT * FROM passkeys WHERE credential = ?', credential);
    return row === undefined ? null : toPasskey(row);
  }

  addPasskey(userId: string, passkey: NewPasskey): void {
    this.#store.run(
      `INSERT INTO passkeys (credential, user_id, name, public_key, counter, rp_id, is_backup_eligible, is_backed_up, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      passkey.credential,
      userId,
      passkey.name,
      passkey.publicKey,
      passkey.counter,
      passkey.rpId,
      Number(passkey.isBackupEligible),
      Number(passkey.isBackedUp),
      this.#now(),
    );
  }

  /** A passkey was used: its count, and whether devices share it by now. */
  usePasskey(credential: string, counter: number, isBackedUp: boolean): void {
    this.#store.run(
      'UPDATE passkeys SET counter = ?, is_backed_up = ?, used_at = ? WHERE credential = ?',
      counter,
      Number(isBackedUp),
      this.#now(),
      credential,
    );
  }

  removePasskey(credential: string): void {
    this.#store.run('DELETE FROM passkeys WHERE credential = ?', credential);
  }

  /** A link's token that makes one user; null when as many invitations wait as may. */
  invite(
    name: string,
    role: Role,
    invitedBy: string,
  ): { readonly token: string; readonly invitation: Invitation } | null {
    const now = this.#now();
    this.#store.run('DELETE FROM invitations WHERE until <= ?', now);
    if (this.invitations().length >= INVITATIONS_MAX) return null;
    const token = randomBytes(24).toString('base64url');
    const id = `i_${randomBytes(9).toString('base64url')}`;
    const invitation = { id, name, role, invitedBy, until: now + INVITATION_MS };
    this.#store.run(
      'INSERT INTO invitations (token_hash, invitation_id, name, role, invited_by, until) VALUES (?, ?, ?, ?, ?, ?)',
      hashText(token),
      id,
      name,
      role,
      invitedBy,
      invitation.until,
    );
    return { token, invitation };
  }

  invitation(token: string): Invitation | null {
    const row = this.#store.get(
      'SELECT * FROM invitations WHERE token_hash = ? AND until > ?',
      hashText(token),
      this.#now(),
    );
    return row === undefined ? null : toInvitation(row);
  }

  invitations(): readonly Invitation[] {
    return this.#store
      .all('SELECT * FROM invitations WHERE until > ? ORDER BY until', this.#now())
      .map(toInvitation);
  }

  /** Takes an invitation away, spent or withdrawn; false where it is gone already. */
  endInvitation(id: string): boolean {
    return this.#store.run('DELETE FROM invitations WHERE invitation_id = ?', id) > 0;
  }

  /** Beyond the bound the oldest act of whoever did most goes: nobody pushes out what others did. */
  note(act: Omit<PersonAct, 'sequence' | 'time'>): void {
    this.#store.run(
      'INSERT INTO people_acts (time, who, name, act, about, status) VALUES (?, ?, ?, ?, ?, ?)',
      this.#now(),
      act.who,
      act.name,
      act.act,
      act.about.slice(0, ABOUT_CHARACTERS_MAX),
      act.status,
    );
    this.#store.run(
      `DELETE FROM people_acts WHERE (SELECT count(*) FROM people_acts) > ? AND sequence = (
         SELECT min(sequence) FROM people_acts GROUP BY who ORDER BY count(*) DESC, min(sequence) LIMIT 1)`,
      ACTS_MAX,
    );
  }

  /** The latest acts, newest first; `before` is the sequence of the last one that was read. */
  acts(limit: number, before: number = Number.MAX_SAFE_INTEGER): readonly PersonAct[] {
    return this.#store
      .all(
        'SELECT * FROM people_acts WHERE sequence < ? ORDER BY sequence DESC LIMIT ?',
        before,
        limit,
      )
      .map((row) => ({
        sequence: numberOf(row, 'sequence'),
        time: numberOf(row, 'time'),
        who: textOf(row, 'who'),
        name: textOf(row, 'name'),
        act: textOf(row, 'act'),
        about: textOf(row, 'about'),
        status: numberOf(row, 'status'),
      }));
  }
}

export type NewPasskey = Omit<Passkey, 'userId' | 'createdAt' | 'usedAt'>;

const LAST_OWNER = 'expected another owner who stays, found that this is the last one';

/** A new user's identifier, random so that it says nothing. */
export function drawUserId(): string {
  return `u_${randomBytes(12).toString('base64url')}`;
}

function toRole(row: Row): Role {
  // A role that this version does not know may as little as possible.
  return ROLES.find((role) => role === row['role']) ?? 'viewer';
}

function toUser(row: Row): User {
  return {
    id: textOf(row, 'user_id'),
    name: textOf(row, 'name'),
    role: toRole(row),
    createdAt: numberOf(row, 'created_at'),
  };
}

function toPasskey(row: Row): Passkey {
  const usedAt = row['used_at'];
  return {
    credential: textOf(row, 'credential'),
    userId: textOf(row, 'user_id'),
    name: textOf(row, 'name'),
    publicKey: textOf(row, 'public_key'),
    counter: numberOf(row, 'counter'),
    rpId: textOf(row, 'rp_id'),
    isBackupEligible: row['is_backup_eligible'] === 1,
    isBackedUp: row['is_backed_up'] === 1,
    createdAt: numberOf(row, 'created_at'),
    usedAt: typeof usedAt === 'number' ? usedAt : null,
  };
}

function toInvitation(row: Row): Invitation {
  return {
    id: textOf(row, 'invitation_id'),
    name: textOf(row, 'name'),
    role: toRole(row),
    invitedBy: textOf(row, 'invited_by'),
    until: numberOf(row, 'until'),
  };
}

function hashText(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
