/**
 * "Back" keeps what was typed in a form whose page no cache may hold.
 *
 * The values stay in this tab alone, and go once the form has led to its ticket: the next person at
 * the same desk finds it empty. A form that the server sent back filled is left as it is.
 */

const PREFIX = "kept:";

type Kept = [name: string, value: string][];

function read(place: string): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? "[]");
  } catch {
    return [];
  }
}

function isTyped(element: Element): element is HTMLInputElement | HTMLSelectElement {
  if (element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLInputElement && element.type !== "hidden";
}

function isEmpty(form: HTMLFormElement): boolean {
  return [...form.elements].filter(isTyped).every((element) => {
    const isTick = element instanceof HTMLInputElement && element.type === "checkbox";
    return isTick ? !element.checked : !element.value;
  });
}

function fill(form: HTMLFormElement, kept: Kept): void {
  for (const element of form.elements) {
    if (element instanceof HTMLInputElement && element.type === "checkbox") {
      element.checked = kept.some(
        ([name, value]) => name === element.name && value === element.value,
      );
    } else if (isTyped(element) || (element instanceof HTMLInputElement && element.name === KEY)) {
      const [, value] = kept.find(([name]) => name === element.name) ?? [];
      if (value !== undefined) element.value = value;
    }
  }
}

// The same form again must be the same request, or a lost reply would make two.
const KEY = "request_key";

function keep(form: HTMLFormElement, place: string): void {
  const kept = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  sessionStorage.setItem(place, JSON.stringify(kept));
}

export function armKeptForms(page: Document): void {
  try {
    if (page.querySelector("[data-forgets]")) {
      for (const place of Object.keys(sessionStorage)) {
        if (place.startsWith(PREFIX)) sessionStorage.removeItem(place);
      }
    }
    for (const form of page.querySelectorAll<HTMLFormElement>("form[data-keeps]")) {
      const place = PREFIX + form.dataset.keeps;
      const kept = read(place);
      if (kept.length && isEmpty(form)) fill(form, kept);
      for (const event of ["input", "change"]) {
        form.addEventListener(event, () => keep(form, place));
      }
    }
  } catch {
    // A browser that keeps nothing for us still sends the form.
  }
}
