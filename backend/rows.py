"""Insert rows as ``save`` does, by SQL made once: for the writes of the busiest requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    EmailField,
    Field,
    ForeignKey,
    GeneratedField,
    Model,
    TextField,
)

from backend.prepared import prepared_cursor

M = TypeVar("M", bound=Model)
_Insertion = tuple[Sequence[Model], str, list[Any]]
_gathered: ContextVar[list[_Insertion] | None] = ContextVar("gathered", default=None)


def insert(*rows: M, on_conflict: str = "") -> list[M]:
    """Insert new rows of one model in one statement; return those that are in, with their ids.

    Inside ``gathered`` the ids come at its end, and all are returned.

    :param on_conflict: what follows ``ON CONFLICT``; with ``DO NOTHING`` a row that meets another
        is left out, and has no id. Text of ours, never of a person.
    """
    if not rows:
        return []
    fields, columns, returned = _shape(type(rows[0]))
    places: list[str] = []
    params: list[Any] = []
    waiting = _gathered.get()
    for row in rows:
        marks = []
        for field, plain in fields:
            value = field.pre_save(row, add=True)
            if type(value) is plain:
                marks.append("%s")
                params.append(value)
            elif value is None and waiting and (at := _place_of(row, field, waiting)) is not None:
                marks.append(f"(SELECT id FROM w{at})")  # noqa: S608 - a number of ours
            elif hasattr(value, "resolve_expression"):
                # An expression of ours that stands alone, such as the writer's mark.
                sql, given = getattr(value, f"as_{connection.vendor}")(None, connection)
                marks.append(sql)
                params += given
            else:
                marks.append("%s")
                params.append(field.get_db_prep_save(value, connection))
        places.append(f"({', '.join(marks)})")
    conflict = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    insertion = (rows, f"{columns} VALUES {', '.join(places)}{conflict}{returned}", params)
    if waiting is not None:
        waiting.append(insertion)
        return list(rows)
    with prepared_cursor() as cursor:
        cursor.execute(insertion[1], params)
        return _take_ids(rows, [pk for [pk] in cursor.fetchall()])


@contextmanager
def gathered() -> Iterator[None]:
    """Send what is inserted inside as one statement, at the end; on PostgreSQL.

    A row inside may point to one that stands before it; else nothing inside may need the ids. Of
    an error inside nothing is sent.
    """
    if connection.vendor != "postgresql" or _gathered.get() is not None:
        yield
        return
    insertions: list[_Insertion] = []
    token = _gathered.set(insertions)
    try:
        yield
    finally:
        _gathered.reset(token)
    if not insertions:
        return
    numbers = range(len(insertions))
    parts = ", ".join(f"w{n} (id) AS ({insertions[n][1]})" for n in numbers)
    ids = " UNION ALL ".join(f"SELECT {n}, id::text FROM w{n}" for n in numbers)  # noqa: S608
    params = [param for _rows, _sql, params in insertions for param in params]
    with prepared_cursor() as cursor:
        cursor.execute(f"WITH {parts} {ids}", params)
        found = cursor.fetchall()
    for n, (rows, _sql, _params) in enumerate(insertions):
        to_python = rows[0]._meta.pk.to_python
        _take_ids(rows, [to_python(pk) for at, pk in found if at == n])
        for row in rows:
            for field in _pointers(type(row)):
                if (meant := field.get_cached_value(row, default=None)) is not None:
                    setattr(row, field.attname, meant.pk)


def _place_of(row: Model, field: Field[Any, Any], waiting: list[_Insertion]) -> int | None:
    """Return which insertion makes what ``row`` points to by ``field``."""
    if isinstance(field, ForeignKey) and (meant := field.get_cached_value(row, default=None)):
        for at, (rows, _sql, _params) in enumerate(waiting):
            if len(rows) == 1 and rows[0] is meant:
                return at
    return None


@lru_cache
def _pointers(model: type[Model]) -> list[ForeignKey[Any, Any]]:
    return [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]


def _take_ids(rows: Sequence[M], ids: Sequence[Any]) -> list[M]:
    if len(ids) != len(rows):
        if len(rows) > 1:
            raise ValueError("which of several rows were left out cannot be told")
        return []
    for row, pk in zip(rows, ids, strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return list(rows)


# Values that PostgreSQL takes as a field holds them; to ask the field is half of an insertion.
_PLAIN: dict[type[Field[Any, Any]], type] = {
    CharField: str,
    TextField: str,
    EmailField: str,
    BooleanField: bool,
    DateTimeField: datetime,
}


@lru_cache
def _shape(model: type[Model]) -> tuple[list[tuple[Field[Any, Any], type | None]], str, str]:
    """Return the fields that are written, with the type of their plain values, and both ends."""
    quote, meta = connection.ops.quote_name, model._meta
    fields = [
        field
        for field in meta.concrete_fields
        if not isinstance(field, GeneratedField) and field is not meta.auto_field
    ]
    names = ", ".join(quote(str(field.column)) for field in fields)
    assert meta.pk is not None
    start = f"INSERT INTO {quote(meta.db_table)} ({names})"
    plain = _PLAIN if connection.vendor == "postgresql" else {}
    written = [(field, plain.get(type(field))) for field in fields]
    return written, start, f" RETURNING {quote(str(meta.pk.column))}"
