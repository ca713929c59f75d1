"""Take the person out of old registrations; the counts of past drives stay as they are."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts import audit
from accounts.models import AttemptRecord
from backend.transactions import in_transaction
from donors.services import erase_donors_nobody_names
from events.registrations.models import Registration

# How long a registration names its person after the drive: DOMAIN, "Retention": 24 months.
NAMES_KEPT_FOR = timedelta(days=730)
# INTERFACES.md §4 promises that a key is known for 24 hours at least.
KEYS_KEPT_FOR = timedelta(days=2)


@in_transaction
def erase_old_registrations(*, now: datetime) -> int:
    """Blank what people stated for drives that ended long ago; return how many registrations."""
    old = Registration.objects.filter(
        drive__ends_at__lt=now - NAMES_KEPT_FOR, erased_at__isnull=True
    )
    erased = old.update(
        full_name="",
        name_search="",
        name_sort="",
        phone="",
        email="",
        birth_year=0,
        date_of_birth=None,
        sex="",
        consent_reminders=False,
        consent_invitations=False,
        erased_at=now,
    )
    erase_donors_nobody_names(now=now)
    if erased:
        # About nobody in particular: who they were is what was erased.
        audit.record(
            "registrations.erased", Registration(public_id=""), by=None, at=now, count=erased
        )
    return erased


def drop_old_keys(*, now: datetime) -> int:
    """Forget the keys of writes that nobody repeats any more."""
    count, _each = AttemptRecord.objects.filter(created_at__lt=now - KEYS_KEPT_FOR).delete()
    return count
