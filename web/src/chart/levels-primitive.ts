// SPDX-License-Identifier: Apache-2.0
// Draws levels and fill marks over the candles: a line and a label for each, labels kept from covering each other.

import type {
  AutoscaleInfo, Coordinate, IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesPrimitive,
  ISeriesPrimitiveAxisView, PrimitiveHoveredItem, SeriesAttachedParameter, UTCTimestamp,
} from 'lightweight-charts'; // prettier-ignore

import type { ChartColors } from './chart-colors.ts';
import type { Level, LevelKind, Mark } from './levels.ts';

export interface LevelsContent {
  readonly levels: readonly Level[];
  readonly marks: readonly Mark[];
  /** Whether the chart scales so that every level is in sight. */
  readonly isFitted: boolean;
  readonly isNarrow: boolean;
  readonly colors: ChartColors;
  readonly fontFamily: string;
  /** Open times of the candles, ascending, in seconds. */
  readonly times: readonly number[];
}

interface PlacedMark {
  readonly mark: Mark;
  readonly x: number;
  readonly y: number;
}

export interface Label {
  readonly level: Level;
  /** Where the line is, and where the middle of the label went. */
  readonly lineY: number;
  y: number;
}

/** More labels than this are thinned: a grid is read by its ends and its distances. */
const LABELS_MANY = 12;
const LABEL_PX = 17;
const LABEL_GAP_PX = 1;
const LABEL_PADDING_PX = 6;
const LABEL_COLUMN_GAP_PX = 8;
const FONT_PX = 11;
const MARK_PX = 5;
const HIT_PX = 9;

/** Which labels stay when there is not room for all: lower first. */
const PRIORITY: Readonly<Record<LevelKind, number>> = {
  takeProfit: 0,
  stopLoss: 1,
  average: 2,
  refused: 3,
  order: 4,
  sell: 4,
  breakEven: 5,
  waiting: 6,
};

const DASHES: Readonly<Record<LevelKind, readonly number[]>> = {
  takeProfit: [],
  stopLoss: [],
  average: [],
  refused: [2, 3],
  order: [],
  sell: [],
  breakEven: [6, 4],
  waiting: [2, 4],
};

export class LevelsPrimitive implements ISeriesPrimitive {
  #content: LevelsContent | null = null;
  #attached: SeriesAttachedParameter | null = null;
  #placedMarks: readonly PlacedMark[] = [];
  #axisViews: readonly ISeriesPrimitiveAxisView[] = [];
  readonly #paneViews: readonly IPrimitivePaneView[] = [
    { zOrder: () => 'top', renderer: () => this.#renderer() },
  ];

  attached(parameter: SeriesAttachedParameter): void {
    this.#attached = parameter;
  }

  detached(): void {
    this.#attached = null;
  }

  show(content: LevelsContent): void {
    this.#content = content;
    this.#axisViews = content.levels
      .filter(({ kind }) => kind === 'average' || kind === 'takeProfit' || kind === 'stopLoss')
      .map((level) => this.#axisView(level, content.colors));
    this.#attached?.requestUpdate();
  }

  /** The mark under the pointer, with where it was drawn. */
  markById(id: unknown): PlacedMark | null {
    return this.#placedMarks.find(({ mark }) => mark.id === id) ?? null;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#paneViews;
  }

  priceAxisViews(): readonly ISeriesPrimitiveAxisView[] {
    return this.#axisViews;
  }

  autoscaleInfo(): AutoscaleInfo | null {
    const content = this.#content;
    if (content === null || !content.isFitted || content.levels.length === 0) return null;
    const prices = content.levels.map((level) => level.price);
    return {
      priceRange: { minValue: Math.min(...prices), maxValue: Math.max(...prices) },
    };
  }

  hitTest(x: number, y: number): PrimitiveHoveredItem | null {
    let nearest: PlacedMark | null = null;
    let nearestPx = HIT_PX;
    for (const placed of this.#placedMarks) {
      const distance = Math.hypot(placed.x - x, placed.y - y);
      if (distance >= nearestPx) continue;
      nearest = placed;
      nearestPx = distance;
    }
    if (nearest === null) return null;
    return {
      externalId: nearest.mark.id,
      zOrder: 'top',
      distance: nearestPx,
      hitTestPriority: 2,
      itemType: 'marker',
    };
  }

  #axisView(level: Level, colors: ChartColors): ISeriesPrimitiveAxisView {
    return {
      coordinate: () => this.#y(level.price) ?? -1_000,
      text: () => level.priceText,
      textColor: () => colors.surface,
      backColor: () => levelColor(level.kind, colors),
    };
  }

