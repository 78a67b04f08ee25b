// SPDX-License-Identifier: Apache-2.0
// The three processes and the streams: are they up, since when, what is pending.

import type { ReactElement, ReactNode } from 'react';

import { useHealth, useWitnesses } from '../api/queries.ts';
import type { ProcessHealth, StreamHealth } from '../api/types.ts';
import type { Catalogue } from '../language/english.ts';
import { useLanguage } from '../language/language.tsx';
import { Badge, type BadgeLook } from './badge.tsx';
import { Card } from './card.tsx';
import { HealthBadge } from './health-badge.tsx';
import { NoNumber } from './numbers.tsx';
import { Failed, Skeleton } from './states.tsx';
import { Ago } from './times.tsx';
import './health-card.css';

export function HealthCard(): ReactElement {
  const { text, format } = useLanguage();
  const health = useHealth();
  const witnesses = useWitnesses();
  const { data } = health;
  return (
    <Card title={text.health.title} aside={<HealthBadge />}>
      {data === undefined ? (
        health.isError ? (
          <Failed error={health.error} onRetry={() => void health.refetch()} />
        ) : (
          <div className="health-list">
            <Skeleton rows={10} height={24} />
          </div>
        )
      ) : (
        <dl className="health-list">
          {data.processes.map((process) => (
            <Line
              key={process.name}
              name={<Badge look={processLook(process)}>{text.health.process[process.name]}</Badge>}
              title={processTitle(process, text.health)}
            >
              <ProcessText process={process} />
            </Line>
          ))}
          {data.streams.map((stream) => (
            <Line
              key={stream.name}
              name={
                <Badge look={stream.state === 'up' ? 'on' : 'needsYou'}>
                  {text.health.stream[stream.name]}
                </Badge>
              }
              title={stream.detail}
            >
              <StreamText stream={stream} />
            </Line>
          ))}
          <Line name={text.health.log}>{witnesses.data?.level ?? <NoNumber />}</Line>
          <Line name={text.health.roundTrip}>
            {data.roundTripMs === null ? <NoNumber /> : format.milliseconds(data.roundTripMs)}
          </Line>
          <Line name={text.health.clockSkew}>
            {data.clockSkewMs === null ? <NoNumber /> : format.milliseconds(data.clockSkewMs)}
          </Line>
          <Line name={text.health.pending}>{format.integer(data.pendingEffects)}</Line>
          {(data.heldOrders > 0 || data.blockedMs > 0) && (
            <Line
              name={text.health.held}
              title={
                data.blockedMs > 0 ? text.health.blocked(format.milliseconds(data.blockedMs)) : ''
              }
            >
              {format.integer(data.heldOrders)}
            </Line>
          )}
          <Line name={text.health.ambiguous}>
            {data.ambiguousOrders === 0 ? (
              format.integer(0)
            ) : (
              <Badge look="needsYou">{format.integer(data.ambiguousOrders)}</Badge>
            )}
          </Line>
        </dl>
      )}
    </Card>
  );
}

function Line({
  name,
  title,
  children,
}: {
  readonly name: ReactNode;
  readonly title?: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div title={title === '' ? undefined : title}>
      <dt>{name}</dt>
      <dd className="number live">{children}</dd>
    </div>
  );
}

function ProcessText({ process }: { readonly process: ProcessHealth }): ReactElement {
  const { text, format } = useLanguage();
  const restarts =
    process.restarts === 0
      ? ''
      : text.health.restarts({ count: process.restarts, text: format.integer(process.restarts) });
  const memory = process.memoryBytes === null ? '' : format.bytes(process.memoryBytes);
  const walls =
    process.hardening === undefined ? '' : text.health.walls(String(process.hardening.level));
  const words =
    process.state === 'up' ? [walls, memory, restarts] : [text.health[process.state], restarts];
  return <>{words.filter((word) => word !== '').join(' · ')}</>;
}

/** What the signer stands behind, wall by wall; for the others how they are. */
function processTitle({ hardening, detail }: ProcessHealth, text: Catalogue['health']): string {
  if (hardening === undefined) return detail;
  return hardening.walls
    .map(
      ({ name, isUp, reason }) =>
        `${isUp ? '✓' : '✗'} ${text.wall[name]}${isUp ? '' : `: ${reason}`}`,
    )
    .join('\n');
}

function StreamText({ stream }: { readonly stream: StreamHealth }): ReactElement {
  const { text } = useLanguage();
  if (stream.lastEventAt === null) return <>{text.health.noEvent}</>;
  return <Ago at={stream.lastEventAt} />;
}

function processLook(process: ProcessHealth): BadgeLook {
  switch (process.state) {
    case 'up':
      return 'on';
    case 'starting':
      return 'busy';
    case 'down':
      return 'needsYou';
  }
}
