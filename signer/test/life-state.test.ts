// SPDX-License-Identifier: Apache-2.0
// The life of a connection as a pure function: every state under every event, and what no path leads to.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  afterEvent,
  bornLife,
  CHECK_HOLDS_MS,
  CLOSING_MS,
  GRACE_MS,
  gradeOf,
  KEY_LIFE_MS,
  mayBeThawed,
  OPEN_KEY_LIFE_MS,
  standingAt,
  type Check,
  type Fault,
  type LifeEvent,
  type LifeFacts,
  type LifeState,
  type Scope,
} from '../src/life/state.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BORN = 1_793_491_200_000;

function born(changes: Partial<LifeFacts> = {}): LifeFacts {
  const birth = { bornAt: BORN, origin: 'born', keyKind: 'ed25519', venue: 'binance' } as const;
  return { ...bornLife(birth), ...changes };
}

function check(time: number, changes: Partial<Check> = {}): Check {
  return {
    time,
    isIpRestricted: true,
    keyCreatedAt: BORN,
    rights: ['enableReading', 'enableSpotAndMarginTrading'],
    faults: [],
    ...changes,
  };
}

function checked(time: number, changes: Partial<Check> = {}): LifeEvent {
  return { kind: 'checked', check: check(time, changes) };
}

function after(events: readonly LifeEvent[], facts: LifeFacts = born()): LifeFacts {
  return events.reduce(afterEvent, facts);
}

const NAMED: LifeEvent = { kind: 'named', time: BORN, hash: 'first' };
const FROZEN: LifeEvent = { kind: 'frozen', time: BORN + 1, cause: 'person' };
const THAWED: LifeEvent = { kind: 'thawed', time: BORN + 2 };
const RETIRED: LifeEvent = { kind: 'retired', time: BORN + 3 };

/** A way into each state, and the time at which it stands there. */
const WAYS: Readonly<
  Record<LifeState, { readonly events: readonly LifeEvent[]; readonly at: number }>
> = {
  draft: { events: [], at: BORN },
  probing: { events: [NAMED], at: BORN },
  active: { events: [NAMED, checked(BORN)], at: BORN + 1 },
  expiring: {
    events: [NAMED, checked(BORN + KEY_LIFE_MS - DAY_MS)],
    at: BORN + KEY_LIFE_MS - HOUR_MS,
  },
  expired: { events: [NAMED, checked(BORN + KEY_LIFE_MS)], at: BORN + KEY_LIFE_MS },
  frozen: { events: [NAMED, checked(BORN), FROZEN], at: BORN + 1 },
  quarantined: {
    events: [NAMED, checked(BORN), checked(BORN + 1, { faults: ['rightAppeared'] })],
    at: BORN + 1,
  },
  retired: { events: [NAMED, checked(BORN), RETIRED], at: BORN + 3 },
};

function doubted(time: number): LifeEvent {
  return { kind: 'doubted', doubt: { time, reason: 'otherAnswer', words: 'HTTP 451' } };
}

const EVENTS: Readonly<Record<string, (at: number) => LifeEvent>> = {
  named: (time) => ({ kind: 'named', time, hash: 'other' }),
  passes: (time) => checked(time),
  drifts: (time) => checked(time, { faults: ['ipListVanished'] }),
  mayWithdraw: (time) => checked(time, { faults: ['withdrawals'] }),
  frozen: (time) => ({ kind: 'frozen', time, cause: 'alarm' }),
  thawed: (time) => ({ kind: 'thawed', time }),
  retired: (time) => ({ kind: 'retired', time }),
};

