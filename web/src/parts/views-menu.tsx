// SPDX-License-Identifier: Apache-2.0
// Saved views: a page's filters and order under a name, kept in this browser.

import { DropdownMenu } from 'radix-ui';
import { useEffect, useRef, useState, type ReactElement } from 'react';

import { useAddress } from '../address.ts';
import { useLanguage } from '../language/language.tsx';
import { readViews, writeViews, type SavedView } from '../saved-views.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Icon } from './icon.tsx';
import './views-menu.css';

const NAME_LENGTH_MAX = 60;

export function ViewsMenu({ page }: { readonly page: 'bots' | 'deals' }): ReactElement {
  const { text } = useLanguage();
  const address = useAddress();
  const [views, setViews] = useState(() => readViews(page));
  const [isNaming, setNaming] = useState(false);

  const keep = (next: readonly SavedView[]): void => {
    setViews(next);
    writeViews(page, next);
  };
  const save = (name: string): void => {
    const search = new URLSearchParams(address.search);
    // What stands open beside the table is not part of how it is looked at.
    search.delete('panel');
    keep([...views.filter((view) => view.name !== name), { name, search: search.toString() }]);
    setNaming(false);
  };

  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button look="quiet" icon="bookmark">
            {text.deals.views}
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8}>
            {views.length === 0 ? (
              <p className="menu-empty">{text.deals.noViews}</p>
            ) : (
              views.map((view) => (
                <div key={view.name} className="menu-row">
                  <DropdownMenu.Item
                    className="menu-item"
                    onSelect={() =>
                      address.go(
                        view.search === '' ? address.path : `${address.path}?${view.search}`,
                      )
                    }
                  >
                    {view.name}
                  </DropdownMenu.Item>
                  <DropdownMenu.Item
                    className="menu-item menu-item-icon"
                    aria-label={text.deals.deleteView(view.name)}
                    onSelect={(event) => {
                      event.preventDefault();
                      keep(views.filter((each) => each !== view));
                    }}
                  >
                    <Icon name="close" />
                  </DropdownMenu.Item>
                </div>
              ))
            )}
            <DropdownMenu.Separator className="menu-line" />
            <DropdownMenu.Item className="menu-item" onSelect={() => setNaming(true)}>
              {text.deals.saveView}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Dialog title={text.deals.saveView} isOpen={isNaming} onClose={() => setNaming(false)}>
        <NameForm onSave={save} />
      </Dialog>
    </>
  );
}

function NameForm({ onSave }: { readonly onSave: (name: string) => void }): ReactElement {
  const { text } = useLanguage();
  const [typed, setTyped] = useState('');
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const name = typed.trim();
  return (
    <form
      className="views-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name !== '') onSave(name);
      }}
    >
      <label>
        {text.deals.viewName}
        <input
          ref={input}
          value={typed}
          maxLength={NAME_LENGTH_MAX}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <button type="submit" className="button button-primary" disabled={name === ''}>
        {text.deals.save}
      </button>
    </form>
  );
}
