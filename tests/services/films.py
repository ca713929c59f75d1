"""Tickets as a cheap phone's camera sees them: eight ways in which they are hard to read."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import qrcode
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

SIZE = (1280, 720)
FRAMES_A_SECOND = 30
DESK = "#6b6158"
Draw = Callable[[Image.Image, random.Random], Image.Image]


def code(text: str, *, box: int = 10, inverted: bool = False) -> Image.Image:
    """Draw a ticket's QR code with its quiet zone."""
    made = qrcode.QRCode(border=4, box_size=box, error_correction=qrcode.ERROR_CORRECT_M)
    made.add_data(text)
    made.make(fit=True)
    dark, light = ("white", "#111111") if inverted else ("black", "white")
    return made.make_image(fill_color=dark, back_color=light).get_image().convert("RGB")


# --- What the ways do to a ticket ------------------------------------------------------------


def _held(ticket: Image.Image, chance: random.Random, *, side: int, turn: float = 3) -> Image.Image:
    """Hold it before the desk, never quite straight nor quite in the middle."""
    turned = ticket.resize((side, side), Image.Resampling.LANCZOS).convert("RGBA")
    turned = turned.rotate(chance.uniform(-turn, turn), Image.Resampling.BICUBIC, expand=True)
    frame = Image.new("RGB", SIZE, DESK)
    at = ((SIZE[0] - turned.width) // 2, (SIZE[1] - turned.height) // 2)
    moved = (at[0] + chance.randint(-25, 25), at[1] + chance.randint(-15, 15))
    frame.paste(turned, moved, turned)
    return frame


@cache
def _grain() -> Image.Image:
    return Image.effect_noise((SIZE[0] * 2, SIZE[1] * 2), 100)


def _with_noise(frame: Image.Image, chance: random.Random, sigma: float) -> Image.Image:
    """Add what a small sensor adds: grain, the same in no two frames."""
    x, y = chance.randrange(SIZE[0]), chance.randrange(SIZE[1])
    part = _grain().crop((x, y, x + SIZE[0], y + SIZE[1]))
    grain = part.point([round(128 + (value - 128) * sigma / 100) for value in range(256)])
    return ImageChops.add(frame, Image.merge("RGB", [grain] * 3), scale=1, offset=-128)


def sharp(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """430 pixels of 720, in good light."""
    return _held(ticket, chance, side=430).filter(ImageFilter.GaussianBlur(0.7))


def blurred(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """Out of focus by more than half a module, and moved by as much."""
    frame = _held(ticket, chance, side=430).filter(ImageFilter.GaussianBlur(4.7))
    moved = ImageChops.offset(frame, 4, 0)
    return Image.blend(frame, moved, 0.5)


def tilted(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """Turned by 25 degrees and leaning back by 45, from two and a half sides away."""
    side = 460
    leaning = ticket.resize((side, side), Image.Resampling.LANCZOS).transform(
        (side, side),
        Image.Transform.PERSPECTIVE,
        _lean(side, math.radians(45 + chance.uniform(-2, 2)), away=2.5 * side),
        Image.Resampling.BICUBIC,
        fillcolor=DESK,
    )
    frame = Image.new("RGB", SIZE, DESK)
    frame.paste(leaning, ((SIZE[0] - side) // 2, (SIZE[1] - side) // 2))
    turned = frame.rotate(25 + chance.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=DESK)
    return turned.filter(ImageFilter.GaussianBlur(0.8))


def _lean(side: float, angle: float, *, away: float) -> list[float]:
    """Give the perspective of a square that leans back around its middle."""
    near, half = away * math.cos(angle), side / 2
    drop = half * math.sin(angle)
    scale = near + drop
    return [
        *(near / scale, -drop / scale, half * drop / scale),
        *(0, (away - drop) / scale, half * (scale - away) / scale),
        *(0, -math.sin(angle) / scale),
    ]


def dim(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """A fifth of the light, so the grain weighs more, darker to one side."""
    frame = ImageEnhance.Brightness(_held(ticket, chance, side=430)).enhance(0.2)
    shade = Image.linear_gradient("L").rotate(90).resize(SIZE).point(lambda v: 110 + v * 145 // 255)
    shaded = ImageChops.multiply(frame, Image.merge("RGB", [shade] * 3))
    return _with_noise(shaded.filter(ImageFilter.GaussianBlur(1)), chance, 7)


def small(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """A poster's code seen from two metres: three pixels a module."""
    return _held(ticket, chance, side=155, turn=6).filter(ImageFilter.GaussianBlur(0.8))


def noisy(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """Grain as strong as the night mode of an old sensor gives."""
    return _with_noise(
        _held(ticket, chance, side=430).filter(ImageFilter.GaussianBlur(1)), chance, 48
    )


def cracked(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """A broken screen: cracks across the code, a lamp mirrored in it."""
    broken = ticket.copy()
    paint = ImageDraw.Draw(broken)
    side = broken.width
    star = random.Random(5)
    hit = (round(side * 0.6), round(side * 0.62))
    for _crack in range(7):
        x, y = hit
        angle = [star.uniform(-1, 1), star.uniform(-1, 1)]
        while 0 <= x <= side and 0 <= y <= side:
            to = (x + angle[0] * 60 + star.randint(-14, 14), y + angle[1] * 60)
            paint.line([(x, y), to], fill=star.choice(["#d8d8d8", "#2b2b2b"]), width=5)
            x, y = round(to[0]), round(to[1])
            if (round(x), round(y)) == hit:
                break
    lamp = Image.new("L", broken.size)
    glow = (side * 0.3, side * 0.42, side * 0.46, side * 0.58)
    ImageDraw.Draw(lamp).ellipse(glow, fill=200)
    broken.paste("white", mask=lamp.filter(ImageFilter.GaussianBlur(side * 0.03)))
    return _held(broken, chance, side=430, turn=8).filter(ImageFilter.GaussianBlur(1))


def inverted(ticket: Image.Image, chance: random.Random) -> Image.Image:
    """A phone in dark mode that turns pictures round, a little out of focus."""
    return _held(ImageChops.invert(ticket), chance, side=430).filter(ImageFilter.GaussianBlur(1.5))


WAYS: dict[str, Draw] = {
    way.__name__: way for way in (sharp, blurred, tilted, dim, small, noisy, cracked, inverted)
}

# --- Films -----------------------------------------------------------------------------------


def frames(text: str, way: str, *, count: int = 5, seed: int = 1) -> list[Image.Image]:
    """Draw some frames of a ticket, each held a little differently."""
    chance = random.Random(f"{way} {seed}")
    ticket = code(text)
    return [_with_noise(WAYS[way](ticket, chance), chance, 4) for _nth in range(count)]


def nothing() -> Image.Image:
    return _with_noise(Image.new("RGB", SIZE, DESK), random.Random(0), 4)


def jpeg(frame: Image.Image) -> bytes:
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=72)
    return out.getvalue()


def film(
    path: Path, shown: list[tuple[str, str]], *, seconds: float = 1.2, pause: float = 0.4
) -> None:
    """Write tickets, each in its way, one after another as Chromium's fake camera plays them."""
    blank = jpeg(nothing())
    with path.open("wb") as file:
        for text, way in shown:
            drawn = [jpeg(frame) for frame in frames(text, way)]
            for nth in range(round(seconds * FRAMES_A_SECOND)):
                file.write(drawn[nth // 3 % len(drawn)])
            file.write(blank * round(pause * FRAMES_A_SECOND))
