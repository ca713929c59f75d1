/**
 * Finds QR codes in frames, off the page's thread. Obeys the CSP of its own file.
 *
 * The page sends `{ wasm }` once, then frames; each frame is answered by the texts found in it. Where
 * the browser can, the frame comes as the camera took it and is drawn here: on an old phone that
 * would keep the page busy for longer than all else that a ticket asks of it.
 */

import { prepareZXingModule, type ReaderOptions, readBarcodes } from "zxing-wasm/reader";
import { draw, type Frame, isBlank, isUndrawn } from "./frames";
import { evened, type Look, type Picture, sharpened } from "./looks";

export type ToDecoder = { wasm: string } | { frame: Frame; look?: Look };
export type FromDecoder =
  | { ready: true; draws: boolean }
  | { texts: string[] }
  /** It cannot be drawn here, or nothing was to be seen: the page has to draw. */
  | { undrawn: true }
  | { broken: string };

const OPTIONS: ReaderOptions = {
  formats: ["QRCode"],
  tryHarder: true,
  tryInvert: true,
  tryRotate: true,
  tryDownscale: true,
  // A poster beside the ticket must not hide it.
  maxNumberOfSymbols: 3,
};

// The types of a page and of a worker cannot be had together.
const scope = self as unknown as {
  postMessage(message: FromDecoder): void;
  onmessage: (event: MessageEvent<ToDecoder>) => void;
};
const tell = (message: FromDecoder) => scope.postMessage(message);

const context =
  "OffscreenCanvas" in globalThis
    ? new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
    : null;
let hasSeen = false;

/** Give the pixels; null where none can be had. A browser may draw nothing and not say so. */
function pixels(frame: Frame): ImageData | null {
  if (!isUndrawn(frame)) return frame;
  try {
    const drawn = context && draw(context, frame.picture, frame.cut);
    hasSeen ||= drawn !== null && !isBlank(drawn);
    return hasSeen ? drawn : null;
  } catch {
    return null;
  } finally {
    frame.picture.close();
  }
}

function looked(frame: ImageData, look: Look): ImageData {
  if (look === "plain") return frame;
  const { data, width }: Picture = look === "sharpened" ? sharpened(frame) : evened(frame);
  return new ImageData(data, width);
}

scope.onmessage = async ({ data }: MessageEvent<ToDecoder>) => {
  try {
    if ("wasm" in data) {
      prepareZXingModule({ overrides: { locateFile: () => data.wasm } });
      // The first frame compiles and warms up; let it be an empty one.
      await readBarcodes(new ImageData(64, 64), OPTIONS);
      tell({ ready: true, draws: context !== null });
      return;
    }
    const frame = pixels(data.frame);
    if (!frame) {
      tell({ undrawn: true });
      return;
    }
    const found = await readBarcodes(looked(frame, data.look ?? "plain"), OPTIONS);
    tell({ texts: found.filter((one) => one.isValid).map((one) => one.text) });
  } catch (error) {
    tell({ broken: String(error) });
  }
};
