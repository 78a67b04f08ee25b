// SPDX-License-Identifier: Apache-2.0
// Frames on a byte stream: u32 big-endian payload length, u8 version, payload (one JSON value in UTF-8).
//
// A frame that breaks the form ends the link: after it nothing on the stream can be told from anything else.

import type { Socket } from 'node:net';
import { WIRE_VERSION } from './wire.ts';

const HEADER_BYTES = 5;
const VERSION_AT = 4;

/** A writer with this much still queued takes nothing more: the peer does not read. */
const QUEUED_BYTES_MAX = 33_554_432;

export type FrameErrorCode = 'frame.size' | 'frame.version' | 'frame.text' | 'frame.broken';

/** The bytes are not a frame of this protocol. The message never quotes the payload. */
export class FrameError extends Error {
  readonly code: FrameErrorCode;

  constructor(code: FrameErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FrameError';
    this.code = code;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Cuts a byte stream into messages, whatever the pieces it comes in. */
export class FrameReader {
  readonly #payloadBytesMax: number;
  readonly #onFrame: (message: unknown) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Payload bytes of the frame whose header has been read; null before the header is complete. */
  #awaited: number | null = null;
  #isBroken = false;

  constructor(payloadBytesMax: number, onFrame: (message: unknown) => void) {
    this.#payloadBytesMax = payloadBytesMax;
    this.#onFrame = onFrame;
  }

  /**
   * Takes the next bytes of the stream and hands on every message they complete, in order. Throws FrameError at
   * the first frame that breaks the form, and at every call after it.
   */
  push(bytes: Uint8Array): void {
    if (this.#isBroken) {
      throw new FrameError('frame.broken', 'expected no bytes after a broken frame, found more');
    }
    if (bytes.length === 0) return;
    this.#pieces.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#bytes += bytes.length;
    try {
      for (;;) {
        if (this.#awaited === null) {
          if (this.#bytes < HEADER_BYTES) return;
          this.#awaited = this.#checkHeader(this.#take(HEADER_BYTES));
        }
        if (this.#bytes < this.#awaited) return;
        const payload = this.#take(this.#awaited);
        this.#awaited = null;
        this.#onFrame(parsePayload(payload));
      }
    } catch (error) {
      this.#isBroken = true;
      this.#pieces = [];
      throw error;
    }
  }

  #checkHeader(header: Buffer): number {
    const length = header.readUInt32BE(0);
    const version = header.readUInt8(VERSION_AT);
    if (version !== WIRE_VERSION) {
      throw new FrameError(
        'frame.version',
        `expected frame version ${WIRE_VERSION}, found ${version}`,
      );
    }
    if (length === 0 || length > this.#payloadBytesMax) {
      throw new FrameError(
        'frame.size',
        `expected a frame of 1 to ${this.#payloadBytesMax} bytes, found ${length}`,
      );
    }
    return length;
  }

  /** The next `count` bytes; the caller knows that they have come. */
  #take(count: number): Buffer {
    let first = this.#pieces[0] ?? Buffer.alloc(0);
    if (first.length < count) {
      first = Buffer.concat(this.#pieces, this.#bytes);
      this.#pieces = [first];
    }
    const rest = first.subarray(count);
    if (rest.length > 0) this.#pieces[0] = rest;
    else this.#pieces.shift();
    this.#bytes -= count;
    return first.subarray(0, count);
  }
}

/** Writes messages as frames; those of one tick leave together. */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #payloadBytesMax: number;
  readonly #queuedBytesMax: number;
  #queue: Buffer[] = [];
  #queuedBytes = 0;

  constructor(socket: Socket, payloadBytesMax: number, queuedBytesMax: number = QUEUED_BYTES_MAX) {
    this.#socket = socket;
    this.#payloadBytesMax = payloadBytesMax;
    this.#queuedBytesMax = queuedBytesMax;
  }

  /** Bytes that the peer has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  /** Whether `write` would take a message now. */
  get hasRoom(): boolean {
    return this.#socket.writable && this.queuedBytes < this.#queuedBytesMax;
  }

  /**
   * Queues `message`. False, and nothing queued, when the queue is full or the link is gone. Throws FrameError when
   * the message is larger than its direction allows.
   */
  write(message: unknown): boolean {
    const frame = encodeFrame(message, this.#payloadBytesMax);
    if (!this.hasRoom) return false;
    if (this.#queue.length === 0) process.nextTick(() => this.flush());
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
    return true;
  }

  /** Hands what is queued to the socket at once, in one system call. */
  flush(): void {
    const frames = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (frames.length === 0 || !this.#socket.writable) return;
    this.#socket.cork();
    for (const frame of frames) this.#socket.write(frame);
    this.#socket.uncork();
  }
}

export interface FrameLinkOptions {
  readonly incomingBytesMax: number;
  readonly outgoingBytesMax: number;
  readonly queuedBytesMax?: number;
  /** What it throws ends the link: a message that breaks the protocol, as a frame that does. */
  readonly onMessage: (message: unknown) => void;
  /** The link is gone. Called once; `broken` when the peer did not keep to the protocol. */
  readonly onClosed: (reason: string, cause: 'ended' | 'broken') => void;
}

/** A socket that carries frames both ways. Takes the socket over: it is destroyed when the link ends. */
export class FrameLink {
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #onClosed: FrameLinkOptions['onClosed'];
  #isClosed = false;

  constructor(socket: Socket, options: FrameLinkOptions) {
    this.#socket = socket;
    this.#writer = new FrameWriter(socket, options.outgoingBytesMax, options.queuedBytesMax);
    this.#onClosed = options.onClosed;
    const reader = new FrameReader(options.incomingBytesMax, options.onMessage);
    socket.on('data', (bytes: Buffer) => {
      if (this.#isClosed) return;
      try {
        reader.push(bytes);
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        this.#end(`the peer broke the protocol: ${what}`, 'broken');
      }
    });
    socket.on('error', (error) => this.close(error.message));
    socket.on('end', () => this.close('closed by the peer'));
    socket.on('close', () => this.close('closed'));
  }

  get hasRoom(): boolean {
    return this.#writer.hasRoom;
  }

  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  /** As FrameWriter.write. */
  write(message: unknown): boolean {
    return !this.#isClosed && this.#writer.write(message);
  }

  flush(): void {
    this.#writer.flush();
  }

  /** Ends the link; what is queued is dropped. */
  close(reason: string): void {
    this.#end(reason, 'ended');
  }

  #end(reason: string, cause: 'ended' | 'broken'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#onClosed(reason, cause);
  }
}

/** `message` as one frame. Throws FrameError when it is larger than `payloadBytesMax`. */
function encodeFrame(message: unknown, payloadBytesMax: number): Buffer {
  const payload = Buffer.from(JSON.stringify(message), 'utf8');
  if (payload.length > payloadBytesMax) {
    throw new FrameError(
      'frame.size',
      `expected a frame of at most ${payloadBytesMax} bytes, found ${payload.length}`,
    );
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt8(WIRE_VERSION, VERSION_AT);
  return Buffer.concat([header, payload]);
}

function parsePayload(payload: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    throw new FrameError('frame.text', 'expected UTF-8 in a frame, found other bytes');
  }
  try {
    return JSON.parse(text);
  } catch {
    // The engine's message quotes the text, which may be private.
    throw new FrameError('frame.text', 'expected JSON in a frame, found other text');
  }
}
