// SPDX-License-Identifier: Apache-2.0
// How a scope stands and the ways out of that; for the desk as a dialog.

import type { ReactElement } from 'react';

import type { Risk } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { Badge } from '../parts/badge.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { riskLook } from '../parts/risk-look.ts';
import { Ago } from '../parts/times.tsx';
import { paths } from '../paths.ts';
import { useRiskState } from './use-risk-state.ts';

export function RiskDialog({
  risk,
  onClose,
}: {
  readonly risk: Risk;
  readonly onClose: () => void;
}): ReactElement {
  const { text } = useLanguage();
  return (
    <Dialog title={text.risk.title} isOpen onClose={onClose}>
      <div className="dialog-text">
        <RiskState risk={risk} />
        <p>{text.risk.reducingText}</p>
        <p>{text.risk.haltedText}</p>
        <p>{text.deal.holdHintShort}</p>
      </div>
      <footer className="dialog-foot">
        <Anchor className="button button-quiet" href={paths.risk} onClick={onClose}>
          {text.risk.toLimits}
        </Anchor>
        <RiskButtons scope="desk" state={risk.state} onDone={onClose} />
      </footer>
    </Dialog>
  );
}

/** In which state a scope is, since when and why. */
export function RiskState({ risk }: { readonly risk: Risk }): ReactElement {
  const { text, format } = useLanguage();
  const { values, until } = risk;
  const name = risk.scope === 'desk' ? text.risk.deskState : text.risk.botState;
  const loss = (key: string): string => {
    const found = values[key] ?? '';
    return /^-?\d+(\.\d+)?$/.test(found)
      ? `${format.decimal(found, 2)} ${values['asset'] ?? ''}`.trim()
      : found;
  };
  return (
    <p className="risk-state">
      <Badge look={riskLook(risk.state)}>{name[risk.state]}</Badge>{' '}
      <span className="muted">
        {risk.cause === 'none' ? null : (
          <>
            {risk.cause === 'person'
              ? text.risk.byPerson
              : text.risk.byLoss(loss('loss'), loss('limit'))}
            {risk.since === null ? null : (
              <>
                {', '}
                <Ago at={risk.since} />
              </>
            )}
            {until === null ? null : `. ${text.risk.until(format.full(until))}`}
          </>
        )}
      </span>
    </p>
  );
}

const WAYS: Readonly<Record<Risk['state'], readonly Risk['state'][]>> = {
  active: ['reducing', 'halted'],
  reducing: ['halted', 'active'],
  halted: ['reducing', 'active'],
};

/** The ways out of `state`, each held to confirm. */
export function RiskButtons({
  scope,
  state,
  look = 'danger',
  onDone,
}: {
  readonly scope: string;
  readonly state: Risk['state'];
  readonly look?: 'plain' | 'danger';
  readonly onDone?: () => void;
}): ReactElement {
  const { text } = useLanguage();
  const { isBusy, run } = useRiskState(scope);
  return (
    <>
      {WAYS[state].map((next) => (
        <HoldButton
          key={next}
          look={next === 'active' ? 'plain' : look}
          hint={text.deal.holdHintShort}
          label={text.risk.change[next]}
          armedLabel={text.deal.holdAgain}
          isBusy={isBusy}
          onConfirm={() => void run(next).then((isDone) => (isDone ? onDone?.() : undefined))}
        />
      ))}
    </>
  );
}
