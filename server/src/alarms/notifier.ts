// SPDX-License-Identifier: Apache-2.0
// Takes alarms out of the desk: by every channel that is set up, from a stored queue, again and again for a day.
//
// A delivery is stored with its alarm, so a crash loses none; it may be told twice, and carries the alarm's ID.

import { numberOf, textOf, type Row, type Store } from '../store/store.ts';
import type { CancelTimer, Time } from '../time.ts';
import type { Alarm } from './alarm-book.ts';
import { alarmSentence } from './alarm-sentence.ts';

export type ChannelResult =
  | { readonly ok: true }
  /** `isFinal`: asking again changes nothing. */
  | { readonly ok: false; readonly isFinal: boolean; readonly reason: string };

/** A way out of the desk. It has a time limit of its own and never rejects. */
export interface Channel {
  readonly kind: string;
  readonly isSet: boolean;
  deliver(body: string): Promise<ChannelResult>;
}

/** How the last deliveries of a channel went. */
export interface ChannelStanding {
  readonly waiting: number;
  readonly sentAt: number | null;
  readonly fault: string | null;
}

export interface NotifierPorts {
  readonly store: Store;
  readonly time: Time;
  readonly channels: readonly Channel[];
  /** A channel does not take anything (`reason`), or does again (null). */
  readonly onStanding: (channel: string, reason: string | null) => void;
  readonly onChanged: () => void;
  /** Pauses between tries; after the last of them a delivery is given up. */
  readonly pausesMs?: readonly number[];
}

const MINUTE_MS = 60_000;
/** Soon at first, then once an hour until a day is over. */
const PAUSES_MS: readonly number[] = [
  5_000,
  30_000,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  ...Array.from({ length: 23 }, () => 60 * MINUTE_MS),
];
/** So many tries in a row without an answer, and the desk says so on its pages. */
const FAULTS_TOLD_AT = 3;
/** Deliveries that wait; the oldest are given up for the newest. */
const WAITING_MAX = 200;
const KEPT_MAX = 1_000;
const AT_ONCE = 10;

export class Notifier {
  readonly #ports: NotifierPorts;
  #timer: CancelTimer | null = null;
  #running: Promise<void> | null = null;
  #isClosed = false;

  constructor(ports: NotifierPorts) {
    this.#ports = ports;
  }

  /** Queues an alarm for every channel; in the transaction that writes it. */
  enqueue(alarm: Alarm): void {
    // An alarm about a channel cannot go out by channels: it would only make more of its kind.
    if (alarm.kind === 'notificationFailed') return;
    const { store, time, channels } = this.#ports;
    for (const { kind, isSet } of channels) {
      if (!isSet) continue;
      store.run(
        "INSERT INTO alarm_deliveries (alarm_id, channel, body, state, attempts, due) VALUES (?, ?, ?, 'waiting', 0, ?)",
        alarm.id,
        kind,
        bodyOf(alarm),
        time.now(),
      );
    }
    store.run(
      `UPDATE alarm_deliveries SET state = 'failed', fault = 'too many were waiting' WHERE state = 'waiting'
         AND delivery_id NOT IN (SELECT delivery_id FROM alarm_deliveries WHERE state = 'waiting' ORDER BY delivery_id DESC LIMIT ?)`,
      WAITING_MAX,
    );
    store.run(
      "DELETE FROM alarm_deliveries WHERE state != 'waiting' AND delivery_id <= (SELECT max(delivery_id) FROM alarm_deliveries) - ?",
      KEPT_MAX,
    );
    this.wake(0);
  }

