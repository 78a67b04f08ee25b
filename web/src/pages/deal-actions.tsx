// SPDX-License-Identifier: Apache-2.0
// What ends a deal early. Neither can be undone, so each needs a held button.

import { useState, type ReactElement } from 'react';

import { useDealActions } from '../actions.ts';
import { isRunning } from '../api/cache.ts';
import type { Deal } from '../api/types.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { useLanguage } from '../language/language.tsx';
import { signOf } from '../number/format.ts';
import { Button } from '../parts/button.tsx';
import { DecisionDialog } from '../parts/dialog.tsx';
import { HoldButton } from '../parts/hold-button.tsx';

type Decision = 'close' | 'cancel';

export function DealActionButtons({ deal }: { readonly deal: Deal }): ReactElement | null {
  const { text, format } = useLanguage();
  const facts = useDeskFacts();
  const actions = useDealActions();
  const [decision, setDecision] = useState<Decision | null>(null);
  const [isBusy, setBusy] = useState(false);
  if (!isRunning(deal)) return null;

  const name = text.deal.title(deal.symbol, text.deal.number(String(deal.number)));
  const quantity = `${format.decimal(deal.quantity, facts.quantityDecimals(deal.symbol))} ${deal.baseAsset}`;
  const holdsCoins = signOf(deal.quantity) > 0;
  const words = decision === 'cancel' ? text.deal.cancelAction : text.deal.closeAction;
  const confirm = async (): Promise<void> => {
    if (decision === null) return;
    setBusy(true);
    await actions[decision](deal, name);
    setBusy(false);
    setDecision(null);
  };

  return (
    <div className="deal-actions">
      <Button
        look="danger"
        disabled={!holdsCoins || deal.status === 'closing'}
        onClick={() => setDecision('close')}
      >
        {text.deal.closeAction}
      </Button>
      <Button disabled={deal.status === 'closing'} onClick={() => setDecision('cancel')}>
        {text.deal.cancelAction}
      </Button>
      <DecisionDialog
        title={`${words}: ${name}`}
        isOpen={decision !== null}
        onClose={() => setDecision(null)}
        decision={
          <HoldButton
            label={text.deal.hold(words)}
            armedLabel={text.deal.holdAgain}
            isBusy={isBusy}
            onConfirm={() => void confirm()}
          />
        }
      >
        <p>
          <strong>
            {decision === 'cancel'
              ? holdsCoins
                ? text.deal.cancelText(quantity)
                : text.deal.cancelTextEmpty
              : text.deal.closeText(quantity, deal.symbol)}
          </strong>
        </p>
        {decision === 'close' && deal.lastPrice !== null ? (
          <p>
            {text.deal.closePrice(
              `${format.decimal(deal.lastPrice, facts.priceDecimals(deal.symbol))} ${deal.quoteAsset}`,
            )}
          </p>
        ) : null}
        <p>{text.deal.holdHint}</p>
      </DecisionDialog>
    </div>
  );
}
