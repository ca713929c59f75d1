from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_registration
from notifications.models import Message
from tests.factories import NOW, RegistrationFactory, SlotFactory, UserFactory

pytestmark = pytest.mark.django_db
STATUS = Registration.Status


def test_cancel_registration_frees_the_place_and_says_so():
    held = RegistrationFactory()

    cancelled = cancel_registration(registration=held, now=NOW)

    assert (cancelled.status, cancelled.cancelled_at) == (STATUS.CANCELLED, NOW)
    assert not Registration.objects.holding_place().exists()
    assert list(Message.objects.values_list("kind", "details")) == [
        ("cancelled", {"reason": "", "by_organizer": False})
    ]
    assert list(AuditEntry.objects.values_list("action", "by_user_id")) == [
        ("registration.cancelled", None)
    ]


def test_cancel_registration_again_changes_nothing():
    held = RegistrationFactory()
    first = cancel_registration(registration=held, now=NOW)

    again = cancel_registration(registration=held, now=NOW + timedelta(hours=1))

    assert (again.cancelled_at, again.revision) == (first.cancelled_at, first.revision)
    assert Message.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.parametrize("status", [STATUS.REGISTERED, STATUS.CHECKED_IN])
def test_cancel_registration_refuses_who_is_in_and_who_is_late(status):
    held = RegistrationFactory(status=status)
    when = NOW if status == STATUS.CHECKED_IN else held.slot.starts_at

    with pytest.raises(RegistrationRefused) as refusal:
        cancel_registration(registration=held, now=when)

    held.refresh_from_db()
    assert (refusal.value.code, held.status) == ("too_late", status)


def test_cancel_registration_by_an_organizer_carries_the_reason_in_the_message_only():
    held, by = RegistrationFactory(), UserFactory()

    cancel_registration(registration=held, now=held.slot.starts_at, by=by, reason="Đổi ca trực")

    assert Message.objects.get().details == {"reason": "Đổi ca trực", "by_organizer": True}
    assert AuditEntry.objects.get().by_user_id == by.pk


def test_cancel_registration_of_who_waited_promotes_nobody():
    slot = SlotFactory(capacity=1)
    RegistrationFactory(slot=slot)
    first, second = (RegistrationFactory(slot=slot, status=STATUS.WAITLISTED) for _n in range(2))

    cancel_registration(registration=first, now=NOW)

    second.refresh_from_db()
    assert second.status == STATUS.WAITLISTED
