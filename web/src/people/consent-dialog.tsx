// SPDX-License-Identifier: Apache-2.0
// The question for a person's consent: what will happen, word for word, and then the passkey.

import { useState, type ReactElement } from 'react';

import type { ActAnswer } from '../api/types.ts';
import type { PeopleText } from '../language/people-english.ts';
import { usePeopleError, usePeopleLanguage } from '../language/use-people-language.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { KeyField } from '../pages/key-field.tsx';
import { codeProof, showPasskey } from './ceremony.ts';
import { confirmAct, useOpenQuestion, type OpenQuestion } from './consent.ts';
import { showAgain } from './people-queries.ts';
import './people.css';

export function ConsentDialog(): ReactElement | null {
  const { purposes } = usePeopleLanguage();
  const open = useOpenQuestion();
  if (open === null) return null;
  const { question } = open;
  return question.kind === 'stepUp' ? (
    <StepUp
      key={question.path}
      purpose={purposeOf(question.path, purposes)}
      onAnswer={open.answer}
    />
  ) : (
    <Act key={question.consent.nonce} consent={question.consent} onAnswer={open.answer} />
  );
}

function StepUp({
  purpose,
  onAnswer,
}: {
  readonly purpose: string;
  readonly onAnswer: OpenQuestion['answer'];
}): ReactElement {
  const { consent } = usePeopleLanguage();
  const { isBusy, error, run } = useTry(onAnswer);
  return (
    <Dialog title={consent.stepUpTitle} isOpen onClose={() => onAnswer(false)}>
      <div className="dialog-text">
        <p>
          <strong>{purpose}</strong>
        </p>
        <p>{consent.stepUpText}</p>
        <p className="key-error" role="alert">
          {error}
        </p>
      </div>
      <footer className="dialog-foot">
        <Button look="primary" isBusy={isBusy} onClick={() => run(() => showAgain(purpose))}>
          {consent.confirm}
        </Button>
      </footer>
    </Dialog>
  );
}

function Act({
  consent: { nonce, text, challenge, credentials, rpId },
  onAnswer,
}: {
  readonly consent: Extract<ActAnswer, { kind: 'consent' }>;
  readonly onAnswer: OpenQuestion['answer'];
}): ReactElement {
  const { consent } = usePeopleLanguage();
  const { isBusy, error, run } = useTry(onAnswer);
  const [code, setCode] = useState('');
  const isByCode = credentials.length === 0;
  const confirm = async (): Promise<void> => {
    if (isByCode) {
      await confirmAct(nonce, { kind: 'code', proof: await codeProof(code, text) });
      return;
    }
    const { userHandle: _, ...assertion } = await showPasskey({ challenge, rpId, credentials });
    await confirmAct(nonce, { kind: 'passkey', ...assertion });
  };
  return (
    <Dialog title={consent.actTitle} isOpen isWide onClose={() => onAnswer(false)}>
      <form
        className="consent"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) run(confirm);
        }}
      >
        <p className="muted">{isByCode ? consent.compare : consent.actText}</p>
        <textarea
          className="consent-text"
          aria-label={consent.actTitle}
          readOnly
          rows={Math.min(ROWS_MAX, text.split('\n').length)}
          value={text.trimEnd()}
        />
        {isByCode ? (
          <KeyField label={consent.code} help={consent.codeHelp} error={error}>
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
        ) : (
          <p className="key-error" role="alert">
            {error}
          </p>
        )}
        <footer className="dialog-foot">
          <Button look="primary" isBusy={isBusy} onClick={() => run(confirm)}>
            {isByCode ? consent.codeConfirm : consent.confirm}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** A longer text scrolls. */
const ROWS_MAX = 18;

/** What a request is about that the desk wants a passkey for. */
function purposeOf(path: string, purposes: PeopleText['purposes']): string {
  if (path.startsWith('/api/v1/connections')) return purposes.connection;
  if (path.startsWith('/api/v1/backups')) return purposes.backup;
  if (path.startsWith('/api/v1/vault/unlock')) return purposes.unlock;
  if (path.startsWith('/api/v1/vault')) return purposes.vault;
  if (path.startsWith('/api/v1/alarms')) return purposes.alarms;
  return path.startsWith('/api/v1/people') ? purposes.people : purposes.change;
}

/** Tries what the person asked for; what goes wrong is shown and may be tried again. */
function useTry(onAnswer: OpenQuestion['answer']): {
  readonly isBusy: boolean;
  readonly error: string | null;
  readonly run: (work: () => Promise<void>) => void;
} {
  const peopleError = usePeopleError();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = (work: () => Promise<void>): void => {
    setBusy(true);
    setError(null);
    work().then(
      () => onAnswer(true),
      (cause: unknown) => {
        setBusy(false);
        setError(peopleError(cause));
      },
    );
  };
  return { isBusy, error, run };
}
