// SPDX-License-Identifier: Apache-2.0
// The line that tells a viewer what to expect of the buttons below.

import type { ReactElement } from 'react';

import { usePeopleLanguage } from '../language/use-people-language.ts';

export function ViewerNote(): ReactElement {
  const people = usePeopleLanguage();
  return <p className="viewer-note">{people.youViewer}</p>;
}
