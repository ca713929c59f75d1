/** Parts of organizers' pages that refresh themselves. Without this every page is read by hand. */

import htmx from "htmx.org";

// Under the CSP nothing is evaluated and no style is written into the page.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyEnabled = false;

/** Say how many rows are ticked, in the bar that acts on them. */
function armBulkBars(page: Document): void {
  for (const bar of page.querySelectorAll<HTMLElement>("[data-bulk]")) {
    const form = bar.closest("form");
    const words = bar.querySelector<HTMLElement>("[data-bulk-words]");
    if (!form || !words) continue;
    const idle = words.textContent;
    const count = (): void => {
      const ticked = form.querySelectorAll(".pick input:checked").length;
      const said = (bar.dataset.bulk ?? "").replace("#", String(ticked));
      words.textContent = ticked > 0 ? said : idle;
    };
    form.addEventListener("change", count);
    count();
  }
}

armBulkBars(document);
