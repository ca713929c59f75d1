/** Put the focus on what a page wants read first: the summary of a form that came back. */

export function focusFirst(page: Document): void {
  page.querySelector<HTMLElement>("[data-focus]")?.focus();
}
