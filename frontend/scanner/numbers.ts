/** What a device gives out by itself, while the server cannot: numbers, and codes to scan again. */

/** `M2-08` is the eighth that device M2 gave. */
export function temporaryNumber(device: string, running: number): string {
  return `${device}-${String(running).padStart(2, "0")}`;
}

const WALK_IN = "GH1:WALK-IN:";

/** Give the text of the code that stands for a walk-in until there is a ticket; nothing personal. */
export function walkInText(id: string): string {
  return WALK_IN + id.replace(/-/g, "").toUpperCase();
}

/** Read such a text and give the walk-in's id, else null. */
export function readWalkIn(text: string): string | null {
  const found = text.trim().match(/^GH1:WALK-IN:([0-9A-F]{32})$/i);
  return found
    ? found[1]!.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
    : null;
}
