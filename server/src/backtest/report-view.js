// SPDX-License-Identifier: Apache-2.0
// Draws the backtest report in the reader's browser: charts that zoom together, and the table of deals.

const data = JSON.parse(document.getElementById('report-data').textContent);
const SVG = 'http://www.w3.org/2000/svg';
const LEFT = 8;
const RIGHT = 76;
const CANDLE_WIDTH_MIN = 4;
const MARKS_MAX = 500;
const PAGE_ROWS = 25;

const DEAL_FIELDS = [
  'id',
  'opened',
  'closed',
  'status',
  'reason',
  'sign',
  'safetyOrders',
  'bought',
  'average',
  'averageExact',
  'cost',
  'costExact',
  'profit',
  'profitExact',
  'percent',
  'percentExact',
  'takeProfit',
  'stopLoss',
  'symbol',
];
const FILL_FIELDS = [
  'deal',
  'time',
  'order',
  'ladderIndex',
  'isMaker',
  'ticks',
  'quantity',
  'volume',
  'commission',
  'commissionAsset',
];
const ORDER_WORDS = {
  baseOrder: 'base order',
  safetyOrder: 'safety order',
  takeProfit: 'take profit',
  stopLoss: 'stop loss',
  close: 'close',
};

const named = (fields) => (row) => Object.fromEntries(fields.map((field, at) => [field, row[at]]));
const deals = data.deals.map(named(DEAL_FIELDS));
const fills = data.fills.map(named(FILL_FIELDS));
const levelsOf = new Map(
  data.series.map((one) => [one, [one.overview, ...one.details].map(decodeLevel)]),
);
const fillsOfDeal = Map.groupBy(fills, (fill) => fill.deal);
const dealById = new Map(deals.map((deal) => [deal.id, deal]));
/** The symbol whose price is drawn. */
let series = data.series[0];
const whole = { from: data.start, to: data.end };
let view = { ...whole };
let chosen;
let pointer;
let drag;

const charts = document.getElementById('charts');
const readout = document.getElementById('readout');
const rangeText = document.getElementById('range');
const wholeButton = document.getElementById('whole');

/* Data */

function decodeLevel(level) {
  const buckets = [];
  let close = 0;
  for (let at = 0; at < level.values.length;) {
    if (level.values[at] === null) {
      for (let empty = level.values[at + 1]; empty > 0; empty -= 1) buckets.push(null);
      at += 2;
    } else {
      const open = close + level.values[at];
      close = open + level.values[at + 3];
      const high = Math.max(open, close) + level.values[at + 1];
      const low = Math.min(open, close) - level.values[at + 2];
      buckets.push({ open, high, low, close });
      at += 4;
    }
  }
  return {
    start: level.start,
    width: level.width,
    end: level.start + level.width * buckets.length,
    buckets,
  };
}

/** The finest level that has all of the view. */
function levelOfView() {
  const levels = levelsOf.get(series);
  const covering = levels.filter((level) => level.start <= view.from && level.end >= view.to);
  return covering.reduce((best, level) => (level.width < best.width ? level : best), levels[0]);
}

function bucketAt(level, time) {
  return level.buckets[Math.floor((time - level.start) / level.width)] ?? null;
}

function equityAt(time) {
  let low = 0;
  let high = data.equity.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (data.equity[middle].time < time) low = middle + 1;
    else high = middle;
  }
  return data.equity[low];
}

/* Words */

function priceText(ticks, decimals = series.priceDecimals) {
  const units = BigInt(Math.round(ticks)) * BigInt(series.tickUnits);
  const digits = units.toString().padStart(series.priceDecimals + 1, '0');
  const point = digits.length - series.priceDecimals;
  const fraction = digits.slice(point, point + decimals);
  const grouped = digits.slice(0, point).replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === '' ? grouped : `${grouped}.${fraction}`;
}

function timeText(time, parts = 16) {
  return new Date(time).toISOString().slice(0, parts).replace('T', ' ');
}

