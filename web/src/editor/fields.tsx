// SPDX-License-Identifier: Apache-2.0
// Fields as rows of a form, made from their descriptions: a label, a control, what is wrong; groups and lists in turn.

import type { Field, Fields } from '@kontor/core';
import { useId, type ReactElement, type ReactNode } from 'react';

import { boundsText } from '../language/bounds-text.ts';
import { useLanguage } from '../language/language.tsx';
import { choiceWord, fieldWords, type FieldWords } from '../language/settings-words.ts';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { Segmented } from '../parts/segmented.tsx';
import type { Place } from './arrangement.ts';
import {
  NumberControl, SelectControl, SwitchControl, SymbolsControl, TextControl, type ControlProps,
} from './controls.tsx'; // prettier-ignore
import {
  emptyDraft, emptyFields, emptyVariant, isDraftFields, isDraftList, isOptional, pathText,
  type Draft, type DraftFields, type Path,
} from './draft.ts'; // prettier-ignore
import { focusField } from './focus-field.ts';
import { fieldId, useForm } from './form-context.ts';
import {
  isSimple,
  type GroupField,
  type ListField,
  type SimpleField,
  type VariantField,
} from './field-kinds.ts';
import './fields.css';

/** Choices of so few and so short words stand side by side. */
const SEGMENTS_MOST = 3;
const SEGMENT_LETTERS_MOST = 30;
/** Entries of a list with so few plain fields stand on one line each. */
const LINE_FIELDS_MOST = 3;

interface At {
  /** Where the value stands in the settings. */
  readonly path: Path;
  /** Where the words for it stand in the catalogue: without indexes, with the kinds of variants. */
  readonly words: readonly string[];
}

export interface FieldRowsProps {
  readonly fields: Fields;
  readonly values: DraftFields;
  readonly places: readonly Place[];
  readonly at: At;
  /** Labels above their controls, several on a line. */
  readonly isCompact?: boolean;
}

/** The rows of `places` within the fields at `at`. */
export function FieldRows({
  fields,
  values,
  places,
  at,
  isCompact = false,
}: FieldRowsProps): ReactElement {
  return (
    <>
      {places.map((place) => {
        const field = fields[place.field];
        if (field === undefined || place.isAsked?.(values) === false) return null;
        return (
          <FieldRow
            key={place.field}
            field={field}
            place={place}
            value={values[place.field]}
            siblings={{ fields, values }}
            at={inner(at, place.field)}
            parent={at}
            isCompact={isCompact}
          />
        );
      })}
    </>
  );
}

interface RowProps<F extends Field = Field> {
  readonly field: F;
  readonly place: Place;
  readonly value: Draft;
  readonly siblings: { readonly fields: Fields; readonly values: DraftFields };
  readonly at: At;
  readonly parent: At;
  readonly isCompact: boolean;
}

function FieldRow(props: RowProps): ReactElement {
  const { field, place, value, at } = props;
  const form = useForm();
  const { text, words } = useSettingsLanguage();
  const own = fieldWords(words, at.words);
  if (field.kind === 'list') return <ListBlock {...props} field={field} />;
  const mayBeAbsent = isOptional(field) && place.isNeeded !== true;
  if (value === undefined && mayBeAbsent) {
    return (
      <Row at={at} words={own} isCompact={props.isCompact}>
        <Button
          look="quiet"
          icon="plus"
          aria-label={text.form.addNamed(own.name)}
          onClick={() => {
            form.change(at.path, place.suggestion ?? emptyDraft(field) ?? '');
            focusField(pathText(at.path));
          }}
        >
          {text.form.add}
        </Button>
      </Row>
    );
  }
  const removal = mayBeAbsent ? (
    <IconButton
      icon="close"
      label={text.form.remove(own.name)}
      onClick={() => {
        form.change(at.path, undefined);
        focusField(pathText(at.path));
      }}
    />
  ) : null;
  switch (field.kind) {
    case 'group':
      return (
        <Block at={at} words={own} aside={removal}>
          <GroupRows field={field} value={value} at={at} />
        </Block>
      );
    case 'variant':
      return <VariantRows {...props} field={field} removal={removal} />;
    default:
      return (
        <Row at={at} words={own} isCompact={props.isCompact} hasLabel={isLabelled(field, own)}>
          <SimpleControl {...props} field={field} />
          {removal}
        </Row>
      );
  }
}

