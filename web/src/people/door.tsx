// SPDX-License-Identifier: Apache-2.0
// The door: how a person comes in by passkey or recovery code, and how an invited one does.

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactElement } from 'react';

import { setAccess } from '../access.ts';
import type { OpenInvitation } from '../api/types.ts';
import { usePeopleError, usePeopleLanguage } from '../language/use-people-language.ts';
import { KeyField } from '../pages/key-field.tsx';
import { Button } from '../parts/button.tsx';
import { isPasskeyPlace } from './ceremony.ts';
import {
  acceptInvitation,
  logInByCode,
  logInByPasskey,
  readInvitation,
  useWayIn,
} from './people-queries.ts';
import { PasskeyForm } from './passkey-form.tsx';
import './people.css';

/** What a locked page offers beside the terminal; nothing on a desk that has no people. */
export function Door(): ReactElement | null {
  const client = useQueryClient();
  const { login } = usePeopleLanguage();
  const peopleError = usePeopleError();
  const { data: wayIn } = useWayIn();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [code, setCode] = useState('');
  if (wayIn === undefined || !wayIn.isProtected) return null;
  const enter = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await work();
      setAccess('open');
      await client.invalidateQueries();
    } catch (cause) {
      setError(peopleError(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="door">
      {isPasskeyPlace(wayIn.rpId) ? (
        <Button look="primary" isBusy={isBusy} onClick={() => void enter(logInByPasskey)}>
          {login.passkey}
        </Button>
      ) : (
        <p>
          {login.wrongPlace} <a href={wayIn.origin}>{wayIn.origin}</a>
        </p>
      )}
      <p className="key-error" role="alert">
        {error}
      </p>
      <details>
        <summary>{login.otherWays}</summary>
        <form
          className="people-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!isBusy) void enter(() => logInByCode(code));
          }}
        >
          <KeyField label={login.recovery} help={login.recoveryHelp} error={null}>
            {(ids) => (
              <input
                {...ids}
                className="control"
                type="text"
                value={code}
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="characters"
                onChange={(event) => setCode(event.target.value)}
              />
            )}
          </KeyField>
          <Button
            isBusy={isBusy}
            disabled={code.trim() === ''}
            onClick={() => void enter(() => logInByCode(code))}
          >
            {login.useCode}
          </Button>
        </form>
      </details>
    </div>
  );
}

/** Where an invitation's link leads. The token stands after the sign, so that it reaches the server in a body only. */
export function Invited(): ReactElement {
  const people = usePeopleLanguage();
  const peopleError = usePeopleError();
  const { data: wayIn } = useWayIn();
  const [token] = useState(() => location.hash.slice(1));
  const [invitation, setInvitation] = useState<OpenInvitation | 'gone' | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    readInvitation(token).then(setInvitation, () => setInvitation('gone'));
  }, [token]);

  if (invitation === 'gone') return <p>{people.invitation.gone}</p>;
  if (invitation === null || wayIn === undefined) return <p className="faint">…</p>;
  if (!isPasskeyPlace(wayIn.rpId)) {
    const address = `${wayIn.origin}${location.pathname}${location.hash}`;
    return (
      <p>
        {people.protect.wrongPlace} <a href={address}>{wayIn.origin}</a>
      </p>
    );
  }
  const accept = async (passkeyName: string): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await acceptInvitation(token, passkeyName);
      // A new start of the page: nothing of the stranger is left, and the token is out of the address.
      location.replace('/');
    } catch (cause) {
      setBusy(false);
      setError(peopleError(cause));
    }
  };
  return (
    <>
      <h1>{people.invitation.title}</h1>
      <p>
        <strong>{invitation.name}</strong>
      </p>
      <p>{people.invitation.text(invitation.invitedBy, people.roles[invitation.role])}</p>
      <p className="muted">{people.roleHelp[invitation.role]}</p>
      <PasskeyForm
        action={people.invitation.accept}
        isBusy={isBusy}
        error={error}
        onMake={(_, passkeyName) => void accept(passkeyName)}
      />
    </>
  );
}
