/** Buttons that copy the text of another element and say so for a moment. */

const SAID_FOR_MS = 3_000;

export function armCopyButtons(page: Document): void {
  if (!navigator.clipboard) return;
  for (const button of page.querySelectorAll<HTMLElement>("[data-copies]")) {
    const words = button.querySelector("span");
    const idle = words?.textContent ?? "";
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = page.getElementById(button.dataset.copies ?? "");
      if (!source || !words) return;
      const text = source instanceof HTMLInputElement ? source.value : source.textContent.trim();
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        window.getSelection()?.selectAllChildren(source);
        return;
      }
      words.textContent = button.dataset.copied ?? idle;
      window.setTimeout(() => {
        words.textContent = idle;
      }, SAID_FOR_MS);
    });
  }
}
