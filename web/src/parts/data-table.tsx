// SPDX-License-Identifier: Apache-2.0
// The desk's table: sorts, selects, opens rows, and draws only the rows in sight.

import {
  useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
  type KeyboardEvent, type MouseEvent, type ReactElement, type ReactNode,
} from 'react'; // prettier-ignore

import { useLanguage } from '../language/language.tsx';
import type { Sort } from '../sort-text.ts';
import { useKeys } from './keyboard.ts';
import { Icon } from './icon.tsx';
import { useIsPhone } from './media.ts';
import './data-table.css';

export interface Column<Row> {
  readonly id: string;
  readonly head: string;
  /** In pixels; the column marked `isWide` takes what is left. */
  readonly width: number;
  readonly isWide?: boolean;
  readonly isNumber?: boolean;
  /** Shown on a phone too. */
  readonly isEssential?: boolean;
  /** On a phone a row has two lines; what the first and the last column show there. */
  readonly phoneCell?: (row: Row) => ReactNode;
  /** Where the table is too narrow for all, columns of the highest rank leave first; those without one stay. */
  readonly rank?: number;
  /** What the column sorts by; without it the column does not sort. */
  readonly sortKey?: (row: Row) => number | string;
  readonly cell: (row: Row) => ReactNode;
}

export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly onChange: (ids: ReadonlySet<string>) => void;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowId: (row: Row) => string;
  readonly rowName: (row: Row) => string;
  readonly rowHref: (row: Row) => string;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly onOpen: (row: Row) => void;
  /** The row that stands open beside the table. */
  readonly openId: string | null;
  readonly selection?: Selection;
  /** In the place of rows when there are none. */
  readonly empty: ReactNode;
}

const ROW_PX = 32;
const ROW_PHONE_PX = 52;
const HEAD_PX = 32;
/** Rows drawn beyond the edges, so that quick scrolling meets drawn rows. */
const OVERSCAN = 8;
const SELECT_PX = 36;

