// SPDX-License-Identifier: Apache-2.0
// A text that no log, report or error message shows.

import { inspect } from 'node:util';

const HIDDEN = '[secret]';

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself; the call says in code review that here a secret is used. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
