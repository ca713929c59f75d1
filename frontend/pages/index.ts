/** Small helps for pages that work without them. One file for all pages; nothing here asks the network. */

import { armBack } from "./back";
import { armBusyButtons } from "./busy";
import { armCopyButtons } from "./copy";
import { focusFirst } from "./focus";
import { armKeptForms } from "./keep";
import { armPickers } from "./picker";
import { showCurrentTab } from "./tabs";

function armPrintButtons(page: ParentNode): void {
  for (const button of page.querySelectorAll<HTMLElement>("[data-prints]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

armKeptForms(document); // first: pickers show what is chosen
armBack(document);
armBusyButtons(document);
armCopyButtons(document);
armPrintButtons(document);
armPickers(document);
showCurrentTab(document);
focusFirst(document);
