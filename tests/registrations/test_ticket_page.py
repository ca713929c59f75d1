"""What a phone's own camera opens."""

from datetime import timedelta

import pytest

from events.registrations.models import Registration
from events.registrations.services import cancel_registration
from events.registrations.signing import ticket_of, ticket_payload
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_path
from tests.factories import NOW, DriveFactory, RegistrationFactory, SlotFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.mark.parametrize("spell", [str.upper, str.lower])
def test_ticket_shows_date_time_venue_and_code_and_nothing_of_the_person(client, spell):
    held = RegistrationFactory(full_name="Nguyễn Hoàng Phương Thảo Nguyên")
    path = ticket_of(held).removeprefix("HTTP://TESTSERVER")

    response = client.get(spell(path))

    page = response.content.decode()
    assert response.status_code == 200
    for shown in ("07:00", "05/12/2026", held.drive.venue.name, format_code(held.code)):
        assert shown in page
    for hidden in ("Nguyên", held.phone, held.phone[-4:], held.email, manage_path(held), "/r/"):
        assert hidden not in page
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_an_older_ticket_shows_the_time_of_now(client):
    first, second = DriveFactory(slots=2).slots.all()
    held = RegistrationFactory(slot=first)
    older = ticket_payload(held)
    held.slot = second
    held.save()

    assert "07:30" in client.get(f"/T/{older}").content.decode()


def test_dead_tickets_are_not_found(client, clock):
    cancelled, waiting, erased, off = (RegistrationFactory() for _n in range(4))
    payloads = [ticket_payload(r) for r in (cancelled, waiting, erased, off)]
    cancel_registration(registration=cancelled, now=NOW)
    Registration.objects.filter(pk=waiting.pk).update(status="waitlisted")
    Registration.objects.filter(pk=erased.pk).update(erased_at=NOW)
    off.drive.cancelled_at = NOW
    off.drive.save()

    assert [client.get(f"/T/{payload}").status_code for payload in payloads] == [404] * 4


def test_a_ticket_dies_twelve_hours_after_the_drive(client, clock):
    held = RegistrationFactory()
    payload, last = ticket_payload(held), held.drive.ends_at + timedelta(hours=12)

    clock.move_to(last, tick=False)
    assert client.get(f"/T/{payload}").status_code == 200
    clock.move_to(last + timedelta(seconds=1), tick=False)
    assert client.get(f"/T/{payload}").status_code == 404


def test_forged_and_broken_tickets_are_not_found(client):
    held = RegistrationFactory()
    payload = ticket_payload(held)
    forger = SlotFactory().drive
    forger.number, forger.pk, held.drive = held.drive.number, forger.pk, forger
    forged = ticket_payload(held)  # the right claims, signed by another drive's key

    bad = [forged, payload[:-1], payload + "A", "A" * 128, "x", "é", payload[:64] + payload[:64]]
    bad += [
        payload[:at] + ("B" if payload[at] != "B" else "C") + payload[at + 1 :]
        for at in (0, 5, 40, 127)
    ]
    assert {client.get(f"/T/{text}").status_code for text in bad} == {404}
    assert client.get(f"/T/{payload}").status_code == 200
