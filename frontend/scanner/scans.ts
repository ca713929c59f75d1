/** Take what was read: judge it here, write it down, and only then let it be shown. */

import { type CardPerson, readCard } from "../shared/cards";
import { canVerify, formatCode, judge, readCode, readTicket, type Ticket } from "../shared/tickets";
import type { Desk } from "./desk";
import { newId } from "./ids";
import { readWalkIn, temporaryNumber } from "./numbers";
import { asKnown, type Person } from "./roster";
import type { ScanRecord } from "./store";
import type { Answer, WireScan } from "./wire";

/** What was read: the text of a QR code, a typed code, or somebody picked from the list. */
export type Read = { text: string } | { code: string } | { registration: string };

/** A scan that may be shown now. */
export interface Taken {
  /** Where it shows nothing, this page cannot judge, and the server's answer has to be awaited. */
  record: ScanRecord;
  person: Person | null;
  ticket: Ticket | null;
  /** What of a citizen card a walk-in needs; kept nowhere else, and gone with the verdict. */
  card?: CardPerson | null;
  /** Registered on site at another device: only the server can tell who it is. */
  isFromElsewhere?: boolean;
}

export class Scans {
  #before: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly desk: Desk,
    private readonly send: () => void,
  ) {}

  /** One after another: a second reading of the same ticket must see the first. */
  take(read: Read, admit = false): Promise<Taken> {
    return this.#inTurn(() => this.#take(read, admit));
  }

  async #take(read: Read, admit: boolean): Promise<Taken> {
    const { desk } = this;
    const { ticket, what, person, id, names } = this.#look(read);
    const isFromElsewhere = names.walk_in !== undefined && person === null;
    const verdict =
      (ticket && !canVerify()) || (isFromElsewhere && desk.network !== "down")
        ? null
        : await judge(what, {
            drive: desk.facts,
            known: person && asKnown(person),
            scannedHere: id !== null && desk.isScannedHere(id),
            now: desk.now,
            admit,
          });
    const genuine = verdict !== "bad_signature" && verdict !== "wrong_drive";
    const number = verdict === "accepted" && (person?.number ?? null) === null;
    const scanId = newId();
    const record = await desk.store.addScan(
      {
        id: scanId,
        wire: { ...this.#wire(scanId), ...names, shown: verdict, kind: "pass", admit },
        person: genuine ? id : null,
        name: genuine ? (person?.name ?? "") : "",
        sent: 0,
        result: null,
      },
      number
        ? (running) => desk.temporaryOf(id ?? "") ?? temporaryNumber(desk.device.label, running)
        : null,
    );
    desk.scansChanged([record]);
    this.send();
    return {
      record,
      person: genuine ? person : null,
      ticket,
      card: names.ticket === null ? cardIn(read) : null,
      isFromElsewhere,
    };
  }

  /** Say what a scan of this person would be judged, without making one. */
  async foresee(person: Person): Promise<Answer> {
    const { desk } = this;
    return judge(person.id, {
      drive: desk.facts,
      known: asKnown(person),
      scannedHere: desk.isScannedHere(person.id),
      now: desk.now,
    });
  }

  /** Take back a scan of this device. */
  undo(undone: { id: string; person: string | null; name: string }): Promise<ScanRecord> {
    return this.#inTurn(async () => {
      const { desk } = this;
      const scanId = newId();
      const record = await desk.store.addScan(
        {
          id: scanId,
          wire: { ...this.#wire(scanId), kind: "undo", undoes: undone.id, shown: null },
          person: undone.person,
          name: undone.name,
          sent: 0,
          result: null,
        },
        null,
      );
      desk.scansChanged([record]);
      this.send();
      return record;
    });
  }

  #wire(id: string): Omit<WireScan, "kind" | "shown"> {
    const { desk } = this;
    return {
      id,
      station: desk.station,
      scanned_at: new Date().toISOString(),
      clock_offset_ms: desk.offsetMs,
      offline: desk.network === "down",
    };
  }

  #look(read: Read): {
    ticket: Ticket | null;
    what: Ticket | string | null;
    person: Person | null;
    id: string | null;
    names: Pick<WireScan, "ticket" | "code" | "registration" | "walk_in">;
  } {
    const { people, byCode } = this.desk;
    if ("registration" in read) {
      const walkedIn = this.#lookWalkIn(read.registration);
      if (walkedIn.person) return walkedIn;
      const person = people.get(read.registration) ?? null;
      const names = { registration: read.registration };
      return { ticket: null, what: read.registration, person, id: read.registration, names };
    }
    const ticket = "text" in read ? readTicket(read.text) : null;
    if (ticket && "text" in read) {
      const id = ticket.claims.registrationId;
      const names = { ticket: payloadOf(read.text) };
      return { ticket, what: ticket, person: people.get(id) ?? null, id, names };
    }
    const walkIn = readWalkIn("text" in read ? read.text : read.code);
    if (walkIn !== null) return this.#lookWalkIn(walkIn);
    const code = "code" in read ? readCode(read.code) : null;
    // Somebody's identity card, a poster, a slip of the finger: nothing of it is kept.
    if (code === null)
      return { ticket: null, what: null, person: null, id: null, names: { ticket: null } };
    const person = byCode.get(code) ?? null;
    return {
      ticket: null,
      what: code,
      person,
      id: person?.id ?? null,
      names: { code: formatCode(code) },
    };
  }

  /** Somebody registered on site, by what stands for the ticket until there is one. */
  #lookWalkIn(walkIn: string) {
    const person = this.desk.walkedIn(walkIn);
    const id = person?.id ?? null;
    return { ticket: null, what: walkIn, person, id, names: { walk_in: walkIn } };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#before.then(work);
    this.#before = done.catch(() => undefined);
    return done;
  }
}

function cardIn(read: Read): CardPerson | null {
  if ("text" in read) return readCard(read.text);
  return "code" in read ? readCard(read.code, true) : null;
}

/** Give the bare payload of a text that `readTicket` has read. */
function payloadOf(text: string): string {
  const found = text.match(/[A-Za-z2-7]{128}/g);
  return found?.[found.length - 1]?.toUpperCase() ?? text;
}
