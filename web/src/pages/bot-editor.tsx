// SPDX-License-Identifier: Apache-2.0
// Making a bot and changing one: the questions, and beside them what the answers come to at the price now.

import type { BotKind } from '@kontor/core';
import { SETTINGS_FIELDS } from '@kontor/core';
import { useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useState, type ReactElement } from 'react';

import { sayWarnings } from '../actions.ts';
import { useAddress } from '../address.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { createBot, editBot, startBot, useBots, useRunningDeals } from '../api/queries.ts';
import { latestQuote, useQuote } from '../api/quotes.ts';
import { toTradingInstrument } from '../api/trading-instrument.ts';
import type { Bot } from '../api/types.ts';
import { fieldsOf } from '../editor/arrangement.ts';
import { emptyFields, toDraftFields, type DraftFields } from '../editor/draft.ts';
import { changedFields, changesTo, EditorFrame, refuse } from '../editor/editor-frame.tsx';
import { focusFirstWrong } from '../editor/focus-field.ts';
import { leastValue, presetsOf, type Preset, type PresetMarket } from '../editor/presets.ts';
import { useBotForm, type BotForm } from '../editor/use-bot-form.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import type { SettingsWords } from '../language/settings-words.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { useKeys } from '../parts/keyboard.ts';
import { Failed, Skeleton } from '../parts/states.tsx';
import { say } from '../parts/toasts.tsx';
import { botPath, newBotPath, paths } from '../paths.ts';
import { TradersOnly } from '../people/traders-only.tsx';
import { NotFoundPage } from './closed.tsx';
import './bot-editor.css';

const KINDS = Object.keys(SETTINGS_FIELDS) as readonly BotKind[];

/** `/bots/new`: which kind, then its form; `copy` begins with another bot's settings. */
export function NewBotPage(): ReactElement {
  return (
    <TradersOnly instead={paths.bots}>
      <NewBot />
    </TradersOnly>
  );
}

function NewBot(): ReactElement {
  const address = useAddress();
  const bots = useBots();
  const copied = address.parameter('copy');
  const asked = address.parameter('kind');
  if (copied !== null) {
    if (bots.data === undefined) {
      return bots.isError ? (
        <Failed error={bots.error} onRetry={() => void bots.refetch()} />
      ) : (
        <Skeleton rows={12} />
      );
    }
    const bot = bots.data.find((each) => each.id === copied);
    return bot === undefined ? <NotFoundPage what="bot" /> : <CopiedBot key={bot.id} bot={bot} />;
  }
  const kind = KINDS.find((each) => each === asked);
  return kind === undefined ? <KindChooser /> : <FreshBot key={kind} kind={kind} />;
}

/** `/bots/:id/edit`. */
export function EditBotPage(): ReactElement {
  const { botId } = useParams({ strict: false });
  return (
    <TradersOnly instead={botPath(String(botId))}>
      <EditBot id={String(botId)} />
    </TradersOnly>
  );
}

function EditBot({ id }: { readonly id: string }): ReactElement {
  const bots = useBots();
  if (bots.data === undefined) {
    return bots.isError ? (
      <Failed error={bots.error} onRetry={() => void bots.refetch()} />
    ) : (
      <Skeleton rows={12} />
    );
  }
  const bot = bots.data.find((each) => each.id === id);
  return bot === undefined ? <NotFoundPage what="bot" /> : <EditedBot key={bot.id} bot={bot} />;
}

function KindChooser(): ReactElement {
  const { text: common } = useLanguage();
  const { text, words } = useSettingsLanguage();
  const address = useAddress();
  useKeys(
    Object.fromEntries(
      KINDS.map((kind, index) => [String(index + 1), () => address.go(newBotPath(kind))]),
    ),
  );
  return (
    <div className="page-scroll kind-chooser">
      <header className="page-head">
        <Anchor className="crumb" href={paths.bots}>
          {common.bots.title}
        </Anchor>
        <span className="faint">/</span>
        <h1>{text.editor.chooseKind}</h1>
      </header>
      <ul className="kind-list">
        {KINDS.map((kind, index) => (
          <li key={kind}>
            <Anchor
              className="kind-choice"
              href={newBotPath(kind)}
              // The chooser is a page of its own; whoever came by keyboard goes on by keyboard.
              // oxlint-disable-next-line jsx-a11y/no-autofocus
              autoFocus={index === 0}
            >
              <strong>{words.kinds[kind]?.name ?? kind}</strong>
              <span className="muted">{words.kinds[kind]?.sentence}</span>
              <kbd aria-hidden="true">{index + 1}</kbd>
            </Anchor>
          </li>
        ))}
      </ul>
    </div>
  );
}

