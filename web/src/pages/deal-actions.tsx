// SPDX-License-Identifier: Apache-2.0
// What may be done to a running deal: ended early, enlarged, closed in part, changed. What cannot be undone needs a
// held button.

import { useState, type ReactElement } from 'react';

import { useDealActions } from '../actions.ts';
import { isRunning } from '../api/cache.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import type { DealRequest } from '../api/queries.ts';
import type { Deal } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { signOf } from '../number/format.ts';
import { decimalMark, readNumber } from '../number/number-entry.ts';
import { Anchor } from '../parts/anchor.tsx';
import { Button } from '../parts/button.tsx';
import { DecisionDialog, Dialog } from '../parts/dialog.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { ActionMenu, type MenuAction } from '../parts/menu.tsx';
import { Segmented } from '../parts/segmented.tsx';
import { editBotPath, editDealPath } from '../paths.ts';
import { useMay } from '../people/use-may.ts';
import './bot-menu.css';

type Decision = 'close' | 'cancel' | 'convert' | 'forceEntry';
type Opened = Decision | 'addFunds' | 'reduceFunds' | null;

export function DealActionButtons({ deal }: { readonly deal: Deal }): ReactElement | null {
  const { text } = useLanguage();
  const [opened, setOpened] = useState<Opened>(null);
  const isTrader = useMay('trader');
  if (!isRunning(deal) || !isTrader) return null;
  const name = text.deal.title(deal.symbol, text.deal.number(String(deal.number)));
  const isEnding = deal.status === 'closing';
  const holdsCoins = signOf(deal.quantity) !== 0;
  const isTrade = deal.kind === 'smartTrade' || deal.kind === 'signal';
  const editPath = editPathOf(deal);
  const mayFund = (deal.kind === 'dca' || isTrade) && !isEnding;
  const action = (kind: Exclude<Opened, null>, label: string): MenuAction => ({
    name: label,
    onSelect: () => setOpened(kind),
  });
  const waits =
    deal.details?.kind === 'trade' &&
    deal.details.steps.some((step) => step.purpose === 'entry' && step.state === 'waiting');
  return (
    <div className="deal-actions">
      {editPath !== null && !isEnding ? (
        <Anchor className="button button-plain" href={editPath}>
          {text.deal.edit}
        </Anchor>
      ) : null}
      <ActionMenu
        label={text.deal.more}
        actions={[
          mayFund
            ? [
                action('addFunds', text.deal.addFunds),
                ...(holdsCoins ? [action('reduceFunds', text.deal.reduceFunds)] : []),
              ]
            : [],
          [
            ...(waits ? [action('forceEntry', text.deal.forceEntry)] : []),
            ...(deal.kind === 'dca' && holdsCoins && !isEnding
              ? [action('convert', text.deal.convert)]
              : []),
          ],
        ]}
      />
      <Button look="danger" disabled={!holdsCoins || isEnding} onClick={() => setOpened('close')}>
        {text.deal.closeAction}
      </Button>
      <Button disabled={isEnding} onClick={() => setOpened('cancel')}>
        {text.deal.cancelAction}
      </Button>
      <DealDecision
        deal={deal}
        name={name}
        decision={isDecision(opened) ? opened : null}
        onClose={() => setOpened(null)}
      />
      <Dialog
        title={opened === 'reduceFunds' ? text.deal.reduceFunds : text.deal.addFunds}
        isOpen={opened === 'addFunds' || opened === 'reduceFunds'}
        onClose={() => setOpened(null)}
      >
        <FundsForm
          deal={deal}
          name={name}
          action={opened === 'reduceFunds' ? 'reduce-funds' : 'add-funds'}
          onDone={() => setOpened(null)}
        />
      </Dialog>
    </div>
  );
}

/** Where the terms of a running deal are changed: its own, or those of the trade that it is. */
function editPathOf(deal: Deal): string | null {
  if (deal.details?.kind === 'dca' || deal.details?.kind === 'grid') return editDealPath(deal.id);
  return deal.kind === 'smartTrade' ? editBotPath(deal.botId) : null;
}

