"""Write lists down as files."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from events.reports.lists import Cell, DriveList

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a spreadsheet may take for the beginning of a formula, also after it was saved as text (CSV).
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
# XML has no place for these.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def disarmed(text: str) -> str:
    """Give text that no spreadsheet runs: an apostrophe stands before a formula's sign.

    A phone number with ``+`` and digits alone is none, and stays as it is.
    """
    text = _UNWRITABLE.sub("", text)
    if re.fullmatch(r"\+[0-9 ]+", text):
        return text
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_SIGNS) else text


def write_xlsx(data: DriveList) -> bytes:
    """Write a list as a workbook of one sheet: title, heads, one row a person; A4 across."""
    import xlsxwriter  # 14 MiB in each process, for what few ask

    file = io.BytesIO()
    # Row by row, so that memory does not grow with the list; text stays text.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        _fill(book, data)
    return file.getvalue()


def file_name(data: DriveList, ending: str) -> str:
    return f"{data.drive.slug}-{data.kind.key}.{ending}"


def heading(data: DriveList) -> list[str]:
    """Return the lines above a list: whose it is, what it is of, and as of when."""
    drive = data.drive
    as_of = timezone.localtime(data.as_of, drive.tzinfo)
    return [
        drive.unit.name,
        str(data.kind.title),
        f"{drive.name}, {drive.date:%d/%m/%Y}, {drive.venue.name}, {drive.venue.address}",
        _("As of %(moment)s") % {"moment": f"{as_of:%H:%M %d/%m/%Y}"},
    ]


def _fill(book: Workbook, data: DriveList) -> None:
    sheet = book.add_worksheet(_("List"))
    title = book.add_format({"bold": True, "font_size": 14})
    plain = book.add_format({})
    head = book.add_format(
        {"bold": True, "border": 1, "bg_color": "#F3F0EF", "text_wrap": True, "valign": "vcenter"}
    )
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
    columns = data.kind.columns
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
    for number, line in enumerate(heading(data)):
        sheet.write_string(number, 0, disarmed(line), title if number == 1 else plain)
    first = len(heading(data)) + 1
    for number, column in enumerate(columns):
        sheet.write_string(first, number, str(column.head), head)
    for row_number, row in enumerate(data.rows, start=first + 1):
        for number, value in enumerate(row):
            _write(sheet, row_number, number, value, cell)
    sheet.freeze_panes(first + 1, 0)
    sheet.autofilter(first, 0, first + max(len(data.rows), 1), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(first)
    sheet.set_footer("&R&P / &N")


def _write(sheet: Worksheet, row: int, column: int, value: Cell, style: object) -> None:
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, int):
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_string(row, column, disarmed(value), style)
