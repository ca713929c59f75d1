"""Lists of the API are read to their end and back, whatever their rows share."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from backend.crypto import seal
from backend.paging import PURPOSE
from tests.api import ROOT, organizer
from tests.factories import DriveFactory, RegistrationFactory

pytestmark = pytest.mark.django_db


def walk(caller, url, link):
    """Follow ``link`` from page to page; return their ids, and the last page's address."""
    pages = []
    while True:
        answer = caller.client.get(url).json()
        pages.append([row["id"] for row in answer["results"]])
        if answer[link] is None:
            return pages, url
        url = answer[link]


def people_of(count, *, names):
    drive = DriveFactory(slots=1, slots__capacity=20)
    for n in range(count):
        row = RegistrationFactory(slot=drive.slots.get(), full_name=names[n % len(names)])
        row.take_name()
        row.save()
    return drive, f"{ROOT}manage/drives/{drive.slug}/registrations/?page_size=3"


@pytest.mark.parametrize("names", [["Lê An"], ["Lê An", "Lê Bình"], list("ABCDEGHI")])
@pytest.mark.parametrize("count", [1, 3, 4, 6, 7, 8])
def test_pages_are_the_same_on_the_way_back(count, names):
    drive, first = people_of(count, names=names)
    caller = organizer(drive.unit)

    forwards, last = walk(caller, first, "next")
    backwards, _start = walk(caller, last, "previous")

    found = [one for page in forwards for one in page]
    assert sorted(found) == sorted(r.public_id for r in drive.registrations.all())
    assert [len(page) for page in forwards] == [3] * (count // 3) + [count % 3] * (count % 3 > 0)
    assert backwards == forwards[::-1]


def test_pages_go_on_where_a_row_is_gone_meanwhile():
    drive, first = people_of(5, names=["Lê An"])
    caller = organizer(drive.unit)
    answer = caller.client.get(first).json()
    drive.registrations.filter(public_id__in=[r["id"] for r in answer["results"]]).delete()

    rest = caller.client.get(answer["next"]).json()

    assert len(rest["results"]) == 2
    assert caller.client.get(rest["previous"]).json()["results"] == []


def test_a_link_to_another_page_names_nobody():
    drive, first = people_of(4, names=["Le An"])

    link = organizer(drive.unit).client.get(first).json()["next"]

    query = parse_qs(urlsplit(link).query)
    position = parse_qs(base64.b64decode(query["cursor"][0]).decode())["p"][0]
    name = drive.registrations.first().name_sort.encode()
    said = [link.encode(), position.encode(), base64.urlsafe_b64decode(position)]
    assert [text for text in said if name in text] == []


@pytest.mark.parametrize("cursor", ["x", "cD1b", "cD0lNUIlMjIxJTIyJTVE", "cD0xJnI9MQ==", "%00"])
def test_pages_refuse_a_cursor_that_is_none_of_ours(cursor):
    drive, first = people_of(1, names=["Lê An"])

    answer = organizer(drive.unit).client.get(f"{first}&cursor={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    "position",
    ["[" * 3000, '["\\ud800", "1"]', '["a", "1e9"]', '["a", null]', "{}"],
)
def test_pages_refuse_a_position_that_cannot_be(position):
    drive, first = people_of(1, names=["Lê An"])
    sealed = seal(position, purpose=PURPOSE)
    cursor = quote(base64.b64encode(urlencode({"p": sealed}).encode()))

    answer = organizer(drive.unit).client.get(f"{first}&cursor={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
