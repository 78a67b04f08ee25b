// SPDX-License-Identifier: Apache-2.0
// The policy: what keys may sign in words, what the worst day could cost, a change that waits, and the way to change it.

import { useDeferredValue, useState, type ReactElement } from 'react';

import type { PolicyCheck, PolicyState } from '../api/types.ts';
import { usePolicyLanguage } from '../language/use-policy-language.ts';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { ShortTime } from '../parts/times.tsx';
import { useMay } from '../people/use-may.ts';
import { usePolicy, usePolicyCheck } from '../policy/policy-queries.ts';
import { PolicyWords } from '../policy/policy-words.tsx';
import { useAct } from '../policy/use-act.ts';
import { HeldOrdersCard } from './held-orders.tsx';
import './policy.css';

const MINUTE_MS = 60_000;
const ROWS_MIN = 12;
const ROWS_MAX = 28;

export function PolicyPage(): ReactElement {
  const words = usePolicyLanguage();
  const policy = usePolicy();
  return (
    <div className="page-scroll policy-page">
      <header className="page-head">
        <h1>{words.title}</h1>
        <span className="muted">{words.intro}</span>
      </header>
      {policy.data === undefined ? (
        policy.isError ? (
          <Failed error={policy.error} onRetry={() => void policy.refetch()} />
        ) : (
          <Skeleton rows={6} />
        )
      ) : (
        <Cards policy={policy.data} />
      )}
    </div>
  );
}

function Cards({ policy }: { readonly policy: PolicyState }): ReactElement {
  const words = usePolicyLanguage();
  return (
    <>
      {policy.lock === null ? null : (
        <Card title={words.locked}>
          <p className="card-body policy-fault" role="alert">
            {words.lockedHint}
          </p>
        </Card>
      )}
      <HeldOrdersCard />
      {policy.pending === null ? null : <PendingCard pending={policy.pending} />}
      <Card title={words.inForce} aside={<code className="policy-hash">{policy.hash}</code>}>
        <div className="card-body">
          {policy.connections.length === 0 ? (
            <Empty title={words.none} hint={words.noneHint} />
          ) : (
            <>
              <PolicyWords connections={policy.connections} />
              <p className="muted">
                {words.worstDayHint}{' '}
                {words.delay(String(Math.ceil(policy.looseningDelayMs / MINUTE_MS)))}
              </p>
            </>
          )}
        </div>
      </Card>
      {/* Another policy in force begins the text anew. */}
      <EditCard key={policy.hash} policy={policy} />
    </>
  );
}

function PendingCard({
  pending,
}: {
  readonly pending: NonNullable<PolicyState['pending']>;
}): ReactElement {
  const words = usePolicyLanguage();
  const act = useAct();
  const isOwner = useMay('owner');
  return (
    <Card
      title={words.pending}
      aside={
        isOwner ? (
          <Button
            isBusy={act.isBusy}
            onClick={() => act.run({ kind: 'cancelPolicyChange' }, () => words.gaveUp)}
          >
            {words.giveUp}
          </Button>
        ) : null
      }
    >
      <div className="card-body">
        <p>
          {words.pendingHint} <ShortTime at={pending.dueAt} />
        </p>
        <Changes changes={pending.difference.changes} />
      </div>
    </Card>
  );
}

function EditCard({ policy }: { readonly policy: PolicyState }): ReactElement {
  const words = usePolicyLanguage();
  const act = useAct();
  const isOwner = useMay('owner');
  const [text, setText] = useState(policy.text);
  const asked = useDeferredValue(text);
  const check = usePolicyCheck(asked, policy.hash);
  const isChecked = check.data !== undefined && !check.isPlaceholderData && asked === text;
  const difference = check.data?.difference ?? null;
  const isOther = difference !== null && difference.direction !== 'same';
  const mayChange = isChecked && isOther && text !== policy.text;
  const change = (): void =>
    act.run({ kind: 'changePolicy', before: policy.hash, policy: text }, () => {
      if (difference?.direction !== 'loosening') return words.changed;
      // What waits has its own card; here stands again what is in force, so that it is not sent twice.
      setText(policy.text);
      return words.waits;
    });
  return (
    <Card title={isOwner ? words.edit : words.tryOut}>
      <div className="card-body policy-edit">
        <p className="muted">{isOwner ? words.editHint : words.tryOutHint}</p>
        <textarea
          className="policy-text"
          aria-label={words.text}
          rows={Math.min(ROWS_MAX, Math.max(ROWS_MIN, text.split('\n').length))}
          value={text}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          wrap="off"
          onChange={(event) => setText(event.target.value)}
        />
        {check.isError ? (
          <Failed error={check.error} onRetry={() => void check.refetch()} />
        ) : check.data === undefined || text === policy.text ? null : (
          <Outcome check={check.data} />
        )}
        <footer className="policy-foot">
          {isOwner ? (
            <Button look="primary" isBusy={act.isBusy} disabled={!mayChange} onClick={change}>
              {words.change}
            </Button>
          ) : null}
          <Button disabled={text === policy.text} onClick={() => setText(policy.text)}>
            {words.reset}
          </Button>
        </footer>
      </div>
    </Card>
  );
}

function Outcome({ check }: { readonly check: PolicyCheck }): ReactElement {
  const words = usePolicyLanguage();
  const { error, difference, connections } = check;
  if (error !== null) {
    const { line, column, expected, found } = error;
    return (
      <p className="policy-fault" role="alert">
        {words.fault(String(line), String(column), expected, found)}
      </p>
    );
  }
  return (
    <div role="status">
      {difference === null ? null : (
        <>
          <p>
            <strong>{words.direction[difference.direction]}</strong>
          </p>
          <Changes changes={difference.changes} />
        </>
      )}
      <PolicyWords connections={connections} />
    </div>
  );
}

function Changes({
  changes,
}: {
  readonly changes: NonNullable<PolicyCheck['difference']>['changes'];
}): ReactElement {
  return (
    <pre className="policy-changes">
      {changes
        .map(
          ({ kind, connection, text }) => `${kind === 'added' ? '+' : '−'} ${connection}: ${text}`,
        )
        .join('\n')}
    </pre>
  );
}