function lengthText(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/* Drawing */

function element(name, attributes = {}, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}

function html(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

function niceStep(span, count) {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 1440 * MINUTE;
const TIME_STEPS = [
  ...[1, 5, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10_080].map((minutes) => minutes * MINUTE),
];

/** Times of the grid lines: round minutes, hours or days, else first days of months. */
function timeTicks(width) {
  const count = Math.max(2, Math.floor(width / 110));
  const span = view.to - view.from;
  const step = TIME_STEPS.find((length) => span / length <= count);
  const ticks = [];
  if (step !== undefined) {
    for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
      ticks.push(time);
    }
    return { ticks, parts: step < MINUTE ? 19 : step < DAY ? 16 : 10 };
  }
  const months =
    [1, 2, 3, 6, 12, 24, 60].find((length) => span / (30.4 * DAY * length) <= count) ?? 120;
  const first = new Date(view.from);
  const month = first.getUTCFullYear() * 12 + first.getUTCMonth();
  for (let index = Math.ceil(month / months) * months; ; index += months) {
    const time = Date.UTC(Math.floor(index / 12), index % 12);
    if (time > view.to) break;
    if (time >= view.from) ticks.push(time);
  }
  return { ticks, parts: 7 };
}

function makePane(id, title, height, hasTimes) {
  const svg = document.getElementById(id);
  const width = charts.clientWidth;
  const total = height + (hasTimes ? 20 : 0);
  svg.setAttribute('viewBox', `0 0 ${width} ${total}`);
  svg.setAttribute('height', String(total));
  svg.replaceChildren();
  const x = (time) => LEFT + ((time - view.from) / (view.to - view.from)) * (width - LEFT - RIGHT);
  const pane = { svg, width, height, x, top: 20, bottom: height - 6, right: width - RIGHT };
  const { ticks, parts } = timeTicks(width);
  for (const time of ticks) {
    const at = Math.round(x(time));
    svg.append(element('line', { class: 'grid', x1: at, x2: at, y1: pane.top, y2: height }));
    if (hasTimes && at < pane.right - 20) {
      svg.append(
        element('text', { class: 'chart-text', x: at, y: height + 15 }, timeText(time, parts)),
      );
    }
  }
  svg.append(element('text', { class: 'chart-title', x: LEFT, y: 13 }, title));
  return pane;
}

/** Grid lines and labels of values; returns the scale. */
function scaleOf(pane, least, most, label) {
  const margin = (most - least || Math.abs(most) || 1) * 0.06;
  const [from, to] = [least - margin, most + margin];
  const y = (value) => pane.bottom - ((value - from) / (to - from)) * (pane.bottom - pane.top);
  const step = niceStep(to - from, Math.max(2, Math.floor((pane.bottom - pane.top) / 44)));
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) {
    const at = Math.round(y(value));
    pane.svg.append(
      element('line', { class: 'grid', x1: LEFT, x2: pane.right, y1: at, y2: at }),
      element('text', { class: 'chart-text', x: pane.right + 8, y: at + 4 }, label(value, step)),
    );
  }
  return y;
}

function drawPrice() {
  const level = levelOfView();
  const first = Math.max(0, Math.floor((view.from - level.start) / level.width));
  const last = Math.min(
    level.buckets.length - 1,
    Math.floor((view.to - level.start) / level.width),
  );
  const pane = makePane(
    'price',
    `${series.symbol} in ${data.quoteAsset}`,
    narrow() ? 240 : 320,
    false,
  );
  let least = Infinity;
  let most = -Infinity;
  for (let index = first; index <= last; index += 1) {
    const bucket = level.buckets[index];
    if (bucket === null) continue;
    least = Math.min(least, bucket.low);
    most = Math.max(most, bucket.high);
  }
  if (least === Infinity) {
    pane.svg.append(
      element(
        'text',
        { class: 'chart-text', x: LEFT, y: 60 },
        'No candles in this range: a gap in the data.',
      ),
    );
    return pane;
  }
  const levelsOfDeal = chosen?.symbol === series.symbol ? linesOf(chosen) : [];
  for (const { ticks } of levelsOfDeal) {
    least = Math.min(least, ticks);
    most = Math.max(most, ticks);
  }
  const decimals = (step) =>
    Math.min(
      series.priceDecimals,
      Math.max(
        0,
        Math.ceil(-Math.log10((step * series.tickUnits) / 10 ** series.priceDecimals) + 0.4),
      ),
    );
  const y = scaleOf(pane, least, most, (value, step) => priceText(value, decimals(step)));
  drawChosen(pane);
  const width = ((pane.right - LEFT) * level.width) / (view.to - view.from);
  if (width >= CANDLE_WIDTH_MIN) drawCandles(pane, level, first, last, width, y);
  else drawBand(pane, level, first, last, y);
  for (const { name, ticks, text, isBelow } of levelsOfDeal) {
    const at = Math.round(y(ticks)) + 0.5;
    pane.svg.append(
      element('line', { class: 'level', x1: LEFT, x2: pane.right, y1: at, y2: at }),
      element(
        'text',
        { class: 'level-text', x: LEFT + 4, y: isBelow ? at + 14 : at - 5 },
        `${name} ${text}`,
      ),
    );
  }
  drawMarks(pane, y);
  document.getElementById('resolution').textContent = resolutionText(level);
  return pane;
}

function resolutionText(level) {
  if (level.width === series.intervalMs) return 'Every candle is drawn.';
  const finer =
    series.details.length === 0
      ? ''
      : ` The ${series.details.length} open, lost and longest deals are drawn finer when chosen.`;
  return `Drawn in steps of ${lengthText(level.width)}, each with the lowest and highest price of the candles in it.${finer}`;
}

function drawCandles(pane, level, first, last, width, y) {
  const half = Math.max(1, Math.min(5, width * 0.36));
  for (let index = first; index <= last; index += 1) {
    const bucket = level.buckets[index];
    const at = level.start + index * level.width;
    if (bucket === null) {
      drawHole(pane, at, at + level.width);
      continue;
    }
    const x = pane.x(at + level.width / 2);
    if (x < LEFT || x > pane.right) continue;
    const kind = bucket.close < bucket.open ? 'candle down' : 'candle';
    const [top, bottom] = [
      y(Math.max(bucket.open, bucket.close)),
      y(Math.min(bucket.open, bucket.close)),
    ];
    pane.svg.append(
      element('path', {
        class: kind,
        d: `M${x} ${y(bucket.high)}V${top}M${x} ${bottom}V${y(bucket.low)}M${x - half} ${top}H${x + half}V${Math.max(bottom, top + 0.5)}H${x - half}Z`,
      }),
    );
  }
}

/** One column a pixel: from its lowest to its highest price, and a line through the closes. */
function drawBand(pane, level, first, last, y) {
  const columns = new Map();
  const holes = [];
  for (let index = first; index <= last; index += 1) {
    const at = level.start + index * level.width;
    const bucket = level.buckets[index];
    if (bucket === null) {
      const before = holes.at(-1);
      if (before?.to === at) before.to = at + level.width;
      else holes.push({ from: at, to: at + level.width });
      continue;
    }
    const x = Math.floor(pane.x(at + level.width / 2));
    if (x < LEFT || x > pane.right) continue;
    const column = columns.get(x);
    if (column === undefined) columns.set(x, { ...bucket });
    else {
      column.low = Math.min(column.low, bucket.low);
      column.high = Math.max(column.high, bucket.high);
      column.close = bucket.close;
    }
  }
  for (const hole of holes) drawHole(pane, hole.from, hole.to);
  let band = '';
  let line = '';
  let previous = -Infinity;
  for (const [x, column] of columns) {
    band += `M${x} ${y(column.high)}H${x + 1}V${y(column.low)}H${x}Z`;
    const isBroken = holes.some((hole) => pane.x(hole.from) < x && pane.x(hole.to) > previous);
    line += `${isBroken || line === '' ? 'M' : 'L'}${x + 0.5} ${y(column.close).toFixed(1)}`;
    previous = x;
  }
  pane.svg.append(
    element('path', { class: 'band', d: band }),
    element('path', { class: 'close-line', d: line }),
  );
}

function drawHole(pane, from, to) {
  const [left, right] = [Math.max(LEFT, pane.x(from)), Math.min(pane.right, pane.x(to))];
  if (right <= left) return;
  pane.svg.append(
    element('rect', {
      class: 'hole',
      x: left,
      y: pane.top,
      width: Math.max(1, right - left),
      height: pane.bottom - pane.top,
    }),
  );
}

function drawChosen(pane) {
  if (chosen === undefined) return;
  const from = Math.max(LEFT, pane.x(chosen.opened));
  const to = Math.min(pane.right, pane.x(chosen.closed || data.end));
  if (to <= LEFT || from >= pane.right) return;
  pane.svg.append(
    element('rect', {
      class: 'chosen',
      x: from,
      y: pane.top,
      width: Math.max(1, to - from),
      height: pane.bottom - pane.top,
    }),
  );
}

/** The lines of a deal across the chart, with their words above or below. */
function linesOf(deal) {
  const tick = series.tickUnits / 10 ** series.priceDecimals;
  return [
    { name: 'average', text: deal.averageExact, isBelow: true },
    { name: 'take profit', text: deal.takeProfit, isBelow: false },
    { name: 'stop loss', text: deal.stopLoss, isBelow: true },
  ]
    .filter((line) => line.text !== '')
    .map((line) => ({ ...line, ticks: numberOf(line.text) / tick }));
}

function fillWords(fill) {
  const number = fill.ladderIndex > 0 ? ` ${fill.ladderIndex}` : '';
  return `${ORDER_WORDS[fill.order]}${number}, ${fill.isMaker === 1 ? 'maker' : 'taker'}`;
}

/** Fills as marks; where they would cover each other, deals as bars instead. */
function drawMarks(pane, y) {
  const inView = fills.filter(
    (fill) =>
      fill.time >= view.from &&
      fill.time <= view.to &&
      dealById.get(fill.deal)?.symbol === series.symbol,
  );
  if (inView.length > MARKS_MAX) {
    drawLanes(pane);
    return;
  }
  for (const fill of inView) {
    const x = pane.x(fill.time);
    const at = y(fill.ticks);
    const deal = dealById.get(fill.deal);
    const size = fill.order === 'baseOrder' ? 6 : 4.5;
    const isBuy = fill.order === 'baseOrder' || fill.order === 'safetyOrder';
    const kind = isBuy ? 'buy' : deal.sign > 0 ? 'won' : 'lost';
    const mark = element('path', {
      class: kind,
      d: isBuy
        ? `M${x} ${at + 2}l${size} ${size * 1.6}h${-2 * size}Z`
        : fill.order === 'takeProfit'
          ? `M${x} ${at - 2}l${size} ${-size * 1.6}h${-2 * size}Z`
          : `M${x - 5} ${at - 5}l2 -2l3 3l3 -3l2 2l-3 3l3 3l-2 2l-3 -3l-3 3l-2 -2l3 -3Z`,
    });
    mark.append(
      element('title', {}, `Deal ${fill.deal}: ${fillWords(fill)}, ${timeText(fill.time, 19)} UTC`),
    );
    pane.svg.append(mark);
  }
}

function drawLanes(pane) {
  const lanes = { won: '', lost: '', 'open-deal': '' };
  for (const deal of deals) {
    const closed = deal.closed || data.end;
    if (deal.symbol !== series.symbol || closed < view.from || deal.opened > view.to) continue;
    const lane = deal.closed === 0 ? 'open-deal' : deal.sign > 0 ? 'won' : 'lost';
    const from = Math.max(LEFT, pane.x(deal.opened));
    const to = Math.min(pane.right, pane.x(closed));
    const top = pane.bottom - (lane === 'won' ? 10 : 4);
    lanes[lane] +=
      `M${from} ${top}h${Math.max(1, to - from - 0.5)}v4h${-Math.max(1, to - from - 0.5)}Z`;
  }
  for (const [lane, path] of Object.entries(lanes)) {
    if (path !== '') pane.svg.append(element('path', { class: lane, d: path }));
  }
}

/** Points in view and one beyond on either side, so that lines reach the edges. */
function equityInView() {
  const { equity } = data;
  let first = equity.findIndex((point) => point.time >= view.from);
  if (first < 0) first = equity.length - 1;
  let last = equity.findLastIndex((point) => point.time <= view.to);
  if (last < 0) last = 0;
  return equity.slice(Math.max(0, first - 1), last + 2);
}

function drawEquity() {
  const pane = makePane('equity', `Equity in ${data.quoteAsset}`, narrow() ? 130 : 160, false);
  const points = equityInView();
  const values = points.map((point) => point.value);
  const y = scaleOf(
    pane,
    Math.min(...values, data.startBalance),
    Math.max(...values, data.startBalance),
    (value) => value.toLocaleString('en-US', { maximumSignificantDigits: 7 }),
  );
  drawChosen(pane);
  const start = Math.round(y(data.startBalance)) + 0.5;
  pane.svg.append(
    element('line', { class: 'start-line', x1: LEFT, x2: pane.right, y1: start, y2: start }),
    clipped(
      pane,
      element('polyline', {
        class: 'equity-line',
        points: points
          .map((point) => `${pane.x(point.time).toFixed(1)},${y(point.value).toFixed(1)}`)
          .join(' '),
      }),
    ),
  );
  return pane;
}

function drawDrawdown() {
  const pane = makePane(
    'drawdown',
    'Below the highest equity so far, in %',
    narrow() ? 90 : 110,
    true,
  );
  const points = equityInView();
  const y = scaleOf(pane, Math.min(...points.map((point) => -point.drawdown)), 0, (value) =>
    value === 0
      ? '0'
      : value.toLocaleString('en-US', { maximumSignificantDigits: 3 }).replace('-', '−'),
  );
  drawChosen(pane);
  const path = points
    .map((point) => `L${pane.x(point.time).toFixed(1)} ${y(-point.drawdown).toFixed(1)}`)
    .join('');
  const [first, last] = [pane.x(points[0].time), pane.x(points.at(-1).time)];
  pane.svg.append(
    clipped(
      pane,
      element('path', { class: 'drawdown-area', d: `M${first} ${y(0)}${path}L${last} ${y(0)}Z` }),
    ),
  );
  return pane;
}

function clipped(pane, node) {
  const id = `clip-${pane.svg.id}`;
  const clip = element('clipPath', { id });
  clip.append(
    element('rect', { x: LEFT, y: 0, width: Math.max(0, pane.right - LEFT), height: pane.height }),
  );
  node.setAttribute('clip-path', `url(#${id})`);
  const group = element('g');
  group.append(clip, node);
  return group;
}

let panes = [];
let drawnWidth = 0;

function draw() {
  drawnWidth = charts.clientWidth;
  panes = [drawPrice(), drawEquity(), drawDrawdown()];
  for (const pane of panes) {
    pane.cross = element('line', {
      class: 'cross',
      visibility: 'hidden',
      y1: pane.top,
      y2: pane.height,
    });
    pane.drag = element('rect', {
      class: 'drag',
      visibility: 'hidden',
      y: pane.top,
      height: pane.bottom - pane.top,
    });
    pane.svg.append(pane.drag, pane.cross);
  }
  rangeText.textContent = `${timeText(view.from)} to ${timeText(view.to)} UTC, ${lengthText(view.to - view.from)}`;
  wholeButton.disabled = view.from === whole.from && view.to === whole.to;
  showPointer();
}

function narrow() {
  return charts.clientWidth < 640;
}

/* Pointer and keys */

function timeAt(clientX) {
  const box = charts.getBoundingClientRect();
  const share = (clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
  return view.from + Math.min(1, Math.max(0, share)) * (view.to - view.from);
}

function showPointer() {
  for (const pane of panes) {
    if (pointer === undefined) {
      pane.cross.setAttribute('visibility', 'hidden');
    } else {
      const x = Math.round(pane.x(pointer)) + 0.5;
      pane.cross.setAttribute('x1', String(x));
      pane.cross.setAttribute('x2', String(x));
      pane.cross.setAttribute('visibility', 'visible');
    }
    if (drag === undefined || pointer === undefined) {
      pane.drag.setAttribute('visibility', 'hidden');
    } else {
      const [from, to] = [pane.x(drag), pane.x(pointer)].toSorted((a, b) => a - b);
      pane.drag.setAttribute('x', String(from));
      pane.drag.setAttribute('width', String(to - from));
      pane.drag.setAttribute('visibility', 'visible');
    }
  }
  if (pointer === undefined) {
    readout.textContent =
      'Drag over a period to look closer; arrow keys move, + and − zoom, 0 shows all.';
    return;
  }
  const level = levelOfView();
  const bucket = bucketAt(level, pointer);
  const point = equityAt(pointer);
  const at = level.start + Math.floor((pointer - level.start) / level.width) * level.width;
  const parts = [
    `${timeText(at)}${level.width === series.intervalMs ? '' : ` + ${lengthText(level.width)}`}`,
    ...(bucket === null
      ? ['no candles']
      : [
          `open ${priceText(bucket.open)}`,
          `high ${priceText(bucket.high)}`,
          `low ${priceText(bucket.low)}`,
          `close ${priceText(bucket.close)}`,
        ]),
    `equity ${point.shown}`,
    `drawdown ${point.drawdown === 0 ? '0' : `−${point.drawdown.toFixed(2)}`} %`,
  ];
  readout.replaceChildren(...parts.map((part) => html('span', {}, part)));
}

function setView(from, to) {
  const least = series.intervalMs * 10;
  const span = Math.min(Math.max(to - from, least), whole.to - whole.from);
  const middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - span / 2, whole.from), whole.to - span);
  view = { from: start, to: start + span };
  draw();
}

