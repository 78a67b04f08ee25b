// SPDX-License-Identifier: Apache-2.0
// What else may be done to bots: ending their deals, opening one now, sending a signal, taking a bot off the desk.

import { useState, type ReactElement } from 'react';

import { useBotActions } from '../actions.ts';
import { useAddress } from '../address.ts';
import type { BotEnding } from '../api/queries.ts';
import type { Bot } from '../api/types.ts';
import { SelectControl, SwitchControl } from '../editor/controls.tsx';
import { useLanguage } from '../language/language.tsx';
import { Button } from '../parts/button.tsx';
import { DecisionDialog, Dialog } from '../parts/dialog.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { ActionMenu, type MenuAction } from '../parts/menu.tsx';
import { paths } from '../paths.ts';
import './bot-menu.css';

type Decision = BotEnding | 'remove';
type Opened = { readonly kind: 'none' | 'startDeal' | 'signal' } | { readonly kind: Decision };

const SIGNALS = ['enterLong', 'exitLong', 'enterShort', 'exitShort'] as const;

/** The menu of one bot. */
export function BotMenu({ bot }: { readonly bot: Bot }): ReactElement {
  const { text } = useLanguage();
  const address = useAddress();
  const [opened, setOpened] = useState<Opened>({ kind: 'none' });
  const close = (): void => setOpened({ kind: 'none' });
  const hasDeals = bot.activeDeals > 0;
  const isRunning = bot.state === 'running';
  const open = (kind: Opened['kind'], name: string, isDisabled = false): MenuAction => ({
    name,
    isDisabled,
    onSelect: () => setOpened({ kind }),
  });
  const danger = (kind: Decision, isDisabled: boolean): MenuAction => ({
    ...open(kind, text.bots.ending[kind].name, isDisabled),
    isDanger: true,
  });
  return (
    <>
      <ActionMenu
        label={text.bots.more}
        actions={[
          [
            ...(bot.kind === 'dca' ? [open('startDeal', text.bots.startDeal)] : []),
            ...(bot.kind === 'signal' ? [open('signal', text.bots.sendSignal)] : []),
          ],
          [
            danger('stop-and-close', !isRunning || !hasDeals),
            danger('stop-and-cancel', !isRunning || !hasDeals),
            danger('close-all', !hasDeals),
            danger('cancel-all', !hasDeals),
          ],
          [danger('remove', isRunning || hasDeals)],
        ]}
      />
      <EndingDialog
        bots={[bot]}
        decision={isDecision(opened.kind) ? opened.kind : null}
        onClose={close}
        onRemoved={() => address.go(paths.bots)}
      />
      <Dialog title={text.bots.startDeal} isOpen={opened.kind === 'startDeal'} onClose={close}>
        <StartDealForm bot={bot} onDone={close} />
      </Dialog>
      <Dialog title={text.bots.sendSignal} isOpen={opened.kind === 'signal'} onClose={close}>
        <SignalForm bot={bot} onDone={close} />
      </Dialog>
    </>
  );
}

/** The menu of the bots that are selected in a list. */
export function BotsMenu({
  bots,
  onDone,
}: {
  readonly bots: readonly Bot[];
  readonly onDone: () => void;
}): ReactElement {
  const { text } = useLanguage();
  const [decision, setDecision] = useState<Decision | null>(null);
  const isFit: Readonly<Record<Decision, (bot: Bot) => boolean>> = {
    'stop-and-close': (bot) => bot.state === 'running' && bot.activeDeals > 0,
    'stop-and-cancel': (bot) => bot.state === 'running' && bot.activeDeals > 0,
    'close-all': (bot) => bot.activeDeals > 0,
    'cancel-all': (bot) => bot.activeDeals > 0,
    remove: (bot) => bot.state === 'stopped' && bot.activeDeals === 0,
  };
  const action = (kind: Decision): MenuAction => ({
    name: text.bots.ending[kind].name,
    isDisabled: !bots.some(isFit[kind]),
    isDanger: true,
    onSelect: () => setDecision(kind),
  });
  return (
    <>
      <ActionMenu
        label={text.bots.more}
        actions={[
          [
            action('stop-and-close'),
            action('stop-and-cancel'),
            action('close-all'),
            action('cancel-all'),
          ],
          [action('remove')],
        ]}
      />
      <EndingDialog
        bots={decision === null ? [] : bots.filter(isFit[decision])}
        decision={decision}
        onClose={() => setDecision(null)}
        onEnded={onDone}
        onRemoved={onDone}
      />
    </>
  );
}

