// SPDX-License-Identifier: Apache-2.0
// Recovery codes: ten for each person, shown once, stored through Argon2id, each good for one login.

import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { numberOf, textOf, type Store } from '../store/store.ts';

const CODES = 10;
/** Letters that nobody confuses; five bits each. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** The part by which a code is found; the rest, 80 bits, is what is stretched. */
const NAME_CHARACTERS = 4;
const SECRET_CHARACTERS = 16;
const CODE = /^[A-HJ-NP-Z2-9]{20}$/;
/** OWASP's first choice. Codes are random, so this guards a stolen store and not against guessing here. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const SALT_BYTES = 16;
/** Each costs memory and time: more than this at once are refused. */
const AT_ONCE_MAX = 2;

const stretch = promisify(argon2);

export class RecoveryCodes {
  readonly #store: Store;
  readonly #now: () => number;
  #running = 0;

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** New codes for a user; the old ones are void. */
  async renew(userId: string): Promise<readonly string[]> {
    const codes = Array.from({ length: CODES }, () => draw(NAME_CHARACTERS + SECRET_CHARACTERS));
    const rows: (readonly [name: string, salt: string, tag: string])[] = [];
    for (const code of codes) {
      const salt = randomBytes(SALT_BYTES);
      const tag = await tagOf(code, salt);
      rows.push([code.slice(0, NAME_CHARACTERS), salt.toString('hex'), tag.toString('hex')]);
    }
    this.#store.transaction(() => {
      this.#store.run('DELETE FROM recovery_codes WHERE user_id = ?', userId);
      for (const [name, salt, tag] of rows) {
        this.#store.run(
          'INSERT INTO recovery_codes (user_id, name, salt, tag, created_at) VALUES (?, ?, ?, ?, ?)',
          userId,
          name,
          salt,
          tag,
          this.#now(),
        );
      }
    });
    return codes.map((code) => (code.match(/.{4}/g) ?? []).join('-'));
  }

  left(userId: string): number {
    const row = this.#store.get(
      'SELECT count(*) AS count FROM recovery_codes WHERE user_id = ? AND used_at IS NULL',
      userId,
    );
    return row === undefined ? 0 : numberOf(row, 'count');
  }

  /** Whose code it is, which is spent with that; null for any other text, undefined where too many are being tried. */
  async redeem(text: string): Promise<string | null | undefined> {
    const code = text.toUpperCase().replaceAll(/[\s-]/g, '');
    if (!CODE.test(code)) return null;
    if (this.#running >= AT_ONCE_MAX) return undefined;
    this.#running += 1;
    try {
      const rows = this.#store.all(
        'SELECT rowid AS row, user_id, salt, tag FROM recovery_codes WHERE name = ? AND used_at IS NULL',
        code.slice(0, NAME_CHARACTERS),
      );
      for (const row of rows) {
        const tag = await tagOf(code, Buffer.from(textOf(row, 'salt'), 'hex'));
        if (!timingSafeEqual(tag, Buffer.from(textOf(row, 'tag'), 'hex'))) continue;
        const spent = this.#store.run(
          'UPDATE recovery_codes SET used_at = ? WHERE rowid = ? AND used_at IS NULL',
          this.#now(),
          numberOf(row, 'row'),
        );
        return spent === 1 ? textOf(row, 'user_id') : null;
      }
      return null;
    } finally {
      this.#running -= 1;
    }
  }
}

function tagOf(code: string, nonce: Buffer): Promise<Buffer> {
  return stretch('argon2id', { message: code, nonce, ...COST });
}

function draw(length: number): string {
  return [...randomBytes(length)].map((byte) => ALPHABET[byte & 31]).join('');
}
