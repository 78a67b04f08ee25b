// SPDX-License-Identifier: Apache-2.0
// The log: whose it is, who else has signed it, what its entries say, and proofs that this browser checks itself.

import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import { getJson } from '../api/client.ts';
import { useWitnesses } from '../api/queries.ts';
import type { WitnessStatus } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { useLogLanguage } from '../language/use-log-language.ts';
import { fingerprintOf, LogReader, LogReadError } from '../log/log-reader.ts';
import { checkPin, pinKey, type Pin } from '../log/pinned-key.ts';
import { Badge, type BadgeLook } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { Ago, ShortTime } from '../parts/times.tsx';
import { ClaimCard } from './log-claim.tsx';
import { EntriesCard } from './log-entries.tsx';
import { ProofFileCard } from './log-proof-file.tsx';
import './log.css';

/** Checkpoints come every few seconds; whoever looks on need not see each. */
const READ_EVERY_MS = 10_000;
/** Of a certificate's hash, as much as a person compares at a glance; the rest is its title. */
const FINGERPRINT_SHOWN = 16;

export function LogPage(): ReactElement {
  const words = useLogLanguage();
  const [last, setLast] = useState<LogReader | undefined>(undefined);
  const log = useQuery({
    queryKey: ['log', 'reader'],
    queryFn: async () => {
      const reader = await LogReader.open(last);
      setLast(reader);
      return reader;
    },
    refetchInterval: READ_EVERY_MS,
    // A reader is a thing with methods and not data to be compared.
    structuralSharing: false,
    retry: false,
  });
  const isMissing = log.error instanceof LogReadError && log.error.code === 'missing';
  return (
    <div className="page-scroll">
      <header className="page-head">
        <h1>{words.title}</h1>
      </header>
      <p className="muted log-intro">{words.intro}</p>
      {log.data !== undefined ? (
        <Found key={log.data.verifierKey} reader={log.data} />
      ) : isMissing ? (
        <Empty title={words.none} hint={words.noneHint} />
      ) : log.isError ? (
        <LogFault error={log.error} onRetry={() => void log.refetch()} />
      ) : (
        <Skeleton rows={12} />
      )}
    </div>
  );
}

/** What is wrong with the log's files is said in the words of who found it. */
function LogFault({
  error,
  onRetry,
}: {
  readonly error: Error;
  readonly onRetry: () => void;
}): ReactElement {
  const words = useLogLanguage();
  if (!(error instanceof LogReadError) || error.code !== 'wrong') {
    return <Failed error={error} onRetry={onRetry} />;
  }
  return (
    <p className="log-fault" role="alert">
      {words.failed(error.message)}
    </p>
  );
}

function Found({ reader }: { readonly reader: LogReader }): ReactElement {
  const [pin, setPin] = useState<Pin>(() => checkPin(reader.verifierKey));
  const accept = (): void => {
    pinKey(reader.verifierKey);
    setPin({ kind: 'same' });
  };
  return (
    <div className="log-grid">
      <div className="log-main">
        {pin.kind === 'changed' ? <PinNote before={pin.before} onAccept={accept} /> : null}
        <EntriesCard reader={reader} />
      </div>
      <div className="log-aside">
        <FactsCard reader={reader} pin={pin} />
        <WitnessCard />
        <ProofFileCard reader={reader} />
        <ClaimCard reader={reader} />
      </div>
    </div>
  );
}

/** Says loudly when the key is another than this browser knows. */
function PinNote({
  before,
  onAccept,
}: {
  readonly before: string;
  readonly onAccept: () => void;
}): ReactElement {
  const words = useLogLanguage();
  return (
    <section className="log-changed" role="alert">
      <h2>{words.pinChangedTitle}</h2>
      <p>{words.pinChanged}</p>
      <p className="muted">
        {words.pinKnown} <code>{before}</code>
      </p>
      <Button onClick={onAccept}>{words.pinAccept}</Button>
    </section>
  );
}

function FactsCard({
  reader,
  pin,
}: {
  readonly reader: LogReader;
  readonly pin: Pin;
}): ReactElement {
  const { format } = useLanguage();
  const words = useLogLanguage();
  const overview = useQuery({
    queryKey: ['log', 'overview'],
    queryFn: ({ signal }) =>
      getJson<{ readonly checkpointAt: number | null }>('/api/v1/log', signal),
    refetchInterval: READ_EVERY_MS,
  });
  const at = overview.data?.checkpointAt ?? null;
  return (
    <Card title={words.heading}>
      <dl className="card-body log-facts">
        <div>
          <dt>{words.origin}</dt>
          <dd>
            <code>{reader.key.name}</code>
          </dd>
        </div>
        <div>
          <dt>{words.fingerprint}</dt>
          <dd>
            <code>{fingerprintOf(reader.key)}</code>
            <CopyButton label={words.copyKey} value={reader.verifierKey} />
          </dd>
          {pin.kind === 'changed' ? null : (
            <dd className="muted">
              {pin.kind === 'first'
                ? words.pinFirst
                : pin.kind === 'same'
                  ? words.pinSame
                  : words.pinUnkept}
            </dd>
          )}
        </div>
        <div>
          <dt>{words.size}</dt>
          <dd className="number">{format.integer(Number(reader.size))}</dd>
        </div>
        {at === null ? null : (
          <div>
            <dt>{words.checkpoint}</dt>
            <dd>
              <Ago at={at} />
            </dd>
          </div>
        )}
      </dl>
    </Card>
  );
}

