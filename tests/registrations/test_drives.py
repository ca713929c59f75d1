"""Changing and cancelling a drive with people in it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from events.drives.models import Drive
from events.drives.plans import DriveRefused, Place, Plan
from events.drives.replan import DriveChanges, SlotChange
from events.drives.services import (
    copy_drive,
    create_drive,
    pause_registration,
    resume_registration,
)
from events.registrations.models import Registration
from events.registrations.services import cancel_drive, update_drive
from notifications.models import Message
from tests.factories import RegistrationFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db
STATUS = Registration.Status
PLANNED_AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
WEEK_BEFORE = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def planned_drive(places_per_slot=10, published_at=PLANNED_AT, cancelled_at=None, **plan):
    """Plan a drive from 07:30 to 09:30 with four slots, as an organizer does."""
    words = {
        "name": "Ngày hội hiến máu",
        "place": Place(name="Hội trường tầng 2", address="54 Hai Bà Trưng, Hà Nội"),
        "date": date(2026, 12, 6),
        "starts": time(7, 30),
        "ends": time(9, 30),
        "slot_minutes": 30,
        "places_per_slot": places_per_slot,
    } | plan
    drive = create_drive(plan=Plan(unit=UnitFactory(), **words), by=None, now=PLANNED_AT)
    drive.published_at, drive.cancelled_at = published_at, cancelled_at
    drive.save(update_fields=["published_at", "cancelled_at"])
    return drive


def starts_of(drive):
    here = drive.tzinfo
    return [s.starts_at.astimezone(here).strftime("%d %H:%M") for s in drive.slots.all()]


def messages():
    rows = Message.objects.order_by("kind", "about_id")
    return [(m.kind, m.about_id) for m in rows]


def test_update_drive_moves_slots_and_everybody_keeps_theirs():
    drive = planned_drive()
    first, second, *_ = drive.slots.all()
    held = RegistrationFactory(slot=second, confirmed_at=WEEK_BEFORE)
    waiting = RegistrationFactory(slot=second, status=STATUS.WAITLISTED)
    Registration.objects.update(changed=0)

    update_drive(
        drive=drive,
        changes={"date": date(2026, 12, 13), "starts": time(8, 0), "ends": time(10, 0)},
        by=UserFactory(),
        now=WEEK_BEFORE,
    )

    drive.refresh_from_db()
    held.refresh_from_db()
    assert starts_of(drive) == ["13 08:00", "13 08:30", "13 09:00", "13 09:30"]
    assert [s.pk for s in drive.slots.all()][:2] == [first.pk, second.pk]
    assert (held.slot_id, held.status, held.confirmed_at) == (second.pk, "registered", None)
    assert (drive.revision, drive.date) == (1, date(2026, 12, 13))
    assert messages() == [("drive_changed", held.public_id)]
    assert Message.objects.get().details == {"changed": ["date", "time"]}
    waiting.refresh_from_db()
    assert min(held.changed, waiting.changed) > 0


@pytest.mark.parametrize(("starts", "ends"), [(time(8), time(10)), (time(7), time(9))])
def test_update_drive_moves_slots_into_each_other_s_times(starts, ends):
    drive = planned_drive()
    before = [slot.pk for slot in drive.slots.all()]

    update_drive(
        drive=drive, changes={"starts": starts, "ends": ends}, by=UserFactory(), now=WEEK_BEFORE
    )

    assert [slot.pk for slot in drive.slots.all()] == before
    assert starts_of(drive)[0] == f"06 {starts:%H:%M}"


def test_update_drive_adds_slots_at_the_end_and_drops_empty_ones():
    drive = planned_drive(places_per_slot=7)
    gave_up = RegistrationFactory(slot=drive.slots.last(), status=STATUS.CANCELLED)
    by = UserFactory()

    update_drive(drive=drive, changes={"ends": time(8, 30)}, by=by, now=WEEK_BEFORE)
    shorter = starts_of(drive)
    update_drive(drive=drive, changes={"ends": time(9, 0)}, by=by, now=WEEK_BEFORE)

    assert shorter == ["06 07:30", "06 08:00"]
    assert starts_of(drive) == ["06 07:30", "06 08:00", "06 08:30"]
    assert [s.capacity for s in drive.slots.all()] == [7, 7, 7]
    gave_up.refresh_from_db()
    assert gave_up.slot.starts_at.astimezone(drive.tzinfo).time() == time(8, 0)


@pytest.mark.parametrize("status", [STATUS.REGISTERED, STATUS.WAITLISTED, STATUS.CHECKED_IN])
def test_update_drive_refuses_to_drop_a_slot_with_people_in_it(status):
    drive = planned_drive()
    last = drive.slots.last()
    RegistrationFactory(slot=last, status=status)

    with pytest.raises(DriveRefused) as refusal:
        update_drive(drive=drive, changes={"ends": time(9, 0)}, by=UserFactory(), now=WEEK_BEFORE)

    assert refusal.value.code == "slots_taken"
    assert [s["slot"] for s in refusal.value.extra["slots"]] == [last.public_id]
    assert len(starts_of(drive)) == 4
    assert not Message.objects.exists()
    assert not AuditEntry.objects.filter(action="drive.changed").exists()


def test_update_drive_refuses_a_capacity_under_the_bookings():
    drive = planned_drive()
    slot = drive.slots.first()
    RegistrationFactory.create_batch(3, slot=slot)
    by = UserFactory()

    refused: list[DriveChanges] = [
        {"slots": [SlotChange(id=slot.public_id, capacity=2)]},
        {"places_per_slot": 2},
    ]
    for changes in refused:
        with pytest.raises(DriveRefused) as refusal:
            update_drive(drive=drive, changes=changes, by=by, now=WEEK_BEFORE)
        assert refusal.value.code == "slots_taken"
    update_drive(
        drive=drive,
        changes={"slots": [SlotChange(id=slot.public_id, capacity=3)]},
        by=by,
        now=WEEK_BEFORE,
    )

    assert [s.capacity for s in drive.slots.all()] == [3, 10, 10, 10]
    assert not Message.objects.exists()


def test_update_drive_keeps_single_capacities_when_the_usual_one_changes():
    drive = planned_drive()
    slot = drive.slots.first()
    by = UserFactory()
    update_drive(
        drive=drive,
        changes={"slots": [SlotChange(id=slot.public_id, capacity=4)]},
        by=by,
        now=WEEK_BEFORE,
    )

    update_drive(drive=drive, changes={"places_per_slot": 12}, by=by, now=WEEK_BEFORE)

    assert [s.capacity for s in drive.slots.all()] == [4, 12, 12, 12]


def test_update_drive_gives_new_and_reopened_places_to_who_waits():
    drive = planned_drive(places_per_slot=1)
    slot = drive.slots.first()
    RegistrationFactory(slot=slot)
    waiting = RegistrationFactory.create_batch(3, slot=slot, status=STATUS.WAITLISTED)
    by = UserFactory()

    for change in (
        SlotChange(id=slot.public_id, is_open=False),
        SlotChange(id=slot.public_id, capacity=2),
        SlotChange(id=slot.public_id, is_open=True),
        SlotChange(id=slot.public_id, capacity=3),
    ):
        update_drive(drive=drive, changes={"slots": [change]}, by=by, now=WEEK_BEFORE)

    for registration in waiting:
        registration.refresh_from_db()
    assert [r.status for r in waiting] == ["registered", "registered", "waitlisted"]
    assert messages() == [("promoted", r.public_id) for r in sorted(waiting[:2], key=about)]


def about(registration):
    return registration.public_id


def test_update_drive_with_what_it_was_changes_nothing_and_tells_nobody():
    drive = planned_drive()
    RegistrationFactory(slot=drive.slots.first())
    venue = drive.venue

    update_drive(
        drive=drive,
        changes={
            "name": drive.name,
            "unit": drive.unit,
            "place": Place(name=venue.name, address=venue.address, map_url=venue.map_url),
            "date": drive.date,
            "zone": drive.zone,
            "starts": time(7, 30),
            "ends": time(9, 30),
            "slot_minutes": 30,
            "places_per_slot": 10,
            "slots": [SlotChange(id=drive.slots.first().public_id, capacity=10, is_open=True)],
        },
        by=UserFactory(),
        now=WEEK_BEFORE,
    )

    drive.refresh_from_db()
    assert drive.revision == 0
    assert not Message.objects.exists()
    assert not AuditEntry.objects.filter(action="drive.changed").exists()


def test_update_drive_tells_of_a_new_venue_but_not_of_words():
    drive = planned_drive()
    held = RegistrationFactory(slot=drive.slots.first(), confirmed_at=WEEK_BEFORE)
    by = UserFactory()

    update_drive(drive=drive, changes={"description": "Mới"}, by=by, now=WEEK_BEFORE)
    told_of_words = messages()
    update_drive(
        drive=drive, changes={"place": Place(name="Sảnh", address="Hà Nội")}, by=by, now=WEEK_BEFORE
    )

    drive.refresh_from_db()
    held.refresh_from_db()
    assert told_of_words == []
    assert messages() == [("drive_changed", held.public_id)]
    assert (drive.venue.name, drive.revision, held.confirmed_at) == ("Sảnh", 1, WEEK_BEFORE)


def test_update_drive_of_a_draft_tells_nobody():
    drive = planned_drive(published_at=None)

    update_drive(
        drive=drive, changes={"date": date(2026, 12, 20)}, by=UserFactory(), now=WEEK_BEFORE
    )

    drive.refresh_from_db()
    assert drive.revision == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"slot_minutes": 240}, "no_slot"),
        ({"ends": time(7, 30)}, "too_long"),
        ({"zone": "Asia/Nowhere"}, "invalid_zone"),
        ({"zone": "../etc/passwd"}, "invalid_zone"),
        ({"slots": [SlotChange(id="nobody's", capacity=1)]}, "unknown_slot"),
        (
            {
                "registration_opens_at": WEEK_BEFORE,
                "registration_closes_at": WEEK_BEFORE - timedelta(hours=1),
            },
            "closes_too_early",
        ),
    ],
)
def test_update_drive_refuses_what_makes_no_drive(changes, code):
    drive = planned_drive()

    with pytest.raises(DriveRefused) as refusal:
        update_drive(drive=drive, changes=changes, by=UserFactory(), now=WEEK_BEFORE)

    assert (refusal.value.code, "field" in refusal.value.extra) == (code, True)
    assert Drive.objects.values().get() == Drive.objects.filter(pk=drive.pk).values().get()


def test_update_drive_refuses_a_cancelled_one_and_to_move_one_that_is_over():
    drive = planned_drive(cancelled_at=WEEK_BEFORE)
    past = planned_drive()
    by = UserFactory()

    with pytest.raises(DriveRefused) as cancelled:
        update_drive(drive=drive, changes={"name": "X"}, by=by, now=WEEK_BEFORE)
    with pytest.raises(DriveRefused) as over:
        update_drive(drive=past, changes={"date": date(2026, 12, 20)}, by=by, now=past.ends_at)

    assert (cancelled.value.code, over.value.code) == ("drive_cancelled", "too_late")


def test_update_drive_takes_the_same_statements_for_one_and_for_many():
    counts = []
    for people in (1, 30):
        drive = planned_drive(places_per_slot=50)
        RegistrationFactory.create_batch(people, slot=drive.slots.first())
        by = UserFactory()

        with CaptureQueriesContext(connection) as queries:
            update_drive(drive=drive, changes={"date": date(2026, 12, 20)}, by=by, now=WEEK_BEFORE)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_cancel_drive_frees_all_tells_all_and_again_changes_nothing():
    drive = planned_drive()
    slot = drive.slots.first()
    held = RegistrationFactory(slot=slot)
    waiting = RegistrationFactory(slot=slot, status=STATUS.WAITLISTED)
    arrived = RegistrationFactory(slot=slot, status=STATUS.CHECKED_IN)
    gave_up = RegistrationFactory(slot=slot, status=STATUS.CANCELLED)
    by = UserFactory()

    for _ in range(2):
        cancel_drive(drive=drive, reason="Bão số 12", by=by, now=WEEK_BEFORE)

    drive.refresh_from_db()
    assert (drive.cancelled_at, drive.cancel_reason, drive.revision) == (
        WEEK_BEFORE,
        "Bão số 12",
        1,
    )
    statuses = {r.pk: (r.status, r.revision) for r in Registration.objects.all()}
    assert statuses == {
        held.pk: ("cancelled", 1),
        waiting.pk: ("cancelled", 1),
        arrived.pk: ("checked_in", 0),
        gave_up.pk: ("cancelled", 0),
    }
    assert messages() == [("cancelled", waiting.public_id), ("drive_cancelled", held.public_id)]
    entry = AuditEntry.objects.get(action="drive.cancelled")
    assert (entry.by_user_id, entry.count) == (by.pk, 2)


def test_cancel_drive_refuses_one_that_is_over():
    drive = planned_drive()

    with pytest.raises(DriveRefused) as refusal:
        cancel_drive(drive=drive, reason="", by=UserFactory(), now=drive.ends_at)

    assert refusal.value.code == "too_late"


def test_pause_and_resume_registration_close_and_open_it():
    drive = planned_drive()
    by = UserFactory()

    statuses = [drive.status(WEEK_BEFORE, places_left=1)]
    for service in (pause_registration, pause_registration, resume_registration):
        drive = service(drive=drive, by=by, now=WEEK_BEFORE)
        statuses.append(drive.status(WEEK_BEFORE, places_left=1))

    assert statuses == ["open", "closed", "closed", "open"]
    assert AuditEntry.objects.filter(action="drive.paused").count() == 1


def test_copy_drive_takes_times_and_texts_but_neither_people_nor_messages():
    drive = planned_drive(
        description="Nhịn ăn mỡ",
        zone="Asia/Ho_Chi_Minh",
        registration_closes_at=datetime(2026, 12, 5, 10, 0, tzinfo=UTC),
    )
    break_ = drive.slots.all()[1]
    break_.is_open, break_.capacity = False, 4
    break_.save()
    RegistrationFactory(slot=drive.slots.first())

    copy = copy_drive(drive=drive, date=date(2027, 1, 10), by=UserFactory(), now=WEEK_BEFORE)

    assert copy.slug != drive.slug and copy.number != drive.number
    assert copy.published_at is None and copy.copied_from == drive
    assert starts_of(copy) == ["10 07:30", "10 08:00", "10 08:30", "10 09:00"]
    assert [(s.is_open, s.capacity) for s in copy.slots.all()] == [
        (True, 10),
        (False, 4),
        (True, 10),
        (True, 10),
    ]
    assert copy.registration_closes_at == datetime(2027, 1, 9, 10, 0, tzinfo=UTC)
    assert (copy.description, copy.venue) == ("Nhịn ăn mỡ", drive.venue)
    assert copy.registrations.count() == 0
    assert not Message.objects.exists()
    assert copy.keys.get().public_key != drive.keys.get().public_key


def test_copy_drive_with_other_venue_and_places():
    drive = planned_drive()

    copy = copy_drive(
        drive=drive,
        date=date(2027, 1, 10),
        venue=Place(name="Sảnh", address="Hà Nội"),
        places_per_slot=3,
        by=UserFactory(),
        now=WEEK_BEFORE,
    )

    assert copy.venue.name == "Sảnh"
    assert {s.capacity for s in copy.slots.all()} == {3}
