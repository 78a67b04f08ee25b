// SPDX-License-Identifier: Apache-2.0
// One life of the server: from its start on its store to its end, which may come at any write or send.

import type { PublicMarket } from '@kontor/exchange';
import { createServer, type Server } from '../../server/src/compose.ts';
import type { ServerConfig } from '../../server/src/config.ts';
import type { Logger } from '../../server/src/log.ts';
import { Store, type Parameter, type Row } from '../../server/src/store/store.ts';
import type { Time } from '../../server/src/time.ts';

/** Where a crash may strike. */
export type CrashMoment = 'now' | 'beforeCommit' | 'afterCommit' | 'beforeSend' | 'afterSend';

/** Ends everything that still runs of a server that is gone. */
export class CrashError extends Error {
  readonly code = 'CRASH';

  constructor() {
    super('the server is gone');
    this.name = 'CrashError';
  }
}

/** The real store, which dies with its process, at a moment that was asked for. */
class MortalStore extends Store {
  readonly #life: ServerLife;
  #isInTransaction = false;

  constructor(file: string, life: ServerLife) {
    super(file);
    this.#life = life;
    // A process that dies loses nothing that the system has taken; that a disk keeps what was synced is tested with
    // real processes (R1, R10).
    super.run('PRAGMA synchronous = OFF');
  }

  override transaction<T>(work: () => T): T {
    this.#life.assertAlive();
    this.#isInTransaction = true;
    let result: T;
    try {
      result = super.transaction(() => {
        const made = work();
        this.#life.reach('beforeCommit');
        return made;
      });
    } finally {
      this.#isInTransaction = false;
    }
    this.#life.reach('afterCommit');
    return result;
  }

  override run(sql: string, ...parameters: readonly Parameter[]): number {
    this.#life.assertAlive();
    if (this.#isInTransaction) return super.run(sql, ...parameters);
    // A write of its own is a transaction of its own.
    this.#life.reach('beforeCommit');
    const changes = super.run(sql, ...parameters);
    this.#life.reach('afterCommit');
    return changes;
  }

  override all(sql: string, ...parameters: readonly Parameter[]): readonly Row[] {
    this.#life.assertAlive();
    return super.all(sql, ...parameters);
  }

  override get(sql: string, ...parameters: readonly Parameter[]): Row | undefined {
    this.#life.assertAlive();
    return super.get(sql, ...parameters);
  }
}

export interface LifeOptions {
  readonly file: string;
  readonly config: ServerConfig;
  readonly time: (isAlive: () => boolean) => Time;
  /** The server is made and has no links yet. */
  readonly onMade: (life: ServerLife) => void;
  readonly market: (isAlive: () => boolean) => PublicMarket;
  readonly drawText: (length: number) => string;
  readonly log: (level: string, message: string, fields: unknown) => void;
  /** The life has ended; `error` is null for a crash that was asked for. */
  readonly onEnd: (life: ServerLife, error: unknown) => void;
}

export class ServerLife {
  readonly store: Store;
  readonly server: Server;
  /** The server has taken up its bots and orders, and acts. */
  isStarted = false;
  readonly #options: LifeOptions;
  #isAlive = true;
  #plan: { readonly moment: CrashMoment; left: number } | null = null;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.store = new MortalStore(options.file, this);
    this.server = createServer(
      options.config,
      toLogger(options.log),
      (error) => this.end(error instanceof CrashError ? null : error),
      {
        time: options.time(() => this.#isAlive),
        store: this.store,
        market: options.market(() => this.#isAlive),
        drawText: options.drawText,
      },
    );
    options.onMade(this);
    this.server.start().then(
      () => {
        this.isStarted = true;
      },
      (error: unknown) => this.end(error instanceof CrashError ? null : error),
    );
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Kills the process the `nth` time it comes to `moment`. */
  planCrash(moment: Exclude<CrashMoment, 'now'>, nth: number): void {
    this.#plan = { moment, left: nth };
  }

  forgetCrash(): void {
    this.#plan = null;
  }

  /** The process is gone from this instant: what was committed stays, all else is lost. */
  end(error: unknown): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#options.onEnd(this, error);
  }

  /** Closes the file. To be called when nothing of the process is on the stack any more. */
  bury(): void {
    this.store.close();
  }

  /** Throws when the process is gone: dead code does nothing. */
  assertAlive(): void {
    if (!this.#isAlive) throw new CrashError();
  }

  /** Says that the process has come to `moment`; throws when it dies there. */
  reach(moment: Exclude<CrashMoment, 'now'>): void {
    this.assertAlive();
    this.#strike(moment);
    this.assertAlive();
  }

  /** A piece leaves for a peer, unless the process dies before; it may die just after. */
  send(pass: () => void): void {
    this.#strike('beforeSend');
    if (!this.#isAlive) return;
    pass();
    this.#strike('afterSend');
  }

  #strike(moment: Exclude<CrashMoment, 'now'>): void {
    const plan = this.#plan;
    if (plan?.moment !== moment) return;
    plan.left -= 1;
    if (plan.left > 0) return;
    this.#plan = null;
    this.end(null);
  }
}

function toLogger(log: LifeOptions['log']): Logger {
  const write =
    (level: string) =>
    (fields: unknown, message = ''): void =>
      log(level, message, fields);
  const logger = {
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    debug: () => undefined,
    trace: () => undefined,
  };
  // The server uses these of pino's methods and no other.
  return logger as unknown as Logger;
}