  /** Looks at the queue in `ms`; to be called at the start as well. */
  wake(ms: number): void {
    if (this.#isClosed) return;
    this.#timer?.();
    this.#timer = this.#ports.time.after(ms, () => {
      this.#timer = null;
      this.#running ??= this.#work().finally(() => {
        this.#running = null;
        this.#waitForNext();
      });
    });
  }

  /** Sends a test by one channel now, beside the queue. */
  async test(kind: string): Promise<ChannelResult> {
    const channel = this.#ports.channels.find((candidate) => candidate.kind === kind);
    if (channel?.isSet !== true) {
      return { ok: false, isFinal: true, reason: `no ${kind} is set up` };
    }
    const text = 'This is a test of the alarms of your Kontor desk.';
    const body = JSON.stringify({ version: 1, event: 'test', text, time: this.#ports.time.now() });
    const result = await channel.deliver(body);
    if (result.ok) this.#ports.onStanding(kind, null);
    return result;
  }

  standing(channel: string): ChannelStanding {
    const { store } = this.#ports;
    const counted = store.get(
      `SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, max(sent_at) AS sent FROM alarm_deliveries WHERE channel = ?`,
      channel,
    );
    const last = store.get(
      'SELECT fault FROM alarm_deliveries WHERE channel = ? AND attempts > 0 ORDER BY delivery_id DESC LIMIT 1',
      channel,
    );
    const sent = counted?.['sent'];
    const fault = last?.['fault'];
    return {
      waiting: counted === undefined ? 0 : numberOf(counted, 'waiting'),
      sentAt: typeof sent === 'number' ? sent : null,
      fault: typeof fault === 'string' ? fault : null,
    };
  }

  /** Resolves once nothing is under way; what waits is sent after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.();
    await this.#running;
  }

  async #work(): Promise<void> {
    const { store, time, channels } = this.#ports;
    const due = store.all(
      "SELECT * FROM alarm_deliveries WHERE state = 'waiting' AND due <= ? ORDER BY delivery_id LIMIT ?",
      time.now(),
      AT_ONCE,
    );
    for (const row of due) {
      if (this.#isClosed) return;
      const kind = textOf(row, 'channel');
      const channel = channels.find((candidate) => candidate.kind === kind);
      const result: ChannelResult =
        channel?.isSet === true
          ? await channel.deliver(textOf(row, 'body'))
          : { ok: false, isFinal: true, reason: `no ${kind} is set up any more` };
      if (this.#isClosed) return;
      this.#settle(row, kind, result);
    }
  }

  #settle(row: Row, kind: string, result: ChannelResult): void {
    const { store, time, onStanding, onChanged } = this.#ports;
    const id = numberOf(row, 'delivery_id');
    const attempts = numberOf(row, 'attempts') + 1;
    if (result.ok) {
      store.run(
        "UPDATE alarm_deliveries SET state = 'sent', attempts = ?, fault = NULL, sent_at = ? WHERE delivery_id = ?",
        attempts,
        time.now(),
        id,
      );
      onStanding(kind, null);
    } else {
      const pause = result.isFinal ? undefined : this.#pauseAfter(attempts);
      store.run(
        'UPDATE alarm_deliveries SET state = ?, attempts = ?, fault = ?, due = ? WHERE delivery_id = ?',
        pause === undefined ? 'failed' : 'waiting',
        attempts,
        result.reason,
        time.now() + (pause ?? 0),
        id,
      );
      if (pause === undefined || attempts >= FAULTS_TOLD_AT) onStanding(kind, result.reason);
    }
    onChanged();
  }

  #pauseAfter(attempts: number): number | undefined {
    return (this.#ports.pausesMs ?? PAUSES_MS)[attempts - 1];
  }

  #waitForNext(): void {
    const row = this.#ports.store.get(
      "SELECT min(due) AS due FROM alarm_deliveries WHERE state = 'waiting'",
    );
    const due = row?.['due'];
    if (typeof due !== 'number' || this.#isClosed) return;
    this.wake(Math.min(Math.max(due - this.#ports.time.now(), 0), 60 * MINUTE_MS));
  }
}

/** What a receiver gets; `text` is what chats show of a message. */
function bodyOf(alarm: Alarm): string {
  const { id, kind, severity, connection, subject, facts, raisedAt, count } = alarm;
  return JSON.stringify({
    version: 1,
    event: 'alarm',
    text: alarmSentence(alarm),
    alarm: { id, kind, severity, connection, subject, facts, raisedAt, count },
  });
}
