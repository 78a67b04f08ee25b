// SPDX-License-Identifier: Apache-2.0
// One end of a link in the test's hands.

import { strict as assert } from 'node:assert';
import { Socket } from 'node:net';
import { FRAME_BYTES_MAX, FrameReader, FrameWriter } from '@kontor/signer';

export class Peer {
  readonly received: unknown[] = [];
  readonly socket: Socket;
  /** Every byte that came. */
  readonly bytes: Buffer[] = [];
  isClosed = false;
  readonly #writer: FrameWriter;
  #wake: (() => void)[] = [];

  constructor(socket: unknown) {
    assert.ok(socket instanceof Socket);
    this.socket = socket;
    this.#writer = new FrameWriter(socket, FRAME_BYTES_MAX.answer);
    const reader = new FrameReader(FRAME_BYTES_MAX.answer, (message) => {
      this.received.push(message);
    });
    socket.on('data', (bytes: Buffer) => {
      this.bytes.push(bytes);
      reader.push(bytes);
      this.#stir();
    });
    socket.on('error', () => this.#stir());
    socket.on('close', () => {
      this.isClosed = true;
      this.#stir();
    });
  }

  write(message: unknown): void {
    assert.ok(this.#writer.write(message));
  }

  /** The first message, received before or later, of which `pick` makes something. Fails after 30 s. */
  async find<T>(pick: (message: unknown) => T | undefined): Promise<T> {
    const deadline = performance.now() + 30_000;
    for (let index = 0; ;) {
      for (; index < this.received.length; index += 1) {
        const picked = pick(this.received[index]);
        if (picked !== undefined) return picked;
      }
      assert.ok(!this.isClosed, 'the link closed before the message came');
      const left = deadline - performance.now();
      assert.ok(left > 0, `no such message among ${JSON.stringify(this.received).slice(0, 2_000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
