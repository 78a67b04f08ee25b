// SPDX-License-Identifier: Apache-2.0
// A button that acts only after it was held: the deliberate gesture for what cannot be undone.

import { useEffect, useRef, useState, type ReactElement } from 'react';

import './hold-button.css';

const HOLD_MS = 1_000;
/** How long a first press without holding stays armed, for pointing aids that can only press. */
const ARMED_MS = 4_000;

export interface HoldButtonProps {
  readonly label: string;
  /** What of several the button is for: read out, and plain to the eye from where it stands. */
  readonly about?: string;
  /** Shown once a press too short has armed the button. */
  readonly armedLabel: string;
  readonly isBusy: boolean;
  readonly onConfirm: () => void;
  /** What a press too short does instead of nothing, and instead of arming. */
  readonly onPress?: () => void;
  readonly look?: 'plain' | 'danger';
  readonly hint?: string;
}

/**
 * Held by pointer, Enter or the space bar for one second it confirms. A click that was no press of either
 * (assistive technology sends such) arms it, and a second one confirms.
 */
export function HoldButton({
  label,
  about,
  armedLabel,
  isBusy,
  onConfirm,
  onPress,
  look = 'danger',
  hint,
}: HoldButtonProps): ReactElement {
  const [isHeld, setHeld] = useState(false);
  const [isArmed, setArmed] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const isPress = useRef(false);

  const release = (): boolean => {
    const wasHeld = timer.current !== null;
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    setHeld(false);
    return wasHeld;
  };
  const endPress = (): void => {
    if (release()) onPress?.();
  };
  const hold = (): void => {
    isPress.current = true;
    if (isBusy || timer.current !== null) return;
    setHeld(true);
    timer.current = setTimeout(() => {
      release();
      onConfirm();
    }, HOLD_MS);
  };
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  useEffect(() => {
    if (!isArmed) return undefined;
    const disarm = setTimeout(() => setArmed(false), ARMED_MS);
    return () => clearTimeout(disarm);
  }, [isArmed]);

  return (
    <button
      type="button"
      className={look === 'plain' ? 'hold-button hold-button-plain' : 'hold-button'}
      data-held={isHeld}
      aria-label={about === undefined ? undefined : `${isArmed ? armedLabel : label}: ${about}`}
      title={hint}
      aria-disabled={isBusy}
      onPointerDown={(event) => {
        if (event.button === 0) hold();
      }}
      onPointerUp={endPress}
      onPointerLeave={() => void release()}
      onPointerCancel={() => void release()}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        if (!event.repeat) hold();
      }}
      onKeyUp={endPress}
      onBlur={() => void release()}
      onContextMenu={(event) => event.preventDefault()}
      onClick={() => {
        const wasPress = isPress.current;
        isPress.current = false;
        if (wasPress || isBusy) return;
        if (onPress !== undefined) {
          onPress();
          return;
        }
        if (isArmed) onConfirm();
        setArmed(!isArmed);
      }}
    >
      <span className="hold-button-fill" aria-hidden="true" />
      <span className="hold-button-text">{isArmed ? armedLabel : label}</span>
    </button>
  );
}