/** What is inside a group: as arranged, or field by field. */
function GroupRows({
  field,
  value,
  at,
}: {
  readonly field: GroupField;
  readonly value: Draft;
  readonly at: At;
}): ReactElement {
  const { arrangement } = useForm();
  return (
    <FieldRows
      fields={field.fields}
      values={isDraftFields(value) ? value : {}}
      places={arrangement.groups?.[at.words.slice(1).join('.')] ?? placesOf(field.fields)}
      at={at}
    />
  );
}

function VariantRows(
  props: RowProps<VariantField> & { readonly removal: ReactNode },
): ReactElement {
  const { field, value, at, removal, isCompact } = props;
  const form = useForm();
  const { words } = useSettingsLanguage();
  const own = fieldWords(words, at.words);
  const { kind, values, inside } = variantOf(field, value);
  const within: At = { path: at.path, words: [...at.words, kind] };
  const chooser = <KindChooser field={field} value={value} at={at} words={own} />;
  const [only, ...others] = Object.entries(inside);
  if (only === undefined || others.length > 0 || !isSimple(only[1])) {
    return (
      <>
        <Row at={at} words={own} isCompact={isCompact} hasLabel>
          {chooser}
          {removal}
        </Row>
        <FieldRows
          fields={inside}
          values={values}
          places={placesOf(inside)}
          at={within}
          isCompact={isCompact}
        />
      </>
    );
  }
  const [name, single] = only;
  return (
    <Row at={at} words={own} isCompact={isCompact} hasLabel alsoAt={[[...at.path, name]]}>
      {chooser}
      <SimpleControl
        field={single}
        place={{ field: name }}
        value={values[name]}
        siblings={{ fields: inside, values }}
        at={inner(within, name)}
        parent={within}
        isCompact={isCompact}
        label={own.name}
        onChange={(next) => form.change(at.path, { ...values, [name]: next })}
      />
      {removal}
    </Row>
  );
}

function KindChooser({
  field,
  value,
  at,
  words,
  label,
}: {
  readonly field: VariantField;
  readonly value: Draft;
  readonly at: At;
  readonly words: FieldWords;
  readonly label?: string;
}): ReactElement {
  const form = useForm();
  const { kind, values } = variantOf(field, value);
  return (
    <SelectControl
      id={fieldId(pathText(at.path))}
      label={label}
      value={kind}
      options={Object.keys(field.variants).map((each) => ({
        value: each,
        name: choiceWord(words, each),
      }))}
      isWrong={form.errors.has(pathText([...at.path, 'kind']))}
      describedBy={noteId(at)}
      onChange={(next) => form.change(at.path, changedKind(field, values, String(next)))}
      onLeave={() => form.leave(at.path)}
    />
  );
}

