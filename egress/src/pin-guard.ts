// SPDX-License-Identifier: Apache-2.0
// Beside the ordinary check of a certificate: whether it comes from an authority by which this host is known. A host is
// known from its first connection on, or by what a person said of it.

import tls, { type DetailedPeerCertificate, type PeerCertificate } from 'node:tls';
import { issuersOf } from './issuers.ts';
import type { HostPins, Issuer, PinStore } from './pin-store.ts';

/** What a connection showed of its host. */
export interface IssuerNews {
  readonly host: string;
  /** `met`: for the first time. `known`: by an authority that was expected, told once and after each refusal. */
  readonly verdict: 'met' | 'known' | 'refused';
  readonly issuers: readonly Issuer[];
  readonly expected: readonly Issuer[];
}

export interface PinGuardOptions {
  /** Null: what is met is known until this process ends. */
  readonly store: PinStore | null;
  /** What a person named in a file: alone good for its hosts. */
  readonly given: ReadonlyMap<string, ReadonlySet<string>>;
  readonly now: () => number;
  readonly onNews: (news: IssuerNews) => void;
}

export class PinGuard {
  readonly #options: PinGuardOptions;
  #pins: ReadonlyMap<string, HostPins>;
  /** By host, why its last certificate was refused; null where it was not. */
  readonly #refusals = new Map<string, string | null>();
  readonly #refusedKeys = new Map<string, string>();
  readonly #ordinary: typeof tls.checkServerIdentity = tls.checkServerIdentity;

  /** Throws PinStoreError where what is known cannot be read. */
  constructor(options: PinGuardOptions) {
    this.#options = options;
    this.#pins = options.store?.pins ?? new Map();
  }

  /** Why the last connection to `host` was refused, or null. */
  refusalOf(host: string): string | null {
    return this.#refusals.get(host) ?? null;
  }

  /**
   * Puts the check behind the ordinary one for every TLS connection of this process, whoever makes it: requests and
   * streams alike. It comes before a byte is written. A resumed session was begun with a certificate that passed it.
   */
  install(): void {
    const checkServerIdentity = (host: string, certificate: PeerCertificate): Error | undefined =>
      this.#ordinary(host, certificate) ?? this.#check(host, certificate);
    Object.assign(tls, { checkServerIdentity });
  }

  /**
   * As the check that `install` puts in place, for a connection that leads through somebody else's hands: it never makes
   * a host known, and what it refuses says nothing of the ordinary way.
   */
  checkElsewhere(name: string, certificate: PeerCertificate): Error | undefined {
    const fault = this.#ordinary(name, certificate);
    if (fault !== undefined) return fault;
    const host = name.toLowerCase();
    const issuers = issuersOf(certificate as DetailedPeerCertificate);
    if (sharesKey(issuers, this.#expectedOf(host))) return undefined;
    // A person may have decided since.
    this.#reload();
    const expected = this.#expectedOf(host);
    if (sharesKey(issuers, expected)) return undefined;
    const found = `the certificate of ${host} comes from ${namesOf(issuers)}`;
    return new Error(
      expected.length === 0
        ? `${found}, and the host was never met by the ordinary way`
        : `${found}, expected ${namesOf(expected)}`,
    );
  }

  #expectedOf(host: string): readonly Issuer[] {
    const given = this.#options.given.get(host);
    return given === undefined ? (this.#pins.get(host)?.issuers ?? []) : issuersGiven(given);
  }

  #check(host: string, certificate: PeerCertificate): Error | undefined {
    // Node hands over the whole chain here, though its types promise the leaf alone.
    const chain = certificate as DetailedPeerCertificate;
    try {
      const reason = this.#judge(host.toLowerCase(), issuersOf(chain));
      return reason === null ? undefined : new Error(reason);
    } catch (error) {
      // What cannot be looked up or kept is not trusted.
      const cause = error instanceof Error ? error.message : String(error);
      return new Error(`who vouches for ${host} cannot be checked: ${cause}`, { cause: error });
    }
  }

  /** Null where the host is who it was. */
  #judge(host: string, issuers: readonly Issuer[]): string | null {
    const given = this.#options.given.get(host);
    if (given !== undefined) return this.#conclude(host, issuers, issuersGiven(given));
    const known = this.#pins.get(host);
    if (known !== undefined && sharesKey(issuers, known.issuers)) {
      return this.#conclude(host, issuers, known.issuers);
    }
    // A person may have decided since.
    this.#reload();
    const now = this.#pins.get(host);
    return now === undefined
      ? this.#meet(host, issuers)
      : this.#conclude(host, issuers, now.issuers);
  }

  #reload(): void {
    const { store } = this.#options;
    if (store !== null) this.#pins = store.pins;
  }

  /** A host that is met for the first time. What cannot be kept for later is not trusted now. */
  #meet(host: string, issuers: readonly Issuer[]): string | null {
    if (issuers.length === 0) return this.#refuse(host, issuers, []);
    const pins: HostPins = { since: this.#options.now(), by: 'firstUse', issuers };
    this.#options.store?.putPins(host, pins);
    this.#pins = new Map(this.#pins).set(host, pins);
    this.#refusals.set(host, null);
    this.#options.onNews({ host, verdict: 'met', issuers, expected: issuers });
    return null;
  }

  #conclude(host: string, issuers: readonly Issuer[], expected: readonly Issuer[]): string | null {
    if (!sharesKey(issuers, expected)) return this.#refuse(host, issuers, expected);
    if (this.#refusals.get(host) === null) return null;
    this.#refusals.set(host, null);
    this.#refusedKeys.delete(host);
    // There is nothing left to decide; what was refused stays on the signer's log.
    const { store } = this.#options;
    if (store?.refused.has(host) === true) store.forgetRefused(host);
    this.#options.onNews({ host, verdict: 'known', issuers, expected });
    return null;
  }

  #refuse(host: string, issuers: readonly Issuer[], expected: readonly Issuer[]): string {
    const reason =
      `the certificate of ${host} comes from ${namesOf(issuers)}, expected ${namesOf(expected)}: ` +
      'nothing is sent there until a person decides with kontor connect pins';
    const keys = issuers.map(({ fingerprint }) => fingerprint).join();
    const isNews = this.#refusedKeys.get(host) !== keys;
    this.#refusals.set(host, reason);
    this.#refusedKeys.set(host, keys);
    if (!isNews) return reason;
    this.#options.store?.noteRefused(host, { at: this.#options.now(), issuers });
    this.#options.onNews({ host, verdict: 'refused', issuers, expected });
    return reason;
  }
}

function issuersGiven(given: ReadonlySet<string>): readonly Issuer[] {
  return [...given].map((fingerprint) => ({ name: 'tls-pins', fingerprint }));
}

function sharesKey(found: readonly Issuer[], expected: readonly Issuer[]): boolean {
  return found.some(({ fingerprint }) =>
    expected.some((known) => known.fingerprint === fingerprint),
  );
}

function namesOf(issuers: readonly Issuer[]): string {
  if (issuers.length === 0) return 'no authority that vouches for it';
  return issuers
    .map(({ name, fingerprint }) => `${name} (${fingerprint.slice(0, 16)}…)`)
    .join(' / ');
}
