"""Poster and lists as PDF files: what stands on them, in whose language, on how many sheets."""

import io

import pytest
from django.conf import settings
from django.utils import translation
from pypdf import PdfReader

from events.drives.poster import poster_pdf
from events.registrations.models import Registration
from events.reports.lists import drive_list
from events.reports.pdf import write_pdf
from tests.factories import NOW, DriveFactory, RegistrationFactory, SlotFactory

pytestmark = pytest.mark.django_db


def pages_of(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def test_poster_is_one_page_that_says_where_and_when():
    drive = DriveFactory(slug="giot-hong-0512-ab12")

    with translation.override("vi"):
        [page] = pages_of(poster_pdf(drive))

    host = settings.BASE_URL.split("://")[1]
    for words in ("Một giờ của bạn", "05/12", "Thứ Bảy", drive.venue.address, drive.contact):
        assert words.replace(" ", "") in page.replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    assert f"{host}/d/giot-hong-0512-ab12" in page.replace(" ", "")


def test_poster_takes_no_text_for_a_command():
    drive = DriveFactory(name="#pagebreak() $x$", contact='#read("/etc/passwd") *_<a>')

    [page] = pages_of(poster_pdf(drive))

    assert '#read("/etc/passwd") *_<a>' in page


def test_roster_has_a_sheet_for_each_time_and_no_whole_phone():
    drive = DriveFactory()
    for nth, names in enumerate([["Lò Văn Pành", "Kiều Anh"], ["Bế Thị Trà"]]):
        slot = SlotFactory(drive=drive, nth=nth)
        for name in names:
            RegistrationFactory(
                slot=slot, full_name=name, phone=f"+8491200012{nth}", status="registered"
            )

    seen = Registration.objects.all()
    with translation.override("vi"):
        sheets = pages_of(write_pdf(drive_list(drive, "roster", seen=seen, now=NOW)))

    assert len(sheets) == 2
    assert sheets[0].index("Kiều Anh") < sheets[0].index("Lò Văn Pành")
    assert "Bế Thị Trà" in sheets[1]
    assert "0120" in sheets[0]
    assert "912 000" not in sheets[0] and "912000" not in "".join(sheets).replace(" ", "")


def test_list_of_nobody_says_so():
    drive = DriveFactory()

    seen = Registration.objects.none()
    with translation.override("vi"):
        [page] = pages_of(write_pdf(drive_list(drive, "registered", seen=seen, now=NOW)))

    assert "Chưa có ai." in page


def test_pdf_of_the_same_data_is_the_same_file():
    drive = DriveFactory()

    assert poster_pdf(drive) == poster_pdf(drive)
