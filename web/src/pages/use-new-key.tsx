// SPDX-License-Identifier: Apache-2.0
// The last step of a renewal where an owner is enrolled: the checked key is put in the place of the one in use.

import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import { refetchConnections } from '../api/queries.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLifeLanguage } from '../language/use-life-language.ts';
import { Button } from '../parts/button.tsx';
import { say } from '../parts/toasts.tsx';
import { performAct } from '../people/consent.ts';
import './connections.css';

/** `connection`: the identifier of the one whose key is replaced. */
export function UseNewKey({ connection }: { readonly connection: string }): ReactElement {
  const client = useQueryClient();
  const life = useLifeLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const take = async (): Promise<void> => {
    setBusy(true);
    try {
      await performAct({ kind: 'takeOver', connection });
      await refetchConnections(client);
    } catch (error) {
      say(life.notTakenOver(errorText(error)), { look: 'failed' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="needs-you" role="status">
      <p>{life.rotationReady}</p>
      <Button look="primary" isBusy={isBusy} onClick={() => void take()}>
        {life.takeOver}
      </Button>
    </div>
  );
}
