// SPDX-License-Identifier: Apache-2.0
// Consent: an act is shown to a person as a text, and is done once an enrolled passkey has signed that very text.
//
// The first owner has nobody to consent: a code that the signer shows at its own terminal takes that place. The code
// itself stays there and in the page: what travels is a MAC under it over the text.

import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { destroyFile, readFile, writeFileAtomically, type Disk } from '../disk.ts';
import type { Entry, IntentLog } from '../log/intent-log.ts';
import type { Act } from './act.ts';
import { assertionHash, verifyAssertion, type Approval, type Assertion } from './assertion.ts';
import type { BoundAct } from './bound-act.ts';
import { bindAct, type ActWorld } from './perform.ts';
import type { Owner, Owners } from './owners.ts';

export interface ConsentPorts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: IntentLog;
  readonly world: ActWorld;
  readonly say: (sentence: string) => void;
}

export type Asked =
  | { readonly kind: 'done'; readonly act: Act['kind']; readonly entry: number }
  | {
      readonly kind: 'ask';
      readonly nonce: string;
      readonly text: string;
      readonly challenge: string;
      /** Whose consent counts; empty where the code's does. */
      readonly credentials: readonly string[];
    }
  | { readonly kind: 'refused'; readonly rule: ConsentRule; readonly reason: string };

export type ConsentRule = 'act' | 'consent' | 'busy' | 'clock';

/** How long a person may take to read and to answer. */
export const PENDING_MS: number = 5 * 60_000;
const PENDING_MAX = 16;
const NONCE_BYTES = 16;
/** How long a code for the first owner is good for. */
const CODE_MS: number = 60 * 60_000;
const CODE_FILE = 'owner-code';
const CODE_FILE_BYTES_MAX = 200;
/** 80 bits in letters that nobody confuses. */
const CODE_CHARACTERS = 16;
const CODE_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const CODE = /^[A-HJ-NP-Z2-9]{16}$/;
const CODE_TRIES_MAX = 5;
/** Shorter texts stand on the log in full; of longer ones the hash does. */
const TEXT_LOGGED_BYTES_MAX = 1_500;
/** Controls but the tab, formatting such as turned text, and breaks of lines and paragraphs. */
const UNREADABLE = /[^\P{Cc}\t]|[\p{Cf}\p{Zl}\p{Zp}]/u;
const NO_OWNER =
  'expected an enrolled owner, found none: enrol one on the page People, or run kontor people code';
const CHANGED =
  'expected the action as it was shown, found that what it is about has changed since: ask for it anew';

interface Pending {
  readonly act: Act;
  /** The action as the person reads it. */
  readonly lines: readonly string[];
  readonly text: string;
  readonly until: number;
}

interface Code {
  readonly code: string;
  readonly until: number;
  triesLeft: number;
}

export class Consent {
  readonly #ports: ConsentPorts;
  readonly #codeFile: string;
  readonly #pending = new Map<string, Pending>();
  #code: Code | null = null;

  constructor(directory: string, ports: ConsentPorts) {
    this.#ports = ports;
    this.#codeFile = join(directory, CODE_FILE);
  }

