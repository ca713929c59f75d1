/**
 * A long `<select data-picker>` becomes a box to type in, with the list under it (ARIA combobox).
 *
 * The select stays in the form and holds the value, so that nothing changes for the server,
 * for "back", or for a browser without scripts. Short lists are left to the browser.
 */

import { matches } from "../shared/search";

const WORTH_IT = 8;
const SHOWN = 50;

class Picker {
  private readonly box: HTMLInputElement;
  private readonly list: HTMLUListElement;
  private readonly full: HTMLParagraphElement;
  private shown: HTMLOptionElement[] = [];
  private active = -1;

  constructor(private readonly select: HTMLSelectElement) {
    const frame = document.createElement("div");
    frame.className = "picker";
    this.box = document.createElement("input");
    this.box.type = "text";
    this.box.className = select.className;
    this.box.autocomplete = "off";
    this.box.setAttribute("role", "combobox");
    this.box.setAttribute("aria-autocomplete", "list");
    this.box.setAttribute("aria-expanded", "false");
    this.list = document.createElement("ul");
    this.list.className = "picker-list";
    this.list.id = `${select.id}_list`;
    this.list.setAttribute("role", "listbox");
    this.list.hidden = true;
    this.box.setAttribute("aria-controls", this.list.id);
    this.full = document.createElement("p");
    this.full.className = "picker-full";
    this.full.setAttribute("aria-hidden", "true");
    for (const name of ["aria-describedby", "aria-invalid"]) {
      const value = select.getAttribute(name);
      if (value !== null) this.box.setAttribute(name, value);
    }
    const label = select.labels?.[0];
    // The label and the error summary now lead to the box.
    this.box.id = select.id;
    select.id = `${select.id}_value`;
    if (label) {
      label.htmlFor = this.box.id;
      label.id ||= `${this.box.id}_label`;
      this.list.setAttribute("aria-labelledby", label.id);
    }
    select.required = false;
    select.hidden = true;
    select.before(frame);
    frame.append(this.box, this.list, select);
    frame.after(this.full);
    this.show(this.chosenText());
    this.listen();
  }

  /** Put a name in the box; one that does not fit stands under it in full, never cut. */
  private show(text: string): void {
    this.box.value = text;
    this.full.textContent = text;
    this.full.hidden = this.box.scrollWidth <= this.box.clientWidth;
  }

  private chosenText(): string {
    const chosen = this.select.selectedOptions[0];
    return chosen?.value ? chosen.text : "";
  }

  private listen(): void {
    this.box.addEventListener("input", () => this.open(this.box.value));
    this.box.addEventListener("click", () => this.open(""));
    this.box.addEventListener("focus", () => this.box.select());
    this.box.addEventListener("blur", () => this.leave());
    this.box.addEventListener("keydown", (event) => this.press(event));
    // Keep the focus in the box while the list is touched.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>("[data-at]");
      if (row) this.choose(Number(row.dataset.at));
    });
  }

  private open(typed: string): void {
    this.shown = [...this.select.options]
      .filter((option) => option.value && matches(option.text, typed))
      .slice(0, SHOWN);
    this.list.replaceChildren(
      ...this.shown.map((option, at) => {
        const row = document.createElement("li");
        row.className = "picker-option";
        row.id = `${this.list.id}_${at}`;
        row.dataset.at = String(at);
        row.textContent = option.text;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", String(option.selected));
        return row;
      }),
    );
    this.list.hidden = this.shown.length === 0;
    this.box.setAttribute("aria-expanded", String(!this.list.hidden));
    this.move(typed && this.shown.length === 1 ? 0 : -1);
  }

  private close(): void {
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
    this.move(-1);
  }

  private move(to: number): void {
    this.active = to;
    for (const [at, row] of [...this.list.children].entries()) {
      row.classList.toggle("picker-option-on", at === to);
      if (at === to) {
        this.box.setAttribute("aria-activedescendant", row.id);
        row.scrollIntoView({ block: "nearest" });
      }
    }
    if (to < 0) this.box.removeAttribute("aria-activedescendant");
  }

  private choose(at: number): void {
    const option = this.shown[at];
    if (!option) return;
    option.selected = true;
    this.show(option.text);
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
    this.close();
  }

  /** What was typed and not chosen is not an answer: an emptied box clears, else the last choice returns. */
  private leave(): void {
    if (!this.box.value.trim()) this.select.value = "";
    else if (!this.list.hidden && this.shown.length === 1) this.choose(0);
    this.show(this.chosenText());
    this.close();
  }

  private press(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) {
        this.open("");
        return;
      }
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.move((this.active + step + this.shown.length) % this.shown.length);
    } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) {
      event.preventDefault();
      this.choose(this.active);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.show(this.chosenText());
      this.close();
    }
  }
}

export function armPickers(page: ParentNode): void {
  for (const select of page.querySelectorAll<HTMLSelectElement>("select[data-picker]")) {
    if (!select.multiple && select.options.length > WORTH_IT) new Picker(select);
  }
}
