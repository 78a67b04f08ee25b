// SPDX-License-Identifier: Apache-2.0
// A policy in words: what each line means and what the worst day could cost.

import type { ReactElement } from 'react';

import type { PolicyConnection } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { usePolicyLanguage } from '../language/use-policy-language.ts';
import { inWords } from './policy-numbers.ts';

const SECOND_MS = 1_000;

export function PolicyWords({
  connections,
}: {
  readonly connections: readonly PolicyConnection[];
}): ReactElement {
  const words = usePolicyLanguage();
  const { format } = useLanguage();
  return (
    <>
      {connections.map(({ connection, reference, floors, lines, worstDay }) => (
        <div key={connection} className="policy-connection">
          <h3>{connection}</h3>
          <ul className="policy-lines">
            {lines.map((line) => (
              <li key={line.id} title={line.text}>
                {words.line(inWords(line, format))} <span className="muted">({line.id})</span>
              </li>
            ))}
            {reference === null ? null : (
              <li title={reference.text}>
                {words.reference(
                  reference.sources.join(', '),
                  String(reference.maxAgeMs / SECOND_MS),
                  inWords(reference, format).agree,
                )}
              </li>
            )}
            {floors.map((floor) => (
              <li key={floor.text} title={floor.text}>
                {words.floor(inWords(floor, format))}
              </li>
            ))}
          </ul>
          <p>
            <strong>{words.worstDay}: </strong>
            {worstDay.length === 0
              ? words.noDay()
              : worstDay.map((day) => words.day(inWords(day, format))).join('; ')}
            .
          </p>
        </div>
      ))}
    </>
  );
}
