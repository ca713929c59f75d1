"""Whatever touches a person's data leaves its line in the log, or did not happen (I15).

The database itself refuses the line here, by a trigger of the test's own; then nothing else of
the change is there either, and no page, file or answer shows what it would have shown.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts import services as accounts
from accounts.audit_words import WORDS
from accounts.models import AuditEntry, Role
from accounts.tokens import issue_token
from events.checkin.services import codes
from tests.api import Caller
from tests.audited import BINH, VERBS, NotShown
from tests.checkin.conftest import make_device
from tests.factories import NOW, DriveFactory, MembershipFactory, RegistrationFactory

pytestmark = pytest.mark.django_db
APPS = ("accounts", "donors", "events", "notifications")


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
            code = codes.create_enrolment_code(drive=drive, by=user, now=NOW)
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