function zoom(factor) {
  const middle = (view.from + view.to) / 2;
  const half = ((view.to - view.from) / 2) * factor;
  setView(middle - half, middle + half);
}

function move(share) {
  const by = (view.to - view.from) * share;
  setView(view.from + by, view.to + by);
}

charts.addEventListener('pointermove', (event) => {
  pointer = timeAt(event.clientX);
  showPointer();
});
charts.addEventListener('pointerleave', () => {
  pointer = undefined;
  showPointer();
});
charts.addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  drag = timeAt(event.clientX);
  charts.setPointerCapture(event.pointerId);
});
charts.addEventListener('pointerup', (event) => {
  if (drag === undefined) return;
  const [from, to] = [drag, timeAt(event.clientX)].toSorted((a, b) => a - b);
  drag = undefined;
  if (to - from > (view.to - view.from) / 100) setView(from, to);
  else showPointer();
});
charts.addEventListener('pointercancel', () => {
  drag = undefined;
  showPointer();
});
charts.addEventListener('keydown', (event) => {
  const keys = {
    ArrowLeft: () => move(-0.25),
    ArrowRight: () => move(0.25),
    '+': () => zoom(0.5),
    '-': () => zoom(2),
    0: () => setView(whole.from, whole.to),
  };
  const act = keys[event.key];
  if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});
