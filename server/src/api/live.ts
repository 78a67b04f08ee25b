// SPDX-License-Identifier: Apache-2.0
// Live updates for pages: server-sent events with sequence numbers, gathered and sent ten times a second.
//
// A page that reads too slowly is cut off; it comes back, sees the gap and reads everything again.

import type { ServerResponse } from 'node:http';
import type { Note, StreamMessage } from './schemas.ts';

const SEND_EVERY_MS = 100;
const HEALTH_EVERY_MS = 1_000;
/** A browser that has not taken this much is not reading. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;
const CLIENTS_MAX = 100;
/** Pages of one session, so that none of them takes the desk from the others; browsers themselves open fewer. */
export const CLIENTS_OF_SESSION_MAX = 10;
const NOTES_MAX = 500;

/** Where the current state of a thing is read when it is about to be sent. */
export interface LiveSource {
  botMessage(botId: string): StreamMessage | null;
  dealMessages(botId: string): readonly StreamMessage[];
  totalsMessage(): StreamMessage;
  healthMessage(): StreamMessage;
  marketMessage(): StreamMessage;
  balancesMessage(): StreamMessage;
  reconciliationMessage(): StreamMessage;
}

export class LiveHub {
  readonly #source: LiveSource;
  readonly #goesOn: (session: string) => boolean;
  /** Who listens, and by which session; null where the terminal's token opened the stream. */
  readonly #clients = new Map<ServerResponse, string | null>();
  readonly #latest = new Map<string, StreamMessage>();
  readonly #bots = new Set<string>();
  #notes: Note[] = [];
  #isBalancesDirty = false;
  #isReconciliationDirty = false;
  /** Something was left out: pages are told to read everything again. */
  #isIncomplete = false;
  #sequence = 0;
  #ticks = 0;
  /** Runs while pages listen. */
  #timer: NodeJS.Timeout | null = null;

  /** `goesOn`: whether a session is not over yet. */
  constructor(source: LiveSource, goesOn: (session: string) => boolean) {
    this.#source = source;
    this.#goesOn = goesOn;
  }

  /** Takes over `response` as an event stream of `session`, unless too many pages of it, or of all, listen already. */
  add(response: ServerResponse, session: string | null): 'added' | 'sessionFull' | 'full' {
    let own = 0;
    for (const owner of this.#clients.values()) own += owner === session ? 1 : 0;
    if (own >= CLIENTS_OF_SESSION_MAX) return 'sessionFull';
    if (this.#clients.size >= CLIENTS_MAX) return 'full';
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(
      `retry: 1000\n${event(this.#sequence, { kind: 'hello', sequence: this.#sequence })}`,
    );
    this.#clients.set(response, session);
    this.#timer ??= setInterval(() => this.#send(), SEND_EVERY_MS);
    response.on('close', () => this.#forget(response));
    response.on('error', () => this.#forget(response));
    return 'added';
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** A message of which only the newest under `key` counts, such as a quote. */
  put(key: string, message: StreamMessage): void {
    if (this.#clients.size > 0) this.#latest.set(key, message);
  }

  botChanged(botId: string): void {
    if (this.#clients.size > 0) this.#bots.add(botId);
  }

  balancesChanged(): void {
    this.#isBalancesDirty = true;
  }

  reconciliationChanged(): void {
    this.#isReconciliationDirty = true;
  }

  addNote(note: Note): void {
    if (this.#clients.size === 0) return;
    if (this.#notes.length < NOTES_MAX) this.#notes.push(note);
    else this.#isIncomplete = true;
  }

  /** Ends the streams of a session that is over: whoever has left hears nothing more. */
  endSession(session: string): void {
    for (const [client, owner] of this.#clients) {
      if (owner !== session) continue;
      this.#forget(client);
      client.end();
    }
  }

  /** A session may also end without a word: by age, or with its user. */
  #endOver(): void {
    const sessions = new Set(this.#clients.values());
    for (const session of sessions) {
      if (session !== null && !this.#goesOn(session)) this.endSession(session);
    }
  }

  close(): void {
    this.#stopTimer();
    for (const client of this.#clients.keys()) client.end();
    this.#clients.clear();
  }

  #forget(response: ServerResponse): void {
    this.#clients.delete(response);
    if (this.#clients.size === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #send(): void {
    this.#ticks += 1;
    if (this.#ticks % (HEALTH_EVERY_MS / SEND_EVERY_MS) === 0) this.#endOver();
    if (this.#clients.size === 0) return;
    const messages: StreamMessage[] = [...this.#latest.values()];
    for (const botId of this.#bots) {
      const bot = this.#source.botMessage(botId);
      if (bot !== null) messages.push(bot);
      messages.push(...this.#source.dealMessages(botId));
    }
    if (this.#bots.size > 0) messages.push(this.#source.totalsMessage());
    for (const note of this.#notes) messages.push({ kind: 'note', note });
    if (this.#isBalancesDirty) messages.push(this.#source.balancesMessage());
    if (this.#isReconciliationDirty) messages.push(this.#source.reconciliationMessage());
    if (this.#ticks % (HEALTH_EVERY_MS / SEND_EVERY_MS) === 0) {
      messages.push(this.#source.healthMessage(), this.#source.marketMessage());
    }
    if (this.#isIncomplete) messages.push({ kind: 'reset' });
    this.#isIncomplete = false;
    this.#latest.clear();
    this.#bots.clear();
    this.#notes = [];
    this.#isBalancesDirty = false;
    this.#isReconciliationDirty = false;
    if (messages.length === 0) return;
    let text = '';
    for (const message of messages) {
      this.#sequence += 1;
      text += event(this.#sequence, message);
    }
    for (const client of this.#clients.keys()) {
      client.write(text);
      if (client.writableLength > BUFFERED_BYTES_MAX) client.destroy();
    }
  }
}

function event(sequence: number, message: StreamMessage): string {
  return `id: ${sequence}\ndata: ${JSON.stringify(message)}\n\n`;
}
