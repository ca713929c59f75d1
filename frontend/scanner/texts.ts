/** The words of the page, which the server gives with it in the page's language. */

export type Texts = Record<string, string>;

let texts: Texts = {};

export function loadTexts(from: Texts): void {
  texts = from;
}

/** Give a text with its `{names}` filled in. A missing one shows its key: tests look for those. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