  get #owners(): Owners {
    return this.#ports.world.owners;
  }

  /** Shows an act to a person, or does it where it needs no consent. */
  request(act: Act): Asked {
    const reading = this.#ports.clock.read(this.#ports.log.lastUse);
    if (!reading.ok) return refused('clock', reading.reason);
    const { wall: now, window } = reading;
    const bound = bindAct(act, this.#ports.world);
    const objection = bound.objection() ?? lineFault(bound.lines);
    if (objection !== null) return refused('act', objection);
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    const text = textOf(bound, nonce, now);
    const shown = { act, lines: bound.lines, text };
    if (!bound.needsConsent) return this.#perform(shown, now, { by: 'server' });
    const isByCode = act.kind === 'enrolOwner' && this.#takesCode(now);
    if (this.#owners.all().length === 0 && !isByCode) return refused('consent', NO_OWNER);
    for (const [old, { until }] of this.#pending) if (until <= window) this.#pending.delete(old);
    if (this.#pending.size >= PENDING_MAX) {
      return refused('busy', `expected fewer than ${PENDING_MAX} acts that wait for consent`);
    }
    this.#pending.set(nonce, { ...shown, until: window + PENDING_MS });
    const credentials = isByCode ? [] : this.#owners.all().map(({ credential }) => credential);
    const challenge = hash('sha256', text, 'buffer').toString('base64url');
    return { kind: 'ask', nonce, text, challenge, credentials };
  }

  /** Does a pending act if `approval` is an owner's. Each pending act takes one assertion, right or wrong. */
  confirm(nonce: string, approval: Approval): Asked {
    const reading = this.#ports.clock.read(this.#ports.log.lastUse);
    if (!reading.ok) return refused('clock', reading.reason);
    const { wall: now, window } = reading;
    const pending = this.#pending.get(nonce);
    if (pending === undefined || pending.until <= window) {
      return refused('consent', 'expected an act that waits for consent, found it done or too old');
    }
    const { act, text } = pending;
    if (approval.kind === 'code') {
      const fault = this.#codeFault(act, text, approval.proof, now);
      if (fault !== null) return refused('consent', fault);
      this.#pending.delete(nonce);
      const done = this.#perform(pending, now, { by: 'code' });
      if (done.kind === 'done') this.#forgetCode();
      return done;
    }
    this.#pending.delete(nonce);
    const owner = this.#owners.get(approval.credential);
    if (owner === undefined) {
      return refused('consent', 'credential: expected that of an enrolled owner, found another');
    }
    const challenge = hash('sha256', text, 'buffer');
    const verdict = verifyAssertion(approval, { ...owner, challenge });
    if (!verdict.ok) return refused('consent', verdict.reason);
    return this.#perform(pending, now, evidenceOf(owner, approval, verdict.counter));
  }

  /** Records the consent, then does what was consented to. */
  #perform(
    { act, lines, text }: Omit<Pending, 'until'>,
    time: number,
    how: Entry['fields'],
  ): Asked {
    const { log, world } = this.#ports;
    // Between the question and the answer things may have changed.
    const bound = bindAct(act, world);
    const objection = bound.objection();
    if (objection !== null) return refused('act', objection);
    if (bound.lines.join('\n') !== lines.join('\n')) return refused('act', CHANGED);
    const fields = {
      act: act.kind,
      text: hash('sha256', text, 'hex'),
      ...(Buffer.byteLength(text) <= TEXT_LOGGED_BYTES_MAX && { wording: text }),
      ...how,
    };
    const entry: Entry = { time, kind: 'act', fields };
    const [evidence] = log.append([entry]);
    if (evidence === undefined) throw new Error('Invariant: what was appended is recorded');
    // The count of the credential is used up with the entry, whatever comes after it.
    this.#owners.read(entry);
    bound.perform(evidence);
    return { kind: 'done', act: act.kind, entry: evidence.sequence };
  }

  /** Whether an enrolment may be approved by a code now. Without any owner it can, and a code is shown. */
  #takesCode(now: number): boolean {
    const isFirst = this.#owners.all().length === 0;
    const code = this.#currentCode(now);
    if (code !== null || !isFirst) return code !== null;
    this.#code = { code: drawCode(), until: now + CODE_MS, triesLeft: CODE_TRIES_MAX };
    this.#ports.say(codeSentence(this.#code.code));
    return true;
  }

  /** The code in force: one that this signer has shown, or one that its owner made beforehand at the terminal. */
  #currentCode(now: number): Code | null {
    if (this.#code !== null && this.#code.until > now && this.#code.triesLeft > 0)
      return this.#code;
    const isSpent = this.#code !== null && this.#code.triesLeft <= 0;
    this.#code = null;
    if (isSpent) destroyFile(this.#ports.disk, this.#codeFile);
    const made = readCode(this.#ports.disk, this.#codeFile);
    if (made === null || made.until <= now || made.until > now + CODE_MS) return null;
    this.#code = { ...made, triesLeft: CODE_TRIES_MAX };
    return this.#code;
  }

  #codeFault(act: Act, text: string, proof: string, now: number): string | null {
    const code = this.#currentCode(now);
    if (act.kind !== 'enrolOwner' || code === null) {
      return 'expected the consent of an owner, found a code that is not in force';
    }
    code.triesLeft -= 1;
    const right = createHmac('sha256', code.code).update(text).digest();
    const given = Buffer.from(proof, 'base64url');
    if (given.length === right.length && timingSafeEqual(given, right)) return null;
    return `expected the code that the signer showed at the terminal, found another; ${code.triesLeft} tries left`;
  }

  #forgetCode(): void {
    this.#code = null;
    destroyFile(this.#ports.disk, this.#codeFile);
  }
}

/** Leaves a code in the signer's directory for the next enrolment; returns it for the person at the terminal. */
export function leaveCode(disk: Disk, directory: string, now: number): string {
  const code = drawCode();
  const file = `${code} ${now + CODE_MS}\n`;
  writeFileAtomically(disk, join(directory, CODE_FILE), Buffer.from(file));
  return code;
}

/** The code as people read and type it. */
export function codeText(code: string): string {
  return (code.match(/.{4}/g) ?? []).join('-');
}

function codeSentence(code: string): string {
  return `To enrol the first owner, type this code into the page within an hour: ${codeText(code)}`;
}

function readCode(disk: Disk, path: string): Pick<Code, 'code' | 'until'> | null {
  const options = { bytesMax: CODE_FILE_BYTES_MAX, others: 'nothing' } as const;
  const [code = '', until = ''] = readFile(disk, path, options)?.toString('utf8').split(/\s/) ?? [];
  return CODE.test(code) && /^[0-9]{13}$/.test(until) ? { code, until: Number(until) } : null;
}

function drawCode(): string {
  // 32 letters: five bits of each byte, none more likely than another.
  return [...randomBytes(CODE_CHARACTERS)].map((byte) => CODE_ALPHABET[byte & 31]).join('');
}

/** What a person reads must be what stands there: no line in a line, no text that turns another round or hides. */
export function lineFault(lines: readonly string[]): string | null {
  const odd = lines.find((line) => UNREADABLE.test(line));
  return odd === undefined
    ? null
    : 'expected lines of plain text, found one with a control or formatting character';
}

/** The whole action: what is shown, hashed into the challenge, and recorded. */
function textOf({ lines }: BoundAct, nonce: string, now: number): string {
  return ['kontor-act/v1', ...lines, `time: ${new Date(now).toISOString()}`, `nonce: ${nonce}`]
    .map((line) => `${line}\n`)
    .join('');
}

function evidenceOf(owner: Owner, assertion: Assertion, counter: number): Entry['fields'] {
  const { credential, clientData, authenticatorData, signature } = assertion;
  return {
    by: 'passkey',
    owner: owner.name,
    credential,
    assertion: assertionHash(assertion),
    clientData,
    authenticatorData,
    signature,
    counter,
  };
}

function refused(rule: ConsentRule, reason: string): Extract<Asked, { kind: 'refused' }> {
  return { kind: 'refused', rule, reason };
}
