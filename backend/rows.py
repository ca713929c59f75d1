"""Insert rows as ``save`` does, by SQL that is made once: for the writes of the busiest requests.

A leaf: imports nothing of ours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, GeneratedField, Model

M = TypeVar("M", bound=Model)


def insert(*rows: M, on_conflict: str = "") -> list[M]:
    """Insert new rows of one model in one statement; return those that are in, with their ids.

    :param on_conflict: what follows ``ON CONFLICT``; with ``DO NOTHING`` a row that meets another
        is left out. Text of ours, never of a person.
    """
    if not rows:
        return []
    model = type(rows[0])
    fields, columns, returned = _shape(model)
    places, params = [], []
    for row in rows:
        marks = []
        for field in fields:
            value = field.pre_save(row, add=True)
            if hasattr(value, "resolve_expression"):
                # An expression of ours that stands alone, such as the writer's mark.
                sql, given = getattr(value, f"as_{connection.vendor}")(None, connection)
                marks.append(sql)
                params += given
            else:
                marks.append("%s")
                params.append(field.get_db_prep_save(value, connection))
        places.append(f"({', '.join(marks)})")
    conflict = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    with connection.cursor() as cursor:
        cursor.execute(f"{columns} VALUES {', '.join(places)}{conflict}{returned}", params)
        found = cursor.fetchall()
    if len(found) != len(rows):
        if len(rows) > 1:
            raise ValueError("which of several rows were left out cannot be told")
        return []
    for row, [pk] in zip(rows, found, strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return list(rows)


@lru_cache
def _shape(model: type[Model]) -> tuple[list[Field[Any, Any]], str, str]:
    """Return the fields that are written, and the statement's two ends."""
    quote, meta = connection.ops.quote_name, model._meta
    fields = [
        field
        for field in meta.concrete_fields
        if not isinstance(field, GeneratedField) and field is not meta.auto_field
    ]
    names = ", ".join(quote(str(field.column)) for field in fields)
    assert meta.pk is not None
    start = f"INSERT INTO {quote(meta.db_table)} ({names})"
    return fields, start, f" RETURNING {quote(str(meta.pk.column))}"
