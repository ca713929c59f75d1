"""Find the donor behind a statement, and keep what people agreed to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from backend.rows import insert
from donors.identity import name_key
from donors.models import Consent, Donor
from donors.people import Person

# The wording of the consents that forms show; raise it with every change of the texts.
CONSENT_TEXT_VERSION = "2026-11"


def match_donor(person: Person, *, now: datetime, apart: bool = False) -> Donor:
    """Return the donor with this phone, name (without accents) and birth year; make one if new.

    A known donor is never changed. Without a phone nobody can be matched: a new one is made.

    :param apart: the name differs in its accents from a known donor who is somebody else.
    """
    donor = Donor(
        full_name=person.full_name,
        name_key=name_key(person.full_name),
        phone=person.phone or None,
        birth_year=person.birth_year,
        date_of_birth=person.date_of_birth,
        sex=person.sex,
        variant=" ".join(person.full_name.casefold().split()) if apart else "",
        created_at=now,
    )
    # One statement finds or makes it, also when somebody else inserts the same person now; what it
    # "updates" is part of the key and so the same. Without a phone no two are the same.
    key = "(phone, name_key, birth_year, variant)"
    [found] = insert(donor, on_conflict=f"{key} DO UPDATE SET variant = excluded.variant")
    return found


def replace_donor(*, registration_id: str, earlier_id: int, donor: Donor) -> None:
    """Let a registration's consents follow it to ``donor``, after a corrected name or phone.

    The earlier donor is deleted if no registration speaks of it any more. What was agreed to must
    outlive it: rows of consent stay as they are, but for whose they are.
    """
    Consent.objects.filter(registration_id=registration_id).update(donor=donor)
    Donor.objects.filter(pk=earlier_id, registrations__isnull=True).delete()


def record_consents(
    donor: Donor,
    *,
    registration_id: str,
    given: Collection[str],
    withdrawn: Collection[str] = (),
    channel: str,
    now: datetime,
) -> None:
    """Write one row for each purpose agreed to or withdrawn; rows are never changed."""
    insert(
        *(
            Consent(
                donor=donor,
                registration_id=registration_id,
                purpose=purpose,
                given=purpose in given,
                text_version=CONSENT_TEXT_VERSION,
                channel=channel,
                at=now,
            )
            for purpose in [*given, *withdrawn]
        )
    )


def erase_donors_nobody_names(*, now: datetime) -> int:
    """Blank donors all of whose registrations are erased; return how many.

    The row stays, because registrations point to it and are counted.
    """
    nameless = Donor.objects.filter(erased_at__isnull=True).exclude(
        registrations__erased_at__isnull=True
    )
    return nameless.update(
        full_name="",
        name_key="",
        phone=None,
        birth_year=0,
        date_of_birth=None,
        sex="",
        variant="",
        erased_at=now,
    )
