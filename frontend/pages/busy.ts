/**
 * A button that says what it does while its form is on the way, and a form that is sent once.
 *
 * The button keeps its place and its focus, so it is `aria-disabled`, never `disabled`.
 */

const AGAIN_AFTER_MS = 15_000;

function mark(button: HTMLElement, busy: boolean): void {
  if (busy) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

function release(form: HTMLFormElement): void {
  delete form.dataset.sent;
  for (const element of form.elements) {
    if (element instanceof HTMLElement && "busy" in element.dataset) mark(element, false);
  }
}

export function armBusyButtons(page: Document): void {
  page.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const pressed = event.submitter;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || !pressed || !("busy" in pressed.dataset)) return;
    form.dataset.sent = "1";
    mark(pressed, true);
    // A dead network shows no page of its own for a while: let the person press again.
    window.setTimeout(() => release(form), AGAIN_AFTER_MS);
  });
  // "Back" brings a page as it was left, with the button still busy.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of page.forms) release(form);
  });
}
