"""A camera for the browser: a canvas whose picture the test chooses, or a video file."""

import io
from pathlib import Path

import qrcode
from PIL import Image
from playwright.sync_api import BrowserContext, Page

# Stands behind getUserMedia. A pixel changes all the time: without that no frames come.
FAKE_CAMERA = """
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = 720;
  canvas.height = 960;
  const paint = canvas.getContext("2d");
  let modules = null;
  let tick = 0;
  const draw = () => {
    paint.fillStyle = "#6b6158";
    paint.fillRect(0, 0, 720, 960);
    if (modules) {
      const side = modules.length + 8;
      const scale = Math.floor(520 / side);
      const left = Math.floor((720 - side * scale) / 2);
      const top = Math.floor((960 - side * scale) / 2);
      paint.fillStyle = "#fff";
      paint.fillRect(left, top, side * scale, side * scale);
      paint.fillStyle = "#000";
      modules.forEach((row, y) => {
        [...row].forEach((dark, x) => {
          const [at, down] = [left + (x + 4) * scale, top + (y + 4) * scale];
          if (dark === "1") paint.fillRect(at, down, scale, scale);
        });
      });
    }
    paint.fillStyle = tick++ % 2 ? "#000" : "#fff";
    paint.fillRect(0, 0, 2, 2);
  };
  draw();
  setInterval(draw, 40);
  window.fakeCamera = {
    streams: [],
    refuses: null,
    asked: [],
    lit: null,
    cameras: ["a"],
    show(rows) { modules = rows; draw(); },
    die() {
      for (const track of this.streams.flatMap((stream) => stream.getTracks())) {
        track.stop();
        track.dispatchEvent(new Event("ended"));
      }
    },
  };
  if (!navigator.mediaDevices) return;
  navigator.mediaDevices.getUserMedia = async ({ video }) => {
    const { refuses, asked } = window.fakeCamera;
    asked.push(video);
    if (refuses) throw new DOMException("refused", refuses);
    const stream = canvas.captureStream(25);
    window.fakeCamera.streams.push(stream);
    const [track] = stream.getVideoTracks();
    track.getSettings = () => ({ deviceId: video.deviceId?.exact ?? "a" });
    track.getCapabilities = () => (window.fakeCamera.lit === null ? {} : { torch: true });
    track.applyConstraints = async ({ advanced }) => {
      window.fakeCamera.lit = advanced[0].torch;
    };
    return stream;
  };
  navigator.mediaDevices.enumerateDevices = async () =>
    window.fakeCamera.cameras.map((deviceId) => (
      { kind: "videoinput", deviceId, label: "", groupId: "" }
    ));
})();
"""


def modules(text: str) -> list[str]:
    code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)
    return ["".join("1" if dark else "0" for dark in row) for row in code.modules]


def install(context: BrowserContext) -> None:
    context.add_init_script(FAKE_CAMERA)


def show(page: Page, text: str | None) -> None:
    """Hold a code in the frame; None takes it away."""
    page.evaluate("rows => window.fakeCamera.show(rows)", text and modules(text))


def video(path: Path, texts: list[str], *, seconds: float = 0.8, pause: float = 0.4) -> None:
    """Write the codes one after another as a video that Chromium's own fake camera plays."""
    with path.open("wb") as file:
        for text in texts:
            shown, blank = _jpeg(text), _jpeg(None)
            file.write(shown * round(seconds * 30) + blank * round(pause * 30))


def video_of_picture(path: Path, picture: bytes) -> None:
    """Write a video that holds one picture, such as a mail's, before the camera all the time."""
    shown = Image.open(io.BytesIO(picture)).convert("RGB")
    path.write_bytes(_frame(shown.resize((330, 330))) * 30)


def _jpeg(text: str | None) -> bytes:
    if not text:
        return _frame(None)
    code = qrcode.QRCode(border=4, box_size=6, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)
    return _frame(code.make_image().get_image().convert("RGB").resize((330, 330)))


def _frame(held: Image.Image | None) -> bytes:
    """Draw what the camera sees: a desk, and before it what is held there."""
    frame = Image.new("RGB", (640, 480), "#6b6158")
    if held:
        frame.paste(held, (155, 75))
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=85)
    return out.getvalue()