function FreshBot({ kind }: { readonly kind: BotKind }): ReactElement {
  const { text: common } = useLanguage();
  const { text, words } = useSettingsLanguage();
  const address = useAddress();
  const asked = address.parameter('symbol');
  const market = usePresetMarket(asked);
  const presets = presetsOf(kind);
  const base = useMemo(() => firstDraft(kind, market, words), [kind, market, words]);
  const form = useBotForm(kind, `new.${kind}`, base);
  const take = (preset: Preset): void => {
    const chosen = form.symbols[0] ?? asked;
    const now = marketOfSymbol(market, chosen);
    if (now === null) return;
    const made = preset.make(now);
    const { name } = form.draft;
    const before = form.replace({ ...made, name: presetName(kind, preset, now, words) });
    const wasTyped = JSON.stringify(before) !== form.base && name !== undefined;
    say(
      text.editor.presetTaken(words.presets[preset.id]?.name ?? preset.id),
      wasTyped ? { undo: () => void form.replace(before) } : {},
    );
  };
  return (
    <EditorFrame
      form={form}
      title={text.editor.newTitle(words.kinds[kind]?.name ?? kind)}
      crumbs={[
        { href: paths.bots, name: common.bots.title },
        { href: newBotPath(null), name: text.editor.newBot },
      ]}
      head={
        presets.length < 2 ? null : (
          <div className="preset-list" role="group" aria-label={text.editor.presets}>
            {presets.map((preset) => (
              <button
                key={preset.id}
                type="button"
                className="preset-choice"
                onClick={() => take(preset)}
              >
                <strong>{words.presets[preset.id]?.name ?? preset.id}</strong>
                <span className="muted">{words.presets[preset.id]?.sentence}</span>
              </button>
            ))}
          </div>
        )
      }
      save={<CreateButtons form={form} />}
    />
  );
}

/** The first preset of a kind, or its fields alone where there is none or no market yet. */
function firstDraft(kind: BotKind, market: PresetMarket | null, words: SettingsWords): DraftFields {
  const [first] = presetsOf(kind);
  if (first === undefined || market === null) return emptyFields(fieldsOf(kind));
  return { ...first.make(market), name: presetName(kind, first, market, words) };
}

function presetName(
  kind: BotKind,
  preset: Preset,
  market: PresetMarket,
  words: SettingsWords,
): string {
  const name = words.presets[preset.id]?.name ?? '';
  // A portfolio holds several coins: the first of them would be a misleading name.
  return (kind === 'rebalance' ? name : `${market.instrument.symbol} ${name}`).trim();
}

function CopiedBot({ bot }: { readonly bot: Bot }): ReactElement {
  const { text: common } = useLanguage();
  const { text } = useSettingsLanguage();
  // A copy is of the settings as they were when it was begun.
  const [base] = useState((): DraftFields => {
    const { kind: _kind, ...settings } = toDraftFields(bot.settings);
    return { ...settings, name: text.editor.copyName(bot.name) };
  });
  const form = useBotForm(bot.kind, `copy.${bot.id}`, base);
  return (
    <EditorFrame
      form={form}
      title={text.editor.copyName(bot.name)}
      crumbs={[
        { href: paths.bots, name: common.bots.title },
        { href: botPath(bot.id), name: bot.name },
      ]}
      save={<CreateButtons form={form} />}
    />
  );
}

function EditedBot({ bot }: { readonly bot: Bot }): ReactElement {
  const { text } = useSettingsLanguage();
  const { text: common, format } = useLanguage();
  const running = useRunningDeals();
  const base = useMemo((): DraftFields => {
    const { kind: _kind, ...settings } = bot.settings;
    return toDraftFields(settings);
  }, [bot.settings]);
  const form = useBotForm(bot.kind, `edit.${bot.id}`, base);
  const deals = running.data?.filter((deal) => deal.botId === bot.id).length ?? bot.activeDeals;
  const isChangedElsewhere = form.keptSince !== null && form.base !== JSON.stringify(base);
  return (
    <EditorFrame
      form={form}
      title={text.editor.editTitle(bot.name)}
      crumbs={[
        { href: paths.bots, name: common.bots.title },
        { href: botPath(bot.id), name: bot.name },
      ]}
      head={
        <>
          {isChangedElsewhere ? (
            <div className="editor-note needs-you" role="alert">
              <Icon name="warning" />
              <span>{text.editor.changedElsewhere}</span>
              <Button onClick={form.settle}>{text.editor.takeOver}</Button>
            </div>
          ) : null}
          {deals === 0 ? null : (
            <p className="editor-note muted">
              {bot.kind === 'smartTrade'
                ? text.editor.runningFollows
                : text.editor.runningKeep({ count: deals, text: format.integer(deals) })}
            </p>
          )}
        </>
      }
      save={<SaveButton form={form} bot={bot} />}
    />
  );
}

