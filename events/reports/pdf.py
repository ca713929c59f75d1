"""Write lists down as PDF files, to print and sign."""

from __future__ import annotations

from itertools import groupby

from django.utils import translation
from django.utils.translation import gettext as _

from backend.pdf import make_pdf
from events.reports.exports import heading
from events.reports.lists import DriveList


def write_pdf(data: DriveList) -> bytes:
    """Return a list as a PDF, A4 across; the roster has a sheet of its own for each time."""
    return make_pdf(
        "reports/list.typ",
        {
            "lang": translation.get_language() or "vi",
            "lines": heading(data),
            "columns": [
                {"head": str(column.head), "width": column.width} for column in data.kind.columns
            ],
            "sheets": _sheets(data),
            "page_words": _("page"),
            "written_by": _("Written by"),
            "confirmed_by": _("Confirmed by"),
            "sign_words": _("signature, full name"),
            "empty": _("Nobody yet."),
        },
    )


def _sheets(data: DriveList) -> list[dict[str, object]]:
    rows = [["" if cell is None else cell for cell in row] for row in data.rows]
    if data.kind.sheet_by is None or not rows:
        return [{"caption": "", "rows": rows}]
    place = data.kind.sheet_by

    def caption(row: list[str | int]) -> str:
        return str(row[place]) or _("walk-in")

    return [{"caption": name, "rows": list(some)} for name, some in groupby(rows, key=caption)]
