/** A row of tabs that is wider than the phone shows the one that is open. */

export function showCurrentTab(page: Document): void {
  for (const row of page.querySelectorAll<HTMLElement>(".tabs")) {
    const current = row.querySelector<HTMLElement>("[aria-current]");
    if (!current || row.scrollWidth <= row.clientWidth) continue;
    // The row alone moves, never the page.
    row.scrollLeft = current.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
  }
}
