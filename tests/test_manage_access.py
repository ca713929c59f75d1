"""Who may open which organizers' page: every address, for every role, in every relation."""

import pytest
from django.urls import reverse

from accounts.models import Role
from tests.factories import DriveFactory, MembershipFactory, RegistrationFactory

pytestmark = pytest.mark.django_db

GENERAL = [
    "manage",
    "drive_create",
    "units",
    "audit",
    "account",
    "api_tokens",
    "mfa_index",
    "usersessions_list",
    "account_change_password",
]
OF_A_DRIVE = [
    "drive_overview",
    "drive_news",
    "drive_edit",
    "drive_copy",
    "drive_preview",
    "drive_share",
    "drive_slots",
    "drive_devices",
    "device_news",
    "drive_messages",
    "drive_registrations",
    "registration_add",
    "drive_roster",
    "drive_cancel",
]


@pytest.mark.parametrize("name", GENERAL)
def test_an_owner_opens_each_page(client, name):
    member = MembershipFactory(role=Role.OWNER)
    DriveFactory(unit=member.unit, slots=4)
    client.force_login(member.user)

    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", OF_A_DRIVE)
def test_an_owner_opens_each_page_of_a_drive(client, name):
    member = MembershipFactory(role=Role.OWNER)
    drive = DriveFactory(unit=member.unit, slots=4)
    RegistrationFactory(slot=drive.slots.first(), unit=member.unit)
    client.force_login(member.user)

    assert client.get(reverse(name, kwargs={"slug": drive.slug})).status_code == 200
