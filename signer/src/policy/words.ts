// SPDX-License-Identifier: Apache-2.0
// The policy file as lines of words, each with its place, and the error that names where it departs from the grammar.

export const NOTHING = 'nothing';
const MAY_GO_ON: readonly string[] = ['allow', 'hold', 'deny', 'reference', 'liquidity'];
const CONTINUATION = /^[\t ]+[a-z0-9-]+<?=/;

export interface Token {
  readonly text: string;
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export const START: Token = { text: '', line: 1, column: 1 };

/** Where a line leaves the grammar. */
export class Departure extends Error {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;

  constructor(at: Token, expected: string, found: string = JSON.stringify(at.text)) {
    super(expected);
    this.line = at.line;
    this.column = at.column;
    this.expected = expected;
    this.found = found;
  }
}

/** A line with those that go on with it. */
export interface Line {
  /** Without comments; what went on is joined by a space. */
  readonly code: string;
  readonly first: Token;
  readonly tokens: readonly Token[];
}

export function linesOf(text: string): readonly Line[] {
  const lines: { code: string; first: Token; tokens: Token[] }[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    const code = written.replace(/;.*$/s, '');
    const tokens = tokensOf(code, index + 1);
    const [first] = tokens;
    if (first === undefined) continue;
    const before = lines.at(-1);
    if (CONTINUATION.test(code)) {
      if (before === undefined || !MAY_GO_ON.includes(before.first.text)) {
        throw new Departure(first, 'a line of its own', 'a term that goes on with no rule');
      }
      before.code += ` ${code.trim()}`;
      before.tokens.push(...tokens);
    } else lines.push({ code: code.trimEnd(), first, tokens: [...tokens] });
  }
  return lines;
}

/** The words of a line. Throws Departure at the first byte outside printable ASCII. */
function tokensOf(code: string, line: number): readonly Token[] {
  const strange = /[^\t\r\x20-\x7e]/.exec(code);
  if (strange !== null) {
    const byte = strange[0].charCodeAt(0).toString(16).padStart(2, '0');
    const at = { text: '', line, column: strange.index + 1 };
    throw new Departure(at, 'plain ASCII outside comments', `byte 0x${byte}`);
  }
  return Array.from(code.matchAll(/\S+/g), ({ 0: text, index }) => ({
    ...{ text, line },
    column: index + 1,
  }));
}

export function after(token: Token): Token {
  return { ...token, text: '', column: token.column + token.text.length };
}

export function expectEnd(tokens: readonly Token[], count: number): void {
  const extra = tokens[count];
  if (extra !== undefined) throw new Departure(extra, 'the end of the line');
}
