"""What is kept long enough goes; the counts stay."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from donors.models import Donor
from events.registrations.models import Registration
from events.reports.figures import drive_figures
from notifications.models import Message
from tests.factories import DriveFactory, RegistrationFactory, SlotFactory

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=800)


def purge() -> str:
    out = StringIO()
    call_command("purge", stdout=out)
    return out.getvalue()


def test_purge_erases_the_person_and_keeps_the_count():
    drive = DriveFactory(starts_at=LONG_AGO)
    slot = SlotFactory(drive=drive)
    old = RegistrationFactory(
        slot=slot,
        full_name="Lò Văn Pành",
        email="panh@vidu.invalid",
        status="checked_in",
        placed_at=LONG_AGO,
    )
    before = drive_figures(drive, now=timezone.now(), small_cells=True).counts

    purge()

    old.refresh_from_db()
    assert (old.full_name, old.name_search, old.name_sort, old.phone, old.email) == ("",) * 5
    assert (old.birth_year, old.date_of_birth, old.sex) == (0, None, "")
    donor = Donor.objects.get()
    assert (donor.full_name, donor.name_key, donor.phone, donor.birth_year) == ("", "", None, 0)
    after = drive_figures(drive, now=timezone.now(), small_cells=True).counts
    assert after == before
    assert (after.came, after.registered) == (1, 1)


def test_purge_keeps_who_registered_since():
    old_slot, new_slot = SlotFactory(drive=DriveFactory(starts_at=LONG_AGO)), SlotFactory()
    old = RegistrationFactory(slot=old_slot, full_name="Kiều Anh", status="registered")
    RegistrationFactory(
        slot=new_slot, full_name="Kiều Anh", phone=old.phone, donor=old.donor, status="registered"
    )

    purge()

    names = Registration.objects.order_by("pk").values_list("full_name", flat=True)
    assert list(names) == ["", "Kiều Anh"]
    assert Donor.objects.get().full_name == "Kiều Anh"


def test_purge_keeps_messages_that_are_owed():
    for n, status in enumerate(["queued", "accepted"]):
        Message.objects.create(
            kind="registered",
            about_id="0" * 16,
            group="drive:1",
            dedupe_key=str(n),
            status=status,
            created_at=LONG_AGO,
            due_at=LONG_AGO,
            finished_at=LONG_AGO,
        )

    purge()

    assert list(Message.objects.values_list("status", flat=True)) == ["queued"]
