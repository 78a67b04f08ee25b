// SPDX-License-Identifier: Apache-2.0
// A pipe between the server and one of its peers, in memory and on virtual time: bytes arrive in order, a little later.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { FrameReader, FrameWriter } from '@kontor/signer';
import type { Random } from '../../simulator/src/market/random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface PipeOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  /** Whether the server's process lives. */
  readonly isServerAlive: () => boolean;
  /** The server hands over a piece: it may die before it is out, or just after. */
  readonly onServerWrites: (pass: () => void) => void;
  /** Largest messages in each direction. */
  readonly toPeerBytesMax: number;
  readonly toServerBytesMax: number;
  readonly onMessage: (message: unknown) => void;
}

export class Pipe {
  /** The server's end, with what the links use of a socket. */
  readonly serverEnd: Socket;
  readonly #options: PipeOptions;
  readonly #emitter = new EventEmitter();
  readonly #writer: FrameWriter;
  #toPeerDue = 0;
  #toServerDue = 0;
  #isBroken = false;

  constructor(options: PipeOptions) {
    this.#options = options;
    const reader = new FrameReader(options.toPeerBytesMax, options.onMessage);
    const emitter = this.#emitter;
    const serverEnd = {
      writable: true,
      writableLength: 0,
      on: emitter.on.bind(emitter),
      cork: () => undefined,
      uncork: () => undefined,
      write: (bytes: Buffer) => {
        if (!options.isServerAlive()) return true;
        options.onServerWrites(() => this.#sendToPeer(reader, bytes));
        return true;
      },
      destroy: () => this.#close(),
    };
    // The links use these of a socket's members and no other.
    this.serverEnd = serverEnd as unknown as Socket;
    const peerEnd = {
      writable: true,
      writableLength: 0,
      cork: () => undefined,
      uncork: () => undefined,
      write: (bytes: Buffer) => this.#sendToServer(bytes),
    };
    this.#writer = new FrameWriter(peerEnd as unknown as Socket, options.toServerBytesMax);
  }

  /** The peer tells the server something. */
  tell(message: unknown): void {
    if (this.#isBroken) return;
    this.#writer.write(message);
    this.#writer.flush();
  }

  /** The peer is gone: what it had not read is lost, and the server hears of its end. */
  break(): void {
    if (this.#isBroken) return;
    this.#close();
  }

  #sendToPeer(reader: FrameReader, bytes: Buffer): void {
    this.#toPeerDue = this.#due(this.#toPeerDue);
    this.#options.time.at(this.#toPeerDue, () => {
      if (!this.#isBroken) reader.push(bytes);
    });
  }

  #sendToServer(bytes: Buffer): void {
    this.#toServerDue = this.#due(this.#toServerDue);
    this.#options.time.at(this.#toServerDue, () => {
      // What was sent before the peer's end is still in the pipe.
      if (this.#options.isServerAlive()) {
        this.#options.time.enter(() => this.#emitter.emit('data', bytes));
      }
    });
  }

  #close(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#options.time.at(this.#due(this.#toServerDue), () => {
      if (this.#options.isServerAlive()) {
        this.#options.time.enter(() => this.#emitter.emit('close'));
      }
    });
  }

  #due(last: number): number {
    const { time, random } = this.#options;
    const isSlow = random.chance(0.01);
    const ms = 0.02 + random.unit() * (isSlow ? 150 : 0.6);
    return Math.max(time.now + ms, last + 0.001);
  }
}
