"""The organizer's list of registrations: filters, chips with counts, one page of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.crypto import WrongFieldKey, seal, unseal
from events.drives.models import Drive
from events.registrations.models import Registration, RegistrationQuerySet
from notifications.models import Message

PAGE_SIZE: Final = 50
_PURPOSE: Final = "search of people"

# The figures count by these too, so that each figure opens the list of whom it counts.
WALK_IN: Final = Q(source="walk_in")
# A place is held by who was given one, and by who was let in without: then it was given on the day.
PLACED: Final = ~WALK_IN & (Q(placed_at__isnull=False) | Q(status="checked_in"))
REGISTERED: Final = PLACED & ~Q(status="cancelled")
NOT_IN: Final = PLACED & Q(status="registered")


@dataclass(frozen=True, kw_only=True)
class Filter:
    key: str
    label: str | Promise
    which: Q
    of_the_day: bool = False
    always: bool = False


FILTERS: Final = {
    f.key: f
    for f in (
        Filter(key="", label=gettext_lazy("All"), which=Q(), always=True),
        Filter(key="registered", label=gettext_lazy("Registered"), which=REGISTERED, always=True),
        Filter(
            key="confirmed",
            label=gettext_lazy("Said to come"),
            which=REGISTERED & Q(confirmed_at__isnull=False),
        ),
        Filter(
            key="unconfirmed",
            label=gettext_lazy("No answer yet"),
            which=NOT_IN & Q(confirmed_at__isnull=True),
        ),
        Filter(key="waitlisted", label=gettext_lazy("Waiting list"), which=Q(status="waitlisted")),
        Filter(
            key="arrived",
            label=gettext_lazy("Arrived"),
            which=Q(status="checked_in"),
            of_the_day=True,
        ),
        Filter(
            key="came",
            label=gettext_lazy("Came with a place"),
            which=PLACED & Q(status="checked_in"),
            of_the_day=True,
        ),
        Filter(
            key="walk_ins",
            label=gettext_lazy("Walk-ins"),
            which=WALK_IN & Q(status="checked_in"),
            of_the_day=True,
        ),
        Filter(key="expected", label=gettext_lazy("Still expected"), which=NOT_IN, of_the_day=True),
        Filter(key="no_show", label=gettext_lazy("Did not come"), which=NOT_IN, of_the_day=True),
        Filter(
            key="cancelled",
            label=gettext_lazy("Given up"),
            which=PLACED & Q(status="cancelled"),
        ),
        Filter(
            key="unreachable",
            label=gettext_lazy("Without e-mail"),
            which=~Q(status="cancelled") & Q(email=""),
        ),
    )
}
# A unit secretary is told these three alone (INTERFACES.md §4, "Who sees what").
SECRETARY_FILTERS: Final = {
    f.key: f
    for f in (
        FILTERS[""],
        Filter(
            key="registered",
            label=gettext_lazy("Registered"),
            which=Q(status__in=["registered", "checked_in"]),
            always=True,
        ),
        FILTERS["waitlisted"],
        Filter(key="cancelled", label=gettext_lazy("Given up"), which=Q(status="cancelled")),
    )
}
SORTS: Final = {
    "time": (F("slot__starts_at").asc(nulls_last=True), "name_sort", "pk"),
    "name": ("name_sort", "pk"),
    "newest": ("-pk",),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the list is asked for; what is unknown counts as nothing.

    What is searched is a name or a number, so an address carries it sealed, as ``find``.
    """

    search: str = ""
    status: str = ""
    slot: str = ""
    unit: str = ""
    sort: str = "time"
    page: str = "1"

    @classmethod
    def typed(cls, form: Mapping[str, str]) -> Wanted:
        """Read the form above the list."""

        def take(name: str) -> str:
            return str(form.get(name, ""))[:100].replace("\0", "").strip()

        sort = take("sort")
        return cls(
            search=take("search"),
            status=take("status"),
            slot=take("slot"),
            unit=take("unit"),
            sort=sort if sort in SORTS else "time",
            page=take("page"),
        )

    @classmethod
    def addressed(cls, query: Mapping[str, str]) -> Wanted:
        """Read an address that ``address`` made."""
        try:
            search = unseal(str(query.get("find", "")), purpose=_PURPOSE)
        except WrongFieldKey:
            search = ""
        return replace(cls.typed(query), search=search)

    def address(self, **changes: str) -> str:
        """Return the query of an address with this, but for ``changes``."""
        values = vars(self) | changes
        search = values.pop("search")
        values["find"] = seal(search, purpose=_PURPOSE) if search else ""
        standing = {"sort": "time", "page": "1"}
        query = {k: v for k, v in values.items() if v and standing.get(k) != v}
        return f"?{urlencode(query)}" if query else "?"


