// SPDX-License-Identifier: Apache-2.0
// What opens the vault besides its passphrase, and the way to add a passkey.

import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactElement } from 'react';

import { ApiError } from '../api/client.ts';
import { addVaultPasskey, removeVaultWay } from '../api/vault-queries.ts';
import type { Vault } from '../api/types.ts';
import { PasskeyKeyError, takeNewPasskey } from '../keys/vault-key.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useVaultLanguage } from '../language/use-vault-language.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { say } from '../parts/toasts.tsx';
import { KeyField } from './key-field.tsx';
import { useSealing } from './vault-unlock.tsx';
import './keys.css';

const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._@()'-]{0,38}[\p{L}\p{N}.)])?$/u;

export function VaultWays({ vault }: { readonly vault: Vault }): ReactElement {
  const words = useVaultLanguage();
  const { format } = useLanguage();
  const errorText = useErrorText();
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const takeAway = async (id: string, name: string): Promise<void> => {
    setBusy(id);
    try {
      await removeVaultWay(client, id);
      say(words.takenAway(name));
    } catch (cause) {
      say(errorText(cause));
    } finally {
      setBusy(null);
    }
  };
  return (
    <>
      {vault.ways.length === 0 ? null : (
        <>
          <h3>{words.ways}</h3>
          <ul className="vault-ways">
            {vault.ways.map(({ id, kind, name, addedAt }) => (
              <li key={id}>
                <span>
                  {name}
                  <span className="muted">
                    {' '}
                    · {words.wayKind[kind]} · {words.added(format.date(addedAt))}
                  </span>
                </span>
                <Button
                  look="quiet"
                  aria-label={words.takeAwayOf(name)}
                  isBusy={busy === id}
                  onClick={() => void takeAway(id, name)}
                >
                  {words.takeAway}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      {vault.isUnattended ? (
        <p className="muted">{words.unattendedFirst}</p>
      ) : vault.isOpen ? (
        <div>
          <Button onClick={() => setAdding(true)}>{words.addPasskey}</Button>
        </div>
      ) : null}
      <Dialog title={words.addTitle} isOpen={isAdding} onClose={() => setAdding(false)}>
        {isAdding ? <AddPasskey vault={vault} onDone={() => setAdding(false)} /> : null}
      </Dialog>
    </>
  );
}

function AddPasskey({
  vault,
  onDone,
}: {
  readonly vault: Vault;
  readonly onDone: () => void;
}): ReactElement {
  const words = useVaultLanguage();
  const { format } = useLanguage();
  const errorText = useErrorText();
  const client = useQueryClient();
  const canSealHere = useSealing();
  const passphrase = useRef<HTMLInputElement>(null);
  const [name, setName] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<{
    readonly at: 'name' | 'passphrase' | 'form';
    readonly text: string;
  } | null>(null);
  const errorAt = (at: 'name' | 'passphrase' | 'form'): string | null =>
    error?.at === at ? error.text : null;

  const submit = async (): Promise<void> => {
    const field = passphrase.current;
    if (field === null || isBusy) return;
    const called = name.trim();
    if (!NAME.test(called)) return setError({ at: 'name', text: words.nameWrong });
    if (field.value === '') {
      setError({ at: 'passphrase', text: words.passphraseNeeded });
      field.focus();
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const made = await takeNewPasskey(field, vault.unlockKey);
      await addVaultPasskey(client, { name: called, ...made });
      say(words.made(called));
      onDone();
    } catch (cause) {
      setBusy(false);
      if (cause instanceof PasskeyKeyError)
        setError({ at: 'form', text: words.fault[cause.fault] });
      else if (cause instanceof ApiError && cause.code === 'wrong_key')
        setError({ at: 'passphrase', text: words.wrong });
      else if (cause instanceof ApiError && cause.code === 'too_soon') {
        const seconds = /(\d+) s/.exec(cause.message)?.[1] ?? '1';
        setError({ at: 'passphrase', text: words.wait(format.integer(Number(seconds))) });
      } else setError({ at: 'form', text: errorText(cause) });
    }
  };

  if (canSealHere === false) return <p>{words.noSealing}</p>;
  return (
    <form
      className="vault-unlock"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p className="muted">{words.addHelp}</p>
      <KeyField label={words.name} help={words.nameHelp} error={errorAt('name')}>
        {(ids) => (
          <input
            {...ids}
            className="control"
            type="text"
            value={name}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </KeyField>
      <KeyField label={words.passphrase} help={words.opening} error={errorAt('passphrase')}>
        {(ids) => (
          <input
            {...ids}
            ref={passphrase}
            className="control"
            type="password"
            autoComplete="off"
            spellCheck={false}
            data-1p-ignore=""
            data-lpignore="true"
            data-bwignore=""
          />
        )}
      </KeyField>
      <p className="key-error" role="alert">
        {errorAt('form')}
      </p>
      <div className="keys-foot">
        <Button onClick={onDone}>{words.cancel}</Button>
        <Button
          look="primary"
          isBusy={isBusy || canSealHere === null}
          onClick={() => void submit()}
        >
          {words.make}
        </Button>
      </div>
    </form>
  );
}
