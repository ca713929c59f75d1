"""A mark of the writing transaction on each row, so that a roster delta misses no change.

PostgreSQL: the transaction's own id. A reader that remembers its snapshot's ``xmin`` sees, next
time, every row of a transaction that was still open. SQLite has one writer: a running number does.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler

_Sql = tuple[str, tuple[str | int, ...]]


class WritersMark(Func):
    """SQL for the mark that the present transaction leaves."""

    output_field = models.BigIntegerField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any
    ) -> _Sql:
        return "(SELECT COALESCE(MAX(changed), 0) + 1 FROM registrations_registration)", ()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any
    ) -> _Sql:
        return "(pg_current_xact_id()::text::bigint)", ()


class MarkField(models.BigIntegerField):  # type: ignore[type-arg]  # no types at run time
    """A column that takes the writer's mark at every save."""

    def pre_save(self, model_instance: models.Model, add: bool) -> WritersMark:
        return WritersMark()


def reading_mark(using: str = "default") -> int:
    """Return the mark up to which everything written is visible now; ask before reading the rows.

    Rows with a mark at or above it may still be on their way: the next delta starts with them.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        else:
            cursor.execute("SELECT COALESCE(MAX(changed), 0) + 1 FROM registrations_registration")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])
