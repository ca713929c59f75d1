"""No health answer, no card and no outcome is anywhere after a whole day (I13).

They are sent to every door that takes something; then the database, the broker with its file, the
mail, the log, and every answer and file are searched. Names and phone numbers have their places:
they are looked for where they must not be, in logs, the broker and addresses.
"""

from __future__ import annotations

import io
import json
import logging
import re
import uuid
import zipfile
from typing import Any

import pytest
import redis
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_path
from notifications.models import Message
from notifications.services import deliver_due
from tests.api import Caller
from tests.checkin.conftest import DURING, a_scan, make_device
from tests.factories import NOW, DriveFactory, MembershipFactory
from tests.settings import OWN_DIR

pytestmark = pytest.mark.django_db(transaction=True)
NAME, PHONE, EMAIL = "Nguyễn Hoàng Phương Thảo Nguyên", "0912 000 483", "thaonguyen@example.com"
OTHER, WALK_IN = "Lò Thị Pành Mẩy", "Sùng Chiến Thắng Lợi"
# A made-up card as its code reads, and answers and outcomes that nobody else would write.
CARD = "001097000123|011999888|Nguyễn Văn Thẻ|05031997|Nam|Số 1 Ngõ Kín|12052021"
SECRETS = ["vienganbmat", "xamminhkinmat", "tamhoankinmat", "001097000123", "Ngõ Kín", "011999888"]
ANSWERS = {"hepatitis": "vienganbmat", "tattoo": ["xamminhkinmat"], "outcome": "tamhoankinmat"}
SCREENING = {"rules_version": "2026-11", "answers": ANSWERS, "outcome": "tamhoankinmat"}


@pytest.fixture
def log():
    """Return what the product's own handler writes, as it writes it."""
    [handler] = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    kept = io.StringIO()
    before = handler.setStream(kept)
    yield kept
    handler.setStream(before)


