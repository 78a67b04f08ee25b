// SPDX-License-Identifier: Apache-2.0
// The step in which a secret of the exchange is sealed: its text is in the field, then in nothing but bytes that are
// overwritten, and never in the state of this page.

import { shellWord } from '@kontor/core';
import type { QueryClient } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState, type ReactElement } from 'react';

import { importConnection, useVault } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import {
  canSeal,
  fingerprintOf,
  holdsSecret,
  takeSealed,
  takeSealedFile,
  type Sealed,
} from '../keys/sealing.ts';
import { useKeysLanguage } from '../language/use-keys-language.ts';
import { Button } from '../parts/button.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { say } from '../parts/toasts.tsx';
import type { KeyChoice } from './key-choice.tsx';
import { KeyField } from './key-field.tsx';
import { useKeyRefusal } from './use-key-refusal.ts';

const SHOW_COMMAND = 'kontor vault fingerprint';
const UNABLE = 'unable';
const PUBLIC_HALF =
  /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]{40,900}-----END PUBLIC KEY-----\s*$/;

export function SealSecret({
  client,
  choice,
  replaces,
  onBack,
  onSealed,
}: {
  readonly client: QueryClient;
  readonly choice: KeyChoice;
  /** The connection whose key this one will replace. */
  readonly replaces: string | null;
  readonly onBack: () => void;
  /** `digest` is of a secret that was typed. */
  readonly onSealed: (connection: Connection, digest: string | null) => void;
}): ReactElement {
  const keys = useKeysLanguage();
  const refusalOf = useKeyRefusal();
  const vault = useVault();
  const importKey = vault.data?.importKey ?? null;
  const fingerprint = useFingerprint(importKey);
  const field = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLInputElement>(null);
  const errorId = useId();
  const [compared, setCompared] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<{
    at: 'secret' | 'publicHalf' | 'fingerprint' | 'form';
    text: string;
  } | null>(null);
  const [publicHalf, setPublicHalf] = useState('');
  // A secret is typed, a private key comes as the file that it was made into.
  const isFile = choice.keyKind !== 'hmac-sha256';
  const command = commandFor(choice, replaces);
  const isCompared = compared !== null && compared === fingerprint;

  const submit = async (): Promise<void> => {
    const input = field.current;
    if (input === null || importKey === null) return;
    if (!isCompared) {
      setError({ at: 'fingerprint', text: keys.fingerprintNeeded });
      box.current?.focus();
      return;
    }
    if (isFile ? input.files?.length !== 1 : !holdsSecret(input)) {
      setError({ at: 'secret', text: isFile ? keys.privateFileNeeded : keys.secretWrong });
      input.focus();
      return;
    }
    if (isFile && !PUBLIC_HALF.test(publicHalf)) {
      setError({ at: 'publicHalf', text: keys.publicHalfWrong });
      return;
    }
    setBusy(true);
    setError(null);
    let taken: Sealed | { readonly sealed: string | null; readonly digest: null };
    try {
      taken = isFile
        ? { sealed: await takeSealedFile(input, importKey, choice), digest: null }
        : await takeSealed(input, importKey, choice);
    } catch {
      setError({ at: 'form', text: keys.notSealed });
      setBusy(false);
      return;
    }
    if (taken.sealed === null) {
      setError({ at: 'secret', text: keys.privateFileWrong });
      setBusy(false);
      return;
    }
    try {
      const { name, venue, keyKind } = choice;
      const made = await importConnection(client, {
        ...{ name, venue, keyKind, sealed: taken.sealed },
        publicKeyPem: isFile ? `${publicHalf.trim()}\n` : null,
        ...(replaces === null ? {} : { replaces }),
      });
      say(isFile ? keys.privateFileSealed : keys.clipboard);
      onSealed(made, taken.digest);
    } catch (cause) {
      const refused = refusalOf(cause);
      const text = isFile ? refused.text : `${refused.text} ${keys.secretAgain}`;
      setError({ at: refused.field === 'secret' ? 'secret' : 'form', text });
      setBusy(false);
      input.focus();
    }
  };

  if (fingerprint === UNABLE) {
    return (
      <>
        <p className="needs-you">{keys.noSealing}</p>
        <Command command={command} label={keys.copyCommand} />
        <div className="keys-foot">
          <Button onClick={onBack}>{keys.back}</Button>
        </div>
      </>
    );
  }
  return (
    <>
      <div className="keys-part">
        <h3>{keys.fingerprint}</h3>
        <p className="key-fingerprint">
          <code>{fingerprint ?? '…'}</code>
        </p>
        <p className="muted">{keys.fingerprintHelp(SHOW_COMMAND)}</p>
        <Command command={SHOW_COMMAND} label={keys.copyCommand} />
        <label className="key-check">
          <input
            ref={box}
            type="checkbox"
            checked={isCompared}
            disabled={fingerprint === null}
            aria-describedby={errorId}
            aria-invalid={error?.at === 'fingerprint'}
            onChange={(event) => {
              setCompared(event.target.checked ? fingerprint : null);
              setError(null);
            }}
          />
          <span>{keys.fingerprintSame}</span>
        </label>
        <p id={errorId} className="key-error" role="alert">
          {error?.at === 'fingerprint' ? error.text : null}
        </p>
      </div>
      {isFile ? (
        <KeyField
          label={keys.publicHalf}
          help={keys.publicHalfHelp}
          error={error?.at === 'publicHalf' ? error.text : null}
        >
          {(ids) => (
            <textarea
              {...ids}
              className="control key-pem"
              rows={4}
              value={publicHalf}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => setPublicHalf(event.target.value)}
            />
          )}
        </KeyField>
      ) : null}
      <KeyField
        label={isFile ? keys.privateFile : keys.secret}
        help={isFile ? keys.privateFileHelp : keys.secretHelp}
        error={error?.at === 'secret' ? error.text : null}
      >
        {(ids) => (
          <input
            {...ids}
            ref={field}
            className="control"
            type={isFile ? 'file' : 'password'}
            autoComplete="off"
            spellCheck={false}
            data-1p-ignore=""
            data-lpignore="true"
            data-bwignore=""
            onKeyDown={(event) => {
              if (event.key === 'Enter' && !isBusy) void submit();
            }}
          />
        )}
      </KeyField>
      <p className="key-error" role="alert">
        {error?.at === 'form' ? error.text : null}
      </p>
      <div className="keys-foot">
        <Button onClick={onBack}>{keys.back}</Button>
        <Button
          look="primary"
          isBusy={isBusy}
          disabled={vault.data?.isOpen !== true || importKey === null}
          onClick={() => void submit()}
        >
          {keys.seal}
        </Button>
      </div>
      <div className="keys-part keys-aside">
        <p className="muted">{keys.pageTrust}</p>
        <Command command={command} label={keys.copyCommand} />
      </div>
    </>
  );
}

