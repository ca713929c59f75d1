"""The page of devices: a code is made by a press, a new device shows up, one tap ends it."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.attempts import Attempt
from accounts.models import Role
from events.checkin.models import Device, EnrolmentCode
from events.checkin.services import enrol_device
from tests.factories import DriveFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(client):
    member = MembershipFactory(role=Role.ORGANIZER)
    client.force_login(member.user)
    return member


@pytest.fixture
def drive(member):
    return DriveFactory(unit=member.unit, slots=2, starts_at=timezone.now())


def made(client, drive):
    response = client.post(reverse("drive_devices", args=[drive.slug]))
    [code] = re.findall(r"/scan/enroll/#([\w-]+)", response.content.decode())
    return response, code


def enrol(code):
    return enrol_device(
        code=code, name="Hồng Nhung", attempt=Attempt.unnamed(), now=timezone.now()
    )[0]


def test_opening_the_page_makes_no_code(client, drive):
    client.get(reverse("drive_devices", args=[drive.slug]))

    assert not EnrolmentCode.objects.exists()


def test_a_press_shows_one_code_with_its_minutes(client, drive):
    response, code = made(client, drive)

    assert response.context["code"].minutes_left == 15
    assert "<svg" in response.context["qr"]
    assert code not in client.get(reverse("drive_devices", args=[drive.slug])).content.decode()


def test_a_new_device_shows_up_where_the_page_refreshes_itself(client, drive):
    response, code = made(client, drive)
    news = f"{reverse('device_news', args=[drive.slug])}?code={response.context['code'].code.pk}"
    assert client.get(news).context["code"].is_waiting

    device = enrol(code)

    after = client.get(news)
    assert after.context["code"].device == device
    assert "Hồng Nhung" in after.content.decode()
    assert "<html" not in after.content.decode()


def test_a_code_of_another_drive_is_not_told_of(client, drive):
    other = DriveFactory(slots=1, starts_at=timezone.now())
    response, _code = made(client, drive)
    code = EnrolmentCode.objects.get(pk=response.context["code"].code.pk)
    code.drive = other
    code.save(update_fields=["drive"])

    news = f"{reverse('device_news', args=[drive.slug])}?code="
    assert client.get(f"{news}{code.pk}").context["code"] is None
    assert client.get(f"{news}x").context["code"] is None


def test_revoking_takes_one_press(client, drive):
    device = enrol(made(client, drive)[1])

    client.post(reverse("device_revoke", args=[drive.slug, device.number]))

    assert Device.objects.get().revoked_at is not None
    [row] = client.get(reverse("drive_devices", args=[drive.slug])).context["rows"]
    assert (row.is_living, row.badge) == (False, "gave-up")
