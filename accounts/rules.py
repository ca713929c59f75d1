"""Predicates on who may what: a role counts in its unit and in all units below it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.contrib.auth.models import AnonymousUser

from accounts.models import Membership, Role, Unit, User

# What a role allows, from DESIGN.md §8.
MANAGES_DRIVES: Final = (Role.OWNER, Role.ORGANIZER)
MANAGES_MEMBERS: Final = (Role.OWNER,)
REGISTERS_OTHERS: Final = (Role.OWNER, Role.ORGANIZER, Role.SECRETARY)
SEES_FIGURES: Final = (Role.OWNER, Role.ORGANIZER, Role.SUPERVISOR)
SEES_AUDIT: Final = (Role.OWNER, Role.SUPERVISOR)

Asker = User | AnonymousUser


def unit_ids(user: Asker, roles: Collection[str]) -> frozenset[int]:
    """Return the units in which the user has one of the roles, with all units below them."""
    return _with_those_below(_held(user, roles))


def lineage_ids(user: Asker, roles: Collection[str]) -> frozenset[int]:
    """Return those units and the ones above them: whose drives concern people of the user's."""
    held = _held(user, roles)
    found = set(_with_those_below(held))
    for unit_id in held:
        above = Unit.objects.ancestors(unit_id, include_self=True)
        found.update(above.values_list("pk", flat=True))
    return frozenset(found)


def _held(user: Asker, roles: Collection[str]) -> set[int]:
    """Return the units in which the user has one of the roles, without those below."""
    if not isinstance(user, User) or not user.is_active:
        return set()
    held = Membership.objects.filter(user=user, role__in=roles)
    return set(held.values_list("unit_id", flat=True))


def _with_those_below(held: set[int]) -> frozenset[int]:
    found: set[int] = set()
    for unit_id in held:
        if unit_id not in found:
            below = Unit.objects.descendants(unit_id, include_self=True)
            found.update(below.values_list("pk", flat=True))
    return frozenset(found)


def has_role(user: Asker, unit_id: int, roles: Collection[str]) -> bool:
    """Tell whether the user has one of the roles in this unit or in one above it."""
    if not isinstance(user, User) or not user.is_active:
        return False
    above = Unit.objects.ancestors(unit_id, include_self=True).values_list("pk", flat=True)
    return Membership.objects.filter(user=user, role__in=roles, unit__in=list(above)).exists()


def may_manage_drives(user: Asker, unit_id: int) -> bool:
    return has_role(user, unit_id, MANAGES_DRIVES)


def may_manage_members(user: Asker, unit_id: int) -> bool:
    return has_role(user, unit_id, MANAGES_MEMBERS)


def may_see_figures(user: Asker, unit_id: int) -> bool:
    return has_role(user, unit_id, SEES_FIGURES)


def may_see_small_cells(user: Asker, unit_id: int) -> bool:
    """Tell whether counts under 5 are shown: owners and organizers know the people anyway."""
    return has_role(user, unit_id, MANAGES_DRIVES)
