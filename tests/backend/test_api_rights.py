"""What you may not see is a 404: every managing address × role × the drive's unit (I12)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AuditEntry, Role
from events.drives.models import Drive
from events.registrations.models import Registration
from tests.api import ROOT, Caller, member, told
from tests.backend.test_api_fuzz import operations
from tests.factories import DriveFactory, RegistrationFactory, UnitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
PLANS = {"own", "child"}
# Where each role finds a drive; everywhere else it is not there. Units are as the caller sees them.
MAY: dict[str, dict[str, set[str]]] = {
    "plan": {
        Role.OWNER: PLANS,
        Role.ORGANIZER: PLANS,
        Role.SECRETARY: set(),
        Role.SUPERVISOR: set(),
    },
    "people": {
        Role.OWNER: PLANS,
        Role.ORGANIZER: PLANS,
        Role.SECRETARY: {"parent", "own", "child"},
        Role.SUPERVISOR: set(),
    },
    "figures": {
        Role.OWNER: PLANS,
        Role.ORGANIZER: PLANS,
        Role.SECRETARY: set(),
        Role.SUPERVISOR: PLANS,
    },
}
BODIES: dict[str, Any] = {
    "cancel/": {"reason": "Bão"},
    "copy/": {"date": "2027-01-10"},
    "publish/": {},
    "registrations/": {},  # told what is wrong with it by who may register
}
# Asks for a device of the drive; who may plan finds none.
_NEEDS_DEVICE = ("revoke/", "take-late/")


def right_of(path: str) -> str:
    if path.endswith("/registrations/"):
        return "people"
    return "figures" if path.endswith("/figures/") else "plan"


MANAGED = [(m, p.removeprefix(ROOT)) for m, p in operations() if p.startswith(f"{ROOT}manage/")]
OF_A_DRIVE = [(method, path) for method, path in MANAGED if "{slug}" in path]


@pytest.fixture
def drives() -> dict[str, Drive]:
    """own, above it parent, below it child, beside it sibling; foreign is another union's."""
    parent = UnitFactory(slug="parent")
    own = UnitFactory(slug="own", parent=parent)
    units = {
        "parent": parent,
        "own": own,
        "child": UnitFactory(slug="child", parent=own),
        "sibling": UnitFactory(slug="sibling", parent=parent),
        "foreign": UnitFactory(slug="foreign"),
    }
    made: dict[str, Drive] = {}
    for slug, unit in units.items():
        made[slug] = DriveFactory(unit=unit, slots=1, slug=f"drive-{slug}")
        RegistrationFactory(slot=made[slug].slots.get(), unit=unit)
    return made


def ask(caller: Caller, method: str, path: str, drive: Drive) -> Any:
    address = path.format(slug=drive.slug, list="registered", ending="xlsx", device="1")
    body: Any = next((b for end, b in BODIES.items() if address.endswith(end)), {})
    return caller.call(method, address, None if method == "get" else body)


def test_the_table_is_about_every_managing_address():
    assert len(MANAGED) - len(OF_A_DRIVE) == 1  # planning a new one
    assert len(OF_A_DRIVE) >= 14


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize(("method", "path"), OF_A_DRIVE)
def test_a_role_finds_the_drives_of_its_units_alone(drives, role, method, path):
    caller = Caller(member(drives["own"].unit, role))
    may = MAY[right_of(path)][role]
    before = list(Registration.objects.values())

    found = set()
    for name, drive in drives.items():
        response = ask(caller, method, path, drive)
        assert response.status_code < 500
        if response.status_code == 404:
            assert told(response) == (404, "not_found")
            assert drive.name not in response.content.decode()
        else:
            found.add(name)
        if name not in may:
            drive.refresh_from_db()
            assert (drive.cancelled_at, drive.revision) == (None, 0)

    if path.endswith(_NEEDS_DEVICE):
        assert found == set()
    else:
        assert found == may
    if not may:
        assert list(Registration.objects.values()) == before
        assert not AuditEntry.objects.exclude(action="api_token.issued").exists()


@pytest.mark.parametrize(("method", "path"), OF_A_DRIVE)
def test_strangers_find_nothing_and_nobody_is_let_in(drives, method, path):
    drive = drives["own"]
    without_role = Caller(member(UnitFactory(), Role.OWNER))
    draft = DriveFactory(unit=drive.unit, published_at=None)

    assert told(ask(Caller(), method, path, drive)) == (401, "not_authenticated")
    assert told(ask(without_role, method, path, drive)) == (404, "not_found")
    assert told(ask(without_role, method, path, draft)) == (404, "not_found")
    # The same answer as for a drive that does not exist.
    nowhere = ask(without_role, method, path, Drive(slug="nowhere"))
    there = ask(without_role, method, path, drive)
    assert nowhere.json() | {"request_id": ""} == there.json() | {"request_id": ""}


@pytest.mark.parametrize(("method", "path"), MANAGED)
def test_a_device_is_no_user(drives, method, path):
    caller = Caller()
    caller.client.credentials(HTTP_AUTHORIZATION="Device abcdef")

    assert told(ask(caller, method, path, drives["own"])) == (401, "not_authenticated")


def test_a_secretary_sees_the_own_units_people_of_each_drive_alone(drives):
    for drive in drives.values():
        for other in drives.values():
            if other != drive:
                RegistrationFactory(slot=drive.slots.get(), unit=other.unit)
    caller = Caller(member(drives["own"].unit, Role.SECRETARY))

    for name in ("parent", "own", "child"):
        rows = caller.get(f"manage/drives/{drives[name].slug}/registrations/").json()["results"]
        assert sorted(row["unit"] for row in rows) == ["child", "own"]
