// SPDX-License-Identifier: Apache-2.0
// The first step of a connection: the exchange, a name, and the kind of key with what each means.

import type { QueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactElement } from 'react';

import { createConnection, useVault } from '../api/queries.ts';
import type { Connection, Venue } from '../api/types.ts';
import type { KeyField as FieldName, KeyRefusal } from '../language/key-refusal.ts';
import type { KeysText } from '../language/keys-english.ts';
import { useKeysLanguage } from '../language/use-keys-language.ts';
import { useLifeLanguage } from '../language/use-life-language.ts';
import { Button } from '../parts/button.tsx';
import { Select } from '../parts/field.tsx';
import { KeyField } from './key-field.tsx';
import { elsewhereText, venueName } from './use-elsewhere.ts';
import { useKeyRefusal } from './use-key-refusal.ts';

/** As the signer takes it. */
const NAME = /^(?!c_)[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9._-])?$/;
const NAME_LENGTH_MAX = 40;

type KeyTaken = Venue['keys'][number];

export interface KeyChoice {
  readonly venue: string;
  readonly name: string;
  readonly keyKind: KeyTaken['kind'];
  readonly from: KeyTaken['from'];
}

export function ChooseKey({
  client,
  known,
  venues,
  replaced,
  choice,
  onChoice,
  onSecret,
  onMade,
}: {
  readonly client: QueryClient;
  readonly known: readonly Connection[];
  readonly venues: readonly Venue[];
  /** The connection that gets another key; its name and its exchange stay. */
  readonly replaced: Connection | null;
  readonly choice: KeyChoice | null;
  readonly onChoice: (choice: KeyChoice) => void;
  /** The secret is entered in a step of its own. */
  readonly onSecret: () => void;
  readonly onMade: (connection: Connection) => void;
}): ReactElement {
  const keys = useKeysLanguage();
  const life = useLifeLanguage();
  const refusalOf = useKeyRefusal();
  const vault = useVault();
  const nameInput = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<KeyRefusal | null>(null);
  const { venue, name, keyKind, from } = choice ?? firstChoice(venues, replaced);
  const change = (changes: Partial<KeyChoice>): void => {
    setRefusal(null);
    onChoice({ venue, name, keyKind, from, ...changes });
  };
  const live = known.filter((each) => each.state !== 'expired');
  const elsewhere = elsewhereText(venue, venues, keys);
  const taken = (venues.find((each) => each.venue === venue)?.keys ?? []).flatMap((key) => {
    const origin = `${key.from} ${key.kind}`;
    if (!isKnown(origin, keys.kinds)) return [];
    const words = keys.kinds[origin];
    return [{ ...key, id: `${key.from}-${key.kind}`, words }];
  });
  const errorAt = (field: FieldName | null): string | null =>
    refusal?.field === field ? refusal.text : null;

  const submit = async (): Promise<void> => {
    const wanted = { venue, name: name.trim(), keyKind, from };
    const isTaken = replaced === null && live.some((each) => each.name === wanted.name);
    if (!NAME.test(wanted.name) || isTaken) {
      setRefusal({ field: 'name', text: isTaken ? keys.nameTaken(wanted.name) : keys.nameWrong });
      nameInput.current?.focus();
      return;
    }
    onChoice(wanted);
    if (from === 'imported') return onSecret();
    setBusy(true);
    try {
      const request = { venue, name: wanted.name, keyKind };
      onMade(
        await createConnection(
          client,
          replaced === null ? request : { ...request, replaces: replaced.id },
        ),
      );
    } catch (error) {
      const refused = refusalOf(error);
      setRefusal(refused);
      if (refused.field === 'name') nameInput.current?.focus();
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className="keys-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void submit();
      }}
    >
      {replaced === null ? (
        <div className="key-field">
          <span aria-hidden="true">{keys.venue}</span>
          <Select
            label={keys.venue}
            value={venue}
            options={venues.map((each) => ({
              value: each.venue,
              name: venueName(each.venue, keys),
            }))}
            onChange={(chosen) => change({ venue: chosen })}
          />
          {elsewhere === null ? null : <p className="needs-you">{elsewhere}</p>}
        </div>
      ) : (
        <p>{life.rotationWhat(replaced.name)}</p>
      )}
      {replaced === null ? (
        <KeyField label={keys.name} help={keys.nameHelp} error={errorAt('name')}>
          {(ids) => (
            <input
              {...ids}
              ref={nameInput}
              className="control"
              type="text"
              value={name}
              maxLength={NAME_LENGTH_MAX}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </KeyField>
      ) : null}
      <fieldset className="key-kinds">
        <legend>{keys.kind}</legend>
        {taken.map(({ kind, from: origin, id, words }) => (
          <label key={id} className="key-kind">
            <input
              type="radio"
              name="key-kind"
              checked={kind === keyKind && origin === from}
              aria-labelledby={`key-kind-${id}-name`}
              aria-describedby={`key-kind-${id}-grade key-kind-${id}-what`}
              onChange={() => change({ keyKind: kind, from: origin })}
            />
            <strong id={`key-kind-${id}-name`}>{words.name}</strong>
            <span id={`key-kind-${id}-grade`} className="muted">
              {words.grade}
            </span>
            <span id={`key-kind-${id}-what`} className="key-kind-what muted">
              {words.what}
            </span>
          </label>
        ))}
      </fieldset>
      <p className="key-error" role="alert">
        {refusal !== null && refusal.field !== 'name' ? refusal.text : null}
      </p>
      <div className="keys-foot">
        <Button
          look="primary"
          isBusy={isBusy}
          disabled={vault.data?.isOpen !== true}
          onClick={() => void submit()}
        >
          {from === 'imported' ? keys.next : keys.make}
        </Button>
      </div>
    </form>
  );
}

/** Where a key is made best: at the exchange that the desk trades at, if it has an adapter for it, as it was before. */
function firstChoice(venues: readonly Venue[], replaced: Connection | null): KeyChoice {
  if (replaced !== null) {
    const { venue, name, keyKind } = replaced;
    const from = keyKind === 'hmac-sha256' ? 'imported' : 'made';
    return { venue, name, keyKind, from };
  }
  const best =
    venues.find(({ isTraded, hasAdapter }) => isTraded && hasAdapter) ??
    venues.find(({ hasAdapter }) => hasAdapter) ??
    venues[0];
  const [first = { kind: 'ed25519', from: 'made' } as const] = best?.keys ?? [];
  return { venue: best?.venue ?? '', name: '', keyKind: first.kind, from: first.from };
}

function isKnown(name: string, kinds: KeysText['kinds']): name is keyof KeysText['kinds'] {
  return Object.hasOwn(kinds, name);
}
