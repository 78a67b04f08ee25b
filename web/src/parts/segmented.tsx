// SPDX-License-Identifier: Apache-2.0
// A choice of few: all in sight, one chosen.

import { ToggleGroup } from 'radix-ui';
import type { ReactElement } from 'react';

import { Icon, type IconName } from './icon.tsx';
import './segmented.css';

export interface SegmentedProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly name: string }[];
  readonly onChange: (value: Value) => void;
}

export function Segmented<Value extends string>({
  label,
  value,
  options,
  onChange,
}: SegmentedProps<Value>): ReactElement {
  return (
    <ToggleGroup.Root
      className="segmented"
      type="single"
      aria-label={label}
      value={value}
      onValueChange={(chosen) => {
        const option = options.find((each) => each.value === chosen);
        if (option !== undefined) onChange(option.value);
      }}
    >
      {options.map((option) => (
        <ToggleGroup.Item key={option.value} value={option.value} className="segmented-item">
          {option.name}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

/** Something that is on or off. */
export function ToggleButton({
  isOn,
  onChange,
  icon,
  title,
  children,
}: {
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
  readonly icon: IconName;
  readonly title?: string;
  readonly children: string;
}): ReactElement {
  return (
    <button
      type="button"
      className="segmented-item toggle-button"
      aria-pressed={isOn}
      title={title}
      onClick={() => onChange(!isOn)}
    >
      <Icon name={icon} />
      <span className="toggle-button-text">{children}</span>
    </button>
  );
}