function CreateButtons({ form }: { readonly form: BotForm }): ReactElement {
  const client = useQueryClient();
  const address = useAddress();
  const { text } = useSettingsLanguage();
  const language = useLanguage();
  const errorText = useErrorText();
  const [busy, setBusy] = useState<'create' | 'start' | null>(null);
  const create = async (isStarting: boolean): Promise<void> => {
    const settings = form.attempt();
    if (settings === null) {
      focusFirstWrong(document.querySelector<HTMLElement>('[data-editor]'));
      return;
    }
    if (busy !== null) return;
    setBusy(isStarting ? 'start' : 'create');
    try {
      const bot = await createBot(client, settings);
      form.settle();
      if (isStarting) await start(bot);
      else {
        sayWarnings(bot, language);
        say(text.editor.created(bot.name));
      }
      address.go(botPath(bot.id));
    } catch (error) {
      refuse(error, form, text.editor.notCreated, errorText, text.editor.unclear);
    } finally {
      setBusy(null);
    }
  };
  const start = async (bot: Bot): Promise<void> => {
    try {
      const started = await startBot(client, bot.id);
      sayWarnings(started, language);
      say(text.editor.createdStarted(bot.name));
    } catch (error) {
      say(text.editor.createdNotStarted(bot.name, errorText(error)), { look: 'failed' });
    }
  };
  useKeys({ 'mod+Enter': () => void create(false) });
  return (
    <>
      <Button
        isBusy={busy === 'create'}
        disabled={busy !== null}
        onClick={() => void create(false)}
      >
        {text.editor.create}
      </Button>
      <Button
        look="primary"
        icon="play"
        isBusy={busy === 'start'}
        disabled={busy !== null}
        onClick={() => void create(true)}
      >
        {text.editor.createStart}
      </Button>
    </>
  );
}

function SaveButton({ form, bot }: { readonly form: BotForm; readonly bot: Bot }): ReactElement {
  const client = useQueryClient();
  const address = useAddress();
  const { text } = useSettingsLanguage();
  const { format } = useLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const changes = changedFields(form, bot.settings);
  const save = async (): Promise<void> => {
    const settings = form.attempt();
    if (settings === null) {
      focusFirstWrong(document.querySelector<HTMLElement>('[data-editor]'));
      return;
    }
    if (isBusy) return;
    setBusy(true);
    try {
      const changed = await editBot(client, bot.id, changesTo(settings, bot.settings));
      form.settle();
      say(text.editor.saved(changed.name));
      address.go(botPath(bot.id));
    } catch (error) {
      refuse(error, form, text.editor.notSaved, errorText, text.editor.unclear);
    } finally {
      setBusy(false);
    }
  };
  useKeys({ 'mod+Enter': () => void save() });
  return (
    <>
      <span className="muted">
        {changes === 0
          ? text.editor.noChanges
          : text.editor.changes({ count: changes, text: format.integer(changes) })}
      </span>
      <Button look="primary" isBusy={isBusy} disabled={changes === 0} onClick={() => void save()}>
        {text.editor.save}
      </Button>
    </>
  );
}

/** The market that presets count from: `symbol`'s, or that of the desk's first instrument. */
function usePresetMarket(symbol: string | null): PresetMarket | null {
  const { desk } = useDeskFacts();
  const chosen = desk.instruments.find((each) => each.symbol === symbol) ?? desk.instruments[0];
  const quote = useQuote(chosen?.symbol ?? '');
  // The first price counts: a form that is being read must not change with every tick.
  const [price, setPrice] = useState<string | null>(quote?.last ?? null);
  if (price === null && quote !== null) setPrice(quote.last);
  return useMemo(() => {
    if (chosen === undefined) return null;
    return {
      instrument: toTradingInstrument(chosen),
      instruments: desk.instruments.map(toTradingInstrument),
      lastPrice: price,
      minNotional: leastValue(chosen.minNotional),
      minNotionalOf: (other) =>
        leastValue(desk.instruments.find((each) => each.symbol === other)?.minNotional ?? '0'),
    };
  }, [chosen, desk.instruments, price]);
}

/** The same market seen from another instrument, at its price now. */
function marketOfSymbol(market: PresetMarket | null, symbol: string | null): PresetMarket | null {
  const instrument = market?.instruments.find((each) => each.symbol === symbol);
  if (market === null || instrument === undefined) return market;
  return {
    ...market,
    instrument,
    lastPrice: latestQuote(instrument.symbol)?.last ?? null,
    minNotional: market.minNotionalOf(instrument.symbol),
  };
}
