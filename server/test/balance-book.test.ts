// SPDX-License-Identifier: Apache-2.0
// The book of balances against an account in the test's hands: whatever order news come in, what is known explains what
// is told, and what nobody tells of stays unexplained.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { encodeJournal, formatQuantity, priceTicks, quantityLots, type Fill } from '@kontor/core';
import fc from 'fast-check';
import { BalanceBook, type Difference } from '../src/reconcile/balances.ts';
import { Store } from '../src/store/store.ts';
import { INSTRUMENT, SYMBOL } from './scripted-exchange.ts';

const SEED = 206;
const ASSETS = ['ETH', 'USDT', 'BNB'] as const;
type Asset = (typeof ASSETS)[number];
const SATOSHI = 100_000_000n;
const START = 1_700_000_000_000;

/** One thing that changes the account. Amounts are in hundred-millionths. */
interface Happening {
  readonly kind: 'own' | 'other' | 'deposit' | 'hidden';
  readonly side: 'buy' | 'sell';
  readonly lots: number;
  readonly ticks: number;
  readonly feeAsset: Asset;
  readonly fee: number;
  /** After so many further happenings the desk is told of it. */
  readonly lateBy: number;
  /** How the balances are told after it: by the stream, by an answer, both, or not. */
  readonly told: 'event' | 'answer' | 'both' | 'none';
  /** Nothing explained what was told for so long that it is written down. */
  readonly isAccepted: boolean;
}

const happening = (kinds: readonly Happening['kind'][]): fc.Arbitrary<Happening> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    lots: fc.integer({ min: 1, max: 5_000 }),
    ticks: fc.integer({ min: 100_000, max: 300_000 }),
    feeAsset: fc.constantFrom(...ASSETS),
    fee: fc.integer({ min: 0, max: 50_000 }),
    lateBy: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 6 })),
    told: fc.constantFrom('event' as const, 'answer' as const, 'both' as const, 'none' as const),
    isAccepted: fc.boolean(),
  });

/** The account, and the desk's book of it. */
class World {
  readonly #store: Store;
  readonly truth = new Map<Asset, bigint>(ASSETS.map((asset) => [asset, 1_000n * SATOSHI]));
  readonly written: Difference[] = [];
  readonly explained: Difference[] = [];
  /** What nobody tells of. */
  readonly hidden = new Map<Asset, bigint>();
  time = START;
  #trades = 0;
  book: BalanceBook;

  /** The writes of one story are one of the disk's, or two where the desk starts again. */
  constructor(store: Store) {
    this.#store = store;
    for (const table of ['fills', 'balance_marks', 'balance_changes', 'balance_differences'])
      store.run(`DELETE FROM ${table}`);
    store.run('BEGIN');
    this.book = this.#open();
    this.book.load();
    this.answer();
  }

  #open(): BalanceBook {
    return new BalanceBook({
      store: this.#store,
      instrument: (symbol) => (symbol === SYMBOL ? INSTRUMENT : undefined),
      monotonic: () => this.time,
      onChanged: () => undefined,
      onExplained: (difference) => this.explained.push(difference),
    });
  }

  /** The desk ends and starts again. */
  restart(): void {
    this.#store.run('COMMIT');
    this.book.save();
    this.#store.run('BEGIN');
    this.book = this.#open();
    this.book.load();
    this.answer();
  }

  /** Changes the account. Returns what tells the desk of it. */
  happen({ kind, side, lots, ticks, feeAsset, fee }: Happening): () => void {
    this.time += 1_000;
    const { time } = this;
    if (kind === 'deposit') {
      const amount = (side === 'buy' ? 1n : -1n) * BigInt(lots * 10_000);
      this.#add(feeAsset, amount);
      return () => this.book.onTransfer(feeAsset, decimal(amount), time);
    }
    this.#trades += 1;
    const before = new Map(this.truth);
    const tradeId = String(this.#trades);
    const sign = side === 'buy' ? 1n : -1n;
    // A lot is a ten-thousandth, a tick a hundredth.
    this.#add('ETH', sign * BigInt(lots) * 10_000n);
    this.#add('USDT', -sign * BigInt(lots) * BigInt(ticks) * 100n);
    this.#add(feeAsset, -BigInt(fee));
    if (kind === 'own') {
      const fill: Fill = {
        tradeId,
        priceTicks: priceTicks(ticks),
        quantity: quantityLots(lots),
        commission: BigInt(fee),
        commissionAsset: feeAsset,
        isMaker: true,
        time,
      };
      return () => this.#fill(side, fill);
    }
    if (kind === 'hidden') {
      for (const asset of ASSETS) {
        const change = (this.truth.get(asset) ?? 0n) - (before.get(asset) ?? 0n);
        this.hidden.set(asset, (this.hidden.get(asset) ?? 0n) + change);
      }
      return () => undefined;
    }
    const trade = {
      tradeId,
      price: (ticks / 100).toFixed(2),
      quantity: formatQuantity(INSTRUMENT, lots),
      commission: decimal(BigInt(fee)),
      commissionAsset: feeAsset,
    };
    return () => this.book.onOtherTrade('foreignTrade', SYMBOL, side, trade, time);
  }

  event(): void {
    this.book.onEvent(this.#balances(), this.time);
  }

  answer(): void {
    this.book.onAnswer(this.book.ask(), this.#balances(), this.time);
  }

  /** What a comparison does once nothing has explained a total for long enough. */
  accept(): void {
    this.answer();
    for (const asset of this.book.doubtful(0)) {
      const difference = this.book.accept(asset);
      if (difference !== null) this.written.push(difference);
    }
  }

  counts(asset: Asset): { readonly written: number; readonly explained: number } {
    const of = (list: readonly Difference[]): number =>
      list.filter((difference) => difference.asset === asset).length;
    return { written: of(this.written), explained: of(this.explained) };
  }

  close(): void {
    this.#store.run('COMMIT');
  }

  /** As the runner does: stored first. */
  #fill(side: 'buy' | 'sell', fill: Fill): void {
    this.#store.run(
      "INSERT INTO fills (client_order_id, trade_id, bot_id, deal_number, symbol, side, time, fill) VALUES ('o', ?, '1', 1, ?, ?, ?, ?)",
      fill.tradeId,
      SYMBOL,
      side,
      fill.time,
      encodeJournal({ ...fill }),
    );
    this.book.onFill(SYMBOL, side, fill);
  }

  #add(asset: Asset, amount: bigint): void {
    this.truth.set(asset, (this.truth.get(asset) ?? 0n) + amount);
  }

  #balances(): { readonly asset: string; readonly free: string; readonly locked: string }[] {
    return ASSETS.map((asset) => ({
      asset,
      free: decimal(this.truth.get(asset) ?? 0n),
      locked: '0',
    }));
  }
}

