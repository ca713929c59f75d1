/** Draws a QR code as SVG: for the donor's own phone, and for the phone of the next helper. */

import { correction, generate } from "lean-qr";
import { toSvg } from "lean-qr/extras/svg";

export function qr(text: string, label: string): SVGElement {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const drawn = toSvg(code, document, { on: "#000", off: "#fff", pad: 4 });
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", label);
  drawn.removeAttribute("style");
  return drawn;
}
