// SPDX-License-Identifier: Apache-2.0
// The kill switch in the strip: held, it stops all entries at once; pressed, it says how the desk stands and offers
// the way back.

import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import { setRiskState, useRisks } from '../api/queries.ts';
import type { Risk } from '../api/types.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { Badge } from '../parts/badge.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { riskLook } from '../parts/risk-look.ts';
import { Ago } from '../parts/times.tsx';
import { say } from '../parts/toasts.tsx';
import { paths } from '../paths.ts';
import './risk-switch.css';

export function RiskSwitch(): ReactElement | null {
  const { text } = useLanguage();
  const { data: risks } = useRisks();
  const [isOpen, setOpen] = useState(false);
  const setState = useRiskState('desk');
  const desk = risks?.find(({ scope }) => scope === 'desk');
  if (desk === undefined) return null;
  const isActive = desk.state === 'active';
  return (
    <span className={`risk-switch risk-switch-${desk.state}`}>
      {isActive ? (
        <HoldButton
          look="plain"
          label={text.risk.stopEntries}
          armedLabel={text.risk.stopEntries}
          hint={text.risk.stopEntriesHint}
          isBusy={setState.isBusy}
          onConfirm={() => void setState.run('reducing')}
          onPress={() => setOpen(true)}
        />
      ) : (
        <button type="button" className="risk-switch-state" onClick={() => setOpen(true)}>
          <Badge look={riskLook(desk.state)}>{text.risk.deskState[desk.state]}</Badge>
        </button>
      )}
      <Dialog title={text.risk.title} isOpen={isOpen} onClose={() => setOpen(false)}>
        <div className="dialog-text">
          <RiskState risk={desk} />
          <p>{text.risk.reducingText}</p>
          <p>{text.risk.haltedText}</p>
          <p>{text.deal.holdHintShort}</p>
        </div>
        <footer className="dialog-foot">
          <Anchor className="button button-quiet" href={paths.risk} onClick={() => setOpen(false)}>
            {text.risk.toLimits}
          </Anchor>
          <RiskButtons scope="desk" state={desk.state} onDone={() => setOpen(false)} />
        </footer>
      </Dialog>
    </span>
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

function useRiskState(scope: string): {
  readonly isBusy: boolean;
  readonly run: (state: Risk['state']) => Promise<boolean>;
} {
  const client = useQueryClient();
  const { text } = useLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const run = async (state: Risk['state']): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    try {
      await setRiskState(client, scope, state);
      say(text.risk.changed[state]);
      return true;
    } catch (error) {
      say(text.risk.notChanged(errorText(error)), { look: 'failed' });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, run };
}
