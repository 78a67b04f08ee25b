// SPDX-License-Identifier: Apache-2.0
// The ceremonies of passkeys: a challenge goes out, is bound to what it is for, and comes back signed once.

import { createHash, randomBytes } from 'node:crypto';
import type { NewPasskey, Passkey } from './people-book.ts';

/** Where this desk's pages are, as browsers see it. */
export interface Site {
  readonly origin: string;
  /** What passkeys are bound to. */
  readonly rpId: string;
}

/** What a challenge was given out for. */
export type Purpose =
  | { readonly kind: 'login' }
  /** A session shows a passkey again; `text` is what the person was shown. */
  | { readonly kind: 'stepUp'; readonly sessionId: string; readonly text: string }
  /** A passkey for a user who is there, or whom it makes: the first owner, or an invited person. */
  | {
      readonly kind: 'register';
      readonly userId: string;
      /** Null with an invitation: there is no session yet. */
      readonly sessionId: string | null;
      readonly invitationId: string | null;
    };

/** What a browser gave for a registration, everything in base64url. */
export interface Registration {
  readonly credential: string;
  readonly clientData: string;
  readonly attestation: string;
}

/** What a browser gave for a login or a step-up, everything in base64url. */
export interface Assertion {
  readonly credential: string;
  readonly clientData: string;
  readonly authenticatorData: string;
  readonly signature: string;
  /** The user's identifier, as the authenticator keeps it. */
  readonly userHandle?: string;
}

export interface Started {
  /** Names the ceremony. */
  readonly flow: string;
  readonly challenge: string;
}

export type Ended<T> =
  ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: string };

/** How long a person may take with the device. */
export const CEREMONY_MS: number = 5 * 60_000;
/** Strangers may begin logins; those must not push out what people inside have begun. */
const WAITING_MAX: Readonly<Record<Purpose['kind'], number>> = {
  login: 1_000,
  stepUp: 100,
  register: 100,
};
const OVER =
  'expected a challenge that was given out in the last five minutes and not used, found another';

interface Waiting {
  readonly purpose: Purpose;
  readonly challenge: string;
  readonly until: number;
}

export class Ceremonies {
  readonly #site: () => Site;
  readonly #now: () => number;
  readonly #waiting = new Map<string, Waiting>();

  constructor(site: () => Site, now: () => number = Date.now) {
    this.#site = site;
    this.#now = now;
  }

  /** Gives out a challenge: random, or the hash of the text that a step-up is about. */
  start(purpose: Purpose): Started {
    const now = this.#now();
    for (const [flow, { until }] of this.#waiting) if (until <= now) this.#waiting.delete(flow);
    const same = [...this.#waiting].filter(([, other]) => other.purpose.kind === purpose.kind);
    const [oldest] = same;
    if (same.length >= WAITING_MAX[purpose.kind] && oldest) this.#waiting.delete(oldest[0]);
    const flow = randomBytes(16).toString('base64url');
    const challenge =
      purpose.kind === 'stepUp'
        ? createHash('sha256').update(purpose.text).digest('base64url')
        : randomBytes(32).toString('base64url');
    this.#waiting.set(flow, { purpose, challenge, until: now + CEREMONY_MS });
    return { flow, challenge };
  }

  /** Ends a ceremony, whatever comes of it: what it was for, or null where there is none of this kind. */
  #take<K extends Purpose['kind']>(
    flow: string,
    kind: K,
  ): { readonly purpose: Extract<Purpose, { kind: K }>; readonly challenge: string } | null {
    const waiting = this.#waiting.get(flow);
    this.#waiting.delete(flow);
    if (waiting === undefined || waiting.until <= this.#now()) return null;
    const { purpose, challenge } = waiting;
    return isOfKind(purpose, kind) ? { purpose, challenge } : null;
  }

  /** The passkey that a registration brought. */
  async finishRegistration(
    flow: string,
    name: string,
    given: Registration,
  ): Promise<
    Ended<{
      readonly purpose: Extract<Purpose, { kind: 'register' }>;
      readonly passkey: NewPasskey;
    }>
  > {
    const waiting = this.#take(flow, 'register');
    if (waiting === null) return { ok: false, reason: OVER };
    const { rpId, origin } = this.#site();
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    try {
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response: {
          id: given.credential,
          rawId: given.credential,
          type: 'public-key',
          response: { clientDataJSON: given.clientData, attestationObject: given.attestation },
          clientExtensionResults: {},
        },
        expectedChallenge: waiting.challenge,
        expectedOrigin: origin,
        expectedRPID: rpId,
        requireUserVerification: true,
        supportedAlgorithmIDs: [-7, -8, -257],
      });
      if (!verified) return { ok: false, reason: 'expected a passkey, found none' };
      const { credential, credentialDeviceType, credentialBackedUp } = registrationInfo;
      const passkey = {
        credential: credential.id,
        name,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        rpId,
        isBackupEligible: credentialDeviceType === 'multiDevice',
        isBackedUp: credentialBackedUp,
      };
      return { ok: true, purpose: waiting.purpose, passkey };
    } catch (error) {
      return { ok: false, reason: reasonOf(error) };
    }
  }

  /** Who showed which passkey. `find` names the passkeys that count for what this ceremony is for. */
  async finishAssertion<K extends 'login' | 'stepUp'>(
    flow: string,
    kind: K,
    given: Assertion,
    find: (purpose: Extract<Purpose, { kind: K }>) => Passkey | null,
  ): Promise<
    Ended<{
      readonly purpose: Extract<Purpose, { kind: K }>;
      readonly passkey: Passkey;
      readonly counter: number;
      readonly isBackedUp: boolean;
    }>
  > {
    const waiting = this.#take(flow, kind);
    if (waiting === null) return { ok: false, reason: OVER };
    const passkey = find(waiting.purpose);
    if (passkey === null) {
      return {
        ok: false,
        reason: 'expected a passkey of this desk, found one that it does not know',
      };
    }
    const owner = Buffer.from(passkey.userId).toString('base64url');
    const isOwners =
      given.userHandle === undefined ? kind === 'stepUp' : given.userHandle === owner;
    if (!isOwners) return { ok: false, reason: "expected the passkey's own user, found another" };
    const { rpId, origin } = this.#site();
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
    try {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: {
          id: given.credential,
          rawId: given.credential,
          type: 'public-key',
          response: {
            clientDataJSON: given.clientData,
            authenticatorData: given.authenticatorData,
            signature: given.signature,
          },
          clientExtensionResults: {},
        },
        expectedChallenge: waiting.challenge,
        expectedOrigin: origin,
        expectedRPID: rpId,
        requireUserVerification: true,
        credential: {
          id: passkey.credential,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
          counter: passkey.counter,
        },
      });
      if (!verified) return { ok: false, reason: 'expected a signature by this passkey' };
      const { newCounter, credentialBackedUp } = authenticationInfo;
      const { purpose } = waiting;
      return { ok: true, purpose, passkey, counter: newCounter, isBackedUp: credentialBackedUp };
    } catch (error) {
      return { ok: false, reason: reasonOf(error) };
    }
  }
}

function isOfKind<K extends Purpose['kind']>(
  purpose: Purpose,
  kind: K,
): purpose is Extract<Purpose, { kind: K }> {
  return purpose.kind === kind;
}

/** The library says in an Error's text what did not fit. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : String(error);
}
