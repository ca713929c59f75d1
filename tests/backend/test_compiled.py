"""Querysets compiled once give what they give uncompiled; rows are inserted as ``save`` does."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from backend.compiled import Compiled
from backend.drawn import Drawn, values_of
from backend.rows import gathered, insert
from donors.models import Donor
from events.drives.models import Drive, Slot
from events.registrations.models import Registration
from tests.factories import NOW, DonorFactory, DriveFactory, RegistrationFactory, SlotFactory

pytestmark = pytest.mark.django_db


def an_open_slot(drive, now):
    slots = Slot.objects.filter(drive=drive).open_at(now).with_places()
    return slots.select_related("drive__venue").order_by("starts_at")


def test_compiled_queryset_gives_the_same_for_every_value():
    compiled: Compiled[Slot] = Compiled(
        an_open_slot, drive=1_000_001, now=NOW + timedelta(days=1000)
    )
    drives = [DriveFactory(slots=3), DriveFactory(slots=2)]
    RegistrationFactory(slot=drives[0].slots.first())

    for drive in drives:
        for now in (NOW, drive.starts_at, drive.ends_at):
            plain = list(an_open_slot(drive.pk, now))
            found = compiled(drive=drive.pk, now=now)

            assert [vars(s) | {"_state": 0} for s in found] == [
                vars(s) | {"_state": 0} for s in plain
            ]
            with CaptureQueriesContext(connection) as queries:
                assert [s.drive.venue for s in found] == [s.drive.venue for s in plain]
            assert len(queries) == 0


def test_compiled_queryset_gives_tuples_and_the_first():
    ids: Compiled[tuple[int, str]] = Compiled(
        lambda slug: Drive.objects.filter(slug=slug).values_list("pk", "slug"), slug="a-drive"
    )
    drive = DriveFactory()

    assert ids(slug=drive.slug) == [(drive.pk, drive.slug)]
    assert ids.first(slug=drive.slug) == (drive.pk, drive.slug)
    assert ids.first(slug="nothing") is None


def test_compiled_queryset_counts_over_related_rows():
    slots: Compiled[Any] = Compiled(
        lambda drive: Slot.objects.filter(drive=drive).annotate(people=Count("registrations")),
        drive=1_000_001,
    )
    slot = RegistrationFactory().slot

    assert [found.people for found in slots(drive=slot.drive_id)] == [1]


@pytest.mark.postgresql
def test_compiled_queryset_writes_its_constants_out():
    named: Compiled[tuple[int]] = Compiled(
        lambda drive: Slot.objects.filter(drive=drive, public_id="100%s'").values_list("pk"),
        drive=1_000_001,
    )
    slot = SlotFactory(public_id="100%s'")
    SlotFactory(public_id="other")

    with CaptureQueriesContext(connection) as queries:
        assert named(drive=slot.drive_id) == [(slot.pk,)]
    assert "'100%s'''" in queries[0]["sql"]


@pytest.mark.postgresql
def test_compiled_queryset_refuses_an_example_that_it_does_not_find():
    compiled: Compiled[Drive] = Compiled(
        lambda slug, other: Drive.objects.filter(slug=slug), slug="a", other="b"
    )

    with pytest.raises(ValueError, match="other"):
        compiled(slug="a", other="b")


def test_insert_writes_what_save_writes():
    saved: Registration = RegistrationFactory()
    copy = Registration.objects.get(pk=saved.pk)
    copy.pk, copy.public_id, copy.code = None, "00112233445566aa", "ABCD0123"
    copy.donor = DonorFactory()
    copy.take_name()

    assert insert(copy) == [copy]

    apart = {"id", "public_id", "code", "donor"}
    saved, written = (Registration.objects.get(pk=pk) for pk in (saved.pk, copy.pk))
    assert {k: v for k, v in model_to_dict(written).items() if k not in apart} == {
        k: v for k, v in model_to_dict(saved).items() if k not in apart
    }
    assert (written.changed >= saved.changed, written.holds_place) == (True, True)
    assert (written.created_at, written.placed_at) == (saved.created_at, saved.placed_at)


def test_insert_writes_several_rows_by_one_statement():
    entries = [
        AuditEntry(at=NOW, action="test", target_type="t", target_id=str(n)) for n in range(3)
    ]

    with CaptureQueriesContext(connection) as queries:
        written = insert(*entries)

    assert len(queries) == 1
    assert [AuditEntry.objects.get(pk=entry.pk).target_id for entry in written] == ["0", "1", "2"]


def test_insert_leaves_out_what_meets_another():
    donor = DonorFactory()
    twin = Donor(
        full_name="Nguyen Van An",
        name_key=donor.name_key,
        phone=donor.phone,
        birth_year=donor.birth_year,
        created_at=NOW,
    )

    assert insert(twin, on_conflict="DO NOTHING") == []
    assert list(Donor.objects.all()) == [donor]


def test_gathered_rows_are_written_by_one_statement_and_get_their_ids():
    donor = DonorFactory()
    twin = Donor(
        full_name="Nguyen Van An",
        name_key=donor.name_key,
        phone=donor.phone,
        birth_year=donor.birth_year,
        created_at=NOW,
    )
    entries = [
        AuditEntry(at=NOW, action="test", target_type="t", target_id=str(n)) for n in range(3)
    ]

    with CaptureQueriesContext(connection) as queries, gathered():
        insert(*entries[:2])
        insert(twin, on_conflict="DO NOTHING")
        insert(entries[2])

    assert len(queries) == (1 if connection.vendor == "postgresql" else 3)
    assert [AuditEntry.objects.get(pk=entry.pk).target_id for entry in entries] == ["0", "1", "2"]
    assert twin.pk is None


def test_gathered_rows_are_not_written_after_an_error():
    def break_off():
        with transaction.atomic(), gathered():
            insert(AuditEntry(at=NOW, action="test", target_type="t", target_id="1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()

    assert not AuditEntry.objects.exists()
    insert(AuditEntry(at=NOW, action="test", target_type="t", target_id="2"))
    assert AuditEntry.objects.get().target_id == "2"


def test_drawn_page_is_drawn_again_for_other_facts_and_the_oldest_is_forgotten():
    drawn, times = Drawn(most=2), []

    def page(facts):
        def draw():
            times.append(facts)
            return str(facts).encode()

        return drawn.get(facts, draw).decode()

    assert [page(facts) for facts in (1, 1, 2, 1, 3, 1, 2)] == list("1121312")
    assert times == [1, 2, 3, 2]


def test_values_of_a_row_tell_every_change():
    slot = SlotFactory()
    before = values_of(slot)
    slot.capacity += 1

    assert before != values_of(slot)
    assert before == values_of(Slot.objects.get(pk=slot.pk))
