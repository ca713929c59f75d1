"""QR codes as small PNG files, fast enough to make one for each of 100,000 mails. Pure."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import qrcode
from PIL import Image

QUIET_ZONE: Final = 4  # modules; ISO/IEC 18004, 9.1
# Any mask reads alike; trying all eight for the best one takes most of the time.
_MASK: Final = 2


def qr_png(text: str, *, module_px: int) -> bytes:
    """Draw an all-alphanumeric text at level M, black on white in any mail program's theme."""
    code = _code(text, _version(len(text)))
    code.make(fit=False)
    modules = Image.new("1", (code.modules_count,) * 2)
    modules.putdata([0 if dark else 255 for row in code.modules for dark in row])
    side = code.modules_count + 2 * QUIET_ZONE
    image = Image.new("1", (side, side), 1)
    image.paste(modules, (QUIET_ZONE, QUIET_ZONE))
    out = BytesIO()
    image.resize((side * module_px,) * 2, Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def _code(text: str, version: int | None) -> qrcode.QRCode[Any]:
    code = qrcode.QRCode(
        version=version, error_correction=qrcode.ERROR_CORRECT_M, mask_pattern=_MASK
    )
    # One run of one mode: digits inside a payload would else be a run of their own, and longer.
    code.add_data(text, optimize=0)
    return code


@lru_cache(maxsize=16)
def _version(length: int) -> int:
    return int(_code("A" * length, None).best_fit())
