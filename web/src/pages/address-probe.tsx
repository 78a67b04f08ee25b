// SPDX-License-Identifier: Apache-2.0
// Tries a key's list of addresses from a second address, once a person has read what is sent and what it proves.

import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';

import { probeConnection, useVenues } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { useLifeLanguage } from '../language/use-life-language.ts';
import { Button } from '../parts/button.tsx';
import { say } from '../parts/toasts.tsx';
import './connections.css';

/** What is known of the list: seen to hold, not real, never tried, and a later try that told nothing. */
export function useBindText({ bind, bindDoubt }: Connection): string {
  const { format } = useLanguage();
  const life = useLifeLanguage();
  const seen = (): string => {
    if (bind === null) return life.bind.neverTried;
    return bind.verdict === 'holds' ? life.bind.holds(format.full(bind.seenAt)) : life.bind.broken;
  };
  if (bindDoubt === null) return seen();
  const doubt = life.bind.doubts[bindDoubt.reason](bindDoubt.words);
  return `${seen()} ${life.bind.doubt(format.full(bindDoubt.at), doubt)}`;
}

export function AddressProbe({ connection }: { readonly connection: Connection }): ReactElement {
  const client = useQueryClient();
  const life = useLifeLanguage();
  const errorText = useErrorText();
  const venues = useVenues();
  const [isBusy, setBusy] = useState(false);
  const hasSecondAddress = venues.data?.some((each) => each.hasSecondAddress) ?? false;
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      await probeConnection(client, connection.id);
    } catch (error) {
      say(life.probeFailed(errorText(error)), { look: 'failed' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <details className="connection-probe">
      <summary>{life.probe}</summary>
      <p>{life.probeWhat}</p>
      {hasSecondAddress ? (
        <>
          <p>{life.probeConsent(connection.name)}</p>
          <Button look="plain" isBusy={isBusy} onClick={() => void send()}>
            {life.probeSend}
          </Button>
        </>
      ) : (
        <p>{life.probeHow('second-address', 'socks5://127.0.0.1:1080')}</p>
      )}
    </details>
  );
}
