// SPDX-License-Identifier: Apache-2.0
// What stands around a form: its questions beside the preview, what it can cost, what is wrong, and how it is saved.

import { useMemo, useRef, useState, type ReactElement, type ReactNode } from 'react';

import { useAddress } from '../address.ts';
import { ApiError } from '../api/client.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import type { Changes } from '../api/queries.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { Amount } from '../parts/numbers.tsx';
import { Ago } from '../parts/times.tsx';
import { say } from '../parts/toasts.tsx';
import { fieldsOf } from './arrangement.ts';
import { focusFirstWrong } from './focus-field.ts';
import { FormProvider, type FormContext } from './form-context.ts';
import { PreviewPanel } from './preview-panel.tsx';
import type { Preview } from './preview/preview.ts';
import { FormSections } from './sections.tsx';
import type { BotForm } from './use-bot-form.ts';
import { usePreview } from './use-preview.ts';
import './editor-frame.css';

export interface Crumb {
  readonly href: string;
  readonly name: string;
}

export function EditorFrame({
  form,
  title,
  crumbs,
  head = null,
  aside,
  save,
}: {
  readonly form: BotForm;
  readonly title: string;
  readonly crumbs: readonly Crumb[];
  readonly head?: ReactNode;
  /** In the place of the preview. */
  readonly aside?: ReactNode;
  readonly save: ReactNode;
}): ReactElement {
  const { desk } = useDeskFacts();
  const address = useAddress();
  const [shownSymbol, setShownSymbol] = useState<string | null>(null);
  const asked = address.parameter('symbol');
  const fallback = form.symbols[0] ?? asked ?? desk.instruments[0]?.symbol ?? '';
  const symbol =
    shownSymbol !== null && form.symbols.includes(shownSymbol) ? shownSymbol : fallback;
  const preview = usePreview(form.checked.settings, symbol, form.market);
  const context = useFormContext(form, symbol);
  const element = useRef<HTMLDivElement>(null);
  return (
    <div className="page-scroll editor" ref={element} data-editor="">
      <header className="page-head">
        {crumbs.map((crumb) => (
          <span key={crumb.href} className="editor-crumb">
            <Anchor className="crumb cut" href={crumb.href}>
              {crumb.name}
            </Anchor>
            <span className="faint">/</span>
          </span>
        ))}
        <h1>{title}</h1>
      </header>
      {head}
      <div className="editor-grid">
        <FormProvider value={context}>
          <div className="editor-form">
            <FormSections fields={fieldsOf(form.kind)} values={form.draft} />
          </div>
        </FormProvider>
        <div className="editor-preview">
          {aside ?? (
            <PreviewPanel form={form} preview={preview} symbol={symbol} onSymbol={setShownSymbol} />
          )}
        </div>
      </div>
      <footer className="editor-foot">
        <EditorState form={form} preview={aside === undefined ? preview : null} />
        <span className="page-head-space" />
        <Discard form={form} />
        {save}
      </footer>
    </div>
  );
}

/** What it can cost, always in sight, and how much is still to be fixed. */
function EditorState({
  form,
  preview,
}: {
  readonly form: BotForm;
  readonly preview: Preview | null;
}): ReactElement {
  const { text } = useSettingsLanguage();
  const { format } = useLanguage();
  const count = { count: form.faultCount, text: format.integer(form.faultCount) };
  return (
    <div className="editor-state">
      {form.otherErrors.length === 0 ? null : (
        <p className="needs-you" role="alert">
          {form.otherErrors.join(' ')}
        </p>
      )}
      {form.faultCount > 0 ? (
        <p className="needs-you">{text.editor.toFix(count)}</p>
      ) : (
        preview?.funds.map((funds) => (
          <p key={funds.asset}>
            <span className="muted">{text.editor.costs}</span>{' '}
            <strong className={funds.missing === null ? '' : 'needs-you'}>
              <Amount value={funds.required} asset={funds.asset} />
            </strong>
          </p>
        ))
      )}
      {form.keptSince === null ? null : (
        <p className="muted editor-kept">
          {text.editor.keptSince} <Ago at={form.keptSince} />
        </p>
      )}
    </div>
  );
}

function Discard({ form }: { readonly form: BotForm }): ReactElement | null {
  const { text } = useSettingsLanguage();
  if (form.keptSince === null) return null;
  return (
    <Button
      look="quiet"
      onClick={() => {
        const before = form.draft;
        form.settle();
        say(text.editor.discarded, { undo: () => void form.replace(before) });
      }}
    >
      {text.editor.discard}
    </Button>
  );
}

/** Tells why nothing happened; wrong fields are marked, and a silence is not taken for a no. */
export function refuse(
  error: unknown,
  form: BotForm,
  sentence: (reason: string) => string,
  errorText: (error: unknown) => string,
  unclear: string,
): void {
  if (error instanceof ApiError && error.fields.length > 0) {
    form.refuse(error.fields);
    focusFirstWrong(document.querySelector<HTMLElement>('[data-editor]'));
    return;
  }
  if (error instanceof ApiError && error.status === 0) {
    say(unclear, { look: 'failed' });
    return;
  }
  say(sentence(errorText(error)), { look: 'failed' });
}

/** How many fields differ from `before`, the settings that are stored. */
export function changedFields({ checked, draft }: BotForm, before: object): number {
  // While something is wrong the draft itself is compared: it may lack what the machine would fill in.
  return Object.keys(changesTo(checked.settings ?? { ...before, ...draft }, before)).length;
}

/** The fields in which `settings` differ from `before`; what is there no more is null. */
export function changesTo(settings: object, before: object): Changes {
  const now = new Map<string, unknown>(Object.entries(settings));
  const then = new Map<string, unknown>(Object.entries(before));
  const names = [...new Set([...now.keys(), ...then.keys()])].filter(
    (name) => JSON.stringify(now.get(name)) !== JSON.stringify(then.get(name)),
  );
  return Object.fromEntries(names.map((name) => [name, now.get(name) ?? null]));
}

function useFormContext(form: BotForm, symbol: string): FormContext {
  const { desk } = useDeskFacts();
  const { text } = useSettingsLanguage();
  const { kind, arrangement, errors, change, leave, draft, symbols } = form;
  const instrument = desk.instruments.find((each) => each.symbol === symbol);
  const quoteAsset = instrument?.quoteAsset ?? desk.quoteAsset;
  const baseAsset = symbols.length === 1 ? (instrument?.baseAsset ?? '') : '';
  const volumeType = draft['safetyOrderVolumeType'];
  const volumeUnit =
    volumeType === 'base'
      ? baseAsset || text.form.coins
      : volumeType === 'percent'
        ? '%'
        : quoteAsset;
  return useMemo(
    () => ({
      kind,
      arrangement,
      errors,
      change,
      leave,
      quoteAsset,
      baseAsset,
      volumeUnit,
      choices: {
        symbols: desk.instruments.map((each) => each.symbol),
        quoteAssets: [...new Set(desk.instruments.map((each) => each.quoteAsset))],
      },
    }),
    [kind, arrangement, errors, change, leave, quoteAsset, baseAsset, volumeUnit, desk.instruments],
  );
}
