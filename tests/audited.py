"""Each way to touch a person's data, and the lines that it leaves in the log."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import time_machine
from django.urls import reverse

from accounts import services as accounts
from accounts.models import Membership, Role
from accounts.tokens import issue_token, revoke_token
from donors.people import Person
from events.checkin.models import Device, LateWalkIn, Scan
from events.checkin.services import (
    codes,
    devices,
    drop_late_walk_ins,
    enrol,
    leave_conflict,
    leave_late_scans,
    take_back_scan,
    take_late_scans,
)
from events.drives import services as drives
from events.drives.plans import Place, Plan
from events.registrations import services as registrations
from events.registrations.outbox import queue_about
from events.registrations.services.change import Change
from events.registrations.services.erase import erase_old_registrations
from events.registrations.services.lost import send_tickets_again
from events.registrations.services.resend import resend_ticket
from events.reports.downloads import WRITERS
from events.reports.lists import LISTS
from notifications.models import Message
from tests.factories import NOW, DriveFactory, UnitFactory
from tests.registrations.calls import attempt, register

BINH = Person(full_name="Trần Thị Bình", phone="+84912000777", birth_year=1990)
YEARS = timedelta(days=800)
LATE = uuid.UUID(int=7, version=4)


def plan_of(w: SimpleNamespace) -> Plan:
    day = w.drive.starts_at.astimezone(w.drive.tzinfo)
    return Plan(
        name="Ngày hội",
        unit=w.unit,
        place=Place(name="Hội trường", address="54 Hai Bà Trưng"),
        date=day.date(),
        starts=day.time(),
        ends=(day + timedelta(hours=2)).time(),
        slot_minutes=30,
        places_per_slot=5,
    )


class NotShown(Exception):
    """A page, file or answer came without what it should have shown."""


def retry(w: SimpleNamespace) -> None:
    queue_about(w.an, "registered", now=NOW, occasion="failed")
    Message.objects.filter(about_id=w.an.public_id).update(status=Message.Status.FAILED)
    registrations.retry_messages(drive=w.drive, by=w.by, now=NOW)


def opened(response: Any) -> None:
    """Raise where a page was refused; it must not show the person then."""
    if response.status_code >= 500:
        assert "Ánh" not in response.content.decode(errors="replace")
        raise NotShown
    assert response.status_code in (200, 201, 302), response.content


def a_scan(w: SimpleNamespace, **fields: Any) -> Scan:
    of: dict[str, Any] = {"id": uuid.uuid4(), "registration": w.an}
    return Scan.objects.create(
        drive=w.drive,
        device=w.phone.device,
        station="welcome",
        verdict="accepted",
        shown="accepted",
        scanned_at=w.drive.starts_at,
        corrected_at=w.drive.starts_at,
        received_at=w.drive.starts_at,
        **of | fields,
    )


def late(w: SimpleNamespace) -> int:
    a_scan(w, set_apart=True)
    return take_late_scans(device=w.phone.device, by=w.by, now=w.drive.starts_at)


def walk_in_of_a_revoked_device(w: SimpleNamespace) -> None:
    Device.objects.filter(pk=w.phone.device.pk).update(revoked_at=w.drive.starts_at)
    walk_in(w)


def a_late_walk_in(w: SimpleNamespace) -> None:
    a_scan(w, id=LATE, registration=None, set_apart=True)
    LateWalkIn.objects.create(
        id=LATE,
        drive=w.drive,
        device=w.phone.device,
        full_name=BINH.full_name,
        phone=BINH.phone,
        birth_year=BINH.birth_year,
        consents=["registration"],
        came_at=w.drive.starts_at,
    )


def after_a_late_walk_in(do: Callable[[SimpleNamespace], object]) -> Callable[..., object]:
    def run(w: SimpleNamespace) -> object:
        a_late_walk_in(w)
        return do(w)

    return run


def look_at_late(w: SimpleNamespace) -> None:
    a_scan(w, set_apart=True)
    page("device_late", str(w.phone.device.number))(w)


def in_conflict(do: Callable[[SimpleNamespace], object]) -> Callable[[SimpleNamespace], object]:
    """Do it after somebody was let in twice."""

    def run(w: SimpleNamespace) -> object:
        a_scan(w, counts=True)
        a_scan(w, counts=True, conflict="double")
        return do(w)

    return run


def walk_in(w: SimpleNamespace) -> None:
    with time_machine.travel(w.drive.starts_at, tick=False):
        w.phone.client.raise_request_exception = False
        body = {
            "id": str(uuid.uuid4()),
            "full_name": BINH.full_name,
            "phone": BINH.phone,
            "birth_year": BINH.birth_year,
            "at": w.drive.starts_at.isoformat(),
            "consents": ["registration"],
        }
        opened(w.phone.client.post("/api/v1/checkin/walk-ins/", body, format="json"))


def page(name: str, *arguments: str, **query: str) -> Callable[[SimpleNamespace], None]:
    def look(w: SimpleNamespace) -> None:
        more = [w.an.public_id if argument == "an" else argument for argument in arguments]
        opened(w.browser.get(reverse(name, args=[w.drive.slug, *more]), query))

    return look


def api(path: str) -> Callable[[SimpleNamespace], None]:
    return lambda w: opened(w.api.get(path.format(slug=w.drive.slug)))


def remove_role(w: SimpleNamespace) -> None:
    role = Membership.objects.create(user=w.by, unit=w.unit, role=Role.SECRETARY, created_at=NOW)
    accounts.remove_role(membership=role, by=w.by, now=NOW)


# One line for each way to touch a person's data or who may: the actions it writes, and itself.
VERBS: dict[str, tuple[set[str], Callable[[SimpleNamespace], object]]] = {
    "look at late scans": ({"registrations.seen"}, look_at_late),
    "leave late scans out": (
        {"device.late_scans_left"},
        lambda w: leave_late_scans(device=w.phone.device, by=w.by, now=NOW),
    ),
    "look at conflicts": ({"registrations.seen"}, in_conflict(page("drive_conflicts"))),
    "see conflicts on the overview": ({"registrations.seen"}, in_conflict(page("drive_overview"))),
    "see conflicts where it refreshes": ({"registrations.seen"}, in_conflict(page("drive_news"))),
    "take a scan back": (
        {"scan.taken_back"},
        in_conflict(
            lambda w: take_back_scan(scan=Scan.objects.get(conflict="double"), by=w.by, now=NOW)
        ),
    ),
    "leave a conflict": (
        {"registration.conflict_left"},
        in_conflict(lambda w: leave_conflict(registration=w.an, by=w.by, now=NOW)),
    ),
    "change the own account": (
        {"account.changed"},
        lambda w: accounts.change_account(user=w.by, name="Mai", language="en", now=NOW),
    ),
    "add a unit": (
        {"unit.added"},
        lambda w: accounts.add_unit(name="Viện", parent=w.unit, by=w.by, now=NOW),
    ),
    "rename a unit": (
        {"unit.renamed"},
        lambda w: accounts.rename_unit(unit=w.unit, name="Khác", by=w.by, now=NOW),
    ),
    "close a unit": (
        {"unit.closed"},
        lambda w: accounts.close_unit(unit=w.unit, on=NOW.date(), by=w.by, now=NOW),
    ),
    "reopen a unit": (
        {"unit.reopened"},
        lambda w: accounts.reopen_unit(
            unit=UnitFactory(until_on=NOW.date(), parent=w.unit), by=w.by, now=NOW
        ),
    ),
    "invite": (
        {"invitation.made"},
        lambda w: accounts.invite(
            unit=w.unit, role=Role.SECRETARY, email="ba@example.com", by=w.by, now=NOW
        ),
    ),
    "withdraw an invitation": (
        {"invitation.withdrawn"},
        lambda w: accounts.withdraw_invitation(invitation=w.invitation, by=w.by, now=NOW),
    ),
    "accept an invitation": (
        {"role.taken"},
        lambda w: accounts.accept_invitation(
            invitation=w.invitation,
            user=None,
            name="Vũ Thu Trang",
            password="mua-thu-ha-noi",
            now=NOW,
        ),
    ),
    "remove a role": ({"role.removed"}, remove_role),
    "issue a token": (
        {"api_token.issued"},
        lambda w: issue_token(user=w.by, name="x", by=w.by, now=NOW),
    ),
    "revoke a token": (
        {"api_token.revoked"},
        lambda w: revoke_token(token=w.token, by=w.by, now=NOW),
    ),
    "create a drive": (
        {"drive.created"},
        lambda w: drives.create_drive(plan=plan_of(w), by=w.by, now=NOW),
    ),
    "copy a drive": (
        {"drive.created"},
        lambda w: drives.copy_drive(
            drive=w.drive, date=w.drive.date + timedelta(days=30), by=w.by, now=NOW
        ),
    ),
    "publish": (
        {"drive.published"},
        lambda w: drives.publish_drive(drive=w.draft, by=w.by, now=NOW),
    ),
    "pause": (
        {"drive.paused"},
        lambda w: drives.pause_registration(drive=w.drive, by=w.by, now=NOW),
    ),
    "resume": (
        {"drive.resumed"},
        lambda w: drives.resume_registration(
            drive=DriveFactory(unit=w.unit, paused_at=NOW), by=w.by, now=NOW
        ),
    ),
    "change a drive": (
        {"drive.changed"},
        lambda w: registrations.update_drive(
            drive=w.drive,
            changes={"place": Place(name="Nơi khác", address="Số 1")},
            by=w.by,
            now=NOW,
        ),
    ),
    "cancel a drive": (
        {"drive.cancelled"},
        lambda w: registrations.cancel_drive(drive=w.drive, reason="Bão", by=w.by, now=NOW),
    ),
    "register": ({"registration.created"}, lambda w: register(w.second)),
    "register for somebody": ({"registration.created"}, lambda w: register(w.second, by=w.by)),
    "change a name": (
        {"registration.changed"},
        lambda w: registrations.change_registration(
            registration=w.an, change=Change(full_name="Phùng Xuân Anh"), now=NOW
        ),
    ),
    "change consents": (
        {"registration.changed"},
        lambda w: registrations.change_registration(
            registration=w.an, change=Change(consents=["registration", "reminders"]), now=NOW
        ),
    ),
    "confirm": (
        {"registration.confirmed"},
        lambda w: registrations.confirm_registration(registration=w.an, now=NOW),
    ),
    "move, and who waits gets the place": (
        {"registration.moved", "registration.promoted"},
        lambda w: registrations.move_registration(
            registration=w.an, slot_id=w.second.public_id, now=NOW
        ),
    ),
    "cancel, and who waits gets the place": (
        {"registration.cancelled", "registration.promoted"},
        lambda w: registrations.cancel_registration(registration=w.an, now=NOW),
    ),
    "send a ticket again": (
        {"registration.resent"},
        lambda w: resend_ticket(registration=w.an, by=w.by, now=NOW),
    ),
    "try failed messages again": ({"messages.retried"}, retry),
    "ask for a lost ticket": (
        {"ticket.asked_again"},
        lambda w: send_tickets_again(contact=w.an.phone, now=NOW, may_write_to=lambda _to: True),
    ),
    "erase after two years": (
        {"registrations.erased"},
        lambda w: erase_old_registrations(now=w.drive.ends_at + YEARS),
    ),
    "make a device's code": (
        {"device.code_created"},
        lambda w: codes.create_enrolment_code(drive=w.drive, by=w.by, now=NOW),
    ),
    "hand a device over": (
        {"device.code_created"},
        lambda w: codes.hand_over(device=w.phone.device, now=NOW),
    ),
    "enrol a device": (
        {"device.enrolled"},
        lambda w: enrol.enrol_device(code=w.code.code, name="Máy", attempt=attempt(), now=NOW),
    ),
    "revoke a device": (
        {"device.revoked"},
        lambda w: devices.revoke_device(device=w.phone.device, by=w.by, now=NOW),
    ),
    "sign a device off": (
        {"device.signed_off"},
        lambda w: devices.sign_off_device(device=w.phone.device, now=NOW),
    ),
    "load the roster": (
        {"roster.loaded"},
        lambda w: devices.record_roster_look(device=w.phone.device, count=2, now=NOW),
    ),
    "take late scans": ({"device.late_scans_taken"}, late),
    "hand in a late walk-in": ({"walk_in.set_apart"}, walk_in_of_a_revoked_device),
    "take a late walk-in": (
        {"registration.walked_in", "device.late_scans_taken"},
        after_a_late_walk_in(
            lambda w: take_late_scans(device=w.phone.device, by=w.by, now=w.drive.starts_at)
        ),
    ),
    "look at a late walk-in": (
        {"registrations.seen"},
        after_a_late_walk_in(lambda w: page("device_late", str(w.phone.device.number))(w)),
    ),
    "delete late walk-ins": (
        {"drive.late_walk_ins_erased"},
        after_a_late_walk_in(lambda w: drop_late_walk_ins(now=w.drive.ends_at + YEARS)),
    ),
    "let a walk-in in": ({"registration.walked_in"}, walk_in),
    "open a person": ({"registration.viewed"}, page("registration", "an")),
    "open the list": ({"registrations.seen"}, page("drive_registrations")),
    "print the roster": ({"registrations.printed"}, page("drive_roster")),
    "list people by the API": ({"registrations.seen"}, api("manage/drives/{slug}/registrations/")),
}


for _name in LISTS:
    for _ending in WRITERS:
        VERBS[f"export {_name}.{_ending}"] = (
            {f"registrations.exported.{_name}"},
            page("drive_export", _name, _ending),
        )
        VERBS[f"export {_name}.{_ending} by the API"] = (
            {f"registrations.exported.{_name}"},
            api(f"manage/drives/{{slug}}/exports/{_name}.{_ending}"),
        )
