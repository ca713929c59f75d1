"""What the two databases want to be given, and give back, in plain statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection


@cache
def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def rows_of(row: str, values: Collection[Any]) -> str:
    return ", ".join([row] * len(values))


def sql_uuid(value: UUID | None) -> UUID | str | None:
    return value if value is None or is_postgresql() else value.hex


def sql_uuids(values: Iterable[UUID]) -> list[UUID | str | None]:
    return [sql_uuid(value) for value in values]


def sql_moment(value: datetime | None) -> Any:
    return (
        value
        if value is None or is_postgresql()
        else (connection.ops.adapt_datetimefield_value(value))
    )


def from_sqlite(
    row: Sequence[Any], *, moments: Collection[int] = (), uuids: Collection[int] = ()
) -> list[Any]:
    values = list(row)
    for i in moments:
        if values[i] is not None:
            # A column gives a moment, an expression its text; both in UTC, and neither says so.
            moment = values[i]
            if isinstance(moment, str):
                moment = datetime.fromisoformat(moment)
            values[i] = moment.replace(tzinfo=UTC)
    for i in uuids:
        if values[i] is not None:
            values[i] = UUID(values[i])
    return values
