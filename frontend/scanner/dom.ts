/** Screens are templates that the server wrote, in its language; here they are copied and filled. */

import icons from "../icons.json";

export type IconName = keyof typeof icons;

export function icon(name: IconName, classes = ""): SVGSVGElement {
  const holder = document.createElement("template");
  holder.innerHTML =
    `<svg class="icon ${classes}" viewBox="0 0 24 24" width="24" height="24" fill="none" ` +
    `stroke="currentColor" stroke-width="2" aria-hidden="true" focusable="false">${icons[name]}</svg>`;
  return holder.content.firstElementChild as SVGSVGElement;
}

/** Copy `<template id="t-…">`. */
export function copy(name: string): HTMLElement {
  const template = document.getElementById(`t-${name}`) as HTMLTemplateElement;
  return template.content.firstElementChild!.cloneNode(true) as HTMLElement;
}

/** Give the part that is marked `data-part="…"`. */
export function part<T extends HTMLElement = HTMLElement>(of: ParentNode, name: string): T {
  return of.querySelector<T>(`[data-part="${name}"]`)!;
}

export function fill(of: ParentNode, texts: Record<string, string>): void {
  for (const [name, text] of Object.entries(texts)) {
    const here = part(of, name);
    if (here.textContent !== text) here.textContent = text;
  }
}

/** Bind the buttons that are marked `data-do="…"`; each answers one press at a time. */
export function bind(of: ParentNode, actions: Record<string, () => unknown>): void {
  for (const [name, action] of Object.entries(actions)) {
    for (const button of of.querySelectorAll<HTMLElement>(`[data-do="${name}"]`)) {
      button.addEventListener("click", () => action());
    }
  }
}

export function element(tag: string, classes = "", text = ""): HTMLElement {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  return made;
}

export function setIcon(holder: Element, name: IconName, classes = ""): void {
  const present = holder.getAttribute("data-icon");
  if (present === name + classes) return;
  holder.setAttribute("data-icon", name + classes);
  holder.replaceChildren(icon(name, classes));
}
