"""The lists that leave the product: who is registered, and the roster of the day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from donors.identity import format_phone, phone_last4
from donors.models import Sex
from events.drives.models import Drive
from events.registrations.lists import REGISTERED
from events.registrations.models import Registration, RegistrationQuerySet
from events.registrations.tickets import format_code

Cell = str | int | None

_COMING = Q(status__in=["registered", "checked_in"])


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its head, its width in letters, and what stands in it."""

    head: str | Promise
    width: int
    cell: Callable[[int, Registration], Cell]


@dataclass(frozen=True, kw_only=True)
class ListKind:
    """A list that may be exported.

    :param which: whom it holds; :param order: in which order.
    :param sheet_by: the column by which paper has a sheet of its own, if any.
    """

    key: str
    title: str | Promise
    which: Q
    order: tuple[str | F, ...]
    columns: tuple[Column, ...]
    sheet_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class DriveList:
    """One list of one drive as of a moment, ready to be written down."""

    drive: Drive
    kind: ListKind
    rows: list[list[Cell]]
    as_of: datetime


def _time(registration: Registration, drive_zone: Drive) -> str:
    if registration.slot is None:
        return ""
    return f"{registration.slot.starts_at.astimezone(drive_zone.tzinfo):%H:%M}"


def _born(registration: Registration) -> Cell:
    born_on = registration.date_of_birth
    return f"{born_on:%d/%m/%Y}" if born_on else registration.birth_year


def _sex(registration: Registration) -> str:
    return str(Sex(registration.sex).label) if registration.sex else ""


def _note(registration: Registration) -> str:
    return str(_("walk-in")) if registration.slot_id is None else ""


_NUMBER = Column(head=_("No."), width=5, cell=lambda n, _r: n)
_NAME = Column(head=_("Full name"), width=28, cell=lambda _n, r: r.full_name)
_BORN = Column(head=_("Born"), width=12, cell=lambda _n, r: _born(r))
_SEX = Column(head=_("Sex"), width=8, cell=lambda _n, r: _sex(r))
_PHONE = Column(head=_("Phone"), width=16, cell=lambda _n, r: format_phone(r.phone))
_LAST4 = Column(head=_("Phone, last 4"), width=10, cell=lambda _n, r: phone_last4(r.phone))
_UNIT = Column(head=_("Unit"), width=30, cell=lambda _n, r: r.unit.name if r.unit else "")
_SLOT = Column(head=_("Time"), width=8, cell=lambda _n, r: _time(r, r.drive))
_CODE = Column(head=_("Code"), width=12, cell=lambda _n, r: format_code(r.code))
_QUEUE = Column(head=_("Queue number"), width=8, cell=lambda _n, r: r.queue_number)
_NOTE = Column(head=_("Note"), width=24, cell=lambda _n, r: _note(r))

LISTS: Final = {
    kind.key: kind
    for kind in (
        # DOMAIN: the columns that blood centres and committees ask for, as far as we have them.
        ListKind(
            key="registered",
            title=_("Registered donors"),
            which=REGISTERED,
            order=("name_sort", "pk"),
            columns=(_NUMBER, _NAME, _BORN, _SEX, _PHONE, _UNIT, _SLOT, _NOTE),
        ),
        ListKind(
            key="roster",
            title=_("Roster by time"),
            which=_COMING,
            order=(F("slot__starts_at").asc(nulls_last=True), "name_sort", "pk"),  # type: ignore[arg-type]
            columns=(_NUMBER, _SLOT, _NAME, _BORN, _LAST4, _UNIT, _CODE, _QUEUE, _NOTE),
            sheet_by=1,
        ),
    )
}


def drive_list(drive: Drive, key: str, *, seen: RegistrationQuerySet, now: datetime) -> DriveList:
    """Return a list with one row a person, in one query.

    :param key: one of ``LISTS``.
    :param seen: whom the reader may see.
    """
    kind = LISTS[key]
    people = (
        seen.filter(kind.which, drive=drive, drive__is_rehearsal=False)
        .select_related("slot", "unit", "drive")
        .order_by(*kind.order)
    )
    rows = [
        [column.cell(number, person) for column in kind.columns]
        for number, person in enumerate(people, start=1)
    ]
    return DriveList(drive=drive, kind=kind, rows=rows, as_of=now)
