// SPDX-License-Identifier: Apache-2.0
// A claim about an order, held against what everybody may see of the log: times and kinds. Who can open entries does the
// same in the terminal.

import { shellWord } from '@kontor/core';
import { claimedTime, judgeOrderClaim, type OrderClaim, type ReadEntry } from '@kontor/tlog';
import { useState, type FormEvent, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import type { LogText } from '../language/log-english.ts';
import { useLogLanguage } from '../language/use-log-language.ts';
import type { LogReader } from '../log/log-reader.ts';
import { Card } from '../parts/card.tsx';
import { CopyButton } from '../parts/copy-button.tsx';

/** Clocks of exchanges, people and pictures differ by this. */
const SLACK_MS = 2_000;
const ENTRIES_MAX = 20_000n;

interface Claimed {
  readonly time: string;
  readonly order: string;
  readonly symbol: string;
  readonly price: string;
}

const EMPTY: Claimed = { time: '', order: '', symbol: '', price: '' };

type Said =
  | { readonly kind: 'wrong'; readonly text: string }
  | { readonly kind: 'verdict'; readonly text: string; readonly command: string | null };

export function ClaimCard({ reader }: { readonly reader: LogReader }): ReactElement {
  const { format } = useLanguage();
  const words = useLogLanguage();
  const [claimed, setClaimed] = useState(EMPTY);
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState<Said | null>(null);
  const number = (value: number): string => format.integer(value);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    void judge(reader, claimed, words, number)
      .catch((error: unknown): Said => {
        const reason = error instanceof Error ? error.message : String(error);
        return { kind: 'wrong', text: words.failed(reason) };
      })
      .then(setSaid)
      .finally(() => setBusy(false));
  };
  const field = (name: keyof Claimed, label: string, hint = ''): ReactElement => (
    <label>
      <span>{label}</span>
      <input
        type="text"
        value={claimed[name]}
        placeholder={hint}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setClaimed({ ...claimed, [name]: event.target.value })}
      />
    </label>
  );
  return (
    <Card title={words.claim}>
      <form className="card-body log-claim" onSubmit={submit}>
        <p className="muted">{words.claimHint}</p>
        {field('time', words.claimTime, words.claimTimeHint)}
        {field('order', words.claimOrder)}
        {field('symbol', words.claimSymbol)}
        {field('price', words.claimPrice)}
        <button type="submit" className="button button-plain" aria-busy={isBusy} disabled={isBusy}>
          {words.claimCheck}
        </button>
        <div role="status">
          {said === null ? null : (
            <p className={said.kind === 'wrong' ? 'log-fault' : 'log-proven'}>{said.text}</p>
          )}
          {said?.kind === 'verdict' && said.command !== null ? (
            <p className="log-command">
              <code>{said.command}</code>
              <CopyButton label={words.claimCommand} value={said.command} />
            </p>
          ) : null}
        </div>
      </form>
    </Card>
  );
}

async function judge(
  reader: LogReader,
  claimed: Claimed,
  words: LogText,
  number: (value: number) => string,
): Promise<Said> {
  const verdict = (text: string, command: string | null = null): Said => ({
    kind: 'verdict',
    text,
    command,
  });
  if (claimed.time.trim() === '') return verdict(words.claimTimeNeeded, commandOf(claimed));
  const time = claimedTime(claimed.time, SLACK_MS);
  if (!time.ok) return { kind: 'wrong', text: words.claimTimeWrong };
  const [first] = await reader.provenEntries(0n, 1n);
  const [last] = await reader.provenEntries(reader.size - 1n, reader.size);
  // A clock may have been set back: where it is not too much, everything is looked through.
  const isSmall = reader.size <= ENTRIES_MAX;
  const from = isSmall ? 0n : await reader.indexAt(time.value.from);
  const to = isSmall ? reader.size : await reader.indexAt(time.value.to + 1);
  if (to - from > ENTRIES_MAX) return verdict(words.claimTooMany);
  const shown = await reader.provenEntries(from, to);
  const entries = shown.flatMap(({ entry }): readonly ReadEntry[] =>
    entry === null ? [] : [{ entry, fields: undefined }],
  );
  const claim: OrderClaim = { time: time.value, orderId: undefined, fields: {} };
  const found = judgeOrderClaim(claim, entries, {
    size: reader.size,
    firstTime: first?.entry?.t,
    lastTime: last?.entry?.t,
  });
  switch (found.kind) {
    case 'outOfScope':
      return verdict(
        time.value.to < (first?.entry?.t ?? Infinity) ? words.claimBefore : words.claimAfter,
      );
    case 'noMatch':
      return verdict(words.claimNoMatch(number(Number(reader.size))));
    case 'cannotTell':
    case 'matches':
    case 'contradicts': {
      const orders = entries.filter(
        ({ entry }) =>
          entry.kind === 'intent' &&
          entry['op'] === 'order.place' &&
          entry.t >= time.value.from &&
          entry.t <= time.value.to,
      );
      return verdict(words.claimSealed(number(orders.length)), commandOf(claimed));
    }
  }
}

/** The same question for who can open the entries. */
function commandOf({ time, order, symbol, price }: Claimed): string {
  const options = [
    ['time', time],
    ['order', order],
    ['symbol', symbol],
    ['price', price],
  ] as const;
  const given = options.filter(([, value]) => value.trim() !== '');
  return [
    'kontor log claim',
    ...given.map(([name, value]) => `--${name} ${shellWord(value.trim())}`),
  ].join(' ');
}
