// SPDX-License-Identifier: Apache-2.0
// Alarms: what waits for a person, what was, and by which ways alarms leave the desk.

import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import {
  acknowledgeAlarm,
  refetchForeignOrders,
  removeWebhook,
  setWebhook,
  testWebhook,
  useAlarmChannels,
  useAlarms,
  useCases,
  useConnections,
  useForeignOrders,
} from '../api/queries.ts';
import type { Alarm, AlarmChannel } from '../api/types.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { alarmSentence } from '../language/alarm-sentence.ts';
import { useAlarmsLanguage } from '../language/use-alarms-language.ts';
import { performAct } from '../people/consent.ts';
import { useMay } from '../people/use-may.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Badge, type BadgeLook } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { Ago } from '../parts/times.tsx';
import { say } from '../parts/toasts.tsx';
import { paths } from '../paths.ts';
import './alarms.css';

const ADDRESS_START = 'https://';

export function AlarmsPage(): ReactElement {
  const words = useAlarmsLanguage();
  const alarms = useAlarms();
  const isOwner = useMay('owner');
  return (
    <div className="page-scroll">
      <header className="page-head">
        <h1>{words.title}</h1>
      </header>
      <Card title={words.raised}>
        {alarms.data === undefined ? (
          alarms.isError ? (
            <Failed error={alarms.error} onRetry={() => void alarms.refetch()} />
          ) : (
            <Skeleton rows={4} />
          )
        ) : (
          <AlarmList alarms={alarms.data.alarms} />
        )}
      </Card>
      <Unreviewed />
      <Cases />
      {isOwner ? <Channels /> : null}
    </div>
  );
}

function AlarmList({ alarms }: { readonly alarms: readonly Alarm[] }): ReactElement {
  const words = useAlarmsLanguage();
  if (alarms.length === 0) return <Empty title={words.none} hint={words.noneHint} />;
  return (
    <ul className="alarm-list" aria-label={words.title}>
      {alarms.map((alarm) => (
        <AlarmRow key={alarm.id} alarm={alarm} />
      ))}
    </ul>
  );
}

