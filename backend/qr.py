"""QR codes: as SVG on pages, as a picture in mails and files."""

from __future__ import annotations

from typing import Any, Final

import qrcode
from django.utils.safestring import SafeString, mark_safe
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathImage

QUIET_ZONE: Final = 4  # modules; ISO/IEC 18004, 9.1
# Any mask reads alike; trying all eight for the best one takes half of the time.
_MASK: Final = 2


def qr_svg(text: str, *, label: str, module_px: int = 5, error: str = "M") -> SafeString:
    """Draw ``text`` as an SVG element, each module a whole number of pixels wide.

    :param label: what a screen reader says in its place.
    :param error: level of correction: L, M, Q or H.
    """
    code = _code(text, error)
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
    return _code(text, error, box_size=module_px).make_image(image_factory=PilImage)


def _code(text: str, error: str, box_size: int = 10) -> qrcode.QRCode[Any]:
    level = {
        "L": qrcode.ERROR_CORRECT_L,
        "M": qrcode.ERROR_CORRECT_M,
        "Q": qrcode.ERROR_CORRECT_Q,
        "H": qrcode.ERROR_CORRECT_H,
    }[error]
    code = qrcode.QRCode(
        error_correction=level, box_size=box_size, border=QUIET_ZONE, mask_pattern=_MASK
    )
    # One run of one mode: digits inside a payload would else be a run of their own, and longer.
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return code
