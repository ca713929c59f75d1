"""Codes on a screen, read as a phone would read them."""

from tests.journeys.conftest import Phone


def read_qr(phone: Phone, svg: str) -> str:
    """Read a code with the scanner's own decoder, in a page of its own."""
    return str(
        phone.page.evaluate(
            """async svg => {
              const image = new Image();
              image.src = "data:image/svg+xml;base64," + btoa(unescape(encodeURIComponent(svg)));
              await image.decode();
              const canvas = new OffscreenCanvas(400, 400);
              const paint = canvas.getContext("2d");
              paint.fillStyle = "#fff";
              paint.fillRect(0, 0, 400, 400);
              paint.drawImage(image, 0, 0, 400, 400);
              const frame = paint.getImageData(0, 0, 400, 400);
              const { worker, wasm } = document.body.dataset;
              const decoder = new Worker(worker);
              const said = message => new Promise(resolve => {
                decoder.onmessage = ({ data }) => resolve(data);
                decoder.postMessage(message);
              });
              await said({ wasm: new URL(wasm, location.href).href });
              const { texts } = await said({ frame });
              decoder.terminate();
              return texts[0];
            }""",
            svg,
        )
    )