function ListBlock({ field, place, value, at }: RowProps<ListField>): ReactElement {
  const form = useForm();
  const { text, words } = useSettingsLanguage();
  const own = fieldWords(words, at.words);
  const items = isDraftList(value) ? value : [];
  const itemName = own.item ?? text.form.entry;
  const isLines = isLineItem(field.item);
  const set = (next: readonly Draft[]): void => {
    // An optional list without entries is one that is not there.
    form.change(at.path, next.length === 0 && isOptional(field) ? undefined : next);
  };
  const add = (): void => {
    const [fresh] = nextItems(field, items, place.suggestion);
    set(items.length === 0 ? nextItems(field, items, place.suggestion) : [...items, fresh]);
    focusField(pathText([...at.path, items.length]));
  };
  const remove = (index: number): void => {
    set(items.filter((_, each) => each !== index));
    focusField(pathText(at.path));
  };
  const move = (index: number, step: number): void => {
    const next = [...items];
    const [moved] = next.splice(index, 1);
    next.splice(index + step, 0, moved);
    set(next);
  };
  const tools = (index: number): ReactNode => (
    <span className="list-tools">
      {field.item.kind === 'variant' || items.length < 2 ? null : (
        <>
          <IconButton
            icon="up"
            label={text.form.moveUp(itemName, String(index + 1))}
            disabled={index === 0}
            onClick={() => move(index, -1)}
          />
          <IconButton
            icon="down"
            label={text.form.moveDown(itemName, String(index + 1))}
            disabled={index === items.length - 1}
            onClick={() => move(index, 1)}
          />
        </>
      )}
      <IconButton
        icon="close"
        label={text.form.removeNumber(itemName, String(index + 1))}
        disabled={!isOptional(field) && items.length <= field.least}
        onClick={() => remove(index)}
      />
    </span>
  );
  if (items.length === 0) {
    return (
      <Row at={at} words={own}>
        <Button look="quiet" icon="plus" onClick={add}>
          {text.form.addItem(itemName)}
        </Button>
      </Row>
    );
  }
  return (
    <Block at={at} words={own}>
      <ol className={isLines ? 'list-lines' : 'list-cards'}>
        {items.map((item, index) => (
          <ListItem
            // Entries have no names of their own; their place is what the settings know them by.
            // oxlint-disable-next-line react/no-array-index-key
            key={index}
            field={field.item}
            value={item}
            at={{ path: [...at.path, index], words: at.words }}
            words={own}
            title={text.form.entryNumber(itemName, String(index + 1))}
            isFirst={index === 0}
            tools={tools(index)}
          />
        ))}
      </ol>
      <Button look="quiet" icon="plus" disabled={items.length >= field.most} onClick={add}>
        {text.form.addItem(itemName)}
      </Button>
    </Block>
  );
}

function ListItem({
  field,
  value,
  at,
  words,
  title,
  isFirst,
  tools,
}: {
  readonly field: Field;
  readonly value: Draft;
  readonly at: At;
  readonly words: FieldWords;
  readonly title: string;
  readonly isFirst: boolean;
  readonly tools: ReactNode;
}): ReactElement {
  if (field.kind === 'variant') {
    const { kind, values, inside } = variantOf(field, value);
    return (
      <li className="list-card" data-path={pathText(at.path)} aria-label={title}>
        <div className="list-card-head">
          <KindChooser field={field} value={value} at={at} words={words} label={title} />
          {tools}
        </div>
        <div className="form-cells">
          <FieldRows
            fields={inside}
            values={values}
            places={placesOf(inside)}
            at={{ path: at.path, words: [...at.words, kind] }}
            isCompact
          />
        </div>
        <Notes at={at} />
      </li>
    );
  }
  if (field.kind === 'group' && isLineItem(field)) {
    return (
      <li className="list-line" data-path={pathText(at.path)} aria-label={title}>
        <div className={isFirst ? 'form-cells is-first' : 'form-cells'}>
          <FieldRows
            fields={field.fields}
            values={isDraftFields(value) ? value : {}}
            places={placesOf(field.fields)}
            at={at}
            isCompact
          />
        </div>
        {tools}
        <Notes at={at} />
      </li>
    );
  }
  return (
    <li className="list-card" data-path={pathText(at.path)} aria-label={title}>
      <div className="list-card-head">
        <h3>{title}</h3>
        {tools}
      </div>
      {field.kind === 'group' ? <GroupRows field={field} value={value} at={at} /> : null}
      <Notes at={at} />
    </li>
  );
}