/** `rows` in the order of `sort`; equal keys keep their order. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: Sort,
): readonly Row[] {
  const key = columns.find((column) => column.id === sort.column)?.sortKey;
  if (key === undefined) return rows;
  const keyed = rows.map((row) => ({ row, key: key(row) }));
  const direction = sort.isDescending ? -1 : 1;
  keyed.sort((left, right) => direction * compare(left.key, right.key));
  return keyed.map(({ row }) => row);
}

export function DataTable<Row>(props: DataTableProps<Row>): ReactElement {
  const { rows, rowId, selection } = props;
  const { text } = useLanguage();
  const isPhone = useIsPhone();
  const rowPx = isPhone ? ROW_PHONE_PX : ROW_PX;
  const scroller = useRef<HTMLDivElement>(null);
  const range = useVisibleRange(scroller, rows.length, rowPx);
  const columns = useMemo(
    () =>
      isPhone
        ? props.columns.filter((column) => column.isEssential)
        : fitColumns(props.columns, range.widthPx - (selection === undefined ? 0 : SELECT_PX)),
    [isPhone, props.columns, range.widthPx, selection],
  );
  const [cursor, setCursor] = useState<string | null>(null);
  const hasSelection = selection !== undefined && !isPhone;
  const columnCount = columns.length + (hasSelection ? 1 : 0);
  const openIndex =
    props.openId === null ? -1 : rows.findIndex((row) => rowId(row) === props.openId);

  const reveal = useCallback(
    (index: number, isFocused: boolean) => {
      const element = scroller.current;
      if (element === null) return;
      const top = index * rowPx;
      const height = element.clientHeight - HEAD_PX;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowPx > element.scrollTop + height) element.scrollTop = top + rowPx - height;
      if (!isFocused) return;
      // The row may be drawn only after the scrolling; its link takes the focus as soon as it is there.
      requestAnimationFrame(() => {
        element.querySelector<HTMLElement>(`[data-index="${index}"] .row-link`)?.focus();
      });
    },
    [rowPx],
  );

  // A row that the address opens is in sight from the start; later scrolling is the reader's.
  const isOpenRevealed = useRef(false);
  useEffect(() => {
    if (isOpenRevealed.current || openIndex < 0) return;
    isOpenRevealed.current = true;
    reveal(openIndex, false);
  }, [openIndex, reveal]);

  const move = (step: number): void => {
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => rowId(row) === (cursor ?? props.openId));
    const next = Math.min(Math.max(at + step, 0), rows.length - 1);
    const row = rows[next];
    if (row === undefined) return;
    setCursor(rowId(row));
    reveal(next, true);
    // Beside an open row the cursor carries the panel along.
    if (props.openId !== null && props.openId !== rowId(row)) props.onOpen(row);
  };
  const toggle = (id: string): void => {
    if (selection === undefined) return;
    const ids = new Set(selection.ids);
    if (!ids.delete(id)) ids.add(id);
    selection.onChange(ids);
  };
  const toggleAll = (): void => {
    if (selection === undefined) return;
    const isAll = rows.length > 0 && rows.every((row) => selection.ids.has(rowId(row)));
    selection.onChange(isAll ? new Set() : new Set(rows.map(rowId)));
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      if (cursor !== null) toggle(cursor);
    },
    'shift+a': toggleAll,
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') move(1);
    else if (event.key === 'ArrowUp') move(-1);
    else return;
    event.preventDefault();
  };
  const onRowClick = (event: MouseEvent, row: Row): void => {
    if (event.target instanceof Element && event.target.closest('input, button, label') !== null) {
      return;
    }
    // Clicks that open a tab or window belong to the browser.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    setCursor(rowId(row));
    props.onOpen(row);
  };

  const shown = rows.slice(range.first, range.last);
  return (
    <div className="table-box">
      <div className="table-scroll" ref={scroller}>
        <table className="table" aria-label={props.label} aria-rowcount={rows.length + 1}>
          <colgroup>
            {hasSelection ? <col style={{ width: SELECT_PX }} /> : null}
            {columns.map((column) => (
              <col
                key={column.id}
                style={isPhone || column.isWide ? {} : { width: column.width }}
              />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {hasSelection ? (
                <th className="table-select">
                  <input
                    type="checkbox"
                    aria-label={text.table.selectAll}
                    checked={rows.length > 0 && rows.every((row) => selection.ids.has(rowId(row)))}
                    onChange={toggleAll}
                  />
                </th>
              ) : null}
              {columns.map((column) => (
                <HeadCell key={column.id} column={column} sort={props.sort} onSort={props.onSort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {range.first > 0 ? <Spacer height={range.first * rowPx} columns={columnCount} /> : null}
            {shown.map((row, offset) => {
              const id = rowId(row);
              const index = range.first + offset;
              const isSelected = selection?.ids.has(id) === true;
              return (
                <tr
                  key={id}
                  data-index={index}
                  aria-rowindex={index + 2}
                  aria-selected={isSelected || id === props.openId}
                  className={id === props.openId ? 'table-row table-row-open' : 'table-row'}
                  style={{ height: rowPx }}
                  onClick={(event) => onRowClick(event, row)}
                >
                  {hasSelection ? (
                    <td className="table-select">
                      <input
                        type="checkbox"
                        aria-label={text.table.selectRow(props.rowName(row))}
                        checked={isSelected}
                        onChange={() => toggle(id)}
                      />
                    </td>
                  ) : null}
                  {columns.map((column, place) => (
                    <td key={column.id} className={column.isNumber ? 'table-number' : ''}>
                      {place === 0 ? (
                        <a
                          className="row-link cut"
                          href={props.rowHref(row)}
                          onFocus={() => setCursor(id)}
                          onKeyDown={onKeyDown}
                          draggable={false}
                        >
                          {cellOf(column, row, isPhone)}
                        </a>
                      ) : (
                        <div className="table-cell cut">{cellOf(column, row, isPhone)}</div>
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
            {range.last < rows.length ? (
              <Spacer height={(rows.length - range.last) * rowPx} columns={columnCount} />
            ) : null}
          </tbody>
        </table>
      </div>
      {rows.length === 0 ? <div className="table-empty">{props.empty}</div> : null}
    </div>
  );
}

function cellOf<Row>(column: Column<Row>, row: Row, isPhone: boolean): ReactNode {
  return isPhone && column.phoneCell !== undefined ? column.phoneCell(row) : column.cell(row);
}

function HeadCell<Row>({
  column,
  sort,
  onSort,
}: {
  readonly column: Column<Row>;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}): ReactElement {
  const className = column.isNumber ? 'table-number' : '';
  if (column.sortKey === undefined) return <th className={className}>{column.head}</th>;
  const isSorted = sort.column === column.id;
  const direction = sort.isDescending ? 'descending' : 'ascending';
  return (
    <th className={className} aria-sort={isSorted ? direction : 'none'}>
      <button
        type="button"
        className="table-sort"
        onClick={() =>
          onSort({
            column: column.id,
            // Numbers are looked for from the largest, words from A.
            isDescending: isSorted ? !sort.isDescending : column.isNumber === true,
          })
        }
      >
        <span className="cut">{column.head}</span>
        <span className="table-sort-mark" data-shown={isSorted}>
          <Icon name={sort.isDescending ? 'down' : 'up'} />
        </span>
      </button>
    </th>
  );
}

function Spacer({
  height,
  columns,
}: {
  readonly height: number;
  readonly columns: number;
}): ReactElement {
  return (
    <tr aria-hidden="true" style={{ height }}>
      <td colSpan={columns} />
    </tr>
  );
}

interface VisibleRange {
  readonly first: number;
  readonly last: number;
  readonly widthPx: number;
}

/** The columns that fit into `widthPx`, the least important ones gone first. */
function fitColumns<Row>(columns: readonly Column<Row>[], widthPx: number): readonly Column<Row>[] {
  let kept = columns;
  const width = (): number => kept.reduce((sum, column) => sum + column.width, 0);
  while (width() > widthPx) {
    const rank = Math.max(0, ...kept.map((column) => column.rank ?? 0));
    if (rank === 0) return kept;
    kept = kept.filter((column) => column.rank !== rank);
  }
  return kept;
}

/** The rows in sight and a few beyond. Ranges move in steps, so that most scroll events draw nothing. */
function useVisibleRange(
  scroller: React.RefObject<HTMLDivElement | null>,
  count: number,
  rowPx: number,
): VisibleRange {
  const [range, setRange] = useState<VisibleRange>({
    first: 0,
    last: 48,
    widthPx: Number.POSITIVE_INFINITY,
  });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const measure = (): void => {
      const top = Math.floor(Math.max(0, element.scrollTop) / rowPx);
      const height = Math.ceil(element.clientHeight / rowPx);
      const first = Math.max(0, Math.floor((top - OVERSCAN) / OVERSCAN) * OVERSCAN);
      const last = Math.ceil((top + height + OVERSCAN) / OVERSCAN) * OVERSCAN;
      const widthPx = element.clientWidth;
      setRange((known) =>
        known.first === first && known.last === last && known.widthPx === widthPx
          ? known
          : { first, last, widthPx },
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [scroller, rowPx]);
  // After a filter the list may be shorter than where the reader had scrolled to.
  const last = Math.min(range.last, count);
  return { ...range, first: Math.min(range.first, Math.max(0, last - 1)), last };
}

function compare(left: number | string, right: number | string): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left).localeCompare(String(right), undefined, { numeric: true });
}
