// SPDX-License-Identifier: Apache-2.0
// The timers of all bots, the earliest at hand however many there are.

/** So many replaced timers may wait in the heap beside as many again as are set. */
const STALE_MAX = 1_000;

interface Entry {
  readonly due: number;
  readonly botId: string;
  readonly timer: string;
}

export class TimerBook {
  /** When each timer is due, by bot and name; what the heap holds beside that was replaced or taken. */
  readonly #due = new Map<string, Map<string, number>>();
  /** A binary heap, the earliest first. */
  #heap: Entry[] = [];
  #count = 0;

  /** Sets a timer; one of the same name is replaced. */
  set(botId: string, timer: string, due: number): void {
    const timers = this.#due.get(botId) ?? new Map<string, number>();
    this.#due.set(botId, timers);
    if (!timers.has(timer)) this.#count += 1;
    timers.set(timer, due);
    if (this.#heap.length > STALE_MAX + 2 * this.#count) this.#compact();
    else this.#push({ botId, timer, due });
  }

  /** Takes away all timers of a bot. */
  forget(botId: string): void {
    this.#count -= this.#due.get(botId)?.size ?? 0;
    this.#due.delete(botId);
  }

  /** When the next timer is due; Infinity without one. */
  get earliest(): number {
    this.#dropStale();
    return this.#heap[0]?.due ?? Infinity;
  }

  /** Takes the timers due at `now` of bots that `isMeant`, the earliest first, of several at one time by name. */
  takeDue(
    now: number,
    isMeant: (botId: string) => boolean = () => true,
  ): readonly { readonly botId: string; readonly timer: string }[] {
    const taken: Entry[] = [];
    const others: Entry[] = [];
    for (this.#dropStale(); (this.#heap[0]?.due ?? Infinity) <= now; this.#dropStale()) {
      const entry = this.#pop();
      if (entry === undefined) break;
      if (!isMeant(entry.botId)) {
        others.push(entry);
        continue;
      }
      this.#due.get(entry.botId)?.delete(entry.timer);
      this.#count -= 1;
      taken.push(entry);
    }
    for (const entry of others) this.#push(entry);
    return taken;
  }

  /** Builds the heap anew from what still counts. */
  #compact(): void {
    this.#heap = [];
    for (const [botId, timers] of this.#due) {
      for (const [timer, due] of timers) this.#push({ botId, timer, due });
    }
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#due.get(first.botId)?.get(first.timer) === first.due) return;
      this.#pop();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  if (one.due !== other.due) return one.due < other.due;
  return one.timer === other.timer ? one.botId < other.botId : one.timer < other.timer;
}