test('[S170] every state under every event', () => {
  const table: readonly (readonly [LifeState, ...string[]])[] = [
    // state          named        passes         drifts         mayWithdraw    frozen         thawed       retired
    ['draft', 'probing', 'draft', 'draft', 'draft', 'draft', 'draft', 'retired'],
    ['probing', 'probing', 'active', 'quarantined', 'quarantined', 'probing', 'probing', 'retired'],
    ['active', 'probing', 'active', 'quarantined', 'quarantined', 'frozen', 'active', 'retired'],
    [
      'expiring',
      'probing',
      'expiring',
      'quarantined',
      'quarantined',
      'frozen',
      'expiring',
      'retired',
    ],
    [
      'expired',
      'expired',
      'expired',
      'quarantined',
      'quarantined',
      'expired',
      'expired',
      'retired',
    ],
    ['frozen', 'probing', 'frozen', 'quarantined', 'quarantined', 'frozen', 'active', 'retired'],
    [
      'quarantined',
      'quarantined',
      'quarantined',
      'quarantined',
      'quarantined',
      'quarantined',
      'active',
      'retired',
    ],
    ['retired', 'retired', 'retired', 'retired', 'retired', 'retired', 'retired', 'retired'],
  ];
  assert.deepEqual(
    table.map(([state]) => state),
    Object.keys(WAYS),
  );
  for (const [state, ...outcomes] of table) {
    const { events, at } = WAYS[state];
    const facts = after(events);
    assert.equal(standingAt(facts, at).state, state, state);
    Object.entries(EVENTS).forEach(([name, event], index) => {
      const next = standingAt(afterEvent(facts, event(at)), at);
      assert.equal(next.state, outcomes[index], `${state} under ${name}`);
    });
  }
});

test('[S170, S243] a list that is not real shortens a life, and one that holds or a doubt changes none', () => {
  const ends: Partial<Record<LifeState, LifeState>> = { active: 'expiring', expiring: 'expired' };
  for (const [state, { events, at }] of Object.entries(WAYS)) {
    const facts = after(events);
    const under = (event: LifeEvent): LifeState => standingAt(afterEvent(facts, event), at).state;
    const known = standingAt(facts, at).state;
    assert.equal(under({ kind: 'probing', time: at }), known, state);
    assert.equal(under({ kind: 'probed', bind: { time: at, verdict: 'holds' } }), known, state);
    assert.equal(under(doubted(at)), known, state);
    const notReal = under({ kind: 'probed', bind: { time: at, verdict: 'notReal' } });
    assert.equal(notReal, ends[known] ?? known, state);
  }
});

test('[S170] each state signs what it may and nothing more', () => {
  const scopes: Readonly<Record<LifeState, Scope>> = {
    draft: 'nothing',
    probing: 'cancels',
    active: 'all',
    expiring: 'all',
    expired: 'reductions',
    frozen: 'reductions',
    quarantined: 'cancels',
    retired: 'nothing',
  };
  for (const [state, { events, at }] of Object.entries(WAYS)) {
    const standing = standingAt(after(events), at);
    assert.equal(standing.signs, scopes[standing.state], state);
  }
});

test('[S177] attack 49: after its end a key signs reductions, then cancels and reads, then nothing, frozen or not', () => {
  const events = [NAMED, checked(BORN)];
  const end = BORN + KEY_LIFE_MS;
  const at = (facts: LifeFacts, time: number, grace?: number): string => {
    const { state, signs } = standingAt(facts, time, grace);
    return `${state} ${signs}`;
  };
  for (const facts of [after(events), after([...events, FROZEN])]) {
    assert.equal(at(facts, end), 'expired reductions');
    assert.equal(at(facts, end + GRACE_MS - 1), 'expired reductions');
    assert.equal(at(facts, end + GRACE_MS), 'expired cancels');
    assert.equal(at(facts, end + GRACE_MS + CLOSING_MS - 1), 'expired cancels');
    assert.equal(at(facts, end + GRACE_MS + CLOSING_MS), 'expired nothing');
  }
  const facts = after(events);
  assert.equal(at(facts, end, 0), 'expired cancels', 'a policy may leave no time at all');
  assert.equal(at(facts, end + CLOSING_MS, 0), 'expired nothing');
  assert.equal(at(facts, end + 14 * DAY_MS - 1, 99 * DAY_MS), 'expired reductions');
  assert.equal(at(facts, end + 14 * DAY_MS, 99 * DAY_MS), 'expired cancels', 'never over 14 days');
  assert.equal(
    at(after([NAMED]), end),
    'expired cancels',
    'a key that was never checked reduces nothing',
  );
});

