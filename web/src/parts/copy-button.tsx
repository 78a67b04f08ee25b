// SPDX-License-Identifier: Apache-2.0
// Puts a text on the clipboard and says so.

import { useState, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import { IconButton } from './button.tsx';

const COPIED_MS = 2_000;

export function CopyButton({
  label,
  value,
}: {
  readonly label: string;
  readonly value: string;
}): ReactElement {
  const { text } = useLanguage();
  const [isCopied, setCopied] = useState(false);
  return (
    <IconButton
      icon={isCopied ? 'check' : 'copy'}
      label={isCopied ? text.common.copied : label}
      onClick={() => {
        void navigator.clipboard.writeText(value).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), COPIED_MS);
        });
      }}
    />
  );
}
