/**
 * Finds QR codes in frames, off the page's thread. Obeys the CSP of its own file.
 *
 * The page sends `{ wasm }` once, then frames; each frame is answered by the texts found in it.
 */

import { prepareZXingModule, type ReaderOptions, readBarcodes } from "zxing-wasm/reader";
import { evened, type Look, type Picture, sharpened } from "./looks";

export type ToDecoder = { wasm: string } | { frame: ImageData; look?: Look };
export type FromDecoder = { ready: true } | { texts: string[] } | { broken: string };

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
      tell({ ready: true });
      return;
    }
    const found = await readBarcodes(looked(data.frame, data.look ?? "plain"), OPTIONS);
    tell({ texts: found.filter((one) => one.isValid).map((one) => one.text) });
  } catch (error) {
    tell({ broken: String(error) });
  }
};
