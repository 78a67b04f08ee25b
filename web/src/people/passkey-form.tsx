// SPDX-License-Identifier: Apache-2.0
// Asks what a new passkey is to be called, and whose it is where nobody is known yet.

import { useState, type ReactElement } from 'react';

import { usePeopleLanguage } from '../language/use-people-language.ts';
import { KeyField, type FieldIds } from '../pages/key-field.tsx';
import { Button } from '../parts/button.tsx';
import './people.css';

export const NAME_PATTERN: RegExp = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._@()'-]{0,58}[\p{L}\p{N}.)])?$/u;

export function PasskeyForm({
  action,
  isNameAsked = false,
  isBusy,
  error,
  onMake,
}: {
  readonly action: string;
  /** Whether the person's name is asked for, too. */
  readonly isNameAsked?: boolean;
  readonly isBusy: boolean;
  readonly error: string | null;
  readonly onMake: (name: string, passkeyName: string) => void;
}): ReactElement {
  const people = usePeopleLanguage();
  const [name, setName] = useState('');
  const [passkeyName, setPasskeyName] = useState('');
  const [fault, setFault] = useState<'name' | 'passkey' | null>(null);
  const make = (): void => {
    const whose = name.trim();
    const called = passkeyName.trim() === '' ? people.passkeys : passkeyName.trim();
    if (isNameAsked && !NAME_PATTERN.test(whose)) return setFault('name');
    if (!NAME_PATTERN.test(called)) return setFault('passkey');
    setFault(null);
    onMake(whose, called);
  };
  return (
    <form
      className="people-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) make();
      }}
    >
      {isNameAsked ? (
        <KeyField label={people.protect.name} error={fault === 'name' ? people.tooLong : null}>
          {(ids) => <Entry ids={ids} value={name} autoComplete="name" onChange={setName} />}
        </KeyField>
      ) : null}
      <KeyField
        label={people.passkeyName}
        help={people.passkeyHelp}
        error={fault === 'passkey' ? people.tooLong : error}
      >
        {(ids) => (
          <Entry ids={ids} value={passkeyName} autoComplete="off" onChange={setPasskeyName} />
        )}
      </KeyField>
      <Button look="primary" isBusy={isBusy} onClick={make}>
        {action}
      </Button>
    </form>
  );
}

function Entry({
  ids,
  value,
  autoComplete,
  onChange,
}: {
  readonly ids: FieldIds;
  readonly value: string;
  readonly autoComplete: 'name' | 'off';
  readonly onChange: (value: string) => void;
}): ReactElement {
  return (
    <input
      {...ids}
      className="control"
      type="text"
      value={value}
      spellCheck={false}
      autoComplete={autoComplete}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