  #y(price: number): Coordinate | null {
    return this.#attached?.series.priceToCoordinate(price) ?? null;
  }

  #renderer(): IPrimitivePaneRenderer | null {
    const content = this.#content;
    const attached = this.#attached;
    if (content === null || attached === null) return null;
    return {
      draw: (target) => {
        target.useMediaCoordinateSpace(({ context, mediaSize }) => {
          this.#drawLevels(context, mediaSize, content);
          this.#drawMarks(context, mediaSize, content, attached);
        });
      },
    };
  }

  #drawLevels(
    context: CanvasRenderingContext2D,
    size: { readonly width: number; readonly height: number },
    content: LevelsContent,
  ): void {
    const visible: Label[] = [];
    for (const level of content.levels) {
      const y = this.#y(level.price);
      if (y === null || y < 0 || y > size.height) continue;
      visible.push({ level, lineY: y, y });
    }
    context.lineWidth = 1;
    for (const { level, lineY } of visible) {
      context.strokeStyle = levelColor(level.kind, content.colors);
      context.globalAlpha = level.kind === 'waiting' ? 0.55 : 0.85;
      context.setLineDash([...DASHES[level.kind]]);
      line(context, 0, Math.round(lineY) + 0.5, size.width);
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
    context.font = `${FONT_PX}px ${content.fontFamily}`;
    context.textBaseline = 'middle';
    const labels = spread(visible, size.height).map((label) => measure(context, label, content));
    const widths = {
      name: Math.max(0, ...labels.map((label) => label.nameWidth)),
      quantity: Math.max(0, ...labels.map((label) => label.quantityWidth)),
      price: Math.max(0, ...labels.map((label) => label.priceWidth)),
    };
    for (const label of labels) drawLabel(context, size.width, label, widths, content.colors);
  }

  #drawMarks(
    context: CanvasRenderingContext2D,
    size: { readonly width: number; readonly height: number },
    content: LevelsContent,
    attached: SeriesAttachedParameter,
  ): void {
    const placed: PlacedMark[] = [];
    for (const mark of content.marks) {
      const time = barTime(content.times, mark.timeMs / 1000);
      if (time === null) continue;
      const x = attached.chart.timeScale().timeToCoordinate(time);
      const y = this.#y(mark.price);
      if (x === null || y === null || x < 0 || x > size.width || y < 0 || y > size.height) continue;
      placed.push({ mark, x, y });
      const tip = mark.side === 'buy' ? 1 : -1;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x - MARK_PX, y + tip * MARK_PX * 1.7);
      context.lineTo(x + MARK_PX, y + tip * MARK_PX * 1.7);
      context.closePath();
      context.lineJoin = 'round';
      context.lineWidth = 3;
      context.strokeStyle = content.colors.surface;
      context.stroke();
      context.fillStyle = mark.side === 'buy' ? content.colors.accent : content.colors.text;
      context.fill();
    }
    this.#placedMarks = placed;
  }
}

function levelColor(kind: LevelKind, colors: ChartColors): string {
  switch (kind) {
    case 'takeProfit':
      return colors.profit;
    case 'stopLoss':
      return colors.loss;
    case 'refused':
      return colors['needs-you'];
    case 'average':
    case 'sell':
      return colors.text;
    case 'breakEven':
      return colors.muted;
    case 'order':
    case 'waiting':
      return colors.accent;
  }
}

function line(context: CanvasRenderingContext2D, left: number, y: number, right: number): void {
  context.beginPath();
  context.moveTo(left, y);
  context.lineTo(right, y);
  context.stroke();
}

/**
 * Moves labels apart. Of many, only those of orders stay that have room beside their own line, and the outermost;
 * in a pane that is too low for all, the least important ones go.
 */
