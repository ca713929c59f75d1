/** Hears a hand-held scanner wherever the focus is, and keeps its letters out of fields. */

import { readCard } from "../shared/cards";
import { readTicket } from "../shared/tickets";
import { WedgeReader } from "./wedge";

export function listenToWedge(take: (text: string) => void): void {
  const reader = new WedgeReader();
  const hear = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const { key, code, shiftKey: shift, timeStamp: at, target } = event;
    const text = reader.press({ key, code, shift, at });
    if (text === null) return;
    const field = target instanceof HTMLInputElement ? target : null;
    // In a field it may be somebody who types quickly: only a whole ticket or card is surely a
    // scanner's.
    const isCard = readCard(text, true) !== null;
    if (field && readTicket(text) === null && !isCard) return;
    event.preventDefault();
    event.stopPropagation();
    if (field && isCard) {
      // An input method may have changed the letters, but not the number, which comes first.
      const at = field.value.indexOf(text.match(/[0-9]{12}/)?.[0] ?? text);
      if (at >= 0) field.value = field.value.slice(0, at);
    } else if (field) {
      const end = field.value.length - text.length;
      if (field.value.slice(end).toLowerCase() === text.toLowerCase())
        field.value = field.value.slice(0, end);
    }
    take(text);
  };
  addEventListener("keydown", hear, { capture: true });
}