function EndingDialog({
  bots,
  decision,
  onClose,
  onEnded,
  onRemoved,
}: {
  readonly bots: readonly Bot[];
  readonly decision: Decision | null;
  readonly onClose: () => void;
  readonly onEnded?: () => void;
  readonly onRemoved: () => void;
}): ReactElement {
  const { text, format } = useLanguage();
  const actions = useBotActions();
  const [isBusy, setBusy] = useState(false);
  // The words stay while the dialog closes.
  const words = text.bots.ending[decision ?? 'close-all'];
  const deals = bots.reduce((sum, bot) => sum + bot.activeDeals, 0);
  const confirm = async (): Promise<void> => {
    if (decision === null || isBusy) return;
    setBusy(true);
    if (decision === 'remove') await actions.remove(bots);
    else await actions.end(bots, decision);
    setBusy(false);
    onClose();
    if (decision === 'remove') onRemoved();
    else onEnded?.();
  };
  return (
    <DecisionDialog
      title={words.name}
      isOpen={decision !== null}
      onClose={onClose}
      decision={
        <HoldButton
          label={text.deal.hold(words.name)}
          armedLabel={text.deal.holdAgain}
          isBusy={isBusy}
          onConfirm={() => void confirm()}
        />
      }
    >
      <p>
        <strong>{bots.map((bot) => bot.name).join(', ')}</strong>
      </p>
      <p>{words.text}</p>
      {decision === 'remove' ? null : (
        <p>{text.bots.dealsConcerned({ count: deals, text: format.integer(deals) })}</p>
      )}
      <p>{text.deal.holdHint}</p>
    </DecisionDialog>
  );
}

/** Opens a deal now; what keeps it from opening is said by the desk. */
function StartDealForm({
  bot,
  onDone,
}: {
  readonly bot: Bot;
  readonly onDone: () => void;
}): ReactElement {
  const { text } = useLanguage();
  const actions = useBotActions();
  const [symbol, setSymbol] = useState(bot.settings.symbols[0] ?? '');
  const [skipConditions, setSkipConditions] = useState(false);
  const [skipLimits, setSkipLimits] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    const isDone = await actions.startDeal(bot, { symbol, skipConditions, skipLimits });
    setBusy(false);
    if (isDone) onDone();
  };
  return (
    <div className="dialog-form">
      {bot.settings.symbols.length < 2 ? null : (
        <label htmlFor="start-deal-symbol">
          {text.chart.instrument}
          <SymbolSelect id="start-deal-symbol" bot={bot} value={symbol} onChange={setSymbol} />
        </label>
      )}
      <Switch
        id="skip-conditions"
        name={text.bots.skipConditions}
        isOn={skipConditions}
        onChange={setSkipConditions}
      />
      <Switch
        id="skip-limits"
        name={text.bots.skipLimits}
        isOn={skipLimits}
        onChange={setSkipLimits}
      />
      <footer className="dialog-foot">
        <Button onClick={onDone}>{text.common.cancel}</Button>
        <Button look="primary" isBusy={isBusy} onClick={() => void submit()}>
          {text.bots.startDeal}
        </Button>
      </footer>
    </div>
  );
}

function SignalForm({
  bot,
  onDone,
}: {
  readonly bot: Bot;
  readonly onDone: () => void;
}): ReactElement {
  const { text } = useLanguage();
  const actions = useBotActions();
  const [symbol, setSymbol] = useState(bot.settings.symbols[0] ?? '');
  const [action, setAction] = useState<string>(SIGNALS[0]);
  const [isBusy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    const isDone = await actions.signal(bot, { action, symbol });
    setBusy(false);
    if (isDone) onDone();
  };
  return (
    <div className="dialog-form">
      {bot.settings.symbols.length < 2 ? null : (
        <label htmlFor="signal-symbol">
          {text.chart.instrument}
          <SymbolSelect id="signal-symbol" bot={bot} value={symbol} onChange={setSymbol} />
        </label>
      )}
      <label htmlFor="signal-action">
        {text.bots.signal}
        <SelectControl
          id="signal-action"
          value={action}
          options={SIGNALS.map((each) => ({ value: each, name: text.bots.signals[each] }))}
          isWrong={false}
          onChange={(next) => setAction(String(next))}
          onLeave={() => undefined}
        />
      </label>
      <footer className="dialog-foot">
        <Button onClick={onDone}>{text.common.cancel}</Button>
        <Button look="primary" isBusy={isBusy} onClick={() => void submit()}>
          {text.bots.sendSignal}
        </Button>
      </footer>
    </div>
  );
}

function SymbolSelect({
  id,
  bot,
  value,
  onChange,
}: {
  readonly id: string;
  readonly bot: Bot;
  readonly value: string;
  readonly onChange: (symbol: string) => void;
}): ReactElement {
  return (
    <SelectControl
      id={id}
      value={value}
      options={bot.settings.symbols.map((each) => ({ value: each, name: each }))}
      isWrong={false}
      onChange={(next) => onChange(String(next))}
      onLeave={() => undefined}
    />
  );
}

function Switch({
  id,
  name,
  isOn,
  onChange,
}: {
  readonly id: string;
  readonly name: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}): ReactElement {
  return (
    <div className="dialog-form-row">
      <label htmlFor={id}>{name}</label>
      <SwitchControl
        id={id}
        value={isOn}
        isWrong={false}
        onChange={(next) => onChange(next === true)}
        onLeave={() => undefined}
      />
    </div>
  );
}

function isDecision(kind: Opened['kind']): kind is Decision {
  return kind !== 'none' && kind !== 'startDeal' && kind !== 'signal';
}
