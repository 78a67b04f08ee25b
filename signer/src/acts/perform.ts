// SPDX-License-Identifier: Apache-2.0
// What the acts say and do. Each reads what it needs from the signer's own state, never from the server.

import type { KeyObject } from 'node:crypto';
import type { Entry } from '../log/intent-log.ts';
import { takeOver, thawConnection, type LifeWorld } from '../life/life-acts.ts';
import { denyHeld, releaseHeld, type HeldWorld } from '../policy/held-acts.ts';
import { cancelPolicyChange, changePolicy, type PolicyWorld } from '../policy/policy-acts.ts';
import type { BoundAct } from './bound-act.ts';
import type { Act, EnrolOwner, RemoveOwner } from './act.ts';
import { credentialFingerprint, publicKeyOfCose } from './cose.ts';
import { ownTrade, type OwnTradeWorld } from './own-trade.ts';
import { enrolmentOf, OWNERS_MAX, type Owners } from './owners.ts';

/** What acts reach. */
export interface ActWorld extends PolicyWorld, HeldWorld, LifeWorld, OwnTradeWorld {
  readonly owners: Owners;
  /** Puts entries on the log; throws LogError where they may not be on disk. */
  readonly append: (entries: readonly Entry[]) => void;
}

export function bindAct(act: Act, world: ActWorld): BoundAct {
  switch (act.kind) {
    case 'enrolOwner':
      return enrolOwner(act, world);
    case 'removeOwner':
      return removeOwner(act, world);
    case 'thawConnection':
      return thawConnection(act, world);
    case 'takeOver':
      return takeOver(act, world);
    case 'ownTrade':
      return ownTrade(act, world);
    case 'changePolicy':
      return changePolicy(act, world);
    case 'cancelPolicyChange':
      return cancelPolicyChange(act, world);
    case 'releaseHeld':
      return releaseHeld(act, world);
    case 'denyHeld':
      return denyHeld(act, world);
  }
}

function enrolOwner(act: EnrolOwner, { owners, append, say }: ActWorld): BoundAct {
  const { name, credential, rpId, origin } = act;
  const key = publicKeyOfCose(Buffer.from(act.publicKey, 'base64url'));
  const fingerprint = key === null ? 'none' : credentialFingerprint(key);
  return {
    needsConsent: true,
    lines: [
      'act: enrol an owner, whose passkey then approves acts like this one',
      `name: ${name}`,
      `fingerprint: ${fingerprint}`,
      `credential: ${credential}`,
      `site: ${rpId}`,
      `origin: ${origin}`,
    ],
    objection: () => {
      if (key === null) {
        return 'publicKey: expected an ES256, EdDSA or RS256 key in COSE form, found something else';
      }
      if (owners.get(credential) !== undefined) {
        return 'expected a passkey that is not enrolled yet, found one that is';
      }
      if (owners.all().length >= OWNERS_MAX) return `expected fewer than ${OWNERS_MAX} owners`;
      return null;
    },
    perform: ({ entry: { time } }) => {
      const enrolment = enrolmentOf({ name, credential, rpId, origin, key: known(key) }, time);
      append([enrolment]);
      owners.read(enrolment);
      say(`${name} is enrolled as an owner. Fingerprint of the passkey: ${fingerprint}`);
    },
  };
}

function removeOwner({ credential }: RemoveOwner, { owners, append, say }: ActWorld): BoundAct {
  const owner = owners.get(credential);
  const name = owner?.name ?? 'nobody';
  return {
    needsConsent: true,
    lines: [
      'act: remove an owner, whose passkey then approves nothing any more',
      `name: ${name}`,
      `fingerprint: ${owner === undefined ? 'none' : credentialFingerprint(owner.key)}`,
      `credential: ${credential}`,
    ],
    objection: () =>
      owners.get(credential) === undefined
        ? 'expected the passkey of an enrolled owner, found another'
        : null,
    perform: ({ entry: { time } }) => {
      const removal: Entry = { time, kind: 'owner.remove', fields: { credential } };
      append([removal]);
      owners.read(removal);
      say(`${name} is no owner any more.`);
    },
  };
}

function known(key: KeyObject | null): KeyObject {
  if (key === null) throw new Error('Invariant: an act with an objection is not performed');
  return key;
}