function decimal(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(9, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

/** Lets `story` happen, news coming as late as they do. */
function play(world: World, story: readonly Happening[], restartAt: number): void {
  const late: { readonly at: number; readonly tell: () => void }[] = [];
  for (const [index, each] of story.entries()) {
    const tell = world.happen(each);
    if (each.lateBy === 0) tell();
    else late.push({ at: index + each.lateBy, tell });
    if (each.told === 'event' || each.told === 'both') world.event();
    if (each.told === 'answer' || each.told === 'both') world.answer();
    for (const news of late.filter(({ at }) => at === index)) news.tell();
    if (each.isAccepted) world.accept();
    if (index === restartAt) world.restart();
  }
  for (const news of late.filter(({ at }) => at >= story.length)) news.tell();
  world.answer();
}

const PLAIN: Happening = {
  kind: 'own',
  side: 'buy',
  lots: 77,
  ticks: 200_003,
  feeAsset: 'BNB',
  fee: 17,
  lateBy: 0,
  told: 'both',
  isAccepted: false,
};

/** A store for all stories of one test. */
function storeOf(t: TestContext): Store {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-balances-'));
  const store = new Store(join(directory, 'desk.db'));
  t.after(() => {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return store;
}

test('[Y209] whatever is known in the end explains every total, and every difference that was written down', (t) => {
  const store = storeOf(t);
  fc.assert(
    fc.property(
      fc.array(happening(['own', 'other', 'deposit']), { minLength: 1, maxLength: 14 }),
      fc.integer({ min: -1, max: 14 }),
      (story, restartAt) => {
        const world = new World(store);
        try {
          play(world, story, restartAt);
          assert.deepEqual(world.book.doubtful(0), [], 'in the end nothing is in doubt');
          for (const asset of ASSETS) {
            const { written, explained } = world.counts(asset);
            assert.equal(explained, written, `${asset}: all that was written found its cause`);
            assert.equal(world.book.total(asset), world.truth.get(asset));
          }
          // Nothing is left that would make a later total doubtful.
          play(world, [PLAIN, { ...PLAIN, side: 'sell', feeAsset: 'ETH' }], -1);
          assert.deepEqual(world.book.doubtful(0), []);
        } finally {
          world.close();
        }
      },
    ),
    { seed: SEED, numRuns: 150 },
  );
});

test('[Y210] what nobody tells of stays unexplained, whatever late news come around it', (t) => {
  const store = storeOf(t);
  fc.assert(
    fc.property(
      fc.array(happening(['own', 'other', 'deposit', 'hidden']), { minLength: 1, maxLength: 14 }),
      happening(['hidden']),
      fc.nat({ max: 14 }),
      fc.integer({ min: -1, max: 14 }),
      (rest, theirs, at, restartAt) => {
        const world = new World(store);
        try {
          play(world, rest.toSpliced(at, 0, theirs), restartAt);
          play(world, [{ ...PLAIN, isAccepted: true }], -1);
          for (const asset of ASSETS) {
            const { written, explained } = world.counts(asset);
            if ((world.hidden.get(asset) ?? 0n) === 0n) continue;
            assert.ok(written > explained, `${asset}: ${written} written, ${explained} explained`);
          }
        } finally {
          world.close();
        }
      },
    ),
    { seed: SEED, numRuns: 150 },
  );
});