def database() -> str:
    """Return every value of every row of every table, bytes as text."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    is_raw = isinstance(value, bytes | memoryview)
                    parts.append(bytes(value).decode("latin-1") if is_raw else str(value))
    return "\n".join(parts)


def broker(settings: Any) -> str:
    """Return every key and value, and all that was ever written, from the file."""
    parts = []
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter("*"):
            kind = client.type(key)
            read = {
                b"string": lambda k: [client.get(k)],
                b"list": lambda k: client.lrange(k, 0, -1),
                b"set": client.smembers,
                b"zset": lambda k: client.zrange(k, 0, -1),
                b"hash": lambda k: [*client.hgetall(k).items()],
            }[kind](key)
            parts += [repr(key), repr(read)]
    files = list((OWN_DIR / "valkey").rglob("*.aof"))
    assert files
    return "\n".join(parts + [path.read_bytes().decode("utf-8", "replace") for path in files])


def text_of_file(content: bytes) -> str:
    if content[:2] != b"PK":
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


def addresses(text: str) -> str:
    found = re.findall(r'(?:href|src|action)="([^"]*)"|(https?://[^\s"<>]+)', text)
    return "\n".join(
        a or b for a, b in found if not (a or b).startswith(("tel:", "mailto:", "data:"))
    )


def found(text: str, words: list[str]) -> list[str]:
    forms = {w: {w, json.dumps(w)[1:-1], repr(w.encode())[2:-1]} for w in words}
    return [word for word, spellings in forms.items() if any(s in text for s in spellings)]


def test_no_answer_card_or_outcome_is_anywhere_after_a_whole_day(settings, mail_server, log):
    settings.EMAIL_URL = mail_server.url
    answers: list[Any] = []

    def did(response: Any, *statuses: int) -> Any:
        assert response.status_code in statuses, response.content
        answers.append(response)
        return response

    drive = DriveFactory(slots=2)
    first, second = drive.slots.all()
    member = MembershipFactory(unit=drive.unit, role=Role.ORGANIZER)
    client, api = Client(), Caller()
    page = f"/d/{drive.slug}/register/?slot={first.public_id}"
    form = {
        "slot": first.public_id,
        "full_name": NAME,
        "phone": PHONE,
        "birth_year": "1997",
        "email": EMAIL,
        "consents": ["registration", "reminders"],
        "request_key": str(uuid.uuid4()),
        "screening": "2026-11",
        **ANSWERS,
    }
    with time_machine.travel(NOW, tick=False):
        # By the page, first with a slip, so that the form comes back with what it keeps.
        did(client.post(page, form | {"phone": "09", "answers": "vienganbmat"}), 400)
        did(client.post(page, form), 302)
        an = Registration.objects.get(full_name=NAME)
        own = manage_path(an)
        for more in ("", "details/", "move/", "cancel/", "ticket.ics"):
            did(client.get(own + more, ANSWERS), 200)
        did(client.post(f"{own}confirm/", ANSWERS), 302)
        did(client.post("/lost/", {"contact": CARD, **ANSWERS}), 200, 302, 400)
        # By the API: with answers, with a card for a name, with an unsound body.
        path = f"drives/{drive.slug}/registrations/"
        body = {
            "slot": second.public_id,
            "full_name": OTHER,
            "phone": "0912 000 777",
            "birth_year": 1990,
            "email": "may@example.com",
            "consents": ["registration"],
            "screening": SCREENING,
            "health": ANSWERS,
        }
        did(api.post(path, body, key=uuid.uuid4()), 201)
        did(api.post(path, body | {"phone": CARD, "full_name": NAME}), 400)
        did(api.post(path, body | {"screening": CARD}), 400)
        did(api.post(path, body | {"slot": CARD}), 400, 404, 409)
        other = Registration.objects.get(full_name=OTHER)
        token = manage_path(other).split("/")[2]
        did(api.patch(f"registrations/{token}/", {"email": "pm@example.com", **ANSWERS}), 200)
        deliver_due(clock=lambda: NOW)
    with time_machine.travel(DURING, tick=False):
        phone = make_device(drive)
        sent = [
            a_scan(an, outcome="tamhoankinmat", answers=ANSWERS),
            a_scan(ticket=CARD),
            a_scan(code=CARD),
            a_scan(registration=CARD),
            a_scan(ticket={"card": CARD}, station="vienganbmat"),
            a_scan(ticket=CARD, station=CARD, shown=CARD, undoes=CARD),
        ]
        status = {"unsent": 0, "version": CARD, "roster_cursor": CARD, "answers": ANSWERS}
        did(phone.send(*sent), 200)
        did(phone.send(a_scan(code=ticket_of(an)), status=status), 200, 400)
        walk_in = {
            "id": str(uuid.uuid4()),
            "full_name": WALK_IN,
            "phone": "0912 000 778",
            "birth_year": 1991,
            "at": DURING.isoformat(),
            "consents": ["registration"],
            "screening": SCREENING,
            "card": CARD,
            "reason": "tamhoankinmat",
        }
        did(phone.client.post("/api/v1/checkin/walk-ins/", walk_in, format="json"), 201)
        did(phone.client.get("/api/v1/checkin/roster/"), 200)
        # Every page and file of the organizer.
        client.force_login(member.user)
        for name in ("drive_overview", "drive_messages", "drive_registrations", "drive_roster"):
            did(client.get(reverse(name, args=[drive.slug])), 200)
        did(client.get(reverse("registration", args=[drive.slug, an.public_id])), 200)
        for kind in ("registered", "roster"):
            file = did(client.get(reverse("drive_export", args=[drive.slug, kind, "xlsx"])), 200)
            assert NAME in text_of_file(file.content)
        # A fault of ours: what the person typed is in none of its traces.
        broken = Client(raise_request_exception=False)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE donors_consent RENAME TO donors_away")
        try:
            did(broken.post(page, form | {"phone": "0912 000 484", "request_key": ""}), 409, 500)
            phone.client.raise_request_exception = False
            again = walk_in | {"id": str(uuid.uuid4()), "phone": "0912 000 779"}
            did(phone.client.post("/api/v1/checkin/walk-ins/", again, format="json"), 500)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE donors_away RENAME TO donors_consent")
        deliver_due(clock=lambda: DURING)

    shown = "\n".join(
        text_of_file(a.content) + repr(dict(a.items())) for a in answers if not a.streaming
    )
    mail = "\n".join(
        str(part.get_content())
        for m in mail_server.messages
        for part in m.walk()
        if part.get_content_maintype() == "text"
    )
    mail = mail.replace("\N{NO-BREAK SPACE}", " ")
    # The mail server of the tests writes into the same log what it receives.
    lines = log.getvalue().splitlines()
    logs = "\n".join(line for line in lines if '"logger": "mail.log"' not in line)
    stored, queued = database(), broker(settings)

    # What is looked for can be found where it belongs, so that finding nothing says something.
    people = [NAME, OTHER, WALK_IN]
    assert found(stored, people) == people
    assert mail_server.messages
    assert format_code(an.code) in mail
    assert found(shown, people) == people
    assert '"status": 500' in logs
    assert Message.objects.exists()
    assert "notifications.send_message" in queued
    for where, text in {
        "database": stored,
        "broker": queued,
        "mail": mail,
        "log": logs,
        "answers": shown,
    }.items():
        assert found(text, SECRETS) == [], where
    phones = ["0912000483", "912000483", "912000777", "912000778", "912000779", "0912 000"]
    for where, text in {
        "log": logs,
        "broker": queued,
        "addresses": addresses(shown) + addresses(mail),
    }.items():
        assert found(text, [*people, *phones, EMAIL, "may@example.com"]) == [], where
