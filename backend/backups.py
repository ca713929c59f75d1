"""One consistent file of everything that is kept, on either database, and back.

A gzip of JSON lines: a header, then one row a line. It holds no key; the header names the keys by
their fingerprints, and without them the file is not restored: drive keys could not sign, and links
in people's mails would end.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final, TextIO

from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

FORMAT: Final = 1
# Made anew where the product runs; a session of before must not live again.
_NOT_KEPT: Final = frozenset({"contenttypes", "auth", "sessions", "usersessions"})
_AT_ONCE: Final = 500


class RestoreRefused(Exception):
    """The file cannot be restored here; nothing was written. The message says why."""


def write_backup(path: Path) -> int:
    """Write everything that is kept, as of one moment, into a file that only its owner can read.

    :returns: how many rows. The file appears under its name when it is complete.
    """
    unfinished = path.with_name(path.name + ".part")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as raw:
        with gzip.open(raw, "wt", encoding="utf-8") as file, _one_moment():
            count = _write(file)
        raw.flush()
        os.fsync(raw.fileno())
    unfinished.replace(path)
    return count


def restore_backup(path: Path) -> int:
    """Read a file of ``write_backup`` into an empty database with the same migrations.

    :returns: how many rows.
    :raises RestoreRefused: a key is missing, the database is not empty or of another version, or
        the file is damaged.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            header = json.loads(file.readline())
            _refuse_unfit(header)
            with transaction.atomic():
                count = _read(file)
                if count != header["rows"]:
                    raise RestoreRefused("The file is cut short.")
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError, ValueError, KeyError) as error:
        raise RestoreRefused("This is not a complete backup file.") from error
    return count


def kept_models() -> list[type[models.Model]]:
    """Return what a backup holds, each model after those that it points to."""
    wanted = [
        (config, None)
        for config in apps.get_app_configs()
        if config.label not in _NOT_KEPT and list(config.get_models())
    ]
    return [m for m in serializers.sort_dependencies(wanted) if m._meta.managed]


class _WholeMoments(DjangoJSONEncoder):
    """Django's own cuts microseconds off; the order of scans may hang on them."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def fingerprint(key: str) -> str:
    """Return a name for a key that says nothing about it."""
    return hashlib.sha256(b"giot-hong backup\0" + key.encode()).hexdigest()[:12]


# --- Writing ---------------------------------------------------------------------------------


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read everything as of one moment, without keeping anybody from writing."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    # Django's own transactions would take the one write lock of SQLite.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _write(file: TextIO) -> int:
    kept = kept_models()
    header = {
        "format": FORMAT,
        "migrations": _migrations(),
        "keys": {"SECRET_KEY": fingerprint(settings.SECRET_KEY), "FIELD_KEY": _field_fingerprint()},
        "rows": sum(model._base_manager.count() for model in kept),
    }
    file.write(json.dumps(header) + "\n")
    count = 0
    for model in kept:
        left_out = getattr(model, "not_in_backups", ())
        fields = [
            field.name
            for field in model._meta.local_fields
            if field.name not in left_out and not getattr(field, "generated", False)
        ]
        rows = model._base_manager.order_by("pk").iterator(chunk_size=_AT_ONCE)
        for row in rows:
            file.write(
                serializers.serialize(
                    "jsonl", [row], fields=fields, ensure_ascii=False, cls=_WholeMoments
                )
            )
            count += 1
    return count


def _field_fingerprint() -> str:
    return fingerprint(settings.FIELD_KEYS[0].hex())


def _migrations() -> dict[str, str]:
    """Return the last migration of each app: the shape that the rows have."""
    applied = MigrationRecorder(connection).applied_migrations()
    return dict(sorted(applied))


# --- Reading ---------------------------------------------------------------------------------


def _refuse_unfit(header: dict[str, Any]) -> None:
    if header.get("format") != FORMAT:
        raise RestoreRefused("This is not a backup file of this version.")
    known = {
        "SECRET_KEY": {
            fingerprint(k) for k in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        },
        "FIELD_KEY": {fingerprint(key.hex()) for key in settings.FIELD_KEYS},
    }
    for name, wanted in header["keys"].items():
        if wanted not in known[name]:
            raise RestoreRefused(
                f"The file needs the {name} with the fingerprint {wanted}, and it is not among "
                f"those that are set. Set {name} to the one that was in use when it was made."
            )
    if header["migrations"] != _migrations():
        raise RestoreRefused(
            "The file was made by another version of the program. Install that version, "
            "restore there, and upgrade then."
        )
    for model in kept_models():
        if model._base_manager.exists():
            raise RestoreRefused(
                f"The database is not empty ({model._meta.label} has rows). Restore into a new one."
            )


def _read(file: TextIO) -> int:
    count = 0
    rows = serializers.deserialize("jsonl", file)
    for model, some in groupby(rows, key=lambda row: type(row.object)):
        for chunk in _chunks(row.object for row in some):
            model._base_manager.bulk_create(chunk)
            count += len(chunk)
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), kept_models()):
            cursor.execute(sql)
    return count


def _chunks(rows: Iterable[models.Model]) -> Iterator[list[models.Model]]:
    rest = iter(rows)
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk
