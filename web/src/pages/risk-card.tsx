// SPDX-License-Identifier: Apache-2.0
// The risk of one scope: its state and the ways out of it, what is at stake against its limits, and the limits to change.

import { NO_LIMITS, parseFields, RISK_LIMIT_FIELDS, type RiskLimits } from '@kontor/core';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState, type ReactElement } from 'react';

import { ApiError } from '../api/client.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { setRiskLimits, useRisk } from '../api/queries.ts';
import type { Risk } from '../api/types.ts';
import { completeArrangement, fieldAt, type Arrangement } from '../editor/arrangement.ts';
import { draftAt, toDraftFields, toPath, withDraft, type DraftFields } from '../editor/draft.ts';
import { dropDraft, keepDraft, readDraft } from '../editor/draft-keep.ts';
import { FormProvider, type FormContext } from '../editor/form-context.ts';
import { FormSections } from '../editor/sections.tsx';
import { useErrorText } from '../language/error-text.ts';
import { fieldErrorText } from '../language/field-error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { compareDecimals } from '../number/decimal-sum.ts';
import type { Format } from '../number/format.ts';
import { Button } from '../parts/button.tsx';
import { Card } from '../parts/card.tsx';
import { Amount, CountOf, NoNumber, Profit } from '../parts/numbers.tsx';
import { Failed, Skeleton } from '../parts/states.tsx';
import { say } from '../parts/toasts.tsx';
import { useMay } from '../people/use-may.ts';
import { RiskButtons, RiskState } from '../shell/risk-dialog.tsx';
import './risk.css';

const ARRANGEMENT: Arrangement = completeArrangement(RISK_LIMIT_FIELDS, {
  sections: [
    {
      name: 'limits',
      places: [
        { field: 'maxExposure' },
        { field: 'maxOpenOrders', suggestion: 50 },
        { field: 'dailyLoss' },
      ],
    },
  ],
  choicesFrom: { 'maxExposure.asset': 'quoteAssets', 'dailyLoss.asset': 'quoteAssets' },
});

export function RiskCard({
  scope,
  title,
}: {
  readonly scope: string;
  readonly title: string;
}): ReactElement {
  const { text } = useLanguage();
  const risk = useRisk(scope);
  const isTrader = useMay('trader');
  const isOwner = useMay('owner');
  const [isEditing, setEditing] = useState(() => readDraft(draftName(scope)) !== null);
  return (
    <Card
      title={title}
      aside={
        isEditing || risk.data === undefined || !isOwner ? null : (
          <Button look="quiet" onClick={() => setEditing(true)}>
            {text.risk.edit}
          </Button>
        )
      }
    >
      {risk.data === undefined ? (
        risk.isError ? (
          <Failed error={risk.error} onRetry={() => void risk.refetch()} />
        ) : (
          <Skeleton rows={4} />
        )
      ) : (
        <div className="card-body risk-card">
          <div className="risk-card-head">
            <RiskState risk={risk.data} />
            <span className="risk-card-buttons">
              {isTrader ? <RiskButtons scope={scope} state={risk.data.state} look="plain" /> : null}
            </span>
          </div>
          <Standing risk={risk.data} />
          {isEditing && isOwner ? (
            <LimitsForm
              key={scope}
              scope={scope}
              limits={limitsOf(risk.data)}
              onDone={() => setEditing(false)}
            />
          ) : null}
        </div>
      )}
    </Card>
  );
}

/** What is at stake, out and lost today, each against its limit. */
function Standing({ risk }: { readonly risk: Risk }): ReactElement {
  const { text, format } = useLanguage();
  const limits = limitsOf(risk);
  const exposures = withLimits(risk.exposure, limits.maxExposure);
  const losses = withLimits(risk.realisedToday, limits.dailyLoss);
  const { maxOpenOrders } = limits;
  return (
    <dl className="risk-standing">
      {exposures.length === 0 ? (
        <Measure name={text.risk.exposure} limit={text.risk.noLimit} />
      ) : null}
      {exposures.map(({ asset, amount, limit }) => (
        <Measure
          key={`exposure ${asset}`}
          name={text.risk.exposure}
          limit={
            limit === null
              ? text.risk.noLimit
              : text.risk.limitOf(`${format.exact(limit)} ${asset}`)
          }
          isNear={limit !== null && compareDecimals(amount, limit) >= 0}
        >
          <Amount value={amount} asset={asset} />
        </Measure>
      ))}
      <Measure
        name={text.risk.orders}
        limit={
          maxOpenOrders === undefined
            ? text.risk.noLimit
            : text.risk.limitOf(format.integer(maxOpenOrders))
        }
        isNear={maxOpenOrders !== undefined && risk.openOrders >= maxOpenOrders}
      >
        <CountOf value={risk.openOrders} />
      </Measure>
      {losses.length === 0 ? <Measure name={text.risk.today} limit={text.risk.noLimit} /> : null}
      {losses.map(({ asset, amount, limit }) => (
        <Measure
          key={`loss ${asset}`}
          name={text.risk.today}
          limit={
            limit === null
              ? text.risk.noLimit
              : text.risk.lossLimit(`${format.exact(limit)} ${asset}`)
          }
          isNear={limit !== null && compareDecimals(amount, `-${limit}`) <= 0}
        >
          <Profit value={amount} asset={asset} />
        </Measure>
      ))}
    </dl>
  );
}