function DealDecision({
  deal,
  name,
  decision,
  onClose,
}: {
  readonly deal: Deal;
  readonly name: string;
  readonly decision: Decision | null;
  readonly onClose: () => void;
}): ReactElement {
  const { text, format } = useLanguage();
  const facts = useDeskFacts();
  const actions = useDealActions();
  const [isBusy, setBusy] = useState(false);
  const quantity = `${format.decimal(deal.quantity, facts.quantityDecimals(deal.symbol))} ${deal.baseAsset}`;
  const holdsCoins = signOf(deal.quantity) !== 0;
  const words: Readonly<Record<Decision, string>> = {
    close: text.deal.closeAction,
    cancel: text.deal.cancelAction,
    convert: text.deal.convert,
    forceEntry: text.deal.forceEntry,
  };
  const said: Readonly<Record<Decision, string>> = {
    close:
      deal.direction === 'short'
        ? text.deal.closeShortText(quantity, deal.symbol)
        : text.deal.closeText(quantity, deal.symbol),
    cancel: !holdsCoins
      ? text.deal.cancelTextEmpty
      : deal.direction === 'short'
        ? text.deal.cancelShortText(quantity)
        : text.deal.cancelText(quantity),
    convert: text.deal.convertText,
    forceEntry: text.deal.forceEntryText,
  };
  // The words stay while the dialog closes.
  const shown = decision ?? 'close';
  const confirm = async (): Promise<void> => {
    if (decision === null || isBusy) return;
    setBusy(true);
    switch (decision) {
      case 'close':
      case 'cancel':
        await actions[decision](deal, name);
        break;
      case 'convert':
        await actions.ask(deal, { action: 'convert' }, name);
        break;
      case 'forceEntry':
        await actions.ask(deal, { action: 'force-entry' }, name);
        break;
    }
    setBusy(false);
    onClose();
  };
  return (
    <DecisionDialog
      title={`${words[shown]}: ${name}`}
      isOpen={decision !== null}
      onClose={onClose}
      decision={
        <HoldButton
          label={text.deal.hold(words[shown])}
          armedLabel={text.deal.holdAgain}
          isBusy={isBusy}
          onConfirm={() => void confirm()}
        />
      }
    >
      <p>
        <strong>{said[shown]}</strong>
      </p>
      {(shown === 'close' || shown === 'forceEntry') && deal.lastPrice !== null ? (
        <p>
          {text.deal.closePrice(
            `${format.decimal(deal.lastPrice, facts.priceDecimals(deal.symbol))} ${deal.quoteAsset}`,
          )}
        </p>
      ) : null}
      <p>{text.deal.holdHint}</p>
    </DecisionDialog>
  );
}

/** An amount to move now or at a price. What the exchange would refuse is said by the desk. */
function FundsForm({
  deal,
  name,
  action,
  onDone,
}: {
  readonly deal: Deal;
  readonly name: string;
  readonly action: 'add-funds' | 'reduce-funds';
  readonly onDone: () => void;
}): ReactElement {
  const { text, format } = useLanguage();
  const actions = useDealActions();
  const [kind, setKind] = useState<'quote' | 'base'>(action === 'add-funds' ? 'quote' : 'base');
  const [amount, setAmount] = useState('');
  const [price, setPrice] = useState('');
  const [isAttempted, setAttempted] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const mark = decimalMark(format.locale);
  const value = positive(amount, mark);
  const at = price.trim() === '' ? null : positive(price, mark);
  const isPriceWrong = price.trim() !== '' && at === null;
  const label = action === 'add-funds' ? text.deal.addFunds : text.deal.reduceFunds;
  const submit = async (): Promise<void> => {
    setAttempted(true);
    if (value === null || isPriceWrong || isBusy) return;
    setBusy(true);
    const request: DealRequest = {
      action,
      body: { amount: { kind, value }, ...(at === null ? {} : { price: at }) },
    };
    const isDone = await actions.ask(deal, request, name);
    setBusy(false);
    if (isDone) onDone();
  };
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label htmlFor="funds-amount">
        {text.deal.amount}
        <input
          id="funds-amount"
          className="control"
          inputMode="decimal"
          autoComplete="off"
          value={amount}
          aria-invalid={isAttempted && value === null}
          aria-describedby="funds-amount-note"
          onChange={(event) => setAmount(event.target.value)}
        />
        <span id="funds-amount-note" className="needs-you">
          {isAttempted && value === null ? text.deal.fundsWrong : ''}
        </span>
      </label>
      <Segmented
        label={text.deal.amount}
        value={kind}
        options={[
          { value: 'quote', name: deal.quoteAsset },
          { value: 'base', name: deal.baseAsset },
        ]}
        onChange={setKind}
      />
      <label htmlFor="funds-price">
        {text.deal.atPrice}
        <input
          id="funds-price"
          className="control"
          inputMode="decimal"
          autoComplete="off"
          value={price}
          aria-invalid={isPriceWrong}
          aria-describedby="funds-price-note"
          onChange={(event) => setPrice(event.target.value)}
        />
        <span id="funds-price-note" className={isPriceWrong ? 'needs-you' : 'muted'}>
          {isPriceWrong ? text.deal.priceWrong : text.deal.atPriceHint}
        </span>
      </label>
      <footer className="dialog-foot">
        <Button onClick={onDone}>{text.common.cancel}</Button>
        <Button look="primary" isBusy={isBusy} onClick={() => void submit()}>
          {label}
        </Button>
      </footer>
    </form>
  );
}

/** `typed` as plain decimal text above zero, or null. */
function positive(typed: string, mark: '.' | ','): string | null {
  const entry = readNumber(typed, mark);
  return entry.kind === 'number' && signOf(entry.text) > 0 ? entry.text : null;
}

function isDecision(opened: Opened): opened is Decision {
  return opened !== null && opened !== 'addFunds' && opened !== 'reduceFunds';
}