test('[S176] a key ends 90 days after its creation, 14 where it works from every address', () => {
  const older = BORN - 10 * DAY_MS;
  const table: readonly (readonly [LifeEvent, string, number])[] = [
    [checked(BORN), 'binance', BORN + KEY_LIFE_MS],
    [checked(BORN, { keyCreatedAt: null }), 'binance', BORN + KEY_LIFE_MS],
    [checked(BORN, { keyCreatedAt: older }), 'binance', older + KEY_LIFE_MS],
    // An exchange that names a later time gives no longer life.
    [checked(BORN, { keyCreatedAt: BORN + DAY_MS }), 'binance', BORN + KEY_LIFE_MS],
    [checked(BORN, { isIpRestricted: false }), 'binance', BORN + OPEN_KEY_LIFE_MS],
    [
      checked(BORN, { isIpRestricted: false, keyCreatedAt: older }),
      'binance',
      older + OPEN_KEY_LIFE_MS,
    ],
    [checked(BORN, { isIpRestricted: false, keyCreatedAt: 1 }), 'demo', BORN + KEY_LIFE_MS],
    [
      checked(BORN, { isIpRestricted: false, keyCreatedAt: 1 }),
      'paper-binance',
      BORN + KEY_LIFE_MS,
    ],
  ];
  for (const [event, venue, end] of table) {
    assert.equal(standingAt(after([NAMED, event], born({ venue })), BORN).expiresAt, end);
  }
});

test('[S175] orders need a check that passed in the last 26 hours; without one only reductions', () => {
  const facts = after([NAMED, checked(BORN)]);
  const signs = (time: number): Scope => standingAt(facts, time).signs;
  assert.equal(signs(BORN + CHECK_HOLDS_MS - 1), 'all');
  assert.equal(signs(BORN + CHECK_HOLDS_MS), 'reductions');
  assert.equal(standingAt(facts, BORN + CHECK_HOLDS_MS).state, 'probing');
  assert.equal(
    signs(BORN - CHECK_HOLDS_MS),
    'reductions',
    'a check from the future holds no longer',
  );
  const renamed = afterEvent(facts, { kind: 'named', time: BORN + 1, hash: 'other' });
  assert.equal(standingAt(renamed, BORN + 1).signs, 'cancels', 'another identifier is another key');
  for (const venue of ['demo', 'paper-binance', 'binance-testnet']) {
    assert.equal(standingAt(after([NAMED], born({ venue })), BORN).state, 'active');
  }
});

test('[S174] a quarantine ends by a person, unless the key was never in order', () => {
  const drift: readonly Fault[] = ['ipListVanished'];
  const wrong = after([NAMED, checked(BORN, { faults: ['withdrawals'] })]);
  assert.equal(standingAt(wrong, BORN).state, 'quarantined');
  assert.equal(mayBeThawed(wrong), false, 'nobody may accept a right to withdraw');
  assert.equal(standingAt(afterEvent(wrong, checked(BORN + 1)), BORN + 1).state, 'active');
  const drifted = after([NAMED, checked(BORN), checked(BORN + 1, { faults: drift })]);
  const again = afterEvent(drifted, checked(BORN + 2));
  assert.equal(standingAt(again, BORN + 2).state, 'quarantined', 'what came back stays suspicious');
  assert.equal(mayBeThawed(again), true);
  const renamed = after(
    [{ kind: 'named', time: BORN + 3, hash: 'other' }, checked(BORN + 4)],
    drifted,
  );
  assert.equal(
    standingAt(renamed, BORN + 4).state,
    'quarantined',
    'a new identifier heals nothing',
  );
  const same = afterEvent(drifted, { ...NAMED, time: BORN + 5 });
  assert.equal(same, drifted, 'the same identifier changes nothing');
  const thawed = afterEvent(drifted, THAWED);
  assert.equal(standingAt(thawed, BORN + 2).state, 'active');
  assert.equal(
    thawed.passed,
    thawed.checked,
    'what was accepted is what later checks are compared with',
  );
});

