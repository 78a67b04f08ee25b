// SPDX-License-Identifier: Apache-2.0
// Changing a running deal: what may change in it, beside the deal as it stands.

import { DCA_DEAL_FIELDS, SETTINGS_FIELDS } from '@kontor/core';
import { useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useState, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { ApiError } from '../api/client.ts';
import { editDeal, useDeal } from '../api/queries.ts';
import type { Deal, DealDetails } from '../api/types.ts';
import { ChartPanel } from '../chart/chart-panel.tsx';
import { toDraftFields, type DraftFields } from '../editor/draft.ts';
import { changedFields, changesTo, EditorFrame, refuse } from '../editor/editor-frame.tsx';
import { focusFirstWrong } from '../editor/focus-field.ts';
import { useBotForm, type BotForm, type BotFormOptions } from '../editor/use-bot-form.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { Button } from '../parts/button.tsx';
import { useKeys } from '../parts/keyboard.ts';
import { Failed, Skeleton } from '../parts/states.tsx';
import { say } from '../parts/toasts.tsx';
import { dealPath, paths } from '../paths.ts';
import { TradersOnly } from '../people/traders-only.tsx';
import { NotFoundPage } from './closed.tsx';

type Editable = Extract<DealDetails, { kind: 'dca' | 'grid' }>;

const OPTIONS: Readonly<Record<Editable['kind'], BotFormOptions>> = {
  dca: { only: DCA_DEAL_FIELDS, isForNewDeals: false },
  // A grid keeps its market, and the currency that its open lines were counted in.
  grid: {
    only: Object.keys(SETTINGS_FIELDS.grid).filter(
      (field) => !['name', 'symbols', 'profitCurrency'].includes(field),
    ),
    isForNewDeals: false,
  },
};

export function EditDealPage(): ReactElement {
  const { dealId } = useParams({ strict: false });
  return (
    <TradersOnly instead={dealPath(String(dealId))}>
      <EditDeal id={String(dealId)} />
    </TradersOnly>
  );
}

function EditDeal({ id }: { readonly id: string }): ReactElement {
  const deal = useDeal(id);
  if (deal.data === undefined) {
    if (!deal.isError) return <Skeleton rows={14} />;
    return deal.error instanceof ApiError && deal.error.status === 404 ? (
      <NotFoundPage what="deal" />
    ) : (
      <Failed error={deal.error} onRetry={() => void deal.refetch()} />
    );
  }
  const { details } = deal.data;
  return details?.kind === 'dca' || details?.kind === 'grid' ? (
    <EditedDeal deal={deal.data} details={details} />
  ) : (
    <NotFoundPage what="deal" />
  );
}

function EditedDeal({
  deal,
  details,
}: {
  readonly deal: Deal;
  readonly details: Editable;
}): ReactElement {
  const { text } = useLanguage();
  const own = useSettingsLanguage();
  const settingsText = JSON.stringify(details.settings);
  const base = useMemo((): DraftFields => {
    const { kind: _kind, ...settings } = toDraftFields(JSON.parse(settingsText));
    return settings;
  }, [settingsText]);
  const form = useBotForm(details.kind, `deal.${deal.id}`, base, OPTIONS[details.kind]);
  const name = text.deal.title(deal.symbol, text.deal.number(String(deal.number)));
  const deals = useMemo(() => [deal], [deal]);
  const span = useMemo(() => ({ from: deal.openedAt, to: null }), [deal.openedAt]);
  return (
    <EditorFrame
      form={form}
      title={own.text.editor.editTitle(name)}
      crumbs={[
        { href: paths.deals, name: text.deals.title },
        { href: dealPath(deal.id), name },
      ]}
      aside={
        <div className="preview">
          <ChartPanel
            symbol={deal.symbol}
            symbols={[deal.symbol]}
            onSymbol={() => undefined}
            deals={deals}
            isFittedFirst
            span={span}
          />
        </div>
      }
      save={<SaveButton form={form} deal={deal} settings={details.settings} name={name} />}
    />
  );
}

function SaveButton({
  form,
  deal,
  settings: before,
  name,
}: {
  readonly form: BotForm;
  readonly deal: Deal;
  readonly settings: Editable['settings'];
  readonly name: string;
}): ReactElement {
  const client = useQueryClient();
  const address = useAddress();
  const { text, format } = useLanguage();
  const own = useSettingsLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const changes = changedFields(form, before);
  const save = async (): Promise<void> => {
    const settings = form.attempt();
    if (settings === null) {
      focusFirstWrong(document.querySelector<HTMLElement>('[data-editor]'));
      return;
    }
    if (isBusy) return;
    setBusy(true);
    try {
      await editDeal(client, deal.id, changesTo(settings, before));
      form.settle();
      say(text.deal.edited(name));
      address.go(dealPath(deal.id));
    } catch (error) {
      refuse(error, form, own.text.editor.notSaved, errorText, own.text.editor.unclear);
    } finally {
      setBusy(false);
    }
  };
  useKeys({ 'mod+Enter': () => void save() });
  return (
    <>
      <span className="muted">
        {changes === 0
          ? own.text.editor.noChanges
          : own.text.editor.changes({ count: changes, text: format.integer(changes) })}
      </span>
      <Button look="primary" isBusy={isBusy} disabled={changes === 0} onClick={() => void save()}>
        {own.text.editor.save}
      </Button>
    </>
  );
}
