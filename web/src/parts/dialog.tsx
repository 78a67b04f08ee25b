// SPDX-License-Identifier: Apache-2.0
// Layers above the page: a dialog to read or write in, and one that asks for a decision.

import { AlertDialog, Dialog as Radix } from 'radix-ui';
import { useRef, type ReactElement, type ReactNode } from 'react';

import { useLanguage } from '../language/language.tsx';
import { Button, IconButton } from './button.tsx';
import './dialog.css';

export interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}

export function Dialog({
  title,
  isOpen,
  onClose,
  isWide = false,
  children,
}: DialogProps): ReactElement {
  const { text } = useLanguage();
  const content = useRef<HTMLDivElement>(null);
  const { remember, giveBack } = useFocusBefore();
  return (
    <Radix.Root open={isOpen} onOpenChange={(isNowOpen) => !isNowOpen && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="dialog-veil" />
        <Radix.Content
          ref={content}
          className={isWide ? 'dialog dialog-wide' : 'dialog'}
          aria-describedby={undefined}
          // The dialog itself takes the focus: on the first button it would open that button's hint.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            remember();
            content.current?.focus();
          }}
          onCloseAutoFocus={giveBack}
        >
          <header className="dialog-head">
            <Radix.Title>{title}</Radix.Title>
            <IconButton icon="close" label={text.common.close} onClick={onClose} />
          </header>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export interface DecisionDialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** What will happen. */
  readonly children: ReactNode;
  /** The gesture that confirms. */
  readonly decision: ReactNode;
}

export function DecisionDialog({
  title,
  isOpen,
  onClose,
  children,
  decision,
}: DecisionDialogProps): ReactElement {
  const { text } = useLanguage();
  const { remember, giveBack } = useFocusBefore();
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={(isNowOpen) => !isNowOpen && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="dialog-veil" />
        <AlertDialog.Content
          className="dialog"
          onOpenAutoFocus={remember}
          onCloseAutoFocus={giveBack}
        >
          <header className="dialog-head">
            <AlertDialog.Title>{title}</AlertDialog.Title>
          </header>
          <AlertDialog.Description asChild>
            <div className="dialog-text">{children}</div>
          </AlertDialog.Description>
          <footer className="dialog-foot">
            <AlertDialog.Cancel asChild>
              <Button>{text.common.cancel}</Button>
            </AlertDialog.Cancel>
            {decision}
          </footer>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

/** Dialogs are opened by state, not by a button of their own, so what had the focus before gets it back. */
function useFocusBefore(): {
  readonly remember: () => void;
  readonly giveBack: (event: Event) => void;
} {
  const before = useRef<Element | null>(null);
  return {
    remember: () => {
      before.current = document.activeElement;
    },
    giveBack: (event) => {
      event.preventDefault();
      if (before.current instanceof HTMLElement && before.current.isConnected) {
        before.current.focus();
      }
    },
  };
}
