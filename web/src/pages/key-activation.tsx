// SPDX-License-Identifier: Apache-2.0
// The last step of a connection: the public half goes to the exchange, its identifier for the key comes back.

import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactElement } from 'react';

import { activateConnection, checkConnection, useVault } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { isSameSecret } from '../keys/sealing.ts';
import { useLanguage } from '../language/language.tsx';
import { useKeysLanguage } from '../language/use-keys-language.ts';
import { useLifeLanguage } from '../language/use-life-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { paths } from '../paths.ts';
import { KeyField } from './key-field.tsx';
import { useElsewhere } from './use-elsewhere.ts';
import { UseNewKey } from './use-new-key.tsx';
import { useKeyRefusal } from './use-key-refusal.ts';
import './connections.css';

/** As Binance makes them, and with it the exchanges of demo and paper desks. */
const API_KEY_CHARACTERS = 64;

export function KeyActivation({
  connection,
  secretDigest,
}: {
  readonly connection: Connection;
  /** Of a secret that was sealed a moment ago, so that it is not entered as the identifier. */
  readonly secretDigest: string | null;
}): ReactElement {
  const client = useQueryClient();
  const { format } = useLanguage();
  const keys = useKeysLanguage();
  const life = useLifeLanguage();
  const refusalOf = useKeyRefusal();
  const vault = useVault();
  const elsewhere = useElsewhere(connection.venue);
  const input = useRef<HTMLInputElement>(null);
  const [apiKey, setApiKey] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  /** Why the exchange's word on the key was not to be had. */
  const [doubt, setDoubt] = useState<string | null>(null);
  const [isNamedAnew, setNamedAnew] = useState(false);

  const faultOf = (typed: string): string | null => {
    if (!/^[A-Za-z0-9]*$/.test(typed)) return keys.apiKeyLetters;
    return typed.length === API_KEY_CHARACTERS
      ? null
      : keys.apiKeyLength(format.integer(typed.length));
  };
  const submit = async (): Promise<void> => {
    const typed = apiKey.trim();
    setBusy(true);
    try {
      const fault = faultOf(typed);
      if (await isSameSecret(typed, secretDigest)) {
        setApiKey('');
        setError(keys.apiKeyIsSecret);
      } else if (fault !== null) setError(fault);
      else {
        await activateConnection(client, connection.id, typed);
        setNamedAnew(false);
        setDoubt(null);
        // That the exchange does not answer now stops nothing here; a wrong identifier shows in the same way.
        await checkConnection(client, connection.id).catch((cause: unknown) => {
          setDoubt(refusalOf(cause).text);
        });
        return;
      }
      input.current?.focus();
    } catch (cause) {
      setError(refusalOf(cause).text);
    } finally {
      setBusy(false);
    }
  };

  if (connection.state !== 'draft' && !isNamedAnew) {
    const isUnconfirmed = connection.grade === null && elsewhere === null;
    // A key in waiting is used by the policy of the one that it replaces.
    const isNamed =
      connection.policy.length > 0 || connection.replaces !== null || elsewhere !== null;
    return (
      <>
        <p>{keys.activated(connection.name)}</p>
        {elsewhere !== null ? (
          <p className="needs-you">{elsewhere}</p>
        ) : connection.replaces !== null && connection.isReady ? (
          <UseNewKey connection={connection.replaces} />
        ) : (
          <p className="muted">{connection.replaces === null ? keys.done : life.rotationChecked}</p>
        )}
        {isUnconfirmed && isNamed ? (
          <p className="needs-you">
            {keys.unconfirmed}
            {doubt === null ? null : ` ${doubt}`}
          </p>
        ) : null}
        {isNamed ? null : <p className="needs-you">{keys.donePolicy}</p>}
        <div className="keys-foot">
          {isUnconfirmed ? (
            <Button look="plain" onClick={() => setNamedAnew(true)}>
              {keys.nameAnew}
            </Button>
          ) : null}
          <Anchor
            className={`button ${isNamed ? 'button-primary' : 'button-plain'}`}
            href={paths.connections}
          >
            {keys.toConnections}
          </Anchor>
          {isNamed ? null : (
            <Anchor className="button button-primary" href={paths.policy}>
              {keys.toPolicy}
            </Anchor>
          )}
        </div>
      </>
    );
  }
  return (
    <form
      className="keys-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void submit();
      }}
    >
      {connection.publicKeyPem === '' ? null : (
        <div className="keys-part">
          <h3 className="key-public">
            {keys.publicKey}
            <CopyButton label={keys.copyPublicKey} value={connection.publicKeyPem} />
          </h3>
          <p className="muted">{keys.publicKeyHelp}</p>
          <pre className="connection-text">{connection.publicKeyPem.trim()}</pre>
        </div>
      )}
      <Instructions connection={connection} />
      <KeyField label={keys.apiKey} help={keys.apiKeyHelp} error={error}>
        {(ids) => (
          <input
            {...ids}
            ref={input}
            className="control"
            type="text"
            value={apiKey}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => {
              setApiKey(event.target.value);
              setError(null);
            }}
            onBlur={() => {
              if (apiKey.trim() !== '' && error === null) setError(faultOf(apiKey.trim()));
            }}
          />
        )}
      </KeyField>
      <div className="keys-foot">
        <Anchor className="button button-plain" href={paths.connections}>
          {keys.later}
        </Anchor>
        <Button
          look="primary"
          isBusy={isBusy}
          disabled={vault.data?.isOpen !== true}
          onClick={() => void submit()}
        >
          {keys.activate}
        </Button>
      </div>
    </form>
  );
}

/** What to do at the exchange, by its own words where the page knows them. */
function Instructions({ connection }: { readonly connection: Connection }): ReactElement {
  const { steps } = useKeysLanguage();
  const isBinance = connection.venue === 'binance';
  const permissions = isBinance ? steps.permissions : steps.permissionsElsewhere;
  // A secret comes with a key that is there already.
  const before =
    connection.keyKind === 'hmac-sha256'
      ? []
      : isBinance
        ? [steps.create, steps.paste]
        : [steps.createElsewhere];
  return (
    <ol className="key-steps">
      {[...before, permissions, steps.addresses, steps.identifier].map((step) => (
        <li key={step}>{step}</li>
      ))}
    </ol>
  );
}
