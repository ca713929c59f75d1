/** Text as people type it when they search: without accents, case and double spaces; "đ" is "d". */

export function searchable(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Mark}/gu, "")
    .replace(/đ/gi, "d")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim();
}

/** Whether every word that was typed begins a word of the text: "dai dien" finds "Đại học Điện lực". */
export function matches(text: string, typed: string): boolean {
  const words = searchable(text).split(/[^\p{L}\p{N}]+/u);
  return searchable(typed)
    .split(" ")
    .every((part) => words.some((word) => word.startsWith(part)));
}
