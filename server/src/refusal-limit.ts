// SPDX-License-Identifier: Apache-2.0
// Refusing must not fill the disk: beyond a number a minute, what a bot would only refuse is answered and not written.

import { decodeJournal, encodeJournal, step, type BotEvent, type BotState } from '@kontor/core';

const MINUTE_MS = 60_000;
/** Refusals of one bot that are written in one minute, each a row of its journal and a note. */
export const REFUSALS_WRITTEN_MAX = 60;

export class RefusalLimit {
  readonly #written = new Map<string, { minute: number; count: number }>();
  #unwritten = 0;

  /** Refusals that were answered and not written, since the start of the process. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** A refusal of `botId` was written at `time`. */
  onWritten(botId: string, time: number): void {
    const minute = Math.floor(time / MINUTE_MS);
    const known = this.#written.get(botId);
    if (known?.minute === minute) known.count += 1;
    else this.#written.set(botId, { minute, count: 1 });
  }

  /** Whether `botId` has refused enough for the minute of `time`: it is told only what it would not refuse. */
  isSpent(botId: string, time: number): boolean {
    const written = this.#written.get(botId);
    const minute = Math.floor(time / MINUTE_MS);
    return written?.minute === minute && written.count >= REFUSALS_WRITTEN_MAX;
  }

  /**
   * Why a bot in `state` would refuse `event` and do nothing else; null where it is to be told. `reasonIn` reads the
   * reason from what a note says.
   */
  refusal(
    state: BotState,
    event: BotEvent,
    reasonIn: (note: { readonly kind: string; readonly values: Values }) => string | null,
  ): string | null {
    const copy = decodeJournal<BotState>(encodeJournal(state));
    let reason: string | null = null;
    for (const effect of step(copy, event)) {
      if (effect.kind !== 'notify') return null;
      const found = reasonIn(effect.note);
      if (found === null) return null;
      reason = found;
    }
    if (reason !== null) this.#unwritten += 1;
    return reason;
  }

  /** The bot is gone. */
  forget(botId: string): void {
    this.#written.delete(botId);
  }
}

type Values = Readonly<Record<string, string>>;
