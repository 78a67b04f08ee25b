// SPDX-License-Identifier: Apache-2.0
// What the signer's programs are told at their start. No secret is ever among it: arguments are for everybody to see.

export interface SignerArguments {
  readonly directory: string;
  /** Where the unlock file lies, if not in the directory. */
  readonly unlockFile: string | null;
  /** Where the log's public half lies, if not in the directory. */
  readonly publicDirectory: string | undefined;
  /** An inherited descriptor that keeps the vault's key from one signer to the next. */
  readonly carryFd: number | null;
}

export interface ToolArguments {
  readonly directory: string;
  readonly unlockFile: string | null;
  readonly publicDirectory: string | undefined;
  /** What is to be done, and the words to it. */
  readonly verb: string;
  readonly words: readonly string[];
}

const EXPECTED = 'expected exactly: --data DIR [--log DIR] [--unlock-file FILE] [--carry FD]';
const EXPECTED_OF_TOOL = 'expected exactly: --data DIR [--log DIR] [--unlock-file FILE] VERB WORD…';

/** The running signer's arguments, or why they are none. */
export function parseArguments(given: readonly string[]): SignerArguments | string {
  const { options, rest } = takeOptions(given, ['--data', '--log', '--unlock-file', '--carry']);
  const directory = options.get('--data');
  const carry = options.get('--carry');
  if (directory === undefined || rest.length > 0) return EXPECTED;
  if (carry !== undefined && !/^[3-9]$/.test(carry)) return EXPECTED;
  return {
    directory,
    unlockFile: options.get('--unlock-file') ?? null,
    publicDirectory: options.get('--log'),
    carryFd: carry === undefined ? null : Number(carry),
  };
}

/** The vault tool's arguments, or why they are none. */
export function parseToolArguments(given: readonly string[]): ToolArguments | string {
  const { options, rest } = takeOptions(given, ['--data', '--log', '--unlock-file']);
  const directory = options.get('--data');
  const [verb, ...words] = rest;
  if (directory === undefined || verb === undefined || verb.startsWith('-'))
    return EXPECTED_OF_TOOL;
  return {
    directory,
    unlockFile: options.get('--unlock-file') ?? null,
    publicDirectory: options.get('--log'),
    verb,
    words,
  };
}

/** The options of `known` that `given` begins with, each once and with a value, and what follows them. */
function takeOptions(
  given: readonly string[],
  known: readonly string[],
): { readonly options: ReadonlyMap<string, string>; readonly rest: readonly string[] } {
  const options = new Map<string, string>();
  let rest = given;
  for (;;) {
    const [option = '', value = '', ...more] = rest;
    if (!known.includes(option) || options.has(option) || value === '') return { options, rest };
    options.set(option, value);
    rest = more;
  }
}
