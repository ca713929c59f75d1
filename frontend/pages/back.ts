/**
 * "Back" to a page that answered a form asks for it anew, instead of for the form to be sent again.
 *
 * No cache may hold these pages, so a browser that comes back to one has only its address left, and
 * says so in words of its own (ERR_CACHE_MISS). From now on the address stands for a plain visit;
 * what was typed is kept beside it (keep.ts).
 */

export function armBack(page: Document): void {
  if ("posted" in page.body.dataset) history.replaceState(history.state, "", location.href);
}
