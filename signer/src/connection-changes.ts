// SPDX-License-Identifier: Apache-2.0
// New connections, new keys for old ones, and the exchange's identifiers of keys: each on the log before it is there.

import { strict as assert } from 'node:assert';
import { createPublicKey, createSecretKey, hash } from 'node:crypto';
import type { Connection } from './connections.ts';
import { birthOf, type KeyRing } from './key-ring.ts';
import type { LifeKeeper } from './life/keeper.ts';
import type { Lives } from './life/lives.ts';
import type { Entry } from './log/intent-log.ts';
import { VaultError } from './vault/file.ts';
import { bornKey, readKey, toPem, type Key } from './vault/keys.ts';
import { IMPORT_INFO, importContext, openSealed } from './vault/sealed-import.ts';
import type { Intent, KeyKind } from './wire.ts';

export class ConnectionChanges {
  readonly #ring: KeyRing;
  readonly #lives: Lives;
  readonly #keeper: LifeKeeper;

  constructor(ring: KeyRing, lives: Lives, keeper: LifeKeeper) {
    this.#ring = ring;
    this.#lives = lives;
    this.#keeper = keeper;
  }

  /** Makes a connection, or says why not. Throws LogError and VaultError. */
  add(
    intent: Extract<Intent, { kind: 'createConnection' | 'importConnection' }>,
    now: number,
  ): Connection | string {
    const { name, venue, keyKind = 'ed25519' } = intent;
    const objection = this.#objectionToNew(intent, now);
    if (objection !== null) return objection;
    let made: Key & { readonly secret: Buffer };
    if (intent.kind === 'importConnection') made = this.#openImport(intent);
    // The wire's parser lets no other kind be born.
    else made = bornKey(keyKind as Exclude<KeyKind, 'hmac-sha256'>);
    try {
      const kind = intent.kind === 'importConnection' ? 'key.import' : 'key.new';
      const double = this.#ring.holderOf(made);
      if (double !== null)
        return `expected a key that is used nowhere else, found the key of ${double}`;
      const { replaces = null } = intent;
      // A successor is what the connection is whose key it replaces, once it does.
      const isCanary = replaces === null ? intent.isCanary : false;
      const request = {
        ...{ name, venue, keyKind, createdAt: now, replaces },
        ...(isCanary !== undefined && { isCanary }),
      };
      return this.#ring.connections.add(this.#ring.vault, made, request, (connection) => {
        const birth = birthOf(connection, kind);
        this.#ring.log.append([birth]);
        this.#lives.read(birth);
      });
    } finally {
      made.secret.fill(0);
    }
  }

  /** Names the exchange's identifier of a key, or says why not. Throws LogError. */
  name(intent: Extract<Intent, { kind: 'activateConnection' }>, now: number): Connection | string {
    const known = this.#ring.connections.get(intent.connection);
    if (known === undefined) return `expected a connection, found none named ${intent.connection}`;
    if ((this.#lives.standing(known.connection, now)?.expiresAt ?? 0) <= now)
      return 'expected a key that has not expired, found one that has: replace it by a new one';
    if (this.#ring.vault.fingerprintOf(createSecretKey(intent.apiKey, 'utf8')) === known.keyId) {
      return "expected the exchange's identifier of the key, found the secret itself: replace it at the exchange, it was on the way here in the clear";
    }
    const objection = this.#keeper.objectionToNaming(known, intent.apiKey);
    if (objection !== null) return objection;
    const fields = { connection: known.connection, apiKey: hash('sha256', intent.apiKey, 'hex') };
    const entry: Entry = { time: now, kind: 'key.active', fields };
    this.#ring.log.append([entry]);
    this.#lives.read(entry);
    const active = this.#ring.connections.activate(known, intent.apiKey);
    this.#keeper.onNamed(active);
    return active;
  }

  /** Why the connection cannot be made, or null. A successor bears the name of the one whose key it replaces. */
  #objectionToNew(
    intent: Extract<Intent, { kind: 'createConnection' | 'importConnection' }>,
    now: number,
  ): string | null {
    const { name, venue, replaces } = intent;
    if (replaces === undefined) return this.#ring.connections.objectionTo(name, now);
    const old = this.#ring.connections.get(replaces);
    if (old === undefined)
      return `expected a connection to replace the key of, found none named ${replaces}`;
    if (old.replaces !== null)
      return 'expected a connection in use, found the successor of another';
    if (old.name !== name || old.venue !== venue)
      return `expected ${old.name} at ${old.venue}, as the connection is called, found ${name} at ${venue}`;
    const earlier = this.#ring.connections.successorOf(replaces);
    if (earlier !== undefined) this.#retire(earlier, now);
    return this.#ring.connections.objectionTo(null, now);
  }

  #retire(connection: Connection, now: number): void {
    const fields = { connection: connection.connection };
    const entry: Entry = { time: now, kind: 'key.retire', fields };
    this.#ring.log.append([entry]);
    this.#lives.read(entry);
    this.#ring.connections.retire(this.#ring.vault, connection);
  }

  /** The key in a sealed import, checked against the public half that the user stated. */
  #openImport(
    intent: Extract<Intent, { kind: 'importConnection' }>,
  ): Key & { readonly secret: Buffer } {
    const { name, venue, keyKind, sealed, publicKeyPem } = intent;
    const importKey = this.#ring.vault.own('import');
    assert(importKey !== null, 'Invariant: imports are for an open vault');
    const secret = openSealed(Buffer.from(sealed, 'base64'), importKey, {
      info: Buffer.from(IMPORT_INFO),
      associated: importContext(name, venue, keyKind),
    });
    try {
      const key = readKey(keyKind, secret);
      if (normalPem(publicKeyPem) !== key.publicKeyPem) {
        throw new VaultError(
          'vault.other',
          keyKind === 'hmac-sha256'
            ? 'expected no public half with an HMAC secret, found one'
            : 'expected the public half of the sealed key, found another or none',
        );
      }
      return { ...key, secret };
    } catch (error) {
      secret.fill(0);
      throw error;
    }
  }
}

/** A public key as PEM in the form that this signer writes; empty where there is none or it is no key. */
function normalPem(pem: string | null): string {
  if (pem === null) return '';
  try {
    return toPem(createPublicKey(pem));
  } catch {
    return 'no key';
  }
}
