"""A phone becomes a device by a one-use code, and ends."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import AttemptRecord, AuditEntry, Role
from accounts.tokens import issue_token
from backend.limits import read_limits
from events.checkin.models import Device, EnrolmentCode, Scan, StationKind
from events.checkin.services import create_enrolment_code, hand_over, revoke_device
from events.drives.models import Drive
from events.registrations.models import Registration
from tests.checkin.conftest import DURING, Phone, a_scan, drive_told, make_device
from tests.factories import DriveFactory, MembershipFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
URL = "/api/v1/devices/enroll/"


@pytest.fixture
def code(drive: Drive) -> str:
    return create_enrolment_code(drive=drive, by=UserFactory(), now=DURING).code


def enrol(code: str, name: str = "Hồng Nhung", key: object = None):
    headers = {"Idempotency-Key": str(key)} if key else {}
    return APIClient().post(URL, {"code": code, "name": name}, format="json", headers=headers)


def test_enrol_gives_what_a_phone_needs_to_scan(drive: Drive, code: str):
    response = enrol(code)

    body = response.json()
    assert response.status_code == 201
    assert len(base64.b64decode(body["keys"][0].pop("public_key"))) == 65
    assert len(body.pop("token")) >= 22
    assert isinstance(body["stations"][0].pop("id"), int)
    assert body["stations"][0].pop("name") == str(StationKind.WELCOME.label)
    assert body == {
        "device": "M1",
        "drive": drive_told(drive),
        "stations": [{"kind": "welcome", "order": 1}],
        "keys": [{"key_id": 1}],
        "server_time": "2026-12-05T00:10:00Z",
        "expires_at": "2026-12-06T04:00:00Z",
    }


def test_enrol_keeps_neither_code_nor_token_in_the_clear(code: str):
    token = enrol(code, key=uuid.uuid4()).json()["token"]

    kept = str([list(model.objects.values()) for model in (Device, EnrolmentCode, AttemptRecord)])
    assert "Hồng Nhung" in kept
    assert (token in kept, code in kept) == (False, False)


def test_enrol_spends_the_code(code: str):
    enrol(code)
    again = enrol(code)

    assert (again.status_code, again.json()["code"]) == (410, "code_used")
    assert Device.objects.count() == 1


def test_enrol_with_the_same_key_gives_the_same_device_and_token(code: str):
    key = uuid.uuid4()

    first, again = enrol(code, key=key), enrol(code, key=key)
    other_key, other_body = enrol(code, key=uuid.uuid4()), enrol(code, "Ai đó", key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert other_key.json()["code"] == "code_used"
    assert (other_body.status_code, other_body.json()["code"]) == (422, "idempotency_key_reused")
    assert Device.objects.count() == 1


def test_enrol_replays_under_a_new_secret_key(code: str, settings):
    key = uuid.uuid4()
    first = enrol(code, key=key)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert enrol(code, key=key).json()["token"] == first.json()["token"]


def test_enrol_after_15_minutes_is_too_late(code: str):
    with time_machine.travel(DURING + timedelta(minutes=15), tick=False):
        response = enrol(code)

    assert (response.status_code, response.json()["code"]) == (410, "code_expired")


def test_enrol_with_an_unknown_code_is_not_found_and_limited(settings):
    settings.LIMITS = settings.LIMITS | read_limits({"MISSES": "2/h"})

    answers = [enrol("x" * 22) for _ in range(3)]

    assert [a.status_code for a in answers] == [404, 404, 429]
    assert (answers[0].json()["code"], answers[2].json()["code"]) == (
        "not_found",
        "too_many_requests",
    )
    assert int(answers[2].headers["Retry-After"]) > 0


def test_enrol_is_limited_by_address(settings, drive: Drive):
    settings.LIMITS = settings.LIMITS | read_limits({"ENROLMENTS": "1/h"})
    codes = [create_enrolment_code(drive=drive, by=UserFactory(), now=DURING) for _ in "ab"]

    assert [enrol(c.code).status_code for c in codes] == [201, 429]


@pytest.mark.parametrize("body", [{}, {"code": "x"}, {"code": 7, "name": []}, [], {"name": "x"}])
def test_enrol_refuses_other_shapes(body):
    response = APIClient().post(URL, body, format="json")

    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_hand_over_gives_the_next_phone_the_same_stations(phone: Phone):
    response = phone.client.post("/api/v1/checkin/hand-over/")

    enrolled = enrol(response.json()["code"], "Mai Phương")
    assert response.status_code == 201
    assert response.json()["enroll_url"].endswith("/scan/enroll/#" + response.json()["code"])
    assert (enrolled.status_code, enrolled.json()["device"]) == (201, "M2")


def test_revoking_a_device_ends_the_codes_it_has_made(phone: Phone):
    made = hand_over(device=phone.device, now=DURING)

    revoke_device(device=phone.device, by=UserFactory(), now=DURING)

    assert enrol(made.code).json()["code"] == "code_expired"


# --- A device's end ------------------------------------------------------------------------------


def end_by_revoking(phone: Phone) -> None:
    revoke_device(device=phone.device, by=UserFactory(), now=DURING)


def end_by_signing_off(phone: Phone) -> None:
    assert phone.client.post("/api/v1/checkin/sign-off/").status_code == 204


def end_by_outliving(phone: Phone) -> None:
    Drive.objects.update(ends_at=DURING - timedelta(hours=24))


@pytest.mark.parametrize("end", [end_by_revoking, end_by_signing_off, end_by_outliving])
def test_ended_device_gets_no_roster_and_its_late_scans_are_set_apart(
    phone: Phone, other_phone: Phone, an: Registration, end
):
    end(phone)

    roster = phone.client.get("/api/v1/checkin/roster/")
    [late] = phone.scan(a_scan(an, shown="accepted", offline=True))

    assert (roster.status_code, roster.json()["code"]) == (401, "device_revoked")
    assert roster.headers["WWW-Authenticate"] == "Device"
    assert (late["registration"], late["first"], late["conflict"]) == (None, None, None)
    an.refresh_from_db()
    assert (an.status, an.queue_number) == ("registered", None)
    assert Scan.objects.get().set_apart


def test_late_scans_are_taken_for_seven_days(phone: Phone, an: Registration):
    end_by_revoking(phone)

    with time_machine.travel(DURING + timedelta(days=7), tick=False):
        response = phone.send(a_scan(an))

    assert (response.status_code, response.json()["code"]) == (401, "device_revoked")
    assert not Scan.objects.exists()


def test_late_scans_count_once_the_organizer_takes_them(
    phone: Phone, other_phone: Phone, an: Registration, binh: Registration
):
    end_by_revoking(phone)
    other_phone.scan(a_scan(an))
    late = [a_scan(person, shown="accepted", offline=True) for person in (an, binh)]
    phone.scan(*late)
    organizer = bearer_of(MembershipFactory(unit=an.drive.unit).user)
    url = f"/api/v1/manage/drives/{an.drive.slug}/devices/M1/take-late/"

    taken, again = organizer.post(url), organizer.post(url)

    assert (taken.json(), again.json()) == (
        {"taken": 2, "not_taken": 0},
        {"taken": 0, "not_taken": 0},
    )
    binh.refresh_from_db()
    assert (binh.status, binh.queue_number) == ("checked_in", 2)
    [conflict] = other_phone.roster()["conflicts"]
    assert conflict["kind"] == "double"
    assert sorted(scan["device"] for scan in conflict["scans"]) == ["M1", "M2"]
    assert AuditEntry.objects.filter(action="device.late_scans_taken", count=2).count() == 1


@pytest.mark.parametrize(
    "header",
    ["", "Device", "Device x", "Device x y", "Bearer x", "Device " + "x" * 300, "Device é"],
)
def test_call_without_a_known_token_is_not_authenticated(header: str):
    client = APIClient(HTTP_AUTHORIZATION=header) if header else APIClient()

    response = client.get("/api/v1/checkin/roster/")

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


# --- The organizer's side ------------------------------------------------------------------------


def bearer_of(user) -> APIClient:
    secret = issue_token(user=user, name="test", by=user, now=DURING)[1]
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")


@pytest.fixture
def organizer(drive: Drive) -> APIClient:
    return bearer_of(MembershipFactory(unit=drive.unit).user)


def test_organizer_makes_a_code_and_sees_the_device_at_once(drive: Drive, organizer: APIClient):
    url = f"/api/v1/manage/drives/{drive.slug}/devices/"

    made = organizer.post(url, {}, format="json")
    enrol(made.json()["code"])
    listed = organizer.get(url)

    assert made.status_code == 201
    assert made.json() == {
        "code": made.json()["code"],
        "enroll_url": f"http://testserver/scan/enroll/#{made.json()['code']}",
        "expires_at": "2026-12-05T00:25:00Z",
    }
    assert listed.json()["results"] == [
        {
            "device": "M1",
            "name": "Hồng Nhung",
            "stations": ["welcome"],
            "last_contact_at": "2026-12-05T07:10:00+07:00",
            "unsent": 0,
            "revoked_at": None,
        }
    ]


def test_organizer_is_refused_stations_that_the_drive_has_not(drive: Drive, organizer: APIClient):
    url = f"/api/v1/manage/drives/{drive.slug}/devices/"

    answers = [
        organizer.post(url, {"stations": stations}, format="json")
        for stations in (["donation"], ["kitchen"], "welcome")
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(400, "invalid")] * 3
    assert [e["field"] for e in answers[0].json()["errors"]] == ["stations"]


def test_organizer_revokes_a_device_and_again_changes_nothing(phone: Phone, organizer: APIClient):
    url = f"/api/v1/manage/drives/{phone.device.drive.slug}/devices/M1/revoke/"

    first, again = organizer.post(url), organizer.post(url)

    assert (first.status_code, first.json()) == (200, again.json())
    assert first.json()["revoked_at"] == "2026-12-05T07:10:00+07:00"
    assert phone.client.get("/api/v1/checkin/roster/").status_code == 401
    assert AuditEntry.objects.filter(action="device.revoked").count() == 1


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.SUPERVISOR, None])
@pytest.mark.parametrize(
    ("method", "path"),
    [("get", ""), ("post", ""), ("post", "M1/revoke/"), ("post", "M1/take-late/")],
)
def test_devices_do_not_exist_for_others(phone: Phone, role, method: str, path: str):
    drive = phone.device.drive
    unit = drive.unit if role else DriveFactory().unit
    stranger = bearer_of(MembershipFactory(unit=unit, role=role or Role.OWNER).user)

    answer = getattr(stranger, method)(f"/api/v1/manage/drives/{drive.slug}/devices/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("label", ["M2", "M0", "2", "x", "M" + "9" * 30, "Mé"])
def test_device_that_the_drive_has_not_is_not_found(phone: Phone, organizer: APIClient, label: str):
    elsewhere = make_device(DriveFactory())
    elsewhere.device.number = 2
    elsewhere.device.save(update_fields=["number"])

    url = f"/api/v1/manage/drives/{phone.device.drive.slug}/devices/{label}/revoke/"

    assert organizer.post(url).status_code == 404


# --- A code for a new device, asked for twice ----------------------------------------------------


def test_the_same_key_gives_the_same_code_and_another_body_is_refused(
    organizer: APIClient, drive: Drive, settings
):
    key = str(uuid.uuid4())

    def ask(key: str, **body: object):
        path = f"/api/v1/manage/drives/{drive.slug}/devices/"
        return organizer.post(path, body, format="json", headers={"Idempotency-Key": key})

    first = ask(key)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    again, other_body, other_key = ask(key), ask(key, stations=["welcome"]), ask(str(uuid.uuid4()))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (other_body.status_code, other_body.json()["code"]) == (422, "idempotency_key_reused")
    assert other_key.json()["code"] != first.json()["code"]
    assert EnrolmentCode.objects.count() == 2
    assert enrol(first.json()["code"]).status_code == 201
