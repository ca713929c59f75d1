"""Draw the mark as the files that a browser or a phone asks for. Runs at build.

Usage: ``python frontend/mark.py <output folder>``
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

RED, WHITE = "#A8142B", "#FFFFFF"
DROP = "M10 0c1.6 3.6 7 7.4 7 12.6A7 7 0 0 1 3 12.6C3 7.4 8.4 3.6 10 0z"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-3 0 26 26" fill="{red}">'
    '<path d="{drop}"/><circle cx="10" cy="23.6" r="2.2"/></svg>\n'
)
SHARPER = 8  # drawn so many times larger, then shrunk: Pillow's own edges are hard


def curve(points: list[tuple[float, float]], steps: int = 40) -> list[tuple[float, float]]:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    found = []
    for step in range(steps + 1):
        t = step / steps
        a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
        found.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return found


def square(size: int, target: Path) -> None:
    """White mark on a red ground; phones round the corners themselves."""
    big = size * SHARPER
    scale = big * 0.62 / 26
    left, top = big / 2 - 10 * scale, big * 0.19
    at = [(left + x * scale, top + y * scale) for x, y in (
        *curve([(10, 0), (11.6, 3.6), (17, 7.4), (17, 12.6)]),
        *curve([(3, 12.6), (3, 7.4), (8.4, 3.6), (10, 0)]),
    )]  # fmt: skip
    image = Image.new("RGB", (big, big), RED)
    draw = ImageDraw.Draw(image)
    draw.polygon(at, fill=WHITE)
    for x, y, r in ((10, 12.6, 7), (10, 23.6, 2.2)):
        cx, cy, cr = left + x * scale, top + y * scale, r * scale
        if r == 7:
            draw.pieslice((cx - cr, cy - cr, cx + cr, cy + cr), 0, 180, fill=WHITE)
        else:
            draw.ellipse((cx - cr, cy - cr, cx + cr, cy + cr), fill=WHITE)
    image.resize((size, size), Image.Resampling.LANCZOS).save(target, optimize=True)


def main(output: Path) -> None:
    (output / "favicon.svg").write_text(SVG.format(red=RED, drop=DROP), encoding="utf-8")
    for size in (180, 192, 512):
        square(size, output / f"icon-{size}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
