"""A cursor for the few statements that the busiest requests send: planned once, not each time.

To plan one of them takes PostgreSQL longer than to run it. A leaf: imports nothing of ours.
"""

from __future__ import annotations

from django.db import connection
from django.db.backends.utils import CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """Return such a cursor; on SQLite a plain one.

    The text of a statement must not vary with what it is about, only its values.
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    cursor: CursorWrapper = connection.prepared_cursor()  # type: ignore[attr-defined]
    return cursor
