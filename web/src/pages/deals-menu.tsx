// SPDX-License-Identifier: Apache-2.0
// Ending several deals that are selected in the list.

import { useState, type ReactElement } from 'react';

import { useDealActions } from '../actions.ts';
import { isRunning, type DealRow } from '../api/cache.ts';
import { useLanguage } from '../language/language.tsx';
import { DecisionDialog } from '../parts/dialog.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { ActionMenu } from '../parts/menu.tsx';

type Decision = 'close' | 'cancel';

/** Names shown before the rest is only counted. */
const NAMES_MOST = 12;

export function DealsMenu({
  rows,
  onDone,
}: {
  readonly rows: readonly DealRow[];
  readonly onDone: () => void;
}): ReactElement {
  const { text, format } = useLanguage();
  const actions = useDealActions();
  const [decision, setDecision] = useState<Decision | null>(null);
  const [isBusy, setBusy] = useState(false);
  const fit = rows.filter((row) => isRunning(row) && row.status !== 'closing');
  const nameOf = (row: DealRow): string =>
    text.deal.title(row.symbol, text.deal.number(String(row.number)));
  const words = decision === 'cancel' ? text.deal.cancelAction : text.deal.closeAction;
  const confirm = async (): Promise<void> => {
    if (decision === null || isBusy) return;
    setBusy(true);
    // One after another: the desk does each whole before the next.
    for (const row of fit) await actions[decision](row, nameOf(row));
    setBusy(false);
    setDecision(null);
    onDone();
  };
  const more = fit.length - NAMES_MOST;
  return (
    <>
      <ActionMenu
        label={text.deal.more}
        actions={[
          (['close', 'cancel'] as const).map((kind) => ({
            name: kind === 'cancel' ? text.deal.cancelAction : text.deal.closeAction,
            isDisabled: fit.length === 0,
            isDanger: true,
            onSelect: () => setDecision(kind),
          })),
        ]}
      />
      <DecisionDialog
        title={words}
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
          <strong>{fit.slice(0, NAMES_MOST).map(nameOf).join(', ')}</strong>
          {more > 0 ? ` + ${format.integer(more)}` : ''}
        </p>
        <p>{decision === 'cancel' ? text.deals.cancelText : text.deals.closeText}</p>
        <p>{text.deal.holdHint}</p>
      </DecisionDialog>
    </>
  );
}
