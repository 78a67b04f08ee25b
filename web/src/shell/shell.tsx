// SPDX-License-Identifier: Apache-2.0
// What stands around every page: the rail, the strip, the commands.

import { Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { setStepUp } from '../api/client.ts';
import { StaleProvider, useStaleSince } from '../api/desk-facts.tsx';
import { useLanguage } from '../language/language.tsx';
import { Anchor } from '../parts/anchor.tsx';
import { IconButton } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { useKeys } from '../parts/keyboard.ts';
import { Toasts } from '../parts/toasts.tsx';
import { paths } from '../paths.ts';
import { stepUp, useOpenQuestion } from '../people/consent.ts';
import { AlarmCount, AlarmSlot } from './alarm-slot.tsx';
import { PLACES } from './places.ts';
import { RoleSlot } from './role-slot.tsx';
import { Strip } from './strip.tsx';
import { VaultSlot } from './vault-slot.tsx';
import './shell.css';

/** Layers are fetched when the first of their kind opens. */
const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));
const KeyboardDialog = lazy(async () => ({
  default: (await import('./keyboard-list.tsx')).KeyboardDialog,
}));
const MoreSheet = lazy(async () => ({ default: (await import('./more-sheet.tsx')).MoreSheet }));
/** Loaded when there is something to consent to. */
const ConsentDialog = lazy(async () => ({
  default: (await import('../people/consent-dialog.tsx')).ConsentDialog,
}));

type Layer = 'none' | 'palette' | 'keyboard' | 'more';

export function Shell(): ReactElement {
  const { text } = useLanguage();
  const address = useAddress();
  const staleSince = useStaleSince();
  const question = useOpenQuestion();
  const [layer, setLayer] = useState<Layer>('none');
  useEffect(() => setStepUp(stepUp), []);
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

  // The policy says what connections may sign, so it lies beneath them.
  const isPolicy = isAt(address.path, paths.policy);
  const here = PLACES.find(({ name }) =>
    isAt(isPolicy ? paths.connections : address.path, paths[name]),
  );
  useEffect(() => {
    const title = isPolicy ? text.nav.policy : here && text.nav[here.name];
    document.title = title === undefined ? 'Kontor' : `${title} – Kontor`;
  }, [here, isPolicy, text]);

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
            className={`rail-link rail-${place.name} ${place.isInBar ? '' : 'rail-behind'}`}
            href={paths[place.name]}
            title={text.nav[place.name]}
            aria-current={place === here ? 'page' : undefined}
          >
            <Icon name={place.icon} />
            <span className="rail-text">{text.nav[place.name]}</span>
            {place.name === 'alarms' ? <AlarmCount /> : null}
          </Anchor>
        ))}
        <button
          type="button"
          className="rail-link rail-more"
          aria-haspopup="dialog"
          aria-expanded={layer === 'more'}
          aria-current={here !== undefined && !here.isInBar ? 'true' : undefined}
          onClick={() => setLayer('more')}
        >
          <Icon name="more" />
          <span className="rail-text">{text.nav.more}</span>
        </button>
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
          <RoleSlot />
          <AlarmSlot />
          <VaultSlot path={address.path} />
          <Outlet />
        </StaleProvider>
      </main>
      {question === null ? null : (
        <Suspense fallback={null}>
          <ConsentDialog />
        </Suspense>
      )}
      <Toasts />
      <Suspense fallback={null}>
        {layer === 'palette' ? (
          <Palette onClose={close} onKeyboard={() => setLayer('keyboard')} />
        ) : layer === 'keyboard' ? (
          <KeyboardDialog onClose={close} />
        ) : layer === 'more' ? (
          <MoreSheet here={here} onClose={close} />
        ) : null}
      </Suspense>
    </div>
  );
}

function isAt(path: string, place: string): boolean {
  return place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`);
}
