// SPDX-License-Identifier: Apache-2.0
// Puts the focus where the reader is to go on: into a field by its path, or to the first that is wrong.

const CONTROLS =
  'input:not([disabled]), select:not([disabled]), [role="switch"], [role="radio"][tabindex="0"], button:not([disabled])';

/** Focuses the field at `path` once it is drawn. */
export function focusField(path: string): void {
  requestAnimationFrame(() => {
    const field = document.querySelector(`[data-path="${CSS.escape(path)}"]`);
    reveal(field)?.querySelector<HTMLElement>(CONTROLS)?.focus();
  });
}

/** Focuses the first field with something wrong in it, once it is drawn; true when there is one. */
export function focusFirstWrong(form: HTMLElement | null): void {
  requestAnimationFrame(() => {
    const note = [...(form?.querySelectorAll('.form-error') ?? [])].find(
      (each) => each.childElementCount > 0,
    );
    const field = reveal(note?.closest('[data-path]') ?? note?.parentElement ?? null);
    const control = field?.querySelector<HTMLElement>('[aria-invalid="true"]');
    (control ?? field?.querySelector<HTMLElement>(CONTROLS))?.focus();
    field?.scrollIntoView({ block: 'center' });
  });
}

/** Unfolds what hides `element`. */
function reveal(element: Element | null): Element | null {
  for (
    let folded = element?.closest<HTMLDetailsElement>('details:not([open])');
    folded !== null && folded !== undefined;
    folded = folded.parentElement?.closest<HTMLDetailsElement>('details:not([open])')
  ) {
    folded.open = true;
  }
  return element;
}