wholeButton.addEventListener('click', () => setView(whole.from, whole.to));
document.getElementById('zoom-in').addEventListener('click', () => zoom(0.5));
document.getElementById('zoom-out').addEventListener('click', () => zoom(2));

/* Deals */

const symbolChoice = document.getElementById('symbol');
const table = document.getElementById('deals');
const filter = document.getElementById('deal-filter');
const sorting = { column: 0, isDown: false };
let page = 0;

const SIGN_CLASSES = ['loss', '', 'profit'];

const FILTERS = {
  all: () => true,
  won: (deal) => deal.closed > 0 && deal.sign > 0,
  lost: (deal) => deal.closed > 0 && deal.sign <= 0,
  open: (deal) => deal.closed === 0,
};

const COLUMNS = [
  { name: 'Deal', isNumber: true, key: (deal) => deal.id, cell: (deal) => String(deal.id) },
  ...(data.symbols > 1
    ? [{ name: 'Symbol', key: (deal) => deal.symbol, cell: (deal) => deal.symbol }]
    : []),
  { name: 'Opened (UTC)', key: (deal) => deal.opened, cell: (deal) => timeText(deal.opened) },
  {
    name: `Profit, ${data.quoteAsset}`,
    isNumber: true,
    isProfit: true,
    key: (deal) => numberOf(deal.profitExact),
    cell: (deal) => deal.profit,
    exact: (deal) => deal.profitExact,
  },
  {
    name: 'Profit, %',
    isNumber: true,
    isProfit: true,
    key: (deal) => numberOf(deal.percentExact),
    cell: (deal) => deal.percent,
    exact: (deal) => deal.percentExact,
  },
  {
    name: 'Lasted',
    isNumber: true,
    key: (deal) => (deal.closed || data.end) - deal.opened,
    cell: (deal) => lengthText((deal.closed || data.end) - deal.opened),
  },
  { name: 'Ended by', key: (deal) => deal.status, cell: (deal) => deal.status },
  {
    name: 'Safety orders',
    isNumber: true,
    key: (deal) => deal.safetyOrders,
    cell: (deal) => `${deal.safetyOrders} of ${data.maxSafetyOrders}`,
  },
  {
    name: data.symbols > 1 ? 'Bought' : `Bought, ${series.baseAsset}`,
    isNumber: true,
    key: (deal) => numberOf(deal.bought),
    cell: (deal) => deal.bought,
  },
  {
    name: 'Average',
    isNumber: true,
    key: (deal) => numberOf(deal.averageExact),
    cell: (deal) => deal.average,
    exact: (deal) => deal.averageExact,
  },
  {
    name: `Cost, ${data.quoteAsset}`,
    isNumber: true,
    key: (deal) => numberOf(deal.costExact),
    cell: (deal) => deal.cost,
    exact: (deal) => deal.costExact,
  },
];

