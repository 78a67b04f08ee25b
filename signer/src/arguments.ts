// SPDX-License-Identifier: Apache-2.0
// What the process is told at its start. No secret is ever among it: arguments are for everybody to see.

export interface SignerArguments {
  readonly directory: string;
  /** Where the unlock file lies, if not in the directory. */
  readonly unlockFile: string | null;
  /** An inherited descriptor that keeps the vault's key from one signer to the next. */
  readonly carryFd: number | null;
  /** What is to be done to the vault instead of signing, and the words to it. */
  readonly verb: string | null;
  readonly words: readonly string[];
}

const EXPECTED =
  'expected exactly: --data DIR [--unlock-file FILE] [--carry FD] [--vault VERB WORD…]';

/** The arguments, or why they are none. */
export function parseArguments(given: readonly string[]): SignerArguments | string {
  const options = new Map<string, string>();
  let rest = given;
  while (rest[0] !== undefined && rest[0] !== '--vault') {
    const [option, value, ...more] = rest;
    if (value === undefined || value === '' || options.has(option ?? '')) return EXPECTED;
    options.set(option ?? '', value);
    rest = more;
  }
  const [, verb, ...words] = rest;
  const directory = options.get('--data');
  const carry = options.get('--carry');
  const isKnown = [...options.keys()].every((option) => KNOWN.includes(option));
  if (directory === undefined || !isKnown || (rest.length > 0 && verb === undefined))
    return EXPECTED;
  if (carry !== undefined && !/^[3-9]$/.test(carry)) return EXPECTED;
  return {
    directory,
    unlockFile: options.get('--unlock-file') ?? null,
    carryFd: carry === undefined ? null : Number(carry),
    verb: verb ?? null,
    words,
  };
}

const KNOWN: readonly string[] = ['--data', '--unlock-file', '--carry'];
