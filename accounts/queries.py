"""Reads of who may what, for the pages that show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from accounts.audit_words import target_words, words
from accounts.models import AuditEntry, Membership, Unit, User
from accounts.rules import unit_ids


@dataclass(frozen=True, kw_only=True)
class UnitRow:
    """One unit of the tree as a page lists it.

    :param depth: 0 for the topmost one that the user sees.
    """

    unit: Unit
    depth: int
    people: int
    drives: int
    is_open: bool


def unit_rows(user: User, roles: tuple[str, ...], *, on: date) -> list[UnitRow]:
    """Return the units in which the user has one of the roles, as a tree, in two counts."""
    seen = unit_ids(user, roles)
    units = list(Unit.objects.order_siblings_by("name_search").filter(pk__in=seen))
    people = _counted(Membership.objects.filter(unit__in=seen).values_list("unit_id", "user_id"))
    drives = _counted(Unit.objects.filter(pk__in=seen).values_list("pk", "drives__pk"))
    depths: dict[int, int] = {}
    for unit in units:
        depths[unit.pk] = depths.get(unit.parent_id or 0, -1) + 1
    return [
        UnitRow(
            unit=unit,
            depth=depths[unit.pk],
            people=people.get(unit.pk, 0),
            drives=drives.get(unit.pk, 0),
            is_open=unit.until_on is None or unit.until_on > on,
        )
        for unit in units
    ]


def _counted(pairs: Iterable[tuple[int, int | None]]) -> Counter[int]:
    return Counter(one for one, other in set(pairs) if other is not None)


AUDIT_PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One line of the log. ``who`` is a user's name; empty for the person concerned."""

    entry: AuditEntry
    who: str
    what: str
    about: str


@dataclass(frozen=True, kw_only=True)
class AuditList:
    """A page of the log; ``older`` is the id before which the next one begins."""

    rows: list[AuditRow]
    actions: list[tuple[str, str]]
    action: str
    older: int | None
    is_first: bool


def audit_page(units: Collection[int], *, action: str = "", before: str = "") -> AuditList:
    """Return a page of what happened in these units, newest first."""
    all_rows = AuditEntry.objects.filter(unit_id__in=units)
    actions = list(all_rows.order_by("action").values_list("action", flat=True).distinct())
    rows = all_rows.order_by("-pk")
    if action in actions:
        rows = rows.filter(action=action)
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: AUDIT_PAGE_SIZE + 1])
    page = found[:AUDIT_PAGE_SIZE]
    users = {e.by_user_id for e in page if e.by_user_id}
    names = dict(User.objects.filter(pk__in=users).values_list("pk", "name"))
    return AuditList(
        rows=[
            AuditRow(
                entry=e,
                who=names.get(e.by_user_id or 0, ""),
                what=words(e.action, own=e.by_user_id is None and e.by_device_id is None),
                about=target_words(e.target_type),
            )
            for e in page
        ],
        actions=[(name, words(name)) for name in actions],
        action=action if action in actions else "",
        older=page[-1].pk if len(found) > AUDIT_PAGE_SIZE else None,
        is_first=not before,
    )
