// SPDX-License-Identifier: Apache-2.0
// The first step of a connection: the exchange, a name, and the kind of key with what each means.

import type { QueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactElement } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import { createConnection, useVault } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import type { KeyField as FieldName, KeyRefusal } from '../language/key-refusal.ts';
import { useKeysLanguage } from '../language/use-keys-language.ts';
import { Button } from '../parts/button.tsx';
import { Select } from '../parts/field.tsx';
import { KeyField } from './key-field.tsx';
import { useKeyRefusal } from './use-key-refusal.ts';

const KINDS = ['ed25519', 'rsa-2048', 'hmac-sha256'] as const;
/** As the signer takes it. */
const NAME = /^(?!c_)[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9._-])?$/;
const NAME_LENGTH_MAX = 40;

export interface KeyChoice {
  readonly venue: string;
  readonly name: string;
  readonly keyKind: (typeof KINDS)[number];
}

const FIRST: KeyChoice = { venue: 'binance', name: '', keyKind: 'ed25519' };

export function ChooseKey({
  client,
  known,
  choice,
  onChoice,
  onSecret,
  onMade,
}: {
  readonly client: QueryClient;
  readonly known: readonly Connection[];
  readonly choice: KeyChoice | null;
  readonly onChoice: (choice: KeyChoice) => void;
  /** The secret is entered in a step of its own. */
  readonly onSecret: () => void;
  readonly onMade: (connection: Connection) => void;
}): ReactElement {
  const keys = useKeysLanguage();
  const refusalOf = useKeyRefusal();
  const vault = useVault();
  const { desk } = useDeskFacts();
  const nameInput = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<KeyRefusal | null>(null);
  const { venue, name, keyKind } = choice ?? FIRST;
  const change = (changes: Partial<KeyChoice>): void => {
    setRefusal(null);
    onChoice({ venue, name, keyKind, ...changes });
  };
  const live = known.filter((each) => each.state !== 'expired');
  const venues = [...new Set(['binance', ...live.map((each) => each.venue)])];
  const elsewhere = live.find((each) => each.signs === 'all')?.venue;
  const errorAt = (field: FieldName | null): string | null =>
    refusal?.field === field ? refusal.text : null;

  const submit = async (): Promise<void> => {
    const wanted = { venue, name: name.trim(), keyKind };
    const isTaken = live.some((each) => each.name === wanted.name);
    if (!NAME.test(wanted.name) || isTaken) {
      setRefusal({ field: 'name', text: isTaken ? keys.nameTaken(wanted.name) : keys.nameWrong });
      nameInput.current?.focus();
      return;
    }
    onChoice(wanted);
    if (keyKind === 'hmac-sha256') return onSecret();
    setBusy(true);
    try {
      onMade(await createConnection(client, wanted));
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
      <div className="key-field">
        <span aria-hidden="true">{keys.venue}</span>
        <Select
          label={keys.venue}
          value={venue}
          options={venues.map((each) => ({ value: each, name: venueName(each, keys.venueName) }))}
          onChange={(chosen) => change({ venue: chosen })}
        />
        {elsewhere === undefined ||
        elsewhere === venue ||
        desk.market.kind === 'exchange' ? null : (
          <p className="muted">{keys.otherVenue(venueName(elsewhere, keys.venueName))}</p>
        )}
      </div>
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
      <fieldset className="key-kinds">
        <legend>{keys.kind}</legend>
        {KINDS.map((kind) => (
          <label key={kind} className="key-kind">
            <input
              type="radio"
              name="key-kind"
              checked={kind === keyKind}
              aria-labelledby={`key-kind-${kind}-name`}
              aria-describedby={`key-kind-${kind}-grade key-kind-${kind}-what`}
              onChange={() => change({ keyKind: kind })}
            />
            <strong id={`key-kind-${kind}-name`}>{keys.kinds[kind].name}</strong>
            <span id={`key-kind-${kind}-grade`} className="muted">
              {keys.kinds[kind].grade}
            </span>
            <span id={`key-kind-${kind}-what`} className="key-kind-what muted">
              {keys.kinds[kind].what}
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
          {keyKind === 'hmac-sha256' ? keys.next : keys.make}
        </Button>
      </div>
    </form>
  );
}

/** The exchange's own spelling where the page knows it. */
function venueName(venue: string, names: Readonly<Record<string, string>>): string {
  return names[venue] ?? venue;
}
