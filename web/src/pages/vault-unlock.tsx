// SPDX-License-Identifier: Apache-2.0
// Opens a locked vault from the page: by the passphrase, which is sealed here, or by a passkey.

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactElement } from 'react';

import { useEverySecond } from '../api/market-clock.ts';
import { ApiError } from '../api/client.ts';
import { useVault } from '../api/queries.ts';
import { unlockVault } from '../api/vault-queries.ts';
import type { Vault } from '../api/types.ts';
import { canSeal, fingerprintOf } from '../keys/sealing.ts';
import {
  isPasskeyAddress,
  PasskeyKeyError,
  takePassphrase,
  takePasskeyKey,
} from '../keys/vault-key.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useVaultLanguage } from '../language/use-vault-language.ts';
import { Button } from '../parts/button.tsx';
import { say } from '../parts/toasts.tsx';
import { KeyField } from './key-field.tsx';
import './keys.css';

type Way = Vault['ways'][number];

export function VaultUnlock({ vault }: { readonly vault: Vault }): ReactElement | null {
  const words = useVaultLanguage();
  const { format } = useLanguage();
  const errorText = useErrorText();
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const canSealHere = useSealing();
  const fingerprint = useFingerprint(vault.unlockKey);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const wait = useWait(vault.waitMs);
  const isWaiting = wait > 0;

  const attempt = async (seal: () => Promise<string>, way: Way | null): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await unlockVault(client, way?.id ?? null, await seal());
      say(words.opened);
    } catch (cause) {
      setError(errorOf(cause, way));
    } finally {
      setBusy(false);
      field.current?.focus();
    }
  };
  const errorOf = (cause: unknown, way: Way | null): string => {
    if (cause instanceof PasskeyKeyError) return words.fault[cause.fault];
    if (cause instanceof ApiError && cause.code === 'wrong_key')
      return way === null ? words.wrong : words.wrongPasskey;
    // How long is said below, as it runs down.
    if (cause instanceof ApiError && cause.code === 'too_soon') return '';
    return errorText(cause);
  };
  const submit = (): void => {
    const input = field.current;
    if (input === null || isBusy || isWaiting) return;
    if (input.value === '') {
      setError(words.passphraseNeeded);
      input.focus();
      return;
    }
    void attempt(() => takePassphrase(input, vault.unlockKey), null);
  };

  if (canSealHere === null) return null;
  if (!canSealHere) return <p>{words.noSealing}</p>;
  const said = [error ?? '', isWaiting ? words.wait(format.integer(wait)) : ''].join(' ').trim();
  return (
    <form
      className="vault-unlock"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <KeyField
        label={words.passphrase}
        help={isBusy ? words.opening : words.passphraseHelp}
        error={said === '' ? null : said}
      >
        {(ids) => (
          <input
            {...ids}
            ref={field}
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
      <div className="keys-foot">
        <Button look="primary" isBusy={isBusy} disabled={isWaiting} onClick={submit}>
          {words.open}
        </Button>
        {vault.ways.map((way) => {
          const { passkey } = way;
          return passkey === null || !isPasskeyAddress() ? null : (
            <Button
              key={way.id}
              isBusy={isBusy}
              disabled={isWaiting}
              onClick={() =>
                void attempt(() => takePasskeyKey(way.id, passkey, vault.unlockKey), way)
              }
            >
              {words.openWith(way.name)}
            </Button>
          );
        })}
      </div>
      {fingerprint === null ? null : (
        <p className="muted">
          {words.unlockKey} <code className="vault-fingerprint">{fingerprint}</code>{' '}
          {words.unlockKeyHelp}
        </p>
      )}
      <p className="muted">{words.trust}</p>
    </form>
  );
}

/** How the key is shown to whoever compares it with the terminal; null before that is known. */
function useFingerprint(unlockKey: string): string | null {
  const [shown, setShown] = useState<{ readonly of: string; readonly text: string } | null>(null);
  useEffect(() => {
    let isWanted = true;
    fingerprintOf(unlockKey).then(
      (text) => {
        if (isWanted) setShown({ of: unlockKey, text });
      },
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [unlockKey]);
  return shown?.of === unlockKey ? shown.text : null;
}

/** Whether this browser can seal; null before that is known. */
export function useSealing(): boolean | null {
  const [isAble, setAble] = useState<boolean | null>(null);
  useEffect(() => {
    let isWanted = true;
    void canSeal().then((known) => {
      if (isWanted) setAble(known);
    });
    return () => {
      isWanted = false;
    };
  }, []);
  return isAble;
}

/** Whole seconds that are left of a wait, counted down from when the desk said it. */
function useWait(waitMs: number): number {
  const until = useVault().dataUpdatedAt + waitMs;
  return Number(useEverySecond(() => String(Math.max(0, Math.ceil((until - Date.now()) / 1_000)))));
}
