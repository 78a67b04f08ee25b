// SPDX-License-Identifier: Apache-2.0
// What stands around every page: the rail, the strip, the commands.

import { Outlet } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { StaleProvider, useStaleSince } from '../api/desk-facts.tsx';
import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { IconButton } from '../parts/button.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { useKeys } from '../parts/keyboard.ts';
import { Toasts } from '../parts/toasts.tsx';
import { paths } from '../paths.ts';
import { KeyboardDialog } from './keyboard-list.tsx';
import { Palette } from './palette.tsx';
import { Strip } from './strip.tsx';
import './shell.css';

interface Place {
  readonly name: 'overview' | 'bots' | 'deals' | 'connections' | 'risk' | 'settings';
  readonly icon: IconName;
  readonly key: string;
}

const PLACES: readonly Place[] = [
  { name: 'overview', icon: 'overview', key: 'g o' },
  { name: 'bots', icon: 'bots', key: 'g b' },
  { name: 'deals', icon: 'deals', key: 'g d' },
  { name: 'connections', icon: 'connections', key: 'g c' },
  { name: 'risk', icon: 'shield', key: 'g r' },
  { name: 'settings', icon: 'settings', key: 'g s' },
];

type Layer = 'none' | 'palette' | 'keyboard';

export function Shell(): ReactElement {
  const { text } = useLanguage();
  const address = useAddress();
  const staleSince = useStaleSince();
  const [layer, setLayer] = useState<Layer>('none');
  const close = (): void => setLayer('none');

  useKeys({
    ...Object.fromEntries(PLACES.map((place) => [place.key, () => address.go(paths[place.name])])),
    'mod+k': () => setLayer((open) => (open === 'palette' ? 'none' : 'palette')),
    '?': () => setLayer('keyboard'),
  });

  const isStale = staleSince !== null;
  useEffect(() => {
    document.documentElement.dataset['stale'] = String(isStale);
  }, [isStale]);

  const here = PLACES.find(({ name }) => isAt(address.path, paths[name]));
  useEffect(() => {
    const title = here && text.nav[here.name];
    document.title = title === undefined ? 'Kontor' : `${title} – Kontor`;
  }, [here, text]);

  return (
    <div className="shell">
      <a className="skip" href="#page">
        {text.nav.skip}
      </a>
      <Strip onCommands={() => setLayer('palette')} />
      <nav className="rail" aria-label={text.nav.label}>
        {PLACES.map((place) => (
          <Anchor
            key={place.name}
            className={`rail-link rail-${place.name}`}
            href={paths[place.name]}
            title={text.nav[place.name]}
            aria-current={place === here ? 'page' : undefined}
          >
            <Icon name={place.icon} />
            <span className="rail-text">{text.nav[place.name]}</span>
          </Anchor>
        ))}
        <div className="rail-foot">
          <IconButton
            icon="keyboard"
            label={text.keys.open}
            shortcut="?"
            onClick={() => setLayer('keyboard')}
          />
        </div>
      </nav>
      <main id="page" className="page" tabIndex={-1}>
        <StaleProvider value={staleSince}>
          <Outlet />
        </StaleProvider>
      </main>
      <Toasts />
      <Palette
        isOpen={layer === 'palette'}
        onClose={close}
        onKeyboard={() => setLayer('keyboard')}
      />
      <KeyboardDialog isOpen={layer === 'keyboard'} onClose={close} />
    </div>
  );
}

function isAt(path: string, place: string): boolean {
  return place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`);
}
