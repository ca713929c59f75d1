"""QR codes: as SVG on pages, as a picture in files, as small PNG files in mails. Pure."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import qrcode
from django.utils.safestring import SafeString, mark_safe
from PIL import Image
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathImage

QUIET_ZONE: Final = 4  # modules; ISO/IEC 18004, 9.1
# Any mask reads alike; trying all eight for the best one takes half of the time.
_MASK: Final = 2
_LEVELS: Final = {
    "L": qrcode.ERROR_CORRECT_L,
    "M": qrcode.ERROR_CORRECT_M,
    "Q": qrcode.ERROR_CORRECT_Q,
    "H": qrcode.ERROR_CORRECT_H,
}


def qr_svg(text: str, *, label: str, module_px: int = 5, error: str = "M") -> SafeString:
    """Draw ``text`` as an SVG element, each module a whole number of pixels wide.

    :param label: what a screen reader says in its place.
    :param error: level of correction: L, M, Q or H.
    """
    code = _code(text, error)
    code.make(fit=True)
    image = code.make_image(image_factory=SvgPathImage)
    side = (code.modules_count + 2 * QUIET_ZONE) * module_px
    svg = image.get_image()
    svg.set("width", str(side))
    svg.set("height", str(side))
    svg.set("role", "img")
    svg.set("aria-label", label)
    return mark_safe(image.to_string(encoding="unicode"))  # noqa: S308 - escaped by its writer


def qr_picture(text: str, *, module_px: int = 8, error: str = "M") -> PilImage:
    """Draw ``text`` as a black and white picture with its quiet zone."""
    code = _code(text, error, box_size=module_px)
    code.make(fit=True)
    return code.make_image(image_factory=PilImage)


def qr_png(text: str, *, module_px: int) -> bytes:
    """Draw an all-alphanumeric text at level M, fast enough for each of 100,000 mails.

    Black on white in any mail program's theme.
    """
    code = _code(text, version=_version(len(text)))
    code.make(fit=False)
    modules = Image.new("1", (code.modules_count,) * 2)
    modules.putdata([0 if dark else 255 for row in code.modules for dark in row])
    side = code.modules_count + 2 * QUIET_ZONE
    image = Image.new("1", (side, side), 1)
    image.paste(modules, (QUIET_ZONE, QUIET_ZONE))
    out = BytesIO()
    image.resize((side * module_px,) * 2, Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def _code(
    text: str, error: str = "M", *, box_size: int = 10, version: int | None = None
) -> qrcode.QRCode[Any]:
    code = qrcode.QRCode(
        version=version,
        error_correction=_LEVELS[error],
        box_size=box_size,
        border=QUIET_ZONE,
        mask_pattern=_MASK,
    )
    # One run of one mode: digits inside a payload would else be a run of their own, and longer.
    code.add_data(text, optimize=0)
    return code


@lru_cache(maxsize=16)
def _version(length: int) -> int:
    """Return the smallest version that holds so many characters: the same for every ticket."""
    return int(_code("A" * length).best_fit())
