// SPDX-License-Identifier: Apache-2.0
// The kill switch in the strip: held, it stops all entries at once; pressed, it says how the desk stands and offers
// the way back.

import { lazy, Suspense, useState, type ReactElement } from 'react';

import { useRisks } from '../api/queries.ts';
import { useLanguage } from '../language/language.tsx';
import { Badge } from '../parts/badge.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { riskLook } from '../parts/risk-look.ts';
import { useRiskState } from './use-risk-state.ts';
import './risk-switch.css';

/** Fetched when it opens. */
const RiskDialog = lazy(async () => ({ default: (await import('./risk-dialog.tsx')).RiskDialog }));

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
      {isOpen ? (
        <Suspense fallback={null}>
          <RiskDialog risk={desk} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </span>
  );
}
