"""Who may open which organizers' page: every address, for every role, in every relation.

What somebody may not see is a 404, and who is not signed in is asked to sign in, whatever it is.
"""

import uuid

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Invitation, Role
from tests.factories import (
    NOW,
    DriveFactory,
    MembershipFactory,
    RegistrationFactory,
    UnitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

# Where the user's unit lies, seen from the drive's.
RELATIONS = ("own", "above", "below", "sibling", "foreign")
MANAGERS = {(role, where) for role in ("owner", "organizer") for where in ("own", "above")}
FIGURES = MANAGERS | {("supervisor", "own"), ("supervisor", "above")}
# A secretary's people are those of the own unit and below; the drive may lie above or below.
PEOPLE = MANAGERS | {("secretary", where) for where in ("own", "above", "below")}
OWNERS = {("owner", "own"), ("owner", "above")}
EVERYBODY = {(role, where) for role in Role.values for where in RELATIONS}
MAKERS = {(role, where) for role in ("owner", "organizer") for where in RELATIONS}
AUDITORS = {(role, where) for role in ("owner", "supervisor") for where in RELATIONS}

# name of the address -> (method, who may). A POST without its fields is a 400 or a redirect.
GET, POST = "get", "post"
PAGES = {
    "manage": (GET, EVERYBODY),
    "drive_create": (GET, MAKERS),
    "units": (GET, EVERYBODY),
    "audit": (GET, AUDITORS),
    "unit": (GET, FIGURES),
    "add_unit": (POST, OWNERS),
    "rename_unit": (POST, OWNERS),
    "close_unit": (POST, OWNERS),
    "reopen_unit": (POST, OWNERS),
    "invite": (POST, OWNERS),
    "withdraw_invitation": (POST, OWNERS),
    "remove_role": (POST, OWNERS),
    "drive_overview": (GET, FIGURES),
    "drive_news": (GET, FIGURES),
    "drive_messages": (GET, MANAGERS),
    "messages_retry": (POST, MANAGERS),
    "drive_export": (GET, MANAGERS),
    "drive_poster": (GET, MANAGERS),
    "drive_copy": (GET, MANAGERS),
    "drive_preview": (GET, MANAGERS),
    "drive_publish": (POST, MANAGERS),
    "drive_pause": (POST, MANAGERS),
    "drive_resume": (POST, MANAGERS),
    "drive_share": (GET, MANAGERS),
    "drive_edit": (GET, MANAGERS),
    "drive_cancel": (GET, MANAGERS),
    "drive_slots": (GET, MANAGERS),
    "slot_change": (POST, MANAGERS),
    "drive_roster": (GET, MANAGERS),
    "drive_devices": (GET, MANAGERS),
    "device_news": (GET, MANAGERS),
    "device_revoke": (POST, MANAGERS),
    "device_late": (GET, MANAGERS),
    "drive_conflicts": (GET, MANAGERS),
    "conflict_leave": (POST, MANAGERS),
    "scan_take_back": (POST, MANAGERS),
    "drive_registrations": (GET, PEOPLE),
    "registration_add": (GET, PEOPLE),
    "registration_bulk": (POST, MANAGERS),
    # The person is of the drive's own unit: a secretary below does not see that one.
    "registration": (GET, PEOPLE - {("secretary", "below")}),
    "registration_move": (POST, MANAGERS),
    "registration_cancel": (POST, MANAGERS),
    "registration_details": (POST, MANAGERS),
    "registration_resend": (POST, MANAGERS),
}


def names_under_manage() -> set[str]:
    found: set[str] = set()

    def walk(patterns, prefix: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.startswith("manage/"):
                assert pattern.name, f"{path} has no name"
                found.add(pattern.name)

    walk(get_resolver().url_patterns, "")
    return found


@pytest.fixture
def world():
    """Units around the drive's own, a drive with a person, a device's number, an invitation."""
    above = UnitFactory(slug="above")
    own = UnitFactory(slug="own", parent=above)
    units = {
        "own": own,
        "above": above,
        "below": UnitFactory(slug="below", parent=own),
        "sibling": UnitFactory(slug="sibling", parent=above),
        "foreign": UnitFactory(slug="foreign"),
    }
    drive = DriveFactory(unit=own, slots=2)
    person = RegistrationFactory(slot=drive.slots.first(), unit=own)
    invitation = Invitation.objects.create(
        unit=own,
        role=Role.ORGANIZER,
        email="x@example.com",
        token_hash="x",
        created_at=NOW,
        expires_at=NOW,
    )
    from events.checkin.models import Device, Scan

    device = Device.objects.create(
        drive=drive, number=1, name="Máy", token_hash="y", enrolled_at=NOW, last_contact_at=NOW
    )
    scan = Scan.objects.create(
        id=uuid.uuid4(),
        drive=drive,
        device=device,
        registration=person,
        station="welcome",
        verdict="accepted",
        scanned_at=NOW,
        corrected_at=NOW,
        received_at=NOW,
    )
    member = MembershipFactory(unit=own, role=Role.OWNER)
    arguments = {
        "slug": drive.slug,
        "public_id": person.public_id,
        "slot": drive.slots.first().public_id,
        "number": device.number,
        "scan": scan.pk,
        "list": "registered",
        "ending": "xlsx",
    }
    return {
        "units": units,
        "drive": arguments,
        "unit": {"slug": own.slug},
        "withdraw_invitation": {"slug": own.slug, "pk": invitation.pk},
        "remove_role": {"slug": own.slug, "pk": member.pk},
    }


UNIT_PAGES = {
    "unit",
    "add_unit",
    "rename_unit",
    "close_unit",
    "reopen_unit",
    "invite",
    "withdraw_invitation",
    "remove_role",
}


def address(world, name: str) -> str:
    if name in ("withdraw_invitation", "remove_role"):
        return reverse(name, kwargs=world[name])
    if name in UNIT_PAGES:
        return reverse(name, kwargs=world["unit"])
    for wanted in (
        (),
        ("slug",),
        ("slug", "slot"),
        ("slug", "number"),
        ("slug", "scan"),
        ("slug", "public_id"),
        ("slug", "list", "ending"),
    ):
        try:
            return reverse(name, kwargs={key: world["drive"][key] for key in wanted})
        except Exception as error:
            if type(error).__name__ != "NoReverseMatch":
                raise
    raise AssertionError(name)


def test_every_page_under_manage_says_who_may():
    assert names_under_manage() == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_who_is_not_signed_in_is_asked_to(client, world, name):
    method, _allowed = PAGES[name]

    for path in (address(world, name), address(world, name).replace(world["drive"]["slug"], "x")):
        response = getattr(client, method)(path)
        assert (response.status_code, response.headers["Location"].split("?")[0]) == (
            302,
            "/login/",
        )


@pytest.mark.parametrize("name", PAGES)
def test_what_somebody_may_not_see_is_a_404(client, world, name):
    method, allowed = PAGES[name]
    seen = set()
    for where in RELATIONS:
        for role in Role.values:
            user = MembershipFactory(unit=world["units"][where], role=role).user
            client.force_login(user)
            with transaction.atomic():  # each one finds the same world
                response = getattr(client, method)(address(world, name))
                transaction.set_rollback(True)
            if response.status_code != 404:
                seen.add((role, where))
                assert response.status_code in (200, 302, 400), (role, where)
    nobody = UserFactory()
    client.force_login(nobody)

    assert seen == allowed
    expected = {200} if (name in ("manage", "units")) else {404}
    assert {getattr(client, method)(address(world, name)).status_code} == expected


def test_a_draft_is_nobodys_but_its_organizers(client, world):
    drive = DriveFactory(unit=world["units"]["own"], published_at=None, slots=1)
    secretary = MembershipFactory(unit=world["units"]["own"], role=Role.SECRETARY).user
    client.force_login(secretary)

    assert client.get(reverse("drive_registrations", args=[drive.slug])).status_code == 404
    assert drive.name not in client.get("/manage/?search=x").content.decode()
