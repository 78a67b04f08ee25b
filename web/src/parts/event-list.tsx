// SPDX-License-Identifier: Apache-2.0
// The event stream of deals in plain sentences, newest first.

import { NO_DEAL } from '@kontor/core';
import type { ReactElement } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import type { Note } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { noteSentence } from '../language/note-sentence.ts';
import { dealPath, dealNumber } from '../paths.ts';
import { Anchor } from './anchor.tsx';
import { Ago } from './times.tsx';
import './event-list.css';

export interface EventListProps {
  readonly label: string;
  readonly notes: readonly Note[];
  /** By deal, where the note itself does not say what its deal trades. */
  readonly symbolOf: (note: Note) => string;
  /** Names the deal of each event, where events of several stand together. */
  readonly hasDeal: boolean;
  /** Names the bot of each event, where events of several stand together. */
  readonly botNameOf?: (botId: string) => string;
}

/** How an event weighs: `needsYou` was refused or failed, `deal` begins or ends one, `fill` moved coins. */
type Weight = 'plain' | 'fill' | 'deal' | 'needsYou';

export function EventList({
  label,
  notes,
  symbolOf,
  hasDeal,
  botNameOf,
}: EventListProps): ReactElement {
  const language = useLanguage();
  const facts = useDeskFacts();
  return (
    // A list that scrolls takes the focus, so that the keyboard can scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <ol className="event-list" aria-label={label} tabIndex={0}>
      {notes.map((note) => (
        <li key={note.sequence} className={`event event-${weightOf(note.kind)}`}>
          <span className="event-mark" aria-hidden="true" />
          <div className="event-text">
            <p>{noteSentence(note, facts.instrument(note.symbol ?? symbolOf(note)), language)}</p>
            <p className="event-foot">
              <Ago at={note.time} />
              {hasDeal && dealNumber(note.dealId) !== String(NO_DEAL) ? (
                <Anchor className="event-link" href={dealPath(note.dealId)}>
                  {`${note.symbol ?? symbolOf(note)} ${language.text.deal.number(dealNumber(note.dealId))}`}
                </Anchor>
              ) : null}
              {botNameOf === undefined ? null : (
                <span className="cut">{botNameOf(note.botId)}</span>
              )}
            </p>
          </div>
        </li>
      ))}
    </ol>
  );
}

function weightOf(kind: string): Weight {
  switch (kind) {
    case 'orderRejected':
    case 'dealFailed':
    case 'dealPaused':
    case 'signalRefused':
    case 'botStopped':
      return 'needsYou';
    case 'dealStarted':
    case 'dealCompleted':
    case 'dealCancelled':
    case 'stopLossTriggered':
      return 'deal';
    case 'orderFilled':
      return 'fill';
    default:
      return 'plain';
  }
}
