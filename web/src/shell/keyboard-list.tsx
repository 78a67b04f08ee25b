// SPDX-License-Identifier: Apache-2.0
// Every key of the desk, in one list: as a dialog, and on the settings page.

import { Fragment, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import type { Catalogue } from '../language/english.ts';
import { Dialog } from '../parts/dialog.tsx';
import './keyboard-list.css';

type KeyName = Exclude<keyof Catalogue['keys'], 'title' | 'open' | 'andThen' | 'group'>;

interface KeyGroup {
  readonly name: keyof Catalogue['keys']['group'];
  /** Keys of a row are pressed one after another; `/` between keys means either. */
  readonly rows: readonly (readonly [KeyName, readonly string[]])[];
}

const GROUPS: readonly KeyGroup[] = [
  {
    name: 'everywhere',
    rows: [
      ['palette', ['Ctrl K']],
      ['help', ['?']],
      ['goOverview', ['G', 'O']],
      ['goBots', ['G', 'B']],
      ['goDeals', ['G', 'D']],
      ['goConnections', ['G', 'C']],
      ['goAlarms', ['G', 'A']],
      ['goLog', ['G', 'L']],
      ['goRisk', ['G', 'R']],
      ['goPeople', ['G', 'P']],
      ['goSettings', ['G', 'S']],
      ['close', ['Esc']],
    ],
  },
  {
    name: 'lists',
    rows: [
      ['down', ['J']],
      ['up', ['K']],
      ['openRow', ['Enter']],
      ['select', ['X']],
      ['selectAll', ['Shift A']],
      ['filter', ['/']],
      ['newBot', ['N']],
    ],
  },
  {
    name: 'chart',
    rows: [
      ['interval', ['[ ]']],
      ['fit', ['F']],
    ],
  },
  {
    name: 'decide',
    rows: [
      ['hold', ['Enter']],
      ['saveForm', ['Ctrl Enter']],
    ],
  },
];

export function KeyboardList(): ReactElement {
  const { text } = useLanguage();
  return (
    <div className="keyboard-list">
      {GROUPS.map((group) => (
        <div key={group.name} role="group" aria-label={text.keys.group[group.name]}>
          <h3>{text.keys.group[group.name]}</h3>
          <dl>
            {group.rows.map(([name, keys]) => (
              <div key={name}>
                <dt>{text.keys[name]}</dt>
                <dd>
                  {keys.map((key, index) => (
                    <Fragment key={key}>
                      {index === 0 ? null : <span className="muted"> {text.keys.andThen} </span>}
                      <kbd>{key}</kbd>
                    </Fragment>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
    </div>
  );
}

export function KeyboardDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { text } = useLanguage();
  return (
    <Dialog title={text.keys.title} isOpen onClose={onClose} isWide>
      <div className="keyboard-dialog">
        <KeyboardList />
      </div>
    </Dialog>
  );
}
