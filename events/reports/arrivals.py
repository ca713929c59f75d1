"""How many have come by when, beside the plan: the two lines of the overview's chart.

The chart says nothing that the table of times under it does not say in words and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from django.db.models import Count
from django.db.models.functions import TruncMinute

from events.drives.models import Drive
from events.registrations.models import Registration
from events.reports.figures import SlotFigures

# In the units of the drawing; the words beside the lines need room above them.
WIDTH: Final = 640
HEIGHT: Final = 150
LEFT: Final = 64
RIGHT: Final = 12
TOP: Final = 30
BOTTOM: Final = 34
_MOST_HOURS: Final = 5

Steps = Sequence[tuple[datetime, int]]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Where a word of an axis stands."""

    at: float
    value: datetime | int


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Two lines as an SVG's ``points``, and where the words go.

    :param came: how many came by ``now``, and ``planned`` how many were expected by then.
    """

    plan: str
    line: str
    now_x: float
    now_y: float
    came: int
    planned: int
    whole_plan: int
    rows: list[Mark]
    hours: list[Mark]
    width: int = WIDTH
    height: int = TOP + HEIGHT + BOTTOM
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def is_late(self) -> bool:
        """Tell whether the last word would run out of the drawing and stands before its point."""
        return self.now_x > WIDTH / 2


def arrivals(drive: Drive) -> list[tuple[datetime, int]]:
    """Return how many came in each minute in which somebody did, walk-ins too; in one query."""
    rows = (
        Registration.objects.filter(drive=drive, checked_in_at__isnull=False)
        .filter(status=Registration.Status.CHECKED_IN)
        .order_by()
        .annotate(minute=TruncMinute("checked_in_at"))
        .values_list("minute")
        .annotate(number=Count("pk"))
        .order_by("minute")
    )
    return list(rows)


def arrivals_chart(
    drive: Drive, slots: Sequence[SlotFigures], came: Steps, *, now: datetime
) -> Chart | None:
    """Draw who came against who registered; ``None`` before the day and where nobody is planned.

    The plan lets the people of a slot come evenly while it lasts.
    """
    planned = sum(slot.counts.registered for slot in slots)
    if not planned or not (came or now >= drive.starts_at):
        return None
    here = min(now, drive.ends_at)
    first = min([drive.starts_at, *(at for at, _number in came)])
    last = max([drive.ends_at, *(at for at, _number in came)])
    arrived = sum(number for _at, number in came)
    top = _round_up(max(planned, arrived))

    def x(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * ((at - first) / (last - first)), 1)

    def y(number: float) -> float:
        return round(TOP + HEIGHT * (1 - number / top), 1)

    def points(steps: Iterable[tuple[datetime, float]]) -> str:
        return " ".join(f"{x(at)},{y(number)}" for at, number in steps)

    plan = _plan(slots)
    line = [(first, 0), *_running(came)]
    if (until := max(here, line[-1][0])) > line[-1][0]:
        line.append((until, arrived))
    return Chart(
        plan=points(plan),
        line=points(line),
        now_x=x(line[-1][0]),
        now_y=y(arrived),
        came=arrived,
        planned=round(_height(plan, here)),
        whole_plan=planned,
        rows=[Mark(at=y(number), value=number) for number in (0, top // 2, top)],
        hours=[Mark(at=x(at), value=at) for at in _hours(first, last)],
    )


def _running(steps: Steps) -> list[tuple[datetime, int]]:
    total, found = 0, []
    for at, number in steps:
        total += number
        found.append((at, total))
    return found


def _plan(slots: Sequence[SlotFigures]) -> list[tuple[datetime, int]]:
    total, found = 0, []
    for slot in slots:
        found.append((slot.starts_at, total))
        total += slot.counts.registered
        found.append((slot.ends_at, total))
    return found


def _height(line: Steps, at: datetime) -> float:
    """Return how high a line is at a moment: between two of its points, evenly."""
    for (before, low), (after, high) in pairwise(line):
        if before <= at < after:
            return low + (high - low) * ((at - before) / (after - before))
    return 0 if at < line[0][0] else line[-1][1]


def _round_up(number: int) -> int:
    """Return an even, round number that is no less: for the top of an axis."""
    step = 2
    for factor in (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if number > 4 * factor:
            step = 2 * factor
    return -(-number // step) * step


def _hours(first: datetime, last: datetime) -> list[datetime]:
    """Return whole hours between, as many as an axis has room for."""
    hour = first.replace(minute=0, second=0, microsecond=0)
    span = int((last - first) / timedelta(hours=1))
    every = max(1, -(-span // _MOST_HOURS))
    marks = [hour + timedelta(hours=n) for n in range(span + 2)]
    within = [at for at in marks if first <= at <= last]
    return within[::every]
