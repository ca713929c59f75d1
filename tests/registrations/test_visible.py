"""Who sees which drives and which people in them."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Role
from events.drives.models import Drive
from events.registrations.models import Registration
from tests.factories import (
    DriveFactory,
    MembershipFactory,
    RegistrationFactory,
    UnitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    """own, above it parent, below it child, beside it sibling; foreign is another union."""
    parent = UnitFactory(slug="parent")
    own = UnitFactory(slug="own", parent=parent)
    units = {
        "parent": parent,
        "own": own,
        "child": UnitFactory(slug="child", parent=own),
        "sibling": UnitFactory(slug="sibling", parent=parent),
        "foreign": UnitFactory(slug="foreign"),
    }
    for slug, unit in units.items():
        DriveFactory(unit=unit, slug=f"{slug}-drive", slots=1)
        DriveFactory(unit=unit, slug=f"{slug}-draft", published_at=None)
    return units


def member(tree, role, unit="own"):
    return MembershipFactory(unit=tree[unit], role=role).user


def slugs(rows):
    return sorted(rows.values_list("slug", flat=True))


PUBLISHED = [f"{u}-drive" for u in ("child", "foreign", "own", "parent", "sibling")]


@pytest.mark.parametrize(
    ("role", "visible_drafts", "people", "figures"),
    [
        (Role.OWNER, ["child-draft", "own-draft"], "plans", "plans"),
        (Role.ORGANIZER, ["child-draft", "own-draft"], "plans", "plans"),
        (Role.SECRETARY, [], ["child-drive", "own-drive", "parent-drive"], []),
        (Role.SUPERVISOR, [], [], "plans"),
    ],
)
def test_drives_are_seen_by_role_and_unit(tree, role, visible_drafts, people, figures):
    user = member(tree, role)
    plans = ["child-draft", "child-drive", "own-draft", "own-drive"]

    assert slugs(Drive.objects.visible_to(user)) == sorted(PUBLISHED + visible_drafts)
    assert slugs(Drive.objects.showing_people_to(user)) == (plans if people == "plans" else people)
    assert slugs(Drive.objects.showing_figures_to(user)) == (
        plans if figures == "plans" else figures
    )


def test_a_visitor_and_a_user_who_left_see_published_drives_alone(tree):
    left = member(tree, Role.OWNER)
    left.is_active = False

    for user in (AnonymousUser(), UserFactory(), left):
        assert slugs(Drive.objects.visible_to(user)) == PUBLISHED
        assert slugs(Drive.objects.showing_people_to(user)) == []
        assert slugs(Drive.objects.showing_figures_to(user)) == []


def test_a_secretary_sees_the_own_people_and_nothing_of_the_day(tree):
    drives = {slug: Drive.objects.get(slug=f"{slug}-drive") for slug in tree}
    seen = []
    for drive_of in tree:
        for people_of in tree:
            registration = RegistrationFactory(
                drive=drives[drive_of], slot=drives[drive_of].slots.get(), unit=tree[people_of]
            )
            if drive_of in ("parent", "own", "child") and people_of in ("own", "child"):
                seen.append(registration.pk)
    RegistrationFactory(drive=drives["own"], slot=None, unit=tree["own"], source="walk_in")
    RegistrationFactory(drive=drives["own"], slot=drives["own"].slots.get())  # of no unit

    secretary = Registration.objects.visible_to(member(tree, Role.SECRETARY))
    organizer = Registration.objects.visible_to(member(tree, Role.ORGANIZER))

    assert sorted(secretary.values_list("pk", flat=True)) == sorted(seen)
    assert set(organizer.values_list("drive__slug", flat=True)) == {"own-drive", "child-drive"}
    assert not Registration.objects.visible_to(member(tree, Role.SUPERVISOR)).exists()