function AlarmRow({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const language = useLanguage();
  const { format } = language;
  const words = useAlarmsLanguage();
  const connections = useConnections();
  const isTrader = useMay('trader');
  const { state, severity, facts, count } = alarm;
  const connection = connections.data?.find(({ id }) => id === alarm.connection);
  const shown = Object.entries(facts).filter(([name]) => name !== 'keyPage');
  return (
    <li className={`alarm alarm-${severity}`}>
      <div className="alarm-what">
        <p>
          <strong>{words.severity[severity]}</strong> {alarmSentence(alarm, language)}
        </p>
        <p className="muted">
          {words.raisedAt} <Ago at={alarm.raisedAt} />
          {count > 1 ? `, ${words.times(format.integer(count))}` : null}
          {alarm.connection === '' ? null : (
            <>
              , {words.connection}{' '}
              {connection === undefined ? (
                <code>{alarm.connection}</code>
              ) : (
                <span title={alarm.connection}>{connection.name}</span>
              )}
            </>
          )}
        </p>
        <KeyPage address={facts['keyPage']} isOver={state !== 'open'} />
        {alarm.kind === 'orderHeld' && state !== 'resolved' ? (
          <p>
            <Anchor className="button button-plain" href={paths.policy}>
              {words.heldPage}
            </Anchor>
          </p>
        ) : null}
        <details>
          <summary>{words.facts}</summary>
          <dl className="alarm-facts">
            {shown.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
      <div className="alarm-decide">
        <Badge look={lookOf(state)}>{words.state[state]}</Badge>
        {state === 'open' && isTrader ? <Acknowledge id={alarm.id} /> : null}
      </div>
    </li>
  );
}

/** Orders that the desk did not make, and the way to say that they are one's own. Nothing while there are none. */
function Unreviewed(): ReactElement | null {
  const client = useQueryClient();
  const words = useAlarmsLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const isOwner = useMay('owner');
  const { data } = useForeignOrders();
  if (data === undefined || data.orders.length === 0) return null;
  const { connection, orders } = data;
  const mark = async (): Promise<void> => {
    setBusy(true);
    try {
      await performAct({ kind: 'ownTrade', connection, orders });
      await refetchForeignOrders(client);
    } catch (error) {
      say(words.notMarked(errorText(error)), { look: 'failed' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title={words.unreviewed}>
      <div className="card-body alarm-channels">
        <p className="muted">{words.unreviewedHint}</p>
        <ul className="alarm-orders">
          {orders.map((line) => (
            <li key={line}>
              <code>{line}</code>
            </li>
          ))}
        </ul>
        {isOwner ? (
          <p>
            <Button isBusy={isBusy} onClick={() => void mark()}>
              {words.markOwn}
            </Button>
          </p>
        ) : null}
      </div>
    </Card>
  );
}

function Cases(): ReactElement {
  const { format } = useLanguage();
  const words = useAlarmsLanguage();
  const { data } = useCases();
  const connections = useConnections();
  const nameOf = (connection: string): string =>
    connections.data?.find(({ id }) => id === connection)?.name ?? connection;
  const counted = (count: number): { readonly count: number; readonly text: string } => ({
    count,
    text: format.integer(count),
  });
  return (
    <Card title={words.cases}>
      <div className="card-body alarm-channels">
        <p className="muted">{words.caseHint}</p>
        {data?.length === 0 ? <p>{words.noCases}</p> : null}
        <ul className="alarm-orders">
          {data?.map(({ id, openedAt, connection, events, evidence }) => (
            <li key={id}>
              <code>{id}</code>
              <p className="muted">
                <Ago at={openedAt} />, {words.caseEvents(counted(events))},{' '}
                {words.caseSays(counted(evidence))}
                {connection === '' ? null : `, ${words.connection} ${nameOf(connection)}`}
              </p>
            </li>
          ))}
        </ul>
      </div>
    </Card>
  );
}

/** Only https leads anywhere from here. */
function KeyPage({
  address,
  isOver,
}: {
  readonly address: string | undefined;
  readonly isOver: boolean;
}): ReactElement | null {
  const words = useAlarmsLanguage();
  if (address === undefined || !address.startsWith('https://')) return null;
  return (
    <p>
      <a
        className={`button ${isOver ? 'button-quiet' : 'button-danger'}`}
        href={address}
        target="_blank"
        rel="noreferrer noopener"
      >
        {words.keyPage}
      </a>
    </p>
  );
}

function Acknowledge({ id }: { readonly id: string }): ReactElement {
  const client = useQueryClient();
  const words = useAlarmsLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  return (
    <Button
      isBusy={isBusy}
      onClick={() => {
        setBusy(true);
        acknowledgeAlarm(client, id)
          .catch((error: unknown) =>
            say(words.notAcknowledged(errorText(error)), { look: 'failed' }),
          )
          .finally(() => setBusy(false));
      }}
    >
      {words.acknowledge}
    </Button>
  );
}

function Channels(): ReactElement {
  const words = useAlarmsLanguage();
  const channels = useAlarmChannels();
  return (
    <Card title={words.channels}>
      <div className="card-body alarm-channels">
        <p className="muted">{words.channelsHint}</p>
        {channels.data?.map((channel) => (
          <WebhookForm key={channel.kind} channel={channel} />
        ))}
      </div>
    </Card>
  );
}

function WebhookForm({ channel }: { readonly channel: AlarmChannel }): ReactElement {
  const client = useQueryClient();
  const words = useAlarmsLanguage();
  const errorText = useErrorText();
  const [address, setAddress] = useState('');
  const [secret, setSecret] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async (work: () => Promise<void>): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      await work();
    } catch (error) {
      say(words.notSet(errorText(error)), { look: 'failed' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <p>{channel.address === null ? words.webhookUnset : words.webhookSet(channel.address)}</p>
      {channel.fault === null ? null : <p className="needs-you">{words.fault(channel.fault)}</p>}
      <form
        className="alarm-webhook"
        onSubmit={(event) => {
          event.preventDefault();
          void run(async () => {
            setSecret(await setWebhook(client, address));
            setAddress('');
          });
        }}
      >
        <input
          type="url"
          required
          aria-label={words.webhook}
          placeholder={ADDRESS_START}
          value={address}
          autoComplete="off"
          onChange={(event) => setAddress(event.target.value)}
        />
        <button type="submit" className="button button-plain" disabled={isBusy}>
          {words.set}
        </button>
        {channel.isSet ? (
          <>
            <Button
              isBusy={isBusy}
              onClick={() =>
                void run(async () => {
                  const { isTaken, reason } = await testWebhook();
                  if (isTaken) say(words.tested);
                  else say(words.notTested(reason), { look: 'failed' });
                })
              }
            >
              {words.test}
            </Button>
            <Button
              look="quiet"
              isBusy={isBusy}
              onClick={() => void run(() => removeWebhook(client))}
            >
              {words.remove}
            </Button>
          </>
        ) : null}
      </form>
      {secret === null ? null : (
        <p className="alarm-secret" role="status">
          {words.secret} <code>{secret}</code> <CopyButton value={secret} label={words.webhook} />
        </p>
      )}
    </>
  );
}

function lookOf(state: Alarm['state']): BadgeLook {
  switch (state) {
    case 'open':
      return 'needsYou';
    case 'acknowledged':
      return 'off';
    case 'resolved':
      return 'done';
  }
}