export function spread(labels: readonly Label[], height: number): readonly Label[] {
  const pitch = LABEL_PX + LABEL_GAP_PX;
  const room = Math.max(1, Math.floor(height / pitch));
  const kept = (labels.length > LABELS_MANY ? thinned(labels, pitch) : labels)
    .toSorted((left, right) => PRIORITY[left.level.kind] - PRIORITY[right.level.kind])
    .slice(0, room)
    .sort((left, right) => left.lineY - right.lineY);
  const half = LABEL_PX / 2 + 1;
  let least = half;
  for (const label of kept) {
    label.y = Math.max(label.lineY, least);
    least = label.y + pitch;
  }
  let most = height - half;
  for (const label of kept.toReversed()) {
    label.y = Math.min(label.y, most);
    most = label.y - pitch;
  }
  return kept;
}

function thinned(labels: readonly Label[], pitch: number): readonly Label[] {
  const isOrder = ({ level }: Label): boolean => PRIORITY[level.kind] >= PRIORITY.order;
  const kept = labels.filter((label) => !isOrder(label));
  const orders = labels.filter(isOrder).sort((left, right) => left.lineY - right.lineY);
  const [first, last] = [orders[0], orders.at(-1)];
  for (const label of new Set([first, last, ...orders])) {
    if (label === undefined) continue;
    const isOutermost = label === first || label === last;
    const isFree = kept.every((other) => Math.abs(other.lineY - label.lineY) >= pitch);
    if (isOutermost || isFree) kept.push(label);
  }
  return kept;
}

interface MeasuredLabel extends Label {
  readonly name: string;
  readonly price: string;
  readonly nameWidth: number;
  readonly quantityWidth: number;
  readonly priceWidth: number;
}

interface LabelWidths {
  readonly name: number;
  readonly quantity: number;
  readonly price: number;
}

function measure(
  context: CanvasRenderingContext2D,
  label: Label,
  content: LevelsContent,
): MeasuredLabel {
  const { level } = label;
  const isOnAxis =
    level.kind === 'average' || level.kind === 'takeProfit' || level.kind === 'stopLoss';
  const name = content.isNarrow ? level.shortName : level.name;
  const price = isOnAxis && content.isNarrow ? '' : level.priceText;
  const width = (text: string): number => (text === '' ? 0 : context.measureText(text).width);
  return {
    ...label,
    name,
    price,
    nameWidth: width(name),
    quantityWidth: width(level.quantityText),
    priceWidth: width(price),
  };
}

/** All labels are equally wide, so that names, quantities and prices stand in columns like a table. */
function drawLabel(
  context: CanvasRenderingContext2D,
  paneWidth: number,
  label: MeasuredLabel,
  widths: LabelWidths,
  colors: ChartColors,
): void {
  const { level } = label;
  const color = levelColor(level.kind, colors);
  const columns = [widths.name, widths.quantity, widths.price].filter((width) => width > 0);
  const boxWidth =
    columns.reduce((sum, width) => sum + width, 0) +
    (columns.length - 1) * LABEL_COLUMN_GAP_PX +
    2 * LABEL_PADDING_PX;
  const left = Math.round(paneWidth - boxWidth - 4);
  const top = Math.round(label.y - LABEL_PX / 2);
  const middle = top + LABEL_PX / 2 + 0.5;
  if (Math.abs(label.y - label.lineY) > 2) {
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(left - 10, Math.round(label.lineY) + 0.5);
    context.lineTo(left, middle);
    context.stroke();
  }
  context.beginPath();
  context.roundRect(left + 0.5, top + 0.5, boxWidth, LABEL_PX - 1, 3);
  context.fillStyle = colors.surface;
  context.fill();
  context.strokeStyle = color;
  context.globalAlpha = level.kind === 'waiting' ? 0.6 : 1;
  context.stroke();
  context.globalAlpha = 1;
  context.textAlign = 'left';
  context.fillStyle = color;
  context.fillText(label.name, left + LABEL_PADDING_PX, middle);
  context.textAlign = 'right';
  context.fillStyle = colors.text;
  const right = left + boxWidth - LABEL_PADDING_PX;
  context.fillText(label.price, right, middle);
  const priceRoom = widths.price > 0 ? widths.price + LABEL_COLUMN_GAP_PX : 0;
  context.fillText(level.quantityText, right - priceRoom, middle);
}

/** The open time of the candle that holds `seconds`, or null before the first one. */
function barTime(times: readonly number[], seconds: number): UTCTimestamp | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= seconds) low = middle + 1;
    else high = middle;
  }
  const time = times[low - 1];
  // Chart times are branded numbers of seconds; these are the very ones the chart was given.
  return time === undefined ? null : (time as UTCTimestamp);
}
