"""The figures of a drive: queries over the same rows as the lists behind them, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import Case, Count, Q, When

from events.drives.models import Drive
from events.registrations.lists import PLACED, REGISTERED, WALK_IN
from events.registrations.models import Registration

# Fewer people than this could be named by who knows the unit (INTERFACES.md, "Who sees what").
SMALL_CELL = 5


@dataclass(frozen=True, kw_only=True)
class Counts:
    """People by what became of them. ``registered`` = ``placed`` - ``cancelled`` = ``came`` +
    ``no_show`` + ``expected``; ``arrived`` = ``came`` + ``walk_ins``.
    """

    placed: int = 0
    cancelled: int = 0
    registered: int = 0
    waitlisted: int = 0
    confirmed: int = 0
    came: int = 0
    no_show: int = 0
    expected: int = 0
    walk_ins: int = 0
    arrived: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in _COUNTS})


_COUNTS: Final = fields(Counts)


@dataclass(frozen=True, kw_only=True)
class SlotFigures:
    """The figures of one slot; ``slot`` is its public id."""

    slot: str
    starts_at: datetime
    ends_at: datetime
    open: bool
    capacity: int
    counts: Counts


@dataclass(frozen=True, kw_only=True)
class UnitFigures:
    """How many of a unit take part; ``slug`` is ``None`` for those who named none.

    A number that would tell too much to the reader is ``None``.
    """

    slug: str | None
    name: str | None
    registered: int | None
    waitlisted: int | None
    came: int | None
    walk_ins: int | None


@dataclass(frozen=True, kw_only=True)
class DriveFigures:
    """The figures of a drive as of a moment.

    ``arrived`` = ``donated`` + ``deferred`` + ``left`` + ``inside``; until outcomes are recorded
    everybody who arrived counts as inside.
    """

    as_of: datetime
    capacity: int
    counts: Counts
    inside: int
    donated: int
    deferred: int
    left: int
    volume_ml: int
    by_slot: list[SlotFigures]
    by_unit: list[UnitFigures]


def drive_figures(drive: Drive, *, now: datetime, small_cells: bool) -> DriveFigures:
    """Count a drive, in two queries.

    :param small_cells: whether the reader may see how few of a unit take part.
    """
    is_over = drive.is_over(now)
    groups = [(row, _counts(row, is_over=is_over)) for row in _grouped(drive)]
    total = _sum(counts for _row, counts in groups)
    slots = [
        SlotFigures(
            slot=slot.public_id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            open=slot.is_open,
            capacity=slot.capacity,
            counts=_sum(counts for row, counts in groups if row["in_slot"] == slot.pk),
        )
        for slot in drive.slots.all()
    ]
    units = _by_unit(groups)
    return DriveFigures(
        as_of=now,
        capacity=sum(slot.capacity for slot in slots),
        counts=total,
        inside=total.arrived,
        donated=0,
        deferred=0,
        left=0,
        volume_ml=0,
        by_slot=slots,
        by_unit=units if small_cells else without_small_cells(units),
    )


def _grouped(drive: Drive) -> list[dict[str, Any]]:
    """Count by slot and unit, in one query."""
    rows = (
        Registration.objects.filter(drive=drive)
        .order_by()
        .values("unit__slug", "unit__name", in_slot=_slot_of_a_place())
        .annotate(
            placed=Count("pk", filter=PLACED),
            cancelled=Count("pk", filter=PLACED & Q(status="cancelled")),
            waitlisted=Count("pk", filter=Q(status="waitlisted")),
            confirmed=Count("pk", filter=REGISTERED & Q(confirmed_at__isnull=False)),
            came=Count("pk", filter=PLACED & Q(status="checked_in")),
            walked_in=Count("pk", filter=WALK_IN & Q(status="checked_in")),
        )
    )
    return [dict(row) for row in rows]


def _slot_of_a_place() -> Case:
    return Case(When(~WALK_IN, then="slot_id"))


def _counts(row: dict[str, Any], *, is_over: bool) -> Counts:
    registered = row["placed"] - row["cancelled"]
    awaited = registered - row["came"]
    return Counts(
        placed=row["placed"],
        cancelled=row["cancelled"],
        registered=registered,
        waitlisted=row["waitlisted"],
        confirmed=row["confirmed"],
        came=row["came"],
        no_show=awaited if is_over else 0,
        expected=0 if is_over else awaited,
        walk_ins=row["walked_in"],
        arrived=row["came"] + row["walked_in"],
    )


def _sum(counts: Iterable[Counts]) -> Counts:
    return sum(counts, start=Counts())


def _by_unit(groups: Sequence[tuple[dict[str, Any], Counts]]) -> list[UnitFigures]:
    totals: dict[tuple[str | None, str | None], Counts] = {}
    for row, counts in groups:
        unit = (row["unit__slug"], row["unit__name"])
        totals[unit] = totals.get(unit, Counts()) + counts
    return [
        UnitFigures(
            slug=slug,
            name=name,
            registered=counts.registered,
            waitlisted=counts.waitlisted,
            came=counts.came,
            walk_ins=counts.walk_ins,
        )
        for (slug, name), counts in sorted(
            totals.items(), key=lambda item: (item[0][1] is None, item[0][1] or "")
        )
    ]


_CELLS: Final = ("registered", "waitlisted", "came", "walk_ins")


def without_small_cells(units: list[UnitFigures]) -> list[UnitFigures]:
    """Blank the numbers under five, and as many others as it takes not to give those away.

    The whole drive's number is known, so that a single blank could be worked out, and several that
    together are few would tell as much: the smallest ones that are left go as well, until the
    blanks of a column are at least two and stand for at least five people.
    """
    shown = list(units)
    for cell in _CELLS:
        values = [getattr(unit, cell) for unit in units]
        hidden = {n for n, value in enumerate(values) if value < SMALL_CELL}
        rest = sorted((n for n in range(len(values)) if n not in hidden), key=values.__getitem__)
        while hidden and rest and (len(hidden) < 2 or sum(values[n] for n in hidden) < SMALL_CELL):
            hidden.add(rest.pop(0))
        shown = [
            replace(unit, **{cell: None}) if n in hidden else unit for n, unit in enumerate(shown)
        ]
    return shown
