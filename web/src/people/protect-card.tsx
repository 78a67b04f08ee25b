// SPDX-License-Identifier: Apache-2.0
// The first step to a desk of one's own: a passkey. Offered where there is none, and never in the way.

import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import { usePeopleError, usePeopleLanguage } from '../language/use-people-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { paths } from '../paths.ts';
import { isPasskeyPlace } from './ceremony.ts';
import { PasskeyForm } from './passkey-form.tsx';
import { addPasskey, readAgain } from './people-queries.ts';
import { useSessionState } from './session-state.ts';
import './people.css';

/** On pages: one line that can be put away. */
export function ProtectNote({ onLater }: { readonly onLater: () => void }): ReactElement {
  const { protect } = usePeopleLanguage();
  return (
    <section className="protect" aria-label={protect.title}>
      <div className="protect-what">
        <p className="protect-title">{protect.title}</p>
        <p className="muted">{protect.text}</p>
      </div>
      <div className="people-do">
        <Button look="quiet" onClick={onLater}>
          {protect.later}
        </Button>
        <Anchor className="button button-plain" href={paths.people}>
          {protect.start}
        </Anchor>
      </div>
    </section>
  );
}

/** On the page of people: the passkey itself. */
export function ProtectForm(): ReactElement | null {
  const client = useQueryClient();
  const { protect } = usePeopleLanguage();
  const peopleError = usePeopleError();
  const { data: session } = useSessionState();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  if (session === undefined) return null;
  if (!isPasskeyPlace(session.rpId)) {
    const address = `${session.origin}${paths.people}`;
    return (
      <p>
        {protect.wrongPlace} <a href={address}>{session.origin}</a>
      </p>
    );
  }
  const make = async (name: string, passkeyName: string): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await addPasskey(name, passkeyName);
      await readAgain(client);
    } catch (cause) {
      setError(peopleError(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <PasskeyForm
      action={protect.start}
      isNameAsked
      isBusy={isBusy}
      error={error}
      onMake={(name, passkeyName) => void make(name, passkeyName)}
    />
  );
}