function WitnessCard(): ReactElement {
  const { format } = useLanguage();
  const words = useLogLanguage();
  const status = useWitnesses();
  if (status.data === undefined) {
    return (
      <Card title={words.witnesses}>
        {status.isError ? (
          <Failed error={status.error} onRetry={() => void status.refetch()} />
        ) : (
          <Skeleton rows={3} />
        )}
      </Card>
    );
  }
  const { level, operators, witnesses, anchors, fault, lists } = status.data;
  return (
    <Card
      title={words.witnesses}
      aside={<Badge look={level === 'W0' ? 'off' : 'on'}>{level}</Badge>}
    >
      <div className="card-body log-witnesses">
        <p>{words.levels[level]}</p>
        {fault === null ? null : <p className="log-fault">{fault}</p>}
        {witnesses.length === 0 ? (
          <>
            <p className="muted">{words.noWitness}</p>
            <code>kontor log witness serve --help</code>
          </>
        ) : (
          <>
            <p className="muted">{words.operators(format.integer(operators))}</p>
            <ul aria-label={words.witnesses}>
              {witnesses.map((witness) => (
                <WitnessRow key={witness.name} witness={witness} />
              ))}
            </ul>
            <p className="muted">{words.trustedBy(lists.witnesses)}</p>
          </>
        )}
        <h3>{words.anchors}</h3>
        {anchors.length === 0 ? (
          <>
            <p className="muted">{words.noAnchor}</p>
            <code>kontor log anchor use --help</code>
          </>
        ) : (
          <>
            <ul aria-label={words.anchors}>
              {anchors.map((anchor) => (
                <AnchorRow key={anchor.authority} anchor={anchor} />
              ))}
            </ul>
            <p className="muted">{words.trustedBy(lists.authorities)}</p>
          </>
        )}
      </div>
    </Card>
  );
}

function AnchorRow({
  anchor,
}: {
  readonly anchor: WitnessStatus['anchors'][number];
}): ReactElement {
  const { format } = useLanguage();
  const words = useLogLanguage();
  const { authority, state, size, at, count, isFresh, reason, certificates } = anchor;
  const look: Readonly<Record<typeof state, BadgeLook>> = {
    anchored: isFresh ? 'on' : 'off',
    waiting: 'busy',
    failing: isFresh ? 'off' : 'needsYou',
  };
  return (
    <li>
      <div className="log-witness-head">
        <strong>{authority}</strong>
        <Badge look={look[state]}>{words.anchorState[state]}</Badge>
      </div>
      <p className="muted">
        {size === null || at === null ? null : (
          <>
            {words.anchored(format.integer(size))} <ShortTime at={at} />.{' '}
          </>
        )}
        {words.anchorCount(format.integer(count))}
      </p>
      {reason === '' ? null : <p className="muted">{reason}</p>}
      {certificates.map(({ subject, sha256 }) => (
        <p key={sha256} className="muted log-trusted" title={sha256}>
          {words.trusts(subject)} <code>{sha256.slice(0, FINGERPRINT_SHOWN)}…</code>
        </p>
      ))}
    </li>
  );
}

function WitnessRow({
  witness,
}: {
  readonly witness: WitnessStatus['witnesses'][number];
}): ReactElement {
  const { format } = useLanguage();
  const words = useLogLanguage();
  const { name, operator, relation, state, size, cosignedAt, reason, keys } = witness;
  return (
    <li>
      <div className="log-witness-head">
        <strong>{name}</strong>
        <Badge look={lookOf(state)}>{words.witnessState[state]}</Badge>
      </div>
      <p className="muted">
        {operator}, {words.relation[relation]}
        {size === null ? null : `, ${words.upTo(format.integer(size))}`}
        {cosignedAt === null ? null : (
          <>
            , <Ago at={cosignedAt} />
          </>
        )}
      </p>
      {reason === '' ? null : <p className="muted">{reason}</p>}
      {keys.map((key) => (
        <p key={key} className="muted log-trusted" title={key}>
          {words.trustedKey} <code>{keyName(key)}</code>
        </p>
      ))}
    </li>
  );
}

/** A verifier key without its bytes: its name and the hash of both. */
function keyName(verifierKey: string): string {
  return verifierKey.split('+').slice(0, 2).join('+');
}

function lookOf(state: WitnessStatus['witnesses'][number]['state']): BadgeLook {
  switch (state) {
    case 'cosigned':
      return 'on';
    case 'waiting':
      return 'busy';
    case 'silent':
      return 'off';
    case 'disagrees':
      return 'needsYou';
  }
}
