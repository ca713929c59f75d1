"""Whatever touches a person's data leaves its line in the log, or did not happen (I15).

The database itself refuses the line here, by a trigger of the test's own; then nothing else of
the change is there either, and no page, file or answer shows what it would have shown.
"""

from __future__ import annotations

import ast
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from accounts.audit_words import WORDS
from accounts.models import AuditEntry, Membership, Role
from accounts.tokens import issue_token, revoke_token
from donors.people import Person
from events.checkin.models import Device, LateWalkIn, Scan
from events.checkin.services import (
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
from tests.api import Caller
from tests.checkin.conftest import make_device
from tests.factories import NOW, DriveFactory, MembershipFactory, RegistrationFactory, UnitFactory
from tests.registrations.calls import attempt, register

pytestmark = pytest.mark.django_db
APPS = ("accounts", "donors", "events", "notifications")
BINH = Person(full_name="Trần Thị Bình", phone="+84912000777", birth_year=1990)
YEARS = timedelta(days=800)
LATE = uuid.UUID(int=7, version=4)


@pytest.fixture
def world() -> Iterator[SimpleNamespace]:
    """A drive with somebody in its first slot, which is full, and somebody who waits for it."""
    with time_machine.travel(NOW, tick=False):
        owner = MembershipFactory(role=Role.OWNER)
        unit, user = owner.unit, owner.user
        drive = DriveFactory(unit=unit, slots=2, slots__capacity=1)
        first, second = drive.slots.all()
        client = Client(raise_request_exception=False)
        client.force_login(user)
        with transaction.atomic():
            code = enrol.create_enrolment_code(drive=drive, by=user, now=NOW)
            invitation = accounts.invite(
                unit=unit, role=Role.ORGANIZER, email="moi@example.com", by=user, now=NOW
            )
            token, _secret = issue_token(user=user, name="bot", by=user, now=NOW)
        yield SimpleNamespace(
            unit=unit,
            by=user,
            member=owner,
            drive=drive,
            draft=DriveFactory(unit=unit, published_at=None),
            first=first,
            second=second,
            an=RegistrationFactory(slot=first, unit=unit, full_name="Phùng Xuân Ánh"),
            waiting=RegistrationFactory(slot=first, unit=unit, status="waitlisted"),
            phone=make_device(drive),
            code=code,
            invitation=invitation.invitation,
            token=token,
            browser=client,
            api=Caller(user),
        )


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
        lambda w: enrol.create_enrolment_code(drive=w.drive, by=w.by, now=NOW),
    ),
    "hand a device over": (
        {"device.code_created"},
        lambda w: enrol.hand_over(device=w.phone.device, now=NOW),
    ),
    "enrol a device": (
        {"device.enrolled"},
        lambda w: enrol.enrol_device(code=w.code.code, name="Máy", attempt=attempt(), now=NOW),
    ),
    "revoke a device": (
        {"device.revoked"},
        lambda w: enrol.revoke_device(device=w.phone.device, by=w.by, now=NOW),
    ),
    "sign a device off": (
        {"device.signed_off"},
        lambda w: enrol.sign_off_device(device=w.phone.device, now=NOW),
    ),
    "load the roster": (
        {"roster.loaded"},
        lambda w: enrol.record_roster_look(device=w.phone.device, count=2, now=NOW),
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

# Services in a transaction of their own that write no line, each with why that is right.
WITHOUT_A_LINE = {
    "accounts.attempts.once": "runs another service, which writes its own",
    "accounts.management.commands.init._first_union": "runs others: add_unit, invite",
    "events.registrations.services.reminders.queue_due": "queues; reads ids and changes nobody",
    "events.checkin.services.scans.accept_scans": "a scan is its own trace: who, what, when, kept",
    "events.checkin.services.scans.accept_scans_once": "runs that one, under a key",
    "events.checkin.demonstration.build.ensure_demonstration": "people who do not exist",
    "events.checkin.demonstration.remove.remove_demonstration": "people who do not exist",
}


def break_the_log() -> None:
    """Let the database refuse every new line of the log, until the test's transaction ends."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'the log is full'; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER full_log BEFORE INSERT ON accounts_auditentry"
                " FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        else:
            cursor.execute(
                "CREATE TRIGGER full_log BEFORE INSERT ON accounts_auditentry"
                " BEGIN SELECT RAISE(ABORT, 'the log is full'); END"
            )


def mend_the_log() -> None:
    with connection.cursor() as cursor:
        on = " ON accounts_auditentry" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER full_log{on}")


def everything() -> dict[str, list[Any]]:
    """Return every row of every table of ours."""
    return {
        model._meta.label: sorted(map(repr, model._base_manager.values_list()))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label != "sessions.Session" and model._meta.managed
    }


@pytest.mark.parametrize("name", VERBS)
def test_without_its_line_in_the_log_nothing_is_written_or_shown(world, name):
    actions, do = VERBS[name]
    # Once as it should be: what it writes is undone, so that both tries find the same world.
    with transaction.atomic():
        before, known = everything(), set(AuditEntry.objects.values_list("pk", flat=True))
        do(world)
        lines = list(AuditEntry.objects.exclude(pk__in=known))
        assert {line.action for line in lines} == actions
        assert everything() != before
        transaction.set_rollback(True)
    for thing in vars(world).values():
        if hasattr(thing, "refresh_from_db"):
            thing.refresh_from_db()
    break_the_log()
    before = everything()

    with pytest.raises((DatabaseError, NotShown)), transaction.atomic():
        do(world)

    assert everything() == before
    mend_the_log()


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            module = ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    yield f"{module}.{node.name}", node


def calls(node: ast.AST, *names: str) -> Iterator[ast.Call]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and ast.unparse(inner.func).endswith(names):
            yield inner


def test_every_action_that_is_written_is_tried_above_and_has_its_words():
    tried = {action for actions, _do in VERBS.values() for action in actions}
    written = set()
    for _name, node in functions():
        for call in calls(node, "audit.record"):
            if isinstance(call.args[0], ast.Constant):
                written.add(call.args[0].value)
        for call in calls(node, "record_look"):
            given = [word.value for word in call.keywords if word.arg == "action"]
            if given and isinstance(given[0], ast.Constant):
                written.add(given[0].value)

    assert written - tried == set()
    assert tried - set(WORDS) == set()


def test_every_service_writes_its_line_or_says_why_not():
    transactions = {"in_transaction", "in_fresh_transactions", "transaction.atomic"}
    silent = {
        name
        for name, node in functions()
        if {ast.unparse(decorator) for decorator in node.decorator_list} & transactions
        and not list(calls(node, "audit.record"))
    }

    # A drive is copied by making one, which writes the line.
    assert silent - {"events.drives.services.copy_drive"} == set(WITHOUT_A_LINE)


def test_a_line_holds_ids_only(world):
    for _actions, do in VERBS.values():
        with transaction.atomic():
            do(world)
            lines = list(AuditEntry.objects.values_list("action", "target_type", "target_id"))
            transaction.set_rollback(True)
        text = repr(lines)
        for planted in (world.an.full_name, world.an.phone[-9:], world.an.email, BINH.phone[-9:]):
            assert planted not in text


def test_nobody_changes_or_deletes_a_line_through_the_program():
    for name, node in functions():
        for call in calls(node, ".update", ".delete", ".save", ".bulk_update"):
            assert "AuditEntry" not in ast.unparse(call), name
