// SPDX-License-Identifier: Apache-2.0
// How the conditions of a bot stand: what is wanted, what was read at the last closed candle, and what is still missing.

import type { ReactElement } from 'react';

import { useConditions } from '../api/queries.ts';
import type { Bot, Conditions } from '../api/types.ts';
import { conditionText } from '../editor/condition-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { Badge, type BadgeLook } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { Empty, Failed, Skeleton } from '../parts/states.tsx';
import { Ago } from '../parts/times.tsx';
import { ScrollBox } from './deal-tables.tsx';
import './conditions-card.css';

type Reading = Conditions['conditions'][number];

const FIELDS = {
  start: 'startConditions',
  safetyOrder: 'safetyOrderConditions',
  close: 'closeConditions',
} as const;

/** Nothing for a bot without conditions. */
export function ConditionsCard({ bot }: { readonly bot: Bot }): ReactElement | null {
  const { text } = useLanguage();
  const hasConditions = Object.values(FIELDS).some((field) => field in bot.settings);
  const found = useConditions(bot.id, hasConditions);
  if (!hasConditions) return null;
  return (
    <Card title={text.conditions.title}>
      {found.data === undefined ? (
        found.isError ? (
          <Failed error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <Skeleton rows={3} />
        )
      ) : found.data.length === 0 ? (
        <Empty title={text.conditions.none} hint={text.conditions.noneHint} />
      ) : (
        found.data.map((watched) => (
          <WatchedConditions
            key={`${watched.symbol} ${watched.action} ${watched.deals.join()}`}
            bot={bot}
            watched={watched}
          />
        ))
      )}
    </Card>
  );
}

function WatchedConditions({
  bot,
  watched,
}: {
  readonly bot: Bot;
  readonly watched: Conditions;
}): ReactElement {
  const language = useLanguage();
  const { text, format } = language;
  const settings = useSettingsLanguage();
  const action =
    watched.action === 'safetyOrder' || watched.action === 'close' ? watched.action : 'start';
  const wanted = wantedOf(bot, FIELDS[action]);
  const isSame = wanted.length === watched.conditions.length;
  const deals = watched.deals.map((number) => text.deal.number(String(number))).join(', ');
  return (
    <section
      className="conditions"
      aria-label={`${watched.symbol} ${text.conditions.action[action]}`}
    >
      <h3>
        {watched.symbol} <span className="muted">{text.conditions.action[action]}</span>{' '}
        {deals === '' ? null : <span className="muted">{deals}</span>}
        <Badge look={verdictLook(watched.standing)}>
          {text.conditions.standing[watched.standing]}
        </Badge>
      </h3>
      <ScrollBox label={`${watched.symbol} ${text.conditions.action[action]}`}>
        <table className="plain-table">
          <thead>
            <tr>
              <th>{text.conditions.column.condition}</th>
              <th className="is-number">{text.conditions.column.value}</th>
              <th>{text.conditions.column.verdict}</th>
              <th className="is-number">{text.conditions.column.closed}</th>
            </tr>
          </thead>
          <tbody>
            {watched.conditions.map((reading, index) => (
              // Conditions have no names of their own; the settings know them by their place.
              // oxlint-disable-next-line react/no-array-index-key
              <tr key={index} title={reading.text}>
                <th scope="row">
                  {isSame
                    ? conditionText(wanted[index], language, settings)
                    : `${reading.label} ${reading.interval}`}
                </th>
                <td className="is-number number">{valueText(reading, format.exact)}</td>
                <td>
                  <Badge look={verdictLook(reading.verdict)}>
                    {reading.verdict === 'unknown'
                      ? text.conditions.warming(
                          format.integer(reading.candlesSeen),
                          format.integer(reading.candlesNeeded),
                        )
                      : text.conditions.verdict[reading.verdict]}
                  </Badge>
                </td>
                <td className="is-number muted">
                  {reading.closedAt === null ? '–' : <Ago at={reading.closedAt} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </section>
  );
}

/** The conditions that the bot's settings name; nothing where they name none. */
function wantedOf(bot: Bot, field: (typeof FIELDS)[keyof typeof FIELDS]): readonly unknown[] {
  const found: unknown = Reflect.get(bot.settings, field);
  return Array.isArray(found) ? found : [];
}

function valueText(reading: Reading, exact: (text: string) => string): string {
  if (reading.value === '') return '–';
  return /^-?\d+(\.\d+)?$/.test(reading.value) ? exact(reading.value) : reading.value;
}

function verdictLook(verdict: Reading['verdict']): BadgeLook {
  switch (verdict) {
    case 'met':
      return 'on';
    case 'notMet':
      return 'off';
    case 'unknown':
      return 'busy';
  }
}
