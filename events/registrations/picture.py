"""The ticket as a picture: to keep on the phone, and to show where there is no network."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from backend.formats import clock, numeric_date, weekday
from backend.qr import qr_picture
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code

_WIDTH: Final = 720
_SIDE: Final = 48
_INK, _INK_2, _RED = "#231D1A", "#5A5049", "#A8142B"


def ticket_picture(registration: Registration) -> bytes:
    """Draw name, time, place, QR code and typed code as PNG, in the language that is active.

    No word on it tells what the appointment is: a picture is seen by who looks through photos.

    :param registration: with ``slot``, ``drive`` and its ``venue`` loaded; it has a ticket.
    """
    drive = registration.drive
    starts_at = timezone.localtime(registration.ticket_starts_at(), drive.tzinfo)
    sheet = _Sheet()
    sheet.brand()
    sheet.text(registration.full_name, 34, bold=True, gap=20)
    sheet.time_and_day(clock(starts_at), [weekday(starts_at), numeric_date(starts_at)])
    sheet.text(f"{drive.venue.name}, {drive.venue.address}", 30, color=_INK_2)
    sheet.code(ticket_of(registration))
    sheet.text(_("Ticket code"), 30, color=_INK_2, gap=4, centred=True)
    sheet.text(format_code(registration.code), 52, bold=True, centred=True)
    return sheet.png()


class _Sheet:
    """White paper that is written from top to bottom and cut off below."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (_WIDTH, 2400), "white")
        self.draw = ImageDraw.Draw(self.image)
        self.y = 40

    def brand(self) -> None:
        self._drop(_SIDE, self.y)
        self.draw.text((_SIDE + 44, self.y + 24), "Giọt Hồng", _INK, _font(30, True), anchor="lm")
        self.y += 84

    def text(
        self,
        text: str,
        size: int,
        *,
        bold: bool = False,
        color: str = _INK,
        gap: int = 24,
        centred: bool = False,
    ) -> None:
        font = _font(size, bold)
        for line in _lines(text, font, _WIDTH - 2 * _SIDE):
            x, anchor = (_WIDTH // 2, "ma") if centred else (_SIDE, "la")
            self.draw.text((x, self.y), line, color, font, anchor=anchor)
            self.y += round(size * 1.35)
        self.y += gap

    def time_and_day(self, time: str, day: list[str]) -> None:
        self.draw.text((_SIDE, self.y + 56), time, _INK, _font(112, True), anchor="lm")
        for row, line in enumerate(day):
            at = (_WIDTH - _SIDE, self.y + 32 + 46 * row)
            self.draw.text(at, line, _INK, _font(32, True), anchor="rm")
        self.y += 136

    def code(self, text: str) -> None:
        code = qr_picture(text, module_px=1).get_image()
        # Whole pixels for each module, or a camera sees grey ones.
        side = code.width * (_WIDTH // code.width)
        large = code.convert("RGB").resize((side, side), Image.Resampling.NEAREST)
        self.image.paste(large, ((_WIDTH - side) // 2, self.y))
        self.y += side + 8

    def png(self) -> bytes:
        out = BytesIO()
        cut = self.image.crop((0, 0, _WIDTH, self.y + 24))
        cut.quantize(64).save(out, "PNG", optimize=True)
        return out.getvalue()

    def _drop(self, x: int, y: int) -> None:
        """The mark: a drop over a dot."""
        large = Image.new("L", (160, 208), 0)
        draw = ImageDraw.Draw(large)
        draw.ellipse((24, 45, 136, 157), fill=255)
        draw.polygon([(80, 0), (28, 78), (132, 78)], fill=255)
        draw.ellipse((62, 171, 98, 207), fill=255)
        small = large.resize((37, 48), Image.Resampling.LANCZOS)
        self.image.paste(Image.new("RGB", small.size, _RED), (x, y), small)


def _lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break a text so that no line is wider; a word that alone is too wide is broken too."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while font.getlength(line) > width:
            fits = next(n for n in range(len(line), 0, -1) if font.getlength(line[:n]) <= width)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line]


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    style = "Bold" if bold else "Regular"
    path = settings.BASE_DIR / "static" / "dist" / "fonts" / f"HankenGrotesk-{style}.ttf"
    return ImageFont.truetype(str(path), size)
