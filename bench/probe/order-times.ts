// SPDX-License-Identifier: Apache-2.0
// Loaded into a server (`--import …/order-times.ts?file=FILE`): writes to FILE, at its end, how long it took from each
// fill of a deal's first order, as it arrived on the link from egress, to the exchange's answer to the next order.
//
// The first order of a deal has the client order ID `…-<deal>-1`, the one that its fill asks for `…-<deal>-2`. Times
// are taken when bytes come from a socket, before they are parsed; the probe's own parsing is part of what is measured.

import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import {
  FRAME_BYTES_MAX,
  FrameReader,
  parseAnswer,
  parseIntent,
  type Answer,
  type Intent,
} from '@kontor/signer';

const file = new URL(import.meta.url).searchParams.get('file');
const MOST = 100_000;

/** When the fill of a deal's first order was first told, by `<bot prefix>-<deal>`. */
const filledAt = new Map<string, number>();
/** Orders under way: their deal, by the intent's ID. */
const underWay = new Map<number, { readonly deal: string; readonly isFirst: boolean }>();
const times: number[] = [];

function dealOf(clientOrderId: unknown): { readonly deal: string; readonly number: string } | null {
  const match = typeof clientOrderId === 'string' ? /^(.+)-(\d+)$/.exec(clientOrderId) : null;
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { deal: match[1], number: match[2] };
}

function onFill(deal: string, at: number): void {
  if (!filledAt.has(deal) && filledAt.size < MOST) filledAt.set(deal, at);
}

function onIntent(intent: Intent): void {
  if (intent.kind !== 'placeOrder') return;
  const id = dealOf(intent.order.clientOrderId);
  if (id !== null) underWay.set(intent.id, { deal: id.deal, isFirst: id.number === '1' });
}

function onAnswer(answer: Answer, at: number): void {
  if (answer.kind === 'userEvent') {
    const event: { e?: unknown; c?: unknown; x?: unknown } = { ...(answer.event as object) };
    const id = dealOf(event.c);
    if (event.e === 'executionReport' && event.x === 'TRADE' && id?.number === '1')
      onFill(id.deal, at);
  }
  if (answer.kind !== 'answer') return;
  const order = underWay.get(answer.id);
  underWay.delete(answer.id);
  if (order === undefined || answer.status !== 200) return;
  if (order.isFirst) {
    if (answer.body.includes('"tradeId"')) onFill(order.deal, at);
    return;
  }
  const start = filledAt.get(order.deal);
  if (start !== undefined && times.length < MOST) times.push(at - start);
  filledAt.delete(order.deal);
}

const readers = new WeakMap<Socket, (bytes: Buffer) => void>();

/** Only the links are Unix sockets; what is no answer ends the listening to that socket. */
function listen(socket: Socket): void {
  if (readers.has(socket)) return;
  let at = 0;
  let isRead = true;
  const reader = new FrameReader(FRAME_BYTES_MAX.answer, (frame) => {
    let answer: Answer;
    try {
      answer = parseAnswer(frame);
    } catch {
      isRead = false;
      return;
    }
    onAnswer(answer, at);
  });
  readers.set(socket, (bytes) => {
    at = performance.now();
    if (isRead) reader.push(bytes);
  });
}

const { on, write } = Socket.prototype;
Reflect.set(
  Socket.prototype,
  'on',
  function watchedOn(this: Socket, name: string, listener: (...args: unknown[]) => void): unknown {
    if (name !== 'data' || this.remoteAddress !== undefined)
      return Reflect.apply(on, this, [name, listener]);
    listen(this);
    const take = readers.get(this);
    return Reflect.apply(on, this, [
      name,
      (bytes: unknown) => {
        if (Buffer.isBuffer(bytes)) take?.(bytes);
        listener(bytes);
      },
    ]);
  },
);
Reflect.set(
  Socket.prototype,
  'write',
  function watchedWrite(this: Socket, ...args: readonly unknown[]): unknown {
    const [bytes] = args;
    if (Buffer.isBuffer(bytes) && this.remoteAddress === undefined) {
      const reader = new FrameReader(FRAME_BYTES_MAX.intent, (frame) => {
        try {
          onIntent(parseIntent(frame));
        } catch {
          // Something else than an intent.
        }
      });
      reader.push(bytes);
    }
    return Reflect.apply(write, this, args);
  },
);

process.on('exit', () => {
  if (file !== null) writeFileSync(file, JSON.stringify(times));
});