function SimpleControl(
  props: RowProps<SimpleField> & {
    readonly label?: string;
    readonly onChange?: (value: Draft) => void;
  },
): ReactElement {
  const { field, place, value, at } = props;
  const form = useForm();
  const { text, words } = useSettingsLanguage();
  const { format } = useLanguage();
  const own = fieldWords(words, at.words);
  const name = pathText(at.path);
  const control: ControlProps = {
    id: fieldId(name),
    value,
    onChange: props.onChange ?? ((next) => form.change(at.path, next)),
    onLeave: () => form.leave(at.path),
    isWrong: form.errors.has(name),
    label: props.label,
    describedBy: noteId(at),
  };
  switch (field.kind) {
    case 'text': {
      const from = form.arrangement.choicesFrom?.[at.words.slice(1).join('.')];
      return from === undefined ? (
        <TextControl {...control} lengthMax={field.lengthMax} />
      ) : (
        <SelectControl {...control} options={namedOptions(form.choices[from])} />
      );
    }
    case 'decimal':
    case 'integer': {
      const { before, after } = unitOf(field, form, text);
      const hint = boundsText(field, format, text);
      const { unitFrom } = place;
      return (
        <span className="with-hint">
          <NumberControl
            {...control}
            isWhole={field.kind === 'integer'}
            before={before}
            after={unitFrom === undefined ? after : undefined}
          />
          {unitFrom === undefined ? null : (
            <UnitChooser siblings={props.siblings} parent={props.parent} name={unitFrom} />
          )}
          {field.unit === 'seconds' && typeof value === 'number' && value >= 60 ? (
            <span className="control-aside muted">{`= ${format.duration(value * 1000)}`}</span>
          ) : null}
          {hint === '' ? null : <span className="control-hint">{hint}</span>}
        </span>
      );
    }
    case 'boolean':
      return <SwitchControl {...control} />;
    case 'choice': {
      const options = field.choices.map((choice) => ({
        value: choice,
        name: choiceWord(own, choice),
      }));
      return isLabelled(field, own) ? (
        <SelectControl {...control} options={options} />
      ) : (
        <Segmented
          label={own.name}
          value={typeof value === 'string' ? value : ''}
          options={options}
          onChange={control.onChange}
        />
      );
    }
    case 'symbols':
      return field.most === 1 ? (
        <SelectControl
          {...control}
          value={isDraftList(value) ? value[0] : undefined}
          options={namedOptions(form.choices.symbols)}
          onChange={(next) => control.onChange(next === undefined ? [] : [next])}
        />
      ) : (
        <SymbolsControl {...control} symbols={form.choices.symbols} most={field.most} />
      );
  }
}

/** What a number counts, chosen beside it. */
function UnitChooser({
  siblings,
  parent,
  name,
}: {
  readonly siblings: RowProps['siblings'];
  readonly parent: At;
  readonly name: string;
}): ReactElement | null {
  const form = useForm();
  const { words } = useSettingsLanguage();
  const at = inner(parent, name);
  const field = siblings.fields[name];
  if (field?.kind !== 'choice') return null;
  const own = fieldWords(words, at.words);
  const nameOf = (choice: string): string => {
    if (choice === 'quote' && form.quoteAsset !== '') return form.quoteAsset;
    if (choice === 'base' && form.baseAsset !== '') return form.baseAsset;
    return choiceWord(own, choice);
  };
  return (
    <SelectControl
      id={fieldId(pathText(at.path))}
      label={own.name}
      value={siblings.values[name]}
      options={field.choices.map((choice) => ({ value: choice, name: nameOf(choice) }))}
      isWrong={form.errors.has(pathText(at.path))}
      onChange={(next) => form.change(at.path, next)}
      onLeave={() => form.leave(at.path)}
    />
  );
}

interface RowFrameProps {
  readonly at: At;
  readonly words: FieldWords;
  readonly isCompact?: boolean;
  /** Whether the label names a control of its own. */
  readonly hasLabel?: boolean;
  /** Paths whose errors stand here too. */
  readonly alsoAt?: readonly Path[];
  readonly children: ReactNode;
}

function Row({
  at,
  words,
  isCompact = false,
  hasLabel = false,
  alsoAt = [],
  children,
}: RowFrameProps): ReactElement {
  const id = fieldId(pathText(at.path));
  return (
    <div className={isCompact ? 'form-cell' : 'form-row'} data-path={pathText(at.path)}>
      <div className="form-label">
        {hasLabel ? <label htmlFor={id}>{words.name}</label> : <span>{words.name}</span>}
        {words.help === undefined || isCompact ? null : <p className="form-help">{words.help}</p>}
      </div>
      <div className="form-control">{children}</div>
      <Notes at={at} alsoAt={alsoAt} />
    </div>
  );
}

