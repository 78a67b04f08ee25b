// SPDX-License-Identifier: Apache-2.0
// Closed-world reading of JSON objects: every field is asked for by name, and one that nobody asked for is an error.

/** A message that is not of this protocol. The text names the field and shows the start of what was found in it. */
export class WireError extends Error {
  readonly code = 'wire.message';
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = 'WireError';
    this.field = field;
  }
}

const SHOWN_CHARACTERS_MAX = 40;

/** The fields of one object. Read what is expected, then call `end`. */
export class Fields {
  readonly #where: string;
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #asked = new Set<string>();

  /** Throws WireError unless `value` is a plain object. `where` names it in messages. */
  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new WireError(where, `expected an object, found ${shown(value)}`);
    }
    this.#where = where;
    this.#values = new Map(Object.entries(value));
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value as it came, of any kind. */
  raw(name: string): unknown {
    this.#asked.add(name);
    if (!this.#values.has(name)) throw this.error(name, 'expected a value, found none');
    return this.#values.get(name);
  }

  /** Text that `pattern` matches; `expected` says in words what that is. */
  text(name: string, pattern: RegExp, expected: string): string {
    const value = this.raw(name);
    if (typeof value !== 'string' || !pattern.test(value)) {
      throw this.error(name, `expected ${expected}, found ${shown(value)}`);
    }
    return value;
  }

  /** As `text`, for values that no message may show. */
  privateText(name: string, pattern: RegExp, expected: string): string {
    const value = this.raw(name);
    if (typeof value !== 'string' || !pattern.test(value)) {
      throw this.error(name, `expected ${expected}, found something else`);
    }
    return value;
  }

  /** Text of up to `charactersMax` characters, whatever they are. */
  anyText(name: string, charactersMax: number): string {
    const value = this.raw(name);
    if (typeof value !== 'string' || value.length > charactersMax) {
      throw this.error(name, `expected text of at most ${charactersMax} characters`);
    }
    return value;
  }

  integer(name: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.raw(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw this.error(
        name,
        `expected a whole number from ${min} to ${max}, found ${shown(value)}`,
      );
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.raw(name);
    if (typeof value !== 'boolean') {
      throw this.error(name, `expected true or false, found ${shown(value)}`);
    }
    return value;
  }

  finite(name: string): number {
    const value = this.raw(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw this.error(name, `expected a number, found ${shown(value)}`);
    }
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.raw(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) {
      throw this.error(name, `expected one of ${choices.join(', ')}, found ${shown(value)}`);
    }
    return choice;
  }

  list(name: string, lengthMax: number): readonly unknown[] {
    const value = this.raw(name);
    if (!Array.isArray(value) || value.length > lengthMax) {
      throw this.error(name, `expected a list of at most ${lengthMax} entries`);
    }
    return value;
  }

  /** The object in `name`, to its last field. */
  object<T>(name: string, read: (fields: Fields) => T): T {
    return readObject(this.raw(name), `${this.#where}.${name}`, read);
  }

  /** A list of objects, each to its last field. */
  objects<T>(name: string, lengthMax: number, read: (fields: Fields) => T): readonly T[] {
    return this.list(name, lengthMax).map((value) =>
      readObject(value, `${this.#where}.${name}`, read),
    );
  }

  /** A list of texts that `pattern` matches. */
  texts(name: string, lengthMax: number, pattern: RegExp, expected: string): readonly string[] {
    return this.list(name, lengthMax).map((value) => {
      if (typeof value === 'string' && pattern.test(value)) return value;
      throw this.error(name, `expected ${expected}`);
    });
  }

  /** A list of some of `choices`. */
  someOf<T extends string>(name: string, choices: readonly T[]): readonly T[] {
    return this.list(name, choices.length).map((value) => {
      const choice = choices.find((known) => known === value);
      if (choice === undefined) throw this.error(name, `expected some of ${choices.join(', ')}`);
      return choice;
    });
  }

  /** Reads `name` with `read`, or gives null where the value is null. */
  nullable<T>(name: string, read: (name: string) => T): T | null {
    return this.raw(name) === null ? null : read(name);
  }

  /** Throws WireError naming the first field that nobody asked for. */
  end(): void {
    for (const name of this.#values.keys()) {
      if (!this.#asked.has(name)) {
        throw this.error(name.slice(0, SHOWN_CHARACTERS_MAX), 'expected no such field, found one');
      }
    }
  }

  error(name: string, message: string): WireError {
    return new WireError(`${this.#where}.${name}`, message);
  }
}

/** An object read to its last field; `where` names it in messages. Throws WireError. */
export function readObject<T>(value: unknown, where: string, read: (fields: Fields) => T): T {
  const fields = new Fields(value, where);
  const found = read(fields);
  fields.end();
  return found;
}

/** A short form of a found value for messages. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    const cut = value.length > SHOWN_CHARACTERS_MAX;
    return JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX)) + (cut ? '…' : '');
  }
  if (typeof value === 'number' || typeof value === 'boolean' || value === null)
    return String(value);
  if (value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : 'an object';
}
