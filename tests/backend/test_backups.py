"""Dump, destroy, restore: counts, contents, a volunteer's link and a drive's signature."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.attempts import Attempt
from backend.backups import RestoreRefused, kept_models, restore_backup, write_backup
from donors.people import Person
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.services import register_donor
from events.registrations.services.register import Wishes
from events.registrations.signing import ticket_of
from events.registrations.tokens import manage_token, registration_of
from tests.factories import DriveFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup of a drive with somebody registered in a unit below the root."""
    root = UnitFactory()
    UserFactory()
    drive = DriveFactory(unit=root, slots=2, starts_at=timezone.now() + timedelta(days=3))
    slot = drive.slots.first()
    assert slot is not None
    register_donor(
        drive=drive,
        slot_id=slot.public_id,
        person=Person(full_name="Lò Văn Pành", birth_year=1988, phone="+84912000001"),
        wishes=Wishes(
            email="panh@vidu.invalid", unit=UnitFactory(parent=root), consents=["registration"]
        ),
        attempt=Attempt.unnamed(),
        now=timezone.now(),
    )
    path = tmp_path / "backup.gz"
    write_backup(path)
    return path


def contents() -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: [
            {k: bytes(v) if isinstance(v, memoryview) else v for k, v in row.items()}
            for row in model._base_manager.order_by("pk").values()
        ]
        for model in kept_models()
    }


def test_backup_comes_back_whole(backup: Path):
    before = contents()
    person = Registration.objects.get()
    link, ticket = manage_token(person), ticket_of(person)
    call_command("flush", interactive=False)

    restore_backup(backup)

    after = contents()
    epochs = [rows["drives.Drive"][0].pop("roster_epoch") for rows in (before, after)]
    assert epochs[0] != epochs[1]
    for rows in (before, after):
        rows["registrations.Registration"][0].pop("changed")
    assert after == before
    found = registration_of(link, now=timezone.now())
    assert found is not None
    assert ticket_of(found) == ticket


def test_backup_restored_takes_new_rows(backup: Path):
    call_command("flush", interactive=False)
    restore_backup(backup)

    DriveFactory(slots=1)

    assert Drive.objects.count() == 2


def test_backup_is_for_its_owner_alone_and_holds_no_key(backup: Path, settings: Any):
    text = gzip.decompress(backup.read_bytes()).decode()

    assert backup.stat().st_mode & 0o777 == 0o600
    assert "Lò Văn Pành" in text
    assert settings.SECRET_KEY not in text


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEY"])
def test_restore_with_a_wrong_key_writes_nothing(backup: Path, settings: Any, name: str):
    call_command("flush", interactive=False)
    if name == "SECRET_KEY":
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", []
    else:
        settings.FIELD_KEYS = [b"x" * 32]

    with pytest.raises(RestoreRefused, match=name):
        restore_backup(backup)

    assert not Drive.objects.exists()


def test_restore_takes_a_key_that_was_rotated(backup: Path, settings: Any):
    call_command("flush", interactive=False)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 43

    assert restore_backup(backup) > 0


def test_restore_into_a_database_with_rows_is_refused(backup: Path):
    with pytest.raises(RestoreRefused, match="not empty"):
        restore_backup(backup)


def test_restore_of_a_file_cut_short_writes_nothing(backup: Path, tmp_path: Path):
    lines = gzip.decompress(backup.read_bytes()).splitlines(keepends=True)
    short = tmp_path / "short.gz"
    short.write_bytes(gzip.compress(b"".join(lines[:-1])))
    call_command("flush", interactive=False)

    with pytest.raises(RestoreRefused):
        restore_backup(short)

    assert not Drive.objects.exists()


def test_restore_of_another_version_is_refused(backup: Path, tmp_path: Path):
    head, *rest = gzip.decompress(backup.read_bytes()).splitlines(keepends=True)
    header = json.loads(head)
    header["migrations"]["drives"] = "0000_older"
    other = tmp_path / "other.gz"
    other.write_bytes(gzip.compress(json.dumps(header).encode() + b"\n" + b"".join(rest)))
    call_command("flush", interactive=False)

    with pytest.raises(RestoreRefused, match="another version"):
        restore_backup(other)


@pytest.mark.parametrize("content", ["", "no gzip", "gzip: {}\n", "gzip: ["])
def test_restore_of_anything_else_says_so(tmp_path: Path, content: str):
    kind, _colon, text = content.partition(": ")
    file = tmp_path / "other"
    file.write_bytes(gzip.compress(text.encode()) if kind == "gzip" else content.encode())

    with pytest.raises(CommandError):
        call_command("restore", str(file))
