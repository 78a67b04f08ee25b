// SPDX-License-Identifier: Apache-2.0
// Lines that hold secrets, as bytes: what came is zeroed as soon as it was taken apart, and never becomes text.

const NEWLINE = 0x0a;
const LINES_WAITING_MAX = 16;

export class SecretLines {
  readonly #line: Buffer;
  readonly #waiting: Buffer[] = [];
  #length = 0;
  #isEnded = false;
  #wake: () => void = () => undefined;

  /** Longer lines are cut to `bytesMax`. */
  constructor(stream: NodeJS.ReadableStream, bytesMax: number) {
    this.#line = Buffer.alloc(bytesMax);
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
    for (const event of ['end', 'error', 'close']) stream.on(event, () => this.#end());
  }

  /** The next line, which the caller zeroes; null when none will come. One asks at a time. */
  async next(): Promise<Buffer | null> {
    while (this.#waiting.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#waiting.shift() ?? null;
  }

  #take(bytes: Buffer): void {
    for (const byte of bytes) {
      if (byte === NEWLINE) this.#finish();
      else if (this.#length < this.#line.length) {
        this.#line[this.#length] = byte;
        this.#length += 1;
      }
    }
    bytes.fill(0);
  }

  #finish(): void {
    // Neither from the shared pool nor, as `alloc` has small ones, in V8's heap, where the collector leaves copies behind.
    const line = Buffer.allocUnsafeSlow(this.#length);
    this.#line.copy(line, 0, 0, this.#length);
    this.#line.fill(0);
    this.#length = 0;
    if (this.#waiting.length < LINES_WAITING_MAX) this.#waiting.push(line);
    else line.fill(0);
    this.#wake();
  }

  #end(): void {
    this.#isEnded = true;
    this.#line.fill(0);
    this.#wake();
  }
}