/** What does the same in the terminal. */
function commandFor({ name, venue, keyKind, from }: KeyChoice, replaces: string | null): string {
  const files = ' --private-key FILE --public-key FILE';
  const kind = from === 'imported' && keyKind !== 'hmac-sha256' ? ` --kind ${keyKind}${files}` : '';
  return replaces === null
    ? `kontor connect import ${shellWord(name)} --venue ${venue}${kind}`
    : `kontor connect rotate ${shellWord(name)} --import${kind}`;
}

/** The fingerprint once it is known, or `unable` where this browser cannot seal. */
function useFingerprint(importKey: string | null): string | null {
  const [known, setKnown] = useState<{ of: string | null; text: string } | null>(null);
  useEffect(() => {
    let isWanted = true;
    void canSeal()
      .then((isAble) => {
        if (!isAble) return UNABLE;
        return importKey === null ? null : fingerprintOf(importKey);
      })
      .then((text) => {
        if (isWanted && text !== null) setKnown({ of: importKey, text });
      });
    return () => {
      isWanted = false;
    };
  }, [importKey]);
  return known !== null && known.of === importKey ? known.text : null;
}

function Command({
  command,
  label,
}: {
  readonly command: string;
  readonly label: string;
}): ReactElement {
  return (
    <p className="key-command">
      <code>{command}</code>
      <CopyButton label={label} value={command} />
    </p>
  );
}
