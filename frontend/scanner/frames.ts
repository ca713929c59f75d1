/** What of the camera's picture is read, and how it becomes pixels: here, or in the decoder's worker. */

/** A part of a picture, and the size at which it is drawn. */
export interface Cut {
  left: number;
  top: number;
  width: number;
  height: number;
  across: number;
  down: number;
}

/** A picture that its reader draws, off the page's thread; whoever takes it closes it. */
export interface Undrawn {
  picture: VideoFrame;
  cut: Cut;
}

export type Frame = ImageData | Undrawn;

export function isUndrawn(frame: Frame): frame is Undrawn {
  return "picture" in frame;
}

export function draw(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  picture: HTMLVideoElement | VideoFrame,
  { left, top, width, height, across, down }: Cut,
): ImageData {
  const { canvas } = context;
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  context.drawImage(picture, left, top, width, height, 0, 0, across, down);
  return context.getImageData(0, 0, across, down);
}

/** Whether nothing can be seen at all: all points that are looked at are the same. Pure. */
export function isBlank({ data }: Pick<ImageData, "data">): boolean {
  const points = new Uint32Array(data.buffer, data.byteOffset, data.length >> 2);
  const step = Math.max(1, Math.floor(points.length / 997));
  for (let at = step; at < points.length; at += step) {
    if (points[at] !== points[0]) return false;
  }
  return true;
}
