// SPDX-License-Identifier: Apache-2.0
// Realised profit after each closed deal: a step line, since nothing is realised in between.

import { useMemo, useRef, useState, type PointerEvent, type ReactElement } from 'react';

import { useDeskFacts } from '../api/desk-facts.tsx';
import type { Totals } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Empty } from '../parts/states.tsx';
import './profit-curve.css';

const WIDTH = 1_000;
const HEIGHT = 300;
const MARGIN = 12;

interface Point {
  readonly timeMs: number;
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

export function ProfitCurve({ totals }: { readonly totals: Totals }): ReactElement {
  const { text, format } = useLanguage();
  const facts = useDeskFacts();
  const box = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const { points, zeroY } = useMemo(() => toPoints(totals.profitCurve), [totals.profitCurve]);
  const last = points.at(-1);
  if (last === undefined) return <Empty title={text.overview.curveEmpty} />;

  const decimals = facts.assetDecimals(totals.quoteAsset);
  const shown = (hovered === null ? undefined : points[hovered]) ?? last;
  const lastText = `${format.signed(last.text, decimals)} ${totals.quoteAsset}`;
  const onMove = (event: PointerEvent): void => {
    const rect = box.current?.getBoundingClientRect();
    if (rect === undefined || rect.width === 0) return;
    const x = ((event.clientX - rect.left) / rect.width) * WIDTH;
    const after = points.findIndex((point) => point.x > x);
    setHovered(Math.max(0, (after < 0 ? points.length : after) - 1));
  };
  const steps = points.map(({ x, y }, index) => (index === 0 ? `M${x} ${y}` : `H${x}V${y}`));
  const path = `${steps.join('')}H${WIDTH}`;
  const summary = text.overview.curveSummary(
    { count: points.length, text: format.integer(points.length) },
    lastText,
  );
  return (
    <div className="profit-curve">
      <p className="profit-curve-readout">
        <span className="muted">{format.short(shown.timeMs)}</span>
        <span className="number live">
          {format.signed(shown.text, decimals)}
          <span className="unit">{`\u00a0${totals.quoteAsset}`}</span>
        </span>
      </p>
      <div
        className="profit-curve-plot"
        ref={box}
        role="img"
        aria-label={summary}
        onPointerMove={onMove}
        onPointerLeave={() => setHovered(null)}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <line className="profit-curve-zero" x1="0" x2={WIDTH} y1={zeroY} y2={zeroY} />
          <path className="profit-curve-line" d={path} />
          {hovered === null ? null : (
            <line className="profit-curve-cursor" x1={shown.x} x2={shown.x} y1="0" y2={HEIGHT} />
          )}
        </svg>
      </div>
    </div>
  );
}

function toPoints(curve: Totals['profitCurve']): {
  readonly points: readonly Point[];
  readonly zeroY: number;
} {
  const values = curve.map(([, profit]) => Number(profit));
  const most = Math.max(0, ...values);
  const least = Math.min(0, ...values);
  const span = most - least || 1;
  const toY = (value: number): number => MARGIN + ((most - value) / span) * (HEIGHT - 2 * MARGIN);
  // Deals stand at equal distances: in a replay, hours of quiet would hide the minutes that matter.
  const step = WIDTH / Math.max(1, curve.length);
  return {
    zeroY: toY(0),
    points: curve.map(([timeMs, profit], index) => ({
      timeMs,
      text: profit,
      x: index * step,
      y: toY(Number(profit)),
    })),
  };
}
