// SPDX-License-Identifier: Apache-2.0
// The acts that need a person's consent: their fields on the wire, and the lines in which a person reads them.
//
// One member of `Act` and one case of `readAct` make an act; a case of `bindAct` in `perform.ts` says what it does.

import type { Fields } from '../fields.ts';
import { readOwnTrade, type OwnTrade } from './own-trade.ts';
import { CREDENTIAL_PATTERN } from './assertion.ts';
import { COSE_BYTES_MAX } from './cose.ts';

/** Takes a passkey onto the signer's own list. */
export interface EnrolOwner {
  readonly kind: 'enrolOwner';
  /** What people call it: the person and the device. */
  readonly name: string;
  /** The credential's identifier, base64url. */
  readonly credential: string;
  /** Its COSE key, base64url. */
  readonly publicKey: string;
  readonly rpId: string;
  readonly origin: string;
}

export interface RemoveOwner {
  readonly kind: 'removeOwner';
  readonly credential: string;
}

/** Another policy in the place of the one that the person saw. */
export interface ChangePolicy {
  readonly kind: 'changePolicy';
  /** SHA-256 of the policy that it is compared with. */
  readonly before: string;
  /** The whole file. */
  readonly policy: string;
}

/** Gives up a change that waits. */
export interface CancelPolicyChange {
  readonly kind: 'cancelPolicyChange';
}

export interface ThawConnection {
  readonly kind: 'thawConnection';
  readonly connection: string;
}

/** Puts the checked key of a successor in the place of the one in use. */
export interface TakeOver {
  readonly kind: 'takeOver';
  /** The connection in use, not its successor. */
  readonly connection: string;
}

/** Lets an order that a hold line keeps be signed once. */
export interface ReleaseHeld {
  readonly kind: 'releaseHeld';
  readonly order: string;
}

/** Refuses an order that a hold line keeps. */
export interface DenyHeld {
  readonly kind: 'denyHeld';
  readonly order: string;
}

export type Act =
  | EnrolOwner
  | RemoveOwner
  | ChangePolicy
  | CancelPolicyChange
  | ThawConnection
  | TakeOver
  | OwnTrade
  | ReleaseHeld
  | DenyHeld;

export const ACT_KINDS: readonly Act['kind'][] = [
  'enrolOwner',
  'removeOwner',
  'changePolicy',
  'cancelPolicyChange',
  'thawConnection',
  'takeOver',
  'ownTrade',
  'releaseHeld',
  'denyHeld',
];
/** A policy that comes over the wire; a longer one is taken over at the terminal. */
export const POLICY_CHARACTERS_MAX = 12_000;
export const OWNER_NAME_PATTERN: RegExp =
  /^[\p{L}\p{N}](?:[\p{L}\p{N} ._@()'-]{0,58}[\p{L}\p{N}.)])?$/u;
const COSE = new RegExp(`^[A-Za-z0-9_-]{40,${Math.ceil((COSE_BYTES_MAX * 4) / 3)}}$`);
const POLICY_HASH = /^(?:[0-9a-f]{64}|none)$/;
const CONNECTION = /^c_[A-Z2-7]{7}$/;
const HELD_ORDER = /^h[0-9]{1,15}$/;
const RP_ID =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const ORIGIN = /^https?:\/\/[a-z0-9.-]{1,253}(?::[1-9][0-9]{0,4})?$/;

/** The act in `fields`. Throws WireError. */
export function readAct(fields: Fields): Act {
  const kind = fields.oneOf('kind', ACT_KINDS);
  switch (kind) {
    case 'enrolOwner': {
      const act: EnrolOwner = {
        kind,
        name: fields.text('name', OWNER_NAME_PATTERN, '1 to 60 letters, digits and . _ @ ( ) - '),
        credential: credential(fields),
        publicKey: fields.text('publicKey', COSE, 'a COSE key in base64url'),
        rpId: fields.text('rpId', RP_ID, 'a host name'),
        origin: fields.text('origin', ORIGIN, 'an origin such as https://desk.example'),
      };
      checkOrigin(fields, act);
      return act;
    }
    case 'removeOwner':
      return { kind, credential: credential(fields) };
    case 'thawConnection':
    case 'takeOver':
      return { kind, connection: fields.text('connection', CONNECTION, 'c_ and 7 of A-Z 2-7') };
    case 'ownTrade':
      return readOwnTrade(fields, fields.text('connection', CONNECTION, 'c_ and 7 of A-Z 2-7'));
    case 'changePolicy':
      return {
        kind,
        before: fields.text('before', POLICY_HASH, 'a SHA-256 in hexadecimal, or none'),
        policy: fields.anyText('policy', POLICY_CHARACTERS_MAX),
      };
    case 'cancelPolicyChange':
      return { kind };
    case 'releaseHeld':
    case 'denyHeld':
      return { kind, order: fields.text('order', HELD_ORDER, 'h and the number of an entry') };
  }
}

/** A page may speak for its own host and for the domains above it; only this machine may do so without TLS. */
function checkOrigin(fields: Fields, { rpId, origin }: EnrolOwner): void {
  const { protocol, hostname, origin: canonical } = new URL(origin);
  if (canonical !== origin || (hostname !== rpId && !hostname.endsWith(`.${rpId}`))) {
    throw fields.error('origin', `expected an origin of ${rpId}, found ${origin}`);
  }
  if (protocol === 'http:' && rpId !== 'localhost') {
    throw fields.error('origin', `expected https for ${rpId}, found http`);
  }
}

function credential(fields: Fields): string {
  return fields.text('credential', CREDENTIAL_PATTERN, 'the identifier of a credential');
}