/** For sorting and drawing only; what is printed stays text. */
function numberOf(text) {
  return Number(text.replaceAll(',', '').replace('−', '-'));
}

function dealsInOrder() {
  const { key } = COLUMNS[sorting.column];
  const sign = sorting.isDown ? -1 : 1;
  return deals.filter(FILTERS[filter.value]).toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    return left < right ? -sign : left > right ? sign : a.id - b.id;
  });
}

function cellOf(column, deal) {
  const classes = [
    ...(column.isNumber ? ['number'] : []),
    ...(column.isProfit ? [SIGN_CLASSES[deal.sign + 1]] : []),
  ];
  return html(
    'td',
    {
      class: classes.join(' '),
      ...(column.exact === undefined ? {} : { title: column.exact(deal) }),
    },
    column.cell(deal),
  );
}

function drawDeals() {
  const ordered = dealsInOrder();
  const pages = Math.max(1, Math.ceil(ordered.length / PAGE_ROWS));
  page = Math.min(page, pages - 1);
  const heads = COLUMNS.map((column, index) => {
    const isSorted = sorting.column === index;
    const button = html(
      'button',
      { type: 'button' },
      `${column.name}${isSorted ? (sorting.isDown ? ' ↓' : ' ↑') : ''}`,
    );
    button.addEventListener('click', () => {
      sorting.isDown = isSorted ? !sorting.isDown : false;
      sorting.column = index;
      drawDeals();
      table.querySelectorAll('th button')[index].focus();
    });
    return html(
      'th',
      {
        scope: 'col',
        class: column.isNumber ? 'number' : '',
        'aria-sort': isSorted ? (sorting.isDown ? 'descending' : 'ascending') : 'none',
      },
      button,
    );
  });
  const rows = ordered.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS).map((deal) => {
    const row = html(
      'tr',
      { class: 'choice', tabindex: '0', 'aria-selected': String(deal === chosen) },
      ...COLUMNS.map((column) => cellOf(column, deal)),
    );
    row.addEventListener('click', () => choose(deal));
    row.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      choose(deal);
    });
    return row;
  });
  table.replaceChildren(html('thead', {}, html('tr', {}, ...heads)), html('tbody', {}, ...rows));
  document.getElementById('deal-page').textContent =
    ordered.length === 0
      ? 'No such deals'
      : `${page * PAGE_ROWS + 1} to ${Math.min(ordered.length, (page + 1) * PAGE_ROWS)} of ${ordered.length.toLocaleString('en-US')}`;
  document.getElementById('previous').disabled = page === 0;
  document.getElementById('next').disabled = page >= pages - 1;
}