/** Several rows under one name. */
function Block({
  at,
  words,
  aside = null,
  children,
}: {
  readonly at: At;
  readonly words: FieldWords;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  const id = useId();
  return (
    <div className="form-block" role="group" aria-labelledby={id} data-path={pathText(at.path)}>
      <div className="form-block-head">
        <div className="form-label">
          <span id={id}>{words.name}</span>
          {words.help === undefined ? null : <p className="form-help">{words.help}</p>}
        </div>
        {aside}
      </div>
      {children}
      <Notes at={at} />
    </div>
  );
}

/** What is wrong at a path, as the reader is to be told now. */
function Notes({
  at,
  alsoAt = [],
}: {
  readonly at: At;
  readonly alsoAt?: readonly Path[];
}): ReactElement | null {
  const { errors } = useForm();
  const paths = [at.path, [...at.path, 'kind'], ...alsoAt];
  const found = paths.flatMap((path) => errors.get(pathText(path)) ?? []);
  return (
    <div id={noteId(at)} className="form-error" aria-live="polite">
      {found.map((message) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  );
}

function noteId(at: At): string {
  return `note-${pathText(at.path)}`;
}

function inner(at: At, name: string): At {
  return { path: [...at.path, name], words: [...at.words, name] };
}

function placesOf(fields: Fields): readonly Place[] {
  return Object.keys(fields).map((field) => ({ field }));
}

function namedOptions(
  names: readonly string[],
): readonly { readonly value: string; readonly name: string }[] {
  return names.map((name) => ({ value: name, name }));
}

function isLineItem(field: Field): boolean {
  if (field.kind !== 'group') return false;
  const fields = Object.values(field.fields);
  return (
    fields.length <= LINE_FIELDS_MOST &&
    fields.every((each) => isSimple(each) && !isOptional(each) && each.kind !== 'symbols')
  );
}

/** Whether a label can name the field's control; segments are named as a group. */
function isLabelled(field: SimpleField, words: FieldWords): boolean {
  if (field.kind !== 'choice') return true;
  const letters = field.choices.reduce((sum, choice) => sum + choiceWord(words, choice).length, 0);
  return field.choices.length > SEGMENTS_MOST || letters > SEGMENT_LETTERS_MOST;
}

function variantOf(
  field: VariantField,
  value: Draft,
): { readonly kind: string; readonly values: DraftFields; readonly inside: Fields } {
  const empty = emptyDraft(field);
  const values = isDraftFields(value) ? value : isDraftFields(empty) ? empty : {};
  const kind = String(values['kind']);
  return { kind, values, inside: field.variants[kind] ?? {} };
}

/**
 * The variant `kind`. A choice that is the very same in both, such as an interval, is kept; a value has another
 * meaning for another indicator.
 */
function changedKind(field: VariantField, values: DraftFields, kind: string): DraftFields {
  const before = field.variants[String(values['kind'])] ?? {};
  const inside = field.variants[kind] ?? {};
  const kept = Object.entries(values).filter(
    ([name]) => inside[name]?.kind === 'choice' && inside[name] === before[name],
  );
  return { ...emptyVariant(field.variants, kind), ...Object.fromEntries(kept) };
}

/** What the next entry of a list begins with: for the first one what is suggested. */
function nextItems(field: ListField, items: readonly Draft[], suggestion: Draft): readonly Draft[] {
  if (items.length === 0 && isDraftList(suggestion) && suggestion.length > 0) return suggestion;
  const last = items.at(-1);
  if (last !== undefined && field.item.kind !== 'variant') return [last];
  return [field.item.kind === 'group' ? emptyFields(field.item.fields) : emptyDraft(field.item)];
}

function unitOf(
  field: Extract<SimpleField, { kind: 'decimal' | 'integer' }>,
  form: ReturnType<typeof useForm>,
  text: ReturnType<typeof useSettingsLanguage>['text'],
): { readonly before?: string; readonly after?: string } {
  switch (field.unit) {
    case 'percent':
      return { after: '%' };
    case 'scale':
      return { before: '×' };
    case 'quote':
    case 'price':
      return form.quoteAsset === '' ? {} : { after: form.quoteAsset };
    case 'base':
      return { after: form.baseAsset === '' ? text.form.coins : form.baseAsset };
    case 'volume':
      return form.volumeUnit === '' ? {} : { after: form.volumeUnit };
    case 'seconds':
      return { after: text.form.seconds };
    case 'candles':
      return { after: text.form.candles };
    case 'none':
      return {};
  }
}