test('[S186] the grade follows from where the key was made, its kind, and what the exchange lets it do', () => {
  const grade = (facts: Partial<LifeFacts>, changes: Partial<Check> = {}): unknown =>
    gradeOf(after([NAMED, checked(BORN, changes)], born(facts)));
  const open = { isIpRestricted: false };
  assert.equal(gradeOf(born()), null);
  assert.equal(grade({}), 'A');
  assert.equal(grade({ keyKind: 'rsa-2048' }), 'A');
  assert.equal(grade({}, open), 'B');
  assert.equal(grade({ origin: 'imported' }), 'B');
  assert.equal(grade({ origin: 'imported' }, open), 'C');
  assert.equal(grade({ origin: 'imported', keyKind: 'hmac-sha256' }), 'C');
  assert.equal(grade({ origin: 'imported', keyKind: 'hmac-sha256' }, open), 'C');
  for (const fault of [
    'withdrawals',
    'internalTransfer',
    'universalTransfer',
    'unknownTransfer',
  ] as const)
    assert.equal(grade({}, { faults: [fault] }), 'D', fault);
  const unreal = { bind: { time: BORN, verdict: 'notReal' } } as const;
  assert.equal(grade(unreal), 'B', 'whatever the exchange says of its list');
  assert.equal(grade({ ...unreal, origin: 'imported' }), 'C');
  assert.equal(
    grade({}, { faults: ['margin'] }),
    'A',
    'refused for what it may trade, not for its safety',
  );
});

test('[S171] no path lets a connection that is expired, frozen, quarantined, unchecked or retired sign new risk', (t) => {
  const faults = fc.subarray<Fault>(['withdrawals', 'margin', 'rightAppeared', 'ipListVanished']);
  const time = fc.integer({ min: 0, max: 120 * 24 }).map((hours) => BORN + hours * HOUR_MS);
  const event: fc.Arbitrary<LifeEvent> = fc.oneof(
    fc
      .tuple(time, fc.constantFrom('first', 'other'))
      .map(([at, hash]): LifeEvent => ({ kind: 'named', time: at, hash })),
    fc
      .tuple(time, faults, fc.boolean(), fc.option(time))
      .map(([at, found, isIpRestricted, keyCreatedAt]) =>
        checked(at, { faults: found, isIpRestricted, keyCreatedAt }),
      ),
    time.map((at): LifeEvent => ({ kind: 'frozen', time: at, cause: 'alarm' })),
    time.map((at): LifeEvent => ({ kind: 'thawed', time: at })),
    time.map((at): LifeEvent => ({ kind: 'probed', bind: { time: at, verdict: 'notReal' } })),
    time.map((at): LifeEvent => ({ kind: 'probed', bind: { time: at, verdict: 'holds' } })),
    time.map(doubted),
    fc.constant<LifeEvent>(RETIRED),
  );
  const seed = 20_261_123;
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), time, (events, now) => {
      const sorted = events.toSorted((left, right) => timeOf(left) - timeOf(right));
      const facts = after(sorted);
      const { signs, state } = standingAt(facts, now);
      // Read off the list of events alone, without the machine.
      let isFrozen = false;
      let isNamed = false;
      let hash = '';
      let isRetired = false;
      let isOpen = false;
      let last: Check | null = null;
      let accepted: Check | null = null;
      for (const each of sorted) {
        if (each.kind === 'retired') isRetired = true;
        if (each.kind === 'probed') isOpen = each.bind.verdict === 'notReal';
        if (each.kind === 'frozen') isFrozen = true;
        if (each.kind === 'thawed') {
          isFrozen = false;
          accepted = last ?? accepted;
        }
        if (each.kind === 'named' && each.hash !== hash) {
          isNamed = true;
          hash = each.hash;
          last = null;
          accepted = null;
        }
        if (each.kind === 'checked') {
          last = each.check;
          if (each.check.faults.length === 0) accepted = each.check;
        }
      }
      if (signs === 'all') {
        assert.ok(isNamed && !isFrozen && !isRetired);
        assert.ok(accepted !== null && Math.abs(now - accepted.time) < CHECK_HOLDS_MS);
        assert.ok(now < BORN + (isOpen ? OPEN_KEY_LIFE_MS : KEY_LIFE_MS));
        assert.ok(state === 'active' || state === 'expiring');
      }
      if (isRetired) assert.equal(signs, 'nothing');
    }),
    { seed, numRuns: 2_000 },
  );
});

function timeOf(event: LifeEvent): number {
  switch (event.kind) {
    case 'checked':
      return event.check.time;
    case 'probed':
      return event.bind.time;
    case 'doubted':
      return event.doubt.time;
    case 'named':
    case 'probing':
    case 'frozen':
    case 'thawed':
    case 'retired':
      return event.time;
  }
}