function show(symbol) {
  series = data.series.find((one) => one.symbol === symbol) ?? series;
  if (symbolChoice !== null) symbolChoice.value = series.symbol;
}

function choose(deal) {
  chosen = deal;
  show(deal.symbol);
  const closed = deal.closed || data.end;
  const margin = Math.max((closed - deal.opened) * 0.2, series.intervalMs * 20);
  setView(deal.opened - margin, closed + margin);
  drawDeals();
  drawDealPanel();
  charts.scrollIntoView({ block: 'nearest' });
}

function drawDealPanel() {
  const panel = document.getElementById('deal');
  panel.hidden = chosen === undefined;
  if (chosen === undefined) return;
  const close = html('button', { type: 'button' }, 'Close');
  close.addEventListener('click', () => {
    chosen = undefined;
    drawDealPanel();
    drawDeals();
    draw();
  });
  const profit = html('span', { class: SIGN_CLASSES[chosen.sign + 1], title: chosen.profitExact });
  profit.append(`${chosen.profit} ${data.quoteAsset}, ${chosen.percent} %`);
  const rows = (fillsOfDeal.get(chosen.id) ?? []).map((fill) =>
    html(
      'tr',
      {},
      html('td', {}, timeText(fill.time, 19)),
      html('td', {}, fillWords(fill)),
      html('td', { class: 'number' }, priceText(fill.ticks)),
      html('td', { class: 'number' }, `${fill.quantity} ${series.baseAsset}`),
      html('td', { class: 'number' }, `${fill.volume} ${data.quoteAsset}`),
      html('td', { class: 'number' }, `${fill.commission} ${fill.commissionAsset}`),
    ),
  );
  const head = ['Time (UTC)', 'Fill', 'Price', 'Quantity', 'Volume', 'Commission'].map(
    (name, index) => html('th', { scope: 'col', class: index > 1 ? 'number' : '' }, name),
  );
  panel.replaceChildren(
    html(
      'div',
      { class: 'head' },
      html('h3', {}, `Deal ${chosen.id}, ${chosen.status}`),
      profit,
      close,
    ),
    ...(chosen.reason === '' || chosen.reason === chosen.status
      ? []
      : [html('p', { class: 'muted' }, chosen.reason)]),
    html(
      'div',
      {
        class: 'scroll',
        tabindex: '0',
        role: 'region',
        'aria-label': `Fills of deal ${chosen.id}`,
      },
      html('table', {}, html('thead', {}, html('tr', {}, ...head)), html('tbody', {}, ...rows)),
    ),
  );
}

symbolChoice?.addEventListener('change', () => {
  show(symbolChoice.value);
  draw();
});
filter.addEventListener('change', () => {
  page = 0;
  drawDeals();
});
document.getElementById('previous').addEventListener('click', () => {
  page -= 1;
  drawDeals();
});
document.getElementById('next').addEventListener('click', () => {
  page += 1;
  drawDeals();
});

new ResizeObserver(() => {
  // Drawing changes heights only; waiting a frame keeps the observer from seeing its own effect.
  requestAnimationFrame(() => {
    if (charts.clientWidth !== drawnWidth) draw();
  });
}).observe(charts);
draw();
drawDeals();