@dataclass(frozen=True, kw_only=True)
class Status:
    """A badge: its shape and its word."""

    kind: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Row:
    registration: Registration
    status: Status
    note: str


@dataclass(frozen=True, kw_only=True)
class Chip:
    key: str
    label: str | Promise
    count: int
    current: bool


@dataclass(frozen=True, kw_only=True)
class RegistrationList:
    rows: list[Row]
    chips: list[Chip]
    page: Page[Registration]


def registration_list(
    seen: RegistrationQuerySet, drive: Drive, wanted: Wanted, *, full: bool, now: datetime
) -> RegistrationList:
    """Return one page of a drive's registrations, and how many each chip would show.

    :param seen: whom the user sees.
    :param full: false for a unit secretary: registered, waiting or given up, nothing of the day.
    """
    filters = FILTERS if full else SECRETARY_FILTERS
    matching = seen.filter(drive=drive)
    if wanted.search:
        matching = matching.search(wanted.search)
    if wanted.slot:
        matching = matching.filter(slot__public_id=wanted.slot)
    if wanted.unit:
        matching = matching.filter(unit__slug=wanted.unit)
    current = filters.get(wanted.status, filters[""])
    chips = _chips(matching, filters, current, is_over=drive.is_over(now))
    chosen = matching.filter(current.which).select_related("slot", "unit")
    pages = Paginator(chosen.order_by(*SORTS[wanted.sort]), PAGE_SIZE)
    page = pages.get_page(wanted.page)
    registrations = list(page.object_list)
    reminded = _reminded(registrations) if full else {}
    return RegistrationList(
        rows=[
            Row(
                registration=r,
                status=status_of(r, full=full, is_over=drive.is_over(now)),
                note=_note(r, reminded) if full else "",
            )
            for r in registrations
        ],
        chips=chips,
        page=page,
    )


def _chips(
    matching: RegistrationQuerySet, filters: Mapping[str, Filter], current: Filter, *, is_over: bool
) -> list[Chip]:
    counts = matching.aggregate(
        **{f"n_{f.key}": Count("pk", filter=f.which or None) for f in filters.values()}
    )
    # Nobody is expected once it is over, nobody is missing before; and some repeat another one.
    hidden = {"expected" if is_over else "no_show"}
    if not counts["n_walk_ins" if "walk_ins" in filters else "n_"]:
        hidden.add("came")
    if "arrived" in filters and not counts["n_arrived"]:
        hidden.add("expected")
    return [
        Chip(key=f.key, label=f.label, count=counts[f"n_{f.key}"], current=f.key == current.key)
        for f in filters.values()
        if f.key == current.key or f.always or (counts[f"n_{f.key}"] and f.key not in hidden)
    ]


def status_of(registration: Registration, *, full: bool, is_over: bool) -> Status:
    """Return what a list says of somebody; without ``full`` nothing of the day."""
    match registration.status:
        case Registration.Status.WAITLISTED:
            return Status(kind="waiting", label=_("Waiting list"))
        case Registration.Status.CANCELLED:
            return Status(kind="gave-up", label=_("Given up"))
        case Registration.Status.CHECKED_IN if full:
            return Status(kind="done", label=_("Arrived"))
    if full and is_over:
        return Status(kind="neutral", label=_("Did not come"))
    if full and registration.confirmed_at is not None:
        return Status(kind="done", label=_("Said to come"))
    return Status(kind="neutral", label=_("Registered"))


def _reminded(registrations: list[Registration]) -> dict[str, str]:
    """Return for each id how its latest reminder stands; one query for the page."""
    ids = [r.public_id for r in registrations]
    rows = Message.objects.filter(about_id__in=ids, kind="reminder").order_by("pk")
    return dict(rows.values_list("about_id", "status"))


def _note(registration: Registration, reminded: Mapping[str, str]) -> str:
    if registration.is_cancelled or registration.is_in:
        return ""
    if not registration.email:
        return _("no e-mail: please call")
    match reminded.get(registration.public_id):
        case Message.Status.ACCEPTED | Message.Status.DELIVERED:
            return _("reminded")
        case Message.Status.QUEUED:
            return _("reminder is on its way")
        case Message.Status.FAILED:
            return _("reminder did not arrive")
    if not registration.consent_reminders:
        return _("wants no reminders")
    return ""
