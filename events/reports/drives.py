"""The organizer's list of drives: today's, those to come, and past ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.rules import MANAGES_DRIVES, SEES_FIGURES, unit_ids
from backend.text import fold
from events.drives.models import Drive, DriveStatus
from events.registrations.models import Registration

PAST_SHOWN = 50
FEW_LEFT = 10  # per cent


@dataclass(frozen=True, kw_only=True)
class DriveRow:
    """One drive as its row says it.

    :param may_manage: false for a supervisor, and for a secretary, who sees own people alone.
    :param badge, words: kind and label of the badge.
    """

    drive: Drive
    status: DriveStatus
    registered: int
    waiting: int
    arrived: int
    capacity: int
    may_manage: bool
    sees_figures: bool
    badge: str
    words: str

    @property
    def is_draft(self) -> bool:
        return self.status == DriveStatus.DRAFT


@dataclass(frozen=True, kw_only=True)
class DriveList:
    today: list[DriveRow]
    soon: list[DriveRow]
    past: list[DriveRow]

    def __bool__(self) -> bool:
        return bool(self.today or self.soon or self.past)


def drive_list(user: User, *, search: str, now: datetime) -> DriveList:
    """Return the drives that the user has to do with, in a number of queries that stays."""
    managed = unit_ids(user, MANAGES_DRIVES)
    figures = unit_ids(user, SEES_FIGURES)
    seen = (
        Drive.objects.showing_people_to(user) | Drive.objects.showing_figures_to(user)
    ).select_related("unit", "venue")
    rows = [
        _row(drive, managed=managed, figures=figures, now=now)
        for drive in _with_counts(seen, now=now).order_by("starts_at", "pk")
    ]
    if wanted := fold(search):
        rows = [row for row in rows if wanted in _searched(row.drive)]
    past = [row for row in rows if row.drive.is_over(now)]
    others = [row for row in rows if not row.drive.is_over(now)]
    return DriveList(
        today=[row for row in others if _is_today(row.drive, now)],
        soon=[row for row in others if not _is_today(row.drive, now)],
        past=past[::-1][:PAST_SHOWN],
    )


def _with_counts(drives: QuerySet[Drive], *, now: datetime) -> QuerySet[Drive]:
    def counted(which: Q) -> Coalesce:
        rows = Registration.objects.filter(which, drive=OuterRef("pk")).order_by().values("drive")
        return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)

    assert isinstance(drives, type(Drive.objects.all()))
    return drives.with_places(now).annotate(
        registered=counted(Q(holds_place=True)),
        waiting=counted(Q(status=Registration.Status.WAITLISTED)),
        arrived=counted(Q(status=Registration.Status.CHECKED_IN)),
    )


def _row(
    drive: Drive, *, managed: frozenset[int], figures: frozenset[int], now: datetime
) -> DriveRow:
    counts = vars(drive)
    status = drive.status(now, places_left=counts["places_left"])
    badge, words = _badge(drive, status, counts["places_left"], counts["capacity"])
    if status in (DriveStatus.OPEN, DriveStatus.FULL) and counts["waiting"]:
        words += ngettext(", %(number)d waiting", ", %(number)d waiting", counts["waiting"]) % {
            "number": counts["waiting"]
        }
    return DriveRow(
        drive=drive,
        status=status,
        registered=counts["registered"],
        waiting=counts["waiting"],
        arrived=counts["arrived"],
        capacity=counts["capacity"],
        may_manage=drive.unit_id in managed,
        sees_figures=drive.unit_id in figures,
        badge=badge,
        words=words,
    )


def _badge(drive: Drive, status: DriveStatus, left: int, capacity: int) -> tuple[str, str]:
    match status:
        case DriveStatus.DRAFT:
            return "neutral", _("Draft")
        case DriveStatus.CANCELLED:
            return "gave-up", _("Cancelled")
        case DriveStatus.PAST:
            return "neutral", _("Over")
        case DriveStatus.CLOSED:
            paused = drive.paused_at is not None
            return "deferred", _("Registration paused") if paused else _("Registration closed")
        case DriveStatus.NOT_OPEN:
            return "neutral", _("Not open yet")
        case DriveStatus.FULL:
            return "waiting", _("Full")
        case _open:
            if left * 100 < capacity * FEW_LEFT:
                return "waiting", _("Nearly full")
            return "done", _("Taking registrations")


def _is_today(drive: Drive, now: datetime) -> bool:
    """Tell whether the drive is on: of this day in its zone, or running; drafts never."""
    if drive.published_at is None or drive.cancelled_at is not None:
        return False
    running = drive.starts_at - timedelta(hours=2) <= now <= drive.ends_at + drive.tolerance
    return running or drive.date == now.astimezone(drive.tzinfo).date()


def _searched(drive: Drive) -> str:
    return fold(f"{drive.name} {drive.venue.name} {drive.venue.address} {drive.unit.name}")
