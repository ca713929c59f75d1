/** What the screens share: the desk, the camera, who shows what now. */

import type { CardPerson } from "../shared/cards";
import type { Camera } from "./camera";
import type { Decoder } from "./decoder";
import type { Desk } from "./desk";
import type { Person } from "./roster";
import type { Scans, Taken } from "./scans";
import type { WalkInRecord } from "./store";
import type { Sync } from "./sync";

/** A screen draws itself, takes the focus, and says what to do when it goes. */
export interface Screen {
  root: HTMLElement;
  /** Codes in view of the camera are read while it is shown. */
  scans: boolean;
  /** It is offered every text that is read, and says whether that was for it. */
  takes?(text: string, isTyped: boolean): boolean;
  refresh?(): void;
  leave?(): void;
  focus?: HTMLElement;
}

export interface Service {
  /** The service worker keeps the page for days without a network. */
  isKept: boolean;
  isNewer: boolean;
}

/** What is known of a walk-in before the form opens. */
export interface WalkInStart {
  card?: CardPerson;
  /** On the waiting list: is let in as a walk-in. */
  waiting?: Person;
  /** The server refused what was typed. */
  correct?: WalkInRecord;
}

export interface App {
  desk: Desk;
  camera: Camera;
  decoder: Decoder;
  scans: Scans;
  sync: Sync;
  version: string;
  service: Service;
  decoderWorks: boolean;
  isPersisted: boolean;
  /** Staff chose to go on without the camera. */
  typedOnly: boolean;
  last: Taken | null;
  show(screen: Screen): void;
  /** Show one of the app's own screens. */
  open: {
    ready(): void;
    camera(): void;
    search(typed?: string): void;
    walkIn(start?: WalkInStart): void;
    handOver(): void;
    signOff(): void;
    end(why: string): void;
  };
  /** Judge what was read and show the verdict. */
  take(read: import("./scans").Read, admit?: boolean): Promise<void>;
  undo(scan: { id: string; person: string | null; name: string }): Promise<void>;
}
