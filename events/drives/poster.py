"""The poster of a drive: one page A4 whose QR code opens the drive."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from backend import formats
from backend.pdf import make_pdf
from backend.qr import qr_svg
from events.drives.models import Drive


def poster_pdf(drive: Drive) -> bytes:
    """Return the poster in the active language. The QR code is printed at 60 mm and more."""
    link = f"{settings.BASE_URL}{drive.get_absolute_url()}"
    here = drive.tzinfo
    hours = formats.hours(drive.starts_at.astimezone(here), drive.ends_at.astimezone(here))
    return make_pdf(
        "drives/poster.typ",
        {
            "lang": translation.get_language() or "vi",
            "unit": drive.unit.name,
            "line": _("One hour of yours, a chance to live for somebody else"),
            "day": f"{drive.date:%d/%m}",
            "when": f"{formats.weekday(drive.date)}, {hours}",
            "place": drive.venue.name,
            "address": drive.venue.address,
            "facts": _facts(),
            "qr": str(qr_svg(link, label=link)),
            "scan": _("Scan, choose a time, have your ticket"),
            "hint": _("No account and no app needed."),
            "or_go": _("Or go to"),
            "address_short": link.split("://", 1)[1].rstrip("/"),
            "centre_label": _("Blood centre:"),
            "centre": drive.blood_centre,
            "contact_label": _("Questions:"),
            "contact": drive.contact,
        },
    )


def _facts() -> list[dict[str, str]]:
    """Return what to know before coming.

    Ages, weights and the interval: TT 26/2013/TT-BYT, Điều 4 khoản 1 and 2, Điều 6.
    """
    return [
        _fact(_("Bring %(strong)s or another paper with a photo"), _("your citizen card")),
        _fact(_("Sleep 6 hours, %(strong)s, drink enough water, no alcohol"), _("eat lightly")),
        _fact(
            _("From 18 to 60 years; women from 42 kg, men from 45 kg; %(strong)s"),
            _("12 weeks since the last donation"),
        ),
    ]


def _fact(sentence: str, strong: str) -> dict[str, str]:
    before, _strong, after = sentence.partition("%(strong)s")
    return {"before": before, "strong": strong, "after": after}