function Measure({
  name,
  limit,
  isNear = false,
  children = <NoNumber />,
}: {
  readonly name: string;
  readonly limit: string;
  readonly isNear?: boolean;
  readonly children?: ReactElement;
}): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="risk-value">{children}</dd>
      <dd className={isNear ? 'needs-you' : 'muted'}>{limit}</dd>
    </div>
  );
}

function LimitsForm({
  scope,
  limits,
  onDone,
}: {
  readonly scope: string;
  readonly limits: RiskLimits;
  readonly onDone: () => void;
}): ReactElement {
  const client = useQueryClient();
  const { desk } = useDeskFacts();
  const language = useLanguage();
  const { text } = language;
  const own = useSettingsLanguage();
  const errorText = useErrorText();
  const name = draftName(scope);
  const [draft, setDraft] = useState<DraftFields>(
    () => readDraft(name)?.draft ?? toDraftFields(limits),
  );
  const [isAttempted, setAttempted] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const parsed = useMemo(() => parseFields(RISK_LIMIT_FIELDS, draft, 'limits'), [draft]);
  const errors = useMemo(() => {
    const found = new Map<string, readonly string[]>();
    for (const error of parsed.ok ? [] : parsed.errors) {
      const path = toPath(error.field);
      const value = draftAt(draft, path);
      if (value === undefined && !isAttempted) continue;
      const field = fieldAt(RISK_LIMIT_FIELDS, draft, path);
      const message = fieldErrorText(
        { error, field, draft: value },
        { format: language.format, text: own.text },
      );
      found.set(error.field, [...(found.get(error.field) ?? []), message]);
    }
    return found;
  }, [parsed, draft, isAttempted, language.format, own.text]);
  const context = useMemo(
    (): FormContext => ({
      kind: 'risk',
      arrangement: ARRANGEMENT,
      errors,
      change: (path, value) =>
        setDraft((known) => {
          const next = toDraftFields(withDraft(known, path, value));
          keepDraft(name, { draft: next, base: '', changedAt: Date.now() });
          return next;
        }),
      leave: () => undefined,
      quoteAsset: '',
      baseAsset: '',
      volumeUnit: '',
      choices: {
        symbols: [],
        quoteAssets: [...new Set(desk.instruments.map(({ quoteAsset }) => quoteAsset))],
      },
    }),
    [errors, name, desk.instruments],
  );
  const end = (): void => {
    dropDraft(name);
    onDone();
  };
  const save = async (): Promise<void> => {
    setAttempted(true);
    if (!parsed.ok || isBusy) return;
    setBusy(true);
    try {
      await setRiskLimits(client, scope, parsed.value);
      say(text.risk.limitsSaved);
      end();
    } catch (error) {
      const reason =
        error instanceof ApiError && error.fields.length > 0 ? error.message : errorText(error);
      say(text.risk.limitsNotSaved(reason), { look: 'failed' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="risk-form">
      <FormProvider value={context}>
        <FormSections fields={RISK_LIMIT_FIELDS} values={draft} />
      </FormProvider>
      <div className="risk-form-foot">
        <Button onClick={end}>{text.common.cancel}</Button>
        <Button look="primary" isBusy={isBusy} onClick={() => void save()}>
          {text.risk.saveLimits}
        </Button>
      </div>
    </div>
  );
}

/** The limits with every list in its place. */
function limitsOf(risk: Risk): RiskLimits {
  const parsed = parseFields(RISK_LIMIT_FIELDS, risk.limits, 'limits');
  return parsed.ok ? parsed.value : NO_LIMITS;
}

/** Amounts by asset, with the limit of each; assets that only have a limit stand at zero. */
function withLimits(
  amounts: Risk['exposure'],
  limits: RiskLimits['maxExposure'],
): readonly { readonly asset: string; readonly amount: string; readonly limit: string | null }[] {
  const assets = new Set([...amounts, ...limits].map(({ asset }) => asset));
  return [...assets].map((asset) => ({
    asset,
    amount: amounts.find((each) => each.asset === asset)?.amount ?? '0',
    limit: limits.find((each) => each.asset === asset)?.amount ?? null,
  }));
}

export function amountsText(amounts: Risk['exposure'], format: Format): string {
  return amounts.length === 0
    ? '–'
    : amounts.map(({ asset, amount }) => `${format.decimal(amount, 2)} ${asset}`).join(', ');
}

function draftName(scope: string): string {
  return `limits.${scope}`;
}
